package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/local/cleanroom"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// hasTable makes sure that the room has the table that this audience's run prepares. Otherwise the query would match what
// an earlier run of another audience left behind, and nothing would look wrong.
func hasTable(file *cleanroom.RoomFile, name string) error {
	var others []string
	for i := range file.Tables {
		switch catalog := file.Tables[i].Catalog; catalog {
		case name:
			return nil
		case "":
		default:
			others = append(others, catalog)
		}
	}
	return audience.Failf(audience.Invalid, "no table has the catalog name %q, which this audience's customers get; the room has %s",
		name, cmp.Or(strings.Join(others, ", "), "none of a catalog"))
}

// openRoom opens the clean room that the room file describes: results below <out>/results, prepared tables from the
// catalog below <out>/catalog, its queries remembered in <out>/room.
func (m *machine) openRoom(ctx context.Context) error {
	file, err := cleanroom.LoadRoom(m.options.room)
	if err != nil {
		return err
	}
	if err := hasTable(file, audience.TableName(m.def.Tenant, m.def.Name)); err != nil {
		return fmt.Errorf("check %s: %w", m.options.room, err)
	}
	m.room, err = cleanroom.New(file, cleanroom.Config{
		Bucket: func(name string) (string, error) {
			if name != results {
				return "", audience.Failf(audience.Invalid, "there is no bucket %q on this machine", name)
			}
			return storage.FileURL(filepath.Join(m.options.out, "results")), nil
		},
		Catalog: cleanroom.Documents{Folder: m.work.Sub("catalog")},
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
