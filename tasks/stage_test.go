package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/prepare"
	"github.com/cleanreach/cleanreach/internal/storage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// runDocument is a run.json. settings are more fields of meta, behind a comma.
func runDocument(leases, settings string) []byte {
	return fmt.Appendf(nil, `{"schema": 1, "run": "r1", "tenant": "acme", "audience": "vip", "lease_url": %q, "definition": {
	"tenant": "acme", "name": "vip",
	"source": {"path": "customers.csv", "columns": {"EMAIL": "Email"}},
	"match": {"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"},
	"meta": {"ad_account": "act_42"%s}}}`, leases, settings)
}

// bench is a work bucket with one frozen run.
type bench struct {
	t      *testing.T
	bucket string // folder on disk
	folder *storage.Folder
	leases *storage.Folder
	env    env
	stdout bytes.Buffer
	stderr bytes.Buffer
}

func newBench(t *testing.T, settings string) *bench {
	t.Helper()
	b := &bench{t: t, bucket: t.TempDir()}
	b.folder = b.open("runs/acme/vip/r1")
	b.leases = b.open(audience.LeaseDir("acme", "vip"))
	require.NoError(t, b.folder.Write(t.Context(), audience.RunFile, runDocument(b.leases.URL(), settings)))
	b.env = env{envRun: b.folder.URL(), "GOMEMLIMIT": "off"}
	return b
}

func (b *bench) open(dir string) *storage.Folder {
	b.t.Helper()
	folder, err := storage.Open(b.t.Context(), storage.FileURL(filepath.Join(b.bucket, dir)))
	require.NoError(b.t, err)
	b.t.Cleanup(func() { assert.NoError(b.t, folder.Close()) })
	return folder
}

// run runs a stage whose work is do, as the binary would, and gives its exit code.
func (b *bench) run(takeLease bool, do func(context.Context, *work) error) int {
	b.t.Helper()
	err := stage(stageFunc{"probe", takeLease, do})(b.t.Context(), call{env: b.env, stdout: &b.stdout, stderr: &b.stderr})
	if err == nil {
		return 0
	}
	return int(audience.ClassOf(err))
}

func (b *bench) failure(file string) *audience.FailureDoc {
	b.t.Helper()
	var doc audience.FailureDoc
	err := b.folder.ReadJSON(b.t.Context(), file, &doc)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	require.NoError(b.t, err)
	return &doc
}

// hold has another run take the lease.
func (b *bench) hold(ttl time.Duration) {
	b.t.Helper()
	_, err := storage.TakeLease(b.t.Context(), b.leases, "r0", ttl, time.Now)
	require.NoError(b.t, err)
}

func nothing(context.Context, *work) error { return nil }

func TestStageFindsItsRun(t *testing.T) {
	b := newBench(t, "")
	code := b.run(true, func(_ context.Context, w *work) error {
		assert.Equal(t, "r1", w.run.ID)
		assert.Equal(t, "act_42", w.run.Def().Meta.AdAccount)
		assert.Equal(t, b.folder.URL(), w.folder.URL())
		w.log.Info("at work")
		return nil
	})
	assert.Zero(t, code, b.stderr.String())
	assert.Nil(t, b.failure("failures/probe.json"))
	for _, line := range strings.Split(strings.TrimSpace(b.stderr.String()), "\n") {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields), line)
		assert.Equal(t, "probe", fields["stage"])
		assert.Equal(t, "r1", fields["run"])
	}
	var held audience.HeldLease
	require.NoError(t, b.folder.ReadJSON(t.Context(), audience.LeaseFile, &held))
	assert.Equal(t, "leases/acme/vip/00000001.json", held.Key)
	assert.FileExists(t, filepath.Join(b.bucket, held.Key))
}

