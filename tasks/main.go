// Command cleanreach is the container that the state machine runs: a subcommand a stage. The same binary answers an
// operator's questions at a terminal.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], environment(os.Environ()), os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// An env is the process's environment, read once.
type env map[string]string

func environment(pairs []string) env {
	e := env{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		e[name] = value
	}
	return e
}

// A call is one run of a subcommand.
type call struct {
	args   []string
	env    env
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}
