package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/plan"
	"github.com/cleanreach/cleanreach/internal/prepare"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/upload"
)

// definition is of an audience with all keys.
const definition = `{"tenant": "bench", "name": "all-keys",
	"source": {"path": %q, "format": %q, "default_country": "US", "columns": %s, "keep": %s},
	"match": {"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"},
	"meta": {"ad_account": "act_1", "secret": "none"}, "limits": {"max_invalid_ratio": 1, "chunk_rows": %d}}`

const csvColumns = `{"EXTERN_ID": "customer_id", "EMAIL": "e-mail", "PHONE": "phone", "GEN": "gender", "DOB": "birthday", "LN": "last name", "FN": "first name",
	"CT": "city", "ST": "state", "ZIP": "zip", "MADID": "device", "COUNTRY": "country"}`

const csvKept = `[{"column": "lifetime value", "type": "double"}]`

const parquetColumns = `{"EXTERN_ID": "extern_id", "EMAIL": "email", "PHONE": "phone", "GEN": "gen", "DOBY": "doby", "DOBM": "dobm", "DOBD": "dobd", "LN": "ln", "FN": "fn",
	"CT": "ct", "ST": "st", "ZIP": "zip", "MADID": "madid", "COUNTRY": "country"}`

// A bench is a run's folder with a definition in it.
type bench struct {
	run    *audience.Run
	folder *storage.Folder
}

func newBench(ctx context.Context, folder, def string) (*bench, error) {
	b := &bench{}
	var err error
	b.run, err = audience.ParseRun(fmt.Appendf(nil, `{"schema": 1, "run": "r1", "tenant": "bench", "audience": "all-keys", "definition": %s}`, def))
	if err != nil {
		return nil, err
	}
	b.folder, err = storage.Open(ctx, folder)
	return b, err
}

func (b *bench) close() { _ = b.folder.Close() }

// matched is a bench whose query has left a match. Its documents are in memory: a bucket is as far away as Meta is.
func matched(ctx context.Context, match string, chunkRows int64) (*bench, error) {
	b, err := newBench(ctx, "mem://", fmt.Sprintf(definition, "unused.csv", "csv", csvColumns, csvKept, chunkRows))
	if err != nil {
		return nil, err
	}
	query := audience.QueryResult{Schema: audience.DocumentVersion, ID: "q", Location: storage.FileURL(match) + "/"}
	return b, errors.Join(b.folder.WriteJSON(ctx, audience.QueryFile, query),
		b.folder.WriteJSON(ctx, audience.PreflightFile, audience.Preflight{Schema: audience.DocumentVersion, AudienceID: "1", Mode: audience.ModeAdd}))
}

