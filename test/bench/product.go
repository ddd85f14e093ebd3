package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/plan"
	"github.com/cleanreach/cleanreach/internal/prepare"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/upload"
)

// definition is of an audience with all keys; source.path is filled in.
const definition = `{"tenant": "bench", "name": "all-keys",
	"source": {"path": %q, "format": %q, "default_country": "US", "columns": %s, "keep": %s},
	"match": {"membership_id": "00000000-0000-0000-0000-000000000000", "sql": "SELECT 1"},
	"meta": {"ad_account": "act_1", "secret": "none"}, "limits": {"max_invalid_ratio": 1}}`

const csvColumns = `{"EXTERN_ID": "customer_id", "EMAIL": "e-mail", "PHONE": "phone", "GEN": "gender", "DOB": "birthday", "LN": "last name", "FN": "first name",
	"CT": "city", "ST": "state", "ZIP": "zip", "MADID": "device", "COUNTRY": "country"}`

const csvKept = `[{"column": "lifetime value", "type": "double"}]`

const parquetColumns = `{"EXTERN_ID": "extern_id", "EMAIL": "email", "PHONE": "phone", "GEN": "gen", "DOBY": "doby", "DOBM": "dobm", "DOBD": "dobd", "LN": "ln", "FN": "fn",
	"CT": "ct", "ST": "st", "ZIP": "zip", "MADID": "madid", "COUNTRY": "country"}`

// A bench is a run's folder with a definition in it.
type bench struct {
	run    *audience.Run
	folder *storage.Folder
	dir    string
}

