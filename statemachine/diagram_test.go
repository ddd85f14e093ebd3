package statemachine

import (
	"fmt"
	"slices"
	"strings"
)

// A chapter is a part of the definition that is drawn by itself: the states from its first to the next chapter's, in the
// order in which the definition has them.
type chapter struct {
	title string
	first string
}

var chapters = []chapter{
	{"Begin, or continue, a run", "CheckInput"},
	{"Match in the clean room", "FindQuery"},
	{"Upload and account", "NeedsCompare"},
	{"When something failed", "ReadCause"},
}

var starterChapters = []chapter{{"The starter: what asks for a run", "RecogniseSource"}, {"The starter: one run for it", "FindAudience"}}

const chunkTitle = "One chunk: the child machine of Upload"

// section gives the states of a chapter.
func (o outline) section(chapters []chapter, i int) states {
	start := o.States.index(chapters[i].first)
	end := len(o.States)
	if i+1 < len(chapters) {
		end = o.States.index(chapters[i+1].first)
	}
	if start < 0 || end < start {
		return nil // the test tells
	}
	return o.States[start:end]
}

func (s states) index(name string) int {
	return slices.IndexFunc(s, func(s *state) bool { return s.name == name })
}

// shapes are Mermaid's for the types of state.
var shapes = map[string]string{
	"Task": `["%s"]`, "Pass": `("%s")`, "Choice": `{{"%s"}}`, "Wait": `(["%s"])`, "Map": `[["%s"]]`, "Succeed": `((("%s")))`, "Fail": `((("%s")))`,
}

// A drawing is a Mermaid flowchart in the making.
type drawing struct {
	strings.Builder
	inside map[string]bool
	leaves []string // states of other drawings that an arrow leads to
}

// mermaid draws the states. Where an arrow leaves the drawing, it ends at the name of the other state.
func mermaid(all states) string {
	d := &drawing{inside: map[string]bool{}}
	for _, s := range all {
		d.inside[s.name] = true
	}
	d.WriteString("```mermaid\nflowchart TB\n")
	for _, s := range all {
		d.node(s)
	}
	for _, s := range all {
		d.arrows(s, s.name)
	}
	for _, leaf := range d.leaves {
		fmt.Fprintf(d, "  %s([\"%s\"]):::elsewhere\n", leaf, leaf)
	}
	d.WriteString("  classDef elsewhere stroke-dasharray:4 3\n  classDef good stroke:#1a7f37,stroke-width:2px\n  classDef bad stroke:#cf222e,stroke-width:2px\n```\n")
	return d.String()
}

func (d *drawing) node(s *state) {
	if s.Type == "Parallel" {
		fmt.Fprintf(d, "  subgraph %s\n    direction TB\n", s.name)
		for _, branch := range s.Branches {
			for _, inner := range branch.States {
				d.node(inner)
				d.inside[inner.name] = true
			}
		}
		for _, branch := range s.Branches {
			for _, inner := range branch.States {
				d.arrows(inner, inner.name)
			}
		}
		d.WriteString("  end\n")
		return
	}
	class := ""
	switch s.Type {
	case "Succeed":
		class = ":::good"
	case "Fail":
		class = ":::bad"
	}
	fmt.Fprintf(d, "  %s"+shapes[s.Type]+"%s\n", s.name, s.name, class)
}

func (d *drawing) arrows(s *state, from string) {
	for _, e := range s.edges() {
		arrow := "-->"
		if e.caught {
			arrow = "-.->"
		}
		if e.label != "" {
			arrow += `|"` + e.label + `"|`
		}
		fmt.Fprintf(d, "  %s %s %s\n", from, arrow, e.to)
		if !d.inside[e.to] && !slices.Contains(d.leaves, e.to) {
			d.leaves = append(d.leaves, e.to)
		}
	}
}
