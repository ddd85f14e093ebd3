package meta_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/meta"
)

func TestOperationStatus(t *testing.T) {
	for code, want := range map[int]struct {
		severity meta.Severity
		text     string
	}{
		0:    {meta.StatusUnknown, "no status"},
		100:  {meta.StatusWarn, "expiring"},
		200:  {meta.StatusOK, "normal"},
		400:  {meta.StatusWarn, "warning"},
		410:  {meta.StatusInfo, "nothing has been uploaded"},
		411:  {meta.StatusWarn, "few of the people were matched"},
		412:  {meta.StatusWarn, "invalid"},
		414:  {meta.StatusBusy, "a replace is in progress"},
		415:  {meta.StatusWarn, "replace failed"},
		441:  {meta.StatusInfo, "being filled"},
		450:  {meta.StatusWarn, "out of date"},
		470:  {meta.StatusBlocked, "no longer active"},
		471:  {meta.StatusBlocked, "integrity"},
		500:  {meta.StatusBlocked, "advertiser must mend"},
		421:  {meta.StatusUnknown, "421 is none of a customer file's"}, // of pixels
		431:  {meta.StatusUnknown, "431 is none of a customer file's"}, // of lookalikes
		442:  {meta.StatusUnknown, "442 is none of a customer file's"},
		9999: {meta.StatusUnknown, "9999 is none of a customer file's"},
	} {
		severity, text := meta.Status{Code: code}.Operation()
		assert.Equal(t, want.severity, severity, code)
		assert.Contains(t, text, want.text)
	}
}

func TestDeliveryStatus(t *testing.T) {
	for code, want := range map[int]struct {
		severity meta.Severity
		text     string
	}{
		0:   {meta.StatusUnknown, "no delivery status"},
		200: {meta.StatusOK, "ads can use"},
		300: {meta.StatusWarn, "too small"},
		301: {meta.StatusUnknown, "301 is unknown"},
		400: {meta.StatusBlocked, "delivery status 400"},
		499: {meta.StatusBlocked, "delivery status 499"},
	} {
		severity, text := meta.Status{Code: code}.Delivery()
		assert.Equal(t, want.severity, severity, code)
		assert.Contains(t, text, want.text)
	}
}

func TestAccountStatus(t *testing.T) {
	for code, want := range map[int]struct {
		severity meta.Severity
		text     string
	}{
		0:   {meta.StatusUnknown, "does not say"},
		1:   {meta.StatusOK, "active"},
		2:   {meta.StatusBlocked, "disabled"},
		3:   {meta.StatusWarn, "unpaid"},
		7:   {meta.StatusWarn, "risk"},
		8:   {meta.StatusWarn, "pending"},
		9:   {meta.StatusWarn, "grace"},
		100: {meta.StatusWarn, "about to be closed"},
		101: {meta.StatusBlocked, "closed"},
		201: {meta.StatusOK, "active"},
		202: {meta.StatusBlocked, "closed"},
		77:  {meta.StatusUnknown, "77"},
	} {
		severity, text := meta.Account{Status: code}.AccountStatus()
		assert.Equal(t, want.severity, severity, code)
		assert.Contains(t, text, want.text)
	}
}

func TestAccountTellsStatusAndTasks(t *testing.T) {
	client := replying(t, 200, nil, `{"id":"act_42","account_status":"2","user_tasks":["ANALYZE","MANAGE"]}`)
	account, err := client.AdAccount(t.Context(), "act_42")
	require.NoError(t, err)
	assert.Equal(t, 2, account.Status)
	tasks, err := client.AccountTasks(t.Context(), "act_42")
	require.NoError(t, err)
	assert.Equal(t, []string{"ANALYZE", "MANAGE"}, tasks)
	_, err = client.AccountTasks(t.Context(), "42")
	require.ErrorContains(t, err, "must look like act_1234567890")
}

func TestEndOfVersions(t *testing.T) {
	for _, c := range []struct {
		version   string
		ends      string
		announced bool
	}{{"v24.0", "2026-11-10", true}, {"v25.0", "2027-02-23", true}, {meta.DefaultVersion, "2027-06-29", false}} {
		at, announced, known := meta.EndOf(c.version)
		assert.Equal(t, c.ends, at.Format(time.DateOnly))
		assert.Equal(t, c.announced, announced)
		assert.True(t, known, c.version)
	}
	_, _, known := meta.EndOf("v1.0")
	assert.False(t, known)
}
