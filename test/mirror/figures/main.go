// Figures measures a mirror's daily run: an audience of many people of whom one in a hundred is another one the next day. It
// makes both matches, then compares each in a process of its own, and sends what was found to a Meta that takes no time.
//
//	go run ./test/mirror/figures                  10 million people
//	go run ./test/mirror/figures -rows 1000000
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

// options are what the command line says.
type options struct {
	rows  int
	churn float64
	dir   string
	step  string // what a child does: the run that it compares
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has been called
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	var o options
	flags := flag.NewFlagSet("figures", flag.ContinueOnError)
	flags.IntVar(&o.rows, "rows", 10_000_000, "people in the audience")
	flags.Float64Var(&o.churn, "churn", 0.01, "share of them who are others the next day")
	flags.StringVar(&o.dir, "dir", "", "folder for the data; by default one that is deleted afterwards")
	flags.StringVar(&o.step, "step", "", "for its own child processes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.step != "" {
		w, err := open(ctx, o)
		if err != nil {
			return err
		}
		defer w.close()
		done, err := w.day(ctx, o.step)
		if err != nil {
			return err
		}
		return json.NewEncoder(stdout).Encode(done)
	}
	if o.dir == "" {
		dir, err := os.MkdirTemp("", "mirror-figures")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		o.dir = dir
	}
	return o.all(ctx, stdout)
}

// all makes the matches, and has a child deal with each.
func (o options) all(ctx context.Context, stdout io.Writer) error {
	w, err := open(ctx, o)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.matches(ctx); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%d people, of whom %.1f %% are others the next day\n", o.rows, 100*o.churn)
	for _, step := range []string{"first", "second"} {
		done, memory, err := o.child(ctx, step)
		if err != nil {
			return fmt.Errorf("%s day: %w", step, err)
		}
		fmt.Fprintf(stdout, "%-6s day, %s: compared in %.0f s (%.0f of the processor), at most %d MiB of memory; %d shards; %d rows join, %d leave, %d kept; %d batches\n",
			step, done.Mode, done.Seconds, done.Processor, memory>>20, done.Shards, done.Joins, done.Leaves, done.Kept, done.Batches)
	}
	return nil
}

// child runs a day in a process of its own, and gives the most memory that it had.
func (o options) child(ctx context.Context, step string) (done figures, memory int64, err error) {
	self, err := os.Executable()
	if err != nil {
		return done, 0, err
	}
	c := exec.CommandContext(ctx, self, "-rows", fmt.Sprint(o.rows), "-churn", fmt.Sprint(o.churn), "-dir", o.dir, "-step", step) //nolint:gosec // this program
	c.Stderr = os.Stderr
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 10 * time.Second
	out, err := c.Output()
	if err != nil {
		return done, 0, err
	}
	if usage, is := c.ProcessState.SysUsage().(*syscall.Rusage); is {
		memory = usage.Maxrss << 10
	}
	return done, memory, json.Unmarshal(out, &done)
}
