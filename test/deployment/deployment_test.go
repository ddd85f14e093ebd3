package deployment

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	bustypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/hashicorp/terraform-exec/tfexec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/local/demo"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

const (
	prefix         = "cleanreach" // of everything that is deployed
	example        = "terraform/examples/complete"
	partnerAccount = "222222222222"
	database       = prefix
	rows           = 4000 // of the demo
)

// outputs are those of the example.
type outputs struct {
	machine, starter string
	buckets          struct{ Raw, Work, Results string }
	queues           struct {
		DeadLetters string `json:"dead_letters"`
		Undelivered string `json:"undelivered"`
		RunEvents   string `json:"run_events"`
	}
	bus struct {
		Name string
		ARN  string `json:"arn"`
	}
	cluster        string
	collaborations map[string]struct {
		MembershipID string            `json:"membership_id"`
		TemplateARNs map[string]string `json:"template_arns"`
	}
}

// A deployed is the example, applied.
type deployed struct {
	*world

	tf  *tfexec.Terraform
	out outputs
}

func apply(t *testing.T) *deployed {
	t.Helper()
	d := &deployed{world: newWorld(t)}
	d.tf = newTerraform(t, d.front.url, "examples/complete")
	variables, err := json.Marshal(map[string]any{"region": region, "partner_account_id": partnerAccount, "force_destroy": true})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(d.tf.WorkingDir(), "test.auto.tfvars.json"), variables, 0o600))
	started := time.Now()
	require.NoError(t, d.tf.Apply(t.Context(), tfexec.Parallelism(20)))
	t.Logf("applied in %s: %d resources", time.Since(started).Round(time.Second), d.resources())
	values, err := d.tf.Output(t.Context())
	require.NoError(t, err)
	for name, into := range map[string]any{
		"state_machine_arn": &d.out.machine, "starter_arn": &d.out.starter, "buckets": &d.out.buckets, "queues": &d.out.queues,
		"bus": &d.out.bus, "cluster_name": &d.out.cluster, "collaborations": &d.out.collaborations,
	} {
		require.NoError(t, json.Unmarshal(values[name].Value, into), name)
	}
	return d
}

// resources counts what Terraform manages.
func (d *deployed) resources() int {
	d.t.Helper()
	data, err := os.ReadFile(filepath.Join(d.tf.WorkingDir(), "terraform.tfstate"))
	require.NoError(d.t, err)
	var state struct {
		Resources []struct {
			Mode      string
			Instances []json.RawMessage
		}
	}
	require.NoError(d.t, json.Unmarshal(data, &state))
	n := 0
	for _, r := range state.Resources {
		if r.Mode == "managed" {
			n += len(r.Instances)
		}
	}
	return n
}

// falseChanges are what a second plan shows although nothing differs: the emulator does not say that a bucket sends events.
var falseChanges = []string{"module.cleanreach.module.storage.aws_s3_bucket_notification.raw: eventbridge"}

// TestDeployment applies the example, runs what it deployed, and destroys it.
func TestDeployment(t *testing.T) {
	d := apply(t)
	destroyed := false
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("calls that the emulator failed at: %q", d.front.broken.keys())
			t.Logf("the tasks' last words:\n%s", tail([]byte(d.said()), 6000))
		}
	})
	t.Run("a second plan", func(t *testing.T) {
		got, err := changes(t.Context(), d.tf)
		require.NoError(t, err)
		t.Logf("the second plan changes: %q", got)
		assert.Equal(t, falseChanges, got)
	})
	d.prepare()
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"a secret without a value", d.withoutToken},
		{"a run", d.succeeds},
		{"a chunk that fails", d.fails},
		{"requests by events", d.requested},
		{"markers", d.marked},
		{"a schedule", d.scheduled},
		{"policies", d.permissions},
	} {
		t.Run(step.name, func(t *testing.T) {
			d.t = t
			step.run(t)
		})
	}
	t.Run("destroy", func(t *testing.T) {
		d.t = t
		found := d.left()
		for _, q := range questions {
			assert.NotEmpty(t, found[q.what], "the question for %s finds nothing, so it would find nothing that is left", q.what)
		}
		started := time.Now()
		require.NoError(t, d.tf.Destroy(t.Context(), tfexec.Parallelism(20)))
		t.Logf("destroyed in %s", time.Since(started).Round(time.Second))
		assert.Empty(t, d.left())
		destroyed = true
	})
	require.True(t, destroyed)
}

