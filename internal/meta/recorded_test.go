package meta_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta"
)

type exchange struct {
	Method   string            `json:"method"`
	Path     string            `json:"path"`
	Headers  map[string]string `json:"headers"`
	Response json.RawMessage   `json:"response"`
	Status   int               `json:"status"`
}

// text reads a member of the recorded answer by itself: as Meta wrote it, without quotes.
func (e exchange) text(t *testing.T, name string) string {
	t.Helper()
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(e.Response, &members))
	return strings.Trim(string(members[name]), `"`)
}

func (e exchange) number(t *testing.T, name string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(e.text(t, name), 10, 64)
	require.NoError(t, err)
	return n
}

// TestRecordedAnswers has the client read what Meta was recorded to answer.
func TestRecordedAnswers(t *testing.T) {
	data, err := os.ReadFile("testdata/recorded.json")
	require.NoError(t, err)
	var recorded struct {
		Exchanges []exchange `json:"exchanges"`
	}
	require.NoError(t, json.Unmarshal(data, &recorded))
	read := map[string]int{}
	for _, e := range recorded.Exchanges {
		client := open(t, meta.Config{Version: "v12.0", HTTP: &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			assert.Equal(t, e.Method, r.Method)
			assert.Equal(t, e.Path, r.URL.Path)
			return reply(e.Status, e.Headers, string(e.Response)), nil
		})}})
		parts := strings.Split(strings.TrimPrefix(e.Path, "/v12.0/"), "/")
		edge := strings.Join(append([]string{e.Method}, parts[1:]...), " ")
		switch edge {
		case "GET customaudiences":
			found, err := client.FindAudience(t.Context(), parts[0], "cleanreach:a/b")
			require.NoError(t, err)
			assert.Nil(t, found)
		case "POST customaudiences":
			id, err := client.CreateAudience(t.Context(), parts[0], newAudience)
			require.NoError(t, err)
			assert.Equal(t, e.text(t, "id"), id)
		case "GET":
			a, err := client.Audience(t.Context(), parts[0])
			require.NoError(t, err)
			assert.Equal(t, meta.CustomAudience{ID: e.text(t, "id"), Name: e.text(t, "name"), Subtype: e.text(t, "subtype")}, a)
		case "POST users", "DELETE users":
			checkRecordedBatch(t, e, client, parts[0])
		case "DELETE": // of an audience, which CleanReach never does
			continue
		default:
			t.Errorf("%s %s is not known here", e.Method, e.Path)
		}
		read[edge]++
		checkRecordedUsage(t, e, client.Usage())
	}
	assert.Equal(t, map[string]int{"GET customaudiences": 2, "POST customaudiences": 3, "GET": 3, "POST users": 8, "DELETE users": 2}, read)
}

// checkRecordedBatch sends a batch of the session that Meta answered with: the recorded ones had none.
func checkRecordedBatch(t *testing.T, e exchange, client *meta.Client, audience string) {
	t.Helper()
	call := map[string]func(context.Context, string, meta.Batch) (meta.Ack, error){"POST": client.AddUsers, "DELETE": client.RemoveUsers}[e.Method]
	batch := batchOf(oneRow)
	batch.Session.ID = e.number(t, "session_id")
	ack, err := call(t.Context(), audience, batch)
	require.NoError(t, err)
	var samples struct {
		Samples map[string]string `json:"invalid_entry_samples"`
	}
	require.NoError(t, json.Unmarshal(e.Response, &samples))
	assert.Equal(t, meta.Ack{
		AudienceID: audience, SessionID: batch.Session.ID, Received: e.number(t, "num_received"), Invalid: e.number(t, "num_invalid_entries"),
		Samples: meta.Samples(samples.Samples),
	}, ack)
	assert.Len(t, ack.Samples, int(ack.Invalid))
}

// checkRecordedUsage knows the percentages that were recorded.
func checkRecordedUsage(t *testing.T, e exchange, got meta.Usage) {
	t.Helper()
	want := 32
	if e.Headers["x-ad-account-usage"] != "" {
		want = 100 // on batches that Meta took
	}
	assert.Equal(t, want, got.Percent, "%s %s", e.Method, e.Path)
	assert.Zero(t, got.Regain)
	assert.Empty(t, got.Tier)
}
