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

// A tableSource is where a table's data lies when a query starts. A catalog that is switched later changes nothing, nor
// does a file that is added.
type tableSource struct {
	table  *Table
	roots  []string // what its path names: files, or folders that hold them
	paths  []string // its files
	format string   // parquet or csv
	failed error    // why there are no files, which ends the query as FAILED
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
		s := tableSource{table: t}
		s.failed = s.find(pattern)
		all = append(all, s)
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

// find lists the files that an absolute path, or a pattern of paths, names now. All are of one format; which, their
// names say.
func (s *tableSource) find(pattern string) error {
	s.roots = []string{pattern}
	if _, err := os.Stat(pattern); err != nil {
		if s.roots, err = filepath.Glob(pattern); err != nil {
			return s.fail(codeNoData, "its path is no valid pattern")
		}
	}
	slices.Sort(s.roots)
	for _, root := range s.roots {
		if err := s.list(root); err != nil {
			return s.fail(codeNoData, "its folder cannot be read: check that it is there and may be read")
		}
	}
	if len(s.paths) == 0 {
		return s.fail(codeNoData, "it has no files: check its path in the room file")
	}
	for _, name := range s.paths {
		own := formatOf(name)
		if own == "" || (s.format != "" && own != s.format) {
			return s.fail(codeBadFile, "%s is neither Parquet nor CSV by its name, or the table mixes both (.parquet, .csv, .csv.gz, .csv.zst)", filepath.Base(name))
		}
		s.format = own
		if own != "parquet" {
			continue
		}
		if err := checkParquet(name); err != nil {
			return s.fail(codeBadFile, "%s is not a whole Parquet file", filepath.Base(name))
		}
	}
	return nil
}

func (s *tableSource) fail(code, format string, args ...any) error {
	return &QueryError{Code: code, Message: "table " + s.table.Name + ": " + fmt.Sprintf(format, args...)}
}

// list adds the files of a root. In a folder hidden ones and empty ones, such as S3's markers of folders, are none.
func (s *tableSource) list(root string) error {
	root, err := filepath.EvalSymlinks(root) // else a link to a folder would be taken for a file
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := name != root && (strings.HasPrefix(entry.Name(), ".") || strings.HasPrefix(entry.Name(), "_"))
		switch {
		case entry.IsDir() && hidden:
			return fs.SkipDir
		case entry.IsDir() || hidden:
			return nil
		}
		info, err := os.Stat(name)
		if err == nil && info.Size() > 0 {
			s.paths = append(s.paths, name)
		}
		return err
	})
}

// overlaps reports whether a folder holds any of the source's data or lies where the source looks for it, links resolved.
func (s *tableSource) overlaps(folder string) bool {
	for _, root := range s.roots {
		if root = realPath(root); inside(root, folder) || inside(folder, root) {
			return true
		}
	}
	return slices.ContainsFunc(s.paths, func(path string) bool { return inside(realPath(path), folder) })
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

// inside reports whether a path is a folder or lies in it.
func inside(child, parent string) bool {
	rel, err := filepath.Rel(parent, child)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
