package main

import (
	"context"
	"flag"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/replay"
)

const replayUsage = `usage: cleanreach replay -deployment <Terraform root> -from <time> [-to <time>] [-rule <name> ...] [-send]

Says which events of the bus's archive would go to which rules once more. With -send it replays them, waits for the
end, and says what came of it. When it is interrupted, the replay goes on; the same command waits for it again, if it
has the same -from, -to and -rule. Once that replay is over, the same command makes another.

A time is like 2026-11-24T15:00:00Z, or a date, which is the whole day in UTC. Without -to the range ends now.

Use it when requests for runs led nowhere: markers and events that came while a target was gone, or an audience was not
there yet. What started a run does not start it twice: the run's name is made of the event, and Step Functions refuses
a name again for 90 days. Other rules pass events on again: those that tell of failed runs send their messages once
more, so name the rules that start runs, <name>-start-markers and <name>-start-requests.

It needs AWS credentials for: events DescribeArchive, ListRules, StartReplay and DescribeReplay.

exit codes
  0  said what would be done; or the replay is complete
  1  the replay failed or was cancelled, or AWS does not answer, or it was interrupted
  2  the call is wrong

examples
  cleanreach replay -deployment terraform/examples/complete -from 2026-11-24
  cleanreach replay -deployment terraform/examples/complete -from 2026-11-24T08:00:00Z -to 2026-11-24T09:30:00Z \
    -rule cleanreach-start-markers -rule cleanreach-start-requests -send

flags
`

// replayCommand is the doorway of package replay.
func replayCommand(ctx context.Context, c call) error {
	var d deployment
	var q replay.Request
	flags := flag.NewFlagSet("replay", flag.ContinueOnError)
	place := flags.String("deployment", "", "folder of the deployment's Terraform root, or a file with its terraform output -json")
	flags.StringVar(&d.archive, "archive", "", "name or ARN of the archive, in place of the deployment's output bus.archive_arn")
	from := flags.String("from", "", "replay events from this time or day on")
	to := flags.String("to", "", "to this time, or the end of this day; without it to now")
	flags.Func("rule", "only to the rule of this name; may be given several times", func(name string) error {
		q.Rules = append(q.Rules, name)
		return nil
	})
	send := flags.Bool("send", false, "do it")
	if err := parseOnlyFlags(flags, c, replayUsage); err != nil {
		return err
	}
	var err error
	if q.From, q.To, err = timeRange(*from, *to, time.Now()); err != nil {
		return err
	}
	if err := d.complete(ctx, *place); err != nil {
		return err
	}
	if d.archive == "" {
		return missing(*place, "-archive", "bus.archive_arn")
	}
	cfg, err := d.config(ctx)
	if err != nil {
		return err
	}
	r := replay.Replayer{API: eventbridge.NewFromConfig(cfg), Archive: d.archive, Now: time.Now, Sleep: sleep, Tell: teller(c.stdout)}
	plan, err := r.Plan(ctx, q)
	if err != nil {
		return err
	}
	if !*send {
		r.Tell("nothing was replayed: add -send to do it")
		return nil
	}
	return r.Run(ctx, plan)
}

// timeRange reads both ends of a range, to the second, as the archive keeps time.
func timeRange(from, to string, now time.Time) (first, last time.Time, err error) {
	if from == "" {
		return first, last, audience.Failf(audience.Invalid, "say from when: -from 2026-11-24, or -from 2026-11-24T15:00:00Z")
	}
	if first, err = readTime("-from", from, 0); err != nil || to == "" {
		return first, now.UTC().Truncate(time.Second), err
	}
	last, err = readTime("-to", to, 24*time.Hour)
	return first, last, err
}

// readTime reads a time, or a date of which it adds the length, if it is its end that is meant.
func readTime(flagName, text string, length time.Duration) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.Add(length), nil
	}
	at, err := time.Parse(time.RFC3339, strings.ToUpper(text))
	if err != nil {
		return at, audience.Failf(audience.Invalid, "%s %q is no time: write it like 2026-11-24T15:00:00Z, with its zone, or like 2026-11-24", flagName, text)
	}
	return at.UTC().Truncate(time.Second), nil
}
