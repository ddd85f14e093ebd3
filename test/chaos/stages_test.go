package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/cleanreach/cleanreach/internal/advance"
	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/compare"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
	"github.com/cleanreach/cleanreach/internal/plan"
	"github.com/cleanreach/cleanreach/internal/preflight"
	"github.com/cleanreach/cleanreach/internal/prepare"
	"github.com/cleanreach/cleanreach/internal/report"
	"github.com/cleanreach/cleanreach/internal/snapshot"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/succession"
	"github.com/cleanreach/cleanreach/internal/suppression"
	"github.com/cleanreach/cleanreach/internal/upload"
)

// A stage is a subcommand at work: what the container has around a stage (lease, failure document) and the stage itself.
type stage struct {
	world  *world
	task   *task
	name   string
	chunk  string
	run    *audience.Run
	folder *storage.Folder
	state  *storage.Folder // what outlives the runs of the audience
	list   *suppression.List
	budget *meta.Budget
	keep   func(context.Context) error // renews the lease, or tells that another run has it by now
}

// leaseTTL is that of a task's lease, which is renewed three times as often.
const leaseTTL = 15 * time.Minute

// do does the stage's work, as tasks/stage.go does it.
func (s *stage) do(ctx context.Context, url string) error {
	folder, err := storage.Open(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }()
	s.folder = folder
	failure := audience.FailureFile(s.name)
	if s.chunk != "" {
		failure = audience.FailureFile(s.name + "-" + s.chunk)
	}
	if err = folder.Delete(ctx, failure); err == nil {
		err = s.open(ctx)
	}
	if err != nil {
		_ = folder.WriteJSON(context.WithoutCancel(ctx), failure, audience.NewFailureDoc(s.name, err, time.Now()))
	}
	return err
}

func (s *stage) open(ctx context.Context) error {
	data, err := s.folder.Read(ctx, audience.RunFile)
	if err != nil {
		return err
	}
	if s.run, err = audience.ParseRun(data); err != nil {
		return err
	}
	ctx, release, err := s.hold(ctx)
	if err != nil {
		return err
	}
	defer release()
	work, err := s.run.WorkURL()
	if err != nil {
		return err
	}
	bucket, err := storage.Open(ctx, work)
	if err != nil {
		return err
	}
	defer func() { _ = bucket.Close() }()
	s.state = bucket.Sub(audience.StateDir(s.run.Tenant, s.run.Audience))
	if !s.world.spoil.deaf {
		s.list = suppression.Open(bucket, s.run.Tenant)
	}
	return s.work(ctx)
}

// hold takes or renews the lease, and renews it until release is called.
func (s *stage) hold(ctx context.Context) (holding context.Context, release func(), err error) {
	leases, err := storage.Open(ctx, s.run.LeaseURL)
	if err != nil {
		return nil, nil, err
	}
	key, err := s.lease(ctx, leases)
	if err != nil {
		return nil, nil, errors.Join(err, leases.Close())
	}
	s.keep = func(ctx context.Context) error { return storage.RenewLease(ctx, leases, key, s.run.ID, leaseTTL) }
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for pause(ctx, leaseTTL/3) == nil {
			if err := s.keep(ctx); err != nil && audience.ClassOf(err) == audience.Gate {
				cancel(err)
			}
		}
	}()
	return ctx, func() {
		cancel(context.Canceled)
		<-done
		_ = leases.Close()
	}, nil
}

func (s *stage) lease(ctx context.Context, leases *storage.Folder) (string, error) {
	dir := audience.LeaseDir(s.run.Tenant, s.run.Audience)
	if s.name == "preflight" || s.name == "prepare" {
		key, err := storage.TakeLease(ctx, leases, s.run.ID, leaseTTL, time.Now)
		if err != nil {
			return "", err
		}
		return key, s.folder.WriteJSON(ctx, audience.LeaseFile, audience.HeldLease{Schema: audience.DocumentVersion, Key: dir + key})
	}
	var held audience.HeldLease
	if err := s.folder.ReadJSON(ctx, audience.LeaseFile, &held); err != nil {
		return "", err
	}
	key := strings.TrimPrefix(held.Key, dir)
	return key, storage.RenewLease(ctx, leases, key, s.run.ID, leaseTTL)
}

