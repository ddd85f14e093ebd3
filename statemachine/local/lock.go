package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// lockRun lets one process at a time work on a run. The audience's lease does not: it belongs to the run, so that a run
// which was killed can go on at once, and two processes that continue it would both hold it. The lock ends with the
// process, however that ends.
func lockRun(folder string) (unlock func() error, err error) {
	f, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // in the run's folder
	if err != nil {
		return nil, fmt.Errorf("lock the run: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = audience.Failf(audience.Gate, "another process is at work on the run in %s: wait until it ends, or stop it", folder)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil
}
