package report

import (
	"bytes"
	_ "embed" // the page's template and style
	"fmt"
	"html/template"

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
	Replace    []fact // how a replace went
	Mirror     []fact // who joins and who leaves
	Next       []string
	Funnel     []step
	Accounts   []account
	SourceNote string // in place of the first account, when the source is not known
	AtMeta     string
	Keys       []keyRow
	RowReasons reasonList
	Reasons    reasonList
	Refused    []refusedRow
	Chunks     chunkView
	Stages     []stageRow
	Span       string
	Meta       []fact
	Made       string
}

// A fact is a name with its value.
type fact struct{ Name, Value string }

// renderPage makes report.html. The page is complete in itself: it loads nothing and runs nothing.
func renderPage(f *facts, r *audience.Report, unbalanced error) ([]byte, error) {
	p := page{
		Title: r.AudienceName, Style: template.CSS(pageCSS), Next: r.Next, //nolint:gosec // our own file
		Accounts: accounts(r), AtMeta: atMeta(r), RowReasons: rowReasons(r), Reasons: valueReasons(r), Refused: refusedOf(r), Meta: f.metaFacts(r),
		Facts: f.pageFacts(r), Replace: f.replaceFacts(r), Mirror: f.mirrorFacts(r), Made: moment(r.FinishedAt),
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
		return modeTexts[mode].full, "good"
	case audience.OutcomePartial:
		return "Sent in part", "warn"
	case audience.OutcomeEmpty:
		return "Nobody matched", "quiet"
	}
	return "Not complete", "bad"
}

func lead(r *audience.Report) string {
	aim := modeTexts[r.Mode].aim
	switch {
	case r.People != nil:
		return leadOfMirror(r)
	case r.Outcome == audience.OutcomeEmpty:
		return "The query in the clean room matched nobody, so nothing was sent to Meta."
	case r.Replaced != nil && r.Replaced.OpenedAt.IsZero():
		return "Nothing was sent to Meta: the audience is as it was."
	case r.Rows.Failed > 0:
		return fmt.Sprintf("%s sent to Meta %s; %s still to send.", rows(r.Rows.Sent), aim, rows(r.Rows.Failed))
	case r.MatchRate != nil:
		return fmt.Sprintf("%s sent to Meta %s. Meta recognised %s of them.", rows(r.Rows.Sent), aim, rateWords(*r.MatchRate))
	}
	return fmt.Sprintf("%s sent to Meta %s.", rows(r.Rows.Sent), aim)
}

func rateWords(rate float64) string { return percent(int64(rate*1e6), 1e6) }

func (f *facts) pageFacts(r *audience.Report) []fact {
	mode := modeTexts[r.Mode].does
	if r.AskedMode != "" {
		mode += fmt.Sprintf(" (the definition says %s: %s)", r.AskedMode, r.ModeReason)
	}
	id := r.AudienceID
	if f.docs.preflight.Created {
		id += " (made by this run)"
	}
	out := []fact{
		{"Ad account", r.AdAccount}, {"Audience at Meta", id}, {"What it does", mode}, {"Definition", r.Tenant + "/" + r.Audience}, {"Run", r.Run},
		{"Started", moment(r.StartedAt)}, {"Took", duration(r.FinishedAt.Sub(r.StartedAt))},
	}
	if said := limited(f.docs.plan.Processing, r.Mode); said != "" {
		out = append(out, fact{"Limited data use", said})
	}
	return out
}

// limited says what the definition says of limited data use; empty where Meta is told nothing of it by the definition.
func limited(p *audience.Processing, mode string) string {
	switch {
	case p == nil || mode == audience.ModeRemove:
		return ""
	case p.Limited():
		return "for everybody of whom no column says otherwise"
	}
	return "for nobody but those of whom a column says so"
}

// metaFacts is what Meta says, in words.
func (f *facts) metaFacts(r *audience.Report) []fact {
	var out []fact
	if s := r.Status; s != nil {
		out = append(out, fact{"Audience", sentence(s.Operation)}, fact{"Delivery", sentence(s.Delivery)}, fact{"Size", size(s)})
	}
	out = append(out, arrived(r)...)
	if r.MatchRate != nil {
		out = append(out, fact{"Match rate", fmt.Sprintf("%s of the rows received were recognised as people%s.", rateWords(*r.MatchRate), basis(f.meta.sessions, f.meta.of))})
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
