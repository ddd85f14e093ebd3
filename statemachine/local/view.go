package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/audience"
)

// A view shows what happens: a line for each stage, and how many chunks are done. At a terminal the lines move.
type view struct {
	screen screen
	active map[string]time.Time // stages under way, by name
	passes int                  // that Advance has ordered so far
	chunks tally
}

// A tally counts what a Map's tasks have done.
type tally struct {
	stage, unit         string
	total, done, failed int
}

// A screen draws for a view. Its methods are called one at a time.
type screen interface {
	begin(stage string)
	end(stage string, took time.Duration, outcome string)
	note(line string)
	chunks(t tally)
	close()
}

func newView(w io.Writer, plain bool) *view {
	v := &view{active: map[string]time.Time{}, screen: &lineScreen{w: w}}
	if f, ok := w.(*os.File); ok && !plain && term.IsTerminal(int(f.Fd())) {
		v.screen = newLiveScreen(f)
	}
	return v
}

// Stages that are no task of their own.
const (
	query = "Query"
	wait  = "Wait"
)

// event follows the execution. The names of states are those of audience.asl.json.
func (v *view) event(e asl.Event) {
	child := e.MapRun != "" && e.Index != nil
	switch {
	case e.Type == asl.MapRunStarted:
		v.upload(e)
	case child:
		v.chunk(e)
	case e.Entered():
		v.entered(e)
	case e.Type == asl.MapRunSucceeded:
		v.end(v.chunks.stage, e.Time, "done")
	case e.Type == asl.MapRunFailed:
		v.end(v.chunks.stage, e.Time, "failed")
	case strings.HasSuffix(e.Resource, ":runTask.sync"):
		v.task(e)
	}
}

func (v *view) entered(e asl.Event) {
	switch e.State {
	case "BeginPolling":
		v.begin(query, e.Time)
	case "RecordResult":
		v.end(query, e.Time, "done")
	case "UseList":
		v.passes++
		v.say(e)
	case "WaitForAudience":
		v.wait(e.Time)
	case "WaitToRetry":
		v.screen.note("a task failed for a reason that may pass; waiting to start another")
	}
}

// upload begins a Map. In an upload of several passes each has a line, and counts tasks: the one that ends a replace has no
// chunk.
func (v *view) upload(e asl.Event) {
	v.chunks = tally{stage: "Upload", unit: "chunk", total: e.Items}
	if v.passes > 0 {
		v.chunks.stage, v.chunks.unit = fmt.Sprintf("Upload %d", v.passes), "task"
	}
	v.end(wait, e.Time, "done")
	v.begin(v.chunks.stage, e.Time)
	v.screen.chunks(v.chunks)
}

// passWords says what a pass is for, by the name that Advance gives its list of chunks.
var passWords = []struct{ name, says string }{
	{"replace-open", "the first chunk goes alone: it begins the replace, which takes everybody out who was in the audience"},
	{"replace-fill", "now the other chunks, into the same replace"},
	{"replace-close", "now the batch that ends the replace"},
	{"replace-end", "an earlier run's replace was left open: now the batch that ends it"},
	{"replace-rest", "now the rows that the replace could not carry are added"},
	{"leaves", "first those who leave the audience"},
	{"joins", "now those who join it"},
}

// say tells what the pass that begins is for.
func (v *view) say(e asl.Event) {
	if e.Detail == nil {
		return
	}
	list, _ := field(field(field(e.Detail.Input, "planned"), "plan"), "list").(string)
	for _, p := range passWords {
		if strings.HasPrefix(list, strings.TrimSuffix(audience.ChunkListFile(p.name), ".json")) {
			v.screen.note(p.says)
		}
	}
}

func field(object any, name string) any {
	fields, _ := object.(map[string]any)
	return fields[name]
}

// wait begins the line of a wait for Meta. It takes many states, with a look by Advance in between, and is one line.
func (v *view) wait(at time.Time) {
	if _, waiting := v.active[wait]; !waiting {
		v.begin(wait, at)
		v.screen.note("waiting until Meta is done with the audience; that may take hours")
	}
}

func (v *view) task(e asl.Event) {
	failed := e.Type == asl.TaskFailed || e.Type == asl.TaskTimedOut
	switch {
	case e.State == "Advance" && failed:
		v.screen.note("Advance failed")
		return
	case e.State == "Advance":
		return // it is short, and runs after each wait: its lines would hide the others
	case e.State == "Report":
		v.end(wait, e.Time, "done")
	}
	switch e.Type {
	case asl.TaskScheduled:
		v.begin(e.State, e.Time)
	case asl.TaskSucceeded:
		v.end(e.State, e.Time, "done")
	case asl.TaskFailed, asl.TaskTimedOut:
		v.end(e.State, e.Time, "failed")
	}
}

func (v *view) chunk(e asl.Event) {
	switch {
	case e.Type == asl.ExecutionSucceeded:
		v.chunks.done++
	case e.Type == asl.ExecutionFailed:
		v.chunks.failed++
		v.screen.note(fmt.Sprintf("%s %d of %d failed: the report says why", v.chunks.unit, *e.Index+1, v.chunks.total))
	case e.Entered() && (e.State == "WaitToRetryChunk" || e.State == "WaitForMeta"):
		v.screen.note(fmt.Sprintf("%s %d of %d ended early; waiting to start it again", v.chunks.unit, *e.Index+1, v.chunks.total))
		return
	default:
		return
	}
	v.screen.chunks(v.chunks)
}

func (v *view) begin(stage string, at time.Time) {
	v.active[stage] = at
	v.screen.begin(stage)
}

func (v *view) end(stage string, at time.Time, outcome string) {
	started, ok := v.active[stage]
	if !ok {
		return
	}
	delete(v.active, stage)
	v.screen.end(stage, at.Sub(started), outcome)
}

// close ends what an end of the execution left open.
func (v *view) close() {
	for stage, started := range v.active {
		v.screen.end(stage, time.Since(started), "stopped")
	}
	v.screen.close()
}

// String tells how far the Map is.
func (t tally) String() string {
	text := fmt.Sprintf("%s: %d of %d %s", t.stage, t.done, t.total, t.units())
	if t.failed > 0 {
		text += fmt.Sprintf(", %d failed", t.failed)
	}
	return text
}

func (t tally) units() string {
	if t.total == 1 {
		return t.unit
	}
	return t.unit + "s"
}
