package suppression

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 5, time.UTC)

func open(t testing.TB) (*List, *storage.Folder) {
	t.Helper()
	work, err := storage.Open(t.Context(), storage.FileURL(t.TempDir()))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, work.Close()) })
	return Open(work, "acme"), work
}

func sha(v string) string {
	sum := sha256.Sum256([]byte(v))
	return hex.EncodeToString(sum[:])
}

func entry(key audience.Key, v string) Entry {
	e := Entry{Key: key}
	copy(e.Hash[:], sha(v))
	return e
}

func emails(values ...string) []Entry {
	var all []Entry
	for _, v := range values {
		all = append(all, entry(audience.Email, v))
	}
	return all
}

func (l *List) must(t testing.TB, kind Kind, entries []Entry) int {
	t.Helper()
	number, _, err := l.Append(t.Context(), kind, noon, entries)
	require.NoError(t, err)
	return number
}

func (l *List) has(t testing.TB, v string) bool {
	t.Helper()
	set, err := l.Load(t.Context())
	require.NoError(t, err)
	return set.Has(audience.Email, MarkOf([]byte(v), false))
}

func TestAListOfNobody(t *testing.T) {
	l, _ := open(t)
	for _, list := range []*List{l, nil} {
		set, err := list.Load(t.Context())
		require.NoError(t, err)
		assert.True(t, set.Empty())
		assert.Zero(t, set.Newest())
		assert.False(t, set.Has(audience.Email, MarkOf([]byte("ann@example.com"), false)))
		require.NoError(t, set.Refresh(t.Context()))
	}
}

func TestWhoeverIsOnTheListIsFoundByHashAndByValue(t *testing.T) {
	l, _ := open(t)
	number, added, err := l.Append(t.Context(), Add, noon, append(emails("b@example.com", "a@example.com", "b@example.com"), entry(audience.ExternID, "c-1")))
	require.NoError(t, err)
	assert.Equal(t, 1, number)
	assert.Equal(t, 3, added)
	set, err := l.Load(t.Context())
	require.NoError(t, err)
	for _, c := range []struct {
		key    audience.Key
		value  string
		hashed bool
		want   bool
	}{
		{audience.Email, "a@example.com", false, true},
		{audience.Email, sha("b@example.com"), true, true},
		{audience.Email, sha("b@example.com"), false, false}, // the hash of a hash is somebody else's
		{audience.Email, "c@example.com", false, false},
		{audience.ExternID, "c-1", false, true},
		{audience.Phone, "c-1", false, false}, // the same value under another key
		{audience.Email, "", false, false},
		{audience.Email, "no hash at all!!", true, false},
	} {
		assert.Equal(t, c.want, set.Has(c.key, MarkOf([]byte(c.value), c.hashed)), "%s %s", c.key, c.value)
	}
	assert.Equal(t, map[audience.Key]int{audience.Email: 2, audience.ExternID: 1}, set.Counts())
	files, err := l.Files(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []File{{Number: 1, Kind: Add, At: noon.Truncate(time.Second), Counts: map[audience.Key]int{audience.Email: 2, audience.ExternID: 1}}}, files)
}

func TestTheLatestWordHolds(t *testing.T) {
	l, _ := open(t)
	l.must(t, Add, emails("a@x.com", "b@x.com"))
	l.must(t, Revoke, emails("a@x.com", "c@x.com"))
	assert.False(t, l.has(t, "a@x.com"))
	assert.True(t, l.has(t, "b@x.com"))
	l.must(t, Add, emails("c@x.com"))
	assert.True(t, l.has(t, "c@x.com"), "revoked before it was added")
	l.must(t, Add, emails("a@x.com"))
	assert.True(t, l.has(t, "a@x.com"), "added, revoked and added again")
	l.must(t, Revoke, emails("a@x.com", "b@x.com", "c@x.com"))
	set, err := l.Load(t.Context())
	require.NoError(t, err)
	assert.True(t, set.Empty())
	assert.Equal(t, 5, set.Newest())
}

func TestRefreshAddsWhatIsNew(t *testing.T) {
	l, _ := open(t)
	l.must(t, Add, emails("a@x.com"))
	set, err := l.Load(t.Context())
	require.NoError(t, err)
	l.must(t, Add, emails("b@x.com"))
	l.must(t, Revoke, emails("a@x.com"))
	b := MarkOf([]byte("b@x.com"), false)
	assert.False(t, set.Has(audience.Email, b))
	require.NoError(t, set.Refresh(t.Context()))
	assert.True(t, set.Has(audience.Email, b))
	assert.True(t, set.Has(audience.Email, MarkOf([]byte("a@x.com"), false)), "a revocation is for the next who loads the list")
	assert.Equal(t, 3, set.Newest())
}

