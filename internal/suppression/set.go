package suppression

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/table"
)

// A Mark stands for a value of a key: the first 64 bits of its SHA-256. Of a hundred million rows with four keys each,
// looked up in a list of thirty million, one in a thousand such runs would leave a stranger out for a mark that is the
// same. 0 stands for no value.
type Mark uint64

// MarkOf gives the mark of a canonical value. hashed says that the value is its SHA-256 in hex already, as EMAIL and PHONE
// may be. An empty value has none.
func MarkOf(value []byte, hashed bool) Mark {
	if len(value) == 0 {
		return 0
	}
	var buf [hashLength]byte
	if !hashed {
		value = identity.AppendHash(buf[:0], value)
	}
	var first [8]byte
	if _, err := hex.Decode(first[:], value[:min(len(value), 2*len(first))]); err != nil {
		return 0 // no hash: nobody can be on the list by it
	}
	return Mark(binary.BigEndian.Uint64(first[:]))
}

// A Set is who is on the list, in about 9 bytes a value. It only grows: what was revoked after it was loaded is for the next
// one. It is for one goroutine while it grows, and for any number of them otherwise.
type Set struct {
	list   *List
	newest int     // number of the latest file that is in it
	layers []layer // what was loaded together, in order
}

// A layer has the sorted marks of each key.
type layer map[audience.Key]*marks

// Load reads the whole list. Nil stands for a list of nobody, and gives an empty set.
func (l *List) Load(ctx context.Context) (*Set, error) {
	s := &Set{list: l}
	if l == nil {
		return s, nil
	}
	return s, s.Refresh(ctx)
}

// Refresh adds what has come to the list since. It is one listing when nothing has.
func (s *Set) Refresh(ctx context.Context) error {
	if s.list == nil {
		return nil
	}
	files, err := s.list.after(ctx, s.newest)
	if err != nil || len(files) == 0 {
		return err
	}
	added, err := s.list.load(ctx, files)
	if err != nil {
		return err
	}
	if len(added) > 0 {
		s.layers = append(s.layers, added)
	}
	s.newest = files[len(files)-1].Number
	return nil
}

// Newest is the number of the latest file that is in the set; 0 when there is none.
func (s *Set) Newest() int { return s.newest }

// Empty reports whether nobody is in the set, so that marks need not be made.
func (s *Set) Empty() bool { return len(s.layers) == 0 }

// Has reports whether a value is on the list.
func (s *Set) Has(key audience.Key, mark Mark) bool {
	if mark == 0 {
		return false
	}
	for _, layer := range s.layers {
		if m := layer[key]; m != nil && m.has(mark) {
			return true
		}
	}
	return false
}

// Counts are the values on the list, by key, of a set that was loaded and not refreshed since.
func (s *Set) Counts() map[audience.Key]int {
	counts := map[audience.Key]int{}
	for _, layer := range s.layers {
		for key, m := range layer {
			counts[key] += len(m.sorted)
		}
	}
	return counts
}

// load reads files from the newest to the oldest: what was revoked is known before what it was revoked of. Memory is 8
// bytes a suppressed value and about 20 a revoked one.
func (l *List) load(ctx context.Context, files []File) (layer, error) {
	loaded := layer{}
	for _, key := range Keys {
		n := 0
		for _, f := range files {
			if f.Kind == Add {
				n += f.Counts[key]
			}
		}
		if n > 0 {
			loaded[key] = &marks{sorted: make([]Mark, 0, n)}
		}
	}
	revoked := map[audience.Key]map[Mark]bool{}
	for _, file := range slices.Backward(files) {
		err := l.read(ctx, file.Number, func(key audience.Key, mark Mark) {
			switch {
			case file.Kind == Revoke:
				if revoked[key] == nil {
					revoked[key] = map[Mark]bool{}
				}
				revoked[key][mark] = true
			case loaded[key] != nil && !revoked[key][mark]:
				loaded[key].sorted = append(loaded[key].sorted, mark)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	for key, m := range loaded {
		m.finish()
		if len(m.sorted) == 0 {
			delete(loaded, key)
		}
	}
	return loaded, nil
}

// read gives the entries of a file.
func (l *List) read(ctx context.Context, number int, take func(audience.Key, Mark)) error {
	ra, err := l.folder.ReaderAt(ctx, fileName(number))
	if err != nil {
		return fmt.Errorf("read the suppression list: %w", err)
	}
	defer func() { _ = ra.Close() }() // nothing was written
	name := l.folder.URL() + fileName(number)
	reader, err := table.OpenColumns(name, ra, ra.Size(), []string{fields[0].Name, fields[1].Name})
	if err != nil {
		return fmt.Errorf("read the suppression list: %w", err)
	}
	defer func() { _ = reader.Close() }()
	var rows table.Batch
	for {
		err := reader.Read(&rows, 4096)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the suppression list: %w", err)
		}
		for i := range rows.Rows {
			key, mark := audience.Key(rows.Columns[0].Value(i)), MarkOf(rows.Columns[1].Value(i), true)
			if mark == 0 || !slices.Contains(Keys, key) {
				return audience.Failf(audience.Invalid, "read the suppression list: row %d of %s is no entry: put back the file as it was", rows.Rows[i], name)
			}
			take(key, mark)
		}
		if len(rows.Bad) > 0 {
			return audience.Failf(audience.Invalid, "read the suppression list: row %d of %s is no entry: put back the file as it was", rows.Bad[0].Row, name)
		}
	}
}

// marks are sorted, with the place where each first few bits begin: hashes are spread evenly, so that a look-up reads about
// eight marks and two lines of memory.
type marks struct {
	sorted []Mark
	starts []uint32 // of each bucket; one more for the end
	shift  uint     // bits of a mark that do not tell its bucket
}

const bucketMarks = 8

// finish sorts the marks and lays out the buckets.
func (m *marks) finish() {
	slices.Sort(m.sorted)
	m.sorted = slices.Compact(m.sorted)
	bits := uint(0)
	for len(m.sorted)>>bits > bucketMarks {
		bits++
	}
	m.shift = 64 - bits
	m.starts = make([]uint32, 1<<bits+1)
	bucket := 0
	for i, mark := range m.sorted {
		for ; bucket <= m.bucket(mark); bucket++ {
			m.starts[bucket] = uint32(i) // four thousand million entries do not fit in a list
		}
	}
	for ; bucket < len(m.starts); bucket++ {
		m.starts[bucket] = uint32(len(m.sorted)) //nolint:gosec // likewise
	}
}

func (m *marks) bucket(mark Mark) int { return int(mark >> m.shift) } //nolint:gosec // fewer bits than an int has

func (m *marks) has(mark Mark) bool {
	b := m.bucket(mark)
	_, found := slices.BinarySearchFunc(m.sorted[m.starts[b]:m.starts[b+1]], mark, cmp.Compare[Mark])
	return found
}
