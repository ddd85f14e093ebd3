package test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/test/tools"
)

// A validator says what it dislikes in each definition, by name; nothing about those that it likes.
type validator func(t *testing.T, definitions map[string]string) map[string]string

// The definitions, as they are deployed, please everybody: our loader, npm's asl-validator and AWS's cfn-lint, which know
// nothing of each other.
func TestOtherValidatorsTakeTheDefinitions(t *testing.T) {
	definitions := map[string]string{}
	for _, name := range []string{"rendered", "starter"} {
		text, err := os.ReadFile("../statemachine/testdata/" + name + ".json")
		require.NoError(t, err)
		definitions[name] = string(text)
	}
	for name, validate := range validators {
		t.Run(name, func(t *testing.T) { assert.Empty(t, validate(t, definitions)) })
	}
}

// seeded are faults that are put into the definition, each with those who must notice it. Our loader notices all: it would
// rather refuse what Step Functions takes than the other way round.
var seeded = []struct{ name, from, to, notice string }{
	{"an unknown type", `"Type": "Succeed"`, `"Type": "Success"`, "asl-validator cfn-lint loader"},
	{"a Next to nowhere", `"Next": "ReadSettings"`, `"Next": "ReadSetting"`, "asl-validator loader"},
	{"a StartAt to nowhere", `"StartAt": "CheckInput"`, `"StartAt": "CheckInputs"`, "asl-validator cfn-lint loader"},
	{"a state that nothing reaches", `"Default": "RefuseInput"`, `"Default": "NameRun"`, "asl-validator loader"},
	{"no Resource", `"Resource": "arn:aws:states:::events:putEvents",`, ``, "asl-validator cfn-lint loader"},
	{"no StartAt", `"StartAt": "CheckInput",`, ``, "asl-validator cfn-lint loader"},
	{"no path", `"SecondsPath": "$.poll.wait"`, `"SecondsPath": "poll wait"`, "asl-validator loader"},
	{"an unknown field", `"TimeoutSeconds": 604800`, `"TimeoutSecond": 604800`, "asl-validator cfn-lint loader"},
	{"an unknown field of a retrier", `"JitterStrategy"`, `"Jitter"`, "loader"},
	{"a number in quotes", `"MaxAttempts": 5`, `"MaxAttempts": "5"`, "asl-validator loader"},
	{"States.ALL with others", `"ErrorEquals": ["States.TaskFailed", "States.Timeout"]`, `"ErrorEquals": ["States.ALL", "States.Timeout"]`, "loader"},
	{"an operator that there is not", `"IsPresent": true`, `"Exists": true`, "asl-validator cfn-lint loader"},
	{"an unknown function", `States.StringToJson(`, `States.ParseJson(`, "asl-validator loader"},
}

// One who overlooks everything would be no second opinion.
func TestValidatorsNotice(t *testing.T) {
	text, err := os.ReadFile("../statemachine/testdata/rendered.json")
	require.NoError(t, err)
	broken := map[string]string{}
	for _, fault := range seeded {
		require.Contains(t, string(text), fault.from)
		broken[fault.name] = strings.ReplaceAll(string(text), fault.from, fault.to)
	}
	for name, validate := range validators {
		t.Run(name, func(t *testing.T) {
			found := validate(t, broken)
			for _, fault := range seeded {
				if slices.Contains(strings.Fields(fault.notice), name) {
					assert.Contains(t, found, fault.name)
				}
			}
			t.Logf("%s notices %d of %d faults", name, len(found), len(seeded))
		})
	}
}

var validators = map[string]validator{"loader": load, "asl-validator": aslValidator, "cfn-lint": cfnLint}

func load(_ *testing.T, definitions map[string]string) map[string]string {
	found := map[string]string{}
	for name, text := range definitions {
		if _, err := asl.Load([]byte(text)); err != nil {
			found[name] = err.Error()
		}
	}
	return found
}

func aslValidator(t *testing.T, definitions map[string]string) map[string]string {
	found := map[string]string{}
	for name, text := range definitions {
		path := filepath.Join(t.TempDir(), "machine.json")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		if out, err := tools.Command(t, "ASL_VALIDATOR", "--json-path", path).CombinedOutput(); err != nil {
			require.Contains(t, string(out), "is invalid", "asl-validator did not judge it: %v", err)
			found[name] = string(out)
		}
	}
	return found
}

// cfnLint judges the definitions as parts of CloudFormation templates, all in one call: starting it takes longest.
func cfnLint(t *testing.T, definitions map[string]string) map[string]string {
	folder := t.TempDir()
	var paths []string
	names := map[string]string{}
	for i, name := range slices.Sorted(maps.Keys(definitions)) {
		path := filepath.Join(folder, fmt.Sprintf("%d.json", i))
		require.NoError(t, os.WriteFile(path, template(t, definitions[name]), 0o644))
		paths, names[path] = append(paths, path), name
	}
	out, _ := tools.Command(t, "CFN_LINT", append([]string{"--format", "json"}, paths...)...).Output() // it fails when it finds something
	var matches []struct {
		Filename, Message string
		Location          struct{ Path []any }
	}
	require.NoError(t, json.Unmarshal(out, &matches), "%s", out)
	found := map[string]string{}
	for _, m := range matches {
		at := strings.Trim(fmt.Sprint(m.Location.Path), "[]")
		// It knows no OutputPath of a Succeed state; the States Language has one.
		if strings.HasSuffix(at, "States Completed OutputPath") {
			continue
		}
		found[names[m.Filename]] += at + ": " + m.Message + "\n"
	}
	return found
}

func template(t *testing.T, definition string) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"AWSTemplateFormatVersion": "2010-09-09",
		"Resources": map[string]any{"Machine": map[string]any{
			"Type":       "AWS::StepFunctions::StateMachine",
			"Properties": map[string]any{"RoleArn": "arn:aws:iam::123456789012:role/cleanreach", "Definition": json.RawMessage(definition)},
		}},
	})
	require.NoError(t, err)
	return text
}
