package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/telemetry"
)

// The environment of a stage. The state machine gives the first two; the task definition gives the rest.
const (
	envRun       = "CLEANREACH_RUN"             // URL of the run's folder
	envChunk     = "CLEANREACH_CHUNK"           // id of the chunk, for upload
	envCatalog   = "CLEANREACH_CATALOG"         // URL of the table catalog
	envMetaURL   = "CLEANREACH_META_URL"        // of the Graph API; default: Meta's
	envMetaToken = "CLEANREACH_META_TOKEN"      // the name of a secret; default: read from Secrets Manager
	envAppSecret = "CLEANREACH_META_APP_SECRET" // likewise
	envMetrics   = "CLEANREACH_METRICS"         // CloudWatch's namespace for metrics; default: none are written
)

const (
	leaseTTL   = 15 * time.Minute
	leaseRenew = leaseTTL / 3
	softMemory = 384 << 20 // bytes; the collector works harder above it, well below the task's 512 MiB
)

// A work is what a stage finds when it starts.
type work struct {
	name   string
	run    *audience.Run
	folder *storage.Folder
	env    env
	log    *slog.Logger
	// metrics are written when the stage has ended.
	metrics *telemetry.Recorder
	started time.Time
	meta    meters // set by connect
	// keep renews the audience's lease, or tells that another run has it by now.
	keep func(context.Context) error
}

// A stageFunc does one stage's work.
type stageFunc struct {
	name      string
	takeLease bool // the first stages of a run do; the others only keep it
	run       func(context.Context, *work) error
}

// stage wraps a stage in what all of them need: the run's documents, the lease, a log, and a failure document for the
// state machine when it fails. A panic is a failure like any other, so that its exit code is 1 and not Go's 2, which
// means something else here.
func stage(s stageFunc) func(context.Context, call) error {
	return func(ctx context.Context, c call) error {
		w := &work{
			name: s.name, env: c.env, log: telemetry.NewLog(c.stderr, false, slog.LevelInfo).With(telemetry.KeyStage, s.name),
			metrics: telemetry.NewRecorder(c.stdout, c.env[envMetrics]), started: time.Now(),
		}
		err := w.do(ctx, c, s)
		if err != nil {
			w.log.Error("ended", telemetry.KeyError, err.Error(), telemetry.KeyClass, audience.ClassOf(err).String(),
				telemetry.KeyRunbook, audience.RunbookOf(err))
		}
		w.measure(err)
		return err
	}
}

func (w *work) do(ctx context.Context, c call, s stageFunc) (err error) {
	if err := noArguments(c); err != nil {
		return err
	}
	if c.env["GOMEMLIMIT"] == "" {
		debug.SetMemoryLimit(softMemory)
	}
	url := c.env[envRun]
	if url == "" {
		return audience.Failf(audience.Invalid, "%s is not set: it must be the URL of the run's folder", envRun)
	}
	if w.folder, err = storage.Open(ctx, url); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.folder.Close()) }()
	failure := failureFile(s.name, c.env[envChunk])
	defer func() { tell(context.WithoutCancel(ctx), w.folder, s.name, failure, err) }()
	defer func() {
		if p := recover(); p != nil {
			w.log.Error("panic", "stack", telemetry.PanicPlace()) // the value may hold data; where it happened does not
			err = audience.Failf(audience.Transient, "the task has a fault and panicked; its log says where")
		}
	}()
	if err := w.folder.Delete(ctx, failure); err != nil { // of an earlier task
		return err
	}
	return w.open(ctx, s)
}

func (w *work) open(ctx context.Context, s stageFunc) error {
	data, err := w.folder.Read(ctx, audience.RunFile)
	if err != nil {
		return fmt.Errorf("find out what this run is: %w", err)
	}
	if w.run, err = audience.ParseRun(data); err != nil {
		return err
	}
	w.log = w.log.With(telemetry.KeyRun, w.run.ID)
	ctx, release, err := holdLease(ctx, w, s.takeLease)
	if err != nil {
		return err
	}
	defer release()
	w.log.Info("started")
	if err := s.run(ctx, w); err != nil {
		if lost := context.Cause(ctx); ctx.Err() != nil && audience.ClassOf(lost) == audience.Gate {
			err = lost
		}
		return err
	}
	w.log.Info("ended", telemetry.KeySeconds, time.Since(w.started).Seconds())
	return nil
}

func failureFile(stage, chunk string) string {
	if chunk != "" {
		stage += "-" + chunk
	}
	return audience.FailureFile(stage)
}

// tell leaves the failure where the state machine looks for it.
func tell(ctx context.Context, folder *storage.Folder, stage, file string, err error) {
	if err == nil {
		return
	}
	_ = folder.WriteJSON(ctx, file, audience.NewFailureDoc(stage, err, time.Now().UTC())) // the exit code still tells the class
}

// holdLease takes or checks the audience's lease and renews it until release is called. When another run takes it, the
// returned context ends with that as its cause.
func holdLease(ctx context.Context, w *work, take bool) (context.Context, func(), error) {
	leases, err := storage.Open(ctx, w.run.LeaseURL)
	if err != nil {
		return nil, nil, err
	}
	key, err := leaseKey(ctx, w, leases, take)
	if err != nil {
		return nil, nil, errors.Join(err, leases.Close())
	}
	w.keep = func(ctx context.Context) error { return storage.RenewLease(ctx, leases, key, w.run.ID, leaseTTL) }
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(leaseRenew)
		defer tick.Stop()
		renew(ctx, w, leases, key, tick.C, cancel)
	}()
	return ctx, func() {
		cancel(context.Canceled)
		<-done
		_ = leases.Close()
	}, nil
}

func leaseKey(ctx context.Context, w *work, leases *storage.Folder, take bool) (string, error) {
	dir := audience.LeaseDir(w.run.Tenant, w.run.Audience)
	if take {
		key, err := storage.TakeLease(ctx, leases, w.run.ID, leaseTTL, time.Now)
		if err != nil {
			return "", err
		}
		return key, w.folder.WriteJSON(ctx, audience.LeaseFile, audience.HeldLease{Schema: audience.DocumentVersion, Key: dir + key})
	}
	var held audience.HeldLease
	if err := w.folder.ReadJSON(ctx, audience.LeaseFile, &held); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", audience.Failf(audience.Invalid, "this run holds no lease: start it with preflight")
		}
		return "", err
	}
	key := strings.TrimPrefix(held.Key, dir)
	return key, storage.RenewLease(ctx, leases, key, w.run.ID, leaseTTL)
}

// renew renews the lease at every tick until ctx ends. When another run has taken it, it cancels with that as the cause.
func renew(ctx context.Context, w *work, leases *storage.Folder, key string, tick <-chan time.Time, cancel context.CancelCauseFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
		err := storage.RenewLease(ctx, leases, key, w.run.ID, leaseTTL)
		if audience.ClassOf(err) == audience.Gate && err != nil {
			cancel(err)
			return
		}
		if err != nil && ctx.Err() == nil {
			w.log.Warn("renew lease", telemetry.KeyError, err.Error()) // the next renewal is in time
		}
	}
}
