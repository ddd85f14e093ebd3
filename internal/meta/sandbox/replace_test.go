package sandbox_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

// filled is an audience with somebody in it: one without was never uploaded to, and cannot be replaced.
func (m meta) filled() string {
	m.t.Helper()
	id := m.audience("")
	m.add(id, "EMAIL", nil, hash("old"), hash("kept")).ack(m.t)
	return id
}

func TestReplace(t *testing.T) {
	cfg := sandbox.Config{State: t.TempDir()}
	m := open(t, cfg)
	id := m.filled()
	received, _ := m.replace(id, "EMAIL", batch(9, 1), hash("a"), hash("kept")).ack(t)
	assert.Equal(t, 2, received)
	assert.Equal(t, 414, m.status(id))
	assert.Equal(t, want("EMAIL=a", "EMAIL=kept"), m.members(id), "everybody else has gone with the first batch")

	// The next batches come in any order, and again; a sandbox that was killed goes on.
	m = open(t, cfg)
	m.replace(id, "EMAIL", batch(9, 3), hash("c"), "bad").ack(t)
	received, invalid := m.replace(id, "EMAIL", batch(9, 3), hash("c"), "bad").ack(t)
	assert.Equal(t, []int{4, 1}, []int{received, invalid})
	m.replace(id, "EMAIL", batch(9, 2), hash("b")).ack(t)
	assert.Equal(t, "uploading", m.session(id, 9)["stage"])
	m.replace(id, "EMAIL", last(9, 4), hash("d")).ack(t)
	assert.Equal(t, "finished", m.session(id, 9)["stage"])
	assert.Equal(t, 200, m.status(id))
	for _, m := range []meta{m, open(t, cfg)} {
		assert.Equal(t, want("EMAIL=a", "EMAIL=kept", "EMAIL=c", "EMAIL=b", "EMAIL=d"), m.members(id))
		assert.Contains(t, m.call("GET", "/sandbox/audiences", nil).text, `"members":5,"batches":6,"repeats":1,`)
	}
	m.add(id, "EMAIL", nil, hash("late")).ack(t)
}

// TestReplaceRules has one line for each rule. Every audience was replaced by one batch of a session 1, and has x.
func TestReplaceRules(t *testing.T) {
	tests := []struct {
		name          string
		begin         session
		after         time.Duration
		method, edge  string
		schema        string
		next          session
		code, subcode int
	}{
		{"another batch", batch(1, 1), 0, "POST", "usersreplace", "EMAIL", batch(1, 2), 0, 0},
		{"at the last moment", batch(1, 1), 90 * time.Minute, "POST", "usersreplace", "EMAIL", batch(1, 2), 0, 0},
		{"the first batch again", batch(1, 1), 0, "POST", "usersreplace", "EMAIL", batch(1, 1), 2650, 1870145},
		{"another replace", batch(1, 1), 0, "POST", "usersreplace", "EMAIL", batch(2, 1), 2650, 1870145},
		{"a session without its first batch", batch(1, 1), 0, "POST", "usersreplace", "EMAIL", batch(2, 2), 2650, 1870147},
		{"too late", batch(1, 1), 91 * time.Minute, "POST", "usersreplace", "EMAIL", batch(1, 2), 2650, 1870158},
		{"the last batch, too late", batch(1, 1), 91 * time.Minute, "POST", "usersreplace", "EMAIL", last(1, 2), 2650, 1870158},
		{"after the last batch", last(1, 1), 0, "POST", "usersreplace", "EMAIL", batch(1, 2), 2650, 1870159},
		{"the last batch again", last(1, 1), 0, "POST", "usersreplace", "EMAIL", last(1, 1), 2650, 1870159},
		{"another replace after it", last(1, 1), 0, "POST", "usersreplace", "EMAIL", batch(2, 1), 0, 0},
		{"another replace after a timeout", batch(1, 1), 91 * time.Minute, "POST", "usersreplace", "EMAIL", batch(2, 1), 0, 0},
		{"another schema", batch(1, 1), 0, "POST", "usersreplace", "PHONE", batch(1, 2), 100, 0},
		{"no session", batch(1, 1), 0, "POST", "usersreplace", "EMAIL", nil, 194, 0},
		{"adding meanwhile", batch(1, 1), 0, "POST", "users", "EMAIL", nil, 2650, 1870145},
		{"removing meanwhile", batch(1, 1), 0, "DELETE", "users", "EMAIL", nil, 2650, 1870145},
		{"adding to the session", last(1, 1), 0, "POST", "users", "EMAIL", batch(1, 2), 100, 0},
		{"adding after it", last(1, 1), 0, "POST", "users", "EMAIL", nil, 0, 0},
		{"adding after a timeout", batch(1, 1), 91 * time.Minute, "POST", "users", "EMAIL", nil, 0, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			clock := sandbox.NewClock(time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC))
			cfg := sandbox.Config{State: t.TempDir(), Clock: clock}
			m := open(t, cfg)
			id := m.filled()
			m.replace(id, "EMAIL", test.begin, hash("x")).ack(t)
			clock.Advance(test.after)
			for i, m := range []meta{m, open(t, cfg)} {
				if i == 1 && test.code == 0 {
					break // it was done
				}
				a := m.upload(test.method, "/v26.0/"+id+"/"+test.edge, test.schema, test.next, hash("next"))
				if test.code != 0 {
					a.fails(t, test.code, test.subcode)
					assert.Equal(t, want("EMAIL=x"), m.members(id))
					continue
				}
				a.ack(t)
				assert.Contains(t, m.members(id), "EMAIL="+short("next"))
			}
		})
	}
}

