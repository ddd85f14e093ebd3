package cleanroom

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"

	_ "github.com/duckdb/duckdb-go/v2" // the engine
	"github.com/google/uuid"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// The limits of Clean Rooms that hold here too.
const (
	maxConcurrent = 5       // ongoing queries a membership; not adjustable on AWS
	maxQueryText  = 500_000 // characters
)

// A Room runs protected queries. It is safe for concurrent use. Close it by Shutdown.
type Room struct {
	file   *RoomFile
	config Config
	parser parser

	mu      sync.Mutex
	queries map[string]*running
	closed  bool
	wait    sync.WaitGroup
}

// A running query, or one that has ended. The room's mutex guards doc.
type running struct {
	doc    ProtectedQuery
	cancel context.CancelFunc
}

// New opens a room.
func New(file *RoomFile, config Config) (*Room, error) {
	if config.Bucket == nil {
		return nil, errors.New("open clean room: no bucket for results")
	}
	for _, t := range file.Tables {
		if t.Catalog != "" && config.Catalog == nil {
			return nil, audience.Failf(audience.Invalid, "open clean room: table %s is in a catalog, and there is none", t.Name)
		}
	}
	config = config.withDefaults()
	if err := os.MkdirAll(config.TempDir, 0o700); err != nil {
		return nil, audience.Fail(audience.Invalid, "check the folder for output", fmt.Errorf("open clean room: %w", err))
	}
	if err := sweep(config.TempDir); err != nil {
		return nil, fmt.Errorf("open clean room: %w", err)
	}
	db, err := sql.Open("duckdb", closedToTheWorld+"&enable_external_access=false&threads=1")
	if err != nil {
		return nil, fmt.Errorf("open the SQL parser: %w", err)
	}
	return &Room{file: file, config: config, parser: parser{db: db}, queries: map[string]*running{}}, nil
}

// Start judges a query and begins to run it. What the query's text, the room file and the configuration decide is
// refused here, as an *Error; what only the data can show (a file that is no Parquet, a value that is no number) ends
// the query as FAILED.
func (r *Room) Start(ctx context.Context, in StartInput) (ProtectedQuery, error) {
	if err := r.membership(in.MembershipIdentifier); err != nil {
		return ProtectedQuery{}, err
	}
	if err := in.validate(); err != nil {
		return ProtectedQuery{}, err
	}
	statement, err := r.parser.statement(ctx, r.file, in.SQLParameters)
	if err != nil {
		return ProtectedQuery{}, err
	}
	id := uuid.NewString()
	out, err := r.destination(ctx, in.ResultConfiguration.OutputConfiguration.S3, id)
	if err != nil {
		return ProtectedQuery{}, err
	}
	j := &job{room: r, statement: statement, out: out}
	query, err := j.begin(ctx, in)
	if err != nil {
		j.release()
	}
	return query, err
}

// begin finds the tables, and begins to run the query.
func (j *job) begin(ctx context.Context, in StartInput) (query ProtectedQuery, err error) {
	if j.sources, err = j.room.sources(ctx, j.statement.tables); err != nil {
		return query, err
	}
	for i := range j.sources {
		if j.sources[i].overlaps(j.out.bucket) {
			return query, invalidConfiguration(
				"the results bucket holds the source data of table %s, or lies inside its folder: results need a bucket of their own", j.sources[i].table.Name)
		}
	}
	return j.room.begin(ctx, in, j)
}

