package upload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/person"
)

// finish writes the receipt at the end of an attempt; failure is nil when the chunk was sent as a whole.
func (c *checkpoint) finish(ctx context.Context, failure error) error {
	r := &c.receipt
	r.FinishedAt = c.now()
	r.Done, r.Failure = failure == nil && c.left == 0 && !slices.ContainsFunc(r.Batches, owed), nil
	if failure != nil {
		r.Failure = audience.NewFailureDoc(Stage, failure, c.now())
	}
	return c.write(ctx)
}

// save writes the receipt while the chunk is under way.
func (c *checkpoint) save(ctx context.Context, seen person.Tally) error {
	c.count(seen)
	return c.write(ctx)
}

// count takes over what was left out so far. An attempt that has not come as far as one before it keeps that one's counts,
// which are of the same rows and more.
func (c *checkpoint) count(seen person.Tally) {
	r := &c.receipt
	r.Unusable = max(seen.Unusable, c.before.Unusable)
	r.Reasons = maps.Clone(seen.Reasons)
	for reason, n := range c.before.Reasons {
		if n > r.Reasons[reason] {
			if r.Reasons == nil {
				r.Reasons = map[string]int64{}
			}
			r.Reasons[reason] = n
		}
	}
	r.Failed = r.Rows - r.Unusable - r.Withheld - r.Sent
}

// write saves the receipt, unless another task has opened it since.
func (c *checkpoint) write(ctx context.Context) error {
	if err := c.checkOwner(ctx); err != nil {
		return err
	}
	return c.put(ctx)
}

// errOvertaken says that another task works on the chunk. Its receipt is not ours to write.
var errOvertaken = audience.Failf(audience.Transient, "another task has taken the chunk over: this one stops")

// checkOwner makes sure that the receipt is still this task's. A runner that was killed leaves its tasks behind, and the run
// is continued: then the task that opened the receipt last goes on, and the one before it stops at its next batch. What it
// was about to write would hide what the other has sent. That both send a batch meanwhile does no harm: it is the same batch.
// Between this look and the write behind it lie milliseconds, in which the storage would have to let the other one write.
func (c *checkpoint) checkOwner(ctx context.Context) error {
	key := audience.ReceiptFile(c.receipt.Chunk)
	document, err := c.folder.Read(ctx, key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("see whose the receipt of chunk %s is: %w", c.receipt.Chunk, err)
	case c.written != nil && bytes.Equal(document, c.written): // nearly always, and sooner seen than decoded: it grows with each batch
		return nil
	}
	var now audience.Receipt
	if err := json.Unmarshal(document, &now); err != nil {
		return audience.Failf(audience.Invalid, "see whose the receipt of chunk %s is: %s%s is not the JSON document that it should be", c.receipt.Chunk, c.folder.URL(), key)
	}
	if now.Task != c.receipt.Task {
		return errOvertaken
	}
	return nil
}

func (c *checkpoint) put(ctx context.Context) error {
	if c.waited != nil {
		c.receipt.Throttled = c.throttled + c.waited().Seconds()
	}
	document, err := encode(&c.receipt)
	if err == nil {
		err = c.folder.Write(ctx, audience.ReceiptFile(c.receipt.Chunk), document)
	}
	if err != nil {
		return fmt.Errorf("save the receipt of chunk %s: %w", c.receipt.Chunk, err)
	}
	c.written = document
	return nil
}

// asStorage makes what storage.Folder.WriteJSON makes of a document, byte for byte, if its texts are UTF-8.
var asStorage = json.JoinOptions(jsonv1.DefaultOptionsV1(), jsontext.EscapeForHTML(false), jsontext.WithIndent("  "))

// encode gives a receipt as it is stored. encoding/json would allocate for each batch in it, each time that one is added.
func encode(receipt *audience.Receipt) ([]byte, error) {
	document, err := json.Marshal(receipt, asStorage)
	return append(document, '\n'), err
}
