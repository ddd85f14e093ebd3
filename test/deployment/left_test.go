package deployment

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
)

// questions ask the services for all that they have: by name, or, of what has none, by the tag that the example gives
// everything.
var questions = []struct{ what, service, target, body string }{
	{"buckets", "s3", "", ""},
	{"queues", "sqs", "AmazonSQS.ListQueues", "{}"},
	{"state machines", "states", "AWSStepFunctions.ListStateMachines", "{}"},
	{"rules of the default bus", "events", "AWSEvents.ListRules", "{}"},
	{"buses", "events", "AWSEvents.ListEventBuses", "{}"},
	{"archives", "events", "AWSEvents.ListArchives", "{}"},
	{"log groups", "logs", "Logs_20140328.DescribeLogGroups", "{}"},
	{"saved queries", "logs", "Logs_20140328.DescribeQueryDefinitions", "{}"},
	{"secrets", "secretsmanager", "secretsmanager.ListSecrets", "{}"},
	{"clusters", "ecs", "AmazonEC2ContainerServiceV20141113.DescribeClusters", `{"clusters": ["` + prefix + `"]}`},
	{"task definitions", "ecs", "AmazonEC2ContainerServiceV20141113.ListTaskDefinitions", "{}"},
	{"repositories", "ecr", "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories", "{}"},
	{"databases", "glue", "AWSGlue.GetDatabases", "{}"},
	{"aliases of keys", "kms", "TrentService.ListAliases", "{}"},
	{"roles", "iam", "", "Action=ListRoles&Version=2010-05-08&MaxItems=1000"},
	{"policies", "iam", "", "Action=ListPolicies&Version=2010-05-08&Scope=Local&MaxItems=1000"},
	{"topics", "sns", "", "Action=ListTopics&Version=2010-03-31"},
	{"alarms", "monitoring", "", "Action=DescribeAlarms&Version=2010-08-01"},
	{"dashboards", "monitoring", "", "Action=ListDashboards&Version=2010-08-01"},
	{"networks", "ec2", "", "Action=DescribeVpcs&Version=2016-11-15"},
	{"subnets", "ec2", "", "Action=DescribeSubnets&Version=2016-11-15"},
	{"security groups", "ec2", "", "Action=DescribeSecurityGroups&Version=2016-11-15"},
	{"addresses", "ec2", "", "Action=DescribeAddresses&Version=2016-11-15"},
	{"endpoints", "ec2", "", "Action=DescribeVpcEndpoints&Version=2016-11-15&Filter.1.Name=vpc-endpoint-state&Filter.1.Value.1=available"},
}

// bearing finds the deployment's name in an answer. What the front made itself for the emulator's sake does not count.
var bearing = regexp.MustCompile(prefix + `[A-Za-z0-9/_-]*`)

// left asks every service that something was made in for what bears the deployment's name. Before destroy each question
// must find something, or it would find nothing afterwards either.
func (d *deployed) left() map[string][]string {
	d.t.Helper()
	found := map[string][]string{}
	for _, q := range questions {
		answer := d.ask(q.service, "/", q.target, q.body)
		if strings.Contains(answer, `"INACTIVE"`) { // a cluster that was deleted
			continue
		}
		for _, line := range strings.FieldsFunc(answer, func(r rune) bool { return strings.ContainsRune(`",<>: `, r) }) {
			if strings.Contains(line, "/front-") || strings.HasPrefix(line, "front-") {
				continue
			}
			found[q.what] = append(found[q.what], bearing.FindAllString(line, -1)...)
		}
		slices.Sort(found[q.what])
		if found[q.what] = slices.Compact(found[q.what]); len(found[q.what]) == 0 {
			delete(found, q.what)
		}
	}
	if stacks := d.front.stacks.left(); len(stacks) > 0 {
		found["stacks"] = stacks
	}
	if budgets := d.front.budgets.all.keys(); len(budgets) > 0 {
		found["budgets"] = budgets
	}
	if keys := d.enabledKeys(); len(keys) > 0 {
		found["keys"] = keys
	}
	return found
}

var enabled = regexp.MustCompile(`"KeyState": ?"Enabled"`)

// enabledKeys are the KMS keys that do not wait for their deletion, which takes a week at least.
func (d *deployed) enabledKeys() []string {
	d.t.Helper()
	var all []string
	for _, id := range regexp.MustCompile(`"KeyId": ?"([^"]+)"`).FindAllStringSubmatch(d.ask("kms", "/", "TrentService.ListKeys", "{}"), -1) {
		if about := d.ask("kms", "/", "TrentService.DescribeKey", `{"KeyId": "`+id[1]+`"}`); enabled.MatchString(about) && strings.Contains(about, `"CUSTOMER"`) {
			all = append(all, id[1])
		}
	}
	return all
}

// ask makes a call without an SDK: the emulator does not look at signatures, only at what they are for.
func (d *deployed) ask(service, path, target, body string) string {
	d.t.Helper()
	method, kind := http.MethodPost, "application/x-www-form-urlencoded"
	if body == "" {
		method = http.MethodGet
	}
	if target != "" {
		kind = "application/x-amz-json-1.1"
	}
	request, err := http.NewRequestWithContext(d.t.Context(), method, d.front.url+path, strings.NewReader(body))
	require.NoError(d.t, err)
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=operator/20260101/"+region+"/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
	request.Header.Set("Content-Type", kind)
	if target != "" {
		request.Header.Set("X-Amz-Target", target)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(d.t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(d.t, err)
	require.NoError(d.t, response.Body.Close())
	require.Equal(d.t, http.StatusOK, response.StatusCode, "%s %s\n%s", service, target, text)
	return string(text)
}
