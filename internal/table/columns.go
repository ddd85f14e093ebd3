package table

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/cleanreach/cleanreach/internal/audience"
)

const (
	// stepRows are read of every column before the next step: a batch that grows too large ends between steps.
	stepRows = 1 << 10
	// stepBytes is what the values of a step should come to, by those of the step before. The first step is of few rows.
	stepBytes = 2 << 20
	firstStep = 8 // rows
	// columnStepBytes is the most that one column may hold in a step. No column of customers' data comes near.
	columnStepBytes = 256 << 20
)

// A ColumnReader reads some columns of a Parquet file page by page: its memory is two pages and a dictionary a column,
// however large the row groups are. It is not safe for concurrent use; open one for each goroutine.
type ColumnReader struct {
	file    *parquetFile
	columns []*pageReader // each wanted column once
	places  []int         // for each wanted column, its place in columns
	group   int           // the current row group
	first   int64         // the current row group's first row in the file, from 0
	row     int64         // the next row in the file, from 0
	ahead   int           // rows of the next step
	values  []parquet.Value
	bad     []bool // for each row of a step, whether it is bad
	coded   bool   // columns may come as a dictionary's codes
}

// OpenColumns opens the named columns of a Parquet file of size bytes; name is how errors call it. A column that is
// missing is a *MissingColumnsError, one that is nested or of a type without a text form is an error that names it; both
// of class Invalid. Closing ra is the caller's.
func OpenColumns(name string, ra io.ReaderAt, size int64, columns []string) (*ColumnReader, error) {
	file, err := openParquetFile(name, ra, size)
	if err != nil {
		return nil, err
	}
	present := make([]string, len(file.columns))
	for i := range file.columns {
		present[i] = file.columns[i].name
	}
	found, err := match(name, columns, present)
	if err != nil {
		return nil, err
	}
	r := &ColumnReader{file: file, ahead: firstStep, values: make([]parquet.Value, stepRows), bad: make([]bool, stepRows)}
	for _, place := range found {
		column := file.columns[place]
		if column.typ == "" {
			return nil, audience.Fail(audience.Invalid, "flatten it into columns of text, numbers, dates or booleans",
				fmt.Errorf("column %q of %s is nested or of a type that has no text form", column.name, name))
		}
		at := slices.IndexFunc(r.columns, func(c *pageReader) bool { return c.leaf == column.leaf })
		if at < 0 {
			at = len(r.columns)
			r.columns = append(r.columns, &pageReader{parquetColumn: column})
		}
		r.places = append(r.places, at)
	}
	return r, nil
}

// KeepCodes has Read leave values as codes where the file has a dictionary of them: see Column.Dict. Whoever works on each
// different value once wants them so.
func (r *ColumnReader) KeepCodes() { r.coded = true }

// Rows counts the file's rows.
func (r *ColumnReader) Rows() int64 { return r.file.rows }

// RowGroup is the row group, counted from 0, that holds a row, counted from 0 over all row groups. It reads nothing and,
// unlike the rest, may be asked while the rows are read.
func (r *ColumnReader) RowGroup(row int64) int {
	for i, group := range r.file.groups {
		if row < group.NumRows() {
			return i
		}
		row -= group.NumRows()
	}
	return len(r.file.groups)
}

// Type is the type of the i-th wanted column.
func (r *ColumnReader) Type(i int) Type { return r.columns[r.places[i]].typ }

// SeekRow goes to a row, counted from 0 over all row groups, as audience.Chunk.FirstRow does. It reads nothing of the
// row groups before it and, where the file has a page index, nothing of the pages before it.
func (r *ColumnReader) SeekRow(row int64) error {
	if row < 0 || row > r.file.rows {
		return audience.Failf(audience.Invalid, "seek row %d of %s, which has %d rows", row, r.file.name, r.file.rows)
	}
	r.closePages()
	r.group, r.first, r.row = 0, 0, row
	r.skipGroups()
	return nil
}

// skipGroups leaves row groups that end before the next row.
func (r *ColumnReader) skipGroups() {
	for r.group < len(r.file.groups) && r.row >= r.first+r.file.groups[r.group].NumRows() {
		r.closePages()
		r.first += r.file.groups[r.group].NumRows()
		r.group++
	}
}

