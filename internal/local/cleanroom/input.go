package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cleanreach/cleanreach/internal/table"
)

// ready gives the source's files as DuckDB reads them, and checks that each has the allowed columns. All of them lie in
// the query's spill folder, under names in which there is nothing for DuckDB to interpret: links to what is Parquet
// already; CSV and JSON Lines are read as customers' files are, with the same care for delimiters, quotes and encodings,
// and written as Parquet.
func (s *tableSource) ready(ctx context.Context, temp string) ([]string, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	sources, err := s.fetched(ctx, temp)
	if err != nil {
		return nil, err
	}
	paths := make([]string, len(sources))
	for i, path := range sources {
		paths[i] = filepath.Join(temp, fmt.Sprintf("table-%s-%d.parquet", s.table.Name, i))
		if s.format != table.Parquet {
			if err := s.convert(ctx, path, paths[i]); err != nil {
				return nil, err
			}
			continue
		}
		if err := s.checkFooter(path); err != nil {
			return nil, err
		}
		if err := os.Symlink(path, paths[i]); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// checkFooter compares a Parquet file's columns with the allowed ones.
func (s *tableSource) checkFooter(path string) error {
	file, err := os.Open(path) //nolint:gosec // the room file names it
	if err != nil {
		return s.fail(codeNoData, "%s cannot be opened: check that it may be read", filepath.Base(path))
	}
	defer func() { _ = file.Close() }() // nothing was written
	info, err := file.Stat()
	if err != nil {
		return s.fail(codeNoData, "%s cannot be opened: check that it may be read", filepath.Base(path))
	}
	footer, err := table.ReadFooter(filepath.Base(path), file, info.Size())
	if err != nil {
		return s.fail(codeBadFile, "%s", err)
	}
	present := map[string]bool{}
	for _, c := range footer.Columns {
		present[lower(c.Name)] = true
	}
	var missing []string
	for _, c := range s.table.Columns {
		if !present[c.Name] {
			missing = append(missing, c.Name)
		}
	}
	return s.lacks(path, missing)
}

// lacks says that a file has not all columns. What it has instead is not shown: a file without a header would have a
// person for its columns' names.
func (s *tableSource) lacks(path string, missing []string) error {
	if len(missing) == 0 {
		return nil
	}
	return s.fail(codeNoColumn, "%s lacks the column(s) %s, which the room file allows", filepath.Base(path), strings.Join(missing, ", "))
}

// convert reads a text file and writes it as Parquet. An empty value becomes NULL: else everybody without an address
// would match everybody without one.
func (s *tableSource) convert(ctx context.Context, from, to string) (err error) {
	names := make([]string, len(s.table.Columns))
	fields := make([]table.Field, len(s.table.Columns))
	for i, c := range s.table.Columns {
		names[i], fields[i] = c.Name, table.Field{Name: c.Name, Type: table.String}
		if c.Type != "" {
			fields[i].Type = table.Type(c.Type)
		}
	}
	reader, err := table.OpenReader(ctx, table.File{
		Name: filepath.Base(from),
		Open: func() (io.ReadCloser, error) { return os.Open(from) }, //nolint:gosec // the room file names it
	}, table.ReadOptions{Columns: names, Format: s.format})
	if err != nil {
		return s.unreadable(from, err)
	}
	defer func() { _ = reader.Close() }()                                  // nothing was written
	file, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // in the query's own folder
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	writer, err := table.NewWriter(file, fields, table.WriteOptions{})
	if err != nil {
		return err
	}
	if err := s.copyRows(ctx, filepath.Base(from), reader, writer); err != nil {
		return err
	}
	return writer.Close()
}

func (s *tableSource) copyRows(ctx context.Context, name string, reader table.Reader, writer *table.Writer) error {
	var batch table.Batch
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := reader.Read(&batch)
		switch {
		case errors.Is(err, io.EOF):
			if absent := reader.Absent(); writer.Rows() > 0 {
				return s.lacks(name, absent)
			}
			return nil
		case err != nil:
			return s.unreadable(name, err)
		case len(batch.Bad) > 0:
			return s.fail(codeBadFile, "row %d of %s cannot be read (%s): mend the file", batch.Bad[0].Row, name, batch.Bad[0].Reason)
		}
		for i := range batch.Columns {
			emptyToNull(&batch.Columns[i])
		}
		var wrong error
		err = writer.WriteBatch(batch.Columns, func(row, column int) {
			if wrong == nil {
				c := s.table.Columns[column]
				wrong = s.fail(codeBadValue, "row %d of %s: the value of %s is no %s, the type that the room file gives it", batch.Rows[row], name, c.Name, c.Type)
			}
		})
		if err := errors.Join(wrong, err); err != nil {
			return err
		}
	}
}

func emptyToNull(c *table.Column) {
	for i := range c.Ends {
		if len(c.Value(i)) > 0 || c.IsNull(i) {
			continue
		}
		if c.Null == nil {
			c.Null = make([]bool, len(c.Ends))
		}
		c.Null[i] = true
	}
}

// unreadable is a failure of reading a text file.
func (s *tableSource) unreadable(path string, err error) error {
	var missing *table.MissingColumnsError
	switch {
	case errors.As(err, &missing):
		return s.lacks(path, missing.Missing)
	case errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrPermission):
		return s.fail(codeNoData, "%s cannot be opened: check that it is there and may be read", filepath.Base(path))
	}
	return s.fail(codeBadFile, "%s", err)
}
