package main

import (
	"bytes"
	"cmp"
	"context"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/google/pprof/profile"
)

const (
	// profiled is for how long an upload is profiled, again and again if it is short: a hundred times a second it is looked at.
	profiled = 10 * time.Second
	hottest  = 10 // functions are named
)

// steps profiles uploads, and says what each step takes of a row and which functions take most.
func steps(ctx context.Context, d dataset, cores int) (sample, error) {
	b, chunks, err := planned(ctx, filepath.Dir(d.zstd()), d.rows, chunkRows)
	if err != nil {
		return sample{}, err
	}
	defer b.close()
	to := &sink{received: map[int64]int64{}}
	var taken bytes.Buffer
	if err := pprof.StartCPUProfile(&taken); err != nil {
		return sample{}, err
	}
	var all sample
	for all.Seconds < profiled.Seconds() {
		s, err := timed(d.rows, func() error { return b.upload(ctx, chunks, to, cores) })
		if err == nil {
			err = b.again(ctx)
		}
		if err != nil {
			pprof.StopCPUProfile()
			return sample{}, err
		}
		all.Rows, all.Seconds, all.CPU, all.Allocs = all.Rows+s.Rows, all.Seconds+s.Seconds, all.CPU+s.CPU, s.Allocs
	}
	pprof.StopCPUProfile()
	p, err := profile.Parse(&taken)
	if err != nil {
		return sample{}, err
	}
	all.Parts, all.Hot = attribute(p, all.cpuPerRow())
	return all, nil
}

// stepNames are the steps of an upload, in their order.
var stepNames = []string{"decode", "normalise", "hash", "hex", "body", "rest"}

// attribute divides what a row takes among the steps, and finds the functions that take most, as shares of the whole.
func attribute(p *profile.Profile, perRow float64) (parts, hot []part) {
	const used = 1 // a sample's second value is the time; its first one counts
	steps, functions, all := map[string]float64{}, map[string]float64{}, 0.0
	for _, s := range p.Sample {
		value := float64(s.Value[used])
		all += value
		names := stack(s)
		steps[stepOf(names)] += value
		if len(names) > 0 {
			functions[names[0]] += value
		}
	}
	for _, name := range stepNames {
		parts = append(parts, part{name, steps[name] / all * perRow})
	}
	for name, value := range functions {
		hot = append(hot, part{name, value / all})
	}
	slices.SortFunc(hot, func(a, b part) int { return cmp.Or(cmp.Compare(b.Value, a.Value), cmp.Compare(a.Name, b.Name)) })
	return parts, hot[:min(len(hot), hottest)]
}

// stack are the functions that a sample was taken in, the innermost first.
func stack(s *profile.Sample) (names []string) {
	for _, location := range s.Location {
		for _, line := range location.Line { // more than one where a function was inlined
			if line.Function != nil {
				names = append(names, line.Function.Name)
			}
		}
	}
	return names
}

const ours = "github.com/cleanreach/cleanreach/internal/"

// stepOf tells what a sample is of by the innermost function of ours: what that calls of other packages is work for it.
func stepOf(names []string) string {
	i := slices.IndexFunc(names, func(name string) bool { return strings.HasPrefix(name, ours) })
	if i < 0 {
		return "rest"
	}
	in, function, _ := strings.Cut(strings.TrimPrefix(names[i], ours), ".")
	switch in {
	case "table":
		return "decode"
	case "identity", "person":
		return "normalise"
	case "sha":
		if writesHex(function) {
			return "hex"
		}
		return "hash"
	case "meta":
		return "body"
	}
	return "rest"
}

// writesHex reports whether a function of internal/sha is one of those that write digests down.
func writesHex(function string) bool {
	lower := strings.ToLower(function)
	return strings.Contains(lower, "hex") || strings.Contains(lower, "quoted") || strings.Contains(function, "(*Rows)") || strings.Contains(function, "(*Digest)")
}
