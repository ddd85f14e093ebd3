package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/google/uuid"
)

// A remembered query is what another process needs to know of it: a run that was stopped goes on with its query's id.
// The query's text is not kept: it may hold values, and the definition has it.
type remembered struct {
	Query   ProtectedQuery `json:"query"`
	Process int            `json:"process"` // that runs it, or ran it
}

// remember keeps a query as it stands.
func (r *Room) remember(ctx context.Context, doc ProtectedQuery) error {
	if r.config.State == nil {
		return nil
	}
	doc.SQLParameters = SQLParameters{AnalysisTemplateArn: doc.SQLParameters.AnalysisTemplateArn}
	return r.config.State.WriteJSON(ctx, doc.ID+".json", remembered{Query: doc, Process: os.Getpid()})
}

// recall finds a query of another process. One that was running when its process was killed has failed as queries do
// that a maintenance of Clean Rooms ends: a state machine starts those again.
func (r *Room) recall(ctx context.Context, in QueryInput) (ProtectedQuery, error) {
	unknown := refuse(nameNotFound, "", "the membership has no such protected query")
	if _, err := uuid.Parse(in.ProtectedQueryIdentifier); err != nil || r.config.State == nil {
		return ProtectedQuery{}, unknown
	}
	var found remembered
	err := r.config.State.ReadJSON(ctx, in.ProtectedQueryIdentifier+".json", &found)
	switch {
	case ctx.Err() != nil:
		return ProtectedQuery{}, ctx.Err()
	case errors.Is(err, fs.ErrNotExist) || (err == nil && found.Query.MembershipID != in.MembershipIdentifier):
		return ProtectedQuery{}, unknown
	case err != nil:
		return ProtectedQuery{}, refuse(nameInternal, "", "what is known of the query cannot be read")
	}
	doc := found.Query
	if doc.Status.Final() || alive(found.Process) {
		return doc, nil
	}
	doc.Status = Failed
	doc.Error = &QueryError{Code: codeMaintenance, Message: "the process that ran the query has ended, as in a maintenance: start the query again"}
	if s3 := doc.ResultConfiguration.OutputConfiguration.S3; s3 != nil {
		if out, err := r.destination(ctx, s3, doc.ID); err == nil {
			_ = out.close() // what it had written is of no use; the next one has a folder of its own
			out.release()
		}
	}
	return doc, nil
}

// alive reports whether another process of this number runs.
func alive(process int) bool {
	return process != os.Getpid() && process > 0 && !errors.Is(syscall.Kill(process, 0), syscall.ESRCH)
}

// spillPrefix begins the names of spill folders; the process's number and a random one follow.
const spillPrefix = "cleanroom-query-"

// spillFolder makes the folder for what does not fit in memory. Nobody else may read it: it holds persons' data.
func spillFolder(dir string) (string, error) {
	temp, err := os.MkdirTemp(dir, fmt.Sprintf(spillPrefix+"%d-*", os.Getpid()))
	if err != nil {
		return "", fmt.Errorf("make a folder for what does not fit in memory: %w", err)
	}
	return temp, nil
}

// sweep removes what queries of killed processes have left in a spill folder.
func sweep(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read spill folder: %w", err)
	}
	for _, entry := range entries {
		name, ours := strings.CutPrefix(entry.Name(), spillPrefix)
		number, _, _ := strings.Cut(name, "-")
		process, err := strconv.Atoi(number)
		if !ours || err != nil || process == os.Getpid() || alive(process) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return fmt.Errorf("clear spill folder: %w", err)
		}
	}
	return nil
}
