package asl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ohler55/ojg/jp"
)

func listed(names []string) string { return strings.Join(names, ", ") }

func onlyFields(p *path) bool {
	return !slices.ContainsFunc(p.prefix, func(f jp.Frag) bool { _, ok := f.(jp.Child); return !ok })
}

// successors are the states that can follow, and by which field.
func (s *state) successors() map[string]string {
	out := map[string]string{}
	add := func(field, name string) {
		if _, seen := out[name]; name != "" && !seen {
			out[name] = field
		}
	}
	add("Next", s.next)
	for i, r := range s.choices {
		add(fmt.Sprintf("Choices[%d].Next", i), r.next)
	}
	add("Default", s.fallback)
	for i, c := range s.catch {
		add(fmt.Sprintf("Catch[%d].Next", i), c.next)
	}
	return out
}

// checkGraph finds transitions to nowhere, states that nothing reaches, and graphs that cannot end. declared also has
// the states that could not be read, so that one mistake is not reported twice.
func (l *loader) checkGraph(g *graph, f *fields, declared map[string]any) {
	if _, ok := declared[g.startAt]; g.startAt != "" && !ok {
		f.problem("StartAt %q is no state there", g.startAt)
	}
	unread := len(g.states) < len(declared)
	for _, name := range sortedKeys(g.states) {
		next := g.states[name].successors()
		for _, to := range sortedKeys(next) {
			if _, ok := declared[to]; !ok {
				l.problem("state %q: %s leads to %q, which is no state %s", name, next[to], to, g.where())
			}
		}
	}
	reached, ends := map[string]bool{}, false
	queue := []string{g.startAt}
	for len(queue) > 0 {
		s := g.states[queue[0]]
		queue = queue[1:]
		if s == nil || reached[s.name] {
			continue
		}
		reached[s.name] = true
		ends = ends || s.end
		queue = append(queue, sortedKeys(s.successors())...)
	}
	if unread || g.states[g.startAt] == nil {
		return
	}
	for _, name := range sortedKeys(g.states) {
		if !reached[name] {
			l.problem("state %q: no state leads to it", name)
		}
	}
	if !ends {
		f.problem("no terminal state can be reached: one must have End, or be Succeed or Fail")
	}
}

func (g *graph) where() string {
	if g.label == "" {
		return "of the machine's top level"
	}
	return "of " + g.label
}
