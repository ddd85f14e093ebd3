package stages

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

// A day at Meta: what was sent is counted at once, and matched the day after.
const day = 24 * time.Hour

// newVerified uploads to a Meta that refuses some people and takes a day to match the others. log has all that upload and
// report say.
func newVerified(t *testing.T, log *bytes.Buffer) (*bench, *sandbox.Clock) {
	t.Helper()
	r := rand.New(rand.NewPCG(11, 1)) // which gives many rows
	source, match := t.TempDir(), t.TempDir()
	clock := sandbox.NewClock(time.Now())
	b := newBenchWith(t, r, source, match, sandbox.Config{RefuseRate: 0.2, Processing: day, Clock: clock})
	b.log = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	(&customers{bench: b, rand: r}).write(source)
	b.prepare()
	require.Greater(t, b.match(match), int64(50))
	b.begin()
	b.finish()
	return b, clock
}

// setStatus has the sandbox's operator set the audience's operation status.
func (b *bench) setStatus(code int) {
	b.t.Helper()
	w := httptest.NewRecorder()
	b.server.ServeHTTP(w, httptest.NewRequestWithContext(b.t.Context(), http.MethodPost, "/sandbox/audiences/"+b.id,
		strings.NewReader(fmt.Sprintf(`{"operation_status": %d}`, code))))
	require.Equal(b.t, http.StatusOK, w.Code, w.Body.String())
}

func TestMetaIsHeldAgainstTheReceipts(t *testing.T) {
	var log bytes.Buffer
	b, clock := newVerified(t, &log)
	r := b.report()
	require.Positive(t, r.Rows.Invalid)
	assert.Equal(t, r.Rows.Sent, r.Rows.Received)
	v := r.Verification
	require.NotNil(t, v)
	assert.Equal(t, audience.Verification{Sessions: v.Sessions, Told: v.Sessions, Sent: r.Rows.Sent, Received: r.Rows.Sent}, *v)
	assert.Nil(t, r.MatchRate, "Meta has not matched anybody yet: no rate is told, least of all 0")
	assert.Equal(t, audience.OutcomeSucceeded, r.Outcome)

	clock.Advance(day)
	r = b.report()
	require.NotNil(t, r.MatchRate)
	assert.Positive(t, *r.MatchRate)
	assert.Positive(t, r.Verification.Matched)

	b.setStatus(471)
	r = b.report()
	assert.Equal(t, 471, r.Status.OperationCode)
	assert.Contains(t, r.Next[0], "Meta flagged the audience for integrity")
	assert.Equal(t, audience.OutcomeSucceeded, r.Outcome)

	b.setStatus(414)
	b.sleep = func(context.Context, time.Duration) error { b.setStatus(200); return nil }
	assert.Equal(t, 200, b.report().Status.OperationCode, "it was looked at again")
}

// TestRefusedRowsAreNamedAndNotTold finds the refused rows in the match, and none of the people in what is written of them.
func TestRefusedRowsAreNamedAndNotTold(t *testing.T) {
	var log bytes.Buffer
	b, _ := newVerified(t, &log)
	r := b.report()
	require.NotEmpty(t, r.RefusedRows)
	var plan audience.Plan
	require.NoError(t, b.folder.ReadJSON(t.Context(), audience.PlanFile, &plan))
	files := map[string]audience.MatchedFile{}
	for _, f := range plan.Files {
		files[f.Name] = f
	}
	seen := map[string]bool{}
	for _, row := range r.RefusedRows {
		name := fmt.Sprint(row.File, row.Row)
		assert.False(t, seen[name], "%s is named twice", name)
		seen[name] = true
		f := files[row.File]
		assert.True(t, 1 <= row.Row && row.Row <= f.Rows && 1 <= row.RowGroup && row.RowGroup <= f.RowGroups, "%+v of %+v", row, f)
		assert.Regexp(t, "^invalid [A-Z_]+$", row.Reason)
		require.Len(t, row.Keys, 1)
		assert.Equal(t, "invalid "+string(row.Keys[0]), row.Reason)
	}

	written := log.String()
	for _, dir := range []string{audience.ReceiptsDir, "report."} {
		objects, err := b.folder.List(t.Context(), dir)
		require.NoError(t, err)
		require.NotEmpty(t, objects)
		for _, o := range objects {
			data, err := b.folder.Read(t.Context(), o.Key)
			require.NoError(t, err)
			written += string(data)
		}
	}
	require.Contains(t, written, `"refused"`)
	require.Contains(t, written, "such_as_rows")
	require.Contains(t, written, "Rows that Meta refused")
	people := 0
	for _, row := range b.preparedRows([]string{"email", "phone", "extern_id"}) {
		for _, value := range row {
			if len(value) > 5 {
				people++
				sum := sha256.Sum256([]byte(value))
				assert.NotContains(t, written, value)
				assert.NotContains(t, written, hex.EncodeToString(sum[:]))
			}
		}
	}
	assert.Greater(t, people, 50)
}
