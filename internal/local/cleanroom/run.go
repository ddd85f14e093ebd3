package cleanroom

import (
	"context"
	"errors"
	"os"
)

// A job is a query that passed the rules, on its way to a result.
type job struct {
	room  *Room
	query *running

	statement *statement
	sources   []tableSource
	out       *destination
}

// run runs the query to its end and records it.
func (j *job) run(ctx context.Context) {
	defer j.release()
	r := j.room
	r.mu.Lock()
	started := r.config.Now()
	if j.query.doc.Status == Submitted {
		j.query.doc.Status = Started
	}
	r.mu.Unlock()
	err := j.execute(ctx)

	r.mu.Lock()
	defer r.mu.Unlock()
	doc := &j.query.doc
	// The results appear under the lock: a cancelled query has none, and one that has them is not cancelled.
	if err == nil && doc.Status != Cancelling {
		err = j.out.commit(ctx)
	}
	if closeErr := j.out.close(); err == nil && closeErr != nil {
		err = closeErr
	}
	millis := r.config.Now().Sub(started).Milliseconds()
	doc.Statistics = &Statistics{TotalDurationInMillis: millis}
	doc.Statistics.BilledResourceUtilization.Units = float64(doc.ComputeConfiguration.crpu()) * max(60, float64(millis)/1000) / 3600
	switch {
	case doc.Status == Cancelling:
		doc.Status = Cancelled
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && err != nil:
		doc.Status = TimedOut
	case err != nil:
		doc.Status, doc.Error = Failed, explain(err, r.config)
	default:
		doc.Status, doc.Result = Success, &Result{Output: Output{S3: &S3Location{Location: j.out.url}}}
	}
	// Not remembered, it counts as one that was killed, and runs again.
	_ = r.remember(context.WithoutCancel(ctx), *doc)
}

// release lets go of the buckets.
func (j *job) release() {
	for i := range j.sources {
		j.sources[i].release()
	}
	j.out.release()
}

// execute runs the query. One that does not fit in memory is run again with more: how much it takes nobody knows before.
func (j *job) execute(ctx context.Context) error {
	config := j.room.config
	if config.Maintenance != nil && config.Maintenance() {
		return &QueryError{Code: codeMaintenance, Message: "the query was ended by a scheduled maintenance: start it again"}
	}
	for {
		err := j.attempt(ctx, config)
		if !outOfMemory(err) {
			return err
		}
		if config.MemoryLimit *= 2; config.MemoryLimit > maxMemory*j.room.config.MemoryLimit {
			return err
		}
		if err := j.out.close(); err != nil {
			return err
		}
	}
}

// maxMemory is how many times Config.MemoryLimit a query may take at last.
const maxMemory = 4

func (j *job) attempt(ctx context.Context, config Config) error {
	if err := j.out.open(); err != nil {
		return err
	}
	temp, err := spillFolder(config.TempDir)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temp) }() // else it is swept when the room is opened again
	e, err := openEngine(ctx, config, temp)
	if err != nil {
		return err
	}
	defer func() { _ = e.db.Close() }() // nothing is kept in it
	if err := e.open(ctx, j.sources, j.out.work); err != nil {
		return err
	}
	return e.write(ctx, j.statement, j.out)
}
