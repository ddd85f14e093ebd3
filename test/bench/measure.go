package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// A runner makes a measurement with a number of cores.
type runner func(ctx context.Context, d dataset, cores int) (sample, error)

// child makes one measurement in this process and prints it. GOMAXPROCS, which the parent sets, says with how many cores.
func child(ctx context.Context, o options, d dataset, stdout io.Writer) error {
	all := slices.Concat(speed, memory)
	i := slices.IndexFunc(all, func(m measurement) bool { return m.name == o.measure })
	if i < 0 {
		return fmt.Errorf("there is no measurement %q", o.measure)
	}
	s, err := all[i].run(ctx, d, runtime.GOMAXPROCS(0))
	if err != nil {
		return fmt.Errorf("measure %s: %w", o.measure, err)
	}
	if s.Peak == 0 {
		s.Peak = peak()
	}
	return json.NewEncoder(stdout).Encode(s)
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

// slowest is what a row took in the slowest sample.
func (r *result) slowest() (ns float64) {
	for _, s := range r.samples {
		ns = max(ns, s.perRow())
	}
	return ns
}

// missing is why a measurement could not be made, or nothing.
func (r *result) missing() string {
	if len(r.samples) == 0 {
		return ""
	}
	return r.samples[0].Missing
}

// measureAll makes every measurement, round by round, so that a neighbour who is noisy for a while is so to all.
func measureAll(ctx context.Context, o options, list []measurement) (*results, error) {
	all := o.pick(list)
	for round := range o.repeat {
		for _, r := range all {
			if r.missing() != "" || r.once && round > 0 {
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

// pick gives the measurements that are asked for, with each number of cores that there are.
func (o *options) pick(list []measurement) (all []*result) {
	for _, m := range list {
		if !slices.ContainsFunc(strings.Split(o.only, ","), func(part string) bool { return strings.Contains(m.name, part) }) {
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
	return all
}

func inChild(ctx context.Context, o options, r *result) (sample, error) {
	program, err := os.Executable()
	if err != nil {
		return sample{}, err
	}
	if r.binary != "" {
		program = filepath.Join(filepath.Dir(program), r.binary)
		if _, err := os.Stat(program); errors.Is(err, fs.ErrNotExist) { //nolint:gosec // beside ourselves
			return sample{Missing: r.binary + " is not built"}, nil
		}
	}
	cmd := exec.CommandContext(ctx, program, "-measure", r.name, "-rows", strconv.FormatInt(o.rows, 10), "-data", o.data) //nolint:gosec // ourselves
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