// Read empties the batch and fills it with up to as many rows as asked for (at least one; fewer than asked for when they hold more than
// 8 MiB), or returns io.EOF. Batch.Rows counts from 1, so the row at SeekRow(f) has number f+1. A row whose text is no
// UTF-8 is in Batch.Bad. Values are as text: numbers in decimal, booleans as true and false, dates and timestamps as the
// Types say, a NaN as null.
func (r *ColumnReader) Read(b *Batch, rows int) (err error) {
	defer r.file.rescue(&err)
	b.begin(len(r.places))
	for done, size := 0, 0; done < rows && size < batchBytes; {
		r.skipGroups()
		if r.group == len(r.file.groups) {
			if done == 0 {
				return io.EOF
			}
			return nil
		}
		step := min(rows-done, r.ahead, int(r.first+r.file.groups[r.group].NumRows()-r.row))
		if err := r.step(b, step); err != nil {
			return err
		}
		done += step
		before := size
		size = 0
		for i := range b.Columns {
			size += len(b.Columns[i].Data) + 4*len(b.Columns[i].Codes)
		}
		r.ahead = min(max(step*stepBytes/max(size-before, 1), 1), stepRows)
	}
	return nil
}

// step reads n rows of every column, all of the current row group.
func (r *ColumnReader) step(b *Batch, n int) error {
	begin := len(b.Rows)
	clear(r.bad)
	for i, place := range r.places {
		if earlier := slices.Index(r.places[:i], place); earlier >= 0 {
			b.Columns[i].appendFrom(&b.Columns[earlier], begin)
		} else if err := r.readColumn(r.columns[place], &b.Columns[i], n); err != nil {
			return err
		}
	}
	for i := range n {
		r.row++
		if r.bad[i] {
			b.Bad = append(b.Bad, BadRow{Row: r.row, Reason: BadEncoding})
		} else {
			b.Rows = append(b.Rows, r.row)
		}
	}
	if slices.Contains(r.bad[:n], true) {
		for i := range b.Columns {
			b.Columns[i].drop(begin, r.bad[:n])
		}
	}
	return nil
}

// readColumn appends a column's next n values.
func (r *ColumnReader) readColumn(column *pageReader, dst *Column, n int) error {
	if column.null {
		for range n {
			dst.AppendNull()
		}
		return nil
	}
	limit := len(dst.Data) + columnStepBytes
	for done := 0; done < n; {
		if column.left == 0 {
			if err := r.nextPage(column); err != nil {
				return r.failure(column, int64(done))
			}
			continue
		}
		read := min(n-done, column.left)
		if !column.append(dst, r.bad[done:done+read], r.values, r.coded) {
			return r.failure(column, int64(done))
		}
		done += read
		if len(dst.Data) > limit {
			return audience.Failf(audience.Invalid, "read column %q of %s: %d rows from row %d on hold more than %d MiB",
				column.name, r.file.name, n, r.row+1, columnStepBytes>>20)
		}
	}
	return nil
}

// nextPage goes to a column's next page.
func (r *ColumnReader) nextPage(column *pageReader) error {
	if column.pages == nil {
		if err := r.openPages(column); err != nil {
			return err
		}
	}
	column.closePage()
	page, err := column.pages.ReadPage()
	if err != nil {
		return err
	}
	column.open(page)
	return nil
}

// openPages opens a column's pages in the current row group, at the next row.
func (r *ColumnReader) openPages(column *pageReader) error {
	chunk := r.file.groups[r.group].ColumnChunks()[column.leaf]
	skip := r.row - r.first
	if skip > 0 {
		// The pages look the index up only if it has been loaded.
		if _, err := chunk.OffsetIndex(); err != nil && !errors.Is(err, parquet.ErrMissingOffsetIndex) {
			return err
		}
	}
	column.pages = chunk.Pages()
	if skip > 0 {
		return column.pages.SeekToRow(skip)
	}
	return nil
}

// failure is the error of a column that cannot be read at a row of the current step.
func (r *ColumnReader) failure(column *pageReader, ahead int64) error {
	return r.file.failure(fmt.Sprintf("column %q at row %d", column.name, r.row+ahead+1))
}

func (r *ColumnReader) closePages() {
	for _, column := range r.columns {
		column.closePage()
		if column.pages != nil {
			_ = column.pages.Close() // it only gives buffers back
		}
		column.pages, column.dict = nil, nil
	}
}

// Close lets go of the pages.
func (r *ColumnReader) Close() error {
	r.closePages()
	return nil
}
