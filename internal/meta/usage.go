package meta

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Usage is how much of its limits the app and the ad account have used, by the headers of an answer.
type Usage struct {
	Percent int           // the highest of all that the headers tell; 100 is the limit
	Regain  time.Duration // until Meta takes calls again; 0 when it takes them, or does not say
	Tier    Tier          // of the app's access to the Marketing API; empty when the headers do not say

	reset time.Duration // until the ad account's score is back at zero: of interest only to a call that was refused for it
	by    [limits]level // each of its limits
}

// A limit is one of those that the headers tell of. Each is a number of calls that Meta forgets steadily.
type limit int

const (
	score    limit = iota // of the ad account: X-Ad-Account-Usage
	business              // of the ad account's custom audiences: X-Business-Use-Case-Usage
	app                   // of the app: X-App-Usage
	limits
)

// A level is how much of a limit is used.
type level struct {
	percent int
	told    bool // by the latest answer
	full    int  // answers in a row that told 100 percent or more, of calls that Meta served
}

// tell notes that a header tells of a limit.
func (u *Usage) tell(l limit, percent int) {
	u.by[l] = level{percent: max(u.by[l].percent, percent), told: true}
	u.Percent = max(u.Percent, percent)
}

// A Tier is how many calls Meta allows an app: the ad account's score is 60 points on the limited tier and 9,000 on the full.
type Tier string

// The tiers, as Meta's headers spell them (ads_api_access_tier).
const (
	TierLimited Tier = "development_access"
	TierFull    Tier = "standard_access"
)

// or is t, when it is one of the two, and else before.
func (t Tier) or(before Tier) Tier {
	if t == TierLimited || t == TierFull {
		return t
	}
	return before
}

// share is the part that X-App-Usage and X-Business-Use-Case-Usage have in common, in percent.
type share struct {
	Calls number `json:"call_count"`
	CPU   number `json:"total_cputime"`
	Time  number `json:"total_time"`
}

func (s share) percent() int { return int(max(s.Calls, s.CPU, s.Time)) }

// longestWait bounds what headers may ask for: a day is longer than any limit of Meta's.
const longestWait = 24 * time.Hour

func span(n number, unit time.Duration) time.Duration {
	return time.Duration(min(max(n, 0), number(longestWait/unit))) * unit
}

// usageOf reads the usage headers. All of them may be absent; one that cannot be read counts as absent.
func usageOf(h http.Header) Usage {
	var u Usage
	var uses map[string][]struct {
		share
		Type    string `json:"type"`
		Minutes number `json:"estimated_time_to_regain_access"`
		Tier    Tier   `json:"ads_api_access_tier"`
	}
	if json.Unmarshal([]byte(h.Get("X-Business-Use-Case-Usage")), &uses) == nil {
		for _, of := range uses {
			for _, use := range of {
				// The header may tell of limits that other programs of the business have used up, such as that of reading insights.
				if use.Type != "" && use.Type != "custom_audience" && use.Type != "ads_management" {
					continue
				}
				u.tell(business, use.percent())
				u.Regain = max(u.Regain, span(use.Minutes, time.Minute))
				u.Tier = use.Tier.or(u.Tier)
			}
		}
	}
	var account struct {
		Percent *number `json:"acc_id_util_pct"`
		Seconds number  `json:"reset_time_duration"`
		Tier    Tier    `json:"ads_api_access_tier"`
	}
	if json.Unmarshal([]byte(h.Get("X-Ad-Account-Usage")), &account) == nil {
		u.Tier = account.Tier.or(u.Tier)
		if account.Percent != nil {
			u.tell(score, int(*account.Percent))
			if *account.Percent >= 100 {
				u.reset = span(account.Seconds, time.Second)
			}
		}
	}
	var used share
	if json.Unmarshal([]byte(h.Get("X-App-Usage")), &used) == nil {
		u.tell(app, used.percent())
	}
	return u
}

// retryAfter is how long the headers ask a refused call to wait, by Retry-After (RFC 9110: seconds or a date) and the usage
// headers; 0 when they do not say.
func retryAfter(h http.Header, now time.Time) time.Duration {
	usage := usageOf(h)
	wait := max(usage.Regain, usage.reset)
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
		return max(wait, span(number(seconds), time.Second))
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(wait, min(at.Sub(now), longestWait))
	}
	return wait
}
