package chaos

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// adds is a run that adds a match to an audience, or makes the audience for it.
func (w *world) adds() error {
	match := w.draw()
	want := crowdOf(match)
	if w.rand.IntN(2) == 0 {
		others := peopleFrom(600, 40)
		if err := w.fill(others); err != nil {
			return err
		}
		want.add(crowdOf(others).list()...)
	}
	w.plot(match)
	if err := w.finish("run-1", match); err != nil {
		return err
	}
	return w.check(want)
}

// removes is a run that takes a match out of an audience.
func (w *world) removes() error {
	match := w.draw()
	before := slices.Concat(match, peopleFrom(600, 60))
	for n := range 20 {
		before = append(before, person(n).moved(1000+n)) // whom only the strongest of a row's identifiers finds
	}
	if err := w.fill(before); err != nil {
		return err
	}
	want := crowdOf(before)
	want.remove(match)
	w.plot(before)
	if err := w.finish("run-1", match); err != nil {
		return err
	}
	return w.check(want)
}

// replaces is two runs, each of which puts its match in the place of whoever was in the audience. One that somebody gave up may
// be between them.
func (w *world) replaces() error {
	if w.rand.IntN(3) > 0 { // else the first run makes the audience
		if err := w.fill(w.draw()); err != nil {
			return err
		}
	}
	for run := range 2 {
		if w.rand.IntN(3) == 0 {
			if err := w.giveUp(fmt.Sprintf("given-up-%d", run), w.draw()); err != nil {
				return err
			}
		}
		if err := w.follow(fmt.Sprintf("run-%d", run), w.rand.Perm(600)[:35*w.chunk]); err != nil {
			return err
		}
	}
	return nil
}

// mirrors is three runs that follow a match which changes each time. Runs that somebody gave up may be between them.
func (w *world) mirrors() error {
	if w.rand.IntN(2) == 0 { // else the first run makes the audience
		if err := w.fill(w.draw()); err != nil {
			return err
		}
	}
	people := w.rand.Perm(600)[:35*w.chunk]
	for run := range 3 {
		if w.rand.IntN(3) == 0 {
			if err := w.giveUp(fmt.Sprintf("given-up-%d", run), w.matchOf(w.turnover(people))); err != nil {
				return err
			}
		}
		people = w.turnover(people)
		if err := w.follow(fmt.Sprintf("run-%d", run), people); err != nil {
			return err
		}
	}
	return nil
}

// follow is a run after which the audience has some people and nobody else.
func (w *world) follow(run string, people []int) error {
	match := w.matchOf(people)
	w.plot(match)
	err := w.finish(run, match)
	if err == nil {
		err = w.check(crowdOf(match))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", run, err)
	}
	return nil
}

// turnover puts others in the place of some people.
func (w *world) turnover(people []int) []int {
	stay := slices.Clone(people[:len(people)-w.rand.IntN(len(people)/5)])
	for _, n := range w.rand.Perm(600) {
		if len(stay) < len(people) && !slices.Contains(people, n) {
			stay = append(stay, n)
		}
	}
	w.rand.Shuffle(len(stay), func(i, j int) { stay[i], stay[j] = stay[j], stay[i] })
	return stay
}

// draw draws a match of any people.
func (w *world) draw() []row { return w.matchOf(w.rand.Perm(600)[:35*w.chunk]) }

func (w *world) matchOf(people []int) []row { return matchOf(w.rand, people, chunks*w.chunk) }

// giveUp starts a run that fails, most likely, and that nobody continues.
func (w *world) giveUp(run string, match []row) error {
	if err := w.give(run, match); err != nil {
		return err
	}
	w.plot(match)
	w.expireAt = w.requests + 5 + w.rand.IntN(2*chunks)
	err := w.attempt(run, map[string]string{"tenant": tenant, "audience": name})
	w.log.Info("a run was given up", "run", run, "error", err)
	w.operators.Wait()
	w.mend(false)
	w.wait()
	return nil
}

