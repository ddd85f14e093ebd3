// Bench measures how fast CleanReach is, next to what else one would write or use, and how much memory it takes. It makes
// its data first, then runs each measurement several times in a process of its own, so that none profits from the garbage,
// the warm code or the memory of another.
//
//	make bench                       10 million rows, five times each; more than an hour
//	make bench BENCH_ROWS=1000000    a quarter of one
//	make bench-memory                what memory it takes as files grow; a quarter of an hour
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

// options are what the command line says.
type options struct {
	rows    int64
	repeat  int
	cores   []int
	memory  bool   // make the measurements of memory, and not those of speed
	only    string // parts of names, with commas between: make measurements whose name has one of them in it
	data    string // folder
	out     string // file with the results; empty: standard output alone
	measure string // the one measurement that a child process makes
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has been called
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	d := dataset{dir: o.data, rows: o.rows}
	if o.measure != "" {
		return child(ctx, o, d, stdout)
	}
	fmt.Fprintf(os.Stderr, "data of %d rows in %s\n", d.rows, d.dir)
	if err := d.make(ctx); err != nil {
		return err
	}
	list := speed
	if o.memory {
		list = memory
		if err := d.makeLarge(ctx); err != nil {
			return fmt.Errorf("make the large row group: %w", err)
		}
	}
	r, err := measureAll(ctx, o, list)
	if err != nil {
		return err
	}
	page := r.page()
	if o.memory {
		page = r.memoryPage()
	}
	if _, err := fmt.Fprint(stdout, page); err != nil {
		return err
	}
	if o.out == "" {
		return nil
	}
	return os.WriteFile(o.out, []byte(page), 0o644) //nolint:gosec // everybody may read the results
}

func parse(args []string) (options, error) {
	o := options{cores: []int{1, 2}}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.Int64Var(&o.rows, "rows", 10_000_000, "customers")
	f.IntVar(&o.repeat, "repeat", 5, "runs of each measurement, of which the median counts")
	f.BoolVar(&o.memory, "memory", false, "measure memory as files grow, and not speed")
	f.StringVar(&o.only, "only", "", "make only measurements whose name has this in it, or one of several with commas between")
	f.StringVar(&o.data, "data", ".cache/bench", "folder for the data, which is used again")
	f.StringVar(&o.out, "out", "", "file to write the table into")
	f.StringVar(&o.measure, "measure", "", "make one measurement and print it as JSON; how the others are made")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.data, err = filepath.Abs(o.data); err != nil { // its files become URLs
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected %s", strings.Join(f.Args(), " "))
	case o.rows < 1000 || o.repeat < 1:
		return o, fmt.Errorf("-rows must be at least 1000 and -repeat at least 1")
	}
	return o, nil
}
