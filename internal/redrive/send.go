package redrive

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// A Sender sends again what letters are about.
type Sender struct {
	Queue   *Queue
	Machine *Machine
	Open    func(ctx context.Context, url string) (*storage.Folder, error) // the run's folder
	Now     func() time.Time
	Sleep   func(ctx context.Context, d time.Duration) error // ends early, with an error, when ctx does
	Tell    func(format string, args ...any)                 // a line for the person who waits
	Force   bool                                             // send also what undoes the work of later runs
}

// Executions are asked after so long, each time twice as long.
const (
	firstLook = 5 * time.Second
	lastLook  = time.Minute
)

// atOnce is how many audiences are at work at the same time. Runs of one audience follow each other in any case.
const atOnce = 10

// misses is how many times in a row an execution may not be asked after before it is left to itself.
const misses = 5

// A job is one run, with what is to be sent again of it.
type job struct {
	Letter // names of the run, and its folder

	entries []*Entry
	oldest  time.Time
	folder  *storage.Folder
	run     audience.Run // as it was frozen; without an id when it was not
	name    string       // of the execution
	missed  int
}

func (j *job) String() string { return clean(j.Tenant + "/" + j.Audience + " " + j.Run) }

func (j *job) letters() (all []message) {
	for _, e := range j.entries {
		all = append(all, e.messages...)
	}
	return all
}

// A sending is one call of Send.
type sending struct {
	*Sender
	waiting, active []*job
	removed, stay   int // letters
	kept            time.Time
}

// Send sends again what the filter chooses, an execution for each run, waits for their ends, and removes the letters of
// what was done. Whatever cannot be sent is told and its letter stays, which makes it end with an error.
func (s *Sender) Send(ctx context.Context, f Filter) error {
	w := &sending{Sender: s, kept: s.Now()}
	messages, elsewhere, err := s.Queue.read(ctx)
	if err != nil {
		s.Queue.giveBack(ctx, messages)
		return err
	}
	if elsewhere > 0 {
		s.Tell("about %s with another reader, and left to it", count(elsewhere, "letter"))
	}
	s.Queue.giveBack(ctx, w.choose(messages, f))
	if len(w.waiting) == 0 {
		s.Tell("no letter of the queue is chosen")
		return nil
	}
	defer w.letGo(ctx)
	for len(w.waiting)+len(w.active) > 0 {
		w.begin(ctx)
		if err := w.wait(ctx); err != nil {
			return err
		}
	}
	s.Tell("%s removed, %d left", count(w.removed, "letter"), w.stay)
	if w.stay > 0 {
		return audience.Failf(audience.Transient, "%s left in the queue: mend what is said above, and start this again", count(w.stay, "letter"))
	}
	return nil
}

// choose makes jobs of what the filter chooses, those of the oldest letters first, and gives the other messages.
func (w *sending) choose(messages []message, f Filter) (others []message) {
	entries, unreadable := sortMessages(messages)
	for _, u := range unreadable {
		others = append(others, u.message)
	}
	var chosen []*Entry
	for _, e := range entries {
		if f.chooses(e) {
			chosen = append(chosen, e)
		} else {
			others = append(others, e.messages...)
		}
	}
	for _, run := range groups(chosen, func(e *Entry) string { return e.URL + " " + e.Run }) {
		w.waiting = append(w.waiting, &job{Letter: run[0].Letter, entries: run, oldest: summarise(run).Oldest})
	}
	slices.SortStableFunc(w.waiting, func(a, b *job) int { return cmp.Or(a.oldest.Compare(b.oldest), cmp.Compare(a.Run, b.Run)) })
	return others
}

