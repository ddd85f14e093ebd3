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

// Write makes the demo in a folder, in place of what an earlier one left there. When ctx ends it stops.
func Write(ctx context.Context, dir string, options Options) (Files, error) {
	if options.Rows == 0 {
		options.Rows = 50_000
	}
	if options.Seed == 0 {
		options.Seed = 1
	}
	if options.Rows < 0 || options.Rows > MaxRows {
		return Files{}, fmt.Errorf("make demo data: rows must be from 1 to %d", MaxRows)
	}
	for _, sub := range []string{"customers", "partner"} {
		path := filepath.Join(dir, sub)
		if err := os.RemoveAll(path); err != nil {
			return Files{}, fmt.Errorf("clear demo data: %w", err)
		}
		if err := os.MkdirAll(path, 0o755); err != nil { //nolint:gosec // made-up people
			return Files{}, fmt.Errorf("make demo data: %w", err)
		}
	}
	people := newPeople(options.Seed)
	if err := writeCustomers(ctx, filepath.Join(dir, "customers"), options, people); err != nil {
		return Files{}, fmt.Errorf("make demo customers: %w", err)
	}
	if err := writePartner(ctx, filepath.Join(dir, "partner", "members.parquet"), options, people); err != nil {
		return Files{}, fmt.Errorf("make the demo partner's list: %w", err)
	}
	files := Files{Audience: filepath.Join(dir, "audience.json"), Room: filepath.Join(dir, "room.json")}
	for _, path := range []string{files.Audience, files.Room} {
		data, err := documents.ReadFile(filepath.Base(path))
		if err != nil {
			return Files{}, fmt.Errorf("make demo: %w", err)
		}
		data = bytes.Replace(data, []byte(`"chunk_rows": 2500`), fmt.Appendf(nil, `"chunk_rows": %d`, max(2500, options.Rows/20)), 1)
		if err := os.WriteFile(path, data, 0o644); err != nil { //nolint:gosec // likewise
			return Files{}, fmt.Errorf("make demo: %w", err)
		}
	}
	return files, nil
}

// random is the generator of one person: any person can be made without those before.
func random(seed uint64, stream string, i int) *rand.Rand {
	h := seed
	for _, c := range []byte(stream) {
		h = h*1099511628211 + uint64(c)
	}
	return rand.New(rand.NewPCG(h, uint64(i))) //nolint:gosec // made-up people need no secrecy
}
