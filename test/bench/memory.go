package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"
)

const (
	largeGroup = 6_500_000 // rows: 256 MB, the most that Spark and Clean Rooms write
	largePage  = 1 << 20   // bytes
)

// uploadLarge uploads a match that is one row group, as large as they come.
func uploadLarge(ctx context.Context, d dataset, cores int) (sample, error) {
	return uploadMatch(ctx, filepath.Dir(d.large()), largeGroup, taskRows, cores, newSink(false))
}

func (d dataset) large() string {
	return filepath.Join(d.dir, fmt.Sprintf("match-large-v%d", dataVersion), "part-00000.zstd.parquet")
}

// makeLarge makes the match with the large row group, unless it is there. It takes much memory, and is no part of any measurement.
func (d dataset) makeLarge(ctx context.Context) error {
	if _, err := os.Stat(d.large()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(d.large()), 0o750); err != nil {
		return err
	}
	begun := filepath.Join(d.dir, "large.part")
	err := write(ctx, begun, largeGroup, func(c customer) customer { return c }, parquet.Compression(&parquet.Zstd),
		parquet.MaxRowsPerRowGroup(largeGroup), parquet.DictionaryMaxBytes(dictionaryMost), parquet.PageBufferSize(largePage))
	if err != nil {
		return errors.Join(err, os.Remove(begun))
	}
	return os.Rename(begun, d.large())
}

// uploadLinks uploads a match of so many files, which are all the same one.
func uploadLinks(files int64) runner {
	return func(ctx context.Context, d dataset, cores int) (sample, error) {
		dir, remove, err := d.link(d.zstd(), files)
		if err != nil {
			return sample{}, err
		}
		defer remove()
		return uploadMatch(ctx, dir, files*d.rows, chunkRows, cores, newSink(false))
	}
}

// prepareLinks prepares so many CSV files, which are all the same one.
func prepareLinks(files int64) runner {
	return func(ctx context.Context, d dataset, _ int) (sample, error) {
		dir, remove, err := d.link(d.csv(), files)
		if err != nil {
			return sample{}, err
		}
		defer remove()
		return prepareFiles(ctx, dir, files*d.rows, "csv", csvColumns, csvKept)
	}
}

// link makes a folder in which a file is several times. It takes no room.
func (d dataset) link(name string, times int64) (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp(d.dir, "links-")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	for i := range times {
		if err := os.Link(name, filepath.Join(dir, fmt.Sprintf("%05d-%s", i, filepath.Base(name)))); err != nil {
			remove()
			return "", nil, err
		}
	}
	return dir, remove, nil
}
