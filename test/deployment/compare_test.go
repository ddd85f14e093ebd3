package deployment

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A role is a role as it was deployed.
type role struct {
	name     string
	trust    string            // its trust policy
	policies map[string]string // documents by name, inline and attached
}

// A grant is one action on one resource that a policy allows, and how often it was needed.
type grant struct {
	role, policy, sid, action, resource string

	used  int
	calls map[string]bool // the actions that used it
}

// An exception is a grant that no recorded call needs, and why it stays.
type exception struct {
	role, action, resource string // regular expressions of the whole
	why                    string
	sometimes              bool // the grant is needed in some runs, by chance
}

func (e exception) covers(g *grant) bool {
	whole := func(pattern, text string) bool { return regexp.MustCompile("^(?:" + pattern + ")$").MatchString(text) }
	return whole(e.role, g.role) && whole(e.action, g.action) && whole(e.resource, g.resource)
}

// A comparison holds what the roles may against what they did.
type comparison struct {
	grants   []*grant
	problems []string
	excepted map[*grant]string
}

// compare gives a problem for each call that its role's policies do not allow, for each grant that no call used and no
// exception explains, and for each exception that explains nothing.
func compare(roles []role, calls []apiCall, exceptions []exception) *comparison {
	c := &comparison{excepted: map[*grant]string{}}
	byRole := map[string][]apiCall{}
	for _, call := range calls {
		byRole[call.role] = append(byRole[call.role], call)
	}
	for _, r := range roles {
		c.role(r, byRole[r.name])
		delete(byRole, r.name)
	}
	for name := range byRole {
		c.problem("there is no role %s, which made calls", name)
	}
	c.except(exceptions)
	slices.Sort(c.problems)
	c.problems = slices.Compact(c.problems)
	return c
}

func (c *comparison) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// policyStatement is a statement with its place, and the grants that it makes.
type policyStatement struct {
	statement

	policy string
	grants map[[2]string]*grant // by action and resource
}

func (c *comparison) role(r role, calls []apiCall) {
	var all []*policyStatement
	for _, policy := range slices.Sorted(maps.Keys(r.policies)) {
		statements, err := parsePolicy(r.policies[policy])
		if err != nil {
			c.problem("%s: %v", r.name, err)
		}
		for _, s := range statements {
			placed := &policyStatement{s, policy, map[[2]string]*grant{}}
			if s.Effect == "Allow" {
				for _, action := range s.Action {
					for _, resource := range s.Resource {
						g := &grant{role: r.name, policy: policy, sid: s.Sid, action: action, resource: resource, calls: map[string]bool{}}
						placed.grants[[2]string{action, resource}] = g
						c.grants = append(c.grants, g)
					}
				}
			}
			all = append(all, placed)
		}
	}
	for _, call := range calls {
		c.call(all, call)
	}
}

func (c *comparison) call(all []*policyStatement, call apiCall) {
	allowed := false
	for _, s := range all {
		action, resource, err := s.matches(call)
		switch {
		case err != nil:
			c.problem("%s: %v", call.role, err)
		case action == "":
		case s.Effect == "Deny":
			c.problem("%s calls %s on %s, which statement %s denies", call.role, call.action, shape(call.resource), s.Sid)
		default:
			allowed = true
			g := s.grants[[2]string{action, resource}]
			g.used++
			g.calls[call.action] = true
		}
	}
	if !allowed {
		because := ""
		if call.because != "" {
			because = " (" + call.because + ")"
		}
		for _, p := range call.context["s3:prefix"] {
			because += " with the prefix " + shape(p)
		}
		c.problem("%s calls %s on %s%s, which no policy of it allows", call.role, call.action, shape(call.resource), because)
	}
}

var identifiers = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|part-[^/]*|\d{5}\.json|\d{8}\.json`)

// shape is a resource without what differs from run to run, so that a problem is said once.
func shape(resource string) string { return identifiers.ReplaceAllString(resource, "…") }

func (c *comparison) except(exceptions []exception) {
	needed := make([]bool, len(exceptions))
	for _, g := range c.grants {
		if g.used > 0 {
			continue
		}
		i := slices.IndexFunc(exceptions, func(e exception) bool { return e.covers(g) })
		if i < 0 {
			c.problem("%s may %s on %s (statement %s), and no recorded call needs it: take it away, or write down why not", g.role, g.action, g.resource, g.sid)
			continue
		}
		needed[i] = true
		c.excepted[g] = exceptions[i].why
	}
	for i, e := range exceptions {
		if !needed[i] && !e.sometimes {
			c.problem("the exception for %s %s %s explains nothing: remove it", e.role, e.action, e.resource)
		}
	}
}

// table is the comparison for people.
func (c *comparison) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-34s %-38s %-72s %s\n", "role", "action", "resource", "calls")
	for _, g := range c.grants {
		uses := fmt.Sprint(g.used)
		if g.used == 0 {
			uses = "none: " + c.excepted[g]
		}
		fmt.Fprintf(&b, "%-34s %-38s %-72s %s\n", g.role, g.action, g.resource, uses)
	}
	return b.String()
}
