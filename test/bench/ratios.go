package main

import "fmt"

// A ratio is one figure, and what is wanted of it.
type ratio struct {
	what   string
	got    float64
	made   bool // it was measured
	wanted target
}

// A target is the least or the most that a figure should be; neither: it is told, and nothing is wanted of it.
type target struct {
	least, most float64
}

func (t target) String() string {
	switch {
	case t.least > 0:
		return fmt.Sprint("at least ", t.least)
	case t.most > 0:
		return fmt.Sprint("at most ", t.most)
	}
	return "–"
}

func (t target) verdict(got float64) string {
	switch {
	case t == target{}:
		return ""
	case got >= t.least && (t.most == 0 || got <= t.most):
		return "reached"
	}
	return "not reached"
}

// row is the ratio as a row of a table.
func (r ratio) row() string {
	if !r.made {
		return fmt.Sprintf("| %s | not measured | %s | |\n", r.what, r.wanted)
	}
	return fmt.Sprintf("| %s | %.*f | %s | %s |\n", r.what, digits(r.got), r.got, r.wanted, r.wanted.verdict(r.got))
}

// digits is how many digits behind the point are worth printing.
func digits(n float64) int {
	switch {
	case n >= 100:
		return 0
	case n >= 0.1:
		return 2
	}
	return 4
}

func atLeast(n float64) target { return target{least: n} }
func atMost(n float64) target  { return target{most: n} }

// ratios are the figures that something is wanted of.
func (r *results) ratios() []ratio {
	seconds := func(s sample) float64 { return s.Seconds }
	million := func(s sample) float64 { return float64(s.Rows) / s.Seconds / 1e6 }
	thousand := func(s sample) float64 { return float64(s.Rows) / s.Seconds / 1e3 }
	all := []ratio{
		r.figure("upload without network, million rows/s on one core", "hot-zstd", million, atLeast(2)),
		r.figure("upload without network, ns/row on one core", "hot-zstd", nanoseconds, atMost(480)),
		r.over("the same / the floor", "hot-zstd", 1, "floor", 1, atMost(1.9)),
		r.figure("upload hashed by crypto/sha256 alone, ns/row on one core", "hot-plainsha", nanoseconds, atMost(850)),
		r.over("DuckDB's SQL that only hashes / ours", "duckdb-hash", 1, "hot-zstd", 1, atLeast(10)),
		r.over("the same without dictionaries, where DuckDB hashes every value", "duckdb-hash-plain", 1, "hot-plain", 1, atLeast(10)),
		r.over("plain Go / ours", "plain-go", 1, "hot-zstd", 1, atLeast(8)),
		r.over("Python / ours", "python", 1, "hot-zstd", 1, atLeast(10)),
		r.over("Node.js / ours", "node", 1, "hot-zstd", 1, atLeast(10)),
		r.over("ours on one core / on two", "hot-zstd", 1, "hot-zstd", 2, atLeast(1.8)),
		r.over("nothing but hashing on one core / on two: what these cores are worth", "spin", 1, "spin", 2, target{}),
		r.figure("prepare from CSV, thousand rows/s on one core", "prepare-csv", thousand, atLeast(350)),
		r.over("DuckDB's SQL that prepares / ours, one core", "duckdb-prepare", 1, "prepare-csv", 1, atLeast(1)),
		r.over("DuckDB's SQL that prepares / ours, two cores", "duckdb-prepare", 2, "prepare-csv", 2, atLeast(1)),
		r.figure("plan of 1,000 files, seconds", "plan-1000", seconds, atMost(2)),
		r.figure("allocations a row of an upload that has begun", "steady", func(s sample) float64 { return s.Allocs }, target{}),
		r.figure("of those, for a batch of 10,000 rows: receipt, and whether to stop", "steady", partOf("batch"), target{}),
		r.figure("of those, for a row", "steady", partOf("row"), atMost(0.01)),
	}
	for _, m := range []struct {
		name string
		most float64
	}{{"hot-zstd", 256}, {"hot-snappy", 256}, {"hot-plain", 256}, {"prepare-csv", 512}, {"prepare-parquet", 512}} {
		all = append(all, r.figure("peak memory of "+m.name+" on one core, MiB", m.name, mebibytes, atMost(m.most)))
	}
	return all
}

func nanoseconds(s sample) float64 { return s.perRow() }

func mebibytes(s sample) float64 { return float64(s.Peak) / (1 << 20) }

func partOf(name string) func(sample) float64 {
	return func(s sample) float64 { return s.part(name) }
}

// figure is one of a measurement on one core.
func (r *results) figure(what, name string, of func(sample) float64, wanted target) ratio {
	s, made := r.of(name, 1)
	return ratio{what, of(s), made, wanted}
}

// over is how much longer a row takes in one measurement than in another.
func (r *results) over(what, name string, cores int, than string, thanCores int, wanted target) ratio {
	s, made := r.of(name, cores)
	t, madeToo := r.of(than, thanCores)
	return ratio{what, s.perRow() / t.perRow(), made && madeToo, wanted}
}
