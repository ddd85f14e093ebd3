package asl

import (
	"fmt"
	"regexp"
	"strings"
)

// mapSpec is what is particular to a Map state.
type mapSpec struct {
	processor          *graph
	distributed        bool
	itemsPath          *path
	itemSelector       *template
	maxConcurrency     int64
	maxConcurrencyPath *path

	// The rest is for distributed Maps only.
	label              string
	reader             *readerSpec
	writer             *writerSpec
	failureCount       *int64
	failureCountPath   *path
	failurePercent     *float64
	failurePercentPath *path
}

// readerSpec is an ItemReader that reads one JSON array from S3.
type readerSpec struct {
	resource     string
	parameters   *template
	maxItems     int64 // 0 is all
	maxItemsPath *path
}

type writerSpec struct {
	resource   string
	parameters *template
}

const (
	maxLabel         = 40
	maxReaderItems   = 100000000
	maxMapChildren   = 10000 // child executions of one Map Run at once
	maxMapIterations = 40    // iterations of one inline Map at once
)

func (l *loader) mapState(f *fields, s *state, in scopeInfo) {
	f.work(s, in)
	f.refuse("write ItemProcessor and ItemSelector", "Iterator", "Parameters")
	f.refuse("give each item its own execution", "ItemBatcher")
	m := &mapSpec{
		itemsPath:          f.path("ItemsPath", itemsPath, in),
		itemSelector:       f.template("ItemSelector", scopeInfo{inMap: true}),
		maxConcurrency:     f.integer("MaxConcurrency", 0, 0, maxMapChildren),
		maxConcurrencyPath: f.path("MaxConcurrencyPath", referencePath, in),
	}
	s.mapping = m
	f.exclusive("MaxConcurrency", "MaxConcurrencyPath")
	v, ok := f.take("ItemProcessor")
	if !ok {
		f.problem("ItemProcessor is missing")
		return
	}
	at := fmt.Sprintf("item processor of state %q", s.name)
	p := l.object(v, at)
	if p == nil {
		return
	}
	m.distributed = p.processorConfig()
	// A child execution has a context object of its own, without the item: ItemSelector must hand it over.
	m.processor = l.graph(p, scopeInfo{label: at, inMap: !m.distributed})
	p.comment()
	p.done("is no field of an item processor")
	l.distributed(f, s, in)
}

func (f *fields) processorConfig() (distributed bool) {
	v, ok := f.take("ProcessorConfig")
	if !ok {
		return false
	}
	c := f.l.object(v, f.at+": ProcessorConfig")
	if c == nil {
		return false
	}
	mode := c.oneOf("Mode", "INLINE", "DISTRIBUTED")
	execution := c.oneOf("ExecutionType", "STANDARD")
	switch {
	case mode == "":
		c.problem("Mode is missing")
	case mode == "DISTRIBUTED" && execution == "" && !c.has("ExecutionType"):
		c.problem("ExecutionType is missing")
	case mode == "INLINE" && c.has("ExecutionType"):
		c.problem("ExecutionType belongs to DISTRIBUTED")
	}
	c.done("is no field of ProcessorConfig")
	return mode == "DISTRIBUTED"
}

// illegalLabel finds characters that AWS refuses in a label.
var illegalLabel = regexp.MustCompile("[\\s?*<>{}\\[\\]#%\\\\^|~`$&,;:/\"\\x00-\\x1f\\x7f-\\x9f]")