func TestReplaceNeedsANormalAudience(t *testing.T) {
	for status, want := range map[int][2]int{471: {100, 1713230}, 414: {2650, 1870145}, 415: {2650, 0}, 411: {2650, 0}} {
		m := open(t, sandbox.Config{})
		id := m.filled()
		require.Equal(t, 200, m.call("POST", "/sandbox/audiences/"+id, map[string]int{"operation_status": status}).status)
		m.replace(id, "EMAIL", batch(1, 1), hash("a")).fails(t, want[0], want[1])
		assert.Len(t, m.members(id), 2, "status %d", status)
	}
	m := open(t, sandbox.Config{ReplaceBelow: 3})
	empty := m.audience("")
	m.replace(empty, "EMAIL", batch(1, 1), hash("a")).fails(t, 2650, 0)
	id := m.filled()
	m.replace(id, "EMAIL", last(2, 1), rowsOf(3, 0)...).ack(t)
	m.replace(id, "EMAIL", batch(3, 1), hash("a")).fails(t, 2650, 1870144)
	m.users("DELETE", id, "EMAIL", nil, rowsOf(1, 0)...).ack(t)
	m.replace(id, "EMAIL", last(4, 1), hash("a")).ack(t)
}

// TestStuckReplace is a replace that Meta does not close: only a last batch does.
func TestStuckReplace(t *testing.T) {
	clock := sandbox.NewClock(time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC))
	cfg := sandbox.Config{State: t.TempDir(), Clock: clock, Replacing: 10 * time.Minute}
	m := open(t, cfg)
	id := m.filled()
	require.NoError(t, m.SetFault(sandbox.Fault{Fault: "stuck_replace", On: "usersreplace", Count: 1}))
	m.replace(id, "EMAIL", batch(1, 1), hash("a")).ack(t)
	clock.Advance(5 * time.Hour)
	m = open(t, cfg)
	assert.Equal(t, 414, m.status(id))
	assert.Equal(t, "uploading", m.session(id, 1)["stage"])
	m.replace(id, "EMAIL", batch(1, 2), hash("b")).fails(t, 2650, 1870158)
	m.replace(id, "EMAIL", last(1, 2), hash("b")).ack(t)
	assert.Equal(t, "finished", m.session(id, 1)["stage"])
	assert.Equal(t, 414, m.status(id), "Meta is not done with it yet")
	clock.Advance(10 * time.Minute)
	assert.Equal(t, 200, m.status(id))
	assert.Equal(t, want("EMAIL=a", "EMAIL=b"), m.members(id))
}

// TestReplaceThatCannotBeKept has a disk that fails in the first batch: nobody is removed.
func TestReplaceThatCannotBeKept(t *testing.T) {
	cfg := sandbox.Config{State: t.TempDir()}
	m := open(t, cfg)
	id := m.filled()
	require.NoError(t, m.Close())
	m.replace(id, "EMAIL", batch(1, 1), hash("a")).fails(t, 1, 0)
	assert.Equal(t, 200, m.status(id))
	again := open(t, cfg)
	assert.Equal(t, want("EMAIL=old", "EMAIL=kept"), again.members(id))
	again.replace(id, "EMAIL", batch(1, 1), hash("a")).ack(t)
	assert.Equal(t, want("EMAIL=a"), again.members(id))
}