func TestExitCodes(t *testing.T) {
	secretive := errors.New("it went wrong")
	for _, c := range []struct {
		err   error
		code  int
		class string
	}{
		{secretive, 1, "transient"},
		{context.Canceled, 1, "transient"},
		{audience.Fail(audience.Transient, "wait", secretive), 1, "transient"},
		{audience.Fail(audience.Invalid, "write it anew", secretive), 2, "invalid"},
		{audience.Fail(audience.Gate, "clean the data", secretive), 3, "gate"},
		{audience.Fail(audience.Action, "renew the token", secretive), 4, "action"},
		{audience.Fail(audience.Throttled, "wait longer", secretive), 5, "throttled"},
		{fmt.Errorf("around: %w", audience.Fail(audience.Action, "renew the token", secretive)), 4, "action"},
	} {
		t.Run(c.err.Error(), func(t *testing.T) {
			b := newBench(t, "")
			assert.Equal(t, c.code, b.run(true, func(context.Context, *work) error { return c.err }))
			doc := b.failure("failures/probe.json")
			require.NotNil(t, doc)
			assert.WithinDuration(t, time.Now(), doc.At, time.Hour)
			doc.At = time.Time{}
			assert.Equal(t, &audience.FailureDoc{
				Schema: 1, Stage: "probe", Class: c.class, ExitCode: c.code, Message: c.err.Error(), Next: audience.NextOf(c.err),
				Runbook: fmt.Sprintf("docs/runbook.md#exit-code-%d-%s", c.code, c.class),
			}, doc)
			assert.Contains(t, b.stderr.String(), `"runbook":"`+doc.Runbook+`"`)
			assert.Contains(t, b.stderr.String(), `"class":"`+c.class+`"`)

			assert.Zero(t, b.run(true, nothing), "and when it is started again")
			assert.Nil(t, b.failure("failures/probe.json"), "the failure of the earlier task is gone")
		})
	}
}

func TestFailuresOfChunksLieSideBySide(t *testing.T) {
	b := newBench(t, "")
	for _, chunk := range []string{"00001", "00002"} {
		b.env[envChunk] = chunk
		b.run(true, func(context.Context, *work) error { return errors.New("chunk " + chunk) })
	}
	assert.Equal(t, "chunk 00001", b.failure("failures/probe-00001.json").Message)
	assert.Equal(t, "chunk 00002", b.failure("failures/probe-00002.json").Message)
	b.env[envChunk] = "00001"
	assert.Zero(t, b.run(true, nothing))
	assert.Nil(t, b.failure("failures/probe-00001.json"))
	assert.NotNil(t, b.failure("failures/probe-00002.json"))
}

func TestPanicIsTransientAndShowsNoValue(t *testing.T) {
	for name, value := range map[string]any{"text": "ann@example.com", "error": errors.New("ann@example.com"), "runtime": nil} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "")
			code := b.run(true, func(context.Context, *work) error {
				if value == nil {
					return fmt.Errorf("row %d", []int{}[len(name)])
				}
				panic(value)
			})
			assert.Equal(t, 1, code)
			assert.Equal(t, "transient", b.failure("failures/probe.json").Class)
			assert.Contains(t, b.stderr.String(), "TestPanicIsTransientAndShowsNoValue", "where it happened")
			assert.NotContains(t, b.stderr.String()+b.failure("failures/probe.json").Message, "ann@example.com")
		})
	}
}

func TestLease(t *testing.T) {
	for _, c := range []struct {
		name    string
		take    bool
		prepare func(t *testing.T, b *bench)
		code    int
		says    string
	}{
		{"free", true, func(*testing.T, *bench) {}, 0, ""},
		{"ours already", true, func(_ *testing.T, b *bench) { b.run(true, nothing) }, 0, ""},
		{"kept", false, func(_ *testing.T, b *bench) { b.run(true, nothing) }, 0, ""},
		{"held by another run", true, func(_ *testing.T, b *bench) { b.hold(time.Hour) }, 3, "run r0 holds this audience"},
		{"expired", true, func(t *testing.T, b *bench) {
			b.hold(time.Hour)
			long := time.Now().Add(-2 * time.Hour)
			require.NoError(t, os.Chtimes(filepath.Join(b.bucket, "leases/acme/vip/00000001.json"), long, long))
		}, 0, ""},
		{"never taken", false, func(*testing.T, *bench) {}, 2, "start it with preflight"},
		{"lost meanwhile", false, func(t *testing.T, b *bench) {
			b.run(true, nothing)
			require.NoError(t, storage.ReleaseLease(t.Context(), b.leases, "00000001.json", "r1"))
			b.hold(time.Hour)
		}, 3, "run r0 holds this audience"},
		{"removed meanwhile", false, func(t *testing.T, b *bench) {
			b.run(true, nothing)
			require.NoError(t, b.leases.Clear(t.Context(), ""))
		}, 3, "is gone"},
		{"lease.json is none", false, func(t *testing.T, b *bench) {
			require.NoError(t, b.folder.Write(t.Context(), audience.LeaseFile, []byte("x")))
		}, 2, "lease.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, "")
			c.prepare(t, b)
			ran := false
			code := b.run(c.take, func(context.Context, *work) error { ran = true; return nil })
			assert.Equal(t, c.code, code, b.stderr.String())
			assert.Equal(t, c.code == 0, ran)
			if c.code != 0 {
				assert.Contains(t, b.failure("failures/probe.json").Message, c.says)
			}
		})
	}
}

