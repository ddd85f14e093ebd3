package main

import (
	"context"
	"flag"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/redrive"
)

const redriveUsage = `usage: cleanreach redrive -deployment <Terraform root> [-cause …] [-tenant …] [-audience …] [-run …] [-send [-force]]

Lists the dead-letter queue: what failed, by cause, tenant, audience and run, in the words of the stage that failed.
Nothing is removed, and every letter is given back at once.

With -send it sends again what is listed, once its cause is mended: for each run an execution over just the chunks
that failed, or, where the run itself failed, one that continues it. Runs of one audience follow each other, those of
several are at work together. It waits for the executions, and removes the letters of what was done: a chunk's when
its receipt says so, a run's when it succeeded. All other letters stay, each with the reason. When it is interrupted,
what was started goes on; the same command waits for it again. Nobody is added or removed twice: receipts tell what
Meta has.

A run of which a later one has got ahead is left alone: it would add again whom that one has removed, or remove whom it
has added. Start a new run instead; or, where the older run's people are the ones that you want, use -force.

What cannot be sent again: a run whose folder is gone, and one whose input named no audience. docs/runbook.md says how to
remove such a letter.

It needs AWS credentials for: sqs ReceiveMessage, ChangeMessageVisibility, DeleteMessage and GetQueueAttributes; states
StartExecution and DescribeExecution; s3 GetObject, PutObject and ListBucket of the work bucket; kms Decrypt and
GenerateDataKey of both keys.

exit codes
  0  listed; or everything that was chosen is done
  1  some letters stay, or AWS does not answer, or it was interrupted: start it again
  2  the call is wrong

examples
  cleanreach redrive -deployment terraform/examples/complete
  cleanreach redrive -deployment terraform/examples/complete -cause action -tenant acme -send
  cleanreach redrive -deployment terraform/examples/complete -cause "throttled: exit code 5" -send
  cleanreach redrive -deployment terraform/examples/complete -run nightly-2026-11-23 -send -force
  cleanreach redrive -queue https://sqs.eu-west-1.amazonaws.com/123456789012/cleanreach-dead-letters

flags
`

// redriveCommand is the doorway of package redrive.
func redriveCommand(ctx context.Context, c call) error {
	var d deployment
	var f redrive.Filter
	flags := flag.NewFlagSet("redrive", flag.ContinueOnError)
	place := flags.String("deployment", "", "folder of the deployment's Terraform root, or a file with its terraform output -json")
	flags.StringVar(&d.queue, "queue", "", "URL of the dead-letter queue, in place of the deployment's output queues.dead_letters")
	flags.StringVar(&d.stateMachine, "state-machine", "", "ARN of the state machine, in place of the output state_machine_arn; for -send")
	flags.StringVar(&f.Tenant, "tenant", "", "only this tenant's")
	flags.StringVar(&f.Audience, "audience", "", "only this audience's")
	flags.StringVar(&f.Run, "run", "", "only this run's")
	flags.StringVar(&f.Cause, "cause", "", "only of this cause: a class, a stage, a reason, or all of it as it is listed")
	send := flags.Bool("send", false, "send it again, wait, and remove the letters of what was done")
	force := flags.Bool("force", false, "with -send and -run: send it again although it undoes what a later run has done")
	if err := parseOnlyFlags(flags, c, redriveUsage); err != nil {
		return err
	}
	if *force && (!*send || f.Run == "") {
		return audience.Failf(audience.Invalid, "-force undoes what later runs have done, so it takes -send and the -run that it is meant for")
	}
	if err := d.complete(ctx, *place); err != nil {
		return err
	}
	if d.queue == "" {
		return missing(*place, "-queue", "queues.dead_letters")
	}
	if *send && d.stateMachine == "" {
		return missing(*place, "-state-machine", "state_machine_arn")
	}
	cfg, err := d.config(ctx)
	if err != nil {
		return err
	}
	queue := redrive.NewQueue(sqs.NewFromConfig(cfg), d.queue)
	if !*send {
		reader := redrive.Reader{Queue: queue, Open: d.open}
		listing, err := reader.List(ctx, f)
		if err != nil {
			return err
		}
		listing.Print(c.stdout)
		return nil
	}
	machine, err := redrive.NewMachine(sfn.NewFromConfig(cfg), d.stateMachine)
	if err != nil {
		return err
	}
	sender := redrive.Sender{Queue: queue, Machine: machine, Open: d.open, Now: time.Now, Sleep: sleep, Tell: teller(c.stdout), Force: *force}
	return sender.Send(ctx, f)
}
