package compare

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cleanreach/cleanreach/internal/match"
	"github.com/cleanreach/cleanreach/internal/person"
	"github.com/cleanreach/cleanreach/internal/snapshot"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/table"
)

// readRows are read and converted at a time, as in an upload.
const readRows = 2048

// writeMembers brings the rows of the match into the form in which they travel to Meta, and puts each into its person's shard.
func (c *comparison) writeMembers(ctx context.Context) error {
	rows := match.Rows(c.files)
	if c.base != nil {
		rows = max(rows, c.base.Members.Rows)
	}
	members := snapshot.NewMembers(c.State, c.Run.ID, c.taken.Keys, snapshot.Bits(rows, c.ShardRows), c.BufferBytes)
	if rows := match.Rows(c.files); rows > 0 {
		folder, err := storage.Open(ctx, c.location)
		if err != nil {
			return err
		}
		defer func() { _ = folder.Close() }() // nothing was written
		convert := person.NewRows(c.columns, c.Run.Def().Source.DefaultCountry, c.Now)
		marks := newMarker(c.taken.Keys)
		for i := range c.files {
			err := c.readMatch(ctx, folder, &c.files[i], func(batch *table.Batch) error {
				convert.Convert(batch, &c.seen)
				return c.addMembers(ctx, members, convert, marks, len(batch.Rows))
			})
			if err != nil {
				return err
			}
		}
	}
	written, err := members.Close(ctx)
	c.taken.Members = written
	return err
}

func (c *comparison) addMembers(ctx context.Context, members *snapshot.Members, rows *person.Rows, marks *marker, n int) error {
	row := make(snapshot.Row, len(rows.Columns)+1)
	for i := range n {
		if !rows.Usable(i) {
			c.seen.Unusable++
			continue
		}
		for k := range rows.Columns {
			row[k] = rows.Columns[k].Out.Value(i)
		}
		made := marks.of(row)
		row[len(row)-1] = marks.write(made)
		if err := members.Add(ctx, made.person, row); err != nil {
			return err
		}
	}
	return nil
}

// readMatch gives the rows of a matched file, a batch at a time.
func (c *comparison) readMatch(ctx context.Context, folder *storage.Folder, f *match.File, take func(*table.Batch) error) error {
	if f.Rows() == 0 {
		return nil
	}
	at, err := folder.ReaderAt(ctx, f.Name)
	if err != nil {
		return fmt.Errorf("open a matched file: %w", err)
	}
	defer func() { _ = at.Close() }() // nothing was written
	names := make([]string, len(c.columns))
	for i, column := range c.columns {
		names[i] = column.Column
	}
	reader, err := table.OpenColumns(folder.URL()+f.Name, at, at.Size(), names)
	if err != nil {
		return fmt.Errorf("open a matched file: %w", err)
	}
	defer func() { _ = reader.Close() }()
	reader.KeepCodes()
	var batch table.Batch
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := reader.Read(&batch, readRows)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a matched file: %w", err)
		}
		if err := take(&batch); err != nil {
			return err
		}
	}
}

// rowOf gives the ith row of columns, in a buffer that may be an earlier row's.
func rowOf(row snapshot.Row, columns []table.Column, i int) snapshot.Row {
	row = row[:0]
	for k := range columns {
		row = append(row, columns[k].Value(i))
	}
	return row
}
