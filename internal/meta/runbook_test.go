package meta

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

var update = flag.Bool("update", false, "rewrite what docs/runbook.md says of classes and codes")

const runbook = "../../docs/runbook.md"

// A chapter is the part of the runbook about one kind of error.
type chapter struct {
	kind  kind
	title string
}

// chapters are in the order of the runbook: what waits for a person first.
var chapters = []chapter{
	{auth, "the access token"}, {permission, "permissions"}, {terms, "terms"}, {policy, "integrity"}, {version, "the API version"},
	{abuse, "abuse prevention"}, {throttle, "too many calls"}, {busy, "the audience is busy"}, {transient, "passing faults"},
	{session, "upload sessions"}, {created, "unknown audiences"}, {rule, "rules"}, {request, "the request"},
}

// The runbook's parts on classes and codes are made of the tables that the code decides by.
func TestRunbookIsCurrent(t *testing.T) {
	data, err := os.ReadFile(runbook)
	require.NoError(t, err)
	text := string(data)
	for _, part := range []struct{ name, current string }{{"classes", classesPart()}, {"codes", codesPart()}, {"statuses", statusesPart()}} {
		begin, end := "<!-- begin generated "+part.name+": make generate -->\n", "<!-- end generated "+part.name+" -->\n"
		before, rest, ok := strings.Cut(text, begin)
		require.True(t, ok, "no %s", begin)
		old, after, ok := strings.Cut(rest, end)
		require.True(t, ok, "no %s", end)
		if !*update {
			assert.Equal(t, part.current, old, "run make generate")
		}
		text = before + begin + part.current + end + after
	}
	if *update {
		require.NoError(t, os.WriteFile(runbook, []byte(text), 0o644))
	}
}

func classesPart() string {
	var b strings.Builder
	b.WriteString("\n| class | exit code | what happened | who acts |\n|---|---|---|---|\n")
	for _, c := range audience.Classes() {
		g := c.Guide()
		fmt.Fprintf(&b, "| [%s](#%s) | %d | %s | %s |\n", c, c.Section(), int(c), g.What, g.Who)
	}
	for _, c := range audience.Classes() {
		g := c.Guide()
		fmt.Fprintf(&b, "\n### Exit code %d, %s\n\n%s\n\n", int(c), c, g.What)
		list(&b, g.Who, g.Do, g.Link)
	}
	b.WriteString("\n")
	return b.String()
}

func codesPart() string {
	var b strings.Builder
	b.WriteString("\n| Meta's code | subcode | what happened | class |\n|---|---|---|---|\n")
	for _, c := range chapters {
		for _, e := range entriesOf(c.kind) {
			subcode := ""
			if e.subcode != 0 {
				subcode = fmt.Sprint(e.subcode)
			}
			fmt.Fprintf(&b, "| [%d](#%s) | %s | %s | %s |\n", e.code, e.section(), subcode, sentence(e.what), remedies[e.kind].class)
		}
	}
	fmt.Fprintf(&b, "| [any other](#%s) | | | |\n", otherSection)
	for _, c := range chapters {
		fmt.Fprintf(&b, "\n### Meta's errors: %s\n", c.title)
		for _, e := range entriesOf(c.kind) {
			fmt.Fprintf(&b, "\n#### Meta %s\n\n%s %s\n\n", strings.TrimPrefix(e.section(), "meta-"), sentence(e.what), tried(e.kind))
			r := remedies[e.kind].over(e.own)
			list(&b, sentence(r.who), sentence(r.next), r.link)
		}
	}
	b.WriteString("\n#### Meta other\n\nErrors that are not listed here are told apart by ranges, and by the HTTP status.\n")
	for _, o := range slices.Concat(bySubcode, byStatus) {
		fmt.Fprintf(&b, "\n%s: %s %s\n\n", capital(o.which), o.entry.what+".", tried(o.entry.kind))
		r := remedies[o.entry.kind].over(o.entry.own)
		list(&b, sentence(r.who), sentence(r.next), r.link)
	}
	b.WriteString("\n")
	return b.String()
}

// statusesPart is what an audience's operation_status means, by its code.
func statusesPart() string {
	words := map[Severity]string{StatusUnknown: "nobody can tell", StatusOK: "fine", StatusInfo: "fine", StatusWarn: "somebody should look", StatusBusy: "wait", StatusBlocked: "somebody must act"}
	var b strings.Builder
	b.WriteString("\n| status | what it means | so |\n|---|---|---|\n")
	for _, code := range slices.Sorted(maps.Keys(operationMeanings)) {
		m := operationMeanings[code]
		fmt.Fprintf(&b, "| %d | %s | %s |\n", code, sentence(m.text), words[m.severity])
	}
	b.WriteString("\n")
	return b.String()
}

func entriesOf(k kind) []entry {
	var of []entry
	for _, e := range catalogue {
		if e.kind == k {
			of = append(of, e)
		}
	}
	return of
}

