package main

import (
	"fmt"
	"strings"
	"time"
)

// results are all that was measured.
type results struct {
	options options
	all     []*result
}

// of gives the median of a measurement; ok is false when it was not made.
func (r *results) of(name string, cores int) (s sample, ok bool) {
	for _, one := range r.all {
		if one.name == name && one.cores == cores && len(one.samples) > 0 && one.missing() == "" {
			return one.median(), true
		}
	}
	return sample{}, false
}

// page is the results of the measurements of speed as Markdown.
func (r *results) page() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# How fast it is\n\n`make bench BENCH_ROWS=%d BENCH_REPEAT=%d`, %s. %s.\n", r.options.rows, r.options.repeat, today(), machine())
	fmt.Fprintf(&b, "Medians of %d runs, each in a process of its own. [docs/speed.md](../../docs/speed.md) says what is fast by what, and\n"+
		"[MEMORY.md](MEMORY.md) what memory it takes as files grow.\n\n", r.options.repeat)
	b.WriteString("The customers are made up: fourteen columns, twelve of which are hashed; first names, last names, cities, states and ZIP codes of which\n" +
		"a few are frequent; an e-mail address each; phone numbers in real area codes of the US, 2 % of them broken; a device for four of five.\n" +
		"What is uploaded lies on the disk, in row groups of a million rows, and goes in chunks of as many; a run's documents are in memory, for a bucket\n" +
		"is as far away as Meta is.\n\n")
	b.WriteString("What each measurement took: time, time of all cores together, allocations and the most memory that its process had.\n\n")
	r.writeTable(&b)
	b.WriteString("\n## Held against each other\n\nEvery target that there is, and whether this run reached it.\n\n| | is | wanted | |\n|---|--:|--:|---|\n")
	for _, line := range r.ratios() {
		b.WriteString(line.row())
	}
	b.WriteString(r.same())
	r.writeSteps(&b)
	r.writeFloor(&b)
	r.writeHot(&b)
	return b.String()
}

func today() string { return time.Now().UTC().Format("2 January 2006") }

func (r *results) writeTable(b *strings.Builder) {
	b.WriteString("| what | cores | rows/s | ns/row | CPU ns/row | allocations/row | peak memory | slowest ns/row |\n|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, one := range r.all {
		switch missing := one.missing(); {
		case len(one.samples) == 0:
		case missing != "":
			fmt.Fprintf(b, "| %s | %d | not measured: %s | | | | | |\n", one.what, one.cores, missing)
		default:
			m := one.median()
			fmt.Fprintf(b, "| %s | %d | %s | %.0f | %s | %s | %s | %.0f |\n",
				one.what, one.cores, thousands(float64(m.Rows)/m.Seconds), m.perRow(), burnt(m), allocs(m), megabytes(m), one.slowest())
		}
	}
}

// writeSteps tells what the steps of an upload take.
func (r *results) writeSteps(b *strings.Builder) {
	s, ok := r.of("steps", 1)
	if !ok {
		return
	}
	b.WriteString("\n## An upload, step by step\n\nWhat a row takes of one core in each step of an upload, by a profile: the rest is Go's runtime, the batches' receipts and what joins the steps.\n\n")
	b.WriteString("| step | ns/row |\n|---|--:|\n")
	for _, p := range s.Parts {
		fmt.Fprintf(b, "| %s | %.0f |\n", p.Name, p.Value)
	}
	fmt.Fprintf(b, "| all | %.0f |\n", s.cpuPerRow())
}

// writeFloor tells what the floor consists of.
func (r *results) writeFloor(b *strings.Builder) {
	s, ok := r.of("floor", 1)
	if !ok {
		return
	}
	fmt.Fprintf(b, "\n## The floor\n\nWhat nobody can leave out, measured alone on the same file: the column pages decompressed and decoded, %.2f hashes and %.0f bytes of body a row.\n\n",
		s.part("hashes a row"), s.part("bytes a row"))
	b.WriteString("| | ns/row |\n|---|--:|\n")
	for _, name := range []string{"reading pages", "hashing", "copying"} {
		fmt.Fprintf(b, "| %s | %.0f |\n", name, s.part(name))
	}
	fmt.Fprintf(b, "| all | %.0f |\n", s.perRow())
}

// writeHot names the functions that an upload spends most in.
func (r *results) writeHot(b *strings.Builder) {
	s, ok := r.of("steps", 1)
	if !ok {
		return
	}
	b.WriteString("\n## The hottest functions\n\nThose of the same profile in which an upload itself spends most, what they call not counted.\n\n| function | share |\n|---|--:|\n")
	for _, p := range s.Hot {
		fmt.Fprintf(b, "| `%s` | %.1f %% |\n", strings.TrimPrefix(p.Name, ours), 100*p.Value)
	}
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
	return fmt.Sprintf("%.0f", s.cpuPerRow())
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
