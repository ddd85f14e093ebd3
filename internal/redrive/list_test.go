package redrive

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

func printed(l *Listing) string {
	var b bytes.Buffer
	l.Print(&b)
	return b.String()
}

func TestList(t *testing.T) {
	w := newWorld(t)
	w.run("run-1", "00001", "00002", "00003")
	w.put("run-1", "failures/upload-00001.json", audience.FailureDoc{Schema: 1, Message: "Meta refuses the token: make a new one"})
	w.put("run-1", "failures/upload-00002.json", audience.FailureDoc{Schema: 1, Message: "Meta refuses the token: make a new one"})
	w.put("run-2", "failures/preflight.json", audience.FailureDoc{Schema: 1, Message: "run run-1 holds this audience"})
	w.send(w.chunkLetter("run-1", "00002"), w.chunkLetter("run-1", "00001"), w.runLetter("run-2", "preflight"))
	slow := w.chunkLetter("run-1", "00003")
	slow.Class, slow.Reason, slow.Attempts = "throttled", "exit code 5", 5
	w.send(slow)
	refused := Letter{Schema: 1, Kind: kindRun, Class: "invalid", Stage: "start", Run: "by-hand"}
	w.send(refused)
	w.queue.put(`{"schema": 2, "kind": "chunk"}`)
	w.queue.put(`a stranger`)
	w.queue.twice = true

	want := `7 letters in the queue

action: exit code 4
  acme/vip  run run-1  2 chunks (00001 00002), tried up to 1 time, 2 letters since 2026-11-24T12:00:00Z
      Meta refuses the token: make a new one

gate: preflight
  acme/vip  run run-2  the whole run, 1 letter since 2026-11-24T12:02:00Z
      run run-1 holds this audience

invalid: start
  ?/?  run by-hand  the whole run, 1 letter since 2026-11-24T12:04:00Z

throttled: exit code 5
  acme/vip  run run-1  1 chunk (00003), tried up to 5 times, 1 letter since 2026-11-24T12:03:00Z

not readable, and never touched
  message m006: read the letter: its schema version is 2 and this binary knows only 1: use the version that wrote it
  message m007: it is no letter of the state machine: who sent it there?
`
	assert.Equal(t, want, printed(w.list(Filter{})))
	assert.Equal(t, 7, w.queue.visible(), "all are given back")
	assert.Equal(t, want, printed(w.list(Filter{})), "listing takes nothing away")
	assert.Len(t, w.queue.messages, 7)

	short := printed(w.list(Filter{Cause: "throttled"}))
	assert.Contains(t, short, "7 letters in the queue, 1 of them chosen")
	assert.NotContains(t, short, "stranger")
	for filter, chosen := range map[Filter]int{
		{Tenant: "acme"}: 4, {Tenant: "other"}: 0, {Audience: "vip", Run: "run-1"}: 3, {Cause: "exit code 4"}: 2,
		{Cause: "action: exit code 4"}: 2, {Cause: "preflight"}: 1, {Run: "run-2", Cause: "action"}: 0,
	} {
		assert.Contains(t, printed(w.list(filter)), fmt.Sprintf("%d of them chosen", chosen), filter)
	}
}

func TestListOfAnEmptyQueue(t *testing.T) {
	assert.Equal(t, "0 letters in the queue\n", printed(newWorld(t).list(Filter{})))
}

func TestManyLetters(t *testing.T) {
	w := newWorld(t)
	var chunks []string
	for i := range 133 {
		chunks = append(chunks, fmt.Sprintf("%05d", i))
		w.send(w.chunkLetter("run-1", chunks[i]))
	}
	w.run("run-1", chunks...)
	text := printed(w.list(Filter{}))
	assert.Contains(t, text, "133 letters in the queue\n")
	assert.Contains(t, text, "133 chunks (00000 00001 00002 00003 00004 00005 00006 00007 00008 00009 00010 00011 and 121 more)")

	w.queue.received = 0
	q := w.queueOf()
	q.most = 50
	reader := Reader{Queue: q, Open: storage.Open}
	l, err := reader.List(t.Context(), Filter{})
	require.NoError(t, err)
	assert.Contains(t, printed(l), "50 letters in the queue; there are more")
	assert.Equal(t, 5, w.queue.received)
	assert.Equal(t, 133, w.queue.visible())
}

