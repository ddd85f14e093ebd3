package cleanroom

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/storage"
)

// endedProcess gives the number of a process that has ended.
func endedProcess(t *testing.T) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "true")
	require.NoError(t, cmd.Run())
	return cmd.Process.Pid
}

func TestAnotherProcessFindsTheQuery(t *testing.T) {
	state, err := storage.Open(t.Context(), storage.FileURL(t.TempDir()))
	require.NoError(t, err)
	defer func() { assert.NoError(t, state.Close()) }()
	first := matchRoom(t, Config{State: state})
	in := startInput(matchQuery + " WHERE p.segment <> 'nobody'")
	ended := first.run(t, in)
	require.Equal(t, Success, ended.Status)

	second := matchRoom(t, Config{State: state})
	get := QueryInput{MembershipIdentifier: acmeMembership, ProtectedQueryIdentifier: ended.ID}
	found, err := second.Get(t.Context(), get)
	require.NoError(t, err)
	assert.Equal(t, Success, found.Status)
	assert.Equal(t, ended.Result, found.Result)
	assert.Equal(t, ended.Statistics, found.Statistics)
	get.TargetStatus = "CANCELLED"
	_, err = second.Cancel(t.Context(), get)
	wantError(t, err, nameConflict, "ended as SUCCESS")
	text, err := state.Read(t.Context(), ended.ID+".json")
	require.NoError(t, err)
	assert.NotContains(t, string(text), "nobody", "the query's text may hold values")
}

func TestAKilledQueryMayRunAgain(t *testing.T) {
	state, err := storage.Open(t.Context(), storage.FileURL(t.TempDir()))
	require.NoError(t, err)
	defer func() { assert.NoError(t, state.Close()) }()
	room := matchRoom(t, Config{State: state})
	in := startInput(matchQuery)
	for _, c := range []struct {
		name       string
		process    int
		membership string
		want       Status
	}{
		{"its process has ended", endedProcess(t), acmeMembership, Failed},
		{"its room was closed", os.Getpid(), acmeMembership, Failed},
		{"its process runs", os.Getppid(), acmeMembership, Started},
		{"of another collaboration", os.Getppid(), "12121212-1212-4212-8212-121212121212", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := room.destination(t.Context(), in.s3(), "99999999-0000-4000-8000-000000000000")
			require.NoError(t, err)
			require.NoError(t, out.open())
			write(t, out.files(), "data_0.parquet", "half a file")
			doc := ProtectedQuery{ID: out.id, MembershipID: c.membership, Status: Started, ResultConfiguration: *in.ResultConfiguration}
			require.NoError(t, state.WriteJSON(t.Context(), out.id+".json", remembered{Query: doc, Process: c.process}))
			found, err := room.Get(t.Context(), QueryInput{MembershipIdentifier: acmeMembership, ProtectedQueryIdentifier: out.id})
			if c.want == "" {
				wantError(t, err, nameNotFound, "no such protected query")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, found.Status)
			if c.want == Failed {
				assert.Contains(t, found.Error.Message, "maintenance", "the state machine starts such a query again")
				assert.Empty(t, files(t, room.results), "its half results are gone")
				return
			}
			assert.Len(t, files(t, room.results), 1)
			_, err = room.Cancel(t.Context(), QueryInput{MembershipIdentifier: acmeMembership, ProtectedQueryIdentifier: out.id, TargetStatus: "CANCELLED"})
			wantError(t, err, nameInternal, "another process")
		})
	}
}

func TestSpillOfKilledProcessesIsSwept(t *testing.T) {
	temp := t.TempDir()
	left := filepath.Join(temp, spillPrefix+strconv.Itoa(endedProcess(t))+"-1")
	running := filepath.Join(temp, spillPrefix+strconv.Itoa(os.Getppid())+"-1")
	foreign := filepath.Join(temp, "photos")
	for _, dir := range []string{left, running, foreign} {
		write(t, dir, "stage-0.parquet", "persons")
	}
	matchRoom(t, Config{TempDir: temp})
	assert.NoDirExists(t, left)
	assert.DirExists(t, running)
	assert.DirExists(t, foreign)
}

func TestStateThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	state, err := storage.Open(t.Context(), storage.FileURL(dir))
	require.NoError(t, err)
	require.NoError(t, state.Close())
	room := matchRoom(t, Config{State: state})
	_, err = room.Start(t.Context(), startInput(matchQuery))
	wantError(t, err, nameInternal, "cannot be recorded")
	assert.Empty(t, files(t, room.results))
}
