package meta_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// FuzzAnswers reads any answer by every method. Nothing panics, errors and logs show nothing of what is private in it, and
// each error has a class.
func FuzzAnswers(f *testing.F) {
	f.Add(400, refusal(190, 463), "", "")
	f.Add(200, taken, businessUsage(100, 7)["X-Business-Use-Case-Usage"], "120")
	f.Add(502, "<html>"+personal[0], `{"acc_id_util_pct":100,"reset_time_duration":9}`, noon.Format(http.TimeFormat))
	f.Add(200, `{"data":[{"id":"5","subtype":"CUSTOM","description":"m","session_id":7,"stage":"`+personal[5]+`"}],"paging":{"cursors":{"after":"x"},"next":"`+token+`"}}`, "{}", "-1")
	f.Add(200, `{"id":"23","operation_status":{"code":"`+personal[1]+`"},"tos_accepted":[],"time_updated":"16505551212"}`, "", "")
	for _, private := range personal {
		quoted := fmt.Sprintf("%q", private)
		f.Add(400, `{"error":{"message":`+quoted+`,"type":`+quoted+`,"fbtrace_id":`+quoted+`,"code":100,"error_data":{"blame_field_specs":[["payload",`+quoted+`]]}}}`, quoted, private)
		f.Add(200, `{"audience_id":`+quoted+`,"session_id":`+quoted+`,"num_received":`+quoted+`,"invalid_entry_samples":{`+quoted+`:"x"}}`, "", "")
	}
	f.Fuzz(func(t *testing.T, status int, body, usage, wait string) {
		if status < 200 || status > 599 {
			return
		}
		var time clock
		log, text := logged()
		client := open(t, meta.Config{Log: log, HTTP: &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
			header := http.Header{"Retry-After": {wait}, "X-Business-Use-Case-Usage": {usage}, "X-Ad-Account-Usage": {usage}, "X-App-Usage": {usage}}
			r := reply(status, nil, body)
			r.Header = header
			return r, nil
		})}})
		api := meta.Retrying(client, meta.Policy{Attempts: 2, Sleep: time.sleep, Log: log, Budget: meta.NewBudget(longest, time.now)})
		for _, c := range callings() {
			err := c.call(t.Context(), api)
			if err == nil {
				continue
			}
			if class := audience.ClassOf(err); class < audience.Transient || class > audience.Throttled {
				t.Errorf("%s: class %d", c.name, class)
			}
			out := err.Error() + text.String()
			for _, private := range append([]string{token}, personal...) {
				if strings.Contains(out, private) {
					t.Errorf("%s shows %s: %s", c.name, private, out)
				}
			}
		}
		if u := client.Usage(); u.Regain < 0 {
			t.Errorf("negative wait %v", u.Regain)
		}
	})
}

// longest bounds the waits of one fuzzed call.
const longest = 300 * s
