package deployment

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-exec/tfexec"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRefusedAtPlan makes the mistakes that people make, and wants each to be told before anything is made.
func TestRefusedAtPlan(t *testing.T) {
	f := startFront(t)
	tf := newTerraform(t, f.url, "examples/complete")
	const twice = `locals { globex = { for name in ["one", "two"] : name => {
		tenant = "globex", name = "subscribers"
		source = { columns = { EMAIL = "email" } }
		match  = { membership_id = "1f0c6f5e-0f4b-4b7c-9d53-2a6c1e7b8a01", sql = "SELECT 1" }
		meta   = { ad_account = "act_987654321" }
	} } }`
	for _, c := range []struct {
		name, region, prefix, override string
		want                           string
	}{
		{"a name that is too long", region, strings.Repeat("a", 21), "", "name must have 3 to 20 lower case letters"},
		{"a region without Clean Rooms", "eu-south-2", prefix, "", "Clean Rooms is not known to be in eu-south-2"},
		{"another region than the one it is meant for", region, prefix, `module "cleanreach" { expected_region = "us-west-2" }`, "this is for us-west-2"},
		{"two audiences of one name", region, prefix, twice, "globex/subscribers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(tf.WorkingDir(), "test_override.tf")
			require.NoError(t, os.WriteFile(file, []byte(c.override), 0o600))
			_, err := tf.Plan(t.Context(), tfexec.Var("region="+c.region), tfexec.Var("name="+c.prefix), tfexec.Var("partner_account_id="+partnerAccount))
			require.Error(t, err)
			assert.Contains(t, strings.Join(strings.Fields(err.Error()), " "), c.want)
		})
	}
}
