package main

import (
	"fmt"
	"strings"
)

// memoryPage is the results of the measurements of memory as Markdown.
func (r *results) memoryPage() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# What memory it takes\n\n`make bench-memory`, %s. %s.\n", today(), machine())
	fmt.Fprintf(&b, "Each in a process of its own, on one core, once. A file has %s rows; several are links to the same one.\n"+
		"[RESULTS.md](RESULTS.md) says how fast it is.\n\n", thousands(float64(r.options.rows)))
	b.WriteString("The most memory that the process had, whatever it was for.\n\n| what | rows | peak memory | wanted |\n|---|--:|--:|---|\n")
	for _, one := range r.all {
		if len(one.samples) == 0 {
			continue
		}
		wanted := atMost(256)
		if strings.Contains(one.name, "prepare") {
			wanted = atMost(512)
		}
		m := one.median()
		fmt.Fprintf(&b, "| %s | %s | %s | %s: %s |\n", one.what, thousands(float64(m.Rows)), megabytes(m), wanted, wanted.verdict(mebibytes(m)))
	}
	b.WriteString("\n## Flat\n\nHow much more memory the largest input takes than the smallest.\n\n| | is | wanted | |\n|---|--:|--:|---|\n")
	for _, line := range []ratio{
		r.moreMemory("upload, 100 files / 1", "memory-upload-100", "memory-upload-1"),
		r.moreMemory("prepare, 100 files / 1", "memory-prepare-100", "memory-prepare-1"),
	} {
		b.WriteString(line.row())
	}
	return b.String()
}

// flat is what counts as no more memory: how much garbage lies about at the worst moment varies as much, and a hundred times the
// rows have more such moments.
const flat = 1.5

func (r *results) moreMemory(what, name, than string) ratio {
	s, made := r.of(name, 1)
	t, madeToo := r.of(than, 1)
	return ratio{what, mebibytes(s) / mebibytes(t), made && madeToo, atMost(flat)}
}
