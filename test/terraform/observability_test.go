package terraform

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/telemetry"
	"github.com/cleanreach/cleanreach/test/tools"
)

// An observed is what the module observability would make, as its tests plan it.
type observed struct {
	dashboard dashboard
	alarms    map[string]alarm
	messages  []string // the templates of what people are sent
	queries   []string
}

type dashboard struct {
	Widgets []widget `json:"widgets"`
}

type widget struct {
	Type       string
	X          int
	Y          int
	Width      int
	Height     int
	Properties struct {
		Title    string
		Markdown string
		Metrics  [][]any
		Query    string
	}
}

type alarm struct {
	Name        string `json:"alarm_name"`
	Description string `json:"alarm_description"`
	Queries     []struct {
		Metric []struct {
			Namespace  string
			Name       string `json:"metric_name"`
			Dimensions map[string]string
		}
	} `json:"metric_query"`
}

const testNamespace = "CleanReach" // in the module's tests

// observe has the module's own tests plan it, and takes the first plan.
func observe(t *testing.T) *observed {
	t.Helper()
	plugins := tools.Need(t, "TERRAFORM_PLUGINS")
	folder := filepath.Join(workingCopy(t), "modules", "observability")
	run(t, folder, "init", "-input=false", "-backend=false", "-plugin-dir="+plugins)
	out, err := terraformIn(t, folder, "test", "-json", "-verbose", "-filter=tests/observability.tftest.hcl").Output()
	require.NoError(t, err, "%s", out)
	for line := range strings.Lines(string(out)) {
		var message struct {
			Plan *struct {
				Changes []struct {
					Type   string
					Change struct{ After json.RawMessage }
				} `json:"resource_changes"`
			} `json:"test_plan"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &message))
		if message.Plan == nil {
			continue
		}
		o := &observed{alarms: map[string]alarm{}}
		for _, c := range message.Plan.Changes {
			o.add(t, c.Type, c.Change.After)
		}
		return o
	}
	require.Fail(t, "the module's tests made no plan")
	return nil
}

func (o *observed) add(t *testing.T, kind string, after json.RawMessage) {
	t.Helper()
	var r struct {
		Body        string `json:"dashboard_body"`
		Query       string `json:"query_string"`
		Transformer []struct {
			Template string `json:"input_template"`
		} `json:"input_transformer"`
	}
	require.NoError(t, json.Unmarshal(after, &r))
	switch kind {
	case "aws_cloudwatch_dashboard":
		require.NoError(t, json.Unmarshal([]byte(r.Body), &o.dashboard))
	case "aws_cloudwatch_metric_alarm":
		var a alarm
		require.NoError(t, json.Unmarshal(after, &a))
		o.alarms[a.Name] = a
	case "aws_cloudwatch_event_target":
		o.messages = append(o.messages, r.Transformer[0].Template)
	case "aws_cloudwatch_query_definition":
		o.queries = append(o.queries, r.Query)
	}
}

// documented are the metrics of AWS that are looked at, each with the dimensions that AWS documents for it.
var documented = map[string][]string{
	"AWS/States ExecutionsStarted":               {"StateMachineArn"},
	"AWS/States ExecutionsSucceeded":             {"StateMachineArn"},
	"AWS/States ExecutionsFailed":                {"StateMachineArn"},
	"AWS/States ExecutionsTimedOut":              {"StateMachineArn"},
	"AWS/States ExecutionsAborted":               {"StateMachineArn"},
	"AWS/States ExecutionThrottled":              {"StateMachineArn"},
	"AWS/States ExecutionTime":                   {"StateMachineArn"},
	"AWS/SQS ApproximateNumberOfMessagesVisible": {"QueueName"},
	"AWS/SQS ApproximateAgeOfOldestMessage":      {"QueueName"},
	"AWS/Events FailedInvocations":               {"RuleName", "EventBusName RuleName"},
	"AWS/Events InvocationsSentToDlq":            {"RuleName", "EventBusName RuleName"},
	"AWS/Events InvocationsFailedToBeSentToDlq":  {"RuleName", "EventBusName RuleName"},
	"AWS/Logs EMFParsingErrors":                  {"LogGroupName"},
	"AWS/Logs EMFValidationErrors":               {"LogGroupName"},
	"ECS/ContainerInsights CpuUtilized":          {"ClusterName"},
	"ECS/ContainerInsights CpuReserved":          {"ClusterName"},
}

// A use is a metric where something looks at it.
type use struct{ where, metric, dimensions string }

var searched = regexp.MustCompile(`SEARCH\('\{"([^"]+)",([A-Za-z,]+)\} MetricName="([A-Za-z]+)"( Stage="[a-z]+")?', '(Sum|Average|Maximum|Minimum|p90)'\)`)

// uses are the metrics that a dashboard and alarms look at.
func uses(o *observed) []use {
	var all []use
	for _, w := range o.dashboard.Widgets {
		for _, m := range w.Properties.Metrics {
			all = append(all, usesOf("the chart "+w.Properties.Title, m)...)
		}
	}
	for name, a := range o.alarms {
		for _, q := range a.Queries {
			for _, m := range q.Metric {
				all = append(all, use{"the alarm " + name, m.Namespace + " " + m.Name, strings.Join(slices.Sorted(maps.Keys(m.Dimensions)), " ")})
			}
		}
	}
	return all
}

// usesOf are the metrics of one entry of a chart: an expression with searches, or namespace, name, dimensions, options.
func usesOf(where string, entry []any) []use {
	options, _ := entry[len(entry)-1].(map[string]any)
	if expression, ok := options["expression"].(string); ok {
		found := searched.FindAllStringSubmatch(expression, -1)
		if len(found) != strings.Count(expression, "SEARCH(") || len(found) == 0 {
			return []use{{where, expression, "an expression that is no search"}}
		}
		var all []use
		for _, f := range found {
			dimensions := strings.Split(f[2], ",")
			slices.Sort(dimensions)
			all = append(all, use{where, f[1] + " " + f[3], strings.Join(dimensions, " ")})
		}
		return all
	}
	var dimensions []string
	for i := 2; i < len(entry)-1; i += 2 {
		dimensions = append(dimensions, fmt.Sprint(entry[i]))
	}
	slices.Sort(dimensions)
	return []use{{where, fmt.Sprint(entry[0], " ", entry[1]), strings.Join(dimensions, " ")}}
}

// wrongUses says which metrics nobody writes, and which metrics of tasks nobody looks at.
func wrongUses(all []use) []string {
	var problems []string
	unused := map[string]bool{}
	for _, m := range telemetry.Metrics() {
		unused[testNamespace+" "+string(m)] = true
	}
	for _, u := range all {
		allowed, known := documented[u.metric]
		if _, ours := unused[u.metric]; ours {
			unused[u.metric] = false
			allowed, known = []string{"Stage Tenant"}, true
		}
		if !known || !slices.Contains(allowed, u.dimensions) {
			problems = append(problems, fmt.Sprintf("%s looks at %s (%s), which there is not", u.where, u.metric, u.dimensions))
		}
	}
	for name, is := range unused {
		if is {
			problems = append(problems, "nothing looks at "+name)
		}
	}
	return problems
}

// TestObservability holds what the module makes against the code that writes metrics and the runbook that people read.
func TestObservability(t *testing.T) {
	o := observe(t)
	t.Run("metrics", func(t *testing.T) { checkMetrics(t, o) })
	t.Run("dashboard", func(t *testing.T) { checkDashboard(t, o.dashboard) })
	t.Run("runbook", func(t *testing.T) { checkRunbook(t, o) })
}

func checkMetrics(t *testing.T, o *observed) {
	t.Helper()
	all := uses(o)
	require.Greater(t, len(all), 60)
	assert.Empty(t, wrongUses(all))

	code := ""
	files, err := filepath.Glob(filepath.Join(repository, "tasks", "*.go"))
	require.NoError(t, err)
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			code += string(text)
		}
	}
	for _, m := range telemetry.Metrics() {
		assert.Regexp(t, `telemetry\.`+string(m)+`\b`, code, "no task writes it")
	}
	// A saved query that asks for a metric spells it as the tasks do.
	for _, q := range o.queries {
		for _, name := range regexp.MustCompile(`\b(?:Rows|Run|Stage|Chunk|Meta|Throttled|Invalid|Match|Token)[A-Z][A-Za-z]+`).FindAllString(q, -1) {
			assert.Contains(t, telemetry.Metrics(), telemetry.Metric(name), q)
		}
	}
}

func TestWrongUsesAreNoticed(t *testing.T) {
	for _, c := range []struct {
		entry string
		want  string
	}{
		{`["AWS/States", "ExecutionFailed", "StateMachineArn", "x", {}]`, "AWS/States ExecutionFailed (StateMachineArn), which there is not"},
		{`["AWS/SQS", "ApproximateAgeOfOldestMessage", "Queue", "x", {}]`, "(Queue), which there is not"},
		{`[{"expression": "SEARCH('{\"CleanReach\",Tenant,Stage} MetricName=\"RowSent\"', 'Sum')"}]`, "RowSent (Stage Tenant), which there is not"},
		{`[{"expression": "SEARCH('{\"CleanReach\",Tenant} MetricName=\"RowsSent\"', 'Sum')"}]`, "RowsSent (Tenant), which there is not"},
		{`[{"expression": "SEARCH('{\"Other\",Tenant,Stage} MetricName=\"RowsSent\"', 'Sum')"}]`, "Other RowsSent"},
		{`[{"expression": "SEARCH('RowsSent')"}]`, "an expression that is no search"},
		{`["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", "x", {}]`, "nothing looks at CleanReach TokenDaysLeft"},
	} {
		var entry []any
		require.NoError(t, json.Unmarshal([]byte(c.entry), &entry))
		assert.Contains(t, strings.Join(wrongUses(usesOf("the chart", entry)), "\n"), c.want)
	}
}

// checkDashboard checks that it answers three questions, in order, and that no widget covers another.
func checkDashboard(t *testing.T, d dashboard) {
	t.Helper()
	titles := map[int]string{}
	taken := map[[2]int]string{}
	for _, w := range d.Widgets {
		name := w.Properties.Title
		if w.Type == "text" {
			name, _, _ = strings.Cut(w.Properties.Markdown, "\n")
			titles[w.Y] = name
		}
		assert.NotEmpty(t, name)
		assert.LessOrEqual(t, w.X+w.Width, 24, name)
		for x := w.X; x < w.X+w.Width; x++ {
			for y := w.Y; y < w.Y+w.Height; y++ {
				assert.Empty(t, taken[[2]int{x, y}], "%s covers it", name)
				taken[[2]int{x, y}] = name
			}
		}
	}
	var inOrder []string
	for _, y := range slices.Sorted(maps.Keys(titles)) {
		inOrder = append(inOrder, titles[y])
	}
	assert.Equal(t, []string{"## Is it working?", "## Where is it slow?", "## What does it cost?"}, inOrder)
}

var (
	link    = regexp.MustCompile(`https://example\.com/runbook#([a-z-]+)`)
	section = regexp.MustCompile(`(?m)^### (.+)$`)
	anyHead = regexp.MustCompile(`(?m)^#+ (.+)$`)
	within  = regexp.MustCompile(`\]\(#([a-z0-9_-]+)\)`)
)

// anchor is where GitHub puts a heading: without its punctuation.
func anchor(heading string) string {
	return strings.ReplaceAll(regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

// wrongLinks says which links of alarms and messages lead nowhere in a runbook, and which of its sections nothing links.
func wrongLinks(texts map[string]string, runbook string) []string {
	var problems []string
	linked := map[string]bool{}
	sections := map[string]bool{}
	_, alarms, _ := strings.Cut(runbook, "\n## Alarms\n")
	alarms, _, _ = strings.Cut(alarms, "\n## ")
	for _, s := range section.FindAllStringSubmatch(alarms, -1) {
		sections[anchor(s[1])] = true
	}
	for name, text := range texts {
		found := link.FindAllStringSubmatch(text, -1)
		if len(found) != 1 || !sections[found[0][1]] {
			problems = append(problems, name+" links no section of the runbook")
			continue
		}
		linked[found[0][1]] = true
	}
	for s := range sections {
		if !linked[s] {
			problems = append(problems, "nothing links the section "+s)
		}
	}
	heads := map[string]bool{}
	for _, h := range anyHead.FindAllStringSubmatch(runbook, -1) {
		heads[anchor(h[1])] = true
	}
	for _, l := range within.FindAllStringSubmatch(runbook, -1) {
		if !heads[l[1]] {
			problems = append(problems, "the runbook links #"+l[1]+", which it does not have")
		}
	}
	return problems
}

// checkRunbook checks that each alarm and message has its section, and each section an alarm or message.
func checkRunbook(t *testing.T, o *observed) {
	t.Helper()
	runbook, err := os.ReadFile(filepath.Join(repository, "docs", "runbook.md"))
	require.NoError(t, err)
	texts := map[string]string{}
	for name, a := range o.alarms {
		texts[name] = a.Description
	}
	for i, m := range o.messages {
		texts[fmt.Sprintf("message %d", i)] = m
	}
	require.Greater(t, len(texts), 20)
	assert.Empty(t, wrongLinks(texts, string(runbook)))
}

func TestWrongLinksAreNoticed(t *testing.T) {
	good := map[string]string{"a": "See https://example.com/runbook#run-failed"}
	const fine = "# Runbook\n### Elsewhere\n\n## Alarms\n### Run failed\n"
	assert.Empty(t, wrongLinks(good, fine))
	assert.Empty(t, wrongLinks(good, fine+"[x](#exit-code-3-gate)\n\n## More\n### Exit code 3: gate\n"))
	assert.Equal(t, []string{"a links no section of the runbook"}, wrongLinks(good, "\n## Alarms\n## Run failed\n"))
	assert.Equal(t, []string{"a links no section of the runbook"}, wrongLinks(good, "### Run failed\n\n## Alarms\n"))
	assert.Equal(t, []string{"a links no section of the runbook"}, wrongLinks(map[string]string{"a": "See nothing"}, ""))
	assert.Equal(t, []string{"nothing links the section other"}, wrongLinks(good, fine+"### Other\n"))
	assert.Equal(t, []string{"the runbook links #gone, which it does not have"}, wrongLinks(good, fine+"[x](#gone)\n"))
}
