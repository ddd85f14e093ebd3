package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/sha"
)

// floor measures what an upload cannot leave out, and nothing else: the pages of the columns decompressed and decoded, each
// different value hashed, and as many bytes as the bodies have put into them. What joins these steps to one another is not in
// it, such as finding out whether a value was hashed before.
func floor(ctx context.Context, d dataset, _ int) (sample, error) {
	b, chunks, err := planned(ctx, filepath.Dir(d.zstd()), d.rows, chunkRows)
	if err != nil {
		return sample{}, err
	}
	defer b.close()
	to := &sink{received: map[int64]int64{}}
	if err := b.upload(ctx, chunks, to, 1); err != nil { // to know how long the bodies are
		return sample{}, err
	}
	hashes, err := countHashes(d.zstd(), chunks)
	if err != nil {
		return sample{}, err
	}
	var all sample
	for _, piece := range []struct {
		name string
		work func() error
	}{
		{"reading pages", func() error { return readPages(d.zstd()) }},
		{"hashing", func() error { hashMany(hashes); return nil }},
		{"copying", func() error { copyBodies(to.bytes, d.rows); return nil }},
	} {
		s, err := timed(d.rows, piece.work)
		if err != nil {
			return sample{}, err
		}
		all.add(piece.name, s)
	}
	all.Parts = append(all.Parts, part{"hashes a row", float64(hashes) / float64(d.rows)}, part{"bytes a row", float64(to.bytes) / float64(d.rows)})
	return all, nil
}

// readPages has parquet-go decompress and decode the pages of all columns, and looks at none of their values.
func readPages(name string) error {
	f, err := os.Open(name) //nolint:gosec // the user's own folder
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	file, err := parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(1<<20))
	if err != nil {
		return err
	}
	for _, group := range file.RowGroups() {
		for _, column := range group.ColumnChunks() {
			if err := readColumn(column.Pages()); err != nil {
				return err
			}
		}
	}
	return nil
}

func readColumn(pages parquet.Pages) error {
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return pages.Close()
		}
		if err != nil {
			return errors.Join(err, pages.Close())
		}
		parquet.Release(page)
	}
}

// hashMany hashes so many messages of 25 bytes, which is how long a customer's values are.
func hashMany(n int64) {
	message := []byte("christopher.doe@example.c")
	var batch sha.Batch
	for n > 0 {
		batch.Reset()
		for range min(n, 2048) {
			batch.Add(message)
			n--
		}
		batch.Hash()
	}
}

// copyBodies copies so many bytes, a row's at a time, out of a piece of memory that stays in the processor's cache into two
// buffers that are as large as a batch's body, as upload fills one while the other is on its way.
func copyBodies(bytes, rows int64) {
	row := make([]byte, bytes/rows)
	var bodies [2][]byte
	for i := range bodies {
		bodies[i] = make([]byte, 0, meta.BatchRows*meta.RowBytes(len(audienceKeys)))
	}
	for batch := 0; rows > 0; batch++ {
		body := bodies[batch%2][:0]
		for range min(rows, meta.BatchRows) {
			body = append(body, row...)
			rows--
		}
	}
}

// audienceKeys are those of the match.
var audienceKeys = func() (keys []audience.Key) {
	for _, v := range (&customer{}).values() {
		keys = append(keys, v.key)
	}
	return keys
}()
