package storage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gocloud.dev/gcerrors"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// unfinished matches what a writer that was killed leaves behind on disk: no object, and none to anybody who lists.
var unfinished = regexp.MustCompile(`\.[0-9a-f]{16}\.tmp$`)

// onDisk is an object's file.
func (f *Folder) onDisk(key string) string {
	return filepath.Join(f.dir, filepath.FromSlash(f.prefix+key))
}

// plain reports whether fileblob stores a key under its own name, unescaped.
func plain(key string) bool {
	return fs.ValidPath(key) && !strings.Contains(key, "__0x") &&
		strings.IndexFunc(key, func(r rune) bool { return r < ' ' || r == '\\' }) < 0
}

// listOnDisk is List by the folders themselves. fileblob leaves out what it may not read, and in a folder of more than a
// thousand files, those of which one of its pages believes that an earlier one had them.
func (f *Folder) listOnDisk(ctx context.Context, prefix string) ([]Object, error) {
	prefix = f.prefix + prefix
	disk := os.DirFS(f.dir)
	root := path.Clean(prefix[:strings.LastIndex(prefix, "/")+1]) // the rest is the beginning of a name
	var objects []Object
	err := fs.WalkDir(disk, root, func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // removed meanwhile, or never there
			return nil
		}
		if err = cmp.Or(err, ctx.Err()); err != nil || entry.IsDir() {
			return err
		}
		key := fromDisk(name)
		if !strings.HasPrefix(key, prefix) || unfinished.MatchString(key) || path.Ext(key) == attributes {
			return nil
		}
		info, err := entry.Info()
		if target, followed := fs.Stat(disk, name); followed == nil {
			info, err = target, nil // what a link points to
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		objects = append(objects, Object{Key: strings.TrimPrefix(key, f.prefix), Size: info.Size(), Modified: info.ModTime()})
		return nil
	})
	slices.SortFunc(objects, func(a, b Object) int { return strings.Compare(a.Key, b.Key) })
	return objects, err
}

// attributes is the ending of the files that other programs' fileblob keeps beside its objects.
const attributes = ".attrs"

// escaped is how fileblob writes a character into a file's name that has no place there.
var escaped = regexp.MustCompile(`__0x[0-9a-f]+__`)

// fromDisk is the key of the object that a file holds.
func fromDisk(name string) string {
	return escaped.ReplaceAllStringFunc(name, func(code string) string {
		r, err := strconv.ParseInt(code[len("__0x"):len(code)-len("__")], 16, 32)
		if err != nil {
			return code
		}
		return string(rune(r))
	})
}

// createOnDisk makes a file exclusively and as a whole: fileblob's own IfNotExist looks first and renames after, which
// two processes at once can both pass.
func createOnDisk(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil { //nolint:gosec // readable like every folder of a run
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(name), ".create-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	_, err = temp.Write(data)
	if err := errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Link(temp.Name(), name)
}

// Clear removes every object below a prefix, and what killed writers left there.
func (f *Folder) Clear(ctx context.Context, prefix string) error {
	if f.dir != "" {
		const races = 20
		for try := 1; ; try++ {
			err := os.RemoveAll(f.onDisk(prefix))
			// Another writer may put a file into a folder that was just emptied.
			if try == races || !errors.Is(err, fs.ErrExist) {
				return f.explain("clear", prefix, err)
			}
		}
	}
	objects, err := f.List(ctx, prefix)
	if err != nil {
		return err
	}
	for _, o := range objects {
		if err := f.Delete(ctx, o.Key); err != nil {
			return err
		}
	}
	return nil
}

// Find lists the data objects at a URL that names either one object or a folder, with the folder that their keys are
// relative to. Objects whose name, or a folder of theirs, starts with _ or . are markers and left out. That nothing is
// there is an fs.ErrNotExist.
func Find(ctx context.Context, rawURL string) (*Folder, []Object, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, nil, audience.Failf(audience.Invalid, "find %q: not a URL", rawURL)
	}
	if u.Scheme == "file" { // must not make the folder that somebody misspelt
		if _, err := os.Stat(u.Path); err != nil {
			return nil, nil, audience.Fail(audience.Invalid, "check the path", fmt.Errorf("find %s: %w", rawURL, fs.ErrNotExist))
		}
	}
	dir, name := path.Split(strings.TrimSuffix(u.Path, "/"))
	parent, err := Open(ctx, (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: dir, RawQuery: u.RawQuery}).String())
	if err != nil {
		return nil, nil, err
	}
	folder, objects, err := find(ctx, parent, name, strings.HasSuffix(u.Path, "/"))
	if err != nil {
		return nil, nil, errors.Join(err, parent.Close())
	}
	return folder, objects, nil
}

func find(ctx context.Context, parent *Folder, name string, isFolder bool) (*Folder, []Object, error) {
	if name != "" && !isFolder {
		attrs, err := parent.bucket.Attributes(ctx, parent.prefix+name)
		if err == nil {
			return parent, []Object{{Key: name, Size: attrs.Size, Modified: attrs.ModTime}}, nil
		}
		if gcerrors.Code(err) != gcerrors.NotFound {
			return nil, nil, parent.explain("find", name, err)
		}
	}
	folder := parent.Sub(name)
	all, err := folder.List(ctx, "")
	if err != nil {
		return nil, nil, err
	}
	objects := all[:0]
	for _, o := range all {
		if !marker(o.Key) {
			objects = append(objects, o)
		}
	}
	if len(objects) == 0 {
		return nil, nil, audience.Fail(audience.Invalid, "check the path", fmt.Errorf("find files in %s: %w", folder.URL(), fs.ErrNotExist))
	}
	return folder, objects, nil
}

// marker reports whether a key is no data by the convention of Hadoop, Spark and Clean Rooms.
func marker(key string) bool {
	for part := range strings.SplitSeq(key, "/") {
		if strings.HasPrefix(part, "_") || strings.HasPrefix(part, ".") {
			return true
		}
	}
	return false
}
