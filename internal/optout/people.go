package optout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/suppression"
	"github.com/cleanreach/cleanreach/internal/table"
)

// rowsShown is how many of the rows that name nobody are told by number.
const rowsShown = 10

// People is a file of people, or a folder of such files: CSV, JSON Lines or Parquet.
type People struct {
	URL            string                  // file:// or s3://
	Columns        map[audience.Key]string // by default those that are named as the keys are: email, phone, extern_id, madid, country
	DefaultCountry string                  // of phones in rows without a country
}

// A Tally is what was found in the people's files. Rows = Unusable + people that are named.
type Tally struct {
	Rows     int64            `json:"rows"`
	Unusable int64            `json:"unusable"`          // rows that name nobody
	Reasons  map[string]int64 `json:"reasons,omitempty"` // why values were dropped, by KEY:reason
	Values   int64            `json:"values"`            // of identifying keys, one person may have several
	Shown    []string         `json:"-"`                 // the first rows that name nobody: "<file> row <number>"
}

// Unread lists the values that could not be read, of rows that name somebody by another too: by those nobody is suppressed.
// It is empty when there are none.
func (t *Tally) Unread() string {
	unread := maps.Clone(t.Reasons)
	maps.DeleteFunc(unread, func(reason string, _ int64) bool { return strings.HasPrefix(reason, ofRow) })
	return reasons(unread)
}

// ofRow begins the reasons why a whole row names nobody.
const ofRow = "ROW:"

// A value is one by which a person is found.
type value struct {
	key       audience.Key
	canonical []byte // until the next value
	hashed    bool   // canonical is the value's hash
}

// entry is the value as the suppression list has it.
func (v value) entry() suppression.Entry {
	e := suppression.Entry{Key: v.key}
	if v.hashed {
		copy(e.Hash[:], v.canonical)
	} else {
		identity.AppendHash(e.Hash[:0], v.canonical)
	}
	return e
}

func (v value) mark() suppression.Mark { return suppression.MarkOf(v.canonical, v.hashed) }

// A source reads the people's files, as often as it is asked to.
type source struct {
	people People
	now    func() time.Time
	folder *storage.Folder
	files  []storage.Object
}

func openPeople(ctx context.Context, people People, now func() time.Time) (*source, error) {
	folder, files, err := storage.Find(ctx, people.URL)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, audience.Failf(audience.Invalid, "read the people of %s: there is no such file", people.URL)
	}
	if err != nil {
		return nil, fmt.Errorf("read the people of %s: %w", people.URL, err)
	}
	slices.SortFunc(files, func(a, b storage.Object) int { return strings.Compare(a.Key, b.Key) })
	return &source{people: people, now: now, folder: folder, files: files}, nil
}

func (s *source) close() { _ = s.folder.Close() } // nothing was written

// each gives every value of every person.
func (s *source) each(ctx context.Context, take func(value) error) (Tally, error) {
	t := Tally{Reasons: map[string]int64{}}
	for _, file := range s.files {
		if err := s.file(ctx, file, &t, take); err != nil {
			return t, err
		}
	}
	return t, nil
}

func (s *source) file(ctx context.Context, file storage.Object, t *Tally, take func(value) error) (err error) {
	fields, reader, err := s.open(ctx, file)
	if errors.Is(err, table.ErrEmpty) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	r := rows{fields: fields, normalizer: identity.NewNormalizer(s.people.DefaultCountry, s.now), tally: t}
	var b table.Batch
	for {
		if err := ctx.Err(); err != nil {
			return audience.Fail(audience.Transient, "", fmt.Errorf("read the people of %s: %w", s.folder.URL()+file.Key, context.Cause(ctx)))
		}
		if err := reader.Read(&b); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return s.mapping(file, err)
		}
		for _, bad := range b.Bad {
			r.drop(file.Key, bad.Row, ofRow+bad.Reason)
		}
		for i, row := range b.Rows {
			if err := r.row(&b, i, file.Key, row, take); err != nil {
				return err
			}
		}
	}
	if absent := reader.Absent(); len(absent) > 0 && s.people.Columns != nil || len(absent) == len(fields) {
		return s.noColumn(file, fmt.Errorf("no row has the column %s", table.Quoted(absent)))
	}
	return nil
}

// open opens a file with the columns that it has of those that are looked for.
func (s *source) open(ctx context.Context, file storage.Object) ([]field, table.Reader, error) {
	fields := mapped(s.people.Columns)
	if s.people.Columns == nil && table.FormatOf(file.Key) != table.JSONL { // whose columns differ from row to row
		var err error
		if fields, err = s.present(ctx, file, fields); err != nil {
			return nil, nil, err
		}
	}
	reader, err := s.reader(ctx, file, fields)
	return fields, reader, s.mapping(file, err)
}

