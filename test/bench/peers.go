package main

import (
	"bytes"
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	_ "github.com/duckdb/duckdb-go/v2" // what most people would use for this
)

// normalised are the hashed columns in canonical form, in the way that one writes it in SQL. The rules that need more than
// SQL, such as those for phones, states and countries, are left out, in DuckDB's favour.
var normalised = []string{
	"lower(trim(email))", "regexp_replace(phone, '[^0-9]', '', 'g')", "lower(trim(gen))", "trim(doby)", "trim(dobm)", "trim(dobd)",
	"regexp_replace(lower(trim(ln)), '[^a-z]', '', 'g')", "regexp_replace(lower(trim(fn)), '[^a-z]', '', 'g')", "regexp_replace(lower(trim(ct)), '[^a-z]', '', 'g')",
	"regexp_replace(lower(trim(st)), '[^a-z]', '', 'g')", "regexp_replace(lower(trim(zip)), '[ -]', '', 'g')", "lower(trim(country))",
}

// duckHash normalises and hashes with DuckDB and makes no body. The sum of the lengths keeps it from leaving work out. What the
// file has a dictionary of it works on once, as we do: without dictionaries it shows what it takes for each value.
func duckHash(file func(dataset) string) runner {
	return func(ctx context.Context, d dataset, cores int) (sample, error) {
		lengths := make([]string, len(normalised))
		for i, value := range normalised {
			lengths[i] = "sum(length(sha256(" + value + ")))"
		}
		return duck(ctx, d.rows, cores, fmt.Sprintf("SELECT %s FROM read_parquet(%s)", strings.Join(lengths, ", "), quote(file(d))))
	}
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

// sampleRows is how many rows the scripts get: they are slow, and a row costs the same whatever their number.
const sampleRows = 200_000

//go:embed peer.py
var python string

//go:embed peer.js
var node string

// script measures a script that reads the first rows of the CSV into memory, then normalises and hashes them, and prints how
// many seconds that took.
func script(program, option, source string) runner {
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