func list(b *strings.Builder, who, do, link string) {
	fmt.Fprintf(b, "- Who acts: %s\n- What to do: %s\n", who, do)
	if strings.HasPrefix(link, "https://") {
		fmt.Fprintf(b, "- Where: <%s>\n", link)
	} else {
		fmt.Fprintf(b, "- See [%s](%s)\n", link, link)
	}
}

// tried says what the upload does about an error of the kind by itself.
func tried(k kind) string {
	class := remedies[k].class
	link := fmt.Sprintf("[%s](#%s)", class, class.Section())
	switch k {
	case session:
		return "The upload opens a new session by itself, or its task is started again; a replace adds what it still lacks when Meta is done with it; class " + link + "."
	case created:
		return "For an audience that was made a moment ago, CleanReach asks again by itself; otherwise class " + link + "."
	case transient:
		return "The call is made again a few times, then the task; class " + link + "."
	case throttle, busy:
		return "The task waits as long as Meta says, within its budget; class " + link + "."
	default:
		return "It is not tried again; class " + link + "."
	}
}

// sentence makes one of a clause.
func sentence(clause string) string { return capital(clause) + "." }

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// sectionOf cuts the section of an anchor out of the codes' part.
func sectionOf(t *testing.T, part, anchor string) string {
	t.Helper()
	_, rest, ok := strings.Cut(part, "\n#### Meta "+strings.TrimPrefix(anchor, "meta-")+"\n")
	require.True(t, ok, "no section %s", anchor)
	section, _, _ := strings.Cut(rest, "\n###")
	section, _, _ = strings.Cut(section, "\n#### ")
	return section
}

// TestRunbookExplainsEveryCode holds each section against the facts that were gathered about its code.
func TestRunbookExplainsEveryCode(t *testing.T) {
	data, err := os.ReadFile("testdata/error_codes.json")
	require.NoError(t, err)
	var codes []struct {
		Code, Subcode int
		Means, Do     string // words that the section must have
	}
	require.NoError(t, json.Unmarshal(data, &codes))
	part := codesPart()
	listed := map[string]bool{}
	for _, c := range codes {
		e := &Error{Code: c.Code, Subcode: c.Subcode, HTTPStatus: 400}
		listed[e.Section()] = true
		section := strings.ToLower(sectionOf(t, part, e.Section()))
		for _, want := range []string{c.Means, c.Do} {
			require.NotEmpty(t, want, e.Section())
			assert.Contains(t, section, strings.ToLower(want), e.Section())
		}
		assert.Contains(t, section, strings.ToLower(e.Advice()))
		for _, line := range []string{"- who acts: ", "- what to do: ", "- where: <https://"} {
			assert.Equal(t, 1, strings.Count(section, line), "%s of %s", line, e.Section())
		}
		assert.Contains(t, part, "(#"+e.Section()+")", "the table links it")
	}
	for _, e := range catalogue {
		assert.True(t, listed[e.section()], "%s has no facts in testdata", e.section())
	}
	assert.NotEmpty(t, sectionOf(t, part, otherSection))
}

// The vocabulary cannot import this package, so its links are held against the table here.
func TestGuidesOfClassesLinkTheSamePages(t *testing.T) {
	assert.Equal(t, StatusPage, audience.Transient.Guide().Link)
	assert.Equal(t, limitsPage, audience.Throttled.Guide().Link)
	for _, c := range []audience.Class{audience.Invalid, audience.Gate, audience.Action} {
		assert.FileExists(t, "../../docs/"+c.Guide().Link)
	}
}

func TestEveryKindHasAChapter(t *testing.T) {
	require.Len(t, chapters, len(remedies))
	for k := range remedies {
		assert.True(t, slices.ContainsFunc(chapters, func(c chapter) bool { return c.kind == k }), "kind %d", k)
	}
}

// TestAnchorsOfErrors: what a failure names is a heading of the runbook, by the way GitHub makes anchors of headings.
func TestAnchorsOfErrors(t *testing.T) {
	data, err := os.ReadFile(runbook)
	require.NoError(t, err)
	anchors := map[string]int{}
	for _, h := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(string(data), -1) {
		plain := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(h[1]), "")
		anchors[strings.ReplaceAll(plain, " ", "-")]++
	}
	for _, c := range audience.Classes() {
		assert.Equal(t, 1, anchors[c.Section()], c.Section())
	}
	for _, e := range append(slices.Clone(catalogue), entry{}) {
		assert.Equal(t, 1, anchors[e.section()], e.section())
	}
	for _, e := range []struct {
		code, subcode int
		want          string
	}{{190, 463, "meta-190-463"}, {190, 9, "meta-190"}, {299, 1, "meta-200"}, {80008, 0, "meta-80000"}, {613, 9, "meta-other"}, {123, 0, "meta-other"}} {
		assert.Equal(t, e.want, audience.SectionOf(fmt.Errorf("x: %w", &Error{Code: e.code, Subcode: e.subcode, HTTPStatus: 400})))
	}
}
