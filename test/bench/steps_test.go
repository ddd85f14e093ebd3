package main

import (
	"testing"

	"github.com/google/pprof/profile"
	"github.com/stretchr/testify/assert"
)

func TestStepOfASample(t *testing.T) {
	for _, c := range []struct {
		step  string
		stack []string // the innermost first, ours without their beginning
	}{
		{"decode", []string{"runtime.memmove", "github.com/klauspost/compress/zstd.x", ours + "table.(*ColumnReader).Read", ours + "upload.(*source).run"}},
		{"normalise", []string{ours + "identity.isPlainNumber", ours + "person.(*Column).make", ours + "upload.(*source).take"}},
		{"normalise", []string{"github.com/zeebo/xxh3.Hash", ours + "person.(*distinct).code"}},
		{"hash", []string{ours + "sha.hashPairs", ours + "sha.(*Batch).Hash", ours + "person.(*Column).convert"}},
		{"hash", []string{"crypto/internal/fips140/sha256.blockSHANI", ours + "sha.hashPlain"}},
		{"hex", []string{ours + "sha.putQuoted", ours + "meta.(*Payload).appendPart"}},
		{"hex", []string{ours + "sha.(*Rows).putPlain", ours + "meta.(*Payload).appendPart"}},
		{"body", []string{"runtime.memmove", ours + "meta.(*Payload).Append", ours + "upload.(*group).write"}},
		{"rest", []string{ours + "upload.(*checkpoint).put"}},
		{"rest", []string{"runtime.gcDrain", "runtime.gcBgMarkWorker"}},
		{"rest", nil},
	} {
		assert.Equal(t, c.step, stepOf(c.stack), c.stack)
	}
}

func TestAttributeSharesWhatARowTakes(t *testing.T) {
	sample := func(nanoseconds int64, names ...string) *profile.Sample {
		s := &profile.Sample{Value: []int64{1, nanoseconds}}
		for _, name := range names {
			s.Location = append(s.Location, &profile.Location{Line: []profile.Line{{Function: &profile.Function{Name: name}}}})
		}
		return s
	}
	parts, hot := attribute(&profile.Profile{Sample: []*profile.Sample{
		sample(60, "runtime.memmove", ours+"table.(*ColumnReader).Read"), sample(20, "runtime.memmove", ours+"meta.(*Payload).Append"),
		sample(15, ours+"sha.hashPairs"), sample(5, "runtime.mcall"),
	}}, 500)
	assert.Equal(t, []part{{"decode", 300}, {"normalise", 0}, {"hash", 75}, {"hex", 0}, {"body", 100}, {"rest", 25}}, parts)
	assert.Equal(t, []part{{"runtime.memmove", 0.8}, {ours + "sha.hashPairs", 0.15}, {"runtime.mcall", 0.05}}, hot)
}