func TestLettersOfAnotherReader(t *testing.T) {
	w := newWorld(t)
	w.run("run-1", "00001", "00002")
	w.send(w.chunkLetter("run-1", "00001"), w.chunkLetter("run-1", "00002"))
	w.queue.messages[0].hidden = w.now.Add(time.Minute)
	assert.Contains(t, printed(w.list(Filter{})), "1 letter in the queue; about 1 more are with another reader")
}

// A chunk that failed for one cause and then for another is one thing to mend: the later.
func TestTheNewestLetterTells(t *testing.T) {
	w := newWorld(t)
	w.run("run-1", "00001")
	again := w.chunkLetter("run-1", "00001")
	again.Class, again.Reason = "throttled", "exit code 5"
	w.send(w.chunkLetter("run-1", "00001"), again)
	text := printed(w.list(Filter{}))
	assert.Contains(t, text, "throttled: exit code 5\n")
	assert.Contains(t, text, "1 chunk (00001), tried up to 1 time, 2 letters since 2026-11-24T12:00:00Z")
	assert.NotContains(t, text, "action")
}

// A queue that gives letters back faster than they are read ends the reading all the same.
func TestReadingEnds(t *testing.T) {
	w := newWorld(t)
	w.run("run-1", "00001")
	w.send(w.chunkLetter("run-1", "00001"))
	q := w.queueOf()
	q.api = forgetful{&w.queue}
	messages, _, err := q.read(t.Context())
	require.NoError(t, err)
	require.Len(t, messages, 1)
	assert.Equal(t, w.queue.messages[0].receipt, messages[0].receipt, "the newest receipt is the one that counts")
}

func TestWhatAStrangerSends(t *testing.T) {
	w := newWorld(t)
	evil := w.chunkLetter("run-1", "00001")
	evil.Run, evil.Tenant, evil.Reason = "x\x1b[31m\nrun", "ac\u202eme", "exit\rcode"
	elsewhere := w.chunkLetter("run-1", "00001")
	elsewhere.URL = "s3://somebody-else/runs/acme/vip/run-2/"
	loud := w.chunkLetter("run-1", "00001")
	loud.URL = "nowhere\x1b[31m://runs/acme/vip/run-1/"
	w.send(evil, elsewhere, loud)
	text := printed(w.list(Filter{}))
	said, err := w.redrive(t.Context(), Filter{})
	require.Error(t, err)
	assert.NotContains(t, said, "\x1b")
	assert.NotContains(t, text, "\x1b")
	assert.NotContains(t, text, "\r")
	assert.NotContains(t, text, "\u202e")
	assert.Equal(t, 3, strings.Count(text, "(the letter names another folder than its run's"), text)
}

func TestParseLetter(t *testing.T) {
	for body, want := range map[string]string{
		`{"schema": 1, "kind": "run", "run": "r"}`:       "",
		`{"schema": 1, "kind": "chunk", "chunk": "7"}`:   "",
		`{"schema": 1, "kind": "chunk"}`:                 "names no chunk",
		`{"schema": 1, "kind": "chunk", "chunk": "a/b"}`: "names no chunk",
		`{"schema": 1, "kind": "start"}`:                 "kind that this binary does not know",
		`{"schema": 0, "kind": "run"}`:                   "schema version is 0",
		`[]`:                                             "no letter",
		``:                                               "no letter",
	} {
		_, err := parseLetter(body)
		if want == "" {
			require.NoError(t, err, body)
		} else {
			require.ErrorContains(t, err, want, body)
			assert.NotContains(t, err.Error(), "a/b")
		}
	}
}
