package deployment

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/local/demo"
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
		{"chunks that are sent again", d.redrives},
		{"a mirror and a replace", d.modes},
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
	})
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
