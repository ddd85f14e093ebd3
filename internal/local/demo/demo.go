// Package demo makes the data of a first try: a company's customers as real files have them, dirty and from several
// countries, a partner's list that overlaps with them, and the audience definition and room file that join the two. The
// same seed and number of rows give the same bytes. The people are made up.
package demo

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Options say what to make.
type Options struct {
	Rows int    // of customers; the default is 50,000
	Seed uint64 // the default is 1
}

// Files are what was made.
type Files struct {
	Audience string // path of the audience definition
	Room     string // path of the room file
}

// MaxRows is the largest demo; it takes a few gigabytes on disk.
const MaxRows = 10_000_000

//go:embed audience.json room.json
var documents embed.FS

// Write makes the demo in a folder of that number of rows and that seed below dir, and leaves one that is there already as
// it is: another run may be reading it. The folder appears when all is in it. When ctx ends Write stops.
func Write(ctx context.Context, dir string, options Options) (files Files, err error) {
	if options.Rows == 0 {
		options.Rows = 50_000
	}
	if options.Seed == 0 {
		options.Seed = 1
	}
	if options.Rows < 0 || options.Rows > MaxRows {
		return Files{}, fmt.Errorf("make demo data: rows must be from 1 to %d", MaxRows)
	}
	folder := filepath.Join(dir, fmt.Sprintf("%d-%d", options.Rows, options.Seed))
	files = Files{Audience: filepath.Join(folder, "audience.json"), Room: filepath.Join(folder, "room.json")}
	if exists(folder) {
		return files, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // made-up people
		return Files{}, fmt.Errorf("make demo data: %w", err)
	}
	making, err := os.MkdirTemp(dir, ".making-")
	if err != nil {
		return Files{}, fmt.Errorf("make demo data: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(making) // what is left is hidden and harms nobody
		}
	}()
	if err := fill(ctx, making, options); err != nil {
		return Files{}, err
	}
	if err := os.Rename(making, folder); err != nil && !exists(folder) { // another process may have made the same
		return Files{}, fmt.Errorf("make demo data: %w", err)
	} else if err != nil {
		_ = os.RemoveAll(making)
	}
	return files, nil
}

func exists(folder string) bool {
	info, err := os.Stat(folder)
	return err == nil && info.IsDir()
}

// fill makes everything that belongs to a demo.
func fill(ctx context.Context, dir string, options Options) error {
	for _, sub := range []string{"customers", "partner"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil { //nolint:gosec // made-up people
			return fmt.Errorf("make demo data: %w", err)
		}
	}
	people := newPeople(options.Seed)
	if err := writeCustomers(ctx, filepath.Join(dir, "customers"), options, people); err != nil {
		return fmt.Errorf("make demo customers: %w", err)
	}
	if err := writePartner(ctx, filepath.Join(dir, "partner", "members.parquet"), options, people); err != nil {
		return fmt.Errorf("make the demo partner's list: %w", err)
	}
	for _, name := range []string{"audience.json", "room.json"} {
		data, err := documents.ReadFile(name)
		if err != nil {
			return fmt.Errorf("make demo: %w", err)
		}
		data = bytes.Replace(data, []byte(`"chunk_rows": 2500`), fmt.Appendf(nil, `"chunk_rows": %d`, max(2500, options.Rows/20)), 1)
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil { //nolint:gosec // likewise
			return fmt.Errorf("make demo: %w", err)
		}
	}
	return nil
}

// random is the generator of one person: any person can be made without those before.
func random(seed uint64, stream string, i int) *rand.Rand {
	h := seed
	for _, c := range []byte(stream) {
		h = h*1099511628211 + uint64(c)
	}
	return rand.New(rand.NewPCG(h, uint64(i))) //nolint:gosec // made-up people need no secrecy
}