// TestReplaceInParallel has workers that share one session.
func TestReplaceInParallel(t *testing.T) {
	m := open(t, sandbox.Config{})
	id := m.filled()
	m.replace(id, "EMAIL", batch(1, 1), rowsOf(50, 0)...).ack(t)
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for seq := range 10 {
				n := 1 + worker*10 + seq
				a := m.replace(id, "EMAIL", batch(1, n+1), rowsOf(50, n*50)...)
				assert.Equal(t, 200, a.status, a.text)
			}
		})
	}
	group.Wait()
	received, _ := m.replace(id, "EMAIL", last(1, 42), rowsOf(50, 41*50)...).ack(t)
	assert.Equal(t, 42*50, received)
	assert.Len(t, m.members(id), 42*50)
}

// TestAcknowledgedTwice counts the batches that a client sends although it knows that they were taken.
func TestAcknowledgedTwice(t *testing.T) {
	m := open(t, sandbox.Config{})
	id := m.filled()
	again := func(n int) {
		t.Helper()
		assert.Contains(t, m.call("GET", "/sandbox/audiences", nil).text, fmt.Sprintf(`,"again":%d}`, n))
	}
	m.replace(id, "EMAIL", batch(1, 1), hash("a")).ack(t)
	require.NoError(t, m.SetFault(sandbox.Fault{Fault: "drop_response", Count: 1}))
	require.NoError(t, m.SetFault(sandbox.Fault{Fault: "server_error", Done: true, Count: 1}))
	assert.Panics(t, func() { m.replace(id, "EMAIL", batch(1, 2), hash("b")) })
	m.replace(id, "EMAIL", batch(1, 2), hash("b")).fails(t, 2, 0)
	m.replace(id, "EMAIL", batch(1, 2), hash("b")).ack(t)
	again(0)
	m.replace(id, "EMAIL", batch(1, 2), hash("b")).ack(t)
	m.replace(id, "EMAIL", batch(1, 1), hash("b")).fails(t, 2650, 1870145)
	again(1)
}

func TestUsersOfAnyAudience(t *testing.T) {
	cfg := sandbox.Config{State: t.TempDir()}
	m := open(t, cfg)
	one, two, unused := m.audience(""), m.audience(""), m.audience("")
	m.add(one, "EMAIL", nil, hash("a"), hash("b")).ack(t)
	m.add(two, "EMAIL,FN", nil, hash("a")+","+hash("f")).ack(t)
	elsewhere := m.call("POST", "/v26.0/act_43/customaudiences", `{"name":"n","subtype":"CUSTOM","customer_file_source":"USER_PROVIDED_ONLY"}`).body["id"].(string)
	m.add(elsewhere, "EMAIL", nil, hash("a")).ack(t)
	m.replace(two, "EMAIL", batch(5, 1), hash("a"), hash("c")).ack(t)

	a := m.upload("DELETE", "/v26.0/act_42/usersofanyaudience", "EMAIL", session{"session_id": 6, "batch_seq": 1}, hash("a"), "bad")
	received, invalid := a.ack(t)
	assert.Equal(t, []int{2, 1}, []int{received, invalid})
	assert.Equal(t, "6", a.body["session_id"])
	assert.NotContains(t, a.body, "audience_id")
	for _, m := range []meta{m, open(t, cfg)} {
		assert.Equal(t, want("EMAIL=b"), m.members(one))
		assert.Equal(t, want("EMAIL=c"), m.members(two), "in the middle of a replace")
		assert.Equal(t, want("EMAIL=a"), m.members(elsewhere), "another ad account")
		assert.Equal(t, 410, m.status(unused))
	}
	m.upload("DELETE", "/v26.0/act_42/usersofanyaudience", "SHOE", nil, "44").fails(t, 100, 0)
	m.upload("POST", "/v26.0/act_42/usersofanyaudience", "EMAIL", nil, hash("b")).fails(t, 100, 33)
}