// work is the stage itself, as tasks/stages.go calls it.
func (s *stage) work(ctx context.Context) (err error) {
	run, folder, state, log := s.run, s.folder, s.state, s.world.log
	switch s.name {
	case "preflight":
		if err = succession.Of(run, state).Check(ctx); err == nil {
			_, err = preflight.Run(ctx, preflight.Deps{Run: run, Folder: folder, State: state, Meta: s.meta(), Now: time.Now, Log: log})
		}
	case "prepare":
		_, err = prepare.Run(ctx, prepare.Deps{
			Run: run, Folder: folder, Catalog: prepare.DocumentCatalog{Folder: folder.Sub("catalog")}, Suppression: s.list, Now: time.Now, Log: log,
		})
	case "plan":
		var planned *audience.Plan
		planned, err = plan.Run(ctx, plan.Deps{Run: run, Folder: folder, State: state, Now: time.Now, Log: log, BatchRows: s.world.batch})
		if err == nil && planned.Chunks > 0 && !s.world.spoil.silent {
			err = snapshot.Planned(ctx, state, run, planned.Mode, time.Now())
		}
		if err == nil && planned.Chunks > 0 {
			err = succession.Of(run, state).Note(ctx)
		}
	case "compare":
		_, err = compare.Run(ctx, compare.Deps{
			Run: run, Folder: folder, State: state, Suppression: s.list, Now: time.Now, Log: log, ShardRows: int64(10 * s.world.chunk), BufferBytes: 8 << 10,
		})
	case "upload":
		if s.world.spoil.forget {
			_ = folder.Delete(ctx, audience.ReceiptFile(s.chunk))
		}
		_, err = upload.Run(ctx, upload.Deps{
			Run: run, Folder: folder, Chunk: s.chunk, Meta: s.meta(), Suppression: s.list, Waited: s.budget.Throttled, Now: time.Now, Log: log,
			BatchRows: s.world.batch,
		})
	case "advance":
		_, err = advance.Run(ctx, advance.Deps{Run: run, Folder: folder, State: state, Meta: s.meta(), Now: time.Now, Log: log})
	case "report":
		var made *audience.Report
		made, err = report.Run(ctx, report.Deps{Run: run, Folder: folder, Meta: s.meta(), Now: time.Now, Sleep: pause, Log: log})
		if err == nil && s.world.mode == audience.ModeMirror {
			if err = s.keep(ctx); err == nil {
				err = snapshot.Reported(ctx, state, run, made)
			}
		}
	default:
		err = audience.Failf(audience.Invalid, "there is no stage %q", s.name)
	}
	return err
}

// meta is the client of a task, made as tasks/metaclient.go makes it.
func (s *stage) meta() meta.API {
	s.budget = meta.NewBudget(0, nil)
	return s.world.client(s.task, s.budget)
}

// client makes a client whose requests are a task's; without a task nothing goes wrong with them.
func (w *world) client(t *task, budget *meta.Budget) meta.API {
	client, err := meta.New(meta.Config{Token: "token", HTTP: &http.Client{Transport: &transport{w, t}}, Log: w.log})
	if err != nil {
		panic(err) // this test is wrong
	}
	policy := meta.Policy{Budget: budget, Log: w.log}
	if t != nil {
		policy.Rand = (&locked{rand: drawn(w.seed, t.name+" jitter")}).float
	}
	return meta.Retrying(meta.Paced(client, meta.Pace{Budget: budget}), policy)
}

// transport is the way from a task to the sandbox, without a network.
type transport struct {
	world *world
	task  *task
}

// RoundTrip makes a request, with which something may go wrong.
func (tr *transport) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	ctx := r.Context()
	if f := tr.world.faultFor(tr.task, r); f != nil {
		ctx = sandbox.WithFault(ctx, *f)
	}
	err = tr.task.Does(r.Method+" "+r.URL.Path, func() error {
		sent := tr.world.overhear(r)
		answer, err = serve(tr.world.server, r.WithContext(ctx))
		if err == nil && sent != "" {
			err = tr.world.acknowledge(sent, answer)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return answer, nil
}

var errConnection = errors.New("the connection broke")

// serve has the sandbox answer a request.
func serve(server http.Handler, r *http.Request) (answer *http.Response, err error) {
	defer func() { _ = r.Body.Close() }()
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			answer, err = nil, errConnection
		default:
			panic(p)
		}
	}()
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil { // nobody waits for it any more
		return nil, err
	}
	return w.Result(), nil
}

// overhear gives session and number of a batch that replaces; nothing of any other request.
func (w *world) overhear(r *http.Request) string {
	if !strings.HasSuffix(r.URL.Path, "/usersreplace") {
		return ""
	}
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	r.Body = io.NopCloser(bytes.NewReader(body))
	var batch struct {
		Session struct {
			ID  json.Number `json:"session_id"`
			Seq json.Number `json:"batch_seq"`
		} `json:"session"`
	}
	if err = errors.Join(err, json.Unmarshal(body, &batch)); err != nil {
		w.problem("a request to replace people cannot be read: %s", err)
	}
	return fmt.Sprintf("batch %s of session %s", batch.Session.Seq, batch.Session.ID)
}

// acknowledge notes that Meta answered to such a batch that it took it. It must not do that twice.
func (w *world) acknowledge(batch string, answer *http.Response) error {
	body, err := io.ReadAll(answer.Body)
	answer.Body = io.NopCloser(bytes.NewReader(body))
	var ack struct {
		Session json.Number `json:"session_id"`
	}
	if err != nil || json.Unmarshal(body, &ack) != nil || ack.Session == "" {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.acked[batch] {
		w.problems = append(w.problems, batch+" of a replace was acknowledged twice")
	}
	w.acked[batch] = true
	return nil
}

// pause sleeps for d in the bubble's time, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
