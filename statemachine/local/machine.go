package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/local"
	"github.com/cleanreach/cleanreach/internal/local/cleanroom"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/statemachine"
)

// The names that the services on this machine answer to.
const (
	cluster     = "this-machine"
	workBucket  = "work"
	results     = "results"
	eventBus    = "cleanreach"
	tokenName   = "CLEANREACH_META_TOKEN"
	appSecret   = "CLEANREACH_META_APP_SECRET" // the name of one
	metaURLName = "CLEANREACH_META_URL"
	stopTimeout = 30 * time.Second

	answerTimeout = 10 * time.Second
)

// A machine is everything that one run needs on this machine.
type machine struct {
	options  options
	def      *audience.Definition
	id       string
	folder   string // of the run, on disk
	shown    string // the folder's short name for people: <out>/<run>
	work     *storage.Folder
	values   statemachine.Values
	services local.Services
	room     *cleanroom.Room
	closers  []func() error

	mu      sync.Mutex
	stopped []local.Stopped
	logs    map[string]int
}

func newMachine(ctx context.Context, o options, def *audience.Definition, getenv func(string) string) (m *machine, err error) {
	m = &machine{options: o, def: def, id: o.run, logs: map[string]int{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.close())
		}
	}()
	if m.id == "" {
		m.id = time.Now().UTC().Format("20060102-150405") + "-" + strings.ToLower(rand.Text()[:4])
	}
	if m.work, err = storage.Open(ctx, storage.FileURL(o.out)); err != nil {
		return m, err
	}
	m.closers = append(m.closers, m.work.Close)
	if err := m.makeFolder(); err != nil {
		return m, err
	}
	unlock, err := lockRun(m.folder)
	if err != nil {
		return m, err
	}
	m.closers = append(m.closers, unlock)
	if err := m.setUp(ctx, getenv); err != nil {
		return m, err
	}
	workURL := storage.FileURL(o.out)
	m.values = statemachine.Values{
		WorkBucket: workBucket, WorkURL: workURL, ResultsBucket: results, ResultsURL: workURL + "/results",
		Cluster: cluster, PreflightTaskDefinition: "preflight", PrepareTaskDefinition: "prepare", CompareTaskDefinition: "compare",
		PlanTaskDefinition: "plan", AdvanceTaskDefinition: "advance", UploadTaskDefinition: "upload", UploadCapacity: "FARGATE", ReportTaskDefinition: "report",
		Subnets: []string{"subnet-local"}, SecurityGroups: []string{"sg-local"}, DeadLetterQueueURL: workURL + "/queue/dead-letter.jsonl", EventBus: eventBus,
	}
	return m, nil
}

func (m *machine) runDir() string {
	return fmt.Sprintf("runs/%s/%s/%s/", m.def.Tenant, m.def.Name, m.id)
}

