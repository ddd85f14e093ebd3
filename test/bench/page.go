package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// The measurements, in the order of the table. A name ends in what it reads.
var measurements = []measurement{
	{name: "hot-zstd", what: "upload without network, zstd", run: uploadTo(dataset.zstd, newSink(false))},
	{name: "hot-snappy", what: "upload without network, snappy", run: uploadTo(dataset.snappy, newSink(false))},
	{name: "step-read", what: "of that, reading the columns", cores: []int{1}, run: reading(false)},
	{name: "step-convert", what: "of that, reading, normalising and hashing", cores: []int{1}, run: reading(true)},
	{name: "loopback-zstd", what: "upload over HTTP to a server in the same process", run: uploadTo(dataset.zstd, loopback)},
	{name: "prepare-csv", what: "prepare from CSV", run: prepareFrom(dataset.csv, "csv", csvColumns, csvKept)},
	{name: "prepare-parquet", what: "prepare from Parquet", run: prepareFrom(dataset.zstd, "parquet", parquetColumns, "[]")},
	{name: "plan-1000", what: "plan of 1,000 files (a row is a file)", cores: []int{1}, run: planMany},
	{name: "duckdb-hash", what: "DuckDB: normalise and hash by SQL, no body", run: duckHash},
	{name: "duckdb-prepare", what: "DuckDB: the prepared columns by SQL from CSV", run: duckPrepare},
	{name: "plain-go", what: "Go with row structs and encoding/json", cores: []int{1}, run: plainGo(false)},
	{name: "python", what: "Python: re and hashlib", cores: []int{1}, run: script("python3", "-c", python)},
	{name: "node", what: "Node.js: node:crypto", cores: []int{1}, run: script("node", "-e", node)},
	{name: "same-ours", what: "digest of all bodies", cores: []int{1}, run: uploadTo(dataset.zstd, newSink(true))},
	{name: "same-plain-go", what: "digest of all bodies of the Go above", cores: []int{1}, run: plainGo(true)},
}

// results are all that was measured.
type results struct {
	options options
	all     []*result
}

// of gives the median of a measurement; ok is false when it was not made.
func (r *results) of(name string, cores int) (s sample, ok bool) {
	for _, one := range r.all {
		if one.name == name && one.cores == cores && len(one.samples) > 0 && one.samples[0].Missing == "" {
			return one.median(), true
		}
	}
	return sample{}, false
}

// page is the results as Markdown.
func (r *results) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# How fast it is\n\n`make bench BENCH_ROWS=%d`, %s. %s.\nMedians of %d runs, each in a process of its own.\n\n", r.options.rows, time.Now().UTC().Format("2 January 2006"), machine(), r.options.repeat)
	b.WriteString("| what | cores | rows/s | ns/row | CPU ns/row | allocations/row | peak memory | slowest ns/row |\n|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, one := range r.all {
		if len(one.samples) == 0 {
			continue
		}
		if missing := one.samples[0].Missing; missing != "" {
			fmt.Fprintf(&b, "| %s | %d | not measured: %s | | | | | |\n", one.what, one.cores, missing)
			continue
		}
		m := one.median()
		slowest := m.perRow()
		for _, s := range one.samples {
			slowest = max(slowest, s.perRow())
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %.0f | %s | %s | %s | %.0f |\n", one.what, one.cores, thousands(float64(m.Rows)/m.Seconds), m.perRow(), burnt(m), allocs(m), megabytes(m), slowest)
	}
	b.WriteString("\n## Held against each other\n\n| | ratio | wanted | |\n|---|--:|--:|---|\n")
	for _, line := range r.ratios() {
		fmt.Fprintf(&b, "| %s | %.2f | %s | %s |\n", line.what, line.got, line.wanted(), line.verdict())
	}
	b.WriteString(r.same())
	return b.String()
}

// A ratio is one figure that there is a target for.
type ratio struct {
	what        string
	got, target float64
	least       bool // the target is the least; otherwise the most
}

func (r ratio) wanted() string {
	return map[bool]string{true: "at least ", false: "at most "}[r.least] + fmt.Sprint(r.target)
}

