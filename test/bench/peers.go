package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // what most people would use for this
	"github.com/parquet-go/parquet-go"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
)

// normalised are the hashed columns in canonical form, in the way that one writes it in SQL. The rules that need more than
// SQL, such as those for phones, states and countries, are left out, in DuckDB's favour.
var normalised = []string{
	"lower(trim(email))", "regexp_replace(phone, '[^0-9]', '', 'g')", "lower(trim(gen))", "trim(doby)", "trim(dobm)", "trim(dobd)",
	"regexp_replace(lower(trim(ln)), '[^a-z]', '', 'g')", "regexp_replace(lower(trim(fn)), '[^a-z]', '', 'g')", "regexp_replace(lower(trim(ct)), '[^a-z]', '', 'g')",
	"regexp_replace(lower(trim(st)), '[^a-z]', '', 'g')", "regexp_replace(lower(trim(zip)), '[ -]', '', 'g')", "lower(trim(country))",
}

// duckHash normalises and hashes with DuckDB and makes no body. The sum of the lengths keeps it from leaving work out.
func duckHash(ctx context.Context, d dataset, cores int) (sample, error) {
	lengths := make([]string, len(normalised))
	for i, value := range normalised {
		lengths[i] = "sum(length(sha256(" + value + ")))"
	}
	return duck(ctx, d.rows, cores, fmt.Sprintf("SELECT %s FROM read_parquet(%s)", strings.Join(lengths, ", "), quote(d.zstd())))
}

// duckPrepare writes the columns that Prepare writes, by SQL, from the same CSV. Phones are only cleared of what is no digit.
func duckPrepare(ctx context.Context, d dataset, cores int) (sample, error) {
	out := filepath.Join(os.TempDir(), fmt.Sprintf("cleanreach-bench-%d.parquet", os.Getpid()))
	defer func() { _ = os.Remove(out) }()
	plain := `trim(customer_id) AS extern_id, lower(trim("e-mail")) AS email, '1' || regexp_replace(phone, '[^0-9]', '', 'g') AS phone, lower(trim(gender)) AS gen,
		strftime(strptime(birthday, '%m/%d/%Y'), '%Y') AS doby, strftime(strptime(birthday, '%m/%d/%Y'), '%m') AS dobm, strftime(strptime(birthday, '%m/%d/%Y'), '%d') AS dobd,
		regexp_replace(lower(trim("last name")), '[^a-z]', '', 'g') AS ln, regexp_replace(lower(trim("first name")), '[^a-z]', '', 'g') AS fn,
		regexp_replace(lower(trim(city)), '[^a-z]', '', 'g') AS ct, regexp_replace(lower(trim(state)), '[^a-z]', '', 'g') AS st, left(zip, 5) AS zip,
		lower(device) AS madid, lower(trim(country)) AS country, "lifetime value"::DOUBLE AS lifetime_value`
	hashed := make([]string, 0, 12)
	for _, column := range []string{"email", "phone", "gen", "doby", "dobm", "dobd", "ln", "fn", "ct", "st", "zip", "country"} {
		hashed = append(hashed, fmt.Sprintf("sha256(%s) AS %s_sha256", column, column))
	}
	return duck(ctx, d.rows, cores, fmt.Sprintf("COPY (SELECT *, %s FROM (SELECT %s FROM read_csv(%s, all_varchar = true))) TO %s (FORMAT parquet, CODEC 'zstd')",
		strings.Join(hashed, ", "), plain, quote(d.csv()), quote(out)))
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func duck(ctx context.Context, rows int64, cores int, statement string) (s sample, err error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return sample{}, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, fmt.Sprintf("SET threads = %d", cores)); err != nil {
		return sample{}, err
	}
	s, err = timed(rows, func() error {
		_, err := db.ExecContext(ctx, statement)
		return err
	})
	s.Allocs = -1 // it allocates elsewhere
	return s, err
}

// plainGo is the upload as one writes it at first: a struct for each row, a map of values, encoding/json. It applies the same
// rules, and its bodies are the same byte for byte.
func plainGo(compare bool) func(context.Context, dataset, int) (sample, error) {
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

type value struct {
	key  audience.Key
	text string
}

// values are the row's values in the order of a schema.
func (p *customer) values() []value {
	return []value{
		{audience.ExternID, p.ExternID}, {audience.Email, p.Email}, {audience.Phone, p.Phone}, {audience.Gender, p.Gender}, {audience.DOBYear, p.Year},
		{audience.DOBMonth, p.Month}, {audience.DOBDay, p.Day}, {audience.LastName, p.LastName}, {audience.First, p.First}, {audience.City, p.City},
		{audience.State, p.State}, {audience.Zip, p.Zip}, {audience.MADID, p.MADID}, {audience.Country, p.Country},
	}
}

// sampleRows is how many rows the scripts get: they are slow, and a row costs the same whatever their number.
const sampleRows = 200_000

//go:embed peer.py
var python string

//go:embed peer.js
var node string

// script measures a script that reads the first rows of the CSV into memory, then normalises and hashes them, and prints how
// many seconds that took.
func script(program, option, source string) func(context.Context, dataset, int) (sample, error) {
	return func(ctx context.Context, d dataset, _ int) (sample, error) {
		if _, err := exec.LookPath(program); err != nil {
			return sample{Missing: program + " is not installed"}, nil //nolint:nilerr // the table says so
		}
		rows := min(d.rows, sampleRows)
		cmd := exec.CommandContext(ctx, program, option, source, d.csv(), fmt.Sprint(rows)) //nolint:gosec // our own script
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return sample{}, fmt.Errorf("run %s: %w", program, err)
		}
		var seconds float64
		if _, err := fmt.Sscan(string(bytes.TrimSpace(out)), &seconds); err != nil {
			return sample{}, fmt.Errorf("read what %s printed: %w", program, err)
		}
		return sample{Rows: rows, Seconds: seconds, Allocs: -1, Peak: -1}, nil
	}
}