// mapping says of columns that are missing how they are mapped here.
func (s *source) mapping(file storage.Object, err error) error {
	if missing := (*table.MissingColumnsError)(nil); errors.As(err, &missing) {
		return s.noColumn(file, missing)
	}
	return err
}

// present gives the fields whose column is in the file.
func (s *source) present(ctx context.Context, file storage.Object, fields []field) ([]field, error) {
	var found []field
	identifies := false
	for _, f := range fields {
		reader, err := s.reader(ctx, file, []field{f})
		if missing := (*table.MissingColumnsError)(nil); errors.As(err, &missing) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := reader.Close(); err != nil {
			return nil, err
		}
		found = append(found, f)
		identifies = identifies || f.key.Identifies()
	}
	if !identifies {
		return nil, s.noColumn(file, errors.New("it has none of the columns email, phone, extern_id and madid"))
	}
	return found, nil
}

func (s *source) noColumn(file storage.Object, err error) error {
	return audience.Fail(audience.Invalid, "name the file's own columns: -columns EMAIL=Mail,PHONE=Mobile",
		fmt.Errorf("read the people of %s: %w", s.folder.URL()+file.Key, err))
}

func (s *source) reader(ctx context.Context, file storage.Object, fields []field) (table.Reader, error) {
	options := table.ReadOptions{}
	for _, f := range fields {
		options.Columns = append(options.Columns, f.column)
	}
	name := s.folder.URL() + file.Key
	if table.FormatOf(file.Key) == "" {
		return nil, audience.Failf(audience.Invalid, "read the people of %s: its name must end in .csv, .jsonl or .parquet (and .gz or .zst, if it is compressed); this one ends in %q",
			name, path.Ext(file.Key))
	}
	return table.OpenReader(ctx, table.File{
		Name: name, Size: file.Size,
		Open:   func() (io.ReadCloser, error) { return s.folder.NewReader(ctx, file.Key) },
		OpenAt: func() (table.ReaderAtCloser, error) { return s.folder.ReaderAt(ctx, file.Key) },
	}, options)
}

// A field is a column of the file.
type field struct {
	key    audience.Key
	column string
}

// mapped gives the columns to read: COUNTRY, which phones are read by, and those that identify.
func mapped(columns map[audience.Key]string) []field {
	var fields []field
	for _, key := range append([]audience.Key{audience.Country}, suppression.Keys...) {
		if columns != nil {
			if column, is := columns[key]; is {
				fields = append(fields, field{key, column})
			}
			continue
		}
		fields = append(fields, field{key, key.Column()})
		if key.Identifies() && key.Hashed() {
			fields = append(fields, field{key, key.HashColumn()})
		}
	}
	return fields
}

// ReadsKey reports whether a column may be mapped to a key.
func ReadsKey(key audience.Key) bool { return key == audience.Country || key.Identifies() }

// rows turns rows into values. It is for one goroutine.
type rows struct {
	fields     []field
	normalizer *identity.Normalizer
	tally      *Tally
	country    []byte
	canonical  []byte
}

func (r *rows) drop(file string, row int64, reason string) {
	r.tally.Rows++
	r.tally.Unusable++
	r.tally.Reasons[reason]++
	if len(r.tally.Shown) < rowsShown {
		r.tally.Shown = append(r.tally.Shown, fmt.Sprintf("%s row %d", file, row))
	}
}

func (r *rows) row(b *table.Batch, i int, file string, row int64, take func(value) error) error {
	found := false
	r.country = r.country[:0]
	for c, f := range r.fields {
		raw := b.Columns[c].Value(i)
		if f.key == audience.Country { // it comes first
			r.country, _ = r.normalizer.Append(r.country, f.key, raw, nil)
			continue
		}
		var form identity.Form
		r.canonical, form = r.normalizer.Append(r.canonical[:0], f.key, raw, r.country)
		if form.Reason != "" {
			r.tally.Reasons[string(f.key)+":"+string(form.Reason)]++
		}
		if len(r.canonical) == 0 {
			continue
		}
		found = true
		r.tally.Values++
		if err := take(value{f.key, r.canonical, form.Hashed}); err != nil {
			return err
		}
	}
	if !found {
		r.drop(file, row, ofRow+"no_key")
		return nil
	}
	r.tally.Rows++
	return nil
}
