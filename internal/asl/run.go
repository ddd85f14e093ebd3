package asl

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Options are what one execution of a machine needs.
type Options struct {
	// Name is the execution's: 1 to 80 characters, no white space or any of <>{}[]?*"#%\^|~`$&,;:/
	Name string
	// Input is the execution's input, at most 262,144 bytes of JSON. The default is {}.
	Input []byte
	// Integrations has one for each of Machine.Resources, by ARN. A missing one is an error before anything runs.
	Integrations map[string]Integration
	// OnEvent gets every event of the history, of child executions too, one at a time and in order; it must be quick.
	// The default is to drop them.
	OnEvent func(Event)
	// StateMachineARN is $$.StateMachine.Id; its parts also make the ARNs of executions and Map Runs. The default is
	// arn:aws:states:us-east-1:000000000000:stateMachine:local.
	StateMachineARN string
	// RoleARN is $$.Execution.RoleArn. The default is the role "local" of the same account.
	RoleARN string
	// Now gives the time. The default is time.Now.
	Now func() time.Time
	// Sleep pauses for Wait states and between retries, until d has passed or ctx ends, whose error it then returns.
	// The default takes real time. Timeouts do not go through it: they are contexts' deadlines.
	Sleep func(ctx context.Context, d time.Duration) error
	// Rand draws the jitter of retries, States.MathRandom and UUIDs. The default is seeded at random.
	Rand *rand.Rand
}

// run is what an execution and its child executions share.
type run struct {
	opts    Options
	machine *Machine
	arns    arns

	eventMu sync.Mutex // guards OnEvent and the counts of events
	randMu  sync.Mutex // guards rand
	rand    *rand.Rand
}

// arns builds the names of resources of the execution's account.
type arns struct{ partition, region, account, machine string }

const defaultMachineARN = "arn:aws:states:us-east-1:000000000000:stateMachine:local"

var machineARN = regexp.MustCompile(`^arn:(aws[a-z-]*):states:([a-z0-9-]+):(\d{12}):stateMachine:([A-Za-z0-9_.+=@()'!-]{1,80})$`)

func (a arns) of(kind, rest string) string {
	return fmt.Sprintf("arn:%s:states:%s:%s:%s:%s", a.partition, a.region, a.account, kind, rest)
}

var illegalName = regexp.MustCompile("[\\s<>{}\\[\\]?*\"#%\\\\^|~`$&,;:/\\x00-\\x1f\\x7f-\\x9f]")

// Run executes the machine and returns its output. A failed execution returns its *Error; an aborted one (ctx ended)
// the cause of ctx. When Run returns, nothing of the execution runs any more. Input, name or integrations that cannot
// be used are an error before the first event.
func (m *Machine) Run(ctx context.Context, opts Options) (any, error) {
	r, input, err := m.prepare(opts)
	if err != nil {
		return nil, err
	}
	name := r.arns.machine
	ex := &execution{
		run: r, id: r.arns.of("execution", name+":"+opts.Name), name: opts.Name, input: input,
		machineID: r.opts.StateMachineARN, machineName: name, timeout: m.timeout,
	}
	out := ex.start(ctx, m.graph)
	return out.output, out.err
}

func (m *Machine) prepare(opts Options) (*run, any, error) {
	if n := len([]rune(opts.Name)); n == 0 || n > maxStateName || illegalName.MatchString(opts.Name) {
		return nil, nil, errors.New("execution name must have 1 to 80 characters, no white space and none of <>{}[]?*\"#%\\^|~`$&,;:/")
	}
	var missing []string
	for _, arn := range m.resources {
		if opts.Integrations[arn] == nil {
			missing = append(missing, arn)
		}
	}
	if len(missing) > 0 {
		return nil, nil, fmt.Errorf("no integration for %s", strings.Join(missing, ", "))
	}
	input, err := parseInput(opts.Input)
	if err != nil {
		return nil, nil, err
	}
	r := &run{opts: opts, machine: m, rand: opts.Rand}
	if err := r.defaults(); err != nil {
		return nil, nil, err
	}
	return r, input, nil
}

func (r *run) defaults() error {
	o := &r.opts
	if o.StateMachineARN == "" {
		o.StateMachineARN = defaultMachineARN
	}
	p := machineARN.FindStringSubmatch(o.StateMachineARN)
	if p == nil {
		return fmt.Errorf("%q is no ARN of a state machine", o.StateMachineARN)
	}
	r.arns = arns{p[1], p[2], p[3], p[4]}
	if o.RoleARN == "" {
		o.RoleARN = fmt.Sprintf("arn:%s:iam::%s:role/local", p[1], p[3])
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.OnEvent == nil {
		o.OnEvent = func(Event) {}
	}
	if r.rand == nil {
		r.rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) //nolint:gosec // jitter needs no secrecy
	}
	return nil
}

// sleep takes real time.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// random draws from 0 to n-1.
func (r *run) random(n int64) int64 {
	r.randMu.Lock()
	defer r.randMu.Unlock()
	return r.rand.Int64N(n)
}

// seeded is the generator of States.MathRandom with a seed.
func seeded(seed int64) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(seed), 0)) //nolint:gosec // asked for by the definition; any bits will do
}

// randomBytes lets the uuid package draw from Rand.
type randomBytes struct{ r *rand.Rand }

func (b randomBytes) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b.r.UintN(256)) //nolint:gosec // it fits
	}
	return len(p), nil
}

// uuid draws a version 4 UUID.
func (r *run) uuid() string {
	r.randMu.Lock()
	defer r.randMu.Unlock()
	return uuid.Must(uuid.NewRandomFromReader(randomBytes{r.rand})).String()
}
