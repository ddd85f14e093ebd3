package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRatiosSayWhetherATargetIsReached(t *testing.T) {
	r := results{all: []*result{
		{measurement: measurement{name: "fast"}, cores: 1, samples: []sample{{Rows: 1000, Seconds: 0.001}, {Rows: 1000, Seconds: 0.009}, {Rows: 1000, Seconds: 0.002}}},
		{measurement: measurement{name: "slow"}, cores: 1, samples: []sample{{Rows: 10, Seconds: 0.0002}}},
		{measurement: measurement{name: "absent"}, cores: 1, samples: []sample{{Missing: "it is not installed"}}},
	}}
	for want, line := range map[string]ratio{
		"| a | 10.00 | at least 10 | reached |\n":       r.over("a", "slow", 1, "fast", 1, atLeast(10)),
		"| b | 10.00 | at least 10.1 | not reached |\n": r.over("b", "slow", 1, "fast", 1, atLeast(10.1)),
		"| c | not measured | at least 1 | |\n":         r.over("c", "slow", 1, "absent", 1, atLeast(1)),
		"| d | not measured | at most 1 | |\n":          r.over("d", "slow", 1, "slow", 2, atMost(1)),
		"| e | 2000 | at most 1999.5 | not reached |\n": r.figure("e", "fast", nanoseconds, atMost(1999.5)),
		"| f | 2000 | – |  |\n":                         r.figure("f", "fast", nanoseconds, target{}),
		"| g | 0.0020 | at most 0.01 | reached |\n":     r.figure("g", "fast", func(s sample) float64 { return s.Seconds }, atMost(0.01)),
		"| h | not measured | at least 2 | |\n":         r.figure("h", "no such", nanoseconds, atLeast(2)),
	} {
		assert.Equal(t, want, line.row())
	}
}
