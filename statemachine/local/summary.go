package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/local"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// summarise tells what became of every row, when the run came as far as its report, and where everything lies.
func (m *machine) summarise(ctx context.Context, w io.Writer) error {
	var report audience.Report
	err := m.work.Sub(m.runDir()).ReadJSON(ctx, audience.ReportFile, &report)
	if err := m.writeTasks(); err != nil {
		return err
	}
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(w, "\nfiles   %s/\n", m.shown)
		return nil
	}
	if err != nil {
		return err
	}
	writeRows(w, report)
	m.writeStages(w)
	fmt.Fprintf(w, "\nfiles   %s/\nreport  %s\n", m.shown, storage.FileURL(filepath.Join(m.shown, audience.ReportPage)))
	return nil
}

// A stageUse is what the tasks of one stage took together.
type stageUse struct {
	tasks int
	took  time.Duration
	peak  int64
}

// writeStages tells what each stage took on this machine.
func (m *machine) writeStages(w io.Writer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	use := map[string]stageUse{}
	var order []string
	for _, s := range m.stopped {
		name := s.Command[0]
		u, known := use[name]
		if !known {
			order = append(order, name)
		}
		use[name] = stageUse{u.tasks + 1, u.took + s.Took, max(u.peak, s.PeakRSS)}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\nstage\ttasks\tseconds\tpeak MiB\t\n")
	for _, name := range order {
		u := use[name]
		fmt.Fprintf(t, "%s\t%d\t%.1f\t%d\t\n", name, u.tasks, u.took.Seconds(), u.peak>>20)
	}
	_ = t.Flush()
}

// writeTasks keeps what each process took, for whoever sizes the tasks on AWS.
func (m *machine) writeTasks() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, err := os.OpenFile(filepath.Join(m.folder, "tasks.jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644) //nolint:gosec // like the run's folder
	if err != nil {
		return fmt.Errorf("write tasks: %w", err)
	}
	enc := json.NewEncoder(f)
	for _, s := range m.stopped {
		err = errors.Join(err, enc.Encode(taskLine(s)))
	}
	return errors.Join(err, f.Close())
}

func taskLine(s local.Stopped) map[string]any {
	return map[string]any{
		"stage": s.Command[0], "exit_code": s.ExitCode, "seconds": s.Took.Seconds(),
		"peak_rss_bytes": s.PeakRSS, "cpu_seconds": s.CPU.Seconds(),
	}
}