// TestLeaseIsLostOnTheWay has another run take the lease while the stage is at work.
func TestLeaseIsLostOnTheWay(t *testing.T) {
	b := newBench(t, "")
	require.Zero(t, b.run(true, nothing))
	w := &work{run: &audience.Run{ID: "r1"}, log: slog.New(slog.NewTextHandler(&b.stderr, nil))}
	ctx, cancel := context.WithCancelCause(t.Context())
	tick, ended := make(chan time.Time), make(chan struct{})
	go func() {
		defer close(ended)
		renew(ctx, w, b.leases, "00000001.json", tick, cancel)
	}()
	tick <- time.Time{}
	tick <- time.Time{} // the first renewal is over, and well
	require.NoError(t, ctx.Err())
	require.NoError(t, b.leases.Write(t.Context(), "00000002.json", []byte(`{"schema": 1, "run": "r0", "ttl_seconds": 60}`)))
	select {
	case tick <- time.Time{}:
		<-ctx.Done()
	case <-ctx.Done(): // the second renewal saw it already
	}
	<-ended
	var held *storage.HeldError
	require.ErrorAs(t, context.Cause(ctx), &held)
	assert.Equal(t, "r0", held.Run)
	assert.Equal(t, audience.Gate, audience.ClassOf(context.Cause(ctx)))
}

// TestNoTableIsSwitchedWithoutTheLease has another run take the lease between two renewals: that one's query would be answered
// from this run's table.
func TestNoTableIsSwitchedWithoutTheLease(t *testing.T) {
	b := newBench(t, "")
	tables, err := storage.Open(t.Context(), storage.FileURL(t.TempDir()))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, tables.Close()) })
	code := b.run(true, func(ctx context.Context, w *work) error {
		catalog := leased{prepare.DocumentCatalog{Folder: tables}, w.keep}
		require.NoError(t, catalog.Switch(ctx, audience.CatalogTable{Name: "acme_vip", Run: "r1"}))
		require.NoError(t, b.leases.Write(ctx, "00000002.json", []byte(`{"schema": 1, "run": "r0", "ttl_seconds": 60}`)))
		return catalog.Switch(ctx, audience.CatalogTable{Name: "acme_vip", Run: "late"})
	})
	assert.Equal(t, 3, code)
	assert.Contains(t, b.failure("failures/probe.json").Message, "run r0 holds this audience")
	var table audience.CatalogTable
	require.NoError(t, tables.ReadJSON(t.Context(), "acme_vip.json", &table))
	assert.Equal(t, "r1", table.Run)
}

func TestRenewalThatFailsForTheMoment(t *testing.T) {
	b := newBench(t, "")
	require.Zero(t, b.run(true, nothing))
	lease := filepath.Join(b.bucket, "leases/acme/vip/00000001.json")
	good, err := os.ReadFile(lease)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(lease, []byte("half a doc"), 0o600))
	w := &work{run: &audience.Run{ID: "r1"}, log: slog.New(slog.NewTextHandler(&b.stderr, nil))}
	ctx, cancel := context.WithCancelCause(t.Context())
	tick, ended := make(chan time.Time), make(chan struct{})
	go func() {
		defer close(ended)
		renew(ctx, w, b.leases, "00000001.json", tick, cancel)
	}()
	tick <- time.Time{}
	tick <- time.Time{}
	cancel(nil)
	<-ended
	assert.Contains(t, b.stderr.String(), "renew lease")
	require.NoError(t, os.WriteFile(lease, good, 0o600))
	assert.Zero(t, b.run(false, nothing))
}

// TestLeaseLostEndsTheStage checks that the reason for which a stage was stopped is its error.
func TestLeaseLostEndsTheStage(t *testing.T) {
	b := newBench(t, "")
	lost := audience.Fail(audience.Gate, "", &storage.HeldError{Run: "r0"})
	parent, cancel := context.WithCancelCause(t.Context())
	err := stage(stageFunc{"probe", true, func(ctx context.Context, _ *work) error {
		cancel(lost)
		<-ctx.Done()
		return fmt.Errorf("send a batch: %w", ctx.Err())
	}})(parent, call{env: b.env, stderr: &b.stderr})
	require.ErrorIs(t, err, lost)
	assert.Equal(t, "gate", b.failure("failures/probe.json").Class, "though the context has ended, it is written")
}

