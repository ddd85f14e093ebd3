// Command sandbox runs the Meta sandbox by itself, so that anything that speaks the Marketing API can be tried against it.
//
//	go run ./internal/meta/sandbox/cmd -addr 127.0.0.1:8080 -state /tmp/sandbox
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var cfg sandbox.Config
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:0", "address to listen on; port 0 takes a free one")
	token := flags.String("token", "", "the only access token that is accepted; without it any is")
	flags.StringVar(&cfg.State, "state", "", "folder that keeps audiences and people over restarts; without it they are in memory")
	flags.StringVar(&cfg.Version, "version", "v26.0", "API version to answer")
	flags.StringVar(&cfg.AppSecret, "app-secret", "", "demand the appsecret_proof of this app secret")
	flags.Float64Var(&cfg.MatchRate, "match-rate", 0.6, "share of the people that are recognised")
	flags.Float64Var(&cfg.RefuseRate, "refuse-rate", 0, "share of the people that are refused although nothing is wrong with them")
	flags.StringVar(&cfg.Tier, "tier", "", "rate limits that hold: limited or full; without it none does")
	flags.DurationVar(&cfg.Processing, "processing", 0, "time until an upload is in the matches and sizes; at Meta up to 24h")
	flags.DurationVar(&cfg.Replacing, "replacing", 0, "time from the end of a replace until the audience is normal again")
	flags.DurationVar(&cfg.Latency, "latency", 0, "time that each answer takes")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if *token != "" {
		cfg.Tokens = []string{*token}
	}
	if err := serve(ctx, cfg, *addr, stdout); err != nil {
		_, _ = fmt.Fprintln(stderr, "sandbox:", err)
		return 1
	}
	return 0
}

// serve answers until ctx ends. The URL is printed when the sandbox takes requests.
func serve(ctx context.Context, cfg sandbox.Config, addr string, stdout io.Writer) error {
	server, err := sandbox.New(cfg)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return errors.Join(fmt.Errorf("listen on %s: %w", addr, err), server.Close())
	}
	_, _ = fmt.Fprintf(stdout, "http://%s\n", listener.Addr())
	web := &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(listener) }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = web.Shutdown(grace)
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, server.Close())
}
