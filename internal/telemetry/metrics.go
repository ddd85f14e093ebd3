package telemetry

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"time"
)

// A Metric is a number that CloudWatch keeps for each tenant and stage. Dashboard and alarms name it too.
type Metric string

// The metrics of a task. Counts are of what this task did, so that their sum over tasks that were started again is true.
const (
	StageSeconds     Metric = "StageSeconds"     // from the task's start to its end, without the start of its container
	StageFailures    Metric = "StageFailures"    // 1 when the task failed, 0 when it did not
	MetaCalls        Metric = "MetaCalls"        // requests to Meta, those that were tried again included
	ThrottledSeconds Metric = "ThrottledSeconds" // waited for Meta's limits

	TokenDaysLeft Metric = "TokenDaysLeft" // until Meta's token ends, or its access to data; of preflight

	RowsSource      Metric = "RowsSource" // of prepare, as the next six
	RowsNoConsent   Metric = "RowsNoConsent"
	RowsSuppressed  Metric = "RowsSuppressed" // of people who opted out
	RowsQuarantined Metric = "RowsQuarantined"
	RowsPrepared    Metric = "RowsPrepared"
	InvalidRatio    Metric = "InvalidRatio" // quarantined rows by rows that may be used

	RowsMatched Metric = "RowsMatched" // of plan
	MatchRate   Metric = "MatchRate"   // matched rows by prepared rows

	RowsSent     Metric = "RowsSent"     // in batches that Meta acknowledged; of upload, as the next four
	RowsUnusable Metric = "RowsUnusable" // with no key left to send
	RowsWithheld Metric = "RowsWithheld" // of people who opted out since they were prepared
	RowsRefused  Metric = "RowsRefused"  // sent, and refused by Meta, which rounds the number
	ChunkSeconds Metric = "ChunkSeconds" // from the start of a chunk's first task until the chunk was done

	RowsFailed     Metric = "RowsFailed" // to be added or taken out, and not sent; of report, as the next three
	RunsCompleted  Metric = "RunsCompleted"
	RunsFailed     Metric = "RunsFailed"
	RunsUnbalanced Metric = "RunsUnbalanced" // 1 when rows are unaccounted for

	PeopleJoined   Metric = "PeopleJoined"   // of a mirror that did not fail; of report, as the rest
	PeopleLeft     Metric = "PeopleLeft"     // likewise
	PeopleStayed   Metric = "PeopleStayed"   // likewise, by the same values or by others
	ReplaceSeconds Metric = "ReplaceSeconds" // that a replace's session was open, of the 5,400 that Meta gives it
)

// units are CloudWatch's for each metric.
var units = map[Metric]string{
	StageSeconds: "Seconds", StageFailures: "Count", MetaCalls: "Count", ThrottledSeconds: "Seconds",
	TokenDaysLeft: "None",
	RowsSource:    "Count", RowsNoConsent: "Count", RowsSuppressed: "Count", RowsQuarantined: "Count", RowsPrepared: "Count", InvalidRatio: "None",
	RowsMatched: "Count", MatchRate: "None",
	RowsSent: "Count", RowsUnusable: "Count", RowsWithheld: "Count", RowsRefused: "Count", ChunkSeconds: "Seconds",
	PeopleJoined: "Count", PeopleLeft: "Count", PeopleStayed: "Count", ReplaceSeconds: "Seconds",
	RowsFailed: "Count", RunsCompleted: "Count", RunsFailed: "Count", RunsUnbalanced: "Count",
}

// Metrics lists all metrics by name.
func Metrics() []Metric { return slices.Sorted(maps.Keys(units)) }

// The dimensions of every metric. What there are many of (runs, audiences, chunks) is a property of the line instead: each
// value of a dimension is a metric to pay for.
const (
	DimensionTenant = "Tenant"
	DimensionStage  = "Stage"
)

// A Recorder collects what one task measures, and writes it as one line in CloudWatch's embedded metric format: CloudWatch
// reads metrics out of log lines that are nothing but such an object. It is for one goroutine.
type Recorder struct {
	out       io.Writer
	namespace string
	values    map[Metric]float64
	notes     map[string]string
}

// NewRecorder makes a recorder of metrics in a namespace, such as CleanReach. Without one it writes nothing: nobody reads
// metrics on a laptop.
func NewRecorder(out io.Writer, namespace string) *Recorder {
	return &Recorder{out: out, namespace: namespace, values: map[Metric]float64{}, notes: map[string]string{}}
}

// Put records a value; a later one takes its place. What is no number (a ratio of nothing to nothing) is left out, for
// CloudWatch would refuse the whole line.
func (r *Recorder) Put(m Metric, value float64) {
	if !math.IsNaN(value) && !math.IsInf(value, 0) {
		r.values[m] = value
	}
}

// Note adds a property to the line, to search the log by. It is no dimension. Empty ones are left out.
func (r *Recorder) Note(key, value string) {
	if value != "" {
		r.notes[key] = value
	}
}

// Write writes the line, in one piece.
func (r *Recorder) Write(at time.Time, tenant, stage string) error {
	if r.namespace == "" {
		return nil
	}
	line := map[string]any{DimensionTenant: tenant, DimensionStage: stage}
	for key, value := range r.notes {
		line[key] = value
	}
	definitions := []definition{}
	for _, m := range slices.Sorted(maps.Keys(r.values)) {
		definitions = append(definitions, definition{m, units[m]})
		line[string(m)] = r.values[m]
	}
	line["_aws"] = metadata{at.UnixMilli(), []directive{{r.namespace, [][]string{{DimensionTenant, DimensionStage}}, definitions}}}
	text, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("encode the metrics: %w", err)
	}
	if _, err := r.out.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("write the metrics: %w", err)
	}
	return nil
}

// The parts of the format that say what in the line is a metric.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type (
	metadata struct {
		Timestamp         int64 // milliseconds
		CloudWatchMetrics []directive
	}
	directive struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []definition
	}
	definition struct {
		Name Metric
		Unit string
	}
)
