package asl

import (
	"fmt"
	"regexp"
	"time"
)

// state is one state of any type; the fields of other types are empty.
type state struct {
	name string
	kind string

	next string // "" for a terminal state and for Choice
	end  bool

	inputPath, resultPath, outputPath filter
	parameters, resultSelector        *template

	retry []*retrier
	catch []*catcher

	result   *any // of Pass
	task     *taskSpec
	choices  []*rule
	fallback string // Default of Choice
	wait     *waitSpec
	branches []*graph // of Parallel
	mapping  *mapSpec
	failure  *failSpec
}

type taskSpec struct {
	resource    string
	timeout     time.Duration
	timeoutPath *path
}

type waitSpec struct {
	duration      time.Duration
	secondsPath   *path
	until         time.Time
	timestampPath *path
}

type failSpec struct {
	name, cause         string
	namePath, causePath expression
}

// stateReaders read what is particular to a type of state.
var stateReaders map[string]func(*loader, *fields, *state, scopeInfo)

func init() { //nolint:gochecknoinits // the readers reach the table again through Parallel and Map
	stateReaders = map[string]func(*loader, *fields, *state, scopeInfo){
		"Pass": (*loader).pass, "Task": (*loader).task, "Choice": (*loader).choice, "Wait": (*loader).wait,
		"Parallel": (*loader).parallel, "Map": (*loader).mapState, "Succeed": (*loader).succeed, "Fail": (*loader).failState,
	}
}

func (l *loader) state(name string, v any, in scopeInfo) *state {
	f := l.object(v, fmt.Sprintf("state %q", name))
	if f == nil {
		return nil
	}
	s := &state{name: name, kind: f.requiredString("Type")}
	read, known := stateReaders[s.kind]
	if !known {
		if s.kind != "" {
			f.problem("Type %q does not exist", s.kind)
		}
		return nil
	}
	f.comment()
	f.oneOf("QueryLanguage", "JSONPath")
	read(l, f, s, in)
	f.done("is no field of a " + s.kind + " state")
	return s
}

// transition reads Next and End, of which a state has exactly one.
func (f *fields) transition(s *state) {
	s.next, _ = f.string("Next")
	end, hasEnd := f.take("End")
	s.end = end == true
	switch {
	case hasEnd && !s.end:
		f.problem("End must be true where it is given")
	case f.has("Next") && hasEnd:
		f.problem("has both Next and End")
	case !f.has("Next") && !hasEnd:
		f.problem("has neither Next nor End")
	case f.has("Next") && s.next == "":
		f.problem("Next must not be empty")
	}
}

func (f *fields) inputOutput(s *state, in scopeInfo) {
	s.inputPath = f.filter("InputPath", in)
	s.outputPath = f.filter("OutputPath", in)
}

// work reads what Task, Parallel and Map share.
func (f *fields) work(s *state, in scopeInfo) {
	f.inputOutput(s, in)
	f.transition(s)
	s.resultSelector = f.template("ResultSelector", in)
	s.resultPath = f.resultPath()
	s.retry = f.retriers()
	s.catch = f.catchers()
}

func (l *loader) pass(f *fields, s *state, in scopeInfo) {
	f.inputOutput(s, in)
	f.transition(s)
	s.parameters = f.template("Parameters", in)
	s.resultPath = f.resultPath()
	if v, ok := f.take("Result"); ok {
		s.result = &v
	}
}

func (l *loader) task(f *fields, s *state, in scopeInfo) {
	f.work(s, in)
	s.parameters = f.template("Parameters", in)
	s.task = &taskSpec{resource: l.resource(f)}
	f.refuse("nothing here sends heartbeats", "HeartbeatSeconds", "HeartbeatSecondsPath")
	f.refuse("roles of other accounts", "Credentials")
	s.task.timeout = time.Duration(f.integer("TimeoutSeconds", 0, 1, maxSeconds)) * time.Second
	s.task.timeoutPath = f.path("TimeoutSecondsPath", referencePath, in)
	f.exclusive("TimeoutSeconds", "TimeoutSecondsPath")
}

// exclusive reports when more than one of the fields is given.
func (f *fields) exclusive(names ...string) {
	n := 0
	for _, name := range names {
		if f.has(name) {
			n++
		}
	}
	if n > 1 {
		f.problem("only one of %s may be given", listed(names))
	}
}

