package deployment

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConditions(t *testing.T) {
	call := apiCall{role: "r", action: "s3:GetObject", resource: "arn:aws:s3:::b/k", context: map[string][]string{
		"s3:prefix": {"runs/a/"}, "aws:CalledVia": {"athena.amazonaws.com", "cleanrooms.amazonaws.com"},
	}}
	for _, c := range []struct {
		operator, key string
		want          string
		holds         bool
	}{
		{"StringEquals", "aws:ResourceAccount", account, true},
		{"StringEquals", "aws:resourceaccount", account, true},
		{"StringEquals", "aws:ResourceAccount", "1", false},
		{"StringNotEquals", "aws:ResourceAccount", "1", true},
		{"StringLike", "s3:prefix", "runs/*", true},
		{"StringNotLike", "s3:prefix", "runs/*", false},
		{"StringLike", "s3:delimiter", "*", false},
		{"StringLikeIfExists", "s3:delimiter", "x", true},
		{"StringNotEqualsIfExists", "s3:x-amz-server-side-encryption", "x", true},
		{"ForAnyValue:StringEquals", "aws:CalledVia", "cleanrooms.amazonaws.com", true},
		{"ForAllValues:StringEquals", "aws:CalledVia", "cleanrooms.amazonaws.com", false},
		{"ForAnyValue:StringEquals", "ecs:cluster", "x", false},
		{"ArnLike", "aws:PrincipalArn", "arn:*:iam::*:role/r", true},
		{"Bool", "aws:SecureTransport", "false", false},
		{"Null", "s3:delimiter", "true", true},
		{"Null", "s3:prefix", "true", false},
	} {
		holds, err := condition(c.operator, c.key, []string{c.want}, call)
		require.NoError(t, err, c)
		assert.Equal(t, c.holds, holds, c)
	}
	for _, unknown := range [][2]string{{"StringMaybe", "s3:prefix"}, {"ForSome:StringEquals", "s3:prefix"}, {"StringEquals", "aws:Moon"}} {
		_, err := condition(unknown[0], unknown[1], []string{"x"}, call)
		require.Error(t, err, unknown)
	}
}

func TestWildcards(t *testing.T) {
	for pattern, text := range map[string]string{"*": "", "s3:Get*": "s3:GetObject", "a*c": "abc/c", "a?c": "abc", "arn:aws:s3:::b/*": "arn:aws:s3:::b/x/y"} {
		assert.True(t, wild(pattern, text), pattern)
	}
	for pattern, text := range map[string]string{"a": "ab", "a?": "a", "a*b": "ac", "": "x", "b/*": "b"} {
		assert.False(t, wild(pattern, text), pattern)
	}
}

// The comparison notices what it is there to notice.
func TestComparison(t *testing.T) {
	const allow = `{"Statement": [
		{"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::b/*"},
		{"Sid": "Not", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b/secret/*"}]}`
	get := func(key string) apiCall {
		return apiCall{role: "r", action: "s3:GetObject", resource: "arn:aws:s3:::b/" + key}
	}
	put := apiCall{role: "r", action: "s3:PutObject", resource: "arn:aws:s3:::b/k"}
	why := exception{"r", "s3:PutObject", ".*", "an error path", false}
	for _, c := range []struct {
		name, policy string
		calls        []apiCall
		exceptions   []exception
		want         string
	}{
		{"all is well", allow, []apiCall{get("k"), put}, nil, ""},
		{"a grant that is not used", allow, []apiCall{get("k")}, nil, "r may s3:PutObject"},
		{"which is explained", allow, []apiCall{get("k")}, []exception{why}, ""},
		{"an exception for nothing", allow, []apiCall{get("k"), put}, []exception{why}, "explains nothing"},
		{"a call that is not allowed", allow, []apiCall{get("k"), put, {role: "r", action: "s3:DeleteObject", resource: "arn:aws:s3:::b/k"}}, nil, "r calls s3:DeleteObject"},
		{"a call that is denied", allow, []apiCall{get("k"), put, get("secret/k")}, nil, "statement Not denies"},
		{"another bucket", allow, []apiCall{get("k"), put, {role: "r", action: "s3:GetObject", resource: "arn:aws:s3:::c/k"}}, nil, "on arn:aws:s3:::c/k"},
		{"another role", allow, []apiCall{get("k"), put, {role: "q", action: "s3:GetObject"}}, nil, "no role q"},
		{"an unknown condition", strings.Replace(allow, `"Resource": "arn:aws:s3:::b/*"`, `"Resource": "arn:aws:s3:::b/*", "Condition": {"X": {"y": "z"}}`, 1), []apiCall{get("k"), put}, []exception{{"r", ".*", ".*", "", false}}, "does not know the condition key y"},
		{"what cannot be read", `{"Statement": {"Effect": "Allow", "NotAction": "a", "Resource": "*"}}`, nil, nil, "NotAction"},
	} {
		t.Run(c.name, func(t *testing.T) {
			problems := compare([]role{{name: "r", policies: map[string]string{"p": c.policy}}}, c.calls, c.exceptions).problems
			if c.want == "" {
				assert.Empty(t, problems)
				return
			}
			require.NotEmpty(t, problems)
			assert.Contains(t, strings.Join(problems, "\n"), c.want)
		})
	}
}