func (r ratio) verdict() string {
	if (r.got >= r.target) == r.least || r.got == r.target {
		return "reached"
	}
	return "not reached"
}

func (r *results) ratios() []ratio {
	var all []ratio
	add := func(what string, target float64, a, b string, cores int) { // a on one core
		x, hasX := r.of(a, 1)
		y, hasY := r.of(b, cores)
		if hasX && hasY {
			all = append(all, ratio{what, x.perRow() / y.perRow(), target, true})
		}
	}
	if s, ok := r.of("hot-zstd", 1); ok {
		all = append(all, ratio{"upload without network, ns/row on one core", s.perRow(), 480, false}, ratio{"its allocations a row", s.Allocs, 0.01, false})
	}
	add("DuckDB's SQL that only hashes / ours", 10, "duckdb-hash", "hot-zstd", 1)
	add("plain Go / ours", 8, "plain-go", "hot-zstd", 1)
	add("Python / ours", 10, "python", "hot-zstd", 1)
	add("Node.js / ours", 10, "node", "hot-zstd", 1)
	add("ours on one core / on two", 1.8, "hot-zstd", "hot-zstd", 2)
	if s, ok := r.of("prepare-csv", 1); ok {
		all = append(all, ratio{"prepare from CSV, thousand rows/s on one core", float64(s.Rows) / s.Seconds / 1000, 350, true})
	}
	add("DuckDB's SQL that prepares / ours, one core", 1, "duckdb-prepare", "prepare-csv", 1)
	if s, ok := r.of("plan-1000", 1); ok {
		all = append(all, ratio{"plan of 1,000 files, seconds", s.Seconds, 2, false})
	}
	for _, memory := range []struct {
		name   string
		target float64
	}{{"hot-zstd", 256}, {"hot-snappy", 256}, {"prepare-csv", 512}, {"prepare-parquet", 512}} {
		if s, ok := r.of(memory.name, 1); ok && s.Peak > 0 {
			all = append(all, ratio{"peak memory of " + memory.name + " on one core, MiB", float64(s.Peak) / (1 << 20), memory.target, false})
		}
	}
	return all
}

// same says whether the bodies are those of the plain version, byte for byte.
func (r *results) same() string {
	ours, has := r.of("same-ours", 1)
	plain, hasPlain := r.of("same-plain-go", 1)
	if !has || !hasPlain {
		return ""
	}
	if ours.Digest != plain.Digest {
		return "\n**The bodies are not those of the plain version.**\n"
	}
	return fmt.Sprintf("\nThe bodies of all %s rows are, byte for byte, those that the plain version makes.\n", thousands(float64(ours.Rows)))
}

func burnt(s sample) string {
	if s.CPU == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f", s.CPU*1e9/float64(s.Rows))
}

func allocs(s sample) string {
	if s.Allocs < 0 {
		return "–"
	}
	return fmt.Sprintf("%.3f", s.Allocs)
}

func megabytes(s sample) string {
	if s.Peak <= 0 {
		return "–"
	}
	return fmt.Sprintf("%d MiB", s.Peak>>20)
}

func thousands(n float64) string {
	text := fmt.Sprintf("%.0f", n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// machine describes what the figures were measured on.
func machine() string {
	processor, memory := "", ""
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range bytes.Lines(info) {
			if _, name, is := bytes.Cut(line, []byte("model name\t: ")); is {
				processor = strings.TrimSpace(string(name))
				break
			}
		}
	}
	if info, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kilobytes int64
		if _, err := fmt.Sscanf(string(info), "MemTotal: %d kB", &kilobytes); err == nil {
			memory = fmt.Sprintf(", %d GiB", (kilobytes+1<<19)>>20)
		}
	}
	duckdb := ""
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range build.Deps {
			if dep.Path == "github.com/duckdb/duckdb-go/v2" {
				duckdb = ", duckdb-go " + dep.Version
			}
		}
	}
	return fmt.Sprintf("%s (%s/%s), %d cores%s; %s%s", cmp.Or(processor, "unknown processor"), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), memory, runtime.Version(), duckdb)
}
