package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

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
	if isUpload(stage) {
		return // chunks knows the total and draws it
	}
	s.bars[stage] = s.progress.New(1, mpb.SpinnerStyle().PositionLeft(), mpb.PrependDecorators(nameOf(stage)),
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
	bar.Abort(!isUpload(stage)) // a spinner that stands still says nothing; how far the upload came does
	s.note(stage + " " + outcome)
}

func (s *liveScreen) note(line string) { _, _ = fmt.Fprintln(s.progress, line) }

func (s *liveScreen) chunks(t tally) {
	bar := s.bars[t.stage]
	if bar == nil {
		bar = s.progress.AddBar(int64(max(t.total, 1)),
			mpb.PrependDecorators(nameOf(t.stage)),
			mpb.AppendDecorators(decor.CountersNoUnit("%d of %d "+t.units()+" "), decor.Elapsed(decor.ET_STYLE_GO)))
		s.bars[t.stage] = bar
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

func nameOf(stage string) decor.Decorator {
	return decor.Name(stage, decor.WC{W: 12, C: decor.DindentRight})
}

// isUpload tells the Map's stages: "Upload", or "Upload 2" in an upload of several passes.
func isUpload(stage string) bool { return strings.HasPrefix(stage, "Upload") }
