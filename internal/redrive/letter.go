// Package redrive reads the dead-letter queue by cause, and sends again what is in it: a small execution of the state
// machine for the chunks of each run. A letter leaves the queue only after what it is about was done.
//
// A run that adds or removes sends just the chunks of the list. One that replaces or mirrors does not look at the list: its
// Advance stage decides what each chunk is due for now: until Meta has taken the replace's first batch, that; in the 90 minutes
// from then, the rest of the session; later, the rest by adding it, once Meta is done with the replace; and of a mirror first
// whoever leaves. So a chunk may be sent again at any time, and what was sent is not sent twice.
//
// A run of which a later one has got ahead is left alone, unless Sender.Force says otherwise.
package redrive

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// The kinds of letters.
const (
	kindRun   = "run"   // a whole run failed
	kindChunk = "chunk" // a chunk of a run failed; the run may have gone on
)

// A Letter is what the state machine writes of a run or a chunk that it could not do: names, class and attempts, never
// a row.
type Letter struct {
	Schema   int    `json:"schema"`
	Kind     string `json:"kind"`
	Tenant   string `json:"tenant"`
	Audience string `json:"audience"`
	Run      string `json:"run"`
	URL      string `json:"url"` // of the run's folder; empty when the input named no audience
	Class    string `json:"class"`
	Stage    string `json:"stage"`    // of kind run: what failed
	Chunk    string `json:"chunk"`    // of kind chunk, like the rest
	Attempts int    `json:"attempts"` // tasks that tried it
	Reason   string `json:"reason"`   // how the last one ended: an exit code, or an error of ECS
}

// stageLoad is where a run fails that was never frozen: all that it needs lies in the audience's definition.
const stageLoad = "load"

// parseLetter reads a message's body. What it does not know it refuses: to guess would be to send the wrong thing.
func parseLetter(body string) (Letter, error) {
	var l Letter
	if err := json.Unmarshal([]byte(body), &l); err != nil {
		return l, audience.Failf(audience.Invalid, "it is no letter of the state machine: who sent it there?")
	}
	if err := audience.CheckVersion("the letter", l.Schema); err != nil {
		return l, err
	}
	if l.Kind != kindRun && l.Kind != kindChunk {
		return l, audience.Failf(audience.Invalid, "it is of a kind that this binary does not know: use the version that wrote it")
	}
	if l.Kind == kindChunk && (l.Chunk == "" || strings.Contains(l.Chunk, "/")) {
		return l, audience.Failf(audience.Invalid, "it names no chunk: who sent it there?")
	}
	return l, nil
}

// ofARun tells whether the letter names a run and that run's folder, in characters that may be shown: errors of the storage
// quote them. One that was refused for its input names none.
func (l *Letter) ofARun() bool {
	return clean(l.URL) == l.URL && l.Tenant != "" && l.Audience != "" && audience.ValidRunID(l.Run) && strings.HasSuffix(l.URL, "/"+l.folder())
}

func (l *Letter) folder() string { return fmt.Sprintf("runs/%s/%s/%s/", l.Tenant, l.Audience, l.Run) }

// leaseURL is where the audience's lease lies, in the same bucket.
func (l *Letter) leaseURL() string {
	return strings.TrimSuffix(l.URL, l.folder()) + audience.LeaseDir(l.Tenant, l.Audience)
}

// stateURL is where it is told which runs of the audience were the last.
func (l *Letter) stateURL() string {
	return strings.TrimSuffix(l.URL, l.folder()) + audience.StateDir(l.Tenant, l.Audience)
}

// Cause is the class, and what is known of the place: the stage of a run, how the last task of a chunk ended.
func (l *Letter) Cause() string {
	where := l.Stage
	if l.Kind == kindChunk {
		where = l.Reason
	}
	if l.Class == "" {
		return where
	}
	return l.Class + ": " + where
}

// failureFile is where the stage's own words lie in the run's folder, if it left any.
func (l *Letter) failureFile() string {
	if l.Kind == kindChunk {
		return audience.FailureFile("upload-" + l.Chunk)
	}
	return audience.FailureFile(l.Stage)
}

// printable are the characters of names and causes. A queue is written by whoever may, and a terminal obeys more than that.
var printable = regexp.MustCompile(`[^\p{L}\p{N}\p{P}\p{S} ]`)

func clean(text string) string { return printable.ReplaceAllString(text, "?") }

// An Entry is what the queue says about one run or one chunk. A letter may be delivered twice, and a chunk that was sent
// again and failed again has several.
type Entry struct {
	Letter             // the newest
	Sent     time.Time // when the newest was sent
	messages []message // all of them
}

// A message is a letter as the queue has it.
type message struct {
	id      string
	receipt string // to hold it, to give it back or to delete it
	body    string
	sent    time.Time
}

// An Unreadable is a message that is no letter.
type Unreadable struct {
	MessageID string
	Why       string
	message   message
}

// sortMessages makes entries of messages: one for each run and each chunk, in the order in which they were first met.
func sortMessages(messages []message) ([]*Entry, []Unreadable) {
	var entries []*Entry
	var unreadable []Unreadable
	byWhat := map[string]*Entry{}
	for _, m := range messages {
		l, err := parseLetter(m.body)
		if err != nil {
			unreadable = append(unreadable, Unreadable{m.id, err.Error(), m})
			continue
		}
		what := fmt.Sprintf("%q", []string{l.Kind, l.URL, l.Run, l.Chunk})
		e := byWhat[what]
		if e == nil {
			e = &Entry{Letter: l, Sent: m.sent}
			byWhat[what] = e
			entries = append(entries, e)
		}
		if e.messages = append(e.messages, m); m.sent.After(e.Sent) {
			e.Letter, e.Sent = l, m.sent
		}
	}
	return entries, unreadable
}

// A Filter chooses letters; what is empty chooses all.
type Filter struct {
	Tenant, Audience, Run string
	Cause                 string // a class, a stage, a reason, or a whole cause as it is listed
}

func (f Filter) chooses(e *Entry) bool {
	same := func(want, is string) bool { return want == "" || want == is }
	cause := f.Cause == "" || f.Cause == e.Class || f.Cause == e.Stage || f.Cause == e.Reason || f.Cause == e.Cause()
	return same(f.Tenant, e.Tenant) && same(f.Audience, e.Audience) && same(f.Run, e.Run) && cause
}

func (f Filter) empty() bool { return f == Filter{} }
