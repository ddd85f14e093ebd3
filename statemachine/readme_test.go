package statemachine

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite what is generated from the definition")

const (
	readme    = "README.md"
	beginMark = "<!-- begin generated: make generate -->\n"
	endMark   = "<!-- end generated -->\n"
)

// The pictures and tables in README.md are made of the definition.
func TestReadmeIsCurrent(t *testing.T) {
	text, err := os.ReadFile(readme)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(text), beginMark)
	require.True(t, ok, "no %s", beginMark)
	old, after, ok := strings.Cut(rest, endMark)
	require.True(t, ok, "no %s", endMark)
	current := describe(readOutline(t, Definition), chapters) + describe(readOutline(t, StarterDefinition), starterChapters)
	if *update {
		require.NoError(t, os.WriteFile(readme, []byte(before+beginMark+current+endMark+after), 0o644))
		return
	}
	assert.Equal(t, current, old, "run make generate")
}

func TestReadmeShowsEveryState(t *testing.T) {
	showsEveryState(t, readOutline(t, Definition), chapters)
	showsEveryState(t, readOutline(t, StarterDefinition), starterChapters)
}

func showsEveryState(t *testing.T, o outline, chapters []chapter) {
	t.Helper()
	require.NotEmpty(t, o.States)
	text := describe(o, chapters)
	var check func(outline)
	check = func(o outline) {
		for _, s := range o.States {
			assert.Equal(t, 1, strings.Count(text, "| "+s.name+" |"), "%s is in one table", s.name)
			assert.NotEmpty(t, s.Comment, "%s says why it is there", s.name)
			assert.Contains(t, text, s.Comment)
			for _, branch := range s.Branches {
				check(branch)
			}
			if s.ItemProcessor != nil {
				check(*s.ItemProcessor)
			}
		}
	}
	check(o)
}

// What is written changes with the definition, and so a stale page is noticed.
func TestReadmeFollowsTheDefinition(t *testing.T) {
	o := readOutline(t, Definition)
	before := describe(o, chapters)
	i := o.States.index("ChooseStep")
	o.States[i].Default = "Report"
	assert.NotEqual(t, before, describe(o, chapters))
}

// describe gives a drawing and a table for each chapter.
func describe(o outline, chapters []chapter) string {
	var b strings.Builder
	for i, c := range chapters {
		all := o.section(chapters, i)
		b.WriteString("\n### " + c.title + "\n\n" + mermaid(all) + "\n" + table(all))
		for _, s := range all {
			if s.ItemProcessor != nil {
				b.WriteString("\n### " + chunkTitle + "\n\n" + mermaid(s.ItemProcessor.States) + "\n" + table(s.ItemProcessor.States))
			}
		}
	}
	b.WriteString("\n")
	return b.String()
}

func table(all states) string {
	var b strings.Builder
	b.WriteString("| State | Does | Why |\n|---|---|---|\n")
	var row func(*state)
	row = func(s *state) {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", s.name, s.does(), s.Comment)
		for _, branch := range s.Branches {
			for _, inner := range branch.States {
				row(inner)
			}
		}
	}
	for _, s := range all {
		row(s)
	}
	return b.String()
}
