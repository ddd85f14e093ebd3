package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A sample is what one run of a measurement gave.
type sample struct {
	Rows    int64   `json:"rows"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu"`     // seconds of all cores together: less moved by neighbours than the time
	Allocs  float64 `json:"allocs"`  // for each row
	Peak    int64   `json:"peak"`    // bytes of memory that the process had at most
	Digest  string  `json:"digest"`  // of all that was made, where it is compared
	Missing string  `json:"missing"` // why it could not be made
}

// A measurement is one way to do a piece of work.
type measurement struct {
	name string
	what string // in the table
	// cores that it is made with; none: all that are asked for
	cores []int
	run   func(ctx context.Context, d dataset, cores int) (sample, error)
}

// child makes one measurement in this process and prints it. cores is GOMAXPROCS, which the parent sets.
func child(ctx context.Context, o options, d dataset, stdout io.Writer) error {
	i := slices.IndexFunc(measurements, func(m measurement) bool { return m.name == o.measure })
	if i < 0 {
		return fmt.Errorf("there is no measurement %q", o.measure)
	}
	s, err := measurements[i].run(ctx, d, runtime.GOMAXPROCS(0))
	if err != nil {
		return fmt.Errorf("measure %s: %w", o.measure, err)
	}
	if s.Peak == 0 {
		s.Peak = peak()
	}
	return json.NewEncoder(stdout).Encode(s)
}

// timed runs work and measures it. What was set up before does not count.
func timed(rows int64, work func() error) (sample, error) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	started, used := time.Now(), cpu()
	err := work()
	took, burnt := time.Since(started), cpu()-used
	runtime.ReadMemStats(&after)
	return sample{Rows: rows, Seconds: took.Seconds(), CPU: burnt.Seconds(), Allocs: float64(after.Mallocs-before.Mallocs) / float64(rows)}, err
}

// cpu is what this process has used of its processors so far.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak is the most memory that this process has had so far, as Linux tells; elsewhere 0.
func peak() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		if kilobytes, is := bytes.CutPrefix(line, []byte("VmHWM:")); is {
			n, _ := strconv.ParseInt(strings.Fields(string(kilobytes))[0], 10, 64)
			return n << 10
		}
	}
	return 0
}

// A result is the samples of a measurement with a number of cores.
type result struct {
	measurement
	cores   int
	samples []sample
}

// median is the sample in the middle by time.
func (r *result) median() sample {
	sorted := slices.SortedFunc(slices.Values(r.samples), func(a, b sample) int { return int((a.Seconds - b.Seconds) * 1e9) })
	return sorted[len(sorted)/2]
}

// measureAll makes every measurement, round by round, so that a neighbour who is noisy for a while is so to all.
func measureAll(ctx context.Context, o options) (*results, error) {
	var all []*result
	for _, m := range measurements {
		if !strings.Contains(m.name, o.only) {
			continue
		}
		cores := m.cores
		if cores == nil {
			cores = o.cores
		}
		for _, n := range cores {
			if n <= runtime.NumCPU() {
				all = append(all, &result{measurement: m, cores: n})
			}
		}
	}
	for round := range o.repeat {
		for _, r := range all {
			if len(r.samples) > 0 && r.samples[0].Missing != "" {
				continue
			}
			s, err := inChild(ctx, o, r)
			if err != nil {
				return nil, err
			}
			r.samples = append(r.samples, s)
			fmt.Fprintf(os.Stderr, "%d/%d  %-22s %d core(s)  %8.1f ns/row %s\n", round+1, o.repeat, r.name, r.cores, s.perRow(), s.Missing)
		}
	}
	return &results{options: o, all: all}, nil
}

func (s sample) perRow() float64 { return s.Seconds * 1e9 / float64(max(s.Rows, 1)) }

func inChild(ctx context.Context, o options, r *result) (sample, error) {
	self, err := os.Executable()
	if err != nil {
		return sample{}, err
	}
	cmd := exec.CommandContext(ctx, self, "-measure", r.name, "-rows", strconv.FormatInt(o.rows, 10), "-data", o.data) //nolint:gosec // ourselves
	cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(r.cores))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return sample{}, fmt.Errorf("run measurement %s: %w", r.name, err)
	}
	var s sample
	if err := json.Unmarshal(out, &s); err != nil {
		return sample{}, fmt.Errorf("read what measurement %s printed: %w", r.name, err)
	}
	return s, nil
}