// begin starts the jobs whose audience has none at work.
func (w *sending) begin(ctx context.Context) {
	waiting := w.waiting
	w.waiting = nil
	for i, j := range waiting {
		w.hold(ctx, waiting[i:]...) // to look at many runs takes its time
		busy := slices.ContainsFunc(w.active, func(a *job) bool { return a.Tenant == j.Tenant && a.Audience == j.Audience })
		if busy || len(w.active) >= atOnce || ctx.Err() != nil {
			w.waiting = append(w.waiting, j)
			continue
		}
		switch err := w.start(ctx, j); {
		case ctx.Err() != nil:
			w.waiting = append(w.waiting, j)
		case err != nil:
			w.Tell("%s: not sent again: %s", j, err)
			w.end(ctx, j)
		case j.name == "": // all is done already
			w.end(ctx, j)
		default:
			w.active = append(w.active, j)
		}
	}
}

// wait looks at the executions, less and less often, until one has ended.
func (w *sending) wait(ctx context.Context) error {
	for pause := firstLook; len(w.active) > 0; pause = min(2*pause, lastLook) {
		if err := w.Sleep(ctx, pause); err != nil {
			break
		}
		w.hold(ctx)
		before := len(w.active)
		w.look(ctx)
		if len(w.active) < before {
			return nil
		}
	}
	if ctx.Err() == nil {
		return nil
	}
	if len(w.active) == 0 {
		return audience.Failf(audience.Transient, "it was interrupted: the letters are back in the queue")
	}
	return audience.Failf(audience.Transient, "it was interrupted: what was started goes on, and the letters are back in the queue: start the same command again to wait for it")
}

// hold keeps the letters from other readers. Should that fail, another one may send them too, which does no harm.
func (w *sending) hold(ctx context.Context, further ...*job) {
	if w.Now().Sub(w.kept) < hold/3 {
		return
	}
	w.kept = w.Now()
	for _, j := range slices.Concat(w.waiting, w.active, further) {
		_ = w.Queue.keep(ctx, j.letters(), hold)
	}
}

// look asks after the executions and settles those that have ended.
func (w *sending) look(ctx context.Context) {
	active := w.active
	w.active = nil
	for _, j := range active {
		out, err := w.Machine.describe(ctx, j.name)
		if err == nil && out == nil {
			err = fmt.Errorf("the execution %s is gone", j.name)
		}
		if err != nil {
			if j.missed++; j.missed < misses || ctx.Err() != nil {
				w.active = append(w.active, j)
				continue
			}
			w.Tell("%s: %s: it is left to itself", j, err)
			w.end(ctx, j)
			continue
		}
		if j.missed = 0; out.Status == types.ExecutionStatusRunning {
			w.active = append(w.active, j)
			continue
		}
		w.Tell("%s: execution %s: %s%s", j, j.name, verdicts[out.Status], because(aws.ToString(out.Error), aws.ToString(out.Cause)))
		if err := w.settle(ctx, j, out.Status == types.ExecutionStatusSucceeded); err != nil {
			w.Tell("%s: %s", j, err)
		}
		w.end(ctx, j)
	}
}

var verdicts = map[types.ExecutionStatus]string{
	types.ExecutionStatusSucceeded: "succeeded", types.ExecutionStatusFailed: "failed", types.ExecutionStatusTimedOut: "timed out",
	types.ExecutionStatusAborted: "was stopped by somebody", types.ExecutionStatusPendingRedrive: "failed, and is being redriven",
}

func because(name, cause string) string {
	if name == "" && cause == "" {
		return ""
	}
	return ": " + clean(name+": "+cause)
}

// end is the end of a job, whose letters that are left go back to the queue.
func (w *sending) end(ctx context.Context, j *job) {
	left := j.letters()
	w.stay += len(left)
	if len(left) > 0 {
		w.Queue.giveBack(ctx, left)
	}
	j.close()
}

func (j *job) close() {
	if j.folder != nil {
		_ = j.folder.Close()
	}
}

// letGo gives back what is still held.
func (w *sending) letGo(ctx context.Context) {
	for _, j := range slices.Concat(w.waiting, w.active) {
		w.end(ctx, j)
	}
}
