package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// A tableSource is where a table's data lies when a query starts. A catalog that is switched later changes nothing.
type tableSource struct {
	table   *Table
	pattern string // absolute: a file, a folder, or a pattern of files
	dir     string // the folder of it all, links resolved
}

// sources finds where the tables lie.
func (r *Room) sources(ctx context.Context, tables []*Table) ([]tableSource, error) {
	all := make([]tableSource, 0, len(tables))
	for _, t := range tables {
		pattern := t.Path
		if t.Catalog != "" {
			location, err := r.catalog(ctx, t)
			if err != nil {
				return nil, err
			}
			pattern = location
		} else if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(r.file.dir, filepath.FromSlash(pattern))
		}
		all = append(all, tableSource{table: t, pattern: pattern, dir: realPath(folderOf(pattern))})
	}
	return all, nil
}

// catalog looks a table's folder up.
func (r *Room) catalog(ctx context.Context, t *Table) (string, error) {
	var doc audience.CatalogTable
	err := r.config.Catalog.ReadJSON(ctx, t.Catalog+".json", &doc)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", invalidConfiguration("table %s is %s of the catalog, which does not have it: prepare the audience first", t.Name, t.Catalog)
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil || doc.Schema != audience.DocumentVersion:
		return "", invalidConfiguration("table %s: %s of the catalog cannot be read", t.Name, t.Catalog)
	}
	u, err := url.Parse(doc.Location)
	if err != nil || u.Scheme != "file" || u.Path == "" {
		return "", invalidConfiguration("table %s: its catalog location is not a file:// URL, and a room on one machine reads no other", t.Name)
	}
	return filepath.FromSlash(u.Path), nil
}

// files lists what a source holds now. All files are of one format; which, their names say.
func (s *tableSource) files() (paths []string, format string, err error) {
	matches := []string{s.pattern}
	if _, err := os.Stat(s.pattern); err != nil {
		if matches, err = filepath.Glob(s.pattern); err != nil {
			return nil, "", &QueryError{Code: codeNoData, Message: "table " + s.table.Name + ": its path is no valid pattern"}
		}
	}
	slices.Sort(matches)
	for _, match := range matches {
		err := filepath.WalkDir(match, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			hidden := strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "_")
			switch {
			case entry.IsDir() && hidden && name != match:
				return fs.SkipDir
			case entry.IsDir() || hidden:
				return nil
			}
			if info, err := os.Stat(name); err != nil || info.Size() == 0 { // S3's markers of folders are empty objects
				return err
			}
			paths = append(paths, name)
			return nil
		})
		if err != nil {
			return nil, "", &QueryError{Code: codeNoData, Message: "table " + s.table.Name + ": its folder cannot be read: check that it is there and may be read"}
		}
	}
	if len(paths) == 0 {
		return nil, "", &QueryError{Code: codeNoData, Message: "table " + s.table.Name + " has no files: check its path in the room file"}
	}
	for _, name := range paths {
		own := formatOf(name)
		if own == "" || (format != "" && own != format) {
			return nil, "", &QueryError{Code: codeBadFile, Message: fmt.Sprintf(
				"table %s: %s is neither Parquet nor CSV by its name, or the table mixes both (.parquet, .csv, .csv.gz, .csv.zst)", s.table.Name, filepath.Base(name))}
		}
		if format = own; format == "parquet" {
			if err := checkParquet(name); err != nil {
				return nil, "", &QueryError{Code: codeBadFile, Message: fmt.Sprintf("table %s: %s is not a whole Parquet file", s.table.Name, filepath.Base(name))}
			}
		}
	}
	return paths, format, nil
}

func formatOf(name string) string {
	name = strings.ToLower(name)
	switch {
	case strings.HasSuffix(name, ".parquet"):
		return "parquet"
	case strings.HasSuffix(name, ".csv"), strings.HasSuffix(name, ".csv.gz"), strings.HasSuffix(name, ".csv.zst"):
		return "csv"
	}
	return ""
}

// checkParquet looks for the marks at both ends of a Parquet file, to name the file that lacks them: DuckDB's own
// message would quote what is there instead.
func checkParquet(name string) error {
	f, err := os.Open(name) //nolint:gosec // the room file names it
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	const mark = "PAR1"
	buf := make([]byte, len(mark))
	if _, err := io.ReadFull(f, buf); err != nil || string(buf) != mark {
		return errors.New("no mark at the beginning")
	}
	if _, err := f.Seek(-int64(len(mark)), io.SeekEnd); err != nil {
		return err
	}
	if _, err := io.ReadFull(f, buf); err != nil || string(buf) != mark {
		return errors.New("no mark at the end")
	}
	return nil
}

// folderOf gives the folder that holds everything that a path or pattern can name.
func folderOf(pattern string) string {
	info, err := os.Stat(pattern)
	if err == nil && info.IsDir() {
		return pattern
	}
	dir := filepath.Dir(pattern)
	if err == nil {
		return dir
	}
	for strings.ContainsAny(dir, "*?[") {
		dir = filepath.Dir(dir)
	}
	return dir
}

// realPath resolves links in as much of a path as is there.
func realPath(name string) string {
	name = filepath.Clean(name)
	if resolved, err := filepath.EvalSymlinks(name); err == nil {
		return resolved
	}
	parent := filepath.Dir(name)
	if parent == name {
		return name
	}
	return filepath.Join(realPath(parent), filepath.Base(name))
}

// overlap reports whether one folder is the other or lies inside it.
func overlap(a, b string) bool { return inside(a, b) || inside(b, a) }

func inside(child, parent string) bool {
	rel, err := filepath.Rel(parent, child)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
