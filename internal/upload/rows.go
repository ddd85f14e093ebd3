package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/table"
	"github.com/cleanreach/cleanreach/internal/telemetry"
)

// readRows is how many rows are read and converted at a time: enough to go through a column in a tight loop, few enough
// to stay in the processor's cache.
const readRows = 2048

// A source reads the chunk's rows and makes batches of them. It is for one goroutine.
type source struct {
	name       string // of the file, in errors
	log        *slog.Logger
	chunk      audience.Chunk
	reader     *table.ColumnReader
	columns    []column
	normalizer *identity.Normalizer
	country    int    // index of the column with countries, or -1
	extern     int    // index of the column with EXTERN_ID, or -1
	all        *group // rows with EXTERN_ID, or every row where there is no such column
	without    *group // rows without EXTERN_ID; nil where there is no such column
	seen       tally
}

func newSource(deps Deps, job *job, reader *table.ColumnReader) *source {
	s := &source{
		name: job.fileURL(), log: deps.Log, chunk: job.chunk, reader: reader, country: -1, extern: -1,
		normalizer: identity.NewNormalizer(deps.Run.Def().Source.DefaultCountry, deps.Now),
	}
	for i, c := range job.columns {
		s.columns = append(s.columns, column{key: c.Key, hashed: c.Hashed})
		switch c.Key {
		case audience.Country:
			s.country = i
		case audience.ExternID:
			s.extern = i
		}
	}
	s.all = newGroup(s.columns, deps.BatchRows, func(audience.Key) bool { return true })
	if s.extern >= 0 {
		s.without = newGroup(s.columns, deps.BatchRows, func(k audience.Key) bool { return k != audience.ExternID })
	}
	return s
}

// start runs the source in a goroutine of its own. finish stops it, waits for its end and gives its error; a panic in it
// comes out there, where whoever called can recover from it.
func (s *source) start(ctx context.Context, stop func()) (batches <-chan *batch, finish func() error) {
	out, ended, panicked := make(chan *batch), make(chan error, 1), make(chan any, 1)
	go func() {
		defer close(out)
		defer func() {
			p := recover()
			if p != nil {
				s.log.ErrorContext(ctx, "panic while reading the chunk", "stack", telemetry.PanicPlace())
			}
			panicked <- p
		}()
		ended <- s.run(ctx, out)
	}()
	return out, sync.OnceValue(func() error {
		stop()
		if p := <-panicked; p != nil {
			panic(p)
		}
		return <-ended
	})
}

// run reads the chunk's rows and hands over their batches. What it counted is in seen once it has returned.
func (s *source) run(ctx context.Context, out chan<- *batch) error {
	if have, need := s.reader.Rows(), s.chunk.FirstRow+s.chunk.Rows; have < need {
		return audience.Failf(audience.Invalid, "read %s: it has %d rows, and the chunk ends at row %d: start a new run", s.name, have, need)
	}
	if err := s.reader.SeekRow(s.chunk.FirstRow); err != nil {
		return fmt.Errorf("go to row %d of %s: %w", s.chunk.FirstRow+1, s.name, err)
	}
	var rows table.Batch
	for left := s.chunk.Rows; left > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := s.reader.Read(&rows, int(min(left, readRows)))
		if errors.Is(err, io.EOF) {
			return audience.Failf(audience.Invalid, "read %s: it ends %d rows before the chunk does: start a new run", s.name, left)
		}
		if err != nil {
			return fmt.Errorf("read rows %d and on of %s: %w", s.chunk.FirstRow+s.chunk.Rows-left+1, s.name, err)
		}
		left -= int64(len(rows.Rows) + len(rows.Bad))
		for _, bad := range rows.Bad {
			s.seen.unusable++
			s.seen.drop("ROW", identity.Reason(bad.Reason))
		}
		if err := s.take(ctx, &rows, out); err != nil {
			return err
		}
	}
	for _, g := range s.groups() {
		if g.filling != nil {
			if err := g.hand(ctx, true, &s.seen, out); err != nil {
				return err
			}
		}
	}
	return nil
}

// take converts the rows column by column and puts each into its group's batch.
func (s *source) take(ctx context.Context, rows *table.Batch, out chan<- *batch) error {
	var countries *table.Column
	if s.country >= 0 {
		s.columns[s.country].convert(s.normalizer, &rows.Columns[s.country], nil, &s.seen)
		countries = &s.columns[s.country].canonical
	}
	for i := range s.columns {
		if i != s.country {
			s.columns[i].convert(s.normalizer, &rows.Columns[i], countries, &s.seen)
		}
	}
	for i, number := range rows.Rows {
		if !s.usable(i) {
			s.seen.unusable++
			continue
		}
		g := s.all
		if s.extern >= 0 && len(s.columns[s.extern].out.Value(i)) == 0 {
			g = s.without
		}
		if err := g.add(ctx, s.columns, i, number-1, &s.seen, out); err != nil {
			return err
		}
	}
	return nil
}

// groups are the chunk's schema groups.
func (s *source) groups() []*group {
	if s.without == nil {
		return []*group{s.all}
	}
	return []*group{s.all, s.without}
}

func (s *source) usable(row int) bool {
	for i := range s.columns {
		if c := &s.columns[i]; c.key.Finds() && len(c.out.Value(row)) > 0 {
			return true
		}
	}
	return false
}
