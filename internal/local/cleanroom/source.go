package cleanroom

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/table"
)

// A tableSource is where a table's data lies when a query starts. A catalog that is switched later changes nothing, nor
// does a file that is added.
type tableSource struct {
	table  *Table
	roots  []string     // what its path names: files, or folders that hold them
	paths  []string     // its files
	remote *remoteFiles // instead of paths, when they lie in a bucket
	format table.Format
	failed error // why there are no files, which ends the query as FAILED
}

// sources finds where the tables lie.
func (r *Room) sources(ctx context.Context, tables []*Table) ([]tableSource, error) {
	all := make([]tableSource, 0, len(tables))
	for _, t := range tables {
		s := tableSource{table: t}
		pattern := t.Path
		if t.Catalog != "" {
			location, err := r.catalog(ctx, t)
			if err != nil {
				return nil, err
			}
			if location.Scheme == "s3" {
				s.failed = s.findRemote(ctx, r.config, location)
				all = append(all, s)
				continue
			}
			pattern = filepath.FromSlash(location.Path)
		} else if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(r.file.dir, filepath.FromSlash(pattern))
		}
		s.failed = s.find(pattern)
		all = append(all, s)
	}
	return all, nil
}

// catalog looks a table's folder up.
func (r *Room) catalog(ctx context.Context, t *Table) (*url.URL, error) {
	doc, err := r.config.Catalog.Table(ctx, t.Catalog)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, invalidConfiguration("table %s is %s of the catalog, which does not have it: prepare the audience first", t.Name, t.Catalog)
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil || doc.Schema != audience.DocumentVersion:
		return nil, invalidConfiguration("table %s: %s of the catalog cannot be read", t.Name, t.Catalog)
	}
	u, err := url.Parse(doc.Location)
	if err != nil || (u.Scheme != "file" && u.Scheme != "s3") || u.Path == "" {
		return nil, invalidConfiguration("table %s: its catalog location must be a file:// or s3:// URL", t.Name)
	}
	return u, nil
}

// find lists the files that an absolute path, or a pattern of paths, names now. All are of one format; which, their
// names say.
func (s *tableSource) find(pattern string) error {
	s.roots = []string{pattern}
	if _, err := os.Stat(pattern); err != nil {
		if s.roots, err = filepath.Glob(pattern); err != nil {
			return s.fail(codeNoData, "its path is no valid pattern")
		}
		s.roots = slices.DeleteFunc(s.roots, func(root string) bool { return hidden(filepath.Base(root)) })
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
	return s.findFormat()
}

// findFormat tells by the files' names what they are.
func (s *tableSource) findFormat() error {
	for _, name := range s.paths {
		own := table.FormatOf(name)
		if own == "" || (s.format != "" && own != s.format) {
			return s.fail(codeBadFile, "%s is neither Parquet nor CSV nor JSON Lines by its name, or the table mixes them "+
				"(.parquet; .csv, .tsv, .txt, .jsonl, .ndjson or .json, also with .gz or .zst)", filepath.Base(name))
		}
		s.format = own
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
		skip := name != root && hidden(entry.Name())
		switch {
		case entry.IsDir() && skip:
			return fs.SkipDir
		case entry.IsDir() || skip:
			return nil
		}
		info, err := os.Stat(name)
		if err == nil && info.Size() > 0 {
			s.paths = append(s.paths, name)
		}
		return err
	})
}

// hidden reports whether a file is none of a table's, as engines of data lakes have it.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") }

// overlaps reports whether a folder holds any of the source's data or lies where the source looks for it, links resolved.
func (s *tableSource) overlaps(folder string) bool {
	if s.remote != nil {
		return s.remote.bucket == folder
	}
	for _, root := range s.roots {
		if root = realPath(root); inside(root, folder) || inside(folder, root) {
			return true
		}
	}
	return slices.ContainsFunc(s.paths, func(path string) bool { return inside(realPath(path), folder) })
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
