package upload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// stopRun tells the other tasks of the run to stop, when Meta has stopped this one for abuse: every further call makes it
// worse. Preflight takes it back when the run is started again.
func stopRun(ctx context.Context, deps Deps, failure error) error {
	if !meta.IsAbuse(failure) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	deps.Log.ErrorContext(ctx, "Meta's abuse prevention stops the run")
	if err := deps.Folder.WriteJSON(ctx, audience.StopFile, audience.NewFailureDoc(Stage, failure, deps.Now().UTC())); err != nil {
		return fmt.Errorf("stop the other tasks: %w", err)
	}
	return nil
}

// checkStop gives the failure by which another task has stopped the run; nil when none has.
func checkStop(ctx context.Context, deps Deps) error {
	var by audience.FailureDoc
	err := deps.Folder.ReadJSON(ctx, audience.StopFile, &by)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("see whether the run was stopped: %w", err)
	}
	said := strings.TrimSuffix(by.Message, ": "+by.Next) // a failure says what to do by itself
	return audience.Fail(audience.Class(by.ExitCode), by.Next, fmt.Errorf("the run was stopped when a task failed: %s", said))
}
