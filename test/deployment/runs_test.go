package deployment

import (
	"encoding/json"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

func (d *deployed) withoutToken(t *testing.T) {
	e := d.execute("no-token", "acme", "loyal")
	secrets := secretsmanager.NewFromConfig(d.admin)
	for _, tenant := range []string{"acme", "globex"} {
		_, err := secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: aws.String(prefix + "/" + tenant + "/meta"), SecretString: aws.String("a-token")})
		require.NoError(t, err)
	}
	require.Error(t, e.err)
	assert.Contains(t, e.err.Error(), "acme/meta")
	assert.False(t, e.entered("StartQuery"), "nothing may cost money before the token is there")
	assert.Len(t, d.messages(d.out.queues.DeadLetters), 1)
	events := d.messages(d.out.queues.RunEvents)
	require.Len(t, events, 1)
	assert.Contains(t, events[0], "Run Failed")
}

func (d *deployed) succeeds(t *testing.T) {
	archived := d.archived()
	e := d.execute("first", "acme", "loyal")
	require.NoError(t, e.err, d.said())
	var report audience.Report
	require.NoError(t, json.Unmarshal(d.read(d.out.buckets.Work, "runs/acme/loyal/first/report.json"), &report))
	require.NoError(t, report.Rows.Balance())
	assert.Positive(t, report.Rows.Sent)
	assert.Positive(t, report.Rows.Quarantined)
	assert.Equal(t, report.Rows.Sent, report.Rows.Received)
	got := membersOf(t, d.meta, report.AudienceID)
	assert.Equal(t, d.localMembers(t), got, "one machine and the deployment reach the same people")
	events := d.messages(d.out.queues.RunEvents)
	require.Len(t, events, 1)
	assert.Contains(t, events[0], "Run Completed")
	assert.Equal(t, archived+1, d.archived(), "the end is in the archive")
	assert.Empty(t, d.messages(d.out.queues.DeadLetters))
}

// archived is the number of events in the archive.
func (d *deployed) archived() int64 {
	d.t.Helper()
	client := eventbridge.NewFromConfig(d.admin)
	list, err := client.ListArchives(d.t.Context(), &eventbridge.ListArchivesInput{})
	require.NoError(d.t, err)
	require.Len(d.t, list.Archives, 1)
	out, err := client.DescribeArchive(d.t.Context(), &eventbridge.DescribeArchiveInput{ArchiveName: list.Archives[0].ArchiveName})
	require.NoError(d.t, err)
	return out.EventCount
}

// membersOf lists an audience's people.
func membersOf(t *testing.T, server *sandbox.Server, id string) []string {
	t.Helper()
	people, err := server.Members(id)
	require.NoError(t, err)
	all := make([]string, 0, len(people))
	for _, p := range people {
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(p)) {
			parts = append(parts, key+"="+p[key])
		}
		all = append(all, strings.Join(parts, " "))
	}
	slices.Sort(all)
	return all
}

// localMembers runs the deployed audience's definition on this machine, into a sandbox of its own.
func (d *deployed) localMembers(t *testing.T) []string {
	t.Helper()
	var definition map[string]any
	require.NoError(t, json.Unmarshal(d.read(d.out.buckets.Work, "audiences/acme/loyal.json"), &definition))
	source, ok := definition["source"].(map[string]any)
	require.True(t, ok)
	source["path"] = filepath.Join(d.demo, "customers")
	data, err := json.Marshal(definition)
	require.NoError(t, err)
	file := filepath.Join(d.demo, "loyal.json")
	require.NoError(t, os.WriteFile(file, data, 0o600))
	server, err := sandbox.New(sandbox.Config{})
	require.NoError(t, err)
	web := httptest.NewServer(server)
	defer web.Close()
	out := t.TempDir()
	cmd := exec.CommandContext(t.Context(), filepath.Join(programs, "cleanreach-local"), "-out", out, "-run", "local", "-meta", web.URL,
		"-waits", "0.01", "-audience", file, "-room", filepath.Join(d.demo, "room.json"))
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + out, "CLEANREACH_META_TOKEN=t"}
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, string(said))
	var report audience.Report
	data, err = os.ReadFile(filepath.Join(out, "local", audience.ReportFile))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &report))
	members := membersOf(t, server, report.AudienceID)
	require.NotEmpty(t, members)
	return members
}

func (d *deployed) fails(t *testing.T) {
	require.NoError(t, d.meta.SetFault(sandbox.Fault{Fault: "error", On: "users", Code: 200}))
	e := d.execute("second", "acme", "loyal")
	d.meta.ClearFaults()
	require.Error(t, e.err)
	letters := d.messages(d.out.queues.DeadLetters)
	kinds := map[string]int{}
	for _, letter := range letters {
		var l struct{ Kind string }
		require.NoError(t, json.Unmarshal([]byte(letter), &l))
		kinds[l.Kind]++
	}
	assert.Positive(t, kinds["chunk"], letters) // the first that fails may end the others
	assert.Equal(t, 1, kinds["run"], letters)
	require.Len(t, d.messages(d.out.queues.RunEvents), 1)
}
