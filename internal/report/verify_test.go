package report

import (
	"bytes"
	"html"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// TestSessionsAgainstReceipts changes what Meta says of the second of three sessions, of 990 rows each.
func TestSessionsAgainstReceipts(t *testing.T) {
	const again = "start a new run of the audience: adding people twice changes nothing."
	for _, c := range []struct {
		name     string
		tells    func(look int, s *meta.SessionStatus) *meta.SessionStatus
		want     audience.Verification // but for what is the same of all
		received int64                 // of the second session
		outcome  string
		slept    time.Duration
		next     string // that the advice has, or that all is well
		page     string
	}{
		{"as sent", func(_ int, s *meta.SessionStatus) *meta.SessionStatus { return s },
			audience.Verification{}, 990, audience.OutcomeSucceeded, 0, "All is well", "Meta has all 2,970 rows that were sent, by the receipts."},
		{"not yet counted", func(look int, s *meta.SessionStatus) *meta.SessionStatus {
			s.Received -= int64(max(0, 3-look))
			return s
		},
			audience.Verification{}, 990, audience.OutcomeSucceeded, 2 * lookEvery, "All is well", "Meta has all 2,970 rows"},
		{"known a little later", func(look int, s *meta.SessionStatus) *meta.SessionStatus {
			if look == 1 {
				return nil
			}
			return s
		}, audience.Verification{}, 990, audience.OutcomeSucceeded, lookEvery, "All is well", "Meta has all 2,970 rows"},
		{"counted twice", func(_ int, s *meta.SessionStatus) *meta.SessionStatus { s.Received += 10; return s },
			audience.Verification{More: 10}, 1000, audience.OutcomeSucceeded, 0, "All is well",
			"Meta counts 10 rows more than the receipts. This usually means that a batch was sent again"},
		{"over and short", func(_ int, s *meta.SessionStatus) *meta.SessionStatus { s.Received -= 90; return s },
			audience.Verification{Missing: 90}, 900, audience.OutcomePartial, 3 * lookEvery,
			"Meta lacks 90 rows that it had acknowledged: their upload sessions are over, and have fewer rows than were sent. This usually means that a session was over, 90 minutes", "S" + again[1:]},
		{"open and short", func(_ int, s *meta.SessionStatus) *meta.SessionStatus {
			s.Received, s.Progress, s.End = 989, 60, time.Time{}
			return s
		}, audience.Verification{Awaited: 1}, 989, audience.OutcomeSucceeded, 3 * lookEvery, "Meta does not count 1 row yet that it acknowledged", "if it is too small, " + again},
		{"unknown", func(int, *meta.SessionStatus) *meta.SessionStatus { return nil },
			audience.Verification{Awaited: 990, Unknown: 1}, 0, audience.OutcomeSucceeded, 3 * lookEvery, "Meta does not count 990 rows yet", "This usually means that Meta is still counting"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := allWell()
			w.plan.Rows += 1000
			w.add("00003", 2000, 1000)
			w.meta.tells = func(look int, s *meta.SessionStatus) *meta.SessionStatus {
				if s.ID == 1002 {
					return c.tells(look, s)
				}
				return s
			}
			deps := w.deps(t)
			r, err := Run(t.Context(), deps)
			require.NoError(t, err)
			c.want.Sessions, c.want.Told, c.want.Sent, c.want.Received, c.want.Matched = 3, 3, 2970, 1980+c.received, r.Verification.Matched
			if c.received != 990 {
				c.want.Differences = []audience.SessionDifference{{Chunk: "00002", Session: 1002, Sent: 990, Received: c.received, Ended: c.want.Awaited == 0}}
			}
			assert.Equal(t, &c.want, r.Verification)
			assert.Equal(t, c.want.Sent+c.want.More, c.want.Received+c.want.Missing+c.want.Awaited)
			assert.Equal(t, c.outcome, r.Outcome)
			assert.Equal(t, c.slept, w.slept)
			assert.Contains(t, next(r), c.next)
			if c.want.Missing+c.want.Awaited > 0 {
				assert.NotContains(t, next(r), "All is well")
				assert.Len(t, w.meta.asked, 3+3, "only the session that is short is asked about again")
			}
			page, err := deps.Folder.Read(t.Context(), audience.ReportPage)
			require.NoError(t, err)
			assert.Contains(t, string(page), c.page)
			if c.want.Missing == 0 {
				return
			}
			var outcome audience.Outcome
			require.NoError(t, deps.Folder.ReadJSON(t.Context(), audience.OutcomeFile, &outcome))
			assert.Equal(t, audience.OutcomePartial, outcome.Outcome)
			assert.Nil(t, outcome.Failure, "the run itself has not failed")
		})
	}
}

