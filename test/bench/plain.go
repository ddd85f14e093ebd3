package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
)

// plainGo is the upload as one writes it at first: a struct for each row, a map of values, encoding/json. It applies the same
// rules, and its bodies are the same byte for byte.
func plainGo(compare bool) runner {
	return func(ctx context.Context, d dataset, _ int) (sample, error) {
		f, err := os.Open(d.zstd())
		if err != nil {
			return sample{}, err
		}
		defer func() { _ = f.Close() }()
		reader := parquet.NewGenericReader[customer](f)
		defer func() { _ = reader.Close() }()
		to := &sink{compare: compare}
		s, err := timed(d.rows, func() error { return sendPlainly(ctx, reader, to) })
		s.Digest = to.digest()
		return s, err
	}
}

const batchRows = 10_000

func sendPlainly(ctx context.Context, reader *parquet.GenericReader[customer], to *sink) error {
	normalizer := identity.NewNormalizer("US", time.Now)
	rows := make([]customer, batchRows)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := reader.Read(rows)
		if n > 0 {
			if err := to.takePlain(normalizer, rows[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (s *sink) takePlain(normalizer *identity.Normalizer, rows []customer) error {
	data := make([][]string, len(rows))
	for i := range rows {
		for _, v := range rows[i].values() {
			canonical, _ := normalizer.AppendCanonical(nil, v.key, []byte(v.text), []byte(rows[i].Country))
			text := string(canonical)
			if text != "" && v.key.Hashed() {
				sum := sha256.Sum256(canonical)
				text = hex.EncodeToString(sum[:])
			}
			data[i] = append(data[i], text)
		}
	}
	schema := make([]audience.Key, 0, 14)
	for _, v := range rows[0].values() {
		schema = append(schema, v.key)
	}
	body, err := json.Marshal(map[string]any{"payload": struct {
		Schema []audience.Key `json:"schema"`
		Data   [][]string     `json:"data"`
	}{schema, data}})
	if err == nil && s.compare {
		s.add(body)
	}
	return err
}
