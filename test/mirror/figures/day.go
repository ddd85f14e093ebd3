package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/compare"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/plan"
	"github.com/cleanreach/cleanreach/internal/snapshot"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/table"
	"github.com/cleanreach/cleanreach/internal/upload"
)

const document = `{"schema": 1, "run": %q, "tenant": "acme", "audience": "vip", "definition": {
	"tenant": "acme", "name": "vip", "source": {"path": "c.csv", "columns": {"EMAIL": "Email"}},
	"match": {"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"},
	"meta": {"ad_account": "act_1", "mode": "mirror"}}}`

// softMemory is what a task tells Go's collector, as tasks/stage.go does.
const softMemory = 384 << 20

// figures are what is measured of a day.
type figures struct {
	Mode                        string
	Seconds, Processor          float64 // that comparing took, and those of the processor in it
	Shards, Joins, Leaves, Kept int64
	Batches                     int
}

// A world is a bucket on disk.
type world struct {
	options
	work *storage.Folder
}

func open(ctx context.Context, o options) (*world, error) {
	dir, err := filepath.Abs(o.dir)
	if err != nil {
		return nil, err
	}
	work, err := storage.Open(ctx, storage.FileURL(dir))
	return &world{options: o, work: work}, err
}

func (w *world) close() { _ = w.work.Close() } // each object is written at once

// matches writes the matches of both days: the second has other people at the end, and lacks some from the beginning.
func (w *world) matches(ctx context.Context) error {
	changed := int(float64(w.rows) * w.churn)
	for step, first := range map[string]int{"first": 0, "second": changed} {
		if err := w.match(ctx, step, first); err != nil {
			return err
		}
	}
	return nil
}

var columns = []string{"extern_id", "email", "phone", "fn", "ln", "zip", "country"}

// match writes a match of the people from a number on, in files of half a million.
func (w *world) match(ctx context.Context, run string, first int) error {
	const fileRows, batchRows = 500_000, 4096
	var fields []table.Field
	for _, name := range columns {
		fields = append(fields, table.Field{Name: name, Type: table.String})
	}
	for from := 0; from < w.rows; from += fileRows {
		object, err := w.work.NewWriter(ctx, fmt.Sprintf("results/%s/part-%05d.parquet", run, from/fileRows))
		if err != nil {
			return err
		}
		buffered := bufio.NewWriterSize(object, 1<<20)
		out, err := table.NewWriter(buffered, fields, table.WriteOptions{})
		if err != nil {
			return err
		}
		end := min(from+fileRows, w.rows)
		for at := from; at < end; at += batchRows {
			if err := out.WriteBatch(people(first+at, first+min(at+batchRows, end)), nil); err != nil {
				return err
			}
		}
		if err := out.Close(); err != nil {
			return err
		}
		if err := buffered.Flush(); err != nil {
			return err
		}
		if err := object.Close(); err != nil {
			return err
		}
	}
	return nil
}

// people are those with the numbers from first up to end. Every fifth has no id.
func people(first, end int) []table.Column {
	c := make([]table.Column, len(columns))
	for i := first; i < end; i++ {
		id := fmt.Sprintf("cust-%09d", i)
		if i%5 == 0 {
			id = ""
		}
		for k, value := range []string{
			id, fmt.Sprintf("person%d@example.org", i), fmt.Sprintf("1%03d5%06d", 201+i/1_000_000, i%1_000_000), names[i%len(names)], names[i/7%len(names)], fmt.Sprintf("%05d", 10_000+i%30_000), "us",
		} {
			c[k].AppendString(value)
		}
	}
	return c
}

var names = []string{"ann", "bob", "cleo", "dora", "emil", "fritz", "gerda", "hans", "ida", "jens", "kim", "lars", "mia", "nils", "olga", "paul", "quinn"}

// day compares a day's match, and sends what has changed.
func (w *world) day(ctx context.Context, id string) (figures, error) {
	debug.SetMemoryLimit(softMemory)
	run, err := audience.ParseRun(fmt.Appendf(nil, document, id))
	if err != nil {
		return figures{}, err
	}
	log := slog.New(slog.DiscardHandler)
	folder, state := w.work.Sub("runs/"+id), w.work.Sub(audience.StateDir("acme", "vip"))
	if err := folder.WriteJSON(ctx, audience.QueryFile, audience.QueryResult{Schema: 1, ID: id, Location: w.work.URL() + "results/" + id + "/"}); err != nil {
		return figures{}, err
	}
	preflight := audience.Preflight{Schema: 1, AudienceID: "1", Mode: audience.ModeMirror, Status: meta.OperationNoUpload, Tier: audience.TierFull}
	if err := folder.WriteJSON(ctx, audience.PreflightFile, preflight); err != nil {
		return figures{}, err
	}
	began := time.Now()
	changes, err := compare.Run(ctx, compare.Deps{Run: run, Folder: folder, State: state, Now: time.Now, Log: log})
	if err != nil {
		return figures{}, err
	}
	done := figures{Mode: changes.Mode, Seconds: time.Since(began).Seconds(), Processor: processor(), Joins: changes.Joins, Leaves: changes.Leaves, Kept: changes.Kept}
	taken, err := snapshot.ReadSnapshot(ctx, state, id)
	if err != nil {
		return done, err
	}
	done.Shards = 1 << taken.Members.Bits
	planned, err := plan.Run(ctx, plan.Deps{Run: run, Folder: folder, State: state, Now: time.Now, Log: log})
	if err != nil {
		return done, err
	}
	if done.Batches, err = send(ctx, run, folder, log); err != nil {
		return done, err
	}
	if err := snapshot.Planned(ctx, state, run, planned.Mode, time.Now()); err != nil {
		return done, err
	}
	return done, snapshot.Commit(ctx, state, id)
}

// processor is how many seconds of the processor this process has taken so far.
func processor() float64 {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage) // of oneself it always can be asked
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

// send uploads every chunk, and counts the batches.
func send(ctx context.Context, run *audience.Run, folder *storage.Folder, log *slog.Logger) (batches int, err error) {
	data, err := folder.Read(ctx, audience.ChunksFile)
	if err != nil {
		return 0, err
	}
	var chunks []audience.Chunk
	if err := json.Unmarshal(data, &chunks); err != nil {
		return 0, err
	}
	for _, c := range chunks {
		r, err := upload.Run(ctx, upload.Deps{Run: run, Folder: folder, Chunk: c.ID, Meta: sink{}, Now: time.Now, Log: log})
		if err != nil {
			return 0, err
		}
		batches += len(r.Batches)
	}
	return batches, nil
}

// sink is a Meta that takes everything at once.
type sink struct{}

func (sink) take(a string, b meta.Batch) (meta.Ack, error) {
	return meta.Ack{AudienceID: a, SessionID: b.Session.ID, Received: int64(b.Rows)}, nil
}

// AddUsers takes a batch.
func (s sink) AddUsers(_ context.Context, a string, b meta.Batch) (meta.Ack, error) {
	return s.take(a, b)
}

// RemoveUsers takes a batch.
func (s sink) RemoveUsers(_ context.Context, a string, b meta.Batch) (meta.Ack, error) {
	return s.take(a, b)
}

// ReplaceUsers takes a batch.
func (s sink) ReplaceUsers(_ context.Context, a string, b meta.Batch) (meta.Ack, error) {
	return s.take(a, b)
}

// SessionStatus knows no session.
func (sink) SessionStatus(context.Context, string, int64) (*meta.SessionStatus, error) {
	return nil, nil //nolint:nilnil // as Meta's client says it
}
