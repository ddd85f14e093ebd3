package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/local/cleanroom"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// openRoom opens the clean room that the room file describes: results below <out>/results, prepared tables from the
// catalog below <out>/catalog, its queries remembered in <out>/room.
func (m *machine) openRoom(ctx context.Context) error {
	file, err := cleanroom.LoadRoom(m.options.room)
	if err != nil {
		return err
	}
	m.room, err = cleanroom.New(file, cleanroom.Config{
		Bucket: func(name string) (string, error) {
			if name != results {
				return "", audience.Failf(audience.Invalid, "there is no bucket %q on this machine", name)
			}
			return storage.FileURL(filepath.Join(m.options.out, "results")), nil
		},
		Catalog: m.work.Sub("catalog"),
		State:   m.work.Sub("room"),
		TempDir: filepath.Join(m.folder, "spill"),
	})
	if err != nil {
		return err
	}
	m.closers = append(m.closers, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		err := m.room.Shutdown(ctx)
		_ = os.Remove(filepath.Join(m.folder, "spill")) // empty now, unless a query would not end
		return err
	})
	return nil
}
