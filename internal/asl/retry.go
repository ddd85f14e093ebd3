package asl

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// retrier is an entry of Retry.
type retrier struct {
	errors      []string
	interval    time.Duration
	maxAttempts int64
	backoff     float64
	maxDelay    time.Duration // 0 is none
	jitter      bool
}

// catcher is an entry of Catch.
type catcher struct {
	errors     []string
	next       string
	resultPath filter
}

// Bounds of a retrier (Developer Guide, "Handling errors in Step Functions workflows").
const (
	maxAttemptsBound = 99999999
	maxDelayBound    = 31622399
	maxBackoff       = 1e9
)

func (f *fields) retriers() []*retrier {
	list := f.array("Retry")
	out := make([]*retrier, 0, len(list))
	for i, v := range list {
		r := f.l.object(v, fmt.Sprintf("%s: Retry[%d]", f.at, i))
		if r == nil {
			continue
		}
		r.comment()
		interval := r.integer("IntervalSeconds", 1, 1, maxSeconds)
		delay := r.integer("MaxDelaySeconds", 0, 1, maxDelayBound)
		if r.has("MaxDelaySeconds") && delay <= interval {
			r.problem("MaxDelaySeconds must be greater than IntervalSeconds")
		}
		out = append(out, &retrier{
			errors:      r.errorEquals(i == len(list)-1),
			interval:    time.Duration(interval) * time.Second,
			maxAttempts: r.integer("MaxAttempts", 3, 0, maxAttemptsBound),
			backoff:     r.float("BackoffRate", 2, 1, maxBackoff),
			maxDelay:    time.Duration(delay) * time.Second,
			jitter:      r.oneOf("JitterStrategy", "FULL", "NONE") == "FULL",
		})
		r.done("is no field of a retrier")
	}
	return out
}

func (f *fields) catchers() []*catcher {
	list := f.array("Catch")
	out := make([]*catcher, 0, len(list))
	for i, v := range list {
		c := f.l.object(v, fmt.Sprintf("%s: Catch[%d]", f.at, i))
		if c == nil {
			continue
		}
		c.comment()
		out = append(out, &catcher{errors: c.errorEquals(i == len(list)-1), next: c.requiredString("Next"), resultPath: c.resultPath()})
		c.done("is no field of a catcher")
	}
	return out
}

// errorEquals reads the names; States.ALL must be alone, and in the last entry.
func (f *fields) errorEquals(last bool) []string {
	list := f.array("ErrorEquals")
	if !f.has("ErrorEquals") {
		f.problem("ErrorEquals is missing")
	}
	names := make([]string, 0, len(list))
	for _, v := range list {
		name, _ := v.(string)
		why, refused := refusedErrorNames[name]
		switch {
		case name == "":
			f.problem("ErrorEquals must hold names of errors")
		case refused:
			f.problem("ErrorEquals: %s %s", name, why)
		case strings.HasPrefix(name, reservedPrefix) && !slices.Contains(knownErrorNames, name):
			f.problem("ErrorEquals: Step Functions has no error %s", name)
		}
		names = append(names, name)
	}
	if slices.Contains(names, ErrAll) {
		if len(names) > 1 {
			f.problem("ErrorEquals: States.ALL must be alone")
		}
		if !last {
			f.problem("ErrorEquals: States.ALL must be in the last entry")
		}
	}
	return names
}

// retries counts, for one visit of a state, how often each of its retriers was used.
type retries struct {
	used  map[*retrier]int64
	total int
}

// next gives the pause before the next attempt; false when the error is not to be retried. The first retrier that
// matches decides, also when it is used up.
func (r *retries) next(s *state, e *Error, random func(int64) int64) (time.Duration, bool) {
	for _, rt := range s.retry {
		if !e.matches(rt.errors) {
			continue
		}
		n := r.used[rt]
		if n >= rt.maxAttempts {
			return 0, false
		}
		if r.used == nil {
			r.used = map[*retrier]int64{}
		}
		r.used[rt]++
		r.total++
		return rt.pause(n, random), true
	}
	return 0, false
}

// pause is the interval before attempt n+1, counted by retrier. With jitter it is anything between nothing and that.
func (rt *retrier) pause(n int64, random func(int64) int64) time.Duration {
	seconds := rt.interval.Seconds() * math.Pow(rt.backoff, float64(n))
	limit := float64(maxSeconds)
	if rt.maxDelay > 0 {
		limit = rt.maxDelay.Seconds()
	}
	d := time.Duration(math.Min(seconds, limit) * float64(time.Second))
	if rt.jitter {
		d = time.Duration(random(int64(d) + 1))
	}
	return d
}

// caught finds the catcher for an error.
func (s *state) caught(e *Error) *catcher {
	for _, c := range s.catch {
		if e.matches(c.errors) {
			return c
		}
	}
	return nil
}
