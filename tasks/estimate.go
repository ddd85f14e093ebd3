package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/estimate"
	"github.com/cleanreach/cleanreach/internal/meta"
)

const estimateUsage = `usage: cleanreach estimate -rows N [flags] my-audience.json

Says how long a run of so many customers takes, what AWS charges for it beyond what the deployment costs when idle, and how
large chunks should be and how many at once. What nobody can know beforehand is assumed, and printed: give your own figures.

`

// estimateCommand prints an estimate for a definition.
func estimateCommand(_ context.Context, c call) error {
	q, err := readQuestion(c)
	if err != nil {
		return err
	}
	printEstimate(c.stdout, q, estimate.Of(q))
	return nil
}

func readQuestion(c call) (estimate.Question, error) {
	var q estimate.Question
	flags := flag.NewFlagSet("estimate", flag.ContinueOnError)
	flags.Int64Var(&q.Rows, "rows", 0, "`customers` in the source")
	flags.Float64Var(&q.Match, "match", 0.5, "`share` of them that the query gives back, 0 to 1")
	flags.Float64Var(&q.Churn, "churn", 0.01, "`share` of the matched people that changes from run to run, for mode mirror")
	tier := flags.String("tier", "limited", "limited or full: what cleanreach doctor says of the ad account")
	flags.DurationVar(&q.Answer, "answer", 5*time.Second, "how long Meta takes to answer a batch of 10,000 people")
	flags.DurationVar(&q.Query, "query", 2*time.Minute, "how long Clean Rooms computes")
	onDemand := flags.Bool("on-demand", false, "uploads run on Fargate and not first on Fargate Spot")
	if err := parseFlags(flags, c, estimateUsage); err != nil {
		return q, err
	}
	q.Spot = !*onDemand
	switch {
	case flags.NArg() != 1:
		return q, audience.Failf(audience.Invalid, "name one audience definition, behind the flags: cleanreach estimate -rows 1000000 my-audience.json")
	case q.Rows < 1:
		return q, audience.Failf(audience.Invalid, "say how many customers there are: -rows 1000000")
	case !(q.Match >= 0 && q.Match <= 1 && q.Churn >= 0 && q.Churn <= 1): // not a number is no share either
		return q, audience.Failf(audience.Invalid, "-match and -churn are shares, from 0 to 1")
	case q.Answer <= 0 || q.Query < 0:
		return q, audience.Failf(audience.Invalid, "-answer must be more than 0s, such as 5s, and -query no less than 0s, such as 2m")
	}
	var known bool
	if q.Tier, known = map[string]meta.Tier{"limited": meta.TierLimited, "full": meta.TierFull}[*tier]; !known {
		return q, audience.Failf(audience.Invalid, "-tier is limited or full, not %q", *tier)
	}
	data, err := os.ReadFile(flags.Arg(0))
	if err != nil {
		return q, audience.Fail(audience.Invalid, "", err)
	}
	def, err := audience.ParseDefinition(data)
	q.Definition = &def
	return q, err
}

func printEstimate(w io.Writer, q estimate.Question, a estimate.Answer) {
	p, def := message.NewPrinter(language.English), q.Definition
	p.Fprintf(w, "%s of %s, mode %s: %d customers, %d matched (-match %g), %d rows to Meta in %d batches and %d chunks\n\n",
		def.Name, def.Tenant, def.Meta.Mode, q.Rows, a.Matched, q.Match, a.Sent, a.Batches, a.Chunks)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "step\ttasks\ttime\tbound by")
	for _, s := range a.Steps {
		p.Fprintf(table, "%s\t%d\t%s\t%s\n", s.Name, s.Tasks, s.Time.Round(time.Second), s.Bound)
	}
	fmt.Fprintf(table, "all\t\t%s\t\n", a.Time.Round(time.Second))
	_ = table.Flush()
	printOfMode(p, w, q, a)
	fmt.Fprintln(w, "\nUSD a run, by AWS's list prices for us-east-1 in 2026:")
	for _, line := range []struct {
		what string
		usd  float64
	}{
		{"Clean Rooms", a.Cost.CleanRooms}, {"to Meta through NAT and internet", a.Cost.Network}, {"Fargate", a.Cost.Fargate},
		{"Step Functions", a.Cost.StepFunctions}, {"all", a.Cost.Total()},
	} {
		fmt.Fprintf(w, "  %-34s%8.3f\n", line.what, line.usd)
	}
	p.Fprintf(w, "\nadvice: limits.chunk_rows %d (now %d), limits.concurrency %d (now %d): %s\n",
		a.Advice.ChunkRows, def.Limits.ChunkRows, a.Advice.Concurrency, def.Limits.Concurrency, a.Advice.Why)
	fmt.Fprintf(w, "assumed: Meta answers a batch in %s (-answer), its tier is %s (-tier), Clean Rooms computes for %s (-query)\n",
		q.Answer, map[meta.Tier]string{meta.TierLimited: "limited", meta.TierFull: "full"}[q.Tier], q.Query)
	p.Fprintf(w, "measured: a vCPU prepares %d rows a second and sends %d\n", estimate.PrepareRate, estimate.UploadRate)
}

// printOfMode says what a mode makes of the estimate, and what is not in it.
func printOfMode(p *message.Printer, w io.Writer, q estimate.Question, a estimate.Answer) {
	switch limits := q.Definition.Limits; {
	case q.Definition.Meta.Mode == audience.ModeMirror:
		p.Fprintf(w, "\nmirror: with %g of the people gone and as many new (-churn). Not in it: a first run sends the whole match, and with EXTERN_ID or retention_days\n"+
			"each run sends some of those who stay again.\n", q.Churn)
	case a.Fits < a.Sent && limits.ReplaceOverflow == audience.OverflowRefuse:
		p.Fprintf(w, "\nreplace: its 80 minutes are enough for about %d of these rows, and limits.replace_overflow is \"refuse\": the run would stop before it sends anything.\n", a.Fits)
	case a.Fits < a.Sent:
		p.Fprintf(w, "\nreplace: its 80 minutes are enough for about %d of these rows. The others are added when Meta is done with it, for which the run waits up to a\n"+
			"day; the wait is not in the time.\n", a.Fits)
	}
}
