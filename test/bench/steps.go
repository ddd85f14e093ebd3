package main

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/person"
	"github.com/cleanreach/cleanreach/internal/table"
)

// readRows is how many rows an upload reads at a time.
const readRows = 2048

// reading makes a measurement of an upload's first steps: the columns are read and, if that is wanted, normalised and hashed.
// What is left of the whole is the body and the receipt.
func reading(convert bool) func(context.Context, dataset, int) (sample, error) {
	return func(ctx context.Context, d dataset, _ int) (sample, error) {
		f, err := os.Open(d.zstd())
		if err != nil {
			return sample{}, err
		}
		defer func() { _ = f.Close() }()
		size, err := f.Seek(0, io.SeekEnd)
		if err != nil {
			return sample{}, err
		}
		var who customer
		columns, names := who.columns()
		reader, err := table.OpenColumns(f.Name(), f, size, names)
		if err != nil {
			return sample{}, err
		}
		defer func() { _ = reader.Close() }()
		reader.KeepCodes()
		rows := person.NewRows(columns, "US", time.Now)
		return timed(d.rows, func() error {
			var batch table.Batch
			var seen person.Tally
			for ctx.Err() == nil {
				err := reader.Read(&batch, readRows)
				if errors.Is(err, io.EOF) {
					return nil
				}
				if err != nil {
					return err
				}
				if convert {
					rows.Convert(&batch, &seen)
				}
			}
			return ctx.Err()
		})
	}
}

// columns are those of the match.
func (p *customer) columns() (columns []audience.PlanColumn, names []string) {
	for _, v := range p.values() {
		columns = append(columns, audience.PlanColumn{Key: v.key, Column: v.key.Column()})
		names = append(names, v.key.Column())
	}
	return columns, names
}
