package sandbox_test

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

type exchange struct {
	Method   string            `json:"method"`
	Path     string            `json:"path"`
	Query    map[string]string `json:"query"`
	Body     map[string]any    `json:"body"`
	Status   int               `json:"status"`
	Headers  map[string]string `json:"headers"`
	Response map[string]any    `json:"response"`
}

// TestRecordedExchanges replays what was recorded from Meta. The sandbox gives the same answers, save for the ids that it
// hands out, and the same headers, save for the percentages.
func TestRecordedExchanges(t *testing.T) {
	data, err := os.ReadFile("../testdata/recorded.json")
	require.NoError(t, err)
	var recorded struct {
		Exchanges []exchange `json:"exchanges"`
	}
	require.NoError(t, json.Unmarshal(data, &recorded))
	require.Len(t, recorded.Exchanges, 21)

	m := open(t, sandbox.Config{Version: "v12.0"})
	ids := bijection{}
	for i, e := range recorded.Exchanges {
		values := url.Values{}
		for name, value := range e.Query {
			values.Set(name, value)
		}
		body, err := json.Marshal(e.Body)
		require.NoError(t, err)
		r := httptest.NewRequestWithContext(t.Context(), e.Method, query(ids.ours(e.Path), values), strings.NewReader(string(body)))
		r.Header.Set("Authorization", "Bearer token")
		a := m.send(r)
		require.Equal(t, e.Status, a.status, "exchange %d: %s", i, a.text)
		ids.learn(t, e.Response, a.body)
		assert.Equal(t, e.Response, a.body, "exchange %d", i)
		for name, want := range e.Headers {
			got := a.header.Get(name)
			if name == "content-type" {
				got, _, _ = strings.Cut(got, ";")
			}
			assert.Equal(t, shape(want), shape(got), "exchange %d: %s", i, name)
		}
	}
}

// shape is a header without its percentages.
func shape(header string) string {
	return regexp.MustCompile(`:\d+`).ReplaceAllString(header, ":0")
}

// bijection maps recorded ids to those of the sandbox. Two recorded ids never become one, nor the other way round.
type bijection map[string]string

func (b bijection) ours(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if id, known := b[part]; known {
			parts[i] = id
		}
	}
	return strings.Join(parts, "/")
}

// learn pairs the ids of two answers, and puts the recorded ones into ours, so that the rest can be compared.
func (b bijection) learn(t *testing.T, recorded, ours map[string]any) {
	t.Helper()
	for _, name := range []string{"id", "audience_id", "session_id"} {
		theirs, is := recorded[name].(string)
		if !is {
			continue
		}
		id, is := ours[name].(string)
		require.True(t, is, "%s is a string", name)
		require.NotEmpty(t, id)
		if known, seen := b[theirs]; seen {
			require.Equal(t, known, id, "%s", name)
		} else {
			taken := slices.Contains(valuesOf(b), id)
			require.False(t, taken, "%s %s stands for two recorded ones", name, id)
			b[theirs] = id
		}
		ours[name] = theirs
	}
}

func valuesOf(b bijection) []string {
	var list []string
	for _, v := range b {
		list = append(list, v)
	}
	return list
}
