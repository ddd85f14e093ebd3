package audience_test

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// TestClassesAreExitCodes holds the numbers down: the state machine's choices are written by them.
func TestClassesAreExitCodes(t *testing.T) {
	for class, want := range map[audience.Class]struct {
		code int
		name string
	}{
		audience.Transient: {1, "transient"}, audience.Invalid: {2, "invalid"}, audience.Gate: {3, "gate"},
		audience.Action: {4, "action"}, audience.Throttled: {5, "throttled"}, audience.Class(9): {9, "class 9"},
	} {
		assert.Equal(t, want.code, int(class))
		assert.Equal(t, want.name, class.String())
	}
}

func TestClassAndAdviceOfAnError(t *testing.T) {
	inner := audience.Fail(audience.Action, "renew the token", os.ErrPermission)
	for _, c := range []struct {
		name  string
		err   error
		class audience.Class
		next  string
		text  string
	}{
		{"unknown", os.ErrClosed, audience.Transient, "", "file already closed"},
		{"failure", inner, audience.Action, "renew the token", "permission denied: renew the token"},
		{"wrapped", fmt.Errorf("send batch 3: %w", inner), audience.Action, "renew the token", "send batch 3: permission denied: renew the token"},
		{"joined", errors.Join(os.ErrClosed, inner), audience.Action, "renew the token", "file already closed\npermission denied: renew the token"},
		{"the outer one decides", audience.Fail(audience.Throttled, "later", inner), audience.Throttled, "later", "permission denied: renew the token: later"},
		{"formatted", audience.Failf(audience.Gate, "only %d rows: %w", 3, os.ErrInvalid), audience.Gate, "", "only 3 rows: invalid argument"},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.class, audience.ClassOf(c.err))
			assert.Equal(t, c.next, audience.NextOf(c.err))
			assert.Equal(t, c.text, c.err.Error())
			doc := audience.NewFailureDoc("upload", c.err, time.Unix(0, 0))
			assert.Equal(t, &audience.FailureDoc{Schema: 1, Stage: "upload", Class: c.class.String(), ExitCode: int(c.class), Message: c.text, Next: c.next,
				Runbook: fmt.Sprintf("docs/runbook.md#exit-code-%d-%s", c.class, c.class), At: time.Unix(0, 0)}, doc)
		})
	}
	require.ErrorIs(t, inner, os.ErrPermission)
	require.ErrorIs(t, audience.Failf(audience.Gate, "x: %w", os.ErrInvalid), os.ErrInvalid)
	require.NoError(t, audience.Fail(audience.Gate, "x", nil))
}

// A known error has a section of its own.
type known struct{ error }

func (known) Section() string { return "meta-7" }

func TestSectionOfAnError(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{os.ErrClosed, "exit-code-1-transient"},
		{audience.Failf(audience.Gate, "too few"), "exit-code-3-gate"},
		{audience.Fail(audience.Action, "wait", fmt.Errorf("send: %w", known{os.ErrClosed})), "meta-7"},
	} {
		assert.Equal(t, c.want, audience.SectionOf(c.err))
	}
}

func TestEveryClassHasAGuide(t *testing.T) {
	require.Len(t, audience.Classes(), 5)
	for i, class := range audience.Classes() {
		assert.Equal(t, i+1, int(class))
		g := class.Guide()
		for _, sentence := range []string{g.What, g.Who, g.Do} {
			assert.Regexp(t, `^[A-Z].*\.$`, sentence, class)
		}
		assert.NotEmpty(t, g.Link, class)
	}
}
