package deployment

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// modes runs the audience as a mirror and as a replace, with other customers each time, and puts all back as it was.
func (d *deployed) modes(t *testing.T) {
	definition := d.read(d.out.buckets.Work, "audiences/acme/loyal.json")
	everybody := d.localMembers(t)
	begin := d.inMode(t, "begin", audience.ModeMirror)
	assert.Equal(t, audience.ModeReplace, begin.Mode, "nothing is known yet of who is in")
	assert.Equal(t, everybody, membersOf(t, d.meta, begin.AudienceID))

	gone := d.withoutAFile(t)
	leave := d.inMode(t, "leave", audience.ModeMirror)
	assert.Equal(t, audience.ModeMirror, leave.Mode)
	fewer := membersOf(t, d.meta, begin.AudienceID)
	assert.NotEmpty(t, fewer)
	assert.Less(t, len(fewer), len(everybody))

	d.write(d.out.buckets.Raw, "acme/loyal/"+gone.name, gone.data)
	join := d.inMode(t, "join", audience.ModeMirror)
	assert.EqualValues(t, len(everybody)-len(fewer), join.Rows.Sent, "only those who join are sent")
	assert.Equal(t, everybody, membersOf(t, d.meta, begin.AudienceID))

	d.withoutAFile(t)
	replaced := d.inMode(t, "replaced", audience.ModeReplace)
	assert.Equal(t, audience.ModeReplace, replaced.Mode)
	assert.Equal(t, fewer, membersOf(t, d.meta, begin.AudienceID), "whoever is not in the match is out")

	d.write(d.out.buckets.Raw, "acme/loyal/"+gone.name, gone.data)
	d.write(d.out.buckets.Work, "audiences/acme/loyal.json", definition)
	d.messages(d.out.queues.RunEvents)
	assert.Empty(t, d.messages(d.out.queues.DeadLetters))
}

// inMode runs the audience in another mode than its definition's, and gives the report.
func (d *deployed) inMode(t *testing.T, run, mode string) *audience.Report {
	t.Helper()
	var definition map[string]any
	require.NoError(t, json.Unmarshal(d.read(d.out.buckets.Work, "audiences/acme/loyal.json"), &definition))
	definition["meta"].(map[string]any)["mode"] = mode
	data, err := json.Marshal(definition)
	require.NoError(t, err)
	d.write(d.out.buckets.Work, "audiences/acme/loyal.json", data)
	e := d.execute(run, "acme", "loyal")
	require.NoError(t, e.err, tail([]byte(d.said()), 3000))
	assert.Equal(t, mode == audience.ModeMirror, e.entered("Compare"), mode)
	assert.True(t, e.entered("Advance"), mode)
	var report audience.Report
	require.NoError(t, json.Unmarshal(d.read(d.out.buckets.Work, "runs/acme/loyal/"+run+"/report.json"), &report))
	assert.Equal(t, audience.OutcomeSucceeded, report.Outcome, report.Next)
	return &report
}

// A rawFile is one of the customers' files.
type rawFile struct {
	name string
	data []byte
}

// withoutAFile takes the first of the customers' files away.
func (d *deployed) withoutAFile(t *testing.T) rawFile {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(d.demo, "customers", "*"))
	require.NoError(t, err)
	require.Greater(t, len(files), 1)
	f := rawFile{name: filepath.Base(files[0])}
	f.data = d.read(d.out.buckets.Raw, "acme/loyal/"+f.name)
	_, err = s3.NewFromConfig(d.admin).DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &d.out.buckets.Raw, Key: aws.String("acme/loyal/" + f.name)})
	require.NoError(t, err)
	return f
}
