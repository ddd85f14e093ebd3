// Package replay sends the events of the bus's archive once more to the bus, for a range of time.
package replay

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// busAPI is what is asked of EventBridge.
type busAPI interface {
	DescribeArchive(context.Context, *eventbridge.DescribeArchiveInput, ...func(*eventbridge.Options)) (*eventbridge.DescribeArchiveOutput, error)
	ListRules(context.Context, *eventbridge.ListRulesInput, ...func(*eventbridge.Options)) (*eventbridge.ListRulesOutput, error)
	StartReplay(context.Context, *eventbridge.StartReplayInput, ...func(*eventbridge.Options)) (*eventbridge.StartReplayOutput, error)
	DescribeReplay(context.Context, *eventbridge.DescribeReplayInput, ...func(*eventbridge.Options)) (*eventbridge.DescribeReplayOutput, error)
}

const (
	// settling is how long an event may take to come into the archive.
	settling = 10 * time.Minute
	// remembered is for how long Step Functions refuses a name a second time.
	remembered = 90 * 24 * time.Hour
)

// A Replayer replays an archive.
type Replayer struct {
	API     busAPI
	Archive string // name or ARN
	Now     func() time.Time
	Sleep   func(ctx context.Context, d time.Duration) error // ends early, with an error, when ctx does
	Tell    func(format string, args ...any)                 // a line for the person who waits
}

// A Request is what to replay.
type Request struct {
	From, To time.Time
	Rules    []string // names of rules that the events go to; empty: all of the bus
}

// A Plan is what a replay would do.
type Plan struct {
	Request

	archive, bus string // ARNs
	rules        []types.Rule
}

// Plan checks the request against what is there, and changes nothing.
func (r *Replayer) Plan(ctx context.Context, q Request) (*Plan, error) {
	if now := r.Now(); q.To.After(now) {
		q.To = now
	}
	if !q.From.Before(q.To) {
		return nil, audience.Failf(audience.Invalid, "the range begins at %s and ends at %s: it must begin before it ends, and in the past", stamp(q.From), stamp(q.To))
	}
	name := r.Archive[strings.LastIndex(r.Archive, "/")+1:]
	archive, err := r.API.DescribeArchive(ctx, &eventbridge.DescribeArchiveInput{ArchiveName: &name})
	if err != nil {
		return nil, refused("look at the archive "+name, err)
	}
	p := &Plan{Request: q, archive: aws.ToString(archive.ArchiveArn), bus: aws.ToString(archive.EventSourceArn)}
	if p.rules, err = r.chosen(ctx, p.bus, q.Rules); err != nil {
		return nil, err
	}
	r.describe(p, archive)
	return p, nil
}

// chosen gives the rules that the events would go to.
func (r *Replayer) chosen(ctx context.Context, bus string, names []string) ([]types.Rule, error) {
	in := &eventbridge.ListRulesInput{EventBusName: &bus}
	var all []types.Rule
	for {
		out, err := r.API.ListRules(ctx, in)
		if err != nil {
			return nil, refused("list the rules of the bus", err)
		}
		for _, rule := range out.Rules {
			if aws.ToString(rule.ManagedBy) == "" { // the archive's own rule takes no replayed events
				all = append(all, rule)
			}
		}
		if in.NextToken = out.NextToken; out.NextToken == nil {
			break
		}
	}
	if len(names) == 0 {
		return all, nil
	}
	var rules []types.Rule
	for _, name := range names {
		i := slices.IndexFunc(all, func(rule types.Rule) bool { return aws.ToString(rule.Name) == name })
		if i < 0 {
			return nil, audience.Failf(audience.Invalid, "the bus has no rule %s: it has %s", name, strings.Join(namesOf(all), ", "))
		}
		rules = append(rules, all[i])
	}
	return rules, nil
}

func namesOf(rules []types.Rule) []string {
	names := make([]string, len(rules))
	for i, rule := range rules {
		names[i] = aws.ToString(rule.Name)
	}
	return names
}

// describe says what a replay does, and what it does not.
func (r *Replayer) describe(p *Plan, archive *eventbridge.DescribeArchiveOutput) {
	r.Tell("events of %s to %s, of the archive %s, to these rules:", stamp(p.From), stamp(p.To), aws.ToString(archive.ArchiveName))
	for _, rule := range p.rules {
		state := ""
		if rule.State == types.RuleStateDisabled {
			state = " (disabled: it gets nothing)"
		}
		r.Tell("  %s: %s%s", aws.ToString(rule.Name), aws.ToString(rule.Description), state)
	}
	r.Tell("what asked for a run that was started does not start it twice: the run's name is made of the event, and Step Functions")
	r.Tell("refuses a name again for 90 days. Other readers see the events once more, with the field replay-name.")
	now := r.Now()
	if p.From.Before(now.Add(-remembered)) {
		r.Tell("CAREFUL: before %s names are forgotten, so that runs from before it would start again", stamp(now.Add(-remembered)))
	}
	if p.To.After(now.Add(-settling)) {
		r.Tell("events of the last 10 minutes may not be in the archive yet: replay them later")
	}
	kept := aws.ToTime(archive.CreationTime)
	if days := aws.ToInt32(archive.RetentionDays); days > 0 {
		if forgotten := now.AddDate(0, 0, -int(days)); forgotten.After(kept) {
			kept = forgotten
		}
	}
	if p.From.Before(kept) {
		r.Tell("the archive has nothing from before %s", stamp(kept))
	}
}

