package snapshot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/table"
)

// Shards are rows by the shard of their person: the first bits of its mark. So the shards of two runs with different numbers
// of them fit into each other.
type Shards struct {
	Bits  uint   `json:"bits"` // there are 2^Bits shards
	Rows  int64  `json:"rows"`
	Files []File `json:"files"`
	Parts []Part `json:"parts"` // by shard, then in the order in which they were written
}

// A File is a Parquet file with rows of one shard, or of several one behind the other.
type File struct {
	Name  string `json:"name"` // relative to the audience's StateDir
	Bytes int64  `json:"bytes"`
}

// A Part is the rows of one shard in a file.
type Part struct {
	Shard int   `json:"shard"`
	File  int   `json:"file"` // in Files
	First int64 `json:"first"`
	Rows  int64 `json:"rows"`
}

// ShardOf is the shard of a person where there are 2^bits.
func ShardOf(person uint64, bits uint) int { return int(person >> (64 - bits)) } //nolint:gosec // fewer bits than an int has

// Bits says into how many shards so many rows are divided, so that none has many more than limit.
func Bits(rows, limit int64) uint {
	bits := uint(0)
	for rows>>bits > limit {
		bits++
	}
	return bits
}

// All gives the rows of all shards, in the order of the shards.
func (s *Shards) All(ctx context.Context, folder *storage.Folder, columns []string, take func(*table.Batch) error) error {
	return s.Each(ctx, folder, 0, 0, columns, take)
}

// Each gives the rows of a shard of 2^bits, a batch at a time; and others with them where these shards are larger: the mark
// of a row's person tells.
func (s *Shards) Each(ctx context.Context, folder *storage.Folder, bits uint, shard int, columns []string, take func(*table.Batch) error) error {
	for _, p := range s.Parts {
		if common := min(bits, s.Bits); p.Shard>>(s.Bits-common) != shard>>(bits-common) {
			continue
		}
		if err := s.read(ctx, folder, p, columns, take); err != nil {
			return fmt.Errorf("read who is in the audience: %w", err)
		}
	}
	return nil
}

// readRows are read at a time, and wholeBytes is up to which size a file is fetched in one request. Of a larger one, and
// where one column of many is asked for, what is needed is fetched piece by piece.
const (
	readRows   = 2048
	wholeBytes = 32 << 20
)

func (s *Shards) read(ctx context.Context, folder *storage.Folder, p Part, columns []string, take func(*table.Batch) error) error {
	f := s.Files[p.File]
	open := openWhole
	if f.Bytes > wholeBytes || len(columns) == 1 {
		open = openParts
	}
	at, done, err := open(ctx, folder, f)
	if err != nil {
		return err
	}
	defer done()
	name := folder.URL() + f.Name
	reader, err := table.OpenColumns(name, at, f.Bytes, columns)
	if err != nil {
		return err
	}
	defer func() { _ = reader.Close() }() // it only gives buffers back
	if err := reader.SeekRow(p.First); err != nil {
		return err
	}
	var batch table.Batch
	for left := p.Rows; left > 0; left -= int64(len(batch.Rows)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := reader.Read(&batch, int(min(left, readRows))); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if len(batch.Rows) == 0 || len(batch.Bad) > 0 {
			return audience.Failf(audience.Invalid, "%s is not as it was written: delete %s in the same folder, and the next run sends everybody", name, stateFile)
		}
		if err := take(&batch); err != nil {
			return err
		}
	}
	return nil
}

// openWhole fetches a file in one request.
func openWhole(ctx context.Context, folder *storage.Folder, f File) (io.ReaderAt, func(), error) {
	data, err := folder.Read(ctx, f.Name)
	return bytes.NewReader(data), func() {}, err
}

// openParts fetches of a file what is read of it.
func openParts(ctx context.Context, folder *storage.Folder, f File) (io.ReaderAt, func(), error) {
	at, err := folder.ReaderAt(ctx, f.Name)
	if err != nil {
		return nil, nil, err
	}
	return at, func() { _ = at.Close() }, nil // nothing was written
}
