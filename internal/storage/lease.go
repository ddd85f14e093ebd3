package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// A Lease is one run's right to an audience: two runs at once would switch the prepared table under each other's query.
//
// It lies in a folder of its own as objects named by generation (00000001.json, 00000002.json, …). The highest
// generation holds. To take a free or expired lease is to create the next generation, which the storage lets exactly one
// writer do; to renew is to write one's own generation again, and to give back is to write it as released. A holder that
// lost its lease notices at the next renewal, because a higher generation exists. The expiry counts from the object's
// modification time, so that only the storage's clock and the reader's matter.
type Lease struct {
	Schema     int    `json:"schema"`
	Run        string `json:"run"`
	TTLSeconds int    `json:"ttl_seconds"`
	Released   bool   `json:"released"`
}

// HeldError says that another run holds the audience.
type HeldError struct {
	Run   string
	Until time.Time
}

// Error names the run.
func (e *HeldError) Error() string {
	return fmt.Sprintf("run %s holds this audience until %s", e.Run, e.Until.UTC().Format(time.RFC3339))
}

// TakeLease takes the lease in folder for a run, or renews it when the run holds it already, and returns the key of the
// object that it lies in. A lease of another run is a *HeldError of class Gate.
func TakeLease(ctx context.Context, folder *Folder, run string, ttl time.Duration, now func() time.Time) (string, error) {
	const races = 5 // each lost race means that somebody else made progress
	for range races {
		generation, current, modified, err := latest(ctx, folder)
		if err != nil {
			return "", err
		}
		until := modified.Add(time.Duration(current.TTLSeconds) * time.Second)
		switch {
		case generation > 0 && current.Run == run && !current.Released:
			key := leaseKey(generation)
			return key, writeLease(ctx, folder, key, run, ttl, false)
		case generation > 0 && !current.Released && now().Before(until):
			return "", audience.Fail(audience.Gate, "wait until it ends; if it was killed, continue it by its id", &HeldError{Run: current.Run, Until: until})
		}
		key := leaseKey(generation + 1)
		data, err := json.Marshal(Lease{Schema: audience.DocumentVersion, Run: run, TTLSeconds: int(ttl.Seconds())})
		if err != nil {
			return "", fmt.Errorf("encode lease: %w", err)
		}
		if err = folder.Create(ctx, key, data); err == nil {
			return key, forget(ctx, folder, generation)
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("take lease: %w", err)
		}
	}
	return "", audience.Failf(audience.Transient, "take lease in %s: other runs were faster %d times", folder.URL(), races)
}

// LastHolder tells which run has the lease in folder, or had it last: then Until is past, or zero when it was given back.
// It is nil when nobody ever had it. It takes nothing: another run may have it a moment later.
func LastHolder(ctx context.Context, folder *Folder) (*HeldError, error) {
	generation, current, modified, err := latest(ctx, folder)
	if err != nil || generation == 0 {
		return nil, err
	}
	holder := &HeldError{Run: current.Run}
	if !current.Released {
		holder.Until = modified.Add(time.Duration(current.TTLSeconds) * time.Second)
	}
	return holder, nil
}

// RenewLease writes the lease again, so that it expires later. A lease that another run has taken meanwhile is a
// *HeldError of class Gate.
func RenewLease(ctx context.Context, folder *Folder, key, run string, ttl time.Duration) error {
	generation, current, modified, err := latest(ctx, folder)
	if err != nil {
		return err
	}
	if generation == 0 {
		return audience.Fail(audience.Gate, "start the run again", fmt.Errorf("the lease that this run held in %s is gone: somebody has removed it", folder.URL()))
	}
	if leaseKey(generation) != key || current.Run != run {
		until := modified.Add(time.Duration(current.TTLSeconds) * time.Second)
		return audience.Fail(audience.Gate, "this run stops, so that the two do not mix", &HeldError{Run: current.Run, Until: until})
	}
	return writeLease(ctx, folder, key, run, ttl, false)
}

// ReleaseLease gives the lease back, if the run still holds it.
func ReleaseLease(ctx context.Context, folder *Folder, key, run string) error {
	generation, current, _, err := latest(ctx, folder)
	if err != nil || leaseKey(generation) != key || current.Run != run {
		return err
	}
	return writeLease(ctx, folder, key, run, 0, true)
}

func writeLease(ctx context.Context, folder *Folder, key, run string, ttl time.Duration, released bool) error {
	lease := Lease{Schema: audience.DocumentVersion, Run: run, TTLSeconds: int(ttl.Seconds()), Released: released}
	return folder.WriteJSON(ctx, key, lease)
}

// latest finds the generation that holds; 0 when there has never been one.
func latest(ctx context.Context, folder *Folder) (generation int, lease Lease, modified time.Time, err error) {
	const races = 5
	for range races {
		if generation, modified, err = newest(ctx, folder); err != nil || generation == 0 {
			return 0, Lease{}, time.Time{}, err
		}
		err = folder.ReadJSON(ctx, leaseKey(generation), &lease)
		if err == nil {
			return generation, lease, modified, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return 0, Lease{}, time.Time{}, fmt.Errorf("read lease: %w", err)
		}
		// A faster run took the next generation and removed this one.
	}
	return 0, Lease{}, time.Time{}, audience.Failf(audience.Transient, "read lease in %s: other runs were faster %d times", folder.URL(), races)
}

func newest(ctx context.Context, folder *Folder) (generation int, modified time.Time, err error) {
	objects, err := folder.List(ctx, "")
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("look for leases: %w", err)
	}
	for _, o := range objects {
		n, err := strconv.Atoi(strings.TrimSuffix(path.Base(o.Key), ".json"))
		if err == nil && n > generation {
			generation, modified = n, o.Modified
		}
	}
	return generation, modified, nil
}

// forget removes the generations before the newest, which nobody needs.
func forget(ctx context.Context, folder *Folder, generation int) error {
	if generation == 0 {
		return nil
	}
	return folder.Delete(ctx, leaseKey(generation))
}

func leaseKey(generation int) string { return fmt.Sprintf("%08d.json", generation) }
