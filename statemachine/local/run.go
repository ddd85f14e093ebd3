package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/local/demo"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/statemachine"
)

// run is main without the process: arguments and environment in, exit code out.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stdout)
	if errors.Is(err, errHelp) {
		return 0
	}
	if err == nil {
		err = execute(ctx, o, getenv, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintln(stderr, "cleanreach:", plainPaths(err.Error()))
		return int(audience.ClassOf(err))
	}
	return 0
}

// execute runs the state machine once.
func execute(ctx context.Context, o options, getenv func(string) string, stdout, stderr io.Writer) (err error) {
	if o.demo {
		fmt.Fprintf(stderr, "demo data: %d customers\n", o.rows)
		files, err := demo.Write(ctx, filepath.Join(o.out, "demo"), demo.Options{Rows: o.rows, Seed: o.seed})
		if err != nil {
			return begun(ctx, audience.Fail(audience.Invalid, "check -out", err))
		}
		o.audience, o.room = files.Audience, files.Room
	}
	def, document, err := readDefinition(o.audience)
	if err != nil {
		return err
	}
	m, err := newMachine(ctx, o, def, getenv)
	if err != nil {
		return begun(ctx, err)
	}
	defer func() { err = errors.Join(err, m.close()) }()
	if note := m.frozen(ctx, document); note != "" {
		fmt.Fprintln(stderr, note)
	}
	if err := m.work.Write(ctx, fmt.Sprintf("audiences/%s/%s.json", def.Tenant, def.Name), document); err != nil {
		return begun(ctx, err)
	}
	return m.execute(ctx, stdout, stderr)
}

// readDefinition reads and checks the definition, and makes a relative source.path absolute: the tasks run elsewhere.
func readDefinition(path string) (*audience.Definition, []byte, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the user's own file
	if err != nil {
		return nil, nil, audience.Fail(audience.Invalid, "check -audience", err)
	}
	def, err := audience.ParseDefinition(data)
	if err != nil {
		return nil, nil, fmt.Errorf("check %s: %w", path, err)
	}
	var document map[string]any
	if err := json.Unmarshal(data, &document); err != nil {
		return nil, nil, audience.Failf(audience.Invalid, "check %s: it is no JSON object", path)
	}
	source, ok := document["source"].(map[string]any)
	if !ok {
		return nil, nil, audience.Failf(audience.Invalid, "check %s: source is no object", path)
	}
	if source["path"], err = sourceURL(path, def.Source.Path); err != nil {
		return nil, nil, err
	}
	data, err = json.MarshalIndent(document, "", "  ")
	return &def, data, err
}

// sourceURL makes a URL of a path that is relative to the definition's file; a URL stays.
func sourceURL(definition, source string) (string, error) {
	if isURL(source) {
		return source, nil
	}
	if !filepath.IsAbs(source) {
		source = filepath.Join(filepath.Dir(definition), source)
	}
	source, err := filepath.Abs(source)
	if err != nil {
		return "", fmt.Errorf("find the source: %w", err)
	}
	if _, err := os.Stat(source); err != nil {
		return "", audience.Failf(audience.Invalid, "there is no %s: check source.path in %s", source, definition)
	}
	return storage.FileURL(source), nil
}

// execute runs the definition to its end and says what came of it.
func (m *machine) execute(ctx context.Context, stdout, stderr io.Writer) error {
	definition, err := statemachine.Render(m.values)
	if err != nil {
		return err
	}
	loaded, err := asl.Load(definition)
	if err != nil {
		return fmt.Errorf("load the state machine: %w", err)
	}
	input, err := json.Marshal(map[string]string{"tenant": m.def.Tenant, "audience": m.def.Name, "run": m.id})
	if err != nil {
		return fmt.Errorf("encode input: %w", err)
	}
	history, err := newHistory(filepath.Join(m.folder, "history.jsonl"))
	if err != nil {
		return err
	}
	show := newView(stderr, m.options.plain)
	fmt.Fprintf(stderr, "run %s of %s/%s\n", m.id, m.def.Tenant, m.def.Name)
	_, err = loaded.Run(ctx, asl.Options{
		Name: fmt.Sprintf("%s-%d", cut(m.id, 60), time.Now().Unix()), Input: input,
		Integrations: m.services.Integrations(), Sleep: m.sleep,
		OnEvent: func(e asl.Event) { history.add(e); show.event(e) },
	})
	show.close()
	err = errors.Join(m.explain(ctx, err), history.close())
	if ctx.Err() != nil {
		m.returnLease(context.WithoutCancel(ctx))
	}
	return errors.Join(m.summarise(context.WithoutCancel(ctx), stdout), err)
}

// returnLease gives the audience back after a run that was stopped: the state machine had no time to.
func (m *machine) returnLease(ctx context.Context) {
	var held audience.HeldLease
	folder := m.work.Sub(m.runDir())
	if folder.ReadJSON(ctx, audience.LeaseFile, &held) != nil {
		return // it never had it
	}
	dir := audience.LeaseDir(m.def.Tenant, m.def.Name)
	_ = storage.ReleaseLease(ctx, m.work.Sub(dir), filepath.Base(held.Key), m.id) // else it expires
}

func cut(s string, n int) string { return s[:min(n, len(s))] }
