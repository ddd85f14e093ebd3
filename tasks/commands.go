package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// A command is a subcommand.
type command struct {
	name  string
	does  string
	stage bool // started by the state machine
	run   func(context.Context, call) error
}

func commands() []command {
	return []command{
		{"preflight", "ask Meta everything that it would refuse later", true, stage(preflightStage)},
		{"prepare", "raw files to prepared Parquet, quarantine and quality report", true, stage(prepareStage)},
		{"compare", "who joins a mirrored audience, and who leaves", true, stage(compareStage)},
		{"plan", "matched Parquet to chunks", true, stage(planStage)},
		{"upload", "send one chunk to Meta", true, stage(uploadStage)},
		{"advance", "which pass of the upload comes next", true, stage(advanceStage)},
		{"report", "receipts to the account of every row", true, stage(reportStage)},
		{"explain", "why does a person not match: canonical values and hashes of JSON lines", false, explain},
		{"doctor", "ask Meta all that preflight asks, for audience definitions", false, doctor{now: time.Now}.run},
		{"optout", "suppress people in every later run, and remove them at Meta now", false, optoutCommand},
		{"redrive", "what failed for good, by cause; and send it again", false, redriveCommand},
		{"replay", "the bus's events of a range of time once more", false, replayCommand},
		{"estimate", "how long a run takes, what it costs, and how to cut it into chunks", false, estimateCommand},
		{"validate", "check an audience definition", false, validate},
		{"schema", "print the JSON Schema of an audience definition", false, schema},
		{"version", "print the version", false, version},
	}
}

const usageHead = `cleanreach brings customers matched in a clean room into a Meta Custom Audience.

usage: cleanreach <command>

`

const usageTail = `
The first seven are stages, started by the state machine. They read the run's folder from
CLEANREACH_RUN (and upload its chunk from CLEANREACH_CHUNK), and nothing else of the run.

exit codes
  0  done
  1  transient: start it again, it goes on where it stopped
  2  the definition or the call is wrong
  3  a gate on the data stopped it, or another run holds the audience
  4  Meta refuses, and a person must act: token, permission, terms
  5  throttled for longer than the task may wait: start it again later

examples
  cleanreach validate my-audience.json
  cleanreach doctor my-audience.json
  echo '{"key": "PHONE", "value": "(650) 555-1212", "country": "US"}' | cleanreach explain
  cleanreach redrive -deployment terraform/examples/complete -cause action -send
  CLEANREACH_RUN=s3://work/runs/acme/vip/2026-11-24/ cleanreach report
`

func usage(w io.Writer) {
	fmt.Fprint(w, usageHead)
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.does)
	}
	fmt.Fprint(w, usageTail)
}

// run finds the subcommand and turns its error into the exit code that the state machine reads.
func run(ctx context.Context, args []string, e env, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stderr)
		return int(audience.Invalid)
	}
	if args[0] == "help" || isHelp(args[0]) {
		usage(stdout)
		return 0
	}
	for _, c := range commands() {
		if c.name != args[0] {
			continue
		}
		if !slices.Contains(ownHelp, c.name) && len(args) == 2 && isHelp(args[1]) {
			fmt.Fprintf(stdout, "cleanreach %s: %s\n\n", c.name, c.does)
			usage(stdout)
			return 0
		}
		err := c.run(ctx, call{args: args[1:], env: e, stdin: stdin, stdout: stdout, stderr: stderr})
		if err == nil || errors.Is(err, errHelp) {
			return 0
		}
		if !c.stage { // a stage has it in its log
			fmt.Fprintln(stderr, "cleanreach "+c.name+":", err)
		}
		return int(audience.ClassOf(err))
	}
	fmt.Fprintf(stderr, "cleanreach: there is no command %q\n\n", args[0])
	usage(stderr)
	return int(audience.Invalid)
}

// ownHelp are the commands that have more to say about themselves.
var ownHelp = []string{"doctor", "optout", "redrive", "replay", "explain", "estimate"}

func isHelp(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" }

func schema(_ context.Context, c call) error {
	if err := noArguments(c); err != nil {
		return err
	}
	_, err := c.stdout.Write(audience.DefinitionSchema)
	return err
}

// release is the version, written in by the linker. Without it the module's counts.
var release string

func version(_ context.Context, c call) error {
	if err := noArguments(c); err != nil {
		return err
	}
	v := release
	if info, ok := debug.ReadBuildInfo(); ok && v == "" {
		v = info.Main.Version
	}
	_, err := fmt.Fprintf(c.stdout, "cleanreach %s, Marketing API %s\n", v, meta.DefaultVersion)
	return err
}

func noArguments(c call) error {
	if len(c.args) > 0 {
		return audience.Failf(audience.Invalid, "it takes no arguments")
	}
	return nil
}
