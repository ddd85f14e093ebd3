package prepare

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/table"
)

// surveyedAtOnce bounds how many files are open while all of them are looked at. A zstd file may take 128 MiB to open.
const surveyedAtOnce = 4

// A source is the raw files of an audience.
type source struct {
	url    string
	folder *storage.Folder
	opts   table.ReadOptions
	log    *slog.Logger
	files  []rawFile // sorted by name
}

// A rawFile is a raw file, and what reading it has found. The goroutine that reads it writes to it, and whoever splits its rows
// notes what they show.
type rawFile struct {
	name   string // relative to the folder
	bytes  int64
	at     time.Time    // of its last change, when it was listed
	empty  bool         // no row and no header, though there may be bytes: an empty file, compressed
	types  []table.Type // of the wanted columns
	rows   int64
	noted  bool     // what follows is known of some rows
	absent []string // wanted columns that none of them had
	good   bool     // at least one of them could be read
}

// note remembers what rows that were split show of the file.
func (f *rawFile) note(b *table.Block) {
	if !f.noted {
		f.noted, f.absent = true, slices.Clone(b.Absent())
	}
	f.absent = slices.DeleteFunc(f.absent, func(name string) bool { return !slices.Contains(b.Absent(), name) })
	f.good = f.good || len(b.Rows) > 0
}

// findSource lists the files. Objects without a byte are the folders that S3's console makes, or nothing at all.
func findSource(ctx context.Context, def audience.Source, log *slog.Logger) (*source, error) {
	folder, objects, err := storage.Find(ctx, def.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, emptyInput(def.Path, errors.New("nothing is there"))
	}
	if err != nil {
		return nil, fmt.Errorf("list the source's files: %w", err)
	}
	s := &source{
		url:    def.Path,
		folder: folder,
		log:    log,
		opts:   table.ReadOptions{Format: table.Format(def.Format), Delimiter: def.Delimiter, Encoding: def.Encoding},
	}
	for _, o := range objects {
		if o.Size > 0 {
			s.files = append(s.files, rawFile{name: o.Key, bytes: o.Size, at: o.Modified})
		}
	}
	slices.SortFunc(s.files, func(a, b rawFile) int { return strings.Compare(a.name, b.name) })
	if len(s.files) == 0 {
		_ = folder.Close() // nothing was written
		return nil, emptyInput(def.Path, fmt.Errorf("nothing is in its files (%d)", len(objects)))
	}
	return s, nil
}

func emptyInput(path string, why error) error {
	return audience.Fail(audience.Gate, "check source.path, and that the export of the files has finished",
		fmt.Errorf("empty input: read %s: %w", path, why))
}

// survey opens every file once, so that a file without a mapped column, or of another format, is found before anything
// is written, and learns the columns' types. Of several errors it gives the first file's.
func (s *source) survey(ctx context.Context) error {
	var group errgroup.Group
	group.SetLimit(surveyedAtOnce)
	errs := make([]error, len(s.files))
	for i := range s.files {
		group.Go(guarded(ctx, s.log, func() error {
			errs[i] = s.look(ctx, &s.files[i])
			return nil
		}))
	}
	if err := rethrow(group.Wait()); err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	if !slices.ContainsFunc(s.files, func(f rawFile) bool { return !f.empty }) {
		return emptyInput(s.url, fmt.Errorf("no row is in its files (%d)", len(s.files)))
	}
	return nil
}

func (s *source) look(ctx context.Context, file *rawFile) error {
	r, err := s.open(ctx, file)
	if errors.Is(err, table.ErrEmpty) {
		file.empty = true
		return nil
	}
	if err != nil {
		return err
	}
	for i := range s.opts.Columns {
		file.types = append(file.types, r.Type(i))
	}
	return r.Close()
}

// open opens a file. One that was listed and is no longer there is a passing thing: the next attempt lists anew.
func (s *source) open(ctx context.Context, file *rawFile) (table.Reader, error) {
	r, err := table.OpenReader(ctx, table.File{
		Name:   s.folder.URL() + file.name,
		Size:   file.bytes,
		Open:   func() (io.ReadCloser, error) { return s.folder.NewReader(ctx, file.name) },
		OpenAt: func() (table.ReaderAtCloser, error) { return s.folder.ReaderAt(ctx, file.name) },
	}, s.opts)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, changed(err)
	}
	return r, err
}

func changed(err error) error {
	return audience.Fail(audience.Transient, "let the export of the files finish; they must not change while they are read", err)
}

// checkUnchanged makes sure that the files are still those that were listed. Of one that was written meanwhile nobody knows
// which rows were read. New files are for the next run.
func (s *source) checkUnchanged(ctx context.Context, def audience.Source) error {
	now, err := findSource(ctx, def, s.log)
	if err != nil && audience.ClassOf(err) == audience.Gate { // nothing is there any more
		return changed(err)
	}
	if err != nil {
		return err
	}
	defer func() { _ = now.folder.Close() }() // nothing was written
	for i := range s.files {
		file := &s.files[i]
		same := func(f rawFile) bool { return f.name == file.name && f.bytes == file.bytes && f.at.Equal(file.at) }
		if !slices.ContainsFunc(now.files, same) {
			return changed(fmt.Errorf("%s%s changed while it was read", s.folder.URL(), file.name))
		}
	}
	return nil
}

// checkAbsent complains of columns that no row of any file had. Only JSON Lines can hide that until the end. Files
// without a single good row say nothing about columns.
func (s *source) checkAbsent() error {
	var absent []string
	first := true
	for _, file := range s.files {
		if !file.good {
			continue
		}
		if first {
			absent, first = slices.Clone(file.absent), false
		}
		absent = slices.DeleteFunc(absent, func(name string) bool { return !slices.Contains(file.absent, name) })
	}
	if len(absent) == 0 {
		return nil
	}
	return audience.Fail(audience.Invalid, "correct the columns' names in the definition's source",
		fmt.Errorf("no row of %s has the column %s", s.url, table.Quoted(absent)))
}
