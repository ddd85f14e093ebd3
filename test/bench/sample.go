package main

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A sample is what one run of a measurement gave.
type sample struct {
	Rows    int64   `json:"rows"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu"`    // seconds of all cores together: less moved by neighbours than the time
	Allocs  float64 `json:"allocs"` // for each row; below 0: nobody knows
	Peak    int64   `json:"peak"`   // bytes of memory that the process had at most; below 0: nobody knows

	Parts   []part `json:"parts,omitempty"`   // of which the whole consists
	Hot     []part `json:"hot,omitempty"`     // functions in which it spends most
	Digest  string `json:"digest,omitempty"`  // of all that was made, where it is compared
	Missing string `json:"missing,omitempty"` // why it could not be made
}

// A part of a sample: nanoseconds or allocations for a row, or a share of the whole.
type part struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// part gives the value of a part by its name, or 0.
func (s *sample) part(name string) float64 {
	for _, p := range s.Parts {
		if p.Name == name {
			return p.Value
		}
	}
	return 0
}

func (s *sample) perRow() float64 { return s.Seconds * 1e9 / float64(max(s.Rows, 1)) }

func (s *sample) cpuPerRow() float64 { return s.CPU * 1e9 / float64(max(s.Rows, 1)) }

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

// add puts the time of another piece of the same rows' work to a sample, as a part.
func (s *sample) add(name string, piece sample) {
	s.Rows = piece.Rows
	s.Seconds += piece.Seconds
	s.CPU += piece.CPU
	s.Allocs += piece.Allocs
	s.Parts = append(s.Parts, part{name, piece.perRow()})
}

// cpu is what this process has used of its processors so far.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak is the most memory that this process has had so far, as Linux tells; elsewhere -1.
func peak() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return -1
	}
	for line := range bytes.Lines(status) {
		if kilobytes, is := bytes.CutPrefix(line, []byte("VmHWM:")); is {
			n, _ := strconv.ParseInt(strings.Fields(string(kilobytes))[0], 10, 64)
			return n << 10
		}
	}
	return -1
}