func TestMissingRowsChangeNoFailedRun(t *testing.T) {
	w := newWorld(2, 1000)
	w.mode = audience.ModeRemove
	w.lose("00002")
	w.meta.tells = func(_ int, s *meta.SessionStatus) *meta.SessionStatus { s.Received--; return s }
	r := w.run(t)
	assert.Equal(t, audience.OutcomeFailed, r.Outcome)
	assert.Contains(t, r.Next[0], "a passing fault")
	assert.Contains(t, r.Next[1], "Meta lacks 1 row that it had acknowledged")
	assert.Contains(t, r.Next[1], "removing people twice changes nothing.")
}

func TestStatusIsPolledWhileMetaIsAtWork(t *testing.T) {
	w := allWell()
	w.meta.busy = 2
	r := w.run(t)
	assert.Equal(t, 200, r.Status.OperationCode)
	assert.Equal(t, 2*lookEvery, w.slept)
	assert.Len(t, w.meta.asked, 2, "sessions are asked about once")

	w = allWell()
	w.meta.busy = 100
	r = w.run(t)
	assert.Equal(t, 414, r.Status.OperationCode)
	assert.Equal(t, (looks-1)*lookEvery, w.slept)
	assert.Contains(t, next(r), "Meta's status of the audience: a replace is in progress: wait until the status is 200 again.")
	assert.Equal(t, audience.OutcomeSucceeded, r.Outcome)
}

// TestStatusesInTheRunbooksWords holds the page against the table that people are sent to.
func TestStatusesInTheRunbooksWords(t *testing.T) {
	runbook, err := os.ReadFile("../../docs/runbook.md")
	require.NoError(t, err)
	_, statuses, found := bytes.Cut(runbook, []byte("begin generated statuses"))
	require.True(t, found)
	lines := regexp.MustCompile(`(?m)^\| (\d+) \| (.+\.) \| [a-z ]+ \|$`).FindAllSubmatch(statuses, -1)
	require.Greater(t, len(lines), 10)
	for _, line := range lines {
		code, err := strconv.Atoi(string(line[1]))
		require.NoError(t, err)
		w := allWell()
		w.meta.audience.OperationStatus.Code = code
		assert.Contains(t, html.UnescapeString(pageOf(t, w)), "<dt>Audience</dt><dd>"+string(line[2])+"</dd>", code)
	}
}

func TestRefusedRowsAreNamed(t *testing.T) {
	w := newWorld(4, 1000)
	row := audience.RefusedRow{File: "part-0.parquet", RowGroup: 3, Row: 12_345, Keys: []audience.Key{audience.Email, audience.Phone}, Reason: "invalid EMAIL"}
	for range 20 {
		for _, id := range []string{"00001", "00002", "00004"} {
			w.receipts[id].Refused = append(w.receipts[id].Refused, row)
		}
	}
	w.receipts["00001"].Invalid = 500
	deps := w.deps(t)
	r, err := Run(t.Context(), deps)
	require.NoError(t, err)
	assert.Len(t, r.RefusedRows, refusedShown)
	assert.Equal(t, row, r.RefusedRows[49])
	assert.Contains(t, next(r), "Meta refused about 500 of the 3,960 rows that it received. This report names some of them by file, row group, row number and key")
	page, err := deps.Folder.Read(t.Context(), audience.ReportPage)
	require.NoError(t, err)
	for _, cell := range []string{">part-0.parquet<", `"Row group">3<`, `"Row">12,345<`, `"Key">EMAIL, PHONE<`, `"Reason">Invalid EMAIL.<`} {
		assert.Contains(t, string(page), cell)
	}
}