// makeFolder makes the run's folder and, beside it, the short way to it: out/<run>.
func (m *machine) makeFolder() error {
	m.folder = filepath.Join(m.options.out, filepath.FromSlash(m.runDir()))
	if err := os.MkdirAll(m.folder, 0o755); err != nil { //nolint:gosec // as readable as the data next to it
		return audience.Fail(audience.Invalid, "check -out", err)
	}
	m.shown = filepath.Join(m.options.out, m.id)
	target := filepath.FromSlash(strings.TrimSuffix(m.runDir(), "/"))
	err := os.Symlink(target, m.shown)
	if errors.Is(err, os.ErrExist) {
		if there, err := os.Readlink(m.shown); err != nil || there != target {
			m.shown = m.folder // another audience has a run of the same id
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("link %s: %w", m.shown, err)
	}
	return nil
}

func (m *machine) setUp(ctx context.Context, getenv func(string) string) error {
	environment, err := m.connect(ctx, getenv)
	if err != nil {
		return err
	}
	binary, err := taskBinary(ctx, m.options)
	if err != nil {
		return err
	}
	if err := m.openRoom(ctx); err != nil {
		return err
	}
	resultsFolder := m.work.Sub("results")
	m.services = local.Services{
		S3:    &local.S3{Buckets: map[string]*storage.Folder{workBucket: m.work, results: resultsFolder}},
		Queue: local.NewQueue(storage.FileURL(m.options.out)+"/queue/dead-letter.jsonl", filepath.Join(m.options.out, "queue", "dead-letter.jsonl"), time.Now),
		Bus:   local.NewBus(eventBus, filepath.Join(m.options.out, "bus", "events.jsonl"), time.Now),
		Room:  local.NewRoom(m.room),
		Tasks: &local.Tasks{Cluster: cluster, Log: m.openLog, StopTimeout: stopTimeout, Now: time.Now, OnStopped: m.taskStopped},
	}
	for _, name := range []string{"preflight", "prepare", "compare", "plan", "advance", "upload", "report"} {
		d := local.TaskDefinition{Name: name, Binary: binary}
		switch name {
		case "prepare":
			d.Environment = map[string]string{"CLEANREACH_CATALOG": storage.FileURL(filepath.Join(m.options.out, "catalog"))}
		case "preflight", "advance", "upload", "report": // the only ones that talk to Meta
			d.Environment = environment
		}
		m.services.Tasks.Definitions = append(m.services.Tasks.Definitions, d)
	}
	return nil
}

// connect finds Meta, or starts a sandbox in its place, and gives the environment that tells the tasks.
func (m *machine) connect(ctx context.Context, getenv func(string) string) (map[string]string, error) {
	environment := map[string]string{}
	for _, name := range []string{tokenName, appSecret, metaURLName} {
		if value := getenv(name); value != "" {
			environment[name] = value
		}
	}
	switch m.options.meta {
	case "live":
		if environment[tokenName] == "" {
			return nil, audience.Failf(audience.Action, "-meta live needs an access token: put it into the environment variable %s", tokenName)
		}
		return environment, nil
	case "sandbox":
		token := rand.Text()
		address, err := m.startSandbox(ctx, token)
		return map[string]string{tokenName: token, metaURLName: address}, err
	}
	if environment[tokenName] == "" {
		environment[tokenName] = "sandbox"
	}
	environment[metaURLName] = m.options.meta
	return environment, answers(ctx, m.options.meta)
}

// answers finds out whether somebody serves the URL of a sandbox: a task that meets nobody tries for minutes.
func answers(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	next := "start the sandbox (docs/sandbox.md), or correct -meta"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return audience.Fail(audience.Invalid, next, err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return audience.Fail(audience.Invalid, next, fmt.Errorf("reach the sandbox: %w", err))
	}
	return response.Body.Close()
}

func (m *machine) startSandbox(ctx context.Context, token string) (string, error) {
	server, err := sandbox.New(sandbox.Config{State: m.options.state, Tokens: []string{token}})
	if err != nil {
		return "", err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", errors.Join(fmt.Errorf("start the sandbox: %w", err), server.Close())
	}
	web := &http.Server{Handler: server, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = web.Serve(listener) // ends by Close
	}()
	m.closers = append(m.closers, func() error {
		err := web.Close()
		<-done
		return errors.Join(err, server.Close())
	})
	return "http://" + listener.Addr().String(), nil
}

// openLog gives each task a log of its own: logs/upload-3.log is the third upload that was started.
func (m *machine) openLog(command []string) (io.WriteCloser, error) {
	m.mu.Lock()
	m.logs[command[0]]++
	name := fmt.Sprintf("%s-%d.log", command[0], m.logs[command[0]])
	m.mu.Unlock()
	dir := filepath.Join(m.folder, "logs")
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // like the run's folder
		return nil, err
	}
	return os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644) //nolint:gosec // likewise
}

func (m *machine) taskStopped(s local.Stopped) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stopped = append(m.stopped, s)
}

// sleep waits as the state machine asks, or a fraction of it.
func (m *machine) sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(time.Duration(float64(d) * m.options.waits))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

func (m *machine) close() error {
	var all error
	for i := len(m.closers) - 1; i >= 0; i-- {
		all = errors.Join(all, m.closers[i]())
	}
	return all
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme != "" && strings.Contains(s, "://")
}