// Run starts the replay and waits for its end. One that is under way by the same name is waited for.
func (r *Replayer) Run(ctx context.Context, p *Plan) error {
	name, running, err := r.next(ctx, p)
	if err != nil {
		return err
	}
	if running {
		r.Tell("the replay %s is under way already: waiting for it", name)
	} else {
		if err := r.start(ctx, p, name); err != nil {
			return err
		}
		r.Tell("the replay %s has started", name)
	}
	return r.wait(ctx, name)
}

func (r *Replayer) start(ctx context.Context, p *Plan, name string) error {
	destination := &types.ReplayDestination{Arn: &p.bus}
	if len(p.Rules) > 0 {
		for _, rule := range p.rules {
			destination.FilterArns = append(destination.FilterArns, aws.ToString(rule.Arn))
		}
	}
	_, err := r.API.StartReplay(ctx, &eventbridge.StartReplayInput{
		ReplayName: &name, EventSourceArn: &p.archive, Destination: destination, EventStartTime: &p.From, EventEndTime: &p.To,
	})
	return refused("start the replay "+name, err)
}

// next finds the name for the next replay of this range to these rules, and whether it is one that is under way.
func (r *Replayer) next(ctx context.Context, p *Plan) (name string, running bool, err error) {
	const compact = "20060102T150405Z"
	of := sha256.Sum256([]byte(p.archive + " " + strings.Join(p.Rules, " ")))
	for n := 1; ; n++ {
		name = fmt.Sprintf("replay-%s-%s-%.3x-%d", p.From.UTC().Format(compact), p.To.UTC().Format(compact), of, n)
		out, err := r.API.DescribeReplay(ctx, &eventbridge.DescribeReplayInput{ReplayName: &name})
		var none *types.ResourceNotFoundException
		switch {
		case errors.As(err, &none):
			return name, false, nil
		case err != nil:
			return "", false, refused("look for the replay "+name, err)
		case !ended(out.State):
			return name, true, nil
		}
		r.Tell("the replay %s of this range is over (%s): this is another", name, strings.ToLower(string(out.State)))
	}
}

func ended(state types.ReplayState) bool {
	return state == types.ReplayStateCompleted || state == types.ReplayStateCancelled || state == types.ReplayStateFailed
}

// The replay is asked after so long, each time twice as long.
const (
	firstLook = 2 * time.Second
	lastLook  = 30 * time.Second
)

func (r *Replayer) wait(ctx context.Context, name string) error {
	for pause := firstLook; ; pause = min(2*pause, lastLook) {
		if r.Sleep(ctx, pause) != nil {
			return audience.Failf(audience.Transient, "it was interrupted: the replay %s goes on; stop it with: aws events cancel-replay --replay-name %s", name, name)
		}
		out, err := r.API.DescribeReplay(ctx, &eventbridge.DescribeReplayInput{ReplayName: &name})
		if ctx.Err() != nil {
			continue // Sleep tells
		}
		if err != nil {
			return refused("ask how the replay "+name+" is, which goes on", err)
		}
		switch out.State {
		case types.ReplayStateCompleted:
			r.Tell("the replay %s is complete%s", name, upTo(out.EventLastReplayedTime))
			return nil
		case types.ReplayStateFailed:
			return audience.Failf(audience.Transient, "the replay %s failed%s: %s", name, upTo(out.EventLastReplayedTime), aws.ToString(out.StateReason))
		case types.ReplayStateCancelled:
			return audience.Failf(audience.Transient, "the replay %s was cancelled by somebody%s", name, upTo(out.EventLastReplayedTime))
		}
	}
}

func upTo(last *time.Time) string {
	if last == nil {
		return ", without an event"
	}
	return ", its last event of " + stamp(*last)
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// refused gives an error of the API its class.
func refused(doing string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", doing, err)
	var none *types.ResourceNotFoundException
	if errors.As(err, &none) {
		return audience.Fail(audience.Invalid, "check its name, the region and the account", err)
	}
	return err
}
