package prepare

import (
	"sync"

	"github.com/axiomhq/hyperloglog"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
)

// A tally counts what a worker found in a key's column, over the rows that it prepared.
type tally struct {
	valid   int64
	invalid map[identity.Reason]int64
}

func newTallies(n int) []tally {
	tallies := make([]tally, n)
	for i := range tallies {
		tallies[i].invalid = map[identity.Reason]int64{}
	}
	return tallies
}

// A distinct counts different values by their hashes: exactly while there are few, then by a sketch of 64 KiB that is
// off by about 0.4 %. Which of the two it is, and the result, depend only on the values. It is safe for concurrent use.
type distinct struct {
	limit int // values that are counted exactly

	mutex  sync.Mutex
	exact  sums
	sketch *hyperloglog.Sketch // nil while exact
}

// add takes a batch's values, so that the lock costs nothing.
func (d *distinct) add(hashes []uint64) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.sketch == nil {
		for _, h := range hashes {
			d.exact.add(h)
		}
		if d.exact.n <= d.limit {
			return
		}
		d.sketch = hyperloglog.New16NoSparse()
		d.exact.each(func(h uint64) { d.sketch.InsertHash(h) })
		d.exact = sums{}
		return
	}
	for _, h := range hashes {
		d.sketch.InsertHash(h)
	}
}

// count gives the number of different values, and whether it is an estimate.
func (d *distinct) count() (n int64, estimated bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.sketch == nil {
		return int64(d.exact.n), false
	}
	return int64(d.sketch.Estimate()), true //nolint:gosec // far below 2^63
}

// account adds up what readers and workers counted. That it balances is checked, not assumed: the readers count the
// source's rows, the writers of Parquet the prepared ones.
func (p *pipeline) account() (*audience.Prepared, error) {
	doc := &audience.Prepared{
		Schema: audience.DocumentVersion, Files: []audience.SourceFile{}, Keys: map[audience.Key]audience.KeyQuality{},
		RowReasons: map[string]int64{}, KeptReasons: map[string]int64{}, Columns: p.layout.columns(),
	}
	for _, file := range p.src.files {
		doc.Source += file.rows
		doc.Files = append(doc.Files, audience.SourceFile{Name: file.name, Bytes: file.bytes, Rows: file.rows})
	}
	for _, w := range p.workers {
		doc.NoConsent += w.noConsent
		doc.Suppressed += w.optedOut
		doc.Prepared += w.prepared.rows
		for reason, n := range w.rowReasons {
			doc.RowReasons[reason] += n
			doc.Quarantined += n
		}
		for reason, n := range w.unparsed {
			doc.KeptReasons[reason] += n
		}
	}
	for i, column := range p.layout.keys {
		doc.Keys[column.key] = p.quality(i)
	}
	return doc, checkBalance(doc)
}

func (p *pipeline) quality(key int) audience.KeyQuality {
	invalid := map[identity.Reason]int64{}
	var q audience.KeyQuality
	for _, w := range p.workers {
		t := &w.tallies[key]
		q.Valid += t.valid
		for reason, n := range t.invalid {
			invalid[reason] += n
		}
	}
	q.Filled = q.Valid
	for reason, n := range invalid {
		if q.Invalid == nil {
			q.Invalid = map[string]int64{}
		}
		q.Invalid[string(reason)] = n
		q.Filled += n
	}
	different, estimated := p.counts[key].count()
	q.Duplicates, q.Estimated = max(q.Valid-different, 0), estimated
	return q
}

func checkBalance(doc *audience.Prepared) error {
	if doc.Source != doc.NoConsent+doc.Suppressed+doc.Quarantined+doc.Prepared {
		return audience.Failf(audience.Transient, "the rows do not balance: source %d, no consent %d, suppressed %d, quarantined %d, prepared %d: this is a fault of the program",
			doc.Source, doc.NoConsent, doc.Suppressed, doc.Quarantined, doc.Prepared)
	}
	return nil
}