func newBench(ctx context.Context, def string) (*bench, error) {
	dir, err := os.MkdirTemp("", "cleanreach-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{dir: dir}
	b.run, err = audience.ParseRun(fmt.Appendf(nil, `{"schema": 1, "run": "r1", "tenant": "bench", "audience": "all-keys", "definition": %s}`, def))
	if err != nil {
		return nil, err
	}
	b.folder, err = storage.Open(ctx, storage.FileURL(dir))
	return b, err
}

func (b *bench) close() { _ = errors.Join(b.folder.Close(), os.RemoveAll(b.dir)) }

// matched is a bench whose query has left a match.
func matched(ctx context.Context, match string) (*bench, error) {
	b, err := newBench(ctx, fmt.Sprintf(definition, "unused.csv", "csv", csvColumns, csvKept))
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

// uploadTo makes a measurement of whole uploads: as many chunks at once as there are cores, each what a task does with its.
func uploadTo(file func(dataset) string, connect func() (upload.Meta, func(), error)) func(context.Context, dataset, int) (sample, error) {
	return func(ctx context.Context, d dataset, cores int) (sample, error) {
		b, err := matched(ctx, filepath.Dir(file(d)))
		if err != nil {
			return sample{}, err
		}
		defer b.close()
		p, chunks, err := b.plan(ctx)
		if err != nil {
			return sample{}, err
		}
		if p.Rows != d.rows {
			return sample{}, fmt.Errorf("the match in %s has %d rows: remove %s, so that it is made again", p.Location, p.Rows, d.dir)
		}
		users, done, err := connect()
		if err != nil {
			return sample{}, err
		}
		defer done()
		s, err := timed(d.rows, func() error { return b.upload(ctx, chunks, users, cores) })
		if sink, is := users.(*sink); is {
			s.Digest = sink.digest()
		}
		return s, err
	}
}

func (b *bench) upload(ctx context.Context, chunks []audience.Chunk, users upload.Meta, cores int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cores)
	for _, c := range chunks {
		group.Go(func() error {
			receipt, err := upload.Run(ctx, upload.Deps{
				Run: b.run, Folder: b.folder, Chunk: c.ID, Meta: users, Now: time.Now, Log: slog.New(slog.DiscardHandler),
			})
			if err == nil && receipt.Sent+receipt.Unusable != c.Rows {
				return fmt.Errorf("of chunk %s %d rows were sent and %d unusable, of %d", c.ID, receipt.Sent, receipt.Unusable, c.Rows)
			}
			return err
		})
	}
	return group.Wait()
}

// A sink takes every batch at once. Comparing, it digests the rows, whatever the sessions and the order of the batches.
type sink struct {
	upload.Meta
	compare  bool
	mu       sync.Mutex
	received map[int64]int64
	sum      [sha256.Size]byte
}

func newSink(compare bool) func() (upload.Meta, func(), error) {
	return func() (upload.Meta, func(), error) {
		return &sink{compare: compare, received: map[int64]int64{}}, func() {}, nil
	}
}

// AddUsers takes a batch.
func (s *sink) AddUsers(_ context.Context, audienceID string, b meta.Batch) (meta.Ack, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.compare {
		s.add(b.Body)
	}
	s.received[b.Session.ID] += int64(b.Rows)
	return meta.Ack{AudienceID: audienceID, SessionID: b.Session.ID, Received: s.received[b.Session.ID]}, nil
}

func (s *sink) digest() string { return hex.EncodeToString(s.sum[:]) }

// add digests a body's rows: together with the schema each, and so that their order and the borders of batches do not matter.
func (s *sink) add(body []byte) {
	var parts struct {
		Payload struct {
			Schema json.RawMessage   `json:"schema"`
			Data   []json.RawMessage `json:"data"`
		} `json:"payload"`
	}
	if json.Unmarshal(body, &parts) != nil {
		panic("bench: a body is no JSON")
	}
	for _, row := range parts.Payload.Data {
		digest := sha256.Sum256(slices.Concat(parts.Payload.Schema, row))
		for i := range s.sum {
			s.sum[i] += digest[i] // a sum, unlike a difference, notices a row that is there twice
		}
	}
}

// loopback is a Meta that takes everything, over HTTP and in this process: its reading is part of what is measured.
func loopback() (upload.Meta, func(), error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // of a benchmark
	if err != nil {
		return nil, nil, err
	}
	server := &http.Server{Handler: http.HandlerFunc(take), ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	client, err := meta.New(meta.Config{BaseURL: "http://" + listener.Addr().String(), Token: "bench"})
	if err != nil {
		return nil, nil, err
	}
	return client, func() {
		client.Close()
		_ = server.Close()
	}, nil
}

var sessionID = regexp.MustCompile(`"session_id":(\d+)`)

// take reads a batch and acknowledges it.
func take(w http.ResponseWriter, r *http.Request) {
	tail, buffer := []byte(nil), make([]byte, 64<<10)
	for {
		n, err := r.Body.Read(buffer)
		tail = append(tail, buffer[:n]...)
		tail = tail[max(0, len(tail)-200):] // where the session is
		if err != nil {
			break
		}
	}
	found := sessionID.FindSubmatch(tail)
	if found == nil {
		http.Error(w, "no session", http.StatusBadRequest)
		return
	}
	_, _ = fmt.Fprintf(w, `{"audience_id": "1", "session_id": "%s", "num_received": 1, "num_invalid_entries": 0, "invalid_entry_samples": {}}`, found[1])
}

func prepareFrom(file func(dataset) string, format, columns, kept string) func(context.Context, dataset, int) (sample, error) {
	return func(ctx context.Context, d dataset, _ int) (sample, error) {
		b, err := newBench(ctx, fmt.Sprintf(definition, storage.FileURL(file(d)), format, columns, kept))
		if err != nil {
			return sample{}, err
		}
		defer b.close()
		return timed(d.rows, func() error {
			doc, err := prepare.Run(ctx, prepare.Deps{Run: b.run, Folder: b.folder, Catalog: prepare.DocumentCatalog{Folder: b.folder.Sub("catalog")}, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
			if err == nil && doc.Prepared+doc.Quarantined != d.rows {
				return fmt.Errorf("of %d rows %d were prepared and %d quarantined", d.rows, doc.Prepared, doc.Quarantined)
			}
			return err
		})
	}
}

// planMany plans the match of a thousand files.
func planMany(ctx context.Context, d dataset, _ int) (sample, error) {
	b, err := matched(ctx, d.many())
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
