package meta_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

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
