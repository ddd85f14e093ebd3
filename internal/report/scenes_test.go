package report

import (
	"fmt"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// scenes are the runs whose reports are kept as goldens, for people to look at in a browser.
func scenes() map[string]*world {
	return map[string]*world{
		"succeeded": newWorld(3, 200_000), "partial": partial(), "failed": failedRun(), "empty": emptyRun(), "glue": glueRun(), "unbalanced": unbalancedRun(), "removed": removedRun(),
		"differing": differingRun(), "replaced": replacedRun(), "replacing": replacingRun(), "unopened": unopenedRun(), "mirrored": mirroredRun(), "leaving": leavingRun(),
		"fallback": fallbackRun(),
	}
}

// partial has more chunks than lines fit, one of which failed.
func partial() *world {
	w := newWorld(120, 250_000)
	w.fail("00017", 40_000, audience.Throttled, "start it again later, or run fewer uploads of this ad account at once",
		"send batch 5 of EMAIL,PHONE (rows 40001 to 50000 of s3://results/a.parquet): too many calls (HTTP status 400, Meta's code 80003)")
	w.receipts["00017"].Throttled = 754.2
	w.receipts["00031"].Invalid = 1204
	w.lose("00119")
	return w
}

// failedRun is a small run in which Meta refuses, with a long name and many reasons.
func failedRun() *world {
	w := newWorld(8, 12_345)
	w.name, w.tolerated, w.plan.ToleratedPercent = longName, 10, 10
	for _, id := range []string{"00002", "00003", "00005"} {
		w.fail(id, 10_000, audience.Action, "make a new system user token with ads_management at https://business.facebook.com/settings/system-users and store it in the secret",
			"send batch 2: the access token has expired (HTTP status 401, Meta's code 190, OAuthException, trace AbCdEf)")
	}
	w.lose("00007")
	w.lose("00008")
	w.failures["00008"] = &audience.FailureDoc{Schema: 1, Stage: "upload", Class: "gate", Message: "hold the audience: run lapsed-vip-b holds it", At: at(300)}
	phone := w.prepared.Keys[audience.Phone]
	phone.Invalid = map[string]int64{}
	for i := range 41 {
		phone.Invalid[fmt.Sprintf("an unusual_reason_number_%d", i+1)] = int64(2000 - 40*i)
	}
	w.prepared.Keys[audience.Phone] = phone
	for _, key := range audience.Keys {
		if _, there := w.prepared.Keys[key]; !there {
			w.prepared.Keys[key] = audience.KeyQuality{Filled: 120_000, Valid: 119_000, Invalid: map[string]int64{"placeholder": 1000}, Duplicates: 1_234_567}
		}
	}
	w.meta.err = audience.Fail(audience.Action, "make a new system user token", fmt.Errorf("read the audience: %w", errGone))
	w.preflight.Checks = []audience.Check{{Name: "token expiry", Status: audience.CheckWarn, Detail: "the token expires on 2026-03-05, in less than 2 days", Fix: "make a new system user token"}}
	return w
}

func emptyRun() *world {
	w := newWorld(0, 0)
	w.prepared = prepared(4000)
	w.meta.audience = meta.CustomAudience{OperationStatus: meta.Status{Code: 410}, DeliveryStatus: meta.Status{Code: 300}, UpperBound: 1000}
	return w
}

func glueRun() *world {
	w := newWorld(1, 7000)
	w.source, w.prepared = `, "glue_job": "acme-prepare"`, nil
	w.meta.rate = 0.21
	w.meta.audience.DeliveryStatus.Code = 300
	w.meta.audience.OperationStatus.Code = 411
	return w
}

func unbalancedRun() *world {
	w := newWorld(2, 1000)
	w.plan.Rows += 7
	return w
}

func removedRun() *world {
	w := newWorld(13, 1000)
	w.mode = audience.ModeRemove
	w.prepared.Quarantined, w.prepared.Prepared = 0, w.prepared.Prepared+w.prepared.Quarantined
	w.prepared.RowReasons = nil
	w.prepared.Keys = map[audience.Key]audience.KeyQuality{audience.Email: {Filled: 31_200, Valid: 31_200}}
	w.meta.working = true
	return w
}

// differingRun is one of whose upload sessions Meta has other numbers of rows than it acknowledged, and some of whose rows it
// refused.
func differingRun() *world {
	w := newWorld(4, 20_000)
	w.meta.tells = func(_ int, s *meta.SessionStatus) *meta.SessionStatus {
		switch s.ID {
		case 1002:
			s.Received += 10_000
		case 1003:
			s.Received -= 9800
		case 1004:
			return nil
		}
		return s
	}
	r := w.receipts["00001"]
	r.Invalid = 1200
	for i := range int64(3) {
		r.Refused = append(r.Refused, audience.RefusedRow{File: "a.parquet", RowGroup: 1 + int(i), Row: 1 + 9999*i, Keys: []audience.Key{audience.Email}, Reason: "invalid EMAIL"})
	}
	return w
}

// longName is a name as long as a definition allows, with all that a page must escape.
var longName = "<b>“VIP”</b> & Donaudampfschifffahrtsgesellschaft"
