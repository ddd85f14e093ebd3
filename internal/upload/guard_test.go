package upload

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/suppression"
)

var guardColumns = []string{"extern_id", "email", "madid", "ln"}

// guarded makes a run of 25 people, of whom the first 15 have an EXTERN_ID: batches of 10, 5 and 10.
func guarded(t *testing.T) (*bench, *suppression.List) {
	t.Helper()
	var rows [][]string
	for i := range 25 {
		extern := ""
		if i < 15 {
			extern = fmt.Sprintf("c-%d", i)
		}
		rows = append(rows, []string{extern, fmt.Sprintf("p%d@example.com", i), fmt.Sprintf("aebe52e7-03ee-455a-b3c4-e572839662%02d", i), "lee"})
	}
	b := newBench(t, guardColumns, rows)
	list := suppression.Open(b.deps.Folder.Sub("bucket"), "acme")
	b.deps.Suppression = list
	return b, list
}

func suppress(t *testing.T, list *suppression.List, key audience.Key, values ...string) {
	t.Helper()
	var entries []suppression.Entry
	for _, v := range values {
		e := suppression.Entry{Key: key}
		identity.AppendHash(e.Hash[:0], []byte(v))
		entries = append(entries, e)
	}
	_, _, err := list.Append(t.Context(), suppression.Add, time.Now(), entries)
	require.NoError(t, err)
}

// without are the members of the undisturbed run but for some people.
func without(t *testing.T, gone ...int) []string {
	t.Helper()
	b, _ := guarded(t)
	require.NoError(t, b.run())
	members := b.meta.members
	require.Len(t, members, 25)
	for _, i := range gone {
		n := len(members)
		maps.DeleteFunc(members, func(m string, _ bool) bool { return strings.Contains(m, "EMAIL="+emailOf(i)) })
		require.Len(t, members, n-1)
	}
	return b.meta.list()
}

// emailOf is what Meta is sent of a person's address.
func emailOf(i int) string {
	return string(identity.AppendHash(nil, fmt.Appendf(nil, "p%d@example.com", i)))
}

func TestPeopleWhoOptedOutAreNotSent(t *testing.T) {
	for _, key := range []struct {
		key    audience.Key
		values [2]string // of the people 3 and 20
		gone   []int
	}{
		{audience.Email, [2]string{"p3@example.com", "p20@example.com"}, []int{3, 20}},
		{audience.ExternID, [2]string{"c-3", "c-20"}, []int{3}}, // who is 20 has none
		{audience.MADID, [2]string{"aebe52e7-03ee-455a-b3c4-e57283966203", "aebe52e7-03ee-455a-b3c4-e57283966220"}, []int{3, 20}},
		{audience.Phone, [2]string{"p3@example.com", "c-3"}, nil}, // the same values under another key
	} {
		t.Run(string(key.key), func(t *testing.T) {
			b, list := guarded(t)
			suppress(t, list, key.key, key.values[:]...)
			require.NoError(t, b.run())
			assert.Equal(t, without(t, key.gone...), b.meta.list())
			assert.Equal(t, int64(len(key.gone)), b.receipt.Withheld)
			assert.Equal(t, int64(25-len(key.gone)), b.receipt.Sent)
			assert.Equal(t, b.receipt.Sent, b.receipt.Received)
			assert.Zero(t, b.receipt.Failed)
			assert.Len(t, b.meta.requests, 3, "nobody need be removed who was not sent")
		})
	}
}

// TestABatchOfNothingButOptOuts is not sent at all.
func TestABatchOfNothingButOptOuts(t *testing.T) {
	b, list := guarded(t)
	var all []string
	for i := range 15 {
		all = append(all, fmt.Sprintf("c-%d", i))
	}
	suppress(t, list, audience.ExternID, all...)
	require.NoError(t, b.run())
	require.Len(t, b.meta.requests, 1)
	assert.Equal(t, int64(15), b.receipt.Withheld)
	assert.Equal(t, int64(10), b.receipt.Sent)
	require.Len(t, b.receipt.Batches, 3)
	require.NoError(t, b.run(), "a chunk that is done stays so")
	assert.Len(t, b.meta.requests, 1)
}

// TestWhoOptsOutWhileARunUploads has somebody opt out at each moment of a run: of the requests that begin later none has
// them, and who was sent by then is removed.
func TestWhoOptsOutWhileARunUploads(t *testing.T) {
	opted := []string{emailOf(3), emailOf(12), emailOf(20)} // of the first batch, the second and the third
	for at := 1; at <= 3; at++ {
		for _, moment := range []string{"before Meta has the batch", "after Meta has the batch", "the answer is lost"} {
			t.Run(fmt.Sprintf("batch %d, %s", at, moment), func(t *testing.T) {
				b, list := guarded(t)
				optedAt := 0
				optOut := func(n int) {
					if n == at {
						suppress(t, list, audience.Email, "p3@example.com", "p12@example.com", "p20@example.com")
						optedAt = n
					}
				}
				b.meta.before = func(n int, _ *request) error {
					if moment == "before Meta has the batch" {
						optOut(n)
					}
					return nil
				}
				b.meta.after = func(n int, r *request, _ *meta.Ack) error {
					if moment == "before Meta has the batch" {
						return nil
					}
					optOut(n)
					if moment == "the answer is lost" {
						return failAt(at, errLost)(n, r)
					}
					return nil
				}
				if err := b.run(); moment == "the answer is lost" {
					require.Error(t, err)
					require.NoError(t, b.run())
				} else {
					require.NoError(t, err)
				}
				require.NotZero(t, optedAt)
				for i, r := range b.meta.requests[optedAt:] {
					for _, row := range r.data {
						for _, email := range opted {
							assert.False(t, !r.remove && slices.Contains(row, email), "request %d adds somebody who opted out", optedAt+i+1)
						}
					}
				}
				// The person of an earlier batch was in before the opt-out, and is cleanreach optout's own to remove.
				assert.Equal(t, without(t, []int{3, 12, 20}[at-1:]...), b.meta.list())
				assert.Equal(t, int64(4-at), b.receipt.Withheld)
				assert.Equal(t, int64(21+at), b.receipt.Sent)
				assert.Zero(t, b.receipt.Failed)
				assert.True(t, b.receipt.Done)
			})
		}
	}
}

func TestARunThatRemovesAsksNoList(t *testing.T) {
	b, list := guarded(t)
	b.mode(audience.ModeRemove)
	suppress(t, list, audience.Email, "p3@example.com")
	require.NoError(t, b.run())
	assert.Zero(t, b.receipt.Withheld)
	assert.Equal(t, int64(25), b.receipt.Sent)
}

// TestNothingIsSentWithoutTheList: a list that cannot be read is not a list of nobody.
func TestNothingIsSentWithoutTheList(t *testing.T) {
	b, list := guarded(t)
	suppress(t, list, audience.Email, "p3@example.com")
	require.NoError(t, b.deps.Folder.Write(t.Context(), "bucket/suppression/acme/list/00000002.parquet", []byte("half a file")))
	require.ErrorContains(t, b.run(), "read the suppression list")
	assert.Empty(t, b.meta.requests)
	assert.Equal(t, int64(25), b.receipt.Failed)
}
