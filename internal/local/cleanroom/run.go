package cleanroom

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/duckdb/duckdb-go/v2"
)

// The codes of failed queries. The API leaves them open; these are the room's own.
const (
	codeNoData      = "TABLE_DATA_NOT_FOUND"
	codeBadFile     = "TABLE_DATA_UNREADABLE"
	codeNoColumn    = "TABLE_COLUMN_NOT_FOUND"
	codeBadValue    = "VALUE_NOT_CONVERTIBLE"
	codeBadQuery    = "QUERY_DOES_NOT_FIT_TABLES"
	codeMemory      = "OUT_OF_MEMORY"
	codeDisk        = "RESULTS_NOT_WRITABLE"
	codeMaintenance = "MAINTENANCE"
	codeInternal    = "INTERNAL_ERROR"
)

// Error gives code and message, so that a failure can travel as an error.
func (e *QueryError) Error() string { return e.Code + ": " + e.Message }

// A job is a query that passed the rules, on its way to a result.
type job struct {
	room    *Room
	query   *running
	sql     string
	sources []tableSource
	out     *destination
}

// run runs the query to its end and records it.
func (j *job) run(ctx context.Context) {
	r := j.room
	r.mu.Lock()
	started := r.config.Now()
	if j.query.doc.Status == Submitted {
		j.query.doc.Status = Started
	}
	r.mu.Unlock()
	err := j.execute(ctx)

	r.mu.Lock()
	defer r.mu.Unlock()
	doc := &j.query.doc
	// The results appear under the lock: a cancelled query has none, and one that has them is not cancelled.
	if err == nil && doc.Status != Cancelling {
		err = j.out.commit()
	}
	if closeErr := j.out.close(); err == nil && closeErr != nil {
		err = closeErr
	}
	millis := r.config.Now().Sub(started).Milliseconds()
	doc.Statistics = &Statistics{TotalDurationInMillis: millis}
	doc.Statistics.BilledResourceUtilization.Units = float64(doc.ComputeConfiguration.crpu()) * max(60, float64(millis)/1000) / 3600
	switch {
	case doc.Status == Cancelling:
		doc.Status = Cancelled
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && err != nil:
		doc.Status = TimedOut
	case err != nil:
		doc.Status, doc.Error = Failed, j.explain(err)
	default:
		doc.Status, doc.Result = Success, &Result{Output: Output{S3: &S3Location{Location: j.out.url}}}
	}
}

func (j *job) execute(ctx context.Context) error {
	config := j.room.config
	if config.Maintenance != nil && config.Maintenance() {
		return &QueryError{Code: codeMaintenance, Message: "the query was ended by a scheduled maintenance: start it again"}
	}
	if err := j.out.open(); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(config.TempDir, "cleanroom-*")
	if err != nil {
		return fmt.Errorf("make a folder for what does not fit in memory: %w", err)
	}
	defer func() { _ = os.RemoveAll(temp) }()
	db, err := sql.Open("duckdb", closedToTheWorld)
	if err != nil {
		return fmt.Errorf("open the engine: %w", err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1) // some settings are a connection's own
	return j.copy(ctx, db, temp)
}

// copy makes the tables' views, locks DuckDB so that it can reach nothing but their files and the result's folder, and
// writes the result.
func (j *job) copy(ctx context.Context, db *sql.DB, temp string) error {
	config := j.room.config
	steps := append([]string{
		fmt.Sprintf("SET memory_limit = '%dB'", config.MemoryLimit),
		fmt.Sprintf("SET threads = %d", config.Threads),
		"SET temp_directory = " + quote(temp),
		"SET preserve_insertion_order = false",
		"SET TimeZone = 'UTC'",
	}, macros...)
	for _, step := range steps {
		if _, err := db.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("set up the engine: %w", err)
		}
	}
	var readable []string
	for i := range j.sources {
		files, err := j.sources[i].view(ctx, db)
		if err != nil {
			return err
		}
		readable = append(readable, files...)
	}
	for _, step := range []string{
		"SET allowed_paths = " + quoteList(readable),
		"SET allowed_directories = " + quoteList([]string{j.out.work, temp}),
		"SET enable_external_access = false",
		"SET lock_configuration = true",
	} {
		if _, err := db.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("lock the engine: %w", err)
		}
	}
	_, err := db.ExecContext(ctx, j.out.copyStatement(j.sql))
	return err
}

