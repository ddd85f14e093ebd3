// Package suppression keeps the people of a tenant who opted out: a list in the work bucket that Prepare and Upload leave
// out of every run. It holds SHA-256 hashes and nothing else, of EXTERN_ID and MADID too, which Meta takes unhashed.
//
// The list is numbered Parquet files in suppression/<tenant>/list/. A file is only ever added, by a conditional write that
// lets exactly one writer have a number: nobody's entries are lost, and the numbers are the order in which things happened.
// A file adds people to the list or takes some off it; of several that name the same value, the highest number holds.
package suppression

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/table"
)

// Keys are those that alone find a person, and so the ones by which somebody is suppressed.
var Keys = []audience.Key{audience.ExternID, audience.Email, audience.Phone, audience.MADID}

// FileEntries is the most entries of one file. It is made in memory, and takes 4 MB: below the 5 MiB from which on S3's client
// would write it in parts, so that the condition is on a single request.
const FileEntries = 1 << 17

// A Kind is what a file does with its entries.
type Kind string

// The kinds.
const (
	Add    Kind = "add"
	Revoke Kind = "revoke" // they consent again
)

// An Entry is one value of one key.
type Entry struct {
	Key  audience.Key
	Hash [hashLength]byte // SHA-256 in lower-case hex
}

const hashLength = 64

// A List is a tenant's list. It is safe for concurrent use.
type List struct {
	folder *storage.Folder
}

// Open gives a tenant's list in the work bucket. A list that nobody has written to is an empty one.
func Open(work *storage.Folder, tenant string) *List {
	return &List{folder: work.Sub(audience.SuppressionDir(tenant) + "list")}
}

// A File is one of the list's files, as its footer describes it.
type File struct {
	Number int                  `json:"-"`
	Kind   Kind                 `json:"kind"`
	At     time.Time            `json:"at"` // by the clock of whoever wrote it
	Counts map[audience.Key]int `json:"entries"`
}

// metadataKey is where the footer has a File's JSON.
const metadataKey = "cleanreach.suppression"

var fields = []table.Field{{Name: "key", Type: table.String}, {Name: "sha256", Type: table.String}}

// Append adds a file with these entries, which it sorts: nothing in a file tells which hashes are one person's. It gives
// the file's number, and how many different entries there were.
func (l *List) Append(ctx context.Context, kind Kind, at time.Time, entries []Entry) (number, added int, err error) {
	data, added, err := encode(kind, at, entries)
	if err != nil {
		return 0, 0, err
	}
	last, err := l.Newest(ctx)
	if err != nil {
		return 0, 0, err
	}
	const races = 1000 // each lost race means that somebody else's entries are in
	for number := last + 1; number <= last+races; number++ {
		err := l.folder.Create(ctx, fileName(number), data)
		if err == nil {
			return number, added, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return 0, 0, fmt.Errorf("add to the suppression list: %w", err)
		}
	}
	return 0, 0, audience.Failf(audience.Transient, "add to the suppression list: others were faster %d times", races)
}

func encode(kind Kind, at time.Time, entries []Entry) (data []byte, added int, err error) {
	slices.SortFunc(entries, func(a, b Entry) int {
		if a.Key != b.Key {
			return strings.Compare(string(a.Key), string(b.Key))
		}
		return bytes.Compare(a.Hash[:], b.Hash[:])
	})
	file := File{Kind: kind, At: at.UTC().Truncate(time.Second), Counts: map[audience.Key]int{}}
	columns := make([]table.Column, len(fields))
	for i, e := range entries {
		if i > 0 && e == entries[i-1] {
			continue
		}
		file.Counts[e.Key]++
		columns[0].AppendString(string(e.Key))
		columns[1].Append(e.Hash[:])
	}
	description, err := json.Marshal(file)
	if err != nil {
		return nil, 0, fmt.Errorf("describe a file of the suppression list: %w", err)
	}
	var out bytes.Buffer
	w, err := table.NewWriter(&out, fields, table.WriteOptions{Metadata: map[string]string{metadataKey: string(description)}})
	if err == nil {
		err = w.WriteBatch(columns, nil)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, 0, fmt.Errorf("write the suppression list: %w", err)
	}
	return out.Bytes(), columns[0].Len(), nil
}

// Newest is the highest number of a file; 0 when the list is empty.
func (l *List) Newest(ctx context.Context) (int, error) {
	numbers, err := l.numbers(ctx)
	if err != nil || len(numbers) == 0 {
		return 0, err
	}
	return numbers[len(numbers)-1], nil
}

// numbers are those of all files, in order.
func (l *List) numbers(ctx context.Context) ([]int, error) {
	objects, err := l.folder.List(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("look into the suppression list: %w", err)
	}
	var numbers []int
	for _, o := range objects {
		if strings.HasPrefix(path.Base(o.Key), ".") { // on disk: another writer's file that has no number yet
			continue
		}
		n, err := strconv.Atoi(strings.TrimSuffix(path.Base(o.Key), ".parquet"))
		if err != nil || fileName(n) != o.Key {
			return nil, audience.Failf(audience.Invalid, "read the suppression list: %s%s is none of its files: take it away", l.folder.URL(), o.Key)
		}
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	return numbers, nil
}

// Files describes the list's files, oldest first.
func (l *List) Files(ctx context.Context) ([]File, error) {
	return l.after(ctx, 0)
}

// after describes the files with a higher number.
func (l *List) after(ctx context.Context, last int) ([]File, error) {
	numbers, err := l.numbers(ctx)
	if err != nil {
		return nil, err
	}
	var files []File
	for _, n := range numbers {
		if n <= last {
			continue
		}
		file, err := l.describe(ctx, n)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

func (l *List) describe(ctx context.Context, number int) (File, error) {
	ra, err := l.folder.ReaderAt(ctx, fileName(number))
	if err != nil {
		return File{}, fmt.Errorf("read the suppression list: %w", err)
	}
	defer func() { _ = ra.Close() }() // nothing was written
	name := l.folder.URL() + fileName(number)
	footer, err := table.ReadFooter(name, ra, ra.Size())
	if err != nil {
		return File{}, fmt.Errorf("read the suppression list: %w", err)
	}
	file := File{}
	if json.Unmarshal([]byte(footer.Metadata[metadataKey]), &file) != nil || file.Kind != Add && file.Kind != Revoke {
		return File{}, audience.Failf(audience.Invalid, "read the suppression list: %s does not say whether it adds or revokes: it is of another version, or none of its files", name)
	}
	file.Number = number
	return file, nil
}

func fileName(number int) string { return fmt.Sprintf("%08d.parquet", number) }

// ChangedSince gives whoever opted out or consented again at a time or later, by the clocks of those who wrote it down.
func (l *List) ChangedSince(ctx context.Context, at time.Time) (*Set, error) {
	s := &Set{}
	if l == nil {
		return s, nil
	}
	files, err := l.Files(ctx)
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(f File) bool { return f.At.Before(at) })
	if len(files) == 0 {
		return s, nil
	}
	for i := range files {
		files[i].Kind = Add // into the set, whichever it is
	}
	added, err := l.load(ctx, files)
	if err != nil {
		return nil, err
	}
	if len(added) > 0 {
		s.layers = []layer{added}
	}
	return s, nil
}