// distributed reads the fields that only a distributed Map has.
func (l *loader) distributed(f *fields, s *state, in scopeInfo) {
	m := s.mapping
	if !m.distributed {
		f.refuse("it belongs to a Map of mode DISTRIBUTED", "Label", "ItemReader", "ResultWriter", "ToleratedFailureCount",
			"ToleratedFailureCountPath", "ToleratedFailurePercentage", "ToleratedFailurePercentagePath")
		return
	}
	if label, ok := f.string("Label"); ok {
		m.label = label
		if bad := illegalLabel.FindString(label); bad != "" || label == "" || len([]rune(label)) > maxLabel {
			f.problem("Label must have 1 to %d characters, none of them white space or ? * < > { } [ ] # %% \\ ^ | ~ ` $ & , ; : / \"", maxLabel)
		}
	}
	if f.has("ToleratedFailureCount") {
		n := f.integer("ToleratedFailureCount", 0, 0, maxReaderItems)
		m.failureCount = &n
	}
	if f.has("ToleratedFailurePercentage") {
		x := f.float("ToleratedFailurePercentage", 0, 0, 100)
		m.failurePercent = &x
	}
	m.failureCountPath = f.path("ToleratedFailureCountPath", referencePath, in)
	m.failurePercentPath = f.path("ToleratedFailurePercentagePath", referencePath, in)
	f.exclusive("ToleratedFailureCount", "ToleratedFailureCountPath")
	f.exclusive("ToleratedFailurePercentage", "ToleratedFailurePercentagePath")
	f.exclusive("ItemReader", "ItemsPath")
	m.reader = l.itemReader(f, in)
	m.writer = l.resultWriter(f, in)
}

// The integrations that a distributed Map reads and writes through.
const (
	getObject = "s3:getObject"
	putObject = "s3:putObject"
)

func (l *loader) s3Resource(f *fields, action string) string {
	arn := f.requiredString("Resource")
	if prefix, ok := strings.CutSuffix(arn, ":states:::"+action); arn != "" && (!ok || !strings.HasPrefix(prefix, "arn:aws")) {
		f.problem("Resource %q is not supported; allowed: arn:aws:states:::%s", arn, action)
	}
	if arn != "" {
		l.resources[arn] = true
	}
	return arn
}

func (l *loader) itemReader(f *fields, in scopeInfo) *readerSpec {
	v, ok := f.take("ItemReader")
	if !ok {
		return nil
	}
	r := l.object(v, f.at+": ItemReader")
	if r == nil {
		return nil
	}
	spec := &readerSpec{resource: l.s3Resource(r, getObject), parameters: r.template("Parameters", in)}
	r.needs("Parameters", spec.parameters, "Bucket", "Key")
	if v, ok := r.take("ReaderConfig"); !ok {
		r.problem("ReaderConfig is missing")
	} else if c := l.object(v, r.at+": ReaderConfig"); c != nil {
		if c.oneOf("InputType", "JSON") == "" {
			c.problem("InputType is missing")
		}
		spec.maxItems = c.integer("MaxItems", 0, 1, maxReaderItems)
		spec.maxItemsPath = c.path("MaxItemsPath", referencePath, in)
		c.exclusive("MaxItems", "MaxItemsPath")
		c.done("is not supported in ReaderConfig with InputType JSON")
	}
	r.done("is no field of ItemReader")
	return spec
}

func (l *loader) resultWriter(f *fields, in scopeInfo) *writerSpec {
	v, ok := f.take("ResultWriter")
	if !ok {
		return nil
	}
	w := l.object(v, f.at+": ResultWriter")
	if w == nil {
		return nil
	}
	spec := &writerSpec{resource: l.s3Resource(w, putObject), parameters: w.template("Parameters", in)}
	w.needs("Parameters", spec.parameters, "Bucket", "Prefix")
	w.refuse("results are written as they are", "WriterConfig")
	w.done("is no field of ResultWriter")
	return spec
}

// needs checks that the template gives exactly the fields that the S3 action takes here.
func (f *fields) needs(name string, t *template, keys ...string) {
	if t == nil {
		f.problem("%s is missing", name)
		return
	}
	for _, k := range keys {
		if t.object[k] == nil {
			f.problem("%s: %s is missing", name, k)
		}
	}
	if len(t.object) > len(keys) {
		f.problem("%s: only %s are supported", name, listed(keys))
	}
}
