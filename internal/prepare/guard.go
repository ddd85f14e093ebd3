package prepare

import (
	"context"
	"errors"
	"log/slog"

	"github.com/cleanreach/cleanreach/internal/telemetry"
)

// A panicked is a panic on its way to the caller's goroutine, which is the one that recovers. Its text says nothing of
// the value, which may hold data.
type panicked struct{ value any }

func (*panicked) Error() string { return "panic in a goroutine" }

// guarded makes a panic of f an error.
func guarded(ctx context.Context, log *slog.Logger, f func() error) func() error {
	return func() (err error) {
		defer func() {
			if value := recover(); value != nil {
				log.ErrorContext(ctx, "panic while preparing", "stack", telemetry.PanicPlace())
				err = &panicked{value}
			}
		}()
		return f()
	}
}

// rethrow panics with the panic that err stands for, or returns err.
func rethrow(err error) error {
	var p *panicked
	if errors.As(err, &p) {
		panic(p.value)
	}
	return err
}
