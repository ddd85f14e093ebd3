package sandbox

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	businessHeader = "X-Business-Use-Case-Usage"
	accountHeader  = "X-Ad-Account-Usage"
	appHeader      = "X-App-Usage"
)

// plainUsage are the headers of an app without limits, as they were recorded: adding people tells the usage of the ad
// account and of the app, everything else that of the business use case.
func plainUsage(c *call, percent int) map[string]string {
	if c.method == http.MethodPost && c.op.isUpload() {
		return map[string]string{accountHeader: fmt.Sprintf(`{"acc_id_util_pct":%d}`, percent), appHeader: appUsage(percent)}
	}
	return map[string]string{businessHeader: businessUsage(c.account, percent, 0)}
}

// usage are all headers, on every answer: who is held to limits can see them.
func (m *meter) usage(account string, now time.Time, percent int, t tier) map[string]string {
	used, reset := math.Round(m.score.level*10_000/t.score)/100, m.score.level/t.score*scoreDecay.Seconds()
	if left := m.score.blocked.Sub(now); left > 0 {
		used, reset = 100, left.Seconds()
	}
	minutes := 0
	if left := m.business.blocked.Sub(now); left > 0 {
		percent, minutes = 100, int(math.Ceil(left.Minutes()))
	}
	return map[string]string{
		accountHeader: fmt.Sprintf(`{"acc_id_util_pct":%v,"reset_time_duration":%d,"ads_api_access_tier":"%s"}`, used, int(math.Ceil(reset)), t.name),
		businessHeader: fmt.Sprintf(`{"%s":[{"type":"custom_audience","call_count":%d,"total_cputime":0,"total_time":0,"estimated_time_to_regain_access":%d,"ads_api_access_tier":"%s"}]}`,
			account, percent, minutes, t.name),
		appHeader: appUsage(percent),
	}
}

func businessUsage(account string, percent, minutes int) string {
	return fmt.Sprintf(`{"%s":[{"type":"custom_audience","call_count":%d,"total_cputime":0,"total_time":0,"estimated_time_to_regain_access":%d}]}`,
		account, percent, minutes)
}

func appUsage(percent int) string {
	return fmt.Sprintf(`{"call_count":%d,"total_cputime":0,"total_time":0}`, percent)
}

// Usage is what an ad account has used of its limits.
type Usage struct {
	Account string    `json:"account"`
	Calls   int64     `json:"calls"`   // let in
	Points  int64     `json:"points"`  // used by them: a read is 1, a write 3
	Refused int64     `json:"refused"` // calls that a limit refused
	Blocks  int64     `json:"blocks"`  // times that a limit was broken: the calls refused in a block are one
	Score   float64   `json:"score"`   // points that have not decayed yet
	Rate    float64   `json:"rate"`    // points a second that the tier allows for ever; 0 without one
	Burst   float64   `json:"burst"`   // points that it allows at once besides
	Since   time.Time `json:"since"`   // the first call
	Last    time.Time `json:"last"`    // the last that was let in
}

// Share is the part of the points that the tier allowed from the first call to the last, and that were used.
func (u Usage) Share() float64 {
	if u.Burst == 0 {
		return 0
	}
	return float64(u.Points) / (u.Burst + u.Rate*u.Last.Sub(u.Since).Seconds())
}

// Usage gives what an ad account has used; nothing when it was never called.
func (s *Server) Usage(account string) Usage {
	for _, u := range s.limits.list(s.clock.Now()) {
		if u.Account == account {
			return u
		}
	}
	return Usage{Account: account}
}

func (l *limits) list(now time.Time) []Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]Usage, 0, len(l.of))
	for account, m := range l.of {
		u := Usage{Account: account, Calls: m.calls, Points: m.points, Refused: m.refused, Blocks: m.score.blocks + m.business.blocks, Since: m.since, Last: m.last}
		if l.tier != nil {
			m.score.drain(now, l.tier.score, scoreDecay)
			u.Score, u.Rate, u.Burst = m.score.level, l.tier.score/scoreDecay.Seconds(), l.tier.score
		}
		list = append(list, u)
	}
	slices.SortFunc(list, func(a, b Usage) int { return strings.Compare(a.Account, b.Account) })
	return list
}