// prepare puts the demo's customers into the deployed bucket and opens the clean room.
func (d *deployed) prepare() {
	t := d.t
	t.Setenv("AWS_ACCESS_KEY_ID", asCleanRooms)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_REGION", region)
	t.Setenv("AWS_ENDPOINT_URL", d.front.url)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	files, err := demo.Write(t.Context(), t.TempDir(), demo.Options{Rows: rows})
	require.NoError(t, err)
	d.demo = filepath.Dir(files.Audience)
	entries, err := os.ReadDir(filepath.Join(d.demo, "customers"))
	require.NoError(t, err)
	for _, entry := range entries {
		if !strings.Contains(entry.Name(), ".csv") { // the example says what its customers' files are
			require.NoError(t, os.Remove(filepath.Join(d.demo, "customers", entry.Name())))
		}
	}
	d.put(filepath.Join(d.demo, "customers"), d.out.buckets.Raw, "acme/loyal/")
	club := d.out.collaborations["loyalty-club"]
	d.collaboration = d.front.stacks.identifier("AWS::CleanRooms::Collaboration")
	d.openRoom(d.demo, club.MembershipID, club.TemplateARNs["members_since"])
	d.findKeys()
}

// execute runs the deployed state machine for an audience.
func (d *deployed) execute(name, tenant, audience string) *execution {
	m := d.machine(prefix)
	m.cluster = "arn:aws:ecs:" + region + ":" + account + ":cluster/" + d.out.cluster
	return m.run(name, map[string]string{"tenant": tenant, "audience": audience})
}

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
	cmd := exec.CommandContext(t.Context(), filepath.Join(programs, "cleanreach-local"), "-out", out, "-run", "local", "-meta", web.URL, //nolint:gosec // ours
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

// deliver runs the starter for everything that was sent to it, as EventBridge would.
func (d *deployed) deliver(times int) []*execution {
	d.t.Helper()
	queue, ok := d.front.targets.of(d.out.starter)
	require.True(d.t, ok, "no rule has the starter for a target")
	m := d.machine(prefix + "-starter")
	var all []*execution
	for _, event := range d.messages(queue) {
		for range times {
			d.front.log.put(apiCall{role: prefix + "-start", action: "states:StartExecution", resource: d.out.starter})
			all = append(all, m.run(fmt.Sprintf("delivery-%d", time.Now().UnixNano()), json.RawMessage(event)))
		}
	}
	return all
}

// started are the executions of the main state machine that the starter started.
func (d *deployed) started() []string {
	d.t.Helper()
	out, err := sfn.NewFromConfig(d.admin).ListExecutions(d.t.Context(), &sfn.ListExecutionsInput{StateMachineArn: &d.out.machine})
	require.NoError(d.t, err)
	var names []string
	for _, e := range out.Executions {
		names = append(names, aws.ToString(e.Name))
	}
	return names
}

func (d *deployed) send(t *testing.T, detail string) {
	t.Helper()
	_, err := eventbridge.NewFromConfig(d.admin).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []bustypes.PutEventsRequestEntry{
		{EventBusName: &d.out.bus.Name, Source: aws.String("crm"), DetailType: aws.String("Run Requested"), Detail: &detail},
	}})
	require.NoError(t, err)
}

func (d *deployed) requested(t *testing.T) {
	d.send(t, `{"tenant": "acme", "audience": "loyal", "id": "42"}`)
	for _, e := range d.deliver(2) {
		require.NoError(t, e.err)
	}
	names := d.started()
	require.Len(t, names, 1, "an event that is delivered twice starts one run")
	assert.True(t, strings.HasPrefix(names[0], "event-"))

	d.send(t, `{"tenant": "nobody", "audience": "loyal"}`)
	for _, e := range d.deliver(1) {
		require.Error(t, e.err)
	}
	letters := d.messages(d.out.queues.Undelivered)
	require.Len(t, letters, 1)
	assert.Contains(t, letters[0], "there is no audience definition at audiences/nobody/loyal.json")
	assert.Len(t, d.started(), 1)
}

func (d *deployed) marked(t *testing.T) {
	for _, c := range []struct{ key, reason string }{
		{"acme/lapsed/_SUCCESS", ""},
		{"acme/unknown/_SUCCESS", "there is no audience definition at audiences/acme/unknown.json"},
	} {
		before := len(d.started())
		d.write(d.out.buckets.Raw, c.key, nil)
		d.front.log.put(apiCall{role: prefix + "-forward", action: "events:PutEvents", resource: d.out.bus.ARN})
		deliveries := d.deliver(2) // twice, as EventBridge may; the emulator also forwards a marker twice
		require.NotEmpty(t, deliveries, c.key)
		if c.reason == "" {
			assert.Len(t, d.started(), before+1)
			continue
		}
		assert.Len(t, d.started(), before)
		letters := d.messages(d.out.queues.Undelivered)
		require.Len(t, letters, len(deliveries))
		assert.Contains(t, letters[0], c.reason)
	}
}

