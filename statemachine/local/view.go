package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/cleanreach/cleanreach/internal/asl"
)

// A view shows what happens: a line for each stage, and how many chunks are done. At a terminal the lines move.
type view struct {
	screen screen
	active map[string]time.Time // stages under way, by name
	chunks tally
}

// A tally counts a Map's chunks.
type tally struct{ total, done, failed int }

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

const query = "Query"

// event follows the execution. The names of states are those of audience.asl.json.
func (v *view) event(e asl.Event) {
	child := e.MapRun != "" && e.Index != nil
	switch {
	case e.Type == asl.MapRunStarted:
		v.chunks = tally{total: e.Items}
		v.begin("Upload", e.Time)
		v.screen.chunks(v.chunks)
	case child:
		v.chunk(e)
	case e.State == "BeginPolling" && e.Entered():
		v.begin(query, e.Time)
	case e.State == "RecordResult" && e.Entered():
		v.end(query, e.Time, "done")
	case e.State == "WaitToRetry" && e.Entered():
		v.screen.note("a task failed for a reason that may pass; waiting to start another")
	case e.Type == asl.MapRunSucceeded:
		v.end("Upload", e.Time, "done")
	case e.Type == asl.MapRunFailed:
		v.end("Upload", e.Time, "failed")
	case strings.HasSuffix(e.Resource, ":runTask.sync"):
		v.task(e)
	}
}

func (v *view) task(e asl.Event) {
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
		v.screen.note(fmt.Sprintf("chunk %d of %d failed: the report says why", *e.Index+1, v.chunks.total))
	case e.Entered() && (e.State == "WaitToRetryChunk" || e.State == "WaitForMeta"):
		v.screen.note(fmt.Sprintf("chunk %d of %d: its task ended early; waiting to start another", *e.Index+1, v.chunks.total))
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

// lineScreen writes lines, for logs and pipes.
type lineScreen struct {
	w    io.Writer
	last int // tenths of the chunks that were reported
}

func (s *lineScreen) begin(stage string) { s.note(stage + " started") }

func (s *lineScreen) end(stage string, took time.Duration, outcome string) {
	s.note(fmt.Sprintf("%s %s in %s", stage, outcome, took.Round(100*time.Millisecond)))
}

func (s *lineScreen) note(line string) {
	fmt.Fprintf(s.w, "%s  %s\n", time.Now().Format(time.TimeOnly), line)
}

func (s *lineScreen) chunks(t tally) {
	tenths := 10 * (t.done + t.failed) / max(t.total, 1)
	if tenths == s.last && t.total > 10 && t.done+t.failed > 0 {
		return
	}
	s.last = tenths
	s.note(t.String())
}

func (s *lineScreen) close() {}

// String tells how far the Map is.
func (t tally) String() string {
	text := fmt.Sprintf("Upload %d of %d chunks", t.done, t.total)
	if t.total == 1 {
		text = fmt.Sprintf("Upload %d of 1 chunk", t.done)
	}
	if t.failed > 0 {
		text += fmt.Sprintf(", %d failed", t.failed)
	}
	return text
}

// liveScreen keeps a line for each stage and moves it.
type liveScreen struct {
	progress *mpb.Progress
	bars     map[string]*mpb.Bar
	outcome  map[string]string
}

func newLiveScreen(f *os.File) *liveScreen {
	return &liveScreen{
		progress: mpb.New(mpb.WithOutput(f), mpb.WithWidth(40), mpb.WithRefreshRate(120*time.Millisecond)),
		bars:     map[string]*mpb.Bar{}, outcome: map[string]string{},
	}
}

func (s *liveScreen) begin(stage string) {
	name := decor.Name(stage, decor.WC{W: 12, C: decor.DindentRight})
	if stage == "Upload" {
		return // chunks knows the total and draws it
	}
	s.bars[stage] = s.progress.New(1, mpb.SpinnerStyle().PositionLeft(), mpb.PrependDecorators(name),
		mpb.AppendDecorators(decor.Elapsed(decor.ET_STYLE_GO)), mpb.BarFillerOnComplete("done"))
}

func (s *liveScreen) end(stage string, _ time.Duration, outcome string) {
	bar := s.bars[stage]
	if bar == nil {
		return
	}
	if outcome == "done" {
		bar.SetCurrent(1)
		bar.SetTotal(-1, true)
		return
	}
	bar.Abort(stage != "Upload") // a spinner that stands still says nothing; how far the upload came does
	s.note(stage + " " + outcome)
}

func (s *liveScreen) note(line string) { _, _ = fmt.Fprintln(s.progress, line) }

func (s *liveScreen) chunks(t tally) {
	bar := s.bars["Upload"]
	if bar == nil {
		bar = s.progress.AddBar(int64(max(t.total, 1)),
			mpb.PrependDecorators(decor.Name("Upload", decor.WC{W: 12, C: decor.DindentRight})),
			mpb.AppendDecorators(decor.CountersNoUnit("%d of %d chunks "), decor.Elapsed(decor.ET_STYLE_GO)))
		s.bars["Upload"] = bar
	}
	bar.SetCurrent(int64(t.done + t.failed))
}

func (s *liveScreen) close() {
	for _, bar := range s.bars {
		if !bar.Completed() {
			bar.Abort(false)
		}
	}
	s.progress.Wait()
}