// wait is until somebody looks at what became of a run: the lease of an execution that was aborted has expired by then, and so
// has the session of a replace, now and then.
func (w *world) wait() {
	long := []time.Duration{20 * time.Minute, 40 * time.Minute, 100 * time.Minute, 7 * time.Hour}
	_ = pause(w.t.Context(), long[w.rand.IntN(len(long))])
}

func peopleFrom(first, n int) []row {
	rows := make([]row, n)
	for i := range rows {
		rows[i] = person(first + i)
	}
	return rows
}

// plot draws what happens in the middle of the next run: people opt out, the token expires, Meta takes us for an abuser.
func (w *world) plot(people []row) {
	r := w.rand
	w.mu.Lock()
	defer w.mu.Unlock()
	for range r.IntN(4) {
		q := request{at: w.requests + 1 + r.IntN(4*chunks), column: []string{"extern_id", "email"}[r.IntN(2)]}
		for range 1 + r.IntN(5) {
			one := people[r.IntN(len(people))]
			if value := map[string]string{"extern_id": one.extern, "email": one.email}[q.column]; value != "" {
				q.values = append(q.values, value)
			}
		}
		if len(q.values) > 0 {
			w.optouts = append(w.optouts, q)
		}
	}
	slices.SortFunc(w.optouts, func(a, b request) int { return a.at - b.at })
	if r.IntN(2) == 0 {
		w.expireAt = w.requests + 1 + r.IntN(4*chunks)
	}
	if r.IntN(5) == 0 {
		w.abuseAt = w.requests + 1 + r.IntN(4*chunks)
	}
}

// executions is how often a run is continued. After calmAfter of them nothing goes wrong any more, and it must end well.
const (
	executions = 9
	calmAfter  = 5
)

// finish starts a run and continues it, mending what a person would, until all of it is done.
func (w *world) finish(run string, match []row) error {
	if err := w.give(run, match); err != nil {
		return err
	}
	input, ended := map[string]string{"tenant": tenant, "audience": name}, false
	for n := range executions {
		execution := run
		if n > 0 {
			execution = fmt.Sprintf("%s-again-%d", run, n)
			w.mend(n >= calmAfter)
			var err error
			if input, err = w.again(run, ended); err != nil {
				return err
			}
		}
		err := w.attempt(execution, input)
		w.log.Info("an execution ended", "execution", execution, "error", err)
		ended = err == nil
		done, bad := w.judge(run, ended)
		if done || bad != nil {
			w.operators.Wait()
			return errors.Join(bad, w.settle(run, match))
		}
		w.wait()
	}
	return errors.New("the run does not come to a good end although nothing goes wrong any more")
}

// mend puts right what only a person can.
func (w *world) mend(calm bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.expired, w.calm = false, calm
}

// attempt is one execution, which somebody may stop.
func (w *world) attempt(execution string, input map[string]string) error {
	ctx, stop := context.WithCancelCause(w.t.Context())
	defer stop(nil)
	if r := drawn(w.seed, execution+" stopped"); r.IntN(8) == 0 && !w.calm {
		timer := time.AfterFunc(time.Duration(r.IntN(1200))*time.Second, func() { stop(errors.New("somebody stopped the execution")) })
		defer timer.Stop()
	}
	return w.execute(ctx, execution, input)
}