func (b *bench) plan(ctx context.Context) (*audience.Plan, []audience.Chunk, error) {
	p, err := plan.Run(ctx, plan.Deps{Run: b.run, Folder: b.folder, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil, err
	}
	var chunks []audience.Chunk
	return p, chunks, b.folder.ReadJSON(ctx, audience.ChunksFile, &chunks)
}

const (
	taskRows  = 250_000   // the default of chunk_rows
	chunkRows = 1_000_000 // enough for what a task does once not to show in what it does for each row
)

// uploadTo makes a measurement of whole uploads: as many chunks at once as there are cores, each what a task does with its.
func uploadTo(file func(dataset) string, connect func() (upload.Meta, func(), error)) runner {
	return func(ctx context.Context, d dataset, cores int) (sample, error) {
		return uploadMatch(ctx, filepath.Dir(file(d)), d.rows, min(chunkRows, d.rows/int64(cores)+1), cores, connect)
	}
}

// uploadTasks is uploadTo in chunks of the usual size.
func uploadTasks(ctx context.Context, d dataset, cores int) (sample, error) {
	return uploadMatch(ctx, filepath.Dir(d.zstd()), d.rows, taskRows, cores, newSink(false))
}

func uploadMatch(ctx context.Context, match string, rows, chunkRows int64, cores int, connect func() (upload.Meta, func(), error)) (sample, error) {
	b, chunks, err := planned(ctx, match, rows, chunkRows)
	if err != nil {
		return sample{}, err
	}
	defer b.close()
	users, done, err := connect()
	if err != nil {
		return sample{}, err
	}
	defer done()
	s, err := timed(rows, func() error { return b.upload(ctx, chunks, users, cores) })
	if sink, is := users.(*sink); is {
		s.Digest = sink.digest()
	}
	return s, err
}

// planned is a bench whose match is ready to be uploaded.
func planned(ctx context.Context, match string, rows, chunkRows int64) (*bench, []audience.Chunk, error) {
	b, err := matched(ctx, match, chunkRows)
	if err != nil {
		return nil, nil, err
	}
	p, chunks, err := b.plan(ctx)
	if err == nil && p.Rows != rows {
		err = fmt.Errorf("the match in %s has %d rows: remove its folder, so that it is made again", p.Location, p.Rows)
	}
	if err != nil {
		b.close()
		return nil, nil, err
	}
	return b, chunks, nil
}

// upload sends chunks, so many at once.
func (b *bench) upload(ctx context.Context, chunks []audience.Chunk, users upload.Meta, cores int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cores)
	for _, c := range chunks {
		group.Go(func() error { return b.send(ctx, c, users, meta.BatchRows) })
	}
	return group.Wait()
}

// send sends a chunk in batches of so many rows.
func (b *bench) send(ctx context.Context, c audience.Chunk, users upload.Meta, batchRows int) error {
	receipt, err := upload.Run(ctx, upload.Deps{
		Run: b.run, Folder: b.folder, Chunk: c.ID, Meta: users, Now: time.Now, Log: slog.New(slog.DiscardHandler), BatchRows: batchRows,
	})
	if err == nil && receipt.Sent+receipt.Unusable != c.Rows {
		return fmt.Errorf("of chunk %s %d rows were sent and %d unusable, of %d", c.ID, receipt.Sent, receipt.Unusable, c.Rows)
	}
	return err
}

// again forgets that chunks were sent.
func (b *bench) again(ctx context.Context) error { return b.folder.Clear(ctx, "receipts/") }

func prepareFrom(file func(dataset) string, format, columns, kept string) runner {
	return func(ctx context.Context, d dataset, _ int) (sample, error) {
		return prepareFiles(ctx, file(d), d.rows, format, columns, kept)
	}
}

// prepareFiles prepares a file or the files of a folder.
func prepareFiles(ctx context.Context, path string, rows int64, format, columns, kept string) (sample, error) {
	dir, err := os.MkdirTemp("", "cleanreach-bench-")
	if err != nil {
		return sample{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b, err := newBench(ctx, storage.FileURL(dir), fmt.Sprintf(definition, storage.FileURL(path), format, columns, kept, taskRows))
	if err != nil {
		return sample{}, err
	}
	defer b.close()
	return timed(rows, func() error {
		doc, err := prepare.Run(ctx, prepare.Deps{Run: b.run, Folder: b.folder, Catalog: prepare.DocumentCatalog{Folder: b.folder.Sub("catalog")}, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		if err == nil && doc.Prepared+doc.Quarantined != rows {
			return fmt.Errorf("of %d rows %d were prepared and %d quarantined", rows, doc.Prepared, doc.Quarantined)
		}
		return err
	})
}

// planMany plans the match of a thousand files.
func planMany(ctx context.Context, d dataset, _ int) (sample, error) {
	b, err := matched(ctx, d.many(), taskRows)
	if err != nil {
		return sample{}, err
	}
	defer b.close()
	return timed(smallFiles, func() error {
		p, _, err := b.plan(ctx)
		if err == nil && len(p.Files) != smallFiles {
			return fmt.Errorf("planned %d files", len(p.Files))
		}
		return err
	})
}
