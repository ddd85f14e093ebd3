package terraform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/test/tools"
)

// What the provider lacks is made by CloudFormation, of whose templates Terraform knows nothing. So those that the modules'
// own tests plan are held against CloudFormation's schemas, which cfn-lint has.
func TestStackTemplates(t *testing.T) {
	tools.Need(t, "CFN_LINT")
	plugins := tools.Need(t, "TERRAFORM_PLUGINS")
	terraform := workingCopy(t)
	templates := map[string]string{}
	for _, module := range findModules(t, terraform) {
		if !hasStacks(t, filepath.Join(terraform, module)) {
			continue
		}
		folder := filepath.Join(terraform, module)
		run(t, folder, "init", "-input=false", "-backend=false", "-plugin-dir="+plugins)
		planned := plannedTemplates(t, folder)
		require.NotEmpty(t, planned, "%s makes stacks, but its tests plan none", module)
		for name, template := range planned {
			templates[module+" "+name] = template
		}
	}
	t.Logf("%d templates", len(templates))
	for name, problems := range lintStacks(t, templates) {
		t.Errorf("%s:\n%s\n%s", name, strings.Join(problems, "\n"), templates[name])
	}
}

var stackResource = regexp.MustCompile(`(?m)^resource "aws_cloudformation_stack"`)

func hasStacks(t *testing.T, folder string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.tf"))
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if stackResource.Match(text) {
			return true
		}
	}
	return false
}

// plannedTemplates gives the templates that the runs of a module's tests plan, by run and address.
func plannedTemplates(t *testing.T, folder string) map[string]string {
	t.Helper()
	templates := map[string]string{}
	args := []string{"test", "-json", "-verbose"}
	for _, file := range testFiles(t, folder) {
		if name := filepath.Base(file); name != "refusals.tftest.hcl" { // whose plans fail
			args = append(args, "-filter=tests/"+name)
		}
	}
	out, err := terraformIn(t, folder, args...).Output()
	require.NoError(t, err, "%s", out)
	for line := range strings.Lines(string(out)) {
		var event struct {
			Run  string `json:"@testrun"`
			Plan struct {
				Changes []struct {
					Address, Type string
					Change        struct {
						After struct {
							Body string `json:"template_body"`
						}
					}
				} `json:"resource_changes"`
			} `json:"test_plan"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &event), "%s", line)
		for _, c := range event.Plan.Changes {
			if body := c.Change.After.Body; c.Type == "aws_cloudformation_stack" && body != "" { // a mocked stack's is unknown
				templates[event.Run+" "+c.Address] = body
			}
		}
	}
	return templates
}

// lintStacks gives what cfn-lint says of each template that it says anything of.
func lintStacks(t *testing.T, templates map[string]string) map[string][]string {
	t.Helper()
	folder, names, args := t.TempDir(), map[string]string{}, []string{"--format", "json", "--regions", "us-east-1", "--"}
	for name, template := range templates {
		file := filepath.Join(folder, fmt.Sprintf("%d.json", len(names)))
		require.NoError(t, os.WriteFile(file, []byte(template), 0o600))
		names[file] = name
		args = append(args, file)
	}
	cmd := tools.Command(t, "CFN_LINT", args...)
	cmd.Stderr = &bytes.Buffer{}
	out, err := cmd.Output() // its exit code is not 0 when it finds something
	var found []struct {
		Filename, Message string
		Rule              struct{ ID string }
	}
	require.NoError(t, json.Unmarshal(out, &found), "%s %s %v", out, cmd.Stderr, err)
	problems := map[string][]string{}
	for _, f := range found {
		problems[names[f.Filename]] = append(problems[names[f.Filename]], f.Rule.ID+" "+f.Message)
	}
	return problems
}

// What is above must notice templates that CloudFormation would refuse.
func TestStackTemplatesNotice(t *testing.T) {
	const good = `{"Parameters": {"MembershipIdentifier": {"Type": "String"}, "RoleArn": {"Type": "String"}}, "Resources": {
		"Collaboration": {"Type": "AWS::CleanRooms::Collaboration", "Properties": {
			"Name": "a", "Description": "b", "CreatorDisplayName": "c", "QueryLogStatus": "ENABLED", "AnalyticsEngine": "SPARK",
			"Members": [{"AccountId": "444455556666", "DisplayName": "d", "MemberAbilities": []}]}},
		"Table": {"Type": "AWS::CleanRooms::ConfiguredTable", "Properties": {
			"Name": "t", "AnalysisMethod": "DIRECT_QUERY", "AllowedColumns": ["email", "email_sha256"], "TableReference": {"Glue": {"DatabaseName": "d", "TableName": "t"}},
			"AnalysisRules": [{"Type": "LIST", "Policy": {"V1": {"List": {"JoinColumns": ["email_sha256"], "ListColumns": ["email"]}}}}]}},
		"Association": {"Type": "AWS::CleanRooms::ConfiguredTableAssociation", "Properties": {
			"Name": "t", "ConfiguredTableIdentifier": {"Fn::GetAtt": ["Table", "ConfiguredTableIdentifier"]}, "MembershipIdentifier": {"Ref": "MembershipIdentifier"},
			"RoleArn": {"Ref": "RoleArn"},
			"ConfiguredTableAssociationAnalysisRules": [{"Type": "LIST", "Policy": {"V1": {"List": {"AllowedResultReceivers": ["111122223333"]}}}}]}}}}`
	cases := []struct{ name, old, new, want string }{
		{"an unknown property", `"AnalyticsEngine"`, `"Engine"`, "Engine"},
		{"an unknown engine", `"SPARK"`, `"PRESTO"`, "PRESTO"},
		{"no account", `"444455556666"`, `"4444-5555-6666"`, "4444-5555-6666"},
		{"an unknown type", `"AWS::CleanRooms::Collaboration"`, `"AWS::CleanRooms::Colaboration"`, "AWS::CleanRooms::Colaboration"},
		{"an unknown kind of rule", `{"List": {"JoinColumns"`, `{"Lists": {"JoinColumns"`, "Lists"},
		{"a rule without join columns", `"JoinColumns": ["email_sha256"], `, ``, "JoinColumns"},
		{"a column with capitals", `"JoinColumns": ["email_sha256"]`, `"JoinColumns": ["Email"]`, "Email"},
		{"an unknown attribute", `["Table", "ConfiguredTableIdentifier"]`, `["Table", "Identifier"]`, "Identifier"},
		{"no role", `"RoleArn": {"Ref": "RoleArn"},`, ``, "RoleArn"},
		{"an unknown reference", `{"Ref": "MembershipIdentifier"}`, `{"Ref": "Membership"}`, "Membership"},
	}
	templates := map[string]string{"good": good}
	for _, c := range cases {
		require.Contains(t, good, c.old, c.name)
		templates[c.name] = strings.Replace(good, c.old, c.new, 1)
	}
	problems := lintStacks(t, templates)
	assert.Empty(t, problems["good"])
	for _, c := range cases {
		assert.Contains(t, strings.Join(problems[c.name], "\n"), c.want, c.name)
	}
}
