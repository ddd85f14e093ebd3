package audience_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// TestLayout holds the names down that the state machine, Terraform and the runs of older versions know too.
func TestLayout(t *testing.T) {
	for got, want := range map[string]string{
		audience.RunFile: "run.json", audience.PreflightFile: "preflight.json", audience.PreparedFile: "prepared.json", audience.QueryFile: "query.json",
		audience.PlanFile: "plan.json", audience.ChunksFile: "chunks.json", audience.UploadFile: "upload.json", audience.ReportFile: "report.json", audience.ReportPage: "report.html",
		audience.OutcomeFile: "outcome.json", audience.LeaseFile: "lease.json", audience.PreparedDir: "prepared/", audience.QuarantineDir: "quarantine/",
		audience.ReceiptsDir: "receipts/", audience.FailuresDir: "failures/", audience.MapDir: "map/",
		audience.ReceiptFile("00017"): "receipts/00017.json", audience.FailureFile("upload-00017"): "failures/upload-00017.json",
		audience.LeaseDir("acme", "lapsed-vip"): "leases/acme/lapsed-vip/",
	} {
		assert.Equal(t, want, got)
	}
}

func TestTableName(t *testing.T) {
	for _, c := range []struct{ tenant, name, want string }{
		{"acme", "vip", "acme_vip"},
		{"acme", "lapsed-vip", "acme_lapsed_vip"},
		{"acme-eu", "vip", "acme__eu_vip"},
		{"a--b", "c--d", "a____b_c__d"},
	} {
		assert.Equal(t, c.want, audience.TableName(c.tenant, c.name))
	}
}

// TestNoTwoAudiencesShareATable tries all pairs of short names: one run would switch the other's table.
func TestNoTwoAudiencesShareATable(t *testing.T) {
	slug := regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)
	var slugs []string
	var grow func(s string)
	grow = func(s string) {
		if slug.MatchString(s) {
			slugs = append(slugs, s)
		}
		if len(s) < 5 {
			grow(s + "a")
			grow(s + "-")
		}
	}
	grow("")
	valid := regexp.MustCompile(`^[a-z0-9_]+$`)
	owner := map[string][2]string{}
	for _, tenant := range slugs {
		for _, name := range slugs {
			table := audience.TableName(tenant, name)
			assert.Regexp(t, valid, table)
			assert.NotContains(t, owner, table, "%s/%s and %v", tenant, name, owner[table])
			owner[table] = [2]string{tenant, name}
		}
	}
	assert.Greater(t, len(owner), 100)
}

func TestKeys(t *testing.T) {
	for _, c := range []struct {
		key                       audience.Key
		hashed, identifies, finds bool
		column, hashColumn        string
	}{
		{audience.ExternID, false, true, true, "extern_id", "extern_id_sha256"},
		{audience.MADID, false, true, true, "madid", "madid_sha256"},
		{audience.Email, true, true, true, "email", "email_sha256"},
		{audience.Phone, true, true, true, "phone", "phone_sha256"},
		{audience.LastName, true, false, true, "ln", "ln_sha256"},
		{audience.First, true, false, false, "fn", "fn_sha256"},
		{audience.Country, true, false, false, "country", "country_sha256"},
		{audience.LookalikeValue, false, false, false, "lookalike_value", "lookalike_value_sha256"},
		{audience.DataProcessing, false, false, false, "data_processing_options", "data_processing_options_sha256"},
	} {
		assert.Equal(t, c.hashed, c.key.Hashed(), c.key)
		assert.Equal(t, c.identifies, c.key.Identifies(), c.key)
		assert.Equal(t, c.finds, c.key.Finds(), c.key)
		assert.Equal(t, c.column, c.key.Column())
		assert.Equal(t, c.hashColumn, c.key.HashColumn())
	}
	assert.Len(t, audience.Keys, 17)
	for i, key := range audience.Keys {
		assert.Equal(t, i < 15, key.Matches(), "%s: what Meta matches by comes first, a payload relies on it", key)
	}
	for _, key := range audience.Keys {
		back, hashed, ok := audience.KeyOfColumn(key.Column())
		assert.Equal(t, key, back)
		assert.False(t, hashed)
		assert.True(t, ok)
	}
}