// begin registers a query and starts it.
func (r *Room) begin(ctx context.Context, in StartInput, j *job) (ProtectedQuery, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ProtectedQuery{}, refuse(nameInternal, "", "the clean room is closing")
	}
	ongoing := 0
	for _, q := range r.queries {
		if !q.doc.Status.Final() {
			ongoing++
		}
	}
	if ongoing >= maxConcurrent {
		return ProtectedQuery{}, refuse(nameQuota, "", "%d queries of this membership are running, and more are not allowed: wait for one to end", maxConcurrent)
	}
	// The query outlives the call that started it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.config.Timeout)
	runner, _ := r.file.member(r.file.Runner)
	q := &running{cancel: cancel, doc: ProtectedQuery{
		ID: j.out.id, MembershipID: in.MembershipIdentifier, CreateTime: r.config.Now().UTC(), Status: Submitted,
		MembershipArn: "arn:aws:cleanrooms:local:" + runner.AccountID + ":membership/" + in.MembershipIdentifier,
		SQLParameters: *in.SQLParameters, ResultConfiguration: *in.ResultConfiguration, ComputeConfiguration: in.ComputeConfiguration,
	}}
	if err := r.remember(ctx, q.doc); err != nil {
		cancel()
		return ProtectedQuery{}, refuse(nameInternal, "", "the query cannot be recorded: check the folder for output and the space on its disk")
	}
	j.query = q
	r.queries[q.doc.ID] = q
	r.wait.Add(1)
	go func() {
		defer r.wait.Done()
		defer cancel()
		j.run(ctx)
	}()
	return q.doc, nil
}

// Get gives a query as it stands.
func (r *Room) Get(ctx context.Context, in QueryInput) (ProtectedQuery, error) {
	if in.TargetStatus != "" {
		return ProtectedQuery{}, invalidField("TargetStatus", "is no parameter of getProtectedQuery")
	}
	return r.change(ctx, in, func(*running) error { return nil })
}

// Cancel is UpdateProtectedQuery, whose only target is CANCELLED. A query that has ended is a ConflictException.
func (r *Room) Cancel(ctx context.Context, in QueryInput) (ProtectedQuery, error) {
	if in.TargetStatus != string(Cancelled) {
		return ProtectedQuery{}, invalidField("TargetStatus", "must be CANCELLED")
	}
	return r.change(ctx, in, func(q *running) error {
		switch {
		case q.doc.Status.Final():
			return refuse(nameConflict, "INVALID_STATE", "the query has ended as %s and cannot be cancelled", q.doc.Status)
		case q.cancel == nil:
			return refuse(nameInternal, "", "another process runs the query: end it there")
		}
		q.doc.Status = Cancelling
		q.cancel()
		return nil
	})
}

// change does something to a query, and gives it as it then stands.
func (r *Room) change(ctx context.Context, in QueryInput, do func(*running) error) (ProtectedQuery, error) {
	if err := r.membership(in.MembershipIdentifier); err != nil {
		return ProtectedQuery{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	q := r.queries[in.ProtectedQueryIdentifier]
	if q == nil {
		doc, err := r.recall(ctx, in)
		if err != nil {
			return ProtectedQuery{}, err
		}
		q = &running{doc: doc}
	}
	if err := do(q); err != nil {
		return ProtectedQuery{}, err
	}
	return q.doc, nil
}

// Shutdown cancels the queries that run, waits for them to end and closes the room. When ctx ends first it gives ctx's
// error, and the room must not be used.
func (r *Room) Shutdown(ctx context.Context) error {
	r.mu.Lock()
	r.closed = true
	for _, q := range r.queries {
		if !q.doc.Status.Final() {
			q.doc.Status = Cancelling
			q.cancel()
		}
	}
	r.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.wait.Wait()
	}()
	select {
	case <-done:
		return r.parser.db.Close()
	case <-ctx.Done():
		return fmt.Errorf("wait for protected queries to end: %w", ctx.Err())
	}
}

// membership lets the runner's in, and nobody else's.
func (r *Room) membership(id string) error {
	for _, m := range r.file.Members {
		if m.MembershipID != id {
			continue
		}
		if m.Name != r.file.Runner {
			return refuse(nameAccessDenied, "", "the membership of %s may not run queries: the room's runner is %s", m.Name, r.file.Runner)
		}
		return nil
	}
	return refuse(nameNotFound, "", "the room has no such membership: match.membership_id must be the runner's in the room file")
}
