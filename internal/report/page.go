package report

import (
	"bytes"
	_ "embed" // the page's template and style
	"fmt"
	"html/template"
	"slices"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// A page is what report.html shows, in the words and the order that it shows them.
type page struct {
	Title      string
	Style      template.CSS
	Outcome    string // in words
	Tone       string // good, warn, bad or quiet: how the outcome is coloured
	Lead       string
	Facts      []fact
	Next       []string
	Funnel     []step
	Accounts   []account
	SourceNote string // in place of the first account, when the source is not known
	AtMeta     string
	Keys       []keyRow
	RowReasons reasonList
	Reasons    reasonList
	Chunks     chunkView
	Stages     []stageRow
	Span       string
	Meta       []fact
	Made       string
}

// A fact is a name with its value.
type fact struct{ Name, Value string }

// A step is a bar of the funnel.
type step struct {
	Name, Count, Share, Note string
	Bar                      template.HTML
}

// An account is a sum that everybody can add up again.
type account struct {
	Title  string
	Name   string
	Whole  string
	Parts  []fact
	Sum    string
	Holds  bool
	Remark string
}

// A stageRow is a bar of the times.
type stageRow struct {
	Name, About, Took string
	Bar               template.HTML
}

// renderPage makes report.html. The page is complete in itself: it loads nothing and runs nothing.
func renderPage(f *facts, r *audience.Report, unbalanced error) ([]byte, error) {
	p := page{
		Title: r.AudienceName, Style: template.CSS(pageCSS), Next: r.Next, //nolint:gosec // our own file
		Accounts: accounts(r), AtMeta: atMeta(r), RowReasons: rowReasons(r), Reasons: valueReasons(r), Meta: f.metaFacts(r),
		Facts: f.pageFacts(r), Made: moment(r.FinishedAt),
	}
	p.Outcome, p.Tone = outcomeWords(r.Outcome, r.Mode)
	p.Lead = lead(r)
	if unbalanced != nil {
		p.Outcome = "Does not balance"
	}
	if !r.SourceKnown {
		p.SourceNote = fmt.Sprintf("The Glue job %s prepared the data and left no prepared.json, so how many source rows there were, and what became of them, is not known here.",
			f.run.Def().Source.GlueJob)
	}
	var err error
	if p.Funnel, err = funnel(f, r); err != nil {
		return nil, err
	}
	if p.Keys, err = keyRows(r); err != nil {
		return nil, err
	}
	if p.Chunks, err = chunkViewOf(f, r); err != nil {
		return nil, err
	}
	if p.Stages, p.Span, err = stageRows(f.stages()); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func outcomeWords(outcome, mode string) (words, tone string) {
	switch outcome {
	case audience.OutcomeSucceeded:
		if mode == audience.ModeRemove {
			return "Removed in full", "good"
		}
		return "Sent in full", "good"
	case audience.OutcomePartial:
		return "Sent in part", "warn"
	case audience.OutcomeEmpty:
		return "Nobody matched", "quiet"
	}
	return "Not complete", "bad"
}

func lead(r *audience.Report) string {
	verb := "to add people to"
	if r.Mode == audience.ModeRemove {
		verb = "to remove people from"
	}
	switch {
	case r.Outcome == audience.OutcomeEmpty:
		return "The query in the clean room matched nobody, so nothing was sent to Meta."
	case r.Rows.Failed > 0:
		return fmt.Sprintf("%s sent to Meta %s the audience; %s still to send.", rows(r.Rows.Sent), verb, rows(r.Rows.Failed))
	case r.MatchRate != nil:
		return fmt.Sprintf("%s sent to Meta %s the audience. Meta recognised %s of them.", rows(r.Rows.Sent), verb, rateWords(*r.MatchRate))
	}
	return fmt.Sprintf("%s sent to Meta %s the audience.", rows(r.Rows.Sent), verb)
}

func rateWords(rate float64) string { return percent(int64(rate*1e6), 1e6) }

func (f *facts) pageFacts(r *audience.Report) []fact {
	mode := "Adds people"
	if r.Mode == audience.ModeRemove {
		mode = "Removes people"
	}
	id := r.AudienceID
	if f.docs.preflight.Created {
		id += " (made by this run)"
	}
	return []fact{
		{"Ad account", r.AdAccount}, {"Audience at Meta", id}, {"Direction", mode}, {"Definition", r.Tenant + "/" + r.Audience}, {"Run", r.Run},
		{"Started", moment(r.StartedAt)}, {"Took", duration(r.FinishedAt.Sub(r.StartedAt))},
	}
}

// funnel shows how many rows were left after each step.
func funnel(f *facts, r *audience.Report) ([]step, error) {
	n := r.Rows
	type level struct {
		name  string
		count int64
		note  string
	}
	var levels []level
	if r.SourceKnown {
		levels = append(levels, level{"Source rows", n.Source, ""},
			level{"Prepared", n.Prepared, fmt.Sprintf("%s without consent, %s quarantined", count(n.NoConsent), count(n.Quarantined))})
	}
	matched := level{"Matched", n.Matched, ""}
	if r.SourceKnown {
		matched.note = percent(n.Matched, n.Prepared) + " of the prepared rows"
	}
	levels = append(levels, matched,
		level{"Sent", n.Sent, fmt.Sprintf("%s without a usable key, %s not sent", count(n.Unusable), count(n.Failed))},
		level{"Received by Meta", n.Received, refused(n)})
	if r.MatchRate != nil {
		levels = append(levels, level{"Recognised by Meta", int64(*r.MatchRate*float64(n.Received) + 0.5), rateWords(*r.MatchRate) + " of the rows received" + f.meta.basis()})
	}
	var most int64
	for _, l := range levels {
		most = max(most, l.count)
	}
	steps := make([]step, len(levels))
	for i, l := range levels {
		drawn, err := bar(float64(most), span{paintGood, float64(l.count)})
		if err != nil {
			return nil, err
		}
		steps[i] = step{Name: l.name, Count: count(l.count), Share: percent(l.count, levels[0].count), Note: l.note, Bar: drawn}
	}
	return steps, nil
}

func refused(n audience.Rows) string {
	switch {
	case n.Received == 0:
		return ""
	case n.Invalid == 0:
		return "Meta refused none of them"
	}
	return fmt.Sprintf("Meta refused about %s of them", count(n.Invalid))
}

// basis says what the match rate rests on, when that is not everything.
func (a *answers) basis() string {
	if a.sessions == a.of {
		return ""
	}
	return fmt.Sprintf(", by %s of %s upload sessions", count(int64(a.sessions)), count(int64(a.of)))
}

func accounts(r *audience.Report) []account {
	n := r.Rows
	var out []account
	if r.SourceKnown {
		out = append(out, newAccount("From the source to the prepared table", "Source rows", n.Source,
			[]string{"No consent", "Quarantined", "Prepared"}, n.NoConsent, n.Quarantined, n.Prepared))
	}
	return append(out, newAccount("From the match to Meta", "Matched rows", n.Matched,
		[]string{"No usable key", "Sent", "Not sent"}, n.Unusable, n.Sent, n.Failed))
}

func newAccount(title, name string, whole int64, names []string, parts ...int64) account {
	a := account{Title: title, Name: name, Whole: count(whole)}
	var sum int64
	for i, n := range parts {
		sum += n
		a.Parts = append(a.Parts, fact{names[i], count(n)})
	}
	a.Sum, a.Holds = count(sum), sum == whole
	if !a.Holds {
		a.Remark = fmt.Sprintf("%s too many", rows(sum-whole))
		if sum < whole {
			a.Remark = fmt.Sprintf("%s missing", rows(whole-sum))
		}
	}
	return a
}

func atMeta(r *audience.Report) string {
	if r.Rows.Sent == 0 {
		return ""
	}
	said := fmt.Sprintf("Of the %s sent, Meta counts %s as received", rows(r.Rows.Sent), count(r.Rows.Received))
	if r.Rows.Invalid > 0 {
		return said + fmt.Sprintf(" and refused about %s of those; Meta rounds that number.", count(r.Rows.Invalid))
	}
	return said + " and refused none of them."
}

// metaFacts is what Meta says, in words.
func (f *facts) metaFacts(r *audience.Report) []fact {
	var out []fact
	if s := r.Status; s != nil {
		out = append(out, fact{"Audience", sentence(s.Operation)}, fact{"Delivery", sentence(s.Delivery)}, fact{"Size", size(s)})
	}
	if r.MatchRate != nil {
		out = append(out, fact{"Match rate", fmt.Sprintf("%s of the rows received were recognised as people%s.", rateWords(*r.MatchRate), f.meta.basis())})
	} else if r.Rows.Received > 0 && r.MetaProblem == "" {
		out = append(out, fact{"Match rate", "Meta has not said yet how many it recognised."})
	}
	if r.MetaProblem != "" {
		out = append(out, fact{"No answer", fmt.Sprintf("Meta did not answer everything that was asked for this report: %s.", classWords[r.MetaProblem])})
	}
	return out
}

// size tells how many people are in the audience. Up to 1,000 Meta says the same of every audience.
func size(s *audience.AudienceStatus) string {
	switch {
	case s.UpperBound == 0 && s.LowerBound == 0:
		return "Meta gives no size yet."
	case s.UpperBound <= 1000:
		return "Fewer than 1,000 people; Meta gives no exact number of so few."
	}
	return fmt.Sprintf("%s to %s people, rounded by Meta.", count(s.LowerBound), count(s.UpperBound))
}

// stageAbout says what a stage does.
var stageAbout = map[string]string{
	"preflight": "Asks Meta all that it would refuse later", "prepare": "Cleans and checks the source's rows",
	"query": "Matches them with the partner's in the clean room", "plan": "Divides the match into chunks",
	"upload": "Hashes and sends the chunks", "report": "Makes this page",
}

// stageRows places the stages on one line of time.
func stageRows(stages []stage) ([]stageRow, string, error) {
	var out []stageRow
	if len(stages) == 0 {
		return nil, "", nil
	}
	first := slices.MinFunc(stages, func(a, b stage) int { return a.started.Compare(b.started) }).started
	last := slices.MaxFunc(stages, func(a, b stage) int { return a.stopped.Compare(b.stopped) }).stopped
	whole := last.Sub(first).Seconds()
	for _, s := range stages {
		length := max(s.took().Seconds(), whole/250) // so that the shortest can be seen
		offset := min(s.started.Sub(first).Seconds(), whole-length)
		drawn, err := bar(whole, span{paintNone, offset}, span{paintGood, length})
		if err != nil {
			return nil, "", err
		}
		out = append(out, stageRow{Name: capital(s.name), About: stageAbout[s.name], Took: duration(s.took()), Bar: drawn})
	}
	return out, fmt.Sprintf("From %s to %s UTC: %s in all, waiting between the stages included.", first.UTC().Format("2 January 2006, 15:04:05"),
		last.UTC().Format(time.TimeOnly), duration(last.Sub(first))), nil
}
