// Command local runs CleanReach's state machine on this machine: the same definition as on AWS, with folders for
// buckets, processes for Fargate tasks, DuckDB for the clean room and, unless told otherwise, a sandbox for Meta.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	syscall.Umask(0o077) // what a run writes holds people's data: nobody else on this machine may read it
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)                            // a second Ctrl-C ends it at once
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // a reader that went away, such as head, ends no run
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
