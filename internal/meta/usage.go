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
	Regain  time.Duration // until Meta takes calls again; 0 when it does not say
}

// share is the part that X-App-Usage and X-Business-Use-Case-Usage have in common, in percent.
type share struct {
	Calls number `json:"call_count"`
	CPU   number `json:"total_cputime"`
	Time  number `json:"total_time"`
}

func (s share) percent() int { return int(max(s.Calls, s.CPU, s.Time)) }

// usageOf reads the usage headers. All of them may be absent; one that cannot be read counts as absent.
func usageOf(h http.Header) Usage {
	var u Usage
	var business map[string][]struct {
		share
		Minutes number `json:"estimated_time_to_regain_access"`
	}
	if json.Unmarshal([]byte(h.Get("X-Business-Use-Case-Usage")), &business) == nil {
		for _, uses := range business {
			for _, use := range uses {
				u.Percent = max(u.Percent, use.percent())
				u.Regain = max(u.Regain, time.Duration(use.Minutes)*time.Minute)
			}
		}
	}
	var account struct {
		Percent number `json:"acc_id_util_pct"`
		Seconds number `json:"reset_time_duration"`
	}
	if json.Unmarshal([]byte(h.Get("X-Ad-Account-Usage")), &account) == nil {
		u.Percent = max(u.Percent, int(account.Percent))
		// The header tells when the score is back at zero, which is of interest only to those whom it stops.
		if account.Percent >= 100 {
			u.Regain = max(u.Regain, time.Duration(account.Seconds)*time.Second)
		}
	}
	var app share
	if json.Unmarshal([]byte(h.Get("X-App-Usage")), &app) == nil {
		u.Percent = max(u.Percent, app.percent())
	}
	return u
}

// retryAfter is how long the headers ask to wait, by Retry-After (RFC 9110: seconds or a date) and the usage headers; 0
// when they do not say.
func retryAfter(h http.Header, now time.Time) time.Duration {
	wait := usageOf(h).Regain
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return max(wait, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(wait, at.Sub(now))
	}
	return wait
}
