package cleanroom

import (
	"errors"
	"fmt"

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

// explain turns an error into a code and words of our own: DuckDB's messages quote values.
func explain(err error, config Config) *QueryError {
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
		duckdb.ErrorTypeDivideByZero, duckdb.ErrorTypeInvalidType:
		return &QueryError{Code: codeBadValue, Message: "a value of the tables cannot be converted to the type that the query or the room file wants: " +
			"compare columns with literals of their own type, and give CSV columns the type that they have"}
	case duckdb.ErrorTypeBinder, duckdb.ErrorTypeCatalog, duckdb.ErrorTypeParser, duckdb.ErrorTypeSyntax, duckdb.ErrorTypeNotImplemented,
		duckdb.ErrorTypeParameterNotAllowed, duckdb.ErrorTypeExpression, duckdb.ErrorTypePlanner:
		return &QueryError{Code: codeBadQuery, Message: "the query does not fit the tables: it compares or computes with columns of types that do not go together, or groups them wrongly"}
	case duckdb.ErrorTypeInvalidInput, duckdb.ErrorTypeSerialization:
		return &QueryError{Code: codeBadFile, Message: "a Parquet file of the tables is damaged, or a function of the query was given a value that it does not take: " +
			"make the tables' files anew, or correct the query"}
	case duckdb.ErrorTypeOutOfMemory:
		return &QueryError{Code: codeMemory, Message: fmt.Sprintf("the query does not fit into %d MiB of memory and the disk's free space", maxMemory*config.MemoryLimit>>20)}
	case duckdb.ErrorTypeIO:
		return &QueryError{Code: codeDisk, Message: "a file cannot be read or written: check the tables' files, the results folder and the space on the disk"}
	}
	return &QueryError{Code: codeInternal, Message: fmt.Sprintf("the engine failed with an internal error of type %d", engine.Type)}
}

func outOfMemory(err error) bool {
	var engine *duckdb.Error
	return errors.As(err, &engine) && engine.Type == duckdb.ErrorTypeOutOfMemory
}