func TestWhatIsNotThere(t *testing.T) {
	for _, c := range []struct {
		name    string
		command string
		args    []string
		spoil   func(t *testing.T, b *bench)
		says    string
		writes  bool // a failure document
	}{
		{"no run", "plan", nil, func(_ *testing.T, b *bench) { delete(b.env, envRun) }, "CLEANREACH_RUN is not set", false},
		{"a run that is no URL", "plan", nil, func(_ *testing.T, b *bench) { b.env[envRun] = "runs/acme" }, "scheme must be one of s3, file, mem", false},
		{"arguments", "plan", []string{"--now"}, func(*testing.T, *bench) {}, "takes no arguments", false},
		{"no run document", "plan", nil, func(t *testing.T, b *bench) { require.NoError(t, b.folder.Delete(t.Context(), audience.RunFile)) }, "run.json", true},
		{"a run document that is none", "plan", nil, func(t *testing.T, b *bench) {
			require.NoError(t, b.folder.Write(t.Context(), audience.RunFile, []byte("{}")))
		}, "schema version is 0", true},
		{"a wrong definition", "plan", nil, func(t *testing.T, b *bench) {
			require.NoError(t, b.folder.Write(t.Context(), audience.RunFile, []byte(`{"schema": 1, "definition": {"tenant": "acme"}}`)))
		}, "source: is required", true},
		{"no chunk", "upload", nil, func(_ *testing.T, b *bench) { b.run(true, nothing) }, "CLEANREACH_CHUNK is not set", true},
		{"no catalog", "prepare", nil, func(*testing.T, *bench) {}, "CLEANREACH_CATALOG must be", true},
		{"no token", "preflight", nil, func(*testing.T, *bench) {}, "name its secret in meta.secret, or set CLEANREACH_META_TOKEN", true},
		{"Meta's address is none", "preflight", nil, func(_ *testing.T, b *bench) {
			b.env[envMetaToken], b.env[envMetaURL] = "token", "graph"
		}, "base URL of Meta's API", true},
		{"no such command", "preflihgt", nil, func(*testing.T, *bench) {}, `there is no command "preflihgt"`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, "")
			c.spoil(t, b)
			b.stderr.Reset()
			code := run(t.Context(), append([]string{c.command}, c.args...), b.env, nil, &b.stdout, &b.stderr)
			assert.Equal(t, 2, code, b.stderr.String())
			assert.Contains(t, b.stderr.String(), c.says)
			assert.Empty(t, b.stdout.String())
			doc := b.failure(audience.FailureFile(c.command))
			require.Equal(t, c.writes, doc != nil)
			if doc != nil {
				assert.Contains(t, doc.Message, c.says)
				assert.Equal(t, 2, doc.ExitCode)
			}
		})
	}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{nil, 2, "", "usage: cleanreach <command>"},
		{[]string{"help"}, 0, "exit codes", ""},
		{[]string{"--help"}, 0, "exit codes", ""},
		{[]string{"version"}, 0, "Marketing API v", ""},
		{[]string{"version", "-v"}, 2, "", "takes no arguments"},
		{[]string{"schema"}, 0, `"$schema"`, ""},
		{[]string{"validate"}, 2, "", "name one audience definition"},
		{[]string{"validate", "no-such-file.json"}, 2, "", "no-such-file.json"},
		{[]string{"validate", "s3://work/audiences/acme/vip.json"}, 2, "", "cleanreach doctor takes s3:// URLs"},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), c.args, env{}, nil, &stdout, &stderr)
		assert.Equal(t, c.code, code, c.args)
		assert.Contains(t, stdout.String(), c.stdout, c.args)
		assert.Contains(t, stderr.String(), c.stderr, c.args)
		if c.code == 0 {
			assert.Empty(t, stderr.String())
		} else {
			assert.Empty(t, stdout.String())
		}
	}
	var all bytes.Buffer
	usage(&all)
	for _, c := range commands() {
		assert.Contains(t, all.String(), "\n  "+c.name+" ")
	}
}

func TestValidate(t *testing.T) {
	var frozen struct{ Definition json.RawMessage }
	require.NoError(t, json.Unmarshal(runDocument("", ""), &frozen))
	file := filepath.Join(t.TempDir(), "vip.json")
	for _, c := range []struct{ text, says string }{
		{string(frozen.Definition), "audiences/acme/vip.json"},
		{`{"tenant": "acme"}`, "name: is required"},
		{`{"tenant": "acme"}`, "cleanreach schema prints every field"},
	} {
		var out bytes.Buffer
		require.NoError(t, os.WriteFile(file, []byte(c.text), 0o600))
		code := run(t.Context(), []string{"validate", file}, env{}, nil, &out, &out)
		assert.Contains(t, out.String(), c.says)
		assert.Equal(t, strings.Contains(c.text, "meta"), code == 0)
	}
}

func TestEnvironment(t *testing.T) {
	assert.Equal(t, env{"A": "1", "B": "x=y", "C": "", "D": ""}, environment([]string{"A=1", "B=x=y", "C=", "D"}))
}
