package asl

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Machine is a loaded state machine. It is immutable and may run any number of times at once.
type Machine struct {
	graph     *graph
	timeout   time.Duration // of the whole execution; 0 is none
	resources []string
}

// graph is a set of states of which only each other can be reached: the machine itself, a branch of a Parallel state,
// or the processor of a Map state.
type graph struct {
	startAt string
	states  map[string]*state
	label   string // "" for the machine, else where it is, for messages
}

// Load reads a state machine definition. It refuses whatever Step Functions refuses and whatever lies outside of the
// subset; the error is then a *DefinitionError that lists all problems.
func Load(data []byte) (*Machine, error) {
	if len(data) > maxDefinitionBytes {
		return nil, &DefinitionError{Problems: []string{fmt.Sprintf("the definition has %d bytes; at most %d are allowed", len(data), maxDefinitionBytes)}}
	}
	doc, err := parseDocument(data)
	if err != nil {
		return nil, &DefinitionError{Problems: []string{err.Error()}}
	}
	l := &loader{names: map[string]bool{}, resources: map[string]bool{}}
	for _, d := range doc.duplicates {
		l.problem("field %s occurs twice", d)
	}
	m := &Machine{}
	f := l.object(doc.value, "top level")
	if f == nil {
		return nil, l.err()
	}
	f.comment()
	f.oneOf("Version", "1.0")
	f.oneOf("QueryLanguage", "JSONPath")
	m.timeout = time.Duration(f.integer("TimeoutSeconds", 0, 1, maxSeconds)) * time.Second
	m.graph = l.graph(f, scopeInfo{})
	f.done("is no field of a state machine")
	if err := l.err(); err != nil {
		return nil, err
	}
	for r := range l.resources {
		m.resources = append(m.resources, r)
	}
	slices.Sort(m.resources)
	return m, nil
}

// Resources lists what the machine calls: the Resource of every Task, ItemReader and ResultWriter, sorted, each once.
// Options.Integrations must have all of them.
func (m *Machine) Resources() []string { return slices.Clone(m.resources) }

// loader collects problems, and what must be unique or known in the whole machine.
type loader struct {
	problems  []string
	names     map[string]bool
	resources map[string]bool
}

func (l *loader) problem(format string, args ...any) {
	p := fmt.Sprintf(format, args...)
	if !slices.Contains(l.problems, p) {
		l.problems = append(l.problems, p)
	}
}

func (l *loader) err() error {
	if len(l.problems) == 0 {
		return nil
	}
	return &DefinitionError{Problems: l.problems}
}

// scopeInfo is what the place of a graph means for its states.
type scopeInfo struct {
	label string
	inMap bool // inside the processor of an inline Map: $$.Map.Item is there
}

// graph reads StartAt and States.
func (l *loader) graph(f *fields, in scopeInfo) *graph {
	g := &graph{startAt: f.requiredString("StartAt"), states: map[string]*state{}, label: in.label}
	v, ok := f.take("States")
	if !ok {
		f.problem("States is missing")
		return g
	}
	states, ok := v.(map[string]any)
	if !ok || len(states) == 0 {
		f.problem("States must be an object with at least one state")
		return g
	}
	for _, name := range sortedKeys(states) {
		l.stateName(name)
		if s := l.state(name, states[name], in); s != nil {
			g.states[name] = s
		}
	}
	l.checkGraph(g, f, states)
	return g
}

const maxStateName = 80

func (l *loader) stateName(name string) {
	if n := len([]rune(name)); n == 0 || n > maxStateName {
		l.problem("state %q: a name must have 1 to %d characters", name, maxStateName)
	}
	if l.names[name] {
		l.problem("state %q: the name occurs twice in the machine", name)
	}
	l.names[name] = true
}

// parseInput reads an execution's input, as StartExecution does; none is an empty object.
func parseInput(data []byte) (any, error) {
	if len(data) == 0 {
		return map[string]any{}, nil
	}
	if len(data) > maxDataBytes {
		return nil, fmt.Errorf("execution input has %d bytes; at most %d are allowed", len(data), maxDataBytes)
	}
	v, err := decode(data)
	if err != nil {
		return nil, errors.New("execution input is not one JSON value")
	}
	return v, nil
}
