package deployment

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// A statement is one of a policy's, with lists in place of single values.
type statement struct {
	Sid       string          `json:",omitempty"`
	Effect    string          `json:",omitempty"`
	Principal json.RawMessage `json:",omitempty"`
	Action    texts           `json:",omitempty"`
	NotAction texts           `json:",omitempty"`
	Resource  texts           `json:",omitempty"`
	// NotResource is in none of our policies: one that appears is refused, not misread.
	NotResource texts                       `json:",omitempty"`
	Condition   map[string]map[string]texts `json:",omitempty"`
}

// texts is a string or a list of strings.
type texts []string

// UnmarshalJSON accepts both.
func (t *texts) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil {
		*t = texts{s}
		return nil
	}
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	if b, ok := v.(bool); ok {
		*t = texts{fmt.Sprint(b)}
		return nil
	}
	type list texts
	return json.Unmarshal(data, (*list)(t))
}

func parsePolicy(document string) ([]statement, error) {
	var policy struct{ Statement json.RawMessage }
	if err := json.Unmarshal([]byte(document), &policy); err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	if !strings.HasPrefix(strings.TrimSpace(string(policy.Statement)), "[") {
		policy.Statement = slices.Concat([]byte("["), policy.Statement, []byte("]"))
	}
	var all []statement
	if err := json.Unmarshal(policy.Statement, &all); err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	for _, s := range all {
		if len(s.NotAction)+len(s.NotResource) > 0 {
			return nil, fmt.Errorf("statement %s: the evaluator does not know NotAction and NotResource", s.Sid)
		}
	}
	return all, nil
}

// matches tells which of the statement's actions and resources cover a call, and whether its conditions hold.
func (s *statement) matches(call apiCall) (action, resource string, err error) {
	action = narrowest(s.Action, func(p string) bool { return wild(strings.ToLower(p), strings.ToLower(call.action)) })
	resource = narrowest(s.Resource, func(p string) bool { return wild(p, call.resource) })
	if action == "" || resource == "" {
		return "", "", nil
	}
	for operator, keys := range s.Condition {
		for key, want := range keys {
			holds, err := condition(operator, key, want, call)
			if err != nil {
				return "", "", fmt.Errorf("statement %s: %w", s.Sid, err)
			}
			if !holds {
				return "", "", nil
			}
		}
	}
	return action, resource, nil
}

// narrowest is the longest of the patterns that are right: the one that was written for the call, when a wider one has it too.
func narrowest(all []string, ok func(string) bool) string {
	found := ""
	for _, pattern := range all {
		if len(pattern) > len(found) && ok(pattern) {
			found = pattern
		}
	}
	return found
}

// wild matches IAM's patterns: * is any text, slashes too, and ? a character.
func wild(pattern, text string) bool {
	for pattern != "" {
		switch {
		case pattern[0] == '*':
			for i := 0; i <= len(text); i++ {
				if wild(pattern[1:], text[i:]) {
					return true
				}
			}
			return false
		case text == "" || pattern[0] != '?' && pattern[0] != text[0]:
			return false
		}
		pattern, text = pattern[1:], text[1:]
	}
	return text == ""
}

// knownKeys are the condition keys that calls carry, or would carry in AWS. Another key in a policy is an error: nobody
// could say whether the condition holds.
var knownKeys = []string{
	"aws:SecureTransport", "aws:PrincipalAccount", "aws:PrincipalArn", "aws:ResourceAccount", "s3:ResourceAccount", "aws:RequestedRegion",
	"aws:CalledVia", "aws:PrincipalIsAWSService", "aws:SourceVpce", "s3:prefix", "s3:delimiter", "s3:TlsVersion", "s3:x-amz-server-side-encryption",
	"s3:x-amz-server-side-encryption-aws-kms-key-id", "kms:ViaService", "kms:EncryptionContext:*", "ecs:cluster", "ecs:CreateAction",
	"ecs:task-definition", "iam:PassedToService", "iam:AssociatedResourceArn", "events:source", "events:detail-type", "logs:*",
}

// condition evaluates one key of a condition.
func condition(operator, key string, want []string, call apiCall) (bool, error) {
	if !slices.ContainsFunc(knownKeys, func(known string) bool { ok, _ := path.Match(strings.ToLower(known), strings.ToLower(key)); return ok }) {
		return false, fmt.Errorf("the evaluator does not know the condition key %s", key)
	}
	quantifier, rest, quantified := strings.Cut(operator, ":")
	if !quantified {
		quantifier, rest = "", operator
	}
	rest, ifExists := strings.CutSuffix(rest, "IfExists")
	have := call.value(key)
	if rest == "Null" {
		return slices.Equal(want, []string{fmt.Sprint(len(have) == 0)}), nil
	}
	rest, negated := strings.CutPrefix(strings.Replace(rest, "Not", "!", 1), "!")
	if !negated { // StringNotEquals has it in the middle
		if before, after, found := strings.Cut(rest, "!"); found {
			rest, negated = before+after, true
		}
	}
	compare, known := comparisons[rest]
	if !known {
		return false, fmt.Errorf("the evaluator does not know the condition operator %s", operator)
	}
	if len(have) == 0 {
		return ifExists || negated || quantifier == "ForAllValues", nil
	}
	one := func(value string) bool {
		return slices.ContainsFunc(want, func(w string) bool { return compare(w, value) }) != negated
	}
	switch quantifier {
	case "ForAllValues":
		return !slices.ContainsFunc(have, func(v string) bool { return !one(v) }), nil
	case "", "ForAnyValue":
		return slices.ContainsFunc(have, one), nil
	}
	return false, fmt.Errorf("the evaluator does not know the condition operator %s", operator)
}

// comparisons are the operators, without IfExists, quantifier and Not.
var comparisons = map[string]func(want, have string) bool{
	"StringEquals":           func(want, have string) bool { return want == have },
	"StringEqualsIgnoreCase": strings.EqualFold,
	"StringLike":             wild,
	"ArnEquals":              wild, // the two are the same
	"ArnLike":                wild,
	"Bool":                   strings.EqualFold,
	"NumericLessThan": func(want, have string) bool {
		limit, err := strconv.ParseFloat(want, 64)
		value, err2 := strconv.ParseFloat(have, 64)
		return err == nil && err2 == nil && value < limit
	},
}

// value is what a call has for a key.
func (c apiCall) value(key string) []string {
	for name, values := range c.context {
		if strings.EqualFold(name, key) {
			return values
		}
	}
	switch strings.ToLower(key) {
	case "aws:securetransport":
		return []string{"true"}
	case "aws:principalaccount", "aws:resourceaccount", "s3:resourceaccount":
		return []string{account}
	case "aws:principalarn":
		return []string{roleARN(c.role)}
	case "aws:requestedregion":
		return []string{region}
	case "s3:tlsversion":
		return []string{"1.3"}
	case "aws:principalisawsservice":
		return []string{"false"}
	}
	return nil
}

func roleARN(name string) string { return "arn:aws:iam::" + account + ":role/" + name }
