package main

import (
	"context"
	"crypto/sha256"

	"golang.org/x/sync/errgroup"
)

// spins is how often each core hashes.
const spins = 500_000

// spin hashes on each core what lies in its cache. That is as much as a machine's cores can do together: two that are threads of
// one do not twice as much as one.
func spin(_ context.Context, _ dataset, cores int) (sample, error) {
	return timed(int64(cores)*spins, func() error {
		var group errgroup.Group
		for range cores {
			group.Go(func() error {
				var block [4096]byte
				for range spins {
					sum := sha256.Sum256(block[:])
					copy(block[:], sum[:])
				}
				return nil
			})
		}
		return group.Wait()
	})
}
