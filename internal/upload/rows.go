package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/person"
	"github.com/cleanreach/cleanreach/internal/table"
	"github.com/cleanreach/cleanreach/internal/telemetry"
)

// readRows is how many rows are read and converted at a time: enough to go through a column in a tight loop, few enough
// to stay in the processor's cache.
const readRows = 2048

// A source reads the chunk's rows and makes batches of them. It is for one goroutine.
type source struct {
	name   string // of the file, in errors
	log    *slog.Logger
	chunk  audience.Chunk
	reader *table.ColumnReader
	rows   *person.Rows
	groups *groups
	seen   person.Tally
}

func newSource(deps Deps, job *job, reader *table.ColumnReader) *source {
	rows := person.NewRows(job.columns, deps.Run.Def().Source.DefaultCountry, deps.Now)
	return &source{
		name: job.fileURL(), log: deps.Log, chunk: job.chunk, reader: reader,
		rows: rows, groups: newGroups(rows.Columns, job.processing, deps.BatchRows),
	}
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
		if err := s.take(ctx, &rows, out); err != nil {
			return err
		}
	}
	for _, g := range s.groups.all {
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
	s.rows.Convert(rows, &s.seen)
	for _, g := range s.groups.all {
		g.begin(s.rows.Columns)
	}
	for i, number := range rows.Rows {
		if !s.rows.Usable(i) {
			s.seen.Unusable++
			continue
		}
		if err := s.groups.of(i).add(ctx, i, number-1, &s.seen, out); err != nil {
			return err
		}
	}
	for _, g := range s.groups.all {
		g.write()
	}
	return nil
}
