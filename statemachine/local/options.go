package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/local/demo"
)

// options are what the user asked for.
type options struct {
	audience string
	room     string
	run      string
	out      string
	meta     string
	task     string
	state    string
	waits    float64
	demo     bool
	rows     int
	seed     uint64
	plain    bool
}

const usageText = `Runs CleanReach's state machine on this machine.

usage
  go run ./statemachine/local -demo [-rows 50000]
  go run ./statemachine/local -audience my.json [-room room.json] [-meta sandbox|live|URL]

The output lies in out/<run>/. The same run id continues where a run stopped:
  go run ./statemachine/local -audience my.json -run <id>

With -meta live the people go to Meta itself, with the access token from the environment
variable CLEANREACH_META_TOKEN (and CLEANREACH_META_APP_SECRET, if the app demands proofs).

exit codes
  0 done   1 transient: continue it   2 something given is wrong   3 a gate on the data stopped it
  4 Meta refuses and a person must act   5 throttled for too long: continue it later

flags
`

// errHelp says that usage was asked for and printed.
var errHelp = errors.New("help")

func parseOptions(args []string, out io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.audience, "audience", "", "the audience definition, a JSON file; its source.path may be a path relative to it")
	flags.StringVar(&o.room, "room", "", "the room file: whose tables the clean room has, and what may be asked of them; see docs/clean-room.md (default: room.json beside the definition)")
	flags.StringVar(&o.run, "run", "", "the run's id; give an earlier run's to continue it (default: the time)")
	flags.StringVar(&o.out, "out", "out", "folder for everything that runs write")
	flags.StringVar(&o.meta, "meta", "sandbox", "sandbox, live, or the URL of a sandbox that runs already")
	flags.StringVar(&o.task, "task", "", "the cleanreach binary (default: it is built with the go command)")
	flags.StringVar(&o.state, "sandbox-state", "", "folder in which the sandbox keeps its audiences (default: <out>/sandbox)")
	flags.Float64Var(&o.waits, "waits", 1, "scale of the state machine's waits: 0.1 waits a tenth as long")
	flags.BoolVar(&o.demo, "demo", false, "make demo data and run it")
	flags.IntVar(&o.rows, "rows", 50_000, fmt.Sprintf("with -demo: customers, up to %d", demo.MaxRows))
	flags.Uint64Var(&o.seed, "seed", 1, "with -demo: another seed makes other people")
	flags.BoolVar(&o.plain, "plain", false, "plain lines, also at a terminal")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, usageText)
		flags.SetOutput(out)
		flags.PrintDefaults()
		return o, errHelp
	}
	if err != nil {
		return o, audience.Fail(audience.Invalid, "see -help", err)
	}
	if flags.NArg() > 0 {
		return o, audience.Failf(audience.Invalid, "%q is no flag: see -help", flags.Arg(0))
	}
	return o, o.check()
}

// taken are the names of the folders beside the short way to a run.
var taken = []string{"audiences", "bus", "catalog", "demo", "leases", "queue", "results", "room", "runs", "sandbox"}

// metaChoice is what -meta takes.
var metaChoice = regexp.MustCompile(`^(sandbox|live|https?://.+)$`)

func (o *options) check() error {
	if o.room == "" && o.audience != "" {
		if beside := filepath.Join(filepath.Dir(o.audience), "room.json"); isFile(beside) {
			o.room = beside
		}
	}
	if problems := o.problems(); len(problems) > 0 {
		return audience.Failf(audience.Invalid, "%s", strings.Join(problems, "; "))
	}
	var err error
	if o.out, err = filepath.Abs(o.out); err != nil {
		return fmt.Errorf("find the output folder: %w", err)
	}
	if o.state == "" {
		o.state = filepath.Join(o.out, "sandbox")
	}
	return nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func (o *options) problems() []string {
	var problems []string
	if o.demo == (o.audience != "") {
		problems = append(problems, "give either -audience or -demo")
	}
	if o.audience != "" && o.room == "" {
		problems = append(problems, "there is no room.json beside "+o.audience+": name the room file with -room; it says whose tables are matched (docs/clean-room.md has an example)")
	}
	if o.demo && o.meta == "live" {
		problems = append(problems, "the demo's people are made up: they cannot go to -meta live")
	}
	if !metaChoice.MatchString(o.meta) {
		problems = append(problems, "-meta must be sandbox, live or a URL")
	}
	if o.run != "" && !audience.ValidRunID(o.run) {
		problems = append(problems, "-run must have 1 to 80 letters, digits, dots, dashes or underscores")
	}
	if slices.Contains(taken, o.run) {
		problems = append(problems, "-run must not be "+strings.Join(taken, ", ")+": the output folder has those already")
	}
	if o.waits < 0 || o.waits > 1 {
		problems = append(problems, "-waits must be from 0 to 1")
	}
	if o.rows < 1 || o.rows > demo.MaxRows {
		problems = append(problems, fmt.Sprintf("-rows must be from 1 to %d", demo.MaxRows))
	}
	return problems
}