// copyStatement writes several files: one a thread, and a next one at some 64 MB.
func (d *destination) copyStatement(query string) string {
	options := "FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 122880"
	ending := ".parquet"
	if d.format == "CSV" {
		options, ending = "FORMAT csv, HEADER true", ".csv"
	}
	to := d.files()
	if d.single {
		to = filepath.Join(to, "data_0"+ending)
	} else {
		options += ", PER_THREAD_OUTPUT true, FILE_SIZE_BYTES '64MB'"
	}
	return "COPY (" + query + ") TO " + quote(to) + " (" + options + ")"
}

// view makes a table of a source's files: its allowed columns and nothing else. It gives the files.
func (s *tableSource) view(ctx context.Context, db *sql.DB) ([]string, error) {
	paths, format, err := s.files()
	if err != nil {
		return nil, err
	}
	read := "read_parquet(" + quoteList(paths) + ", hive_partitioning = false)"
	if format == "csv" {
		read = "read_csv(" + quoteList(paths) + ", header = true, all_varchar = true, hive_partitioning = false)"
	}
	present, err := columnsOf(ctx, db, read)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, &QueryError{Code: codeBadFile, Message: fmt.Sprintf("the files of table %s cannot be read as %s", s.table.Name, format)}
	}
	var columns, missing []string
	for _, c := range s.table.Columns {
		if !present[c.Name] {
			missing = append(missing, c.Name)
		}
		column := quoteName(c.Name)
		if c.Type != "" {
			column = "CAST(" + column + " AS " + duckTypes[c.Type] + ")"
		}
		columns = append(columns, column+" AS "+quoteName(c.Name))
	}
	if len(missing) > 0 {
		// What the files have instead is not shown: a file without a header would have a person for column names.
		return nil, &QueryError{Code: codeNoColumn, Message: fmt.Sprintf("the files of table %s lack the column(s) %s, which the room file allows",
			s.table.Name, strings.Join(missing, ", "))}
	}
	_, err = db.ExecContext(ctx, "CREATE VIEW "+quoteName(s.table.Name)+" AS SELECT "+strings.Join(columns, ", ")+" FROM "+read)
	return paths, err
}

// duckTypes are the engine's names of a column's types.
var duckTypes = map[string]string{
	"string": "VARCHAR", "bigint": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP",
}

func columnsOf(ctx context.Context, db *sql.DB, read string) (map[string]bool, error) {
	rows, err := db.QueryContext(ctx, "SELECT column_name FROM (DESCRIBE FROM "+read+")")
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	present := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		present[lower(name)] = true
	}
	return present, rows.Err()
}

// explain turns an error into a code and words of our own: DuckDB's messages quote values.
func (j *job) explain(err error) *QueryError {
	var own *QueryError
	if errors.As(err, &own) {
		return own
	}
	var engine *duckdb.Error
	if !errors.As(err, &engine) {
		return &QueryError{Code: codeDisk, Message: "the results cannot be written: check the results folder, its permissions and the space on the disk"}
	}
	switch engine.Type {
	case duckdb.ErrorTypeConversion, duckdb.ErrorTypeOutOfRange, duckdb.ErrorTypeMismatchType, duckdb.ErrorTypeDecimal,
		duckdb.ErrorTypeInvalidInput, duckdb.ErrorTypeDivideByZero, duckdb.ErrorTypeInvalidType:
		return &QueryError{Code: codeBadValue, Message: "a value of the tables cannot be converted to the type that the query or the room file wants: " +
			"compare columns with literals of their own type, and give CSV columns the type that they have"}
	case duckdb.ErrorTypeBinder, duckdb.ErrorTypeCatalog, duckdb.ErrorTypeParser, duckdb.ErrorTypeSyntax, duckdb.ErrorTypeNotImplemented,
		duckdb.ErrorTypeParameterNotAllowed, duckdb.ErrorTypeExpression, duckdb.ErrorTypePlanner:
		return &QueryError{Code: codeBadQuery, Message: "the query does not fit the tables: it compares or computes with columns of types that do not go together, or groups them wrongly"}
	case duckdb.ErrorTypeOutOfMemory:
		return &QueryError{Code: codeMemory, Message: fmt.Sprintf("the query does not fit into %d MiB of memory and the disk's free space", j.room.config.MemoryLimit>>20)}
	case duckdb.ErrorTypeIO:
		return &QueryError{Code: codeDisk, Message: "a file cannot be read or written: check the tables' files, the results folder and the space on the disk"}
	}
	return &QueryError{Code: codeInternal, Message: fmt.Sprintf("the engine failed with an internal error of type %d", engine.Type)}
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
