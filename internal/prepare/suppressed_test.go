package prepare

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/suppression"
)

// suppress puts a value onto the list of the bench's tenant.
func (b *bench) suppress(key audience.Key, canonical string) *bench {
	b.Helper()
	b.deps.Suppression = suppression.Open(b.catalog, "acme")
	e := suppression.Entry{Key: key}
	identity.AppendHash(e.Hash[:0], []byte(canonical))
	_, _, err := b.deps.Suppression.Append(b.Context(), suppression.Add, today, []suppression.Entry{e})
	require.NoError(b, err)
	return b
}

const optedOutFile = "customer_id,Email,Last Name\n" +
	"C-1,Zoe@Example.com,Müller\n" +
	"C-2,ann@example.org,O'Neil\n" +
	"C-3,,Lee\n" +
	"C-4,b9b7b2f4e4b1a0bd0b1ffb9b3f05e7b6a4c44a1a1c5f1a37f40f0b2a4e8a9d11,Kim\n"

func TestPeopleWhoOptedOutAreLeftOut(t *testing.T) {
	for _, c := range []struct {
		name  string
		key   audience.Key
		value string
		left  []string // customer ids
	}{
		{"by the canonical address", audience.Email, "zoe@example.com", []string{"C-2", "C-3", "C-4"}},
		{"by the customer's id", audience.ExternID, "C-3", []string{"C-1", "C-2", "C-4"}},
		{"not by the same text under another key", audience.Phone, "C-3", []string{"C-1", "C-2", "C-3", "C-4"}},
		{"not by a name", audience.LastName, "lee", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t).put("a.csv", optedOutFile).suppress(c.key, c.value)
			if c.left == nil { // nothing that only describes is on a list
				_, err := b.run()
				require.ErrorContains(t, err, "is no entry")
				return
			}
			doc := b.prepared()
			assert.Equal(t, int64(4-len(c.left)), doc.Suppressed)
			assert.Equal(t, int64(len(c.left)), doc.Prepared)
			assert.Equal(t, 1, doc.SuppressionList)
			var ids []string
			for _, row := range b.rows(audience.PreparedDir) {
				ids = append(ids, row[:3])
			}
			assert.ElementsMatch(t, c.left, ids)
			assert.Empty(t, b.rows(audience.QuarantineDir), "whoever opted out is in no file")
		})
	}
}

// TestAnAddressThatCameAsAHashIsFoundToo: the list has the hash of the address, and so has the file.
func TestAnAddressThatCameAsAHashIsFoundToo(t *testing.T) {
	b := newBench(t).put("a.csv", "customer_id,Email,Last Name\nC-1,"+hashOf("zoe@example.com")+",Lee\nC-2,ann@example.org,Lee\n").
		suppress(audience.Email, "zoe@example.com")
	assert.Equal(t, int64(1), b.prepared().Suppressed)
}

func TestNobodyIsLeftOutWithoutAList(t *testing.T) {
	b := newBench(t).put("a.csv", optedOutFile)
	b.deps.Suppression = suppression.Open(b.catalog, "acme")
	doc := b.prepared()
	assert.Zero(t, doc.Suppressed)
	assert.Zero(t, doc.SuppressionList)
}

func TestARunThatRemovesLeavesNobodyOut(t *testing.T) {
	b := newBench(t).define(map[string]any{"meta.mode": audience.ModeRemove}).put("a.csv", optedOutFile).suppress(audience.ExternID, "C-3")
	assert.Zero(t, b.prepared().Suppressed)
}

// TestTheInvalidRatioIsOfTheRowsThatMayBeUsed: who opted out counts neither way.
func TestTheInvalidRatioIsOfTheRowsThatMayBeUsed(t *testing.T) {
	b := newBench(t).define(map[string]any{"limits.max_invalid_ratio": 0.3}).put("a.csv", optedOutFile+"ragged\n").suppress(audience.ExternID, "C-3")
	doc := b.prepared()
	assert.InDelta(t, 0.25, doc.InvalidRatio(), 1e-9)
}
