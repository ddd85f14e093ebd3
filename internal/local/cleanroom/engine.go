package cleanroom

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
)

// An engine is a DuckDB for one query.
type engine struct {
	db   *sql.DB
	temp string // what does not fit in memory
}

// closedToTheWorld keeps DuckDB from fetching extensions: nothing here uses a network.
const closedToTheWorld = "?autoinstall_known_extensions=false&autoload_known_extensions=false&allow_community_extensions=false"

func openEngine(ctx context.Context, config Config, temp string) (*engine, error) {
	db, err := sql.Open("duckdb", closedToTheWorld)
	if err != nil {
		return nil, fmt.Errorf("open the engine: %w", err)
	}
	db.SetMaxOpenConns(1) // some settings are a connection's own
	e := &engine{db: db, temp: temp}
	err = e.each(ctx, append([]string{
		fmt.Sprintf("SET memory_limit = '%dB'", config.MemoryLimit),
		fmt.Sprintf("SET threads = %d", config.Threads),
		"SET temp_directory = " + quote(filepath.Join(temp, "spill")),
		"SET preserve_insertion_order = false",
		// Bloom filters on the probe side have made joins that spill lose rows (duckdb/duckdb#25702, #22075).
		"SET disabled_optimizers = 'join_filter_pushdown'",
		// As in Spark.
		"SET default_null_order = 'nulls_first_on_asc_last_on_desc'",
		"SET TimeZone = 'UTC'",
	}, macros...)...)
	if err != nil {
		_ = db.Close() // the first error says more
		return nil, fmt.Errorf("set up the engine: %w", err)
	}
	return e, nil
}

func (e *engine) each(ctx context.Context, steps ...string) error {
	for _, step := range steps {
		if _, err := e.db.ExecContext(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

// open makes the tables' views and then locks DuckDB, so that it can reach nothing but the query's own folders: the one
// with the tables' files, and the one that the result is written to.
func (e *engine) open(ctx context.Context, sources []tableSource, work string) error {
	var linked []string // DuckDB asks whether it may read what a link leads to
	for i := range sources {
		paths, err := sources[i].ready(ctx, e.temp)
		if err != nil {
			return err
		}
		if err := e.view(ctx, &sources[i], paths); err != nil {
			return err
		}
		for _, path := range paths {
			linked = append(linked, realPath(path))
		}
	}
	err := e.each(ctx,
		"SET allowed_paths = "+quoteList(linked),
		"SET allowed_directories = "+quoteList([]string{work, e.temp}),
		"SET enable_external_access = false",
		"SET lock_configuration = true",
	)
	if err != nil {
		return fmt.Errorf("lock the engine: %w", err)
	}
	return nil
}

// write writes the result, in stages where there are some.
func (e *engine) write(ctx context.Context, s *statement, out *destination) error {
	query := s.sql
	var staged []string
	for i, stage := range s.stages.queries {
		staged = append(staged, filepath.Join(e.temp, fmt.Sprintf("stage-%d.parquet", i)))
		if err := e.each(ctx, "COPY ("+stage+") TO "+quote(staged[i])+" (FORMAT parquet, COMPRESSION lz4_raw)"); err != nil {
			return err
		}
		query = "SELECT DISTINCT * FROM read_parquet(" + quoteList(staged) + ", hive_partitioning = false)" + s.stages.limit
	}
	return e.each(ctx, out.copyStatement(query))
}

// view makes a table of Parquet files: the allowed columns and nothing else.
func (e *engine) view(ctx context.Context, s *tableSource, paths []string) error {
	read := "read_parquet(" + quoteList(paths) + ", hive_partitioning = false, binary_as_string = true)"
	kinds, err := e.columns(ctx, "SELECT column_name, column_type FROM (DESCRIBE FROM "+read+")")
	if err != nil {
		return err
	}
	var columns []string
	for _, c := range s.table.Columns {
		if kind := kinds[c.Name]; strings.HasSuffix(kind, "]") || strings.HasSuffix(kind, ")") && !strings.HasPrefix(kind, "DECIMAL(") {
			return s.fail(codeNoColumn, "the column %s holds lists or structs, and a room reads plain values only", c.Name)
		}
		column := quoteName(c.Name)
		if c.Type != "" {
			column = "CAST(" + column + " AS " + duckTypes[c.Type] + ")"
		}
		columns = append(columns, column+" AS "+quoteName(c.Name))
	}
	return e.each(ctx, "CREATE VIEW "+quoteName(s.table.Name)+" AS SELECT "+strings.Join(columns, ", ")+" FROM "+read)
}

// duckTypes are the engine's names of a column's types.
var duckTypes = map[string]string{
	"string": "VARCHAR", "bigint": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP",
}

// columns gives what a query of two texts answers, names in lower case.
func (e *engine) columns(ctx context.Context, query string) (map[string]string, error) {
	rows, err := e.db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err says it
	present := map[string]string{}
	for rows.Next() {
		var name, kind sql.NullString
		if err := rows.Scan(&name, &kind); err != nil {
			return nil, err
		}
		present[lower(name.String)] = kind.String
	}
	return present, rows.Err()
}

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func quoteList(texts []string) string {
	quoted := make([]string, len(texts))
	for i, t := range texts {
		quoted[i] = quote(t)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
