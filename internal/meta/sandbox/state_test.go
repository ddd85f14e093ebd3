package sandbox_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

// TestKilledWhileWriting cuts the journal at every byte of its last batch: what was acknowledged before is all there, and
// the sandbox goes on from it.
func TestKilledWhileWriting(t *testing.T) {
	cfg := sandbox.Config{State: t.TempDir()}
	m := open(t, cfg)
	id := m.audience("")
	m.add(id, "EMAIL", batch(1, 1), hash("a"), hash("b")).ack(t)
	file := filepath.Join(cfg.State, id+".log")
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	m.add(id, "EMAIL", batch(1, 2), hash("c"), hash("d")).ack(t)
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, m.Close())

	for cut := len(before); cut < len(after); cut++ {
		require.NoError(t, os.WriteFile(file, after[:cut], 0o600))
		m := open(t, cfg)
		require.Equal(t, want("EMAIL=a", "EMAIL=b"), m.members(id), "cut at %d", cut)
		received, _ := m.add(id, "EMAIL", batch(1, 2), hash("c"), hash("d")).ack(t)
		require.Equal(t, 4, received)
		require.NoError(t, m.Close())
		whole := open(t, cfg)
		require.Equal(t, want("EMAIL=a", "EMAIL=b", "EMAIL=c", "EMAIL=d"), whole.members(id), "cut at %d", cut)
		require.NoError(t, whole.Close())
	}
}

func TestDamagedByteEndsTheJournal(t *testing.T) {
	cfg := sandbox.Config{State: t.TempDir()}
	m := open(t, cfg)
	id := m.audience("")
	m.add(id, "EMAIL", nil, hash("a")).ack(t)
	m.add(id, "EMAIL", nil, hash("b")).ack(t)
	require.NoError(t, m.Close())
	file := filepath.Join(cfg.State, id+".log")
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	at := strings.LastIndex(string(data), hash("b"))
	data[at] ^= 1
	require.NoError(t, os.WriteFile(file, data, 0o600))
	assert.Equal(t, want("EMAIL=a"), open(t, cfg).members(id))
}

func TestAudiencesSurvive(t *testing.T) {
	cfg := sandbox.Config{State: t.TempDir()}
	m := open(t, cfg)
	kept, deleted := m.audience("Ours cleanreach:acme/vip"), m.audience("")
	assert.Equal(t, 200, m.call("DELETE", "/v26.0/"+deleted, nil).status)
	again := open(t, cfg)
	list := again.call("GET", "/v26.0/act_42/customaudiences?fields=id,description", nil).body["data"]
	assert.Equal(t, []any{map[string]any{"id": kept, "description": "Ours cleanreach:acme/vip"}}, list)
	third := again.audience("")
	assert.NotContains(t, []string{kept, deleted}, third, "ids are not given out twice")
	assert.NoFileExists(t, filepath.Join(cfg.State, deleted+".log"))
}

// TestFullDisk puts a folder without room for the journal: a batch that cannot be kept is refused, and leaves nothing.
func TestFullDisk(t *testing.T) {
	cfg := sandbox.Config{State: t.TempDir()}
	m := open(t, cfg)
	id := m.audience("")
	m.add(id, "EMAIL", batch(1, 1), hash("a")).ack(t)
	require.NoError(t, m.Close()) // writing to a closed file fails as a full disk does
	a := m.add(id, "EMAIL", batch(1, 2), hash("b"))
	code, _ := a.code()
	assert.Equal(t, []int{500, 1}, []int{a.status, code})
	a = m.call("POST", "/v26.0/act_42/customaudiences", `{"name":"n","subtype":"CUSTOM","customer_file_source":"USER_PROVIDED_ONLY"}`)
	assert.Equal(t, 500, a.status)

	again := open(t, cfg)
	assert.Equal(t, want("EMAIL=a"), again.members(id))
	received, _ := again.add(id, "EMAIL", batch(1, 2), hash("b")).ack(t)
	assert.Equal(t, 2, received)
	assert.Equal(t, want("EMAIL=a", "EMAIL=b"), again.members(id))
}

func TestBatchesAtOnce(t *testing.T) {
	m := open(t, sandbox.Config{State: t.TempDir()})
	id := m.audience("")
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for seq := range 10 {
				// Every row comes twice, from two workers.
				a := m.add(id, "EMAIL", batch(int64(worker+1), seq+1), rowsOf(50, (worker/2*10+seq)*50)...)
				assert.Equal(t, 200, a.status, a.text)
			}
		})
	}
	group.Go(func() {
		for range 10 {
			assert.Equal(t, 200, m.call("GET", "/v26.0/"+id+"?fields=operation_status", nil).status)
			assert.Equal(t, http.StatusOK, m.call("GET", "/sandbox/audiences/"+id+"/members", nil).status)
		}
	})
	group.Wait()
	people := m.members(id)
	assert.Len(t, people, 1000)
}
