package upload

import (
	"context"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/person"
	"github.com/cleanreach/cleanreach/internal/suppression"
)

// A group is the rows of a chunk that travel under one schema. Any key but EXTERN_ID may be blank in a row.
type group struct {
	name    string // audience.GroupName
	schema  []audience.Key
	columns []int    // of the chunk's columns, in the schema's order
	common  [][]byte // values of the keys behind those, the same in all rows
	finding []int    // places in the schema of the keys that alone find somebody

	picked []int32       // of the converted rows, those that are added and not written yet
	values []meta.Column // what is converted of the columns

	limit   int // rows of a batch
	filling *batch
	seq     int         // of filling
	free    chan *batch // sent ones, whose buffers serve again
}

// spareBatches is how many sent batches of a group are kept for their buffers: one is on its way, one waits for it.
const spareBatches = 2

// A batch is up to Deps.BatchRows rows of a group, in file order.
type batch struct {
	group   *group
	seq     int // of the group within the chunk, from 1; the same rows on every attempt
	last    bool
	payload *meta.Payload
	rows    []int64            // which rows of the file the payload has, counted from 0
	marks   []suppression.Mark // for each row, of each of the group's finding keys; empty until somebody has opted out
	whole   span               // all rows of the batch, those that are withheld too
	opted   *meta.Payload      // the rows that are withheld
	seen    person.Tally       // of all rows that were read before the batch was handed over
}

// A span is the rows of a batch: the same on every attempt.
type span struct {
	first, last int64 // in the file, counted from 0
	rows        int64
}

// withheld counts the rows of people who opted out.
func (b *batch) withheld() int64 { return b.whole.rows - int64(len(b.rows)) }

func newGroup(columns []person.Column, limit int, withoutExtern bool, processing *audience.Processing, limited bool) *group {
	g := &group{limit: limit, free: make(chan *batch, spareBatches)}
	for i := range columns {
		key := columns[i].Key
		if key == audience.DataProcessing || key == audience.ExternID && withoutExtern {
			continue
		}
		if key.Identifies() {
			g.finding = append(g.finding, len(g.schema))
		}
		g.schema, g.columns = append(g.schema, key), append(g.columns, i)
	}
	g.name = audience.GroupName(g.schema, processing, limited)
	keys, values := processing.Sent(limited)
	g.schema = append(g.schema, keys...)
	for _, value := range values {
		g.common = append(g.common, []byte(value))
	}
	return g
}

// next begins the group's next batch in the buffers of one that was sent.
func (g *group) next() {
	g.seq++
	select {
	case g.filling = <-g.free:
		g.filling.payload.Reset()
		g.filling.opted.Reset()
		g.filling.rows, g.filling.marks = g.filling.rows[:0], g.filling.marks[:0]
	default:
		g.filling = &batch{
			group: g, payload: meta.NewPayload(g.schema), opted: meta.NewPayload(meta.People(g.schema)),
			rows: make([]int64, 0, g.limit),
		}
		g.filling.payload.Grow(g.limit * meta.RowBytes(len(g.schema)))
	}
	g.filling.seq = g.seq
}

// release gives a batch's buffers back.
func (b *batch) release() {
	select {
	case b.group.free <- b:
	default:
	}
}

// begin takes over the columns of rows that were just converted.
func (g *group) begin(columns []person.Column) {
	g.values = g.values[:0]
	for _, c := range g.columns {
		out := &columns[c].Out
		g.values = append(g.values, meta.Column{Digests: out.Digests(), Text: out.Text()})
	}
}

// add puts one of the converted rows into the group's batch; number is where in the file it is, from 0. A full batch is handed
// over only now that a row follows it: the last batch of a group carries a flag that says so.
func (g *group) add(ctx context.Context, row int, number int64, seen *person.Tally, out chan<- *batch) error {
	if g.filling != nil && len(g.filling.rows) == g.limit {
		g.write()
		if err := g.hand(ctx, false, seen, out); err != nil {
			return err
		}
	}
	if g.filling == nil {
		g.next()
	}
	g.filling.rows = append(g.filling.rows, number)
	g.picked = append(g.picked, int32(row)) //nolint:gosec // below readRows
	return nil
}

// write writes the rows that were added into the body, before others are converted.
func (g *group) write() {
	if len(g.picked) > 0 {
		g.filling.payload.Append(g.values, g.common, g.picked)
		g.picked = g.picked[:0]
	}
}

// hand gives the batch to the sender.
func (g *group) hand(ctx context.Context, last bool, seen *person.Tally, out chan<- *batch) error {
	b := g.filling
	g.filling = nil
	b.last, b.seen = last, seen.Clone()
	b.whole = span{b.rows[0], b.rows[len(b.rows)-1], int64(len(b.rows))}
	select {
	case out <- b:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
