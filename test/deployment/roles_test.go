package deployment

import (
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/require"
)

// roles fetches the roles that were deployed, with their policies, inline and attached.
func (w *world) roles() []role {
	w.t.Helper()
	ctx, client := w.t.Context(), iam.NewFromConfig(w.admin)
	list, err := client.ListRoles(ctx, &iam.ListRolesInput{MaxItems: aws.Int32(1000)})
	require.NoError(w.t, err)
	plain := func(document *string) string { // IAM encodes them for URLs
		text, err := url.QueryUnescape(strings.ReplaceAll(aws.ToString(document), "+", "%2B"))
		require.NoError(w.t, err)
		return text
	}
	var all []role
	for _, found := range list.Roles {
		r := role{name: aws.ToString(found.RoleName), trust: plain(found.AssumeRolePolicyDocument), policies: map[string]string{}}
		inline, err := client.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: found.RoleName})
		require.NoError(w.t, err)
		for _, name := range inline.PolicyNames {
			out, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: found.RoleName, PolicyName: &name})
			require.NoError(w.t, err)
			r.policies[name] = plain(out.PolicyDocument)
		}
		attached, err := client.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: found.RoleName})
		require.NoError(w.t, err)
		for _, policy := range attached.AttachedPolicies {
			version, err := client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: policy.PolicyArn})
			require.NoError(w.t, err)
			out, err := client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: policy.PolicyArn, VersionId: version.Policy.DefaultVersionId})
			require.NoError(w.t, err)
			r.policies[aws.ToString(policy.PolicyName)] = plain(out.PolicyVersion.Document)
		}
		all = append(all, r)
	}
	return all
}

// untrusting gives a problem for each trust policy that lets a service act for somebody else's resources.
func untrusting(r role) []string {
	statements, err := parsePolicy(r.trust)
	if err != nil {
		return []string{r.name + ": " + err.Error()}
	}
	var problems []string
	for _, s := range statements {
		named := map[string]bool{}
		for _, keys := range s.Condition {
			for key := range keys {
				named[strings.ToLower(key)] = true
			}
		}
		// Clean Rooms' two ways name memberships, in the external id or as the source (roles of tables).
		byMembership := strings.Contains(string(s.Principal), "cleanrooms.amazonaws.com") && (named["sts:externalid"] || named["aws:sourcearn"])
		if !byMembership && (!named["aws:sourceaccount"] || !named["aws:sourcearn"]) {
			problems = append(problems, r.name+" trusts "+string(s.Principal)+" without aws:SourceAccount and aws:SourceArn")
		}
	}
	return problems
}
