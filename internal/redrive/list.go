package redrive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// A Listing is the queue by cause.
type Listing struct {
	Causes     []Cause
	Unreadable []Unreadable
	Letters    int  // that were read, chosen or not
	Elsewhere  int  // about how many other readers held meanwhile
	More       bool // there are more letters than are read at once
}

// A Cause is everything that failed alike.
type Cause struct {
	Cause string
	Runs  []RunLetters
}

// RunLetters are the entries of one run and one cause.
type RunLetters struct {
	Tenant, Audience, Run string
	Whole                 bool     // the run itself failed
	Chunks                []string // that failed, in order
	Attempts              int      // the most that one of them had
	Letters               int      // duplicates and earlier failures counted
	Oldest                time.Time
	Words                 []string // what the stage said, each sentence once
}

// wordsOf is of how many of a run's chunks the stage's own words are read.
const wordsOf = 5

// A Reader lists the queue.
type Reader struct {
	Queue *Queue
	// Open opens the run's folder at a URL.
	Open func(ctx context.Context, url string) (*storage.Folder, error)
}

// List reads the queue by cause and gives every letter back.
func (r *Reader) List(ctx context.Context, f Filter) (*Listing, error) {
	messages, elsewhere, err := r.Queue.read(ctx)
	r.Queue.giveBack(ctx, messages)
	if err != nil {
		return nil, err
	}
	entries, unreadable := sortMessages(messages)
	entries = slices.DeleteFunc(entries, func(e *Entry) bool { return !f.chooses(e) })
	if !f.empty() {
		unreadable = nil
	}
	l := &Listing{Unreadable: unreadable, Letters: len(messages), Elsewhere: elsewhere, More: len(messages) >= r.Queue.most}
	for _, cause := range groups(entries, (*Entry).Cause) {
		c := Cause{Cause: cause[0].Cause()}
		for _, run := range groups(cause, func(e *Entry) string { return e.URL + " " + e.Run }) {
			lines := summarise(run)
			lines.Words = r.words(ctx, run)
			c.Runs = append(c.Runs, lines)
		}
		l.Causes = append(l.Causes, c)
	}
	return l, nil
}

// groups splits entries by a key, sorted by it.
func groups(entries []*Entry, key func(*Entry) string) [][]*Entry {
	byKey := map[string][]*Entry{}
	var keys []string
	for _, e := range entries {
		k := key(e)
		if byKey[k] == nil {
			keys = append(keys, k)
		}
		byKey[k] = append(byKey[k], e)
	}
	slices.Sort(keys)
	all := make([][]*Entry, 0, len(keys))
	for _, k := range keys {
		all = append(all, byKey[k])
	}
	return all
}

func summarise(entries []*Entry) RunLetters {
	first := entries[0]
	r := RunLetters{Tenant: first.Tenant, Audience: first.Audience, Run: first.Run, Oldest: first.Sent}
	for _, e := range entries {
		if e.Kind == kindRun {
			r.Whole = true
		} else {
			r.Chunks = append(r.Chunks, e.Chunk)
		}
		r.Attempts = max(r.Attempts, e.Attempts)
		r.Letters += len(e.messages)
		for _, m := range e.messages {
			if m.sent.Before(r.Oldest) {
				r.Oldest = m.sent
			}
		}
	}
	slices.Sort(r.Chunks)
	return r
}

// words reads what the stage said of a few of a run's entries. A folder that cannot be read has its own sentence, as the
// list is of use without.
func (r *Reader) words(ctx context.Context, entries []*Entry) []string {
	first := entries[0]
	if first.URL == "" {
		return nil
	}
	folder, err := openRun(ctx, r.Open, &first.Letter)
	if err != nil {
		return []string{"(" + err.Error() + ")"}
	}
	defer func() { _ = folder.Close() }()
	var said []string
	for _, e := range entries[:min(len(entries), wordsOf)] {
		var doc audience.FailureDoc
		err := folder.ReadJSON(ctx, e.failureFile(), &doc)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		words := doc.Message
		if err != nil {
			words = "(" + err.Error() + ")"
		}
		if words = clean(words); !slices.Contains(said, words) {
			said = append(said, words)
		}
	}
	return said
}

// openRun opens the folder that a letter names, if it is that of the run that it names.
func openRun(ctx context.Context, open func(context.Context, string) (*storage.Folder, error), l *Letter) (*storage.Folder, error) {
	if !l.ofARun() {
		return nil, audience.Failf(audience.Invalid, "the letter names another folder than its run's: who sent it there?")
	}
	folder, err := open(ctx, l.URL)
	if err != nil {
		return nil, fmt.Errorf("open the folder of run %s: %w", clean(l.Run), err)
	}
	return folder, nil
}