// scheduled does what EventBridge Scheduler does: it takes the schedule's role, puts the time into its input, and starts
// its target, sometimes twice.
func (d *deployed) scheduled(t *testing.T) {
	var schedule struct {
		Target struct {
			ARN     string `json:"Arn"`
			RoleARN string `json:"RoleArn"`
			Input   string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(d.ask("scheduler", "/schedules/loyal?groupName="+prefix+"-acme", "", "")), &schedule))
	require.Equal(t, d.out.starter, schedule.Target.ARN)
	input := strings.ReplaceAll(schedule.Target.Input, "<aws.scheduler.scheduled-time>", "2026-11-24T04:00:00Z")
	require.NotEqual(t, input, schedule.Target.Input)
	before := len(d.started())
	m := d.machine(prefix + "-starter")
	for _, name := range []string{"schedule-1", "schedule-2"} {
		d.front.log.put(apiCall{role: schedule.Target.RoleARN[strings.LastIndexByte(schedule.Target.RoleARN, '/')+1:], action: "states:StartExecution", resource: d.out.starter})
		require.NoError(t, m.run(name, json.RawMessage(input)).err)
	}
	assert.Len(t, d.started(), before+1)
}

func (d *deployed) permissions(t *testing.T) {
	roles := d.roles()
	require.Empty(t, d.front.log.problems)
	calls := d.withImplied(d.front.log.calls())
	compared := compare(roles, calls, exceptions)
	t.Logf("policies and calls:\n%s", compared.table())
	for _, problem := range slices.Concat(compared.problems, d.deniedByBuckets(calls)) {
		t.Error(problem)
	}
	d.noticed(t, roles, calls)
	for _, r := range roles {
		for _, problem := range untrusting(r) {
			t.Error(problem)
		}
	}
}

// deniedByBuckets gives a problem for each call that a bucket's own policy denies.
func (d *deployed) deniedByBuckets(calls []apiCall) []string {
	var problems []string
	for _, call := range calls {
		bucket, _, _ := strings.Cut(strings.TrimPrefix(call.resource, "arn:aws:s3:::"), "/")
		policy, ok := d.front.buckets.policies.get(bucket)
		if !ok || !strings.HasPrefix(call.action, "s3:") {
			continue
		}
		statements, err := parsePolicy(policy)
		if err != nil {
			return []string{bucket + ": " + err.Error()}
		}
		for _, s := range statements {
			if action, _, err := s.matches(call); err != nil || action != "" && s.Effect == "Deny" {
				problems = append(problems, fmt.Sprintf("%s calls %s on %s, and the bucket's statement %s denies it (%v)", call.role, call.action, shape(call.resource), s.Sid, err))
			}
		}
	}
	slices.Sort(problems)
	return slices.Compact(problems)
}

// noticed holds the comparison against faults in the deployed policies themselves: for each role, each statement that calls
// needed is taken away in turn, and a statement that nobody needs is added.
func (d *deployed) noticed(t *testing.T, roles []role, calls []apiCall) {
	t.Helper()
	checked := 0
	for _, r := range roles {
		own := slices.DeleteFunc(slices.Clone(calls), func(c apiCall) bool { return c.role != r.name })
		before := compare([]role{r}, own, nil)
		for name, document := range r.policies {
			statements, err := parsePolicy(document)
			require.NoError(t, err)
			for i, s := range statements {
				if !slices.ContainsFunc(before.grants, func(g *grant) bool { return g.policy == name && g.sid == s.Sid && g.used > 0 }) {
					continue
				}
				problems := compare([]role{r.with(t, name, slices.Delete(slices.Clone(statements), i, i+1))}, own, nil).problems
				if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, "which no policy of it allows") }) {
					t.Errorf("%s could do without its statement %s: another allows the same", r.name, s.Sid)
				}
				checked++
			}
			extra := statement{Sid: "Extra", Effect: "Allow", Action: texts{"s3:DeleteBucket"}, Resource: texts{"*"}}
			problems := compare([]role{r.with(t, name, append(slices.Clone(statements), extra))}, own, nil).problems
			assert.Contains(t, strings.Join(problems, "\n"), "may s3:DeleteBucket on *")
		}
	}
	require.Greater(t, checked, 20)
	t.Logf("%d statements were taken away, one at a time, and each was missed", checked)
}

// with is the role with another policy of that name.
func (r role) with(t *testing.T, name string, statements []statement) role {
	t.Helper()
	document, err := json.Marshal(map[string]any{"Statement": statements})
	require.NoError(t, err)
	changed := role{name: r.name, trust: r.trust, policies: maps.Clone(r.policies)}
	changed.policies[name] = string(document)
	return changed
}
