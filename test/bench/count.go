package main

import (
	"errors"
	"io"
	"os"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/table"
)

// readRows is how many rows an upload reads at a time.
const readRows = 2048

// mostKnown is up to how many values of a dictionary upload hashes each only once.
const mostKnown = 1 << 16

// countHashes counts what an upload hashes of a file: in each chunk the different values of each column, but of those that
// identify a person every one, as it hardly ever comes again.
func countHashes(name string, chunks []audience.Chunk) (hashes int64, err error) {
	f, err := os.Open(name) //nolint:gosec // the user's own folder
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	names := make([]string, len(audienceKeys))
	for i, key := range audienceKeys {
		names[i] = key.Column()
	}
	for _, c := range chunks {
		n, err := countChunk(name, f, info.Size(), names, c)
		if err != nil {
			return 0, err
		}
		hashes += n
	}
	return hashes, nil
}

func countChunk(name string, f *os.File, size int64, names []string, c audience.Chunk) (hashes int64, err error) {
	reader, err := table.OpenColumns(name, f, size, names)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	reader.KeepCodes()
	if err := reader.SeekRow(c.FirstRow); err != nil {
		return 0, err
	}
	columns := make([]different, len(names))
	var batch table.Batch
	for left := c.Rows; left > 0; left -= int64(len(batch.Rows)) {
		err := reader.Read(&batch, int(min(left, readRows)))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		for i, key := range audienceKeys {
			if key.Hashed() {
				hashes += columns[i].count(&batch.Columns[i], key.Identifies())
			}
		}
	}
	return hashes, nil
}

// different are the values of a column that were counted.
type different struct {
	of    *table.Dictionary
	codes map[int32]bool
	texts map[string]bool
}

// count counts the values of a batch's column that have to be hashed.
func (d *different) count(column *table.Column, identifies bool) (hashes int64) {
	coded := column.Dict != nil && column.Dict.Len() <= mostKnown
	if coded && d.of != column.Dict {
		d.of, d.codes = column.Dict, map[int32]bool{}
	}
	if d.texts == nil {
		d.texts = map[string]bool{}
	}
	for i := range column.Len() {
		value := column.Value(i)
		switch {
		case len(value) == 0:
		case identifies:
			hashes++
		case coded:
			if !d.codes[column.Codes[i]] {
				d.codes[column.Codes[i]] = true
				hashes++
			}
		case !d.texts[string(value)]:
			d.texts[string(value)] = true
			hashes++
		}
	}
	return hashes
}
