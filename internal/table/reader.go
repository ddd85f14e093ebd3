package table

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// A File is one raw file: what to call it, and how to get at its bytes. Only the function that its format needs is called.
type File struct {
	Name   string                         // in errors, and its ending tells format and compression
	Size   int64                          // in bytes, as stored; for Parquet
	Open   func() (io.ReadCloser, error)  // from the start; for CSV and JSON Lines
	OpenAt func() (ReaderAtCloser, error) // for Parquet
}

// A ReaderAtCloser is random access to a file.
type ReaderAtCloser interface {
	io.ReaderAt
	io.Closer
}

// A Format is how a raw file holds its rows.
type Format string

// The formats.
const (
	CSV     Format = "csv"   // a header line, then a record a line; any one-character delimiter
	JSONL   Format = "jsonl" // a JSON object a line
	Parquet Format = "parquet"
)

// ReadOptions says what to read of a file and how. The zero value of everything but Columns is a good default.
type ReadOptions struct {
	// Columns are the wanted columns, by name; Batch.Columns has them in this order. A name matches exactly or, if that
	// finds nothing, without regard to case. The same name may be asked for twice.
	Columns []string
	// Format is how the file holds its rows. By default the name's ending tells, else the first bytes (Parquet only).
	Format Format
	// Delimiter is CSV's, one character. By default it is found in the header line.
	Delimiter string
	// Encoding is utf-8, utf-16 or latin-1 (which is read as Windows-1252, its superset in practice). By default the byte
	// order mark tells, else UTF-8. JSON Lines and CSV only.
	Encoding string
	// BatchRows is the most rows of a batch. The default is 8,192. A batch ends earlier when it holds 8 MiB of values, or 4 MiB
	// of text.
	BatchRows int
	// MaxRow is the most bytes of one CSV or JSON row; a longer one is bad ("row_too_long"). The default is 4 MiB.
	MaxRow int
}

// The reasons of bad rows.
const (
	RaggedRow     = "ragged_row"     // more or fewer fields than the header
	BadEncoding   = "bad_encoding"   // bytes of a wanted value that are none in the file's encoding
	BadQuote      = "bad_quote"      // text between a closing quote and the next delimiter
	UnclosedQuote = "unclosed_quote" // a quote that no later quote closes
	RowTooLong    = "row_too_long"   // longer than ReadOptions.MaxRow
	NotJSON       = "not_json"       // a line that is no JSON object
	NestedValue   = "nested_value"   // a JSON object or array in a wanted column
	DuplicateKey  = "duplicate_key"  // a JSON object with two values for a wanted column
)

// A Reader reads one file's rows in batches of columns. It is not safe for concurrent use.
type Reader interface {
	// Read empties the batch and fills it with the next rows: at least one, good or bad, or it returns io.EOF. Any other
	// error ends the reading and names the file.
	Read(*Batch) error
	// Next is Read without the work that other goroutines can do: the block's rows are in columns after Block.Split. Blocks that
	// it filled may be split while it fills others, and after Close.
	Next(*Block) error
	// Type is the type of the i-th wanted column in the file: Parquet's own, else String.
	Type(i int) Type
	// Absent gives the wanted columns that no row had that Read gave so far; of Next's blocks each has its own. Only JSON Lines
	// has such: there a column may lack in a row (it is null then), and so in a whole file. Whoever reads many files may
	// complain when a column is absent from all.
	Absent() []string
	// Close lets go of the file.
	Close() error
}

// batchBytes is the size of values at which a batch ends early.
const batchBytes = 8 << 20

// ErrEmpty is in the error of a file that has no bytes or, as CSV, no header line.
var ErrEmpty = errors.New("empty file")

// OpenReader opens a raw file, possibly compressed with gzip or zstd (told by its first bytes), and finds the wanted
// columns in it. What is wrong with the file itself is of class Invalid and names the file, never its content: a
// *MissingColumnsError, ErrEmpty, an unknown format. The context bounds nothing but the opening; cancel what File.Open reads from.
func OpenReader(ctx context.Context, file File, opts ReadOptions) (Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("open %s: %w", file.Name, err)
	}
	opts.BatchRows = cmp.Or(opts.BatchRows, 8192)
	opts.MaxRow = cmp.Or(opts.MaxRow, 4<<20)
	format := cmp.Or(opts.Format, FormatOf(file.Name))
	if format == "" && startsAsParquet(file) {
		format = Parquet
	}
	switch format {
	case CSV:
		return openCSV(file, opts)
	case JSONL:
		return openJSONL(file, opts)
	case Parquet:
		return openParquet(file, opts)
	}
	if file.Size == 0 {
		return nil, empty(file.Name, "it has no bytes")
	}
	return nil, audience.Fail(audience.Invalid, "set the source's format: csv, jsonl or parquet",
		fmt.Errorf("read %s: neither its name nor its first bytes tell its format", file.Name))
}

func empty(file, why string) error {
	return audience.Fail(audience.Invalid, "", fmt.Errorf("read %s: %w: %s", file, ErrEmpty, why))
}

// startsAsParquet looks at a file's first bytes. A failure is met again when the file is opened.
func startsAsParquet(file File) bool {
	if file.OpenAt == nil {
		return false
	}
	ra, err := file.OpenAt()
	if err != nil {
		return false
	}
	defer func() { _ = ra.Close() }() // nothing was written
	var head [len(parquetMagic)]byte
	_, err = ra.ReadAt(head[:], 0)
	return (err == nil || errors.Is(err, io.EOF)) && string(head[:]) == parquetMagic
}

// FormatOf tells a file's format from its name's ending, also under .gz and .zst. An empty format is an unknown ending.
func FormatOf(name string) Format {
	name = strings.ToLower(name)
	for _, ending := range []string{".gz", ".gzip", ".zst", ".zstd"} {
		name = strings.TrimSuffix(name, ending)
	}
	switch path.Ext(name) {
	case ".csv", ".tsv", ".txt":
		return CSV
	case ".jsonl", ".ndjson", ".json":
		return JSONL
	case ".parquet", ".parq":
		return Parquet
	}
	return ""
}
