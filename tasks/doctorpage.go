package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// The columns of doctor's lines. What does not fit goes on below itself; a link is never broken.
const (
	nameWidth   = 21
	indent      = 2 + 4 + 2 + nameWidth + 2
	doctorWidth = 110
	arrow       = "-> "
)

func (d *diagnosis) print(w io.Writer) {
	title := d.Definition
	if d.Tenant != "" {
		title = fmt.Sprintf("%s/%s to %s, mode %s (%s)", d.Tenant, d.Audience, d.AdAccount, d.Mode, d.Definition)
	}
	fmt.Fprintf(w, "%s\n\n", plain(title))
	warnings := 0
	for _, c := range d.Checks {
		fmt.Fprintf(w, "  %-4s  %-*s  ", c.Status, nameWidth, c.Name)
		wrap(w, indent, c.Detail)
		if c.Fix != "" {
			fmt.Fprintf(w, "%*s%s", indent, "", arrow)
			wrap(w, indent+len(arrow), c.Fix)
		}
		if c.Link != "" {
			fmt.Fprintf(w, "%*s%s\n", indent+len(arrow), "", plain(c.Link))
		}
		if c.Status == audience.CheckWarn {
			warnings++
		}
	}
	fmt.Fprintf(w, "\n  %s\n\n", d.summary(warnings))
}

func (d *diagnosis) summary(warnings int) string {
	switch {
	case d.ExitCode != 0:
		return fmt.Sprintf("A run would end with exit code %d, %s. See %s", d.ExitCode, d.Class, d.Runbook)
	case warnings > 0:
		return fmt.Sprintf("A run would start. Warnings: %d", warnings)
	}
	return "All is well."
}

// wrap writes a text from a column on, and ends the line.
func wrap(w io.Writer, from int, text string) {
	column := from
	for i, line := range strings.Split(text, "\n") {
		for j, word := range strings.Fields(plain(line)) {
			width := utf8.RuneCountInString(word)
			switch {
			case i == 0 && j == 0:
			case j == 0, column+1+width > doctorWidth:
				fmt.Fprintf(w, "\n%*s", from, "")
				column = from
			default:
				fmt.Fprint(w, " ")
				column++
			}
			fmt.Fprint(w, word)
			column += width
		}
	}
	fmt.Fprintln(w)
}

// plain leaves out what would steer a terminal: names come from Meta and from files.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, text)
}