// judge looks at the report that an execution left, which must balance whatever happened, and tells whether all is done.
func (w *world) judge(run string, succeeded bool) (done bool, err error) {
	var report audience.Report
	err = w.document(run, audience.ReportFile, &report)
	if errors.Is(err, fs.ErrNotExist) && !succeeded {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if report.Chunks.Total != report.Chunks.Done+report.Chunks.Failed {
		return false, fmt.Errorf("of %d chunks the report calls %d done and %d failed", report.Chunks.Total, report.Chunks.Done, report.Chunks.Failed)
	}
	if err := report.Rows.Balance(); err != nil {
		return false, fmt.Errorf("the report does not balance: %w", err)
	}
	return succeeded && report.Chunks.Failed == 0, nil
}

// again is the input that continues a run: all of it, or, as redrive does when the run itself came to an end, the chunks that
// there are letters about. While things go wrong somebody may have those of a run that failed sent again, too, but chunks of it
// that nobody tried to send have no letters: in the end all of it is continued.
func (w *world) again(run string, ended bool) (map[string]string, error) {
	input := map[string]string{"tenant": tenant, "audience": name, "run": run}
	ids := w.lettersOf(run)
	if len(ids) == 0 || w.rand.IntN(2) == 0 || w.calm && !ended {
		return input, nil
	}
	var planned, list []audience.Chunk
	if err := w.document(run, audience.ChunksFile, &planned); err != nil {
		return nil, err
	}
	for _, c := range planned {
		if slices.Contains(ids, c.ID) {
			list = append(list, c)
		}
	}
	input["chunks"] = audience.ChunkListFile("redriven")
	return input, w.work.WriteJSON(w.t.Context(), w.folder(run)+input["chunks"], list)
}

func (w *world) folder(run string) string { return "runs/" + tenant + "/" + name + "/" + run + "/" }

func (w *world) document(run, file string, into any) error {
	return w.work.ReadJSON(w.t.Context(), w.folder(run)+file, into)
}

// settle compares the last report of a run with what the match was.
func (w *world) settle(run string, match []row) error {
	var report audience.Report
	if err := w.document(run, audience.ReportFile, &report); err != nil {
		return err
	}
	unusable := int64(0)
	for _, r := range match {
		if !r.usable() {
			unusable++
		}
	}
	rows, v := report.Rows, report.Verification
	switch {
	case report.Outcome != audience.OutcomeSucceeded:
		return fmt.Errorf("the run's outcome is %s: %v", report.Outcome, report.Next)
	case rows.Matched != int64(len(match)) || rows.Unusable != unusable || rows.Failed != 0:
		return fmt.Errorf("the match has %d rows, %d unusable, and by the report %d, %d and %d that failed", len(match), unusable, rows.Matched, rows.Unusable, rows.Failed)
	case rows.Source != 30:
		return fmt.Errorf("the source has 30 rows, and by the report %d", rows.Source)
	case rows.Leaves.Failed != 0:
		return fmt.Errorf("%d rows of people who leave failed", rows.Leaves.Failed)
	case report.Chunks.Total < chunks && w.mode != audience.ModeMirror:
		return fmt.Errorf("there are %d chunks and not %d", report.Chunks.Total, chunks)
	case v != nil && v.Missing+v.Awaited != 0:
		return fmt.Errorf("Meta lacks %d rows that it acknowledged", v.Missing+v.Awaited)
	case w.queries != 1:
		return fmt.Errorf("the match was asked for %d times", w.queries)
	}
	return nil
}

// check compares what is at Meta with what should be.
func (w *world) check(want crowd) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	members, err := w.members()
	if err != nil {
		return err
	}
	if still := members.strongest(w.opted); len(still) > 0 {
		return fmt.Errorf("%d of %d members have opted out, such as %q", len(still), len(members), slices.Sorted(maps.Keys(still))[:1])
	}
	// Who opts out while a batch is on its way is taken back by the strongest identifier of the row. Other rows of the same
	// person may go with it, or not.
	maps.Copy(w.relieved, want.strongest(w.opted))
	want.without(w.opted)
	want.without(w.relieved)
	members.without(w.relieved)
	if d := members.difference(want); d != "" {
		return errors.New(d)
	}
	a, err := w.audience()
	if err != nil {
		return err
	}
	// A task that is killed may know nothing of the one batch that was acknowledged last. All others it must not send again.
	if a.Again > w.broken {
		return fmt.Errorf("%d batches were sent again after they were acknowledged, and only %d tasks were stopped", a.Again, w.broken)
	}
	w.log.Info("all is well", "members", len(members), "batches", a.Batches, "again", a.Again, "stopped", w.broken, "requests", w.requests)
	return nil
}
