package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"strings"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/local/cleanroom"
)

// begun says of an error before the state machine was started whether it is just the user's Ctrl-C.
func begun(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return audience.Failf(audience.Transient, "the run was stopped before it began: start it again")
	}
	return err
}

// frozen says so when a run that goes on began with another definition than the one that was given now.
func (m *machine) frozen(ctx context.Context, document []byte) string {
	var began audience.Run
	if m.work.Sub(m.runDir()).ReadJSON(ctx, audience.RunFile, &began) != nil {
		return "" // a new run; a damaged run.json is found by the state machine
	}
	var then, now any
	if json.Unmarshal(began.Definition, &then) != nil || json.Unmarshal(document, &now) != nil || reflect.DeepEqual(then, now) {
		return ""
	}
	return fmt.Sprintf("the definition has changed since run %s began, and the run keeps the one that it began with; for the new one leave -run out", m.id)
}

// explain turns the end of an execution into the failure of its class.
func (m *machine) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return audience.Failf(audience.Transient, "the run was stopped: %s", m.again(audience.Transient))
	}
	var failed *asl.Error
	if !errors.As(err, &failed) {
		return fmt.Errorf("run the state machine: %w", err)
	}
	for _, class := range []audience.Class{audience.Transient, audience.Invalid, audience.Gate, audience.Action, audience.Throttled} {
		if failed.Name == "CleanReach."+class.String() {
			return audience.Failf(class, "%s%s\n%s", failed.Cause, m.queryMessage(context.WithoutCancel(ctx)), m.again(class))
		}
	}
	return fmt.Errorf("run the state machine: %w", err)
}

// again says how the run goes on. It keeps the definition that it began with, so that a changed one takes a new run.
func (m *machine) again(class audience.Class) string {
	how := "continue it with " + m.command()
	switch class {
	case audience.Transient:
		return how
	case audience.Throttled:
		return how + ", in an hour or later"
	}
	return fmt.Sprintf("when that is mended, %s; a changed definition takes a new run", how)
}

// command is what to add to the command to continue the run; the demo is mostly started by make.
func (m *machine) command() string {
	flag := "-run " + m.id
	if m.options.demo {
		flag += fmt.Sprintf(" (make demo ROWS=%d SEED=%d RUN=%s)", m.options.rows, m.options.seed, m.id)
	}
	return flag
}

// queryMessage is what the clean room on this machine said of a query that failed; on AWS its console shows that.
func (m *machine) queryMessage(ctx context.Context) string {
	var started audience.QueryResult
	if m.work.Sub(m.runDir()).ReadJSON(ctx, audience.QueryFile, &started) != nil {
		return ""
	}
	query, err := m.room.Get(ctx, cleanroom.QueryInput{MembershipIdentifier: m.def.Match.MembershipID, ProtectedQueryIdentifier: started.ID})
	if err != nil || query.Error == nil {
		return ""
	}
	return " (the clean room says: " + query.Error.Message + ")"
}

var fileURL = regexp.MustCompile(`file://[^\s"]+`)

// plainPaths writes the file:// URLs in a message as paths, which a person can paste into a shell.
func plainPaths(message string) string {
	return fileURL.ReplaceAllStringFunc(message, func(raw string) string {
		path, err := url.PathUnescape(strings.TrimPrefix(raw, "file://"))
		if err != nil {
			return raw
		}
		return path
	})
}
