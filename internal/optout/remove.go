package optout

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// A Remover finds out where people are to be removed from, once they are suppressed.
type Remover func(context.Context) (Place, error)

// A Place is an audience, or all audiences of an ad account. Its zero value is nowhere: there is no audience yet.
type Place struct {
	Name   string // the id of an audience, or act_<digits>
	Remove func(context.Context, meta.Batch) (meta.Ack, error)
}

// FromAudience is one audience.
func FromAudience(users meta.Users, id string) Place {
	return Place{id, func(ctx context.Context, b meta.Batch) (meta.Ack, error) { return users.RemoveUsers(ctx, id, b) }}
}

// FromAll is all customer-file audiences of an ad account.
func FromAll(api meta.AccountRemover, account string) Place {
	return Place{account, func(ctx context.Context, b meta.Batch) (meta.Ack, error) { return api.RemoveFromAll(ctx, account, b) }}
}

// remove removes the people at Meta. Each value is a row of its own, so that somebody is found by any of them: of a row with
// several, Meta goes by one. EXTERN_ID has batches of its own, as a row without one is refused under a schema that names it.
func (j *job) remove(ctx context.Context) error {
	removal := &Removal{NotSent: j.receipt.People.Values}
	j.receipt.Removal = removal
	place, err := j.deps.Remove(ctx)
	if err != nil {
		return err
	}
	if place.Remove == nil {
		return nil
	}
	removal.From = place.Name
	if err := j.save(ctx); err != nil {
		return err
	}
	groups := []*group{newGroup(audience.ExternID), newGroup(audience.Email, audience.Phone, audience.MADID)}
	_, err = j.source.each(ctx, func(v value) error {
		g := groups[1]
		if v.key == audience.ExternID {
			g = groups[0]
		}
		g.add(v)
		if g.payload.Rows() < j.deps.BatchRows {
			return nil
		}
		return j.send(ctx, place, g)
	})
	for _, g := range groups {
		if err == nil && g.payload.Rows() > 0 {
			err = j.send(ctx, place, g)
		}
	}
	if err == nil && removal.Refused > 0 {
		err = audience.Failf(audience.Action, "Meta refused about %d of the %d values: run it again, and ask Meta's support if it stays so", removal.Refused, removal.Sent)
	}
	return err
}

// tooSmall is the subcode of Meta's refusal to let an audience shrink to where people could be told apart.
const tooSmall = 1870047

// send sends a group's values. A batch is a session of its own: a session ends after 90 minutes, a list of people may take
// longer, and nobody goes on where it stopped.
func (j *job) send(ctx context.Context, place Place, g *group) error {
	session := meta.Session{ID: newSession(), Seq: 1, Last: true, EstimatedTotal: int64(g.payload.Rows())}
	ack, err := place.Remove(ctx, g.payload.Batch(session))
	if refused := (*meta.Error)(nil); errors.As(err, &refused) && refused.Code == 200 && refused.Subcode == tooSmall {
		return audience.Fail(audience.Action, "delete the audience in Ads Manager, or wait until it has grown and run this again",
			fmt.Errorf("take %d values out of %s: %w", g.payload.Rows(), place.Name, refused))
	}
	if err != nil {
		return err
	}
	r, sent := j.receipt.Removal, int64(g.payload.Rows())
	r.Batches++
	r.Sent += sent
	r.NotSent -= sent
	r.Received += min(ack.Received, sent)
	r.Refused += min(ack.Invalid, sent)
	g.payload.Reset()
	j.deps.Log.InfoContext(ctx, "removed people", "from", place.Name, "batch", r.Batches, "values", sent, "received", ack.Received, "invalid", ack.Invalid)
	if ack.Received < sent {
		return audience.Failf(audience.Transient, "Meta counts %d of the %d values that it was sent: run it again", ack.Received, sent)
	}
	return nil
}

// newSession is an id between 1 and 2^53, so that every JSON reader keeps it exact.
func newSession() int64 {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return max(1, int64(binary.BigEndian.Uint64(random[:])>>11))
}

// A group is the values that travel under one schema.
type group struct {
	keys    []audience.Key
	payload *meta.Payload
	hash    [64]byte
}

func newGroup(keys ...audience.Key) *group { return &group{keys: keys, payload: meta.NewPayload(keys)} }

// add adds a row with nothing but the value.
func (g *group) add(v value) {
	text := v.canonical
	if v.key.Hashed() && !v.hashed {
		g.hash = v.entry().Hash
		text = g.hash[:]
	}
	g.payload.BeginRow()
	for _, key := range g.keys {
		if key == v.key {
			g.payload.Value(text)
		} else {
			g.payload.Value(nil)
		}
	}
	g.payload.EndRow()
}

// reasons lists reasons with their numbers.
func reasons(all map[string]int64) string {
	var list []string
	for _, reason := range slices.Sorted(maps.Keys(all)) {
		list = append(list, fmt.Sprintf("%s %d", reason, all[reason]))
	}
	return strings.Join(list, ", ")
}
