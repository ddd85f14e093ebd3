package deployment

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (d *deployed) permissions(t *testing.T) {
	roles := d.roles()
	require.Empty(t, d.front.log.problems)
	calls := d.withImplied(d.front.log.calls())
	compared := compare(roles, calls, exceptions)
	t.Logf("policies and calls:\n%s", compared.table())
	for _, problem := range slices.Concat(compared.problems, d.deniedByBuckets(calls)) {
		t.Error(problem)
	}
	d.noticed(t, roles, calls)
	for _, r := range roles {
		for _, problem := range untrusting(r) {
			t.Error(problem)
		}
	}
}

// deniedByBuckets gives a problem for each call that a bucket's own policy denies.
func (d *deployed) deniedByBuckets(calls []apiCall) []string {
	var problems []string
	for _, call := range calls {
		bucket, _, _ := strings.Cut(strings.TrimPrefix(call.resource, "arn:aws:s3:::"), "/")
		policy, ok := d.front.buckets.policies.get(bucket)
		if !ok || !strings.HasPrefix(call.action, "s3:") {
			continue
		}
		statements, err := parsePolicy(policy)
		if err != nil {
			return []string{bucket + ": " + err.Error()}
		}
		for _, s := range statements {
			if action, _, err := s.matches(call); err != nil || action != "" && s.Effect == "Deny" {
				problems = append(problems, fmt.Sprintf("%s calls %s on %s, and the bucket's statement %s denies it (%v)", call.role, call.action, shape(call.resource), s.Sid, err))
			}
		}
	}
	slices.Sort(problems)
	return slices.Compact(problems)
}

// noticed holds the comparison against faults in the deployed policies themselves: for each role, each statement that calls
// needed is taken away in turn, and a statement that nobody needs is added.
func (d *deployed) noticed(t *testing.T, roles []role, calls []apiCall) {
	t.Helper()
	checked := 0
	for _, r := range roles {
		own := slices.DeleteFunc(slices.Clone(calls), func(c apiCall) bool { return c.role != r.name })
		before := compare([]role{r}, own, nil)
		for name, document := range r.policies {
			statements, err := parsePolicy(document)
			require.NoError(t, err)
			for i, s := range statements {
				if !slices.ContainsFunc(before.grants, func(g *grant) bool { return g.policy == name && g.sid == s.Sid && g.used > 0 }) {
					continue
				}
				problems := compare([]role{r.with(t, name, slices.Delete(slices.Clone(statements), i, i+1))}, own, nil).problems
				if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, "which no policy of it allows") }) {
					t.Errorf("%s could do without its statement %s: another allows the same", r.name, s.Sid)
				}
				checked++
			}
			extra := statement{Sid: "Extra", Effect: "Allow", Action: texts{"s3:DeleteBucket"}, Resource: texts{"*"}}
			problems := compare([]role{r.with(t, name, append(slices.Clone(statements), extra))}, own, nil).problems
			assert.Contains(t, strings.Join(problems, "\n"), "may s3:DeleteBucket on *")
		}
	}
	require.Greater(t, checked, 20)
	t.Logf("%d statements were taken away, one at a time, and each was missed", checked)
}

// with is the role with another policy of that name.
func (r role) with(t *testing.T, name string, statements []statement) role {
	t.Helper()
	document, err := json.Marshal(map[string]any{"Statement": statements})
	require.NoError(t, err)
	changed := role{name: r.name, trust: r.trust, policies: maps.Clone(r.policies)}
	changed.policies[name] = string(document)
	return changed
}