// Shapes of Resource: an optimized or AWS SDK integration, or a Lambda function.
var (
	integrationARN = regexp.MustCompile(`^arn:aws[a-z-]*:states:::(aws-sdk:)?[a-z0-9]+:[a-z][A-Za-z0-9]*(\.sync(:2)?)?$`)
	sdkSyncARN     = regexp.MustCompile(`:aws-sdk:.*\.sync`)
	functionARN    = regexp.MustCompile(`^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?$`)
	tokenARN       = regexp.MustCompile(`\.waitForTaskToken$|:activity:`)
)

func (l *loader) resource(f *fields) string {
	arn := f.requiredString("Resource")
	switch {
	case arn == "":
		return ""
	case tokenARN.MatchString(arn):
		f.problem("Resource %q: task tokens and activities are not supported", arn)
	case sdkSyncARN.MatchString(arn):
		f.problem("Resource %q: AWS SDK integrations cannot wait for a job (.sync)", arn)
	case !integrationARN.MatchString(arn) && !functionARN.MatchString(arn):
		f.problem("Resource %q is no service integration (arn:aws:states:::service:action) and no Lambda function", arn)
	}
	l.resources[arn] = true
	return arn
}

func (l *loader) wait(f *fields, s *state, in scopeInfo) {
	f.inputOutput(s, in)
	f.transition(s)
	names := []string{"Seconds", "SecondsPath", "Timestamp", "TimestampPath"}
	given := 0
	for _, n := range names {
		if f.has(n) {
			given++
		}
	}
	if given != 1 {
		f.problem("needs exactly one of %s", listed(names))
	}
	s.wait = &waitSpec{
		duration:      time.Duration(f.integer("Seconds", 0, 0, maxSeconds)) * time.Second,
		secondsPath:   f.path("SecondsPath", referencePath, in),
		timestampPath: f.path("TimestampPath", referencePath, in),
	}
	if text, ok := f.string("Timestamp"); ok {
		if s.wait.until, ok = parseTimestamp(text); !ok {
			f.problem("Timestamp must look like 2026-11-24T05:00:00Z")
		}
	}
}

func (l *loader) succeed(f *fields, s *state, in scopeInfo) {
	f.inputOutput(s, in)
	s.end = true
}

// failFunctions are the intrinsic functions that ErrorPath and CausePath take: those that give a string.
var failFunctions = map[string]bool{
	"States.Format": true, "States.JsonToString": true, "States.ArrayGetItem": true, "States.Base64Encode": true,
	"States.Base64Decode": true, "States.Hash": true, "States.UUID": true,
}

func (l *loader) failState(f *fields, s *state, in scopeInfo) {
	s.end = true
	s.failure = &failSpec{}
	s.failure.name, _ = f.string("Error")
	s.failure.cause, _ = f.string("Cause")
	s.failure.namePath = f.failPath("ErrorPath", in)
	s.failure.causePath = f.failPath("CausePath", in)
	f.exclusive("Error", "ErrorPath")
	f.exclusive("Cause", "CausePath")
}

func (f *fields) failPath(name string, in scopeInfo) expression {
	text, ok := f.string(name)
	if !ok {
		return nil
	}
	e, err := parseExpression(text)
	if err != nil {
		f.problem("%s: %v", name, err)
		return nil
	}
	if p, isPath := e.(pathExpression); isPath {
		f.parse(name, p.text, referencePath)
	}
	if c, isCall := e.(*call); isCall && !failFunctions[c.name] {
		f.problem("%s: %s cannot be used here: it gives no string", name, c.name)
	}
	eachPath(e, func(p *path) { f.checkMap(name, p, in) })
	return e
}

func (l *loader) parallel(f *fields, s *state, in scopeInfo) {
	f.work(s, in)
	s.parameters = f.template("Parameters", in)
	if !f.has("Branches") {
		f.problem("Branches is missing")
	}
	for i, v := range f.array("Branches") {
		at := fmt.Sprintf("branch %d of state %q", i, s.name)
		b := l.object(v, at)
		if b == nil {
			continue
		}
		b.comment()
		s.branches = append(s.branches, l.graph(b, scopeInfo{label: at, inMap: in.inMap}))
		b.done("is no field of a branch")
	}
}