// TestNobodyIsLost has many writers at once, over storage of both kinds.
func TestNobodyIsLost(t *testing.T) {
	onDisk, _ := open(t)
	memory, err := storage.Open(t.Context(), "mem://")
	require.NoError(t, err)
	defer func() { require.NoError(t, memory.Close()) }()
	for name, l := range map[string]*List{"disk": onDisk, "bucket": Open(memory, "acme")} {
		t.Run(name, func(t *testing.T) {
			const writers, each = 12, 3
			var all sync.WaitGroup
			var mu sync.Mutex
			numbers := map[int]bool{}
			for w := range writers {
				all.Go(func() {
					for i := range each {
						number, _, err := l.Append(context.Background(), Add, noon, emails(fmt.Sprintf("%d-%d@x.com", w, i)))
						assert.NoError(t, err)
						mu.Lock()
						assert.False(t, numbers[number], "two files of one number")
						numbers[number] = true
						mu.Unlock()
					}
				})
			}
			all.Wait()
			for w := range writers {
				for i := range each {
					assert.True(t, l.has(t, fmt.Sprintf("%d-%d@x.com", w, i)))
				}
			}
		})
	}
}

func TestALargeListFindsEveryoneAndNobodyElse(t *testing.T) {
	l, _ := open(t)
	const n = 20_000
	for part := range 4 {
		var some []Entry
		for i := part; i < n; i += 4 {
			some = append(some, entry(audience.Phone, fmt.Sprint(i)))
		}
		l.must(t, Add, some)
	}
	set, err := l.Load(t.Context())
	require.NoError(t, err)
	for i := range n {
		require.True(t, set.Has(audience.Phone, MarkOf([]byte(fmt.Sprint(i)), false)))
		require.False(t, set.Has(audience.Phone, MarkOf([]byte(fmt.Sprint(n+i)), false)))
	}
	for _, edge := range []Mark{1, 1<<64 - 1} {
		assert.False(t, set.Has(audience.Phone, edge))
	}
}

// TestTheListHoldsHashesOnly looks at every byte of it.
func TestTheListHoldsHashesOnly(t *testing.T) {
	l, work := open(t)
	l.must(t, Add, []Entry{entry(audience.ExternID, "customer-4711"), entry(audience.MADID, "aebe52e7-03ee-455a-b3c4-e57283966239"), entry(audience.Email, "ann@example.com")})
	objects, err := work.List(t.Context(), "")
	require.NoError(t, err)
	require.Len(t, objects, 1)
	assert.Equal(t, "suppression/acme/list/00000001.parquet", objects[0].Key)
	data, err := work.Read(t.Context(), objects[0].Key)
	require.NoError(t, err)
	for _, value := range []string{"4711", "aebe52e7", "ann@"} {
		assert.NotContains(t, string(data), value)
	}
}

func TestAListThatIsNoneStops(t *testing.T) {
	for _, c := range []struct{ name, file, content, want string }{
		{"a stranger", "notes.txt", "hello", "notes.txt is none of its files"},
		{"another number", "1.parquet", "hello", "1.parquet is none of its files"},
		{"no Parquet", "00000001.parquet", "hello", "is not a Parquet file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, work := open(t)
			require.NoError(t, work.Write(t.Context(), "suppression/acme/list/"+c.file, []byte(c.content)))
			_, err := l.Load(t.Context())
			require.ErrorContains(t, err, c.want)
			assert.Equal(t, audience.Invalid, audience.ClassOf(err))
		})
	}
	l, work := open(t)
	l.must(t, Add, emails("a@x.com"))
	data, err := work.Read(t.Context(), "suppression/acme/list/00000001.parquet")
	require.NoError(t, err)
	broken := strings.Replace(string(data), `"kind":"add"`, `"kind":"xyz"`, 1)
	require.NotEqual(t, string(data), broken)
	require.NoError(t, work.Write(t.Context(), "suppression/acme/list/00000001.parquet", []byte(broken)))
	_, err = l.Load(t.Context())
	require.ErrorContains(t, err, "does not say whether it adds or revokes")
}

func TestTenantsHaveListsOfTheirOwn(t *testing.T) {
	l, work := open(t)
	l.must(t, Add, emails("a@x.com"))
	assert.True(t, l.has(t, "a@x.com"))
	assert.False(t, Open(work, "other").has(t, "a@x.com"))
}
