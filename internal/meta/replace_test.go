package meta_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// numbered is a batch of session 7.
func numbered(seq int) meta.Batch {
	p := meta.NewPayload([]audience.Key{audience.Email, audience.ExternID})
	appendRow(p, oneRow[:]...)
	return p.Batch(meta.Session{ID: 7, Seq: seq})
}

func TestReplaceUsers(t *testing.T) {
	var path, method string
	client := over(t, func(r *http.Request) (*http.Response, error) {
		method, path = r.Method, r.URL.Path
		return reply(200, nil, taken), nil
	})
	ack, err := meta.Retrying(meta.Paced(client, meta.Pace{}), meta.Policy{}).ReplaceUsers(t.Context(), "23", numbered(1))
	require.NoError(t, err)
	assert.Equal(t, []string{"POST", "/v26.0/23/usersreplace"}, []string{method, path})
	assert.Equal(t, meta.Ack{AudienceID: "23", SessionID: 7, Received: 1, Samples: meta.Samples{}}, ack)
	_, err = client.ReplaceUsers(t.Context(), "me", numbered(1))
	assert.Equal(t, audience.Invalid, audience.ClassOf(err))
}

// TestWhatIsTriedAgainOfAReplace: batch 1 is Meta's only once, and the other batches may be ahead of it.
func TestWhatIsTriedAgainOfAReplace(t *testing.T) {
	busy, unseen := refusal(2650, meta.UpdateInProgress), refusal(2650, meta.FirstBatchUnseen)
	for _, c := range []struct {
		name    string
		seq     int
		answers []string
		subcode int // of the error; 0: it succeeds
		class   audience.Class
		calls   int
	}{
		{"batch 1 after a lost answer", 1, []string{"", busy, taken}, meta.UpdateInProgress, audience.Throttled, 2},
		{"batch 1 at once", 1, []string{busy, taken}, meta.UpdateInProgress, audience.Throttled, 1},
		{"batch 1 after a fault", 1, []string{refusal(2, 0), taken}, 0, 0, 2},
		{"batch 1 that is its own first", 1, []string{unseen, taken}, meta.FirstBatchUnseen, audience.Transient, 1},
		{"another batch while Meta is busy", 2, []string{busy, taken}, 0, 0, 2},
		{"another batch ahead of the first", 2, []string{unseen, unseen, taken}, 0, 0, 3},
		{"another batch of no session", 2, []string{unseen}, meta.FirstBatchUnseen, audience.Transient, 6},
		{"a session that is over", 2, []string{refusal(2650, meta.SessionTimedOut), taken}, meta.SessionTimedOut, audience.Transient, 1},
		{"a session that is finished", 2, []string{refusal(2650, meta.SessionIsFinished), taken}, meta.SessionIsFinished, audience.Transient, 1},
		{"a part only", 2, []string{refusal(2650, meta.PartlyUpdated), taken}, meta.PartlyUpdated, audience.Transient, 1},
		{"too many people", 1, []string{refusal(2650, meta.TooManyToReplace), taken}, meta.TooManyToReplace, audience.Invalid, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, calls := script(t, nil, c.answers...)
			var time clock
			_, err := meta.Retrying(client, meta.Policy{Sleep: time.sleep, Budget: meta.NewBudget(0, time.now)}).ReplaceUsers(t.Context(), "23", numbered(c.seq))
			assert.Equal(t, c.calls, *calls)
			assert.Equal(t, c.subcode, meta.ReplaceSubcode(err))
			if c.subcode == 0 {
				require.NoError(t, err)
				return
			}
			assert.Equal(t, c.class, audience.ClassOf(err))
			assertPrivate(t, err.Error())
		})
	}
}

func TestReplaceSubcode(t *testing.T) {
	assert.Zero(t, meta.ReplaceSubcode(nil))
	assert.Zero(t, meta.ReplaceSubcode(context.Canceled))
	assert.Zero(t, meta.ReplaceSubcode(refused(t, 400, nil, refusal(100, meta.UpdateInProgress))))
	assert.Zero(t, meta.ReplaceSubcode(refused(t, 400, nil, refusal(2650, 0))))
	assert.Equal(t, meta.PartlyUpdated, meta.ReplaceSubcode(refused(t, 400, nil, refusal(2650, meta.PartlyUpdated))))
}

func TestIsAbuse(t *testing.T) {
	assert.True(t, meta.IsAbuse(refused(t, 400, nil, refusal(613, 0))))
	assert.False(t, meta.IsAbuse(refused(t, 400, nil, refusal(613, 1487742))))
	assert.False(t, meta.IsAbuse(context.DeadlineExceeded))
	assert.False(t, meta.IsAbuse(nil))
}
