package report

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// allWell is a run about which nothing is to be said.
func allWell() *world {
	w := newWorld(2, 1000)
	p := w.prepared
	p.Prepared, p.Quarantined, p.RowReasons = p.Prepared+p.Quarantined, 0, nil
	delete(p.Keys, audience.Phone)
	return w
}

func TestAllIsWellIsOneSentence(t *testing.T) {
	w := allWell()
	r := w.run(t)
	assert.Equal(t, []string{"All is well: every row that could be sent was sent. Meta takes up to 24 hours to fill the audience; ads can use it while it fills."}, r.Next)
	w.mode = audience.ModeRemove
	assert.Equal(t, []string{"All is well: every row that could be sent was sent. Meta takes up to 24 hours to remove the people from the audience."}, w.run(t).Next)
}

func TestAdvice(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*world)
		want  string
	}{
		{"chunk that needs a person", func(w *world) { w.fail("00002", 0, audience.Action, "make a new token", "no") },
			"1 of 2 chunks (1,000 rows) was not sent as a whole, because Meta refuses until a person acts. Make a new token. Then continue the run by its id (lapsed-vip-2026-03-04): what was sent is not sent again."},
		{"chunk with a passing fault", func(w *world) { w.fail("00002", 1, audience.Transient, "it may succeed later", "no") },
			"1 of 2 chunks (999 rows) was not sent as a whole, because of a passing fault: of the network, of Meta, or a task that was stopped. Continue the run by its id"},
		{"throttled chunks", func(w *world) {
			w.fail("00001", 0, audience.Throttled, "", "no")
			w.fail("00002", 0, audience.Throttled, "", "no")
		},
			"2 of 2 chunks (2,000 rows) were not sent as a whole, because Meta asked to wait for longer than the tasks had. Wait an hour. Then continue"},
		{"chunk with bad data", func(w *world) { w.fail("00001", 0, audience.Invalid, "", "no") },
			"because the definition or the data is not what it must be. Read the reasons in report.html. Then continue"},
		{"another run", func(w *world) { w.fail("00001", 0, audience.Gate, "wait for run x", "no") }, "Wait for run x. Then continue"},
		{"a class that nobody knows", func(w *world) {
			w.fail("00001", 0, audience.Gate, "", "no")
			w.receipts["00001"].Failure.Class = "?"
		}, "because of a passing fault"},
		{"poor key", func(w *world) { w.prepared.Keys[audience.Phone] = prepared(2000).Keys[audience.Phone] },
			"Phone number (PHONE): 13.3% of the values (400 of 3,000) cannot be used, most often for this reason: not a phone number (200)."},
		{"quarantine", func(w *world) {
			w.prepared.Quarantined, w.prepared.Prepared, w.prepared.RowReasons = 1, w.prepared.Prepared-1, map[string]int64{"no_key": 1}
		},
			"1 of 5,000 source rows was quarantined, most often for this reason: no usable e-mail address, phone number, device id, customer id or last name (1). The run's folder quarantine/ names each"},
		{"people without a value", func(w *world) {
			w.receipts["00001"].Reasons = map[string]int64{"LOOKALIKE_VALUE:missing": 2, "LOOKALIKE_VALUE:not_a_value": 1, "PHONE:not_a_number": 9}
		}, "3 rows were not sent: they have no usable value (LOOKALIKE_VALUE), and a value-based audience takes nobody without one."},
		{"refused rows", func(w *world) { w.receipts["00001"].Invalid = 100 }, "Meta refused about 100 of the 1,980 rows that it received."},
		{"low match rate", func(w *world) { w.meta.rate = 0.2 },
			"Meta recognised only 20.0% of the rows that it received. More keys for each person raise the rate: the match did not give FN, LN, ZIP, COUNTRY."},
		{"throttled", func(w *world) { w.receipts["00001"].Throttled = 90 }, "Meta kept the uploads waiting for 1 min 30 s in all."},
		{"preflight's warning", func(w *world) {
			w.preflight.Checks = []audience.Check{{Name: "token expiry", Status: audience.CheckWarn, Detail: "the token expires soon", Fix: "make a new one"}}
		}, "Preflight warned: the token expires soon. Make a new one."},
		{"preflight's warning with a page", func(w *world) {
			w.preflight.Checks = []audience.Check{{Name: "role", Status: audience.CheckWarn, Detail: "not its Admin", Fix: "give it", Link: "https://a.example/b"}}
		}, "Preflight warned: not its Admin. Give it (https://a.example/b)."},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := allWell()
			w.tolerated = 100
			c.spoil(w)
			r := w.run(t)
			assert.Contains(t, next(r), c.want)
			assert.NotContains(t, next(r), "All is well")
		})
	}
}

func TestWhatIsNotWorthASentence(t *testing.T) {
	w := allWell()
	w.receipts["00001"].Invalid = 10 // half a percent
	w.receipts["00001"].Throttled = 59
	w.meta.rate = 0.3
	w.preflight.Checks = []audience.Check{{Name: "token", Status: audience.CheckOK, Detail: "good"}, {Name: "audience status", Status: audience.CheckWarn, Detail: "as it was"}}
	w.prepared.Keys[audience.City] = audience.KeyQuality{Filled: 1000, Valid: 951, Invalid: map[string]int64{"placeholder": 49}}
	assert.Len(t, w.run(t).Next, 1)
}

func TestPoorestKeysFirst(t *testing.T) {
	w := allWell()
	w.prepared.Keys = map[audience.Key]audience.KeyQuality{}
	for i, key := range []audience.Key{audience.City, audience.Zip, audience.State, audience.Gender} {
		w.prepared.Keys[key] = audience.KeyQuality{Filled: 100, Valid: int64(90 - 10*i), Invalid: map[string]int64{"placeholder": int64(10 + 10*i)}}
	}
	advice := w.run(t).Next[1:]
	assert.Len(t, advice, poorKeysNamed)
	assert.Contains(t, advice[0], "Gender (GEN): 40.0% of the values")
	assert.Contains(t, advice[1], "State or region (ST): 30.0% of")
	assert.Contains(t, advice[2], "Postal code (ZIP): 20.0% of")
}

func TestLowMatchRateAlthoughAllKeysWereSent(t *testing.T) {
	w := allWell()
	w.meta.rate = 0.1
	for _, key := range audience.Keys {
		w.plan.Columns = append(w.plan.Columns, audience.PlanColumn{Key: key})
	}
	assert.Contains(t, next(w.run(t)), "All the keys that help most were sent")
}

func TestNobodyMatched(t *testing.T) {
	w := emptyRun()
	r := w.run(t)
	assert.Equal(t, audience.OutcomeEmpty, r.Outcome)
	assert.Contains(t, r.Next[0], "Check that match.sql joins columns of the same kind")
	assert.Empty(t, w.meta.asked)
	w.prepared = &audience.Prepared{Schema: 1, Source: 5, Quarantined: 5}
	assert.Contains(t, w.run(t).Next[0], "no row was prepared")
}

func TestMostImportantFirst(t *testing.T) {
	r := failedRun().run(t)
	assert.Contains(t, r.Next[0], "until a person acts")
	assert.Contains(t, r.Next[1], "another run holds the audience")
	assert.Contains(t, r.Next[2], "a passing fault")
}
