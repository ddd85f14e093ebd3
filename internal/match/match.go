// Package match finds the matched Parquet files of a run, and reads from their footers which rows and columns they have and
// which keys the columns hold. It reads nothing else of them, so that a match of any size is looked over in seconds.
package match

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sync/errgroup"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/table"
)

// footersAtOnce bounds how many files are open at a time. A footer is two or three small requests to S3, all of them waiting.
const footersAtOnce = 32

// A File is a matched Parquet file as its footer describes it.
type File struct {
	Name    string // relative to the match's folder
	Bytes   int64
	Groups  []int64 // rows of each row group, in file order
	Columns []string
	Nested  []string // of these, the ones that hold no plain values
}

// Rows counts the file's rows.
func (f *File) Rows() int64 {
	total := int64(0)
	for _, g := range f.Groups {
		total += g
	}
	return total
}

// Rows counts the rows of all files.
func Rows(files []File) (rows int64) {
	for i := range files {
		rows += files[i].Rows()
	}
	return rows
}

// Location reads where the query of this run put its result.
func Location(ctx context.Context, folder *storage.Folder) (string, error) {
	var query audience.QueryResult
	if err := folder.ReadJSON(ctx, audience.QueryFile, &query); err != nil {
		return "", fmt.Errorf("find the match of this run: %w", err)
	}
	if err := audience.CheckVersion(audience.QueryFile, query.Schema); err != nil {
		return "", err
	}
	if query.Location == "" {
		return "", audience.Failf(audience.Invalid, "read %s: query %s has no result yet: plan after it has ended", audience.QueryFile, query.ID)
	}
	return query.Location, nil
}

// Read reads the footers of all matched files, sorted by name. Objects without a byte are the folders that S3's
// console makes. That nothing is there at all is a match without rows: a query engine need not write an empty file. The URL
// that it returns is of the folder that the files' names are relative to.
func Read(ctx context.Context, location string) (string, []File, error) {
	folder, objects, err := storage.Find(ctx, location)
	if errors.Is(err, fs.ErrNotExist) {
		return location, nil, nil
	}
	if err != nil {
		return "", nil, fmt.Errorf("list the matched files: %w", err)
	}
	defer func() { _ = folder.Close() }() // nothing was written
	var files []File
	for _, o := range objects {
		if o.Size > 0 {
			files = append(files, File{Name: o.Key, Bytes: o.Size})
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(footersAtOnce)
	for i := range files {
		group.Go(func() error { return readFooter(ctx, folder, &files[i]) })
	}
	return folder.URL(), files, group.Wait()
}

func readFooter(ctx context.Context, folder *storage.Folder, f *File) error {
	ra, err := folder.ReaderAt(ctx, f.Name)
	if err != nil {
		return fmt.Errorf("read the footer of a matched file: %w", err)
	}
	defer func() { _ = ra.Close() }() // nothing was written
	footer, err := table.ReadFooter(folder.URL()+f.Name, ra, ra.Size())
	if err != nil {
		return fmt.Errorf("read the footer of a matched file: %w", err)
	}
	f.Bytes, f.Groups = ra.Size(), footer.RowGroups
	for _, c := range footer.Columns {
		f.Columns = append(f.Columns, c.Name)
		if c.Type == "" {
			f.Nested = append(f.Nested, c.Name)
		}
	}
	return nil
}
