package upload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// A request is what the fake Meta was sent.
type request struct {
	audience string
	remove   bool
	at       time.Time
	schema   []string
	data     [][]string
	session  struct {
		ID        int64 `json:"session_id"`
		Seq       int   `json:"batch_seq"`
		Last      bool  `json:"last_batch_flag"`
		Estimated int64 `json:"estimated_num_total"`
	}
}

// fakeMeta keeps members as Meta does, counts a session's rows as Meta does, and holds the sender to the contract.
type fakeMeta struct {
	t        testing.TB
	requests []request
	members  map[string]bool // KEY=value;… of a row
	sessions map[int64]*fakeSession
	before   func(n int, r *request) error                // fails the n-th request, from 1, before it has an effect
	after    func(n int, r *request, ack *meta.Ack) error // changes the answer or loses it
}

type fakeSession struct {
	schema   []string
	received int64
	next     int
	closed   bool
}

func newFake(t testing.TB) *fakeMeta {
	return &fakeMeta{t: t, members: map[string]bool{}, sessions: map[int64]*fakeSession{}}
}

func (f *fakeMeta) AddUsers(ctx context.Context, audience string, b meta.Batch) (meta.Ack, error) {
	return f.take(ctx, audience, b, false)
}

func (f *fakeMeta) RemoveUsers(ctx context.Context, audience string, b meta.Batch) (meta.Ack, error) {
	return f.take(ctx, audience, b, true)
}

func (f *fakeMeta) ReplaceUsers(context.Context, string, meta.Batch) (meta.Ack, error) {
	f.t.Error("only the sandbox knows replaces")
	return meta.Ack{}, errLost
}

func (f *fakeMeta) SessionStatus(context.Context, string, int64) (*meta.SessionStatus, error) {
	f.t.Error("only the sandbox is asked for sessions")
	return nil, errLost
}

func (f *fakeMeta) take(ctx context.Context, audience string, b meta.Batch, remove bool) (meta.Ack, error) {
	if err := ctx.Err(); err != nil {
		return meta.Ack{}, err
	}
	r := parse(f.t, b)
	r.audience, r.remove = audience, remove
	f.requests = append(f.requests, r)
	n := len(f.requests)
	if f.before != nil {
		if err := f.before(n, &f.requests[n-1]); err != nil {
			return meta.Ack{}, err
		}
	}
	s := f.session(&r)
	s.received += int64(len(r.data))
	for _, row := range r.data {
		if remove {
			delete(f.members, member(r.schema, row))
		} else {
			f.members[member(r.schema, row)] = true
		}
	}
	ack := meta.Ack{AudienceID: audience, SessionID: r.session.ID, Received: s.received}
	if f.after != nil {
		if err := f.after(n, &r, &ack); err != nil {
			return meta.Ack{}, err
		}
	}
	return ack, nil
}

func parse(t testing.TB, b meta.Batch) request {
	var body struct {
		Payload struct {
			Schema []string          `json:"schema"`
			Data   []json.RawMessage `json:"data"`
		} `json:"payload"`
		Session json.RawMessage `json:"session"`
	}
	require.NoError(t, json.Unmarshal(b.Body, &body))
	r := request{schema: body.Payload.Schema}
	for _, row := range body.Payload.Data {
		texts, ok := textsOf(row)
		require.True(t, ok)
		r.data = append(r.data, texts)
	}
	require.NoError(t, json.Unmarshal(body.Session, &r.session))
	return r
}

// session checks the rules of a session, as Meta's contract has them.
func (f *fakeMeta) session(r *request) *fakeSession {
	s := f.sessions[r.session.ID]
	if s == nil {
		s = &fakeSession{schema: r.schema, next: 1}
		f.sessions[r.session.ID] = s
	}
	assert.Positive(f.t, r.session.ID)
	assert.Less(f.t, r.session.ID, int64(1)<<53)
	assert.Equal(f.t, s.schema, r.schema, "the schema changed within a session")
	assert.True(f.t, r.session.Seq == s.next || r.session.Seq == s.next-1, "batch_seq %d after %d", r.session.Seq, s.next-1)
	if r.session.Seq == s.next {
		assert.False(f.t, s.closed, "a batch after the last one")
		s.next++
	}
	s.closed = s.closed || r.session.Last
	assert.NotEmpty(f.t, r.data)
	for _, row := range r.data {
		assert.Len(f.t, row, len(r.schema))
		if i := slices.Index(r.schema, string(audience.ExternID)); i >= 0 {
			assert.NotEmpty(f.t, row[i], "a blank EXTERN_ID under a schema that names it")
		}
	}
	return s
}

func member(schema, row []string) string {
	var parts []string
	for i, v := range row {
		if v != "" {
			parts = append(parts, schema[i]+"="+v)
		}
	}
	return strings.Join(parts, ";")
}

func (f *fakeMeta) list() []string { return slices.Sorted(maps.Keys(f.members)) }

var errLost = audience.Fail(audience.Transient, "", errors.New("the connection broke"))

func failAt(k int, err error) func(int, *request) error {
	return func(n int, _ *request) error {
		if n == k {
			return err
		}
		return nil
	}
}

func (r *request) String() string {
	return fmt.Sprintf("%d rows of session %d", len(r.data), r.session.ID)
}
