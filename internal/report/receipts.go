package report

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cleanreach/cleanreach/internal/audience"
)

const (
	receiptsAtOnce = 32  // small objects, all of them waiting for storage; it bounds memory too
	failedShown    = 100 // failed chunks that the report describes
	refusedShown   = 50  // refused rows that it names
)

// A part is what a report keeps of one chunk: a receipt names every batch, and there may be 10,000 receipts.
type part struct {
	rows     audience.Rows // Unusable, Withheld, Sent, Failed, Received, Invalid
	leaves   bool          // they take people out of a mirrored audience
	done     bool
	batches  int
	sessions []carried // that rows were sent in
	refused  []audience.RefusedRow
	failure  *audience.FailureDoc
	wrong    error // the receipt's own sum does not hold
	started  time.Time
	finished time.Time
	throttle float64

	reasons map[string]int64
}

// uploaded is what became of the matched rows.
type uploaded struct {
	parts     []part           // one a chunk, in the plan's order
	rows      audience.Rows    // Leaves has those of people who leave, the other fields have the rest
	reasons   map[string]int64 // values dropped before sending, by KEY:reason
	refused   []audience.RefusedRow
	batches   int
	throttled float64
	started   time.Time // zero when nothing was started
	finished  time.Time
}

// readReceipts reads the receipt of every planned chunk, and why those failed that did. A chunk without a receipt was never
// started: all of its rows failed.
func readReceipts(ctx context.Context, deps Deps, docs *documents) (*uploaded, error) {
	receipts, err := names(ctx, deps, audience.ReceiptsDir)
	if err != nil {
		return nil, err
	}
	failures, err := names(ctx, deps, audience.FailuresDir)
	if err != nil {
		return nil, err
	}
	u := &uploaded{parts: make([]part, len(docs.chunks)), reasons: map[string]int64{}}
	group, reading := errgroup.WithContext(ctx)
	group.SetLimit(receiptsAtOnce)
	for i, chunk := range docs.chunks {
		read := reader{deps: deps, chunk: chunk, file: strings.TrimSuffix(docs.plan.Location, "/") + "/" + chunk.File}
		read.receipt = receipts.take(audience.ReceiptFile(chunk.ID))
		read.failure = failures.take(audience.FailureFile("upload-" + chunk.ID))
		group.Go(func() (err error) {
			u.parts[i], err = read.part(reading)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if len(receipts) > 0 {
		deps.Log.WarnContext(ctx, "ignoring receipts of chunks that are not in the plan", "count", len(receipts), "such_as", receipts.any())
	}
	for i := range u.parts {
		u.parts[i].leaves = docs.chunks[i].Remove
		u.add(&u.parts[i])
	}
	u.explainWaiting(docs)
	return u, nil
}

// add adds a chunk to the sums.
func (u *uploaded) add(p *part) {
	u.addRows(p)
	u.batches += p.batches
	u.throttled += p.throttle
	for reason, n := range p.reasons {
		u.reasons[reason] += n
	}
	u.refused = append(u.refused, p.refused[:min(len(p.refused), refusedShown-len(u.refused))]...)
	p.refused = nil
	p.reasons = nil // summed up; 10,000 maps are worth letting go
	if !p.started.IsZero() && (u.started.IsZero() || p.started.Before(u.started)) {
		u.started = p.started
	}
	if p.finished.After(u.finished) {
		u.finished = p.finished
	}
}

// addRows keeps the two accounts apart: people who leave a mirrored audience are not in the match.
func (u *uploaded) addRows(p *part) {
	if l := &u.rows.Leaves; p.leaves {
		l.Planned += wholeOf(p.rows)
		l.Unusable += p.rows.Unusable
		l.Sent += p.rows.Sent
		l.Failed += p.rows.Failed
		l.Received += p.rows.Received
		l.Invalid += p.rows.Invalid
		return
	}
	u.rows.Unusable += p.rows.Unusable
	u.rows.Withheld += p.rows.Withheld
	u.rows.Sent += p.rows.Sent
	u.rows.Failed += p.rows.Failed
	u.rows.Received += p.rows.Received
	u.rows.Invalid += p.rows.Invalid
}

// A reader reads what there is of one chunk.
type reader struct {
	deps    Deps
	chunk   audience.Chunk
	file    string // URL of the matched file that the chunk is of
	receipt bool   // there is one
	failure bool   // there is a failure document
}

func (r reader) part(ctx context.Context) (part, error) {
	receipt, err := r.readReceipt(ctx)
	if err != nil {
		return part{}, err
	}
	p := part{rows: audience.Rows{Failed: r.chunk.Rows}}
	if receipt != nil {
		p = partOf(receipt)
	}
	if p.done || !r.failure {
		return p, nil
	}
	var failure audience.FailureDoc
	name := audience.FailureFile("upload-" + r.chunk.ID)
	if err := r.deps.Folder.ReadJSON(ctx, name, &failure); err != nil {
		return part{}, fmt.Errorf("find out why chunk %s failed: %w", r.chunk.ID, err)
	}
	if p.failure == nil || !failure.At.Before(p.failure.At) {
		p.failure = &failure
	}
	return p, nil
}

// readReceipt gives the chunk's receipt, or nil when there is none of its rows: one that another match left is none.
func (r reader) readReceipt(ctx context.Context) (*audience.Receipt, error) {
	if !r.receipt {
		return nil, nil //nolint:nilnil // no receipt is an answer
	}
	var receipt audience.Receipt
	name := audience.ReceiptFile(r.chunk.ID)
	if err := r.deps.Folder.ReadJSON(ctx, name, &receipt); err != nil {
		return nil, fmt.Errorf("find out what became of chunk %s: %w", r.chunk.ID, err)
	}
	if err := audience.CheckVersion(name, receipt.Schema); err != nil {
		return nil, err
	}
	if receipt.Run != r.deps.Run.ID || receipt.File != r.file || receipt.FirstRow != r.chunk.FirstRow || receipt.Rows != r.chunk.Rows {
		r.deps.Log.WarnContext(ctx, "ignoring a receipt of other rows than the plan's", "chunk", r.chunk.ID, "is_of", receipt.File, "planned", r.file)
		return nil, nil //nolint:nilnil // as above
	}
	return &receipt, nil
}

func partOf(r *audience.Receipt) part {
	p := part{
		rows: audience.Rows{Unusable: r.Unusable, Withheld: r.Withheld, Sent: r.Sent, Failed: r.Failed, Received: r.Received, Invalid: r.Invalid},
		done: r.Done && r.Failed == 0, batches: batchesSent(r), failure: r.Failure, started: r.StartedAt, finished: r.FinishedAt,
		throttle: r.Throttled, reasons: r.Reasons, sessions: sessionsOf(r), refused: r.Refused,
	}
	if sum := wholeOf(p.rows); sum != r.Rows {
		p.wrong = fmt.Errorf("the receipt of chunk %s has %d rows but unusable %d + withheld %d + sent %d + failed %d = %d",
			r.Chunk, r.Rows, r.Unusable, r.Withheld, r.Sent, r.Failed, sum)
	}
	if n := len(r.Batches); n > 0 && p.finished.Before(r.Batches[n-1].At) { // the task was killed, or another goes on
		p.finished = r.Batches[n-1].At
	}
	return p
}

// batchesSent counts the batches that Meta was sent: not those of which everybody opted out.
func batchesSent(r *audience.Receipt) int {
	n := 0
	for i := range r.Batches {
		if b := &r.Batches[i]; b.Rows > 0 || b.Withheld == 0 {
			n++
		}
	}
	return n
}

// wrong tells of the first receipts whose own sum does not hold.
func (u *uploaded) wrong() error {
	var found []error
	for i := range u.parts {
		if u.parts[i].wrong != nil && len(found) < 10 {
			found = append(found, u.parts[i].wrong)
		}
	}
	return errors.Join(found...)
}

func (u *uploaded) counts() audience.ChunkCounts {
	c := audience.ChunkCounts{Total: len(u.parts)}
	for i := range u.parts {
		if u.parts[i].done {
			c.Done++
		}
	}
	c.Failed = c.Total - c.Done
	return c
}

// failedChunks describes the first of the chunks that failed.
func (u *uploaded) failedChunks(chunks []audience.Chunk) []audience.FailedChunk {
	var failed []audience.FailedChunk
	for i := range u.parts {
		p := &u.parts[i]
		if p.done || len(failed) == failedShown {
			continue
		}
		why := p.why()
		failed = append(failed, audience.FailedChunk{
			Chunk: chunks[i].ID, Rows: p.rows.Failed, Class: why.Class, Next: why.Next,
			Message: strings.TrimSuffix(why.Message, ": "+why.Next), // an error's text ends in what to do
		})
	}
	return failed
}

// why says why a chunk failed. One that left no word was killed, or stopped before its turn when too many others failed.
func (p *part) why() audience.FailureDoc {
	switch {
	case p.failure != nil:
		return *p.failure
	case p.started.IsZero():
		return audience.FailureDoc{Class: audience.Transient.String(), Message: "the chunk was never started"}
	}
	return audience.FailureDoc{Class: audience.Transient.String(), Message: "the upload was stopped without a word: it was killed, or ran out of memory or time"}
}

// fileNames are the objects of a folder that nobody has asked for yet.
type fileNames map[string]bool

func names(ctx context.Context, deps Deps, dir string) (fileNames, error) {
	objects, err := deps.Folder.List(ctx, dir)
	if err != nil {
		return nil, err
	}
	found := fileNames{}
	for _, o := range objects {
		found[o.Key] = true
	}
	return found, nil
}

// take tells whether an object is there, and forgets it.
func (n fileNames) take(name string) bool {
	there := n[name]
	delete(n, name)
	return there
}

func (n fileNames) any() string {
	var first string
	for name := range n {
		if first == "" || name < first {
			first = name
		}
	}
	return first
}
