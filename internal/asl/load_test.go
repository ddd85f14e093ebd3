package asl

import (
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func everything(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/everything.asl.json")
	require.NoError(t, err)
	return data
}

func TestLoadAcceptsEverything(t *testing.T) {
	m, err := Load(everything(t))
	require.NoError(t, err)
	assert.Equal(t, []string{
		"arn:aws:lambda:us-east-1:123456789012:function:name:alias",
		"arn:aws:states:::aws-sdk:cleanrooms:getProtectedQuery",
		"arn:aws:states:::ecs:runTask.sync",
		"arn:aws:states:::s3:getObject",
		"arn:aws:states:::s3:putObject",
	}, m.Resources())
}

// edit sets the field at a path such as "States/Work/Retry/0/MaxAttempts" to JSON text; no text removes it.
func edit(t *testing.T, doc any, path, text string) []byte {
	t.Helper()
	steps := strings.Split(path, "/")
	at := doc
	for _, step := range steps[:len(steps)-1] {
		switch v := at.(type) {
		case map[string]any:
			require.Contains(t, v, step, path)
			at = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			require.NoError(t, err)
			at = v[i]
		}
	}
	last := steps[len(steps)-1]
	if text == "" {
		require.Contains(t, at, last)
		delete(at.(map[string]any), last)
	} else if list, ok := at.([]any); ok {
		i, err := strconv.Atoi(last)
		require.NoError(t, err)
		list[i] = json.RawMessage(text)
	} else {
		at.(map[string]any)[last] = json.RawMessage(text)
	}
	out, err := json.Marshal(doc)
	require.NoError(t, err)
	return out
}

// TestLoadRefuses is the negative control: each line breaks the accepted definition in one place.
func TestLoadRefuses(t *testing.T) {
	const pass = `{"Type": "Pass", "End": true}`
	tests := []struct{ name, path, value, want string }{
		{"unknown top-level field", "Retries", "1", `top level: field "Retries" is no field of a state machine`},
		{"version", "Version", `"2.0"`, `top level: Version "2.0" is not supported`},
		{"query language", "QueryLanguage", `"JSONata"`, `top level: QueryLanguage "JSONata" is not supported`},
		{"query language of a state", "States/Done/QueryLanguage", `"JSONata"`, `state "Done": QueryLanguage "JSONata"`},
		{"execution timeout of zero", "TimeoutSeconds", "0", "top level: TimeoutSeconds must be a whole number from 1"},
		{"no StartAt", "StartAt", "", "top level: StartAt is missing"},
		{"StartAt nowhere", "StartAt", `"Nowhere"`, `top level: StartAt "Nowhere" is no state there`},
		{"StartAt in a branch", "StartAt", `"Left"`, `top level: StartAt "Left" is no state there`},
		{"no States", "States", "", "top level: States is missing"},
		{"empty States", "States", "{}", "States must be an object with at least one state"},
		{"comment that is no string", "Comment", "1", "top level: Comment must be a string"},
		{"state that is no object", "States/Done", "1", `state "Done": must be an object`},

		{"unknown type", "States/Done/Type", `"Success"`, `state "Done": Type "Success" does not exist`},
		{"no type", "States/Done/Type", "", `state "Done": Type is missing`},
		{"unknown field", "States/Shape/Resultpath", `"$"`, `state "Shape": field "Resultpath" is no field of a Pass state`},
		{"field of another type", "States/Shape/Retry", "[]", `state "Shape": field "Retry" is no field of a Pass state`},
		{"ResultSelector of Pass", "States/Shape/ResultSelector", "{}", `field "ResultSelector" is no field of a Pass state`},
		{"Parameters of Wait", "States/Pause/Parameters", "{}", `field "Parameters" is no field of a Wait state`},
		{"Next of Succeed", "States/Done/Next", `"Shape"`, `state "Done": field "Next" is no field of a Succeed state`},
		{"End of Choice", "States/Decide/End", "true", `field "End" is no field of a Choice state`},
		{"InputPath of Fail", "States/Broken/InputPath", `"$"`, `field "InputPath" is no field of a Fail state`},
		{"JSONata Arguments", "States/Work/Arguments", "{}", `state "Work": field "Arguments" belongs to JSONata`},
		{"JSONata Output", "States/Done/Output", "1", `state "Done": field "Output" belongs to JSONata`},
		{"Assign", "States/Shape/Assign", "{}", `state "Shape": field "Assign" belongs to JSONata`},
		{"JSONata Items", "States/Each/Items", "[]", `state "Each": field "Items" belongs to JSONata`},
		{"JSONata Condition", "States/Decide/Choices/2/Condition", `"x"`, `field "Condition" belongs to JSONata`},
		{"name of 81 characters", "States/" + strings.Repeat("é", 81), pass, "a name must have 1 to 80 characters"},
		{"name twice, in a branch", "States/Both/Branches/0", `{"StartAt": "Done", "States": {"Done": ` + pass + `}}`, `state "Done": the name occurs twice`},
		{"name twice, in a processor", "States/Each/ItemProcessor", `{"StartAt": "Right", "States": {"Right": ` + pass + `}}`, `state "Right": the name occurs twice`},

		{"Next nowhere", "States/Shape/Next", `"Nowhere"`, `state "Shape": Next leads to "Nowhere", which is no state of the machine's top level`},
		{"Next into a branch", "States/Fixed/Next", `"Left"`, `state "Fixed": Next leads to "Left", which is no state of the machine's top level`},
		{"Next out of a branch", "States/Both/Branches/0/States/Left", `{"Type": "Pass", "Next": "Done"}`, `state "Left": Next leads to "Done", which is no state of branch 0 of state "Both"`},
		{"neither Next nor End", "States/Pause/Next", "", `state "Pause": has neither Next nor End`},
		{"both Next and End", "States/Pause/End", "true", `state "Pause": has both Next and End`},
		{"End false", "States/Pause/End", "false", `state "Pause": End must be true`},
		{"Catch nowhere", "States/Work/Catch/0/Next", `"Nowhere"`, `state "Work": Catch[0].Next leads to "Nowhere"`},
		{"Choice nowhere", "States/Decide/Choices/1/Next", `"Nowhere"`, `state "Decide": Choices[1].Next leads to "Nowhere"`},
		{"Default nowhere", "States/Decide/Default", `"Nowhere"`, `state "Decide": Default leads to "Nowhere"`},
		{"unreachable", "States/Lonely", pass, `state "Lonely": no state leads to it`},
		{"unreachable in a branch", "States/Both/Branches/0/States/Lonely", pass, `state "Lonely": no state leads to it`},
		{"no terminal state", "States/Each/ItemProcessor/States/Item", `{"Type": "Pass", "Next": "Item"}`, `item processor of state "Each": no terminal state`},

		{"States.ALL not alone", "States/Work/Retry/1/ErrorEquals", `["States.ALL", "A"]`, `state "Work": Retry[1]: ErrorEquals: States.ALL must be alone`},
		{"States.ALL not last in Retry", "States/Work/Retry/0/ErrorEquals", `["States.ALL"]`, `Retry[0]: ErrorEquals: States.ALL must be in the last entry`},
		{"States.ALL not last in Catch", "States/Work/Catch/0/ErrorEquals", `["States.ALL"]`, `Catch[0]: ErrorEquals: States.ALL must be in the last entry`},
		{"empty ErrorEquals", "States/Work/Retry/0/ErrorEquals", `[]`, "ErrorEquals must be an array that is not empty"},
		{"no ErrorEquals", "States/Work/Retry/0/ErrorEquals", "", "Retry[0]: ErrorEquals is missing"},
		{"catching States.Runtime", "States/Work/Catch/0/ErrorEquals", `["States.Runtime"]`, "States.Runtime cannot be caught or retried"},
		{"misspelt States error", "States/Work/Catch/0/ErrorEquals", `["States.TimeOut"]`, "Step Functions has no error States.TimeOut"},
		{"heartbeat error", "States/Work/Catch/0/ErrorEquals", `["States.HeartbeatTimeout"]`, "is never raised by this subset"},
		{"error that is no string", "States/Work/Catch/0/ErrorEquals", `[1]`, "ErrorEquals must hold names"},
		{"unknown field of a retrier", "States/Work/Retry/0/Interval", "1", `Retry[0]: field "Interval" is no field of a retrier`},
		{"unknown field of a catcher", "States/Work/Catch/0/Output", "1", `Catch[0]: field "Output" belongs to JSONata`},
		{"interval of zero", "States/Work/Retry/0/IntervalSeconds", "0", "IntervalSeconds must be a whole number from 1"},
		{"interval with a fraction", "States/Work/Retry/0/IntervalSeconds", "1.5", "IntervalSeconds must be a whole number"},
		{"negative attempts", "States/Work/Retry/0/MaxAttempts", "-1", "MaxAttempts must be a whole number from 0 to 99999999"},
		{"too many attempts", "States/Work/Retry/0/MaxAttempts", "100000000", "MaxAttempts must be a whole number from 0 to 99999999"},
		{"backoff below one", "States/Work/Retry/0/BackoffRate", "0.5", "BackoffRate must be a number from 1"},
		{"delay not above interval", "States/Work/Retry/0/MaxDelaySeconds", "2", "MaxDelaySeconds must be greater than IntervalSeconds"},
		{"delay over a year", "States/Work/Retry/0/MaxDelaySeconds", "31622400", "MaxDelaySeconds must be a whole number from 1 to 31622399"},
		{"jitter", "States/Work/Retry/0/JitterStrategy", `"HALF"`, `JitterStrategy "HALF" is not supported; allowed: FULL, NONE`},
		{"Retry that is no array", "States/Work/Retry", "{}", "Retry must be an array"},

		{"path without $", "States/Shape/InputPath", `"a.b"`, `state "Shape": InputPath: "a.b" is no JSONPath`},
		{"broken path", "States/Shape/InputPath", `"$.a["`, `InputPath: "$.a[" is no JSONPath`},
		{"filter", "States/Shape/InputPath", `"$.a[?(@.b>1)]"`, "filters, scripts and .. are not supported"},
		{"descent", "States/Shape/OutputPath", `"$..a"`, "filters, scripts and .. are not supported"},
		{"negative index", "States/Shape/OutputPath", `"$.a[-1]"`, "negative indexes"},
		{"overflowing index", "States/Shape/OutputPath", `"$.a[99999999999999999999]"`, "too large"},
		{"step", "States/Shape/OutputPath", `"$.a[0:4:2]"`, "a slice with a step"},
		{"two names at once", "States/Shape/OutputPath", `"$['a','b']"`, "only indexes may be listed"},
		{"function in a path", "States/Shape/InputPath", `"$.a.length()"`, "is no JSONPath"},
		{"path that is no string", "States/Shape/InputPath", "1", "InputPath must be a string"},
		{"unknown context field", "States/Shape/InputPath", `"$$.Execution.Foo"`, "the context object has no such field"},
		{"task token", "States/Work/Parameters", `{"t.$": "$$.Task.Token"}`, "task tokens are not supported"},
		{"ResultPath with a wildcard", "States/Shape/ResultPath", `"$.a[*]"`, `"$.a[*]" is no reference path`},
		{"ResultPath with an index", "States/Shape/ResultPath", `"$.a[0]"`, "may hold only fields"},
		{"ResultPath into the context", "States/Shape/ResultPath", `"$$.Execution"`, "reads the context object"},
		{"ResultPath of a catcher", "States/Work/Catch/0/ResultPath", `"$.a[*]"`, "Catch[0]: ResultPath"},
		{"ItemsPath with a slice", "States/Each/ItemsPath", `"$.a[1:]"`, "is no reference path"},
		{"SecondsPath of the context", "States/PauseByPath/SecondsPath", `"$$.Execution.Input.s"`, "reads the context object"},

		{"dynamic field that is no path", "States/Shape/Parameters", `{"a": {"b.$": "text"}}`, `state "Shape": Parameters.a.b.$: "text" is neither a path nor an intrinsic function`},
		{"dynamic field that is no string", "States/Shape/Parameters", `{"a.$": 1}`, "Parameters.a.$"},
		{"dynamic field in an array", "States/Shape/Parameters", `{"a": [{"b.$": "$["}]}`, "Parameters.a[0].b.$"},
		{"field with and without .$", "States/Shape/Parameters", `{"a": 1, "a.$": "$.a"}`, `field "a" is given both with and without .$`},
		{"Parameters that is no object", "States/Shape/Parameters", "[1]", "Parameters must be an object"},
		{"unknown function", "States/Shape/Parameters", `{"a.$": "States.Upper($.a)"}`, "no function States.Upper"},
		{"function in other case", "States/Shape/Parameters", `{"a.$": "States.format('{}', $.a)"}`, "no function States.format"},
		{"wrong number of arguments", "States/Shape/Parameters", `{"a.$": "States.MathAdd(1)"}`, "States.MathAdd does not take 1 arguments"},
		{"too few values to format", "States/Shape/Parameters", `{"a.$": "States.Format('{} {}', 1)"}`, "2 places {} for 1 values"},
		{"escape that does not exist", "States/Shape/Parameters", `{"a.$": "States.StringToJson('{\\\"a\\\":1}')"}`, "may follow a backslash"},
		{"string without an end", "States/Shape/Parameters", `{"a.$": "States.Format('a)"}`, "has no end"},
		{"text after a call", "States/Shape/Parameters", `{"a.$": "States.UUID() "}`, "unexpected text after the call"},
		{"eleven calls deep", "States/Shape/Parameters", `{"a.$": "` + strings.Repeat("States.Array(", 11) + strings.Repeat(")", 11) + `"}`, "nested deeper than 10"},
		{"path in a call", "States/Shape/Parameters", `{"a.$": "States.Array($.a[?(@.b)])"}`, "filters, scripts"},
		{"item outside of a Map", "States/Shape/Parameters", `{"a.$": "States.Array($$.Map.Item.Value)"}`, "exists only in ItemSelector"},
		{"item in a child execution", "States/Spread/ItemProcessor/States/Chunk/Parameters", `{"a.$": "$$.Map.Item.Value"}`, "exists only in ItemSelector"},

		{"no Resource", "States/Work/Resource", "", `state "Work": Resource is missing`},
		{"Resource that is no ARN", "States/Work/Resource", `"runTask"`, "is no service integration"},
		{"Resource in the wrong case", "States/Work/Resource", `"arn:aws:states:::ECS:RunTask"`, "is no service integration"},
		{"task token resource", "States/Work/Resource", `"arn:aws:states:::sqs:sendMessage.waitForTaskToken"`, "task tokens and activities"},
		{"activity", "States/Work/Resource", `"arn:aws:states:us-east-1:123456789012:activity:a"`, "task tokens and activities"},
		{"sync of the SDK", "States/Work/Resource", `"arn:aws:states:::aws-sdk:ecs:runTask.sync"`, "cannot wait for a job"},
		{"heartbeat", "States/Work/HeartbeatSeconds", "5", "nothing here sends heartbeats"},
		{"credentials", "States/Work/Credentials", "{}", "Credentials is not supported"},
		{"timeout of zero", "States/Work/TimeoutSeconds", "0", "TimeoutSeconds must be a whole number from 1"},
		{"two timeouts", "States/Work/TimeoutSecondsPath", `"$.t"`, "only one of TimeoutSeconds, TimeoutSecondsPath"},

		{"no Choices", "States/Decide/Choices", "", "Choices is missing"},
		{"empty Choices", "States/Decide/Choices", "[]", "Choices must be an array that is not empty"},
		{"unknown operator", "States/Decide/Choices/2", `{"Variable": "$.a", "StringEqual": "b", "Next": "Done"}`, `field "StringEqual" is no field of a rule and no operator`},
		{"two operators", "States/Decide/Choices/2", `{"Variable": "$.a", "IsNull": true, "IsString": true, "Next": "Done"}`, "exactly one comparison operator, has 2"},
		{"no operator", "States/Decide/Choices/2", `{"Variable": "$.a", "Next": "Done"}`, "exactly one comparison operator, has 0"},
		{"no variable", "States/Decide/Choices/2", `{"IsNull": true, "Next": "Done"}`, "Variable is missing"},
		{"no path form", "States/Decide/Choices/2", `{"Variable": "$.a", "StringMatchesPath": "$.b", "Next": "Done"}`, `field "StringMatchesPath" is no field`},
		{"operand of another type", "States/Decide/Choices/2", `{"Variable": "$.a", "NumericEquals": "1", "Next": "Done"}`, "NumericEquals must be a number"},
		{"operand that is no time", "States/Decide/Choices/2/TimestampLessThan", `"2026-11-24 05:00:00Z"`, "TimestampLessThan must look like"},
		{"bad pattern", "States/Decide/Choices/2", `{"Variable": "$.a", "StringMatches": "a\\b", "Next": "Done"}`, "may follow a backslash"},
		{"pattern that is no string", "States/Decide/Choices/2", `{"Variable": "$.a", "StringMatches": 1, "Next": "Done"}`, "StringMatches must be a string"},
		{"operand that is no string", "States/Decide/Choices/2", `{"Variable": "$.a", "StringEquals": 1, "Next": "Done"}`, "StringEquals must be a string"},
		{"operand that is no truth", "States/Decide/Choices/2", `{"Variable": "$.a", "IsPresent": "true", "Next": "Done"}`, "IsPresent must be true or false"},
		{"rule that is no object", "States/Decide/Choices/2", `"x"`, "Choices[2]: must be an object"},
		{"inner rule that is no object", "States/Decide/Choices/0/And/0", `"x"`, "Choices[0].And[0]: must be an object"},
		{"empty Default", "States/Decide/Default", `""`, "Default must not be empty"},
		{"empty Next", "States/Pause/Next", `""`, "Next must not be empty"},
		{"retrier that is no object", "States/Work/Retry/0", `1`, "Retry[0]: must be an object"},
		{"catcher that is no object", "States/Work/Catch/0", `1`, "Catch[0]: must be an object"},
		{"no processor", "States/Each/ItemProcessor", ``, `state "Each": ItemProcessor is missing`},
		{"processor that is no object", "States/Each/ItemProcessor", `1`, `item processor of state "Each": must be an object`},
		{"configuration that is no object", "States/Spread/ItemProcessor/ProcessorConfig", `1`, "ProcessorConfig: must be an object"},
		{"no mode", "States/Spread/ItemProcessor/ProcessorConfig/Mode", ``, "Mode is missing"},
		{"reader that is no object", "States/Spread/ItemReader", `1`, "ItemReader: must be an object"},
		{"writer that is no object", "States/Spread/ResultWriter", `1`, "ResultWriter: must be an object"},
		{"comment of a reader", "States/Spread/ItemReader/Comment", `"x"`, `field "Comment" is no field of ItemReader`},
		{"query language of a branch", "States/Both/Branches/0/QueryLanguage", `"JSONPath"`, `field "QueryLanguage" is no field of a branch`},
		{"timeout of a Map", "States/Each/TimeoutSeconds", `5`, `field "TimeoutSeconds" is no field of a Map state`},
		{"timeout of a Parallel", "States/Both/TimeoutSeconds", `5`, `field "TimeoutSeconds" is no field of a Parallel state`},
		{"template of Format that is a number", "States/Shape/Parameters", `{"a.$": "States.Format(1)"}`, "first argument of States.Format must be a string"},
		{"hash that does not exist", "States/Shape/Parameters", `{"a.$": "States.Hash('a', 'MD4')"}`, "States.Hash knows"},
		{"single brace", "States/Shape/Parameters", `{"a.$": "States.Format('{')"}`, "a brace that is no place"},
		{"argument that is nothing", "States/Shape/Parameters", `{"a.$": "States.Array(a)"}`, "unexpected text at character"},
		{"arguments without a comma", "States/Shape/Parameters", `{"a.$": "States.Array(1 2)"}`, "no , or ) after argument 1"},
		{"function without parentheses", "States/Shape/Parameters", `{"a.$": "States.UUID"}`, "no ( after States.UUID"},
		{"tolerance over a hundred", "States/Spread/ToleratedFailurePercentage", `101`, "ToleratedFailurePercentage must be a number from 0 to 100"},
		{"rule without Next", "States/Decide/Choices/2/Next", "", "Choices[2]: Next is missing"},
		{"nested rule with Next", "States/Decide/Choices/0/And/0/Next", `"Done"`, "Choices[0].And[0]: Next is allowed only at the top"},
		{"rule of two kinds", "States/Decide/Choices/2/Not", `{"Variable": "$.a", "IsNull": true}`, "either one comparison, or one of And, Or, Not"},
		{"empty And", "States/Decide/Choices/0/And", "[]", "And must be an array that is not empty"},

		{"Wait for nothing", "States/Pause/Seconds", "", "exactly one of Seconds, SecondsPath, Timestamp, TimestampPath"},
		{"Wait for two", "States/Pause/SecondsPath", `"$.s"`, "exactly one of Seconds, SecondsPath"},
		{"negative Seconds", "States/Pause/Seconds", "-1", "Seconds must be a whole number from 0 to 99999999"},
		{"Timestamp without zone", "States/PauseUntil/Timestamp", `"2026-11-24T05:00:00"`, "Timestamp must look like"},
		{"Timestamp of month 13", "States/PauseUntil/Timestamp", `"2026-13-24T05:00:00Z"`, "Timestamp must look like"},
		{"Timestamp in small letters", "States/PauseUntil/Timestamp", `"2026-11-24t05:00:00z"`, "Timestamp must look like"},

		{"Error and ErrorPath", "States/Broken/Error", `"E"`, `state "Broken": only one of Error, ErrorPath`},
		{"Cause and CausePath", "States/Broken/Cause", `"c"`, "only one of Cause, CausePath"},
		{"ErrorPath with a wildcard", "States/Broken/ErrorPath", `"$.a[*]"`, "is no reference path"},
		{"CausePath by a function that gives no string", "States/Broken/CausePath", `"States.Array($.a)"`, "States.Array cannot be used here"},
		{"CausePath that is a text", "States/Broken/CausePath", `"text"`, "neither a path nor an intrinsic function"},

		{"no Branches", "States/Both/Branches", "", "Branches is missing"},
		{"empty Branches", "States/Both/Branches", "[]", "Branches must be an array that is not empty"},
		{"unknown field of a branch", "States/Both/Branches/0/TimeoutSeconds", "5", `branch 0 of state "Both": field "TimeoutSeconds"`},

		{"no ItemProcessor", "States/Each/ItemProcessor", "", "ItemProcessor is missing"},
		{"legacy Iterator", "States/Each/Iterator", "{}", "Iterator is not supported: write ItemProcessor"},
		{"legacy Parameters", "States/Each/Parameters", "{}", "Parameters is not supported: write ItemProcessor"},
		{"ItemBatcher", "States/Spread/ItemBatcher", "{}", "ItemBatcher is not supported"},
		{"mode", "States/Each/ItemProcessor/ProcessorConfig/Mode", `"FAST"`, `Mode "FAST" is not supported`},
		{"express children", "States/Spread/ItemProcessor/ProcessorConfig/ExecutionType", `"EXPRESS"`, `ExecutionType "EXPRESS" is not supported`},
		{"no execution type", "States/Spread/ItemProcessor/ProcessorConfig/ExecutionType", "", "ExecutionType is missing"},
		{"execution type of inline", "States/Each/ItemProcessor/ProcessorConfig/ExecutionType", `"STANDARD"`, "ExecutionType belongs to DISTRIBUTED"},
		{"negative MaxConcurrency", "States/Each/MaxConcurrency", "-1", "MaxConcurrency must be a whole number from 0 to 10000"},
		{"two MaxConcurrencies", "States/Spread/MaxConcurrency", "1", "only one of MaxConcurrency, MaxConcurrencyPath"},
		{"Label of inline", "States/Each/Label", `"a"`, "Label is not supported: it belongs to a Map of mode DISTRIBUTED"},
		{"ItemReader of inline", "States/Each/ItemReader", `{}`, "ItemReader is not supported: it belongs"},
		{"tolerance of inline", "States/Each/ToleratedFailureCount", `1`, "ToleratedFailureCount is not supported: it belongs"},
		{"Label of 41", "States/Spread/Label", `"` + strings.Repeat("a", 41) + `"`, "Label must have 1 to 40 characters"},
		{"Label with a colon", "States/Spread/Label", `"a:b"`, "Label must have 1 to 40 characters"},
		{"percentage over 100", "States/Spread/ToleratedFailurePercentage", `100.5`, "ToleratedFailurePercentage must be a number from 0 to 100"},
		{"two percentages", "States/Spread/ToleratedFailurePercentage", `1`, "only one of ToleratedFailurePercentage, ToleratedFailurePercentagePath"},
		{"ItemReader and ItemsPath", "States/Spread/ItemsPath", `"$.a"`, "only one of ItemReader, ItemsPath"},
		{"reader resource", "States/Spread/ItemReader/Resource", `"arn:aws:states:::s3:listObjectsV2"`, "allowed: arn:aws:states:::s3:getObject"},
		{"reader of the SDK", "States/Spread/ItemReader/Resource", `"arn:aws:states:::aws-sdk:s3:getObject"`, "allowed: arn:aws:states:::s3:getObject"},
		{"reader of CSV", "States/Spread/ItemReader/ReaderConfig/InputType", `"CSV"`, `InputType "CSV" is not supported`},
		{"reader without type", "States/Spread/ItemReader/ReaderConfig/InputType", "", "InputType is missing"},
		{"reader without config", "States/Spread/ItemReader/ReaderConfig", "", "ReaderConfig is missing"},
		{"reader config unknown", "States/Spread/ItemReader/ReaderConfig/CSVDelimiter", `","`, `field "CSVDelimiter" is not supported`},
		{"MaxItems of zero", "States/Spread/ItemReader/ReaderConfig/MaxItems", "0", "MaxItems must be a whole number from 1"},
		{"reader without key", "States/Spread/ItemReader/Parameters", `{"Bucket": "b"}`, "Parameters: Key is missing"},
		{"reader with more", "States/Spread/ItemReader/Parameters", `{"Bucket": "b", "Key": "k", "VersionId": "v"}`, "only Bucket, Key are supported"},
		{"writer resource", "States/Spread/ResultWriter/Resource", `"arn:aws:states:::s3:getObject"`, "allowed: arn:aws:states:::s3:putObject"},
		{"writer without prefix", "States/Spread/ResultWriter/Parameters", `{"Bucket": "b"}`, "Parameters: Prefix is missing"},
		{"writer config", "States/Spread/ResultWriter/WriterConfig", `{}`, "WriterConfig is not supported"},
		{"unknown field of an item processor", "States/Each/ItemProcessor/Retry", `[]`, `item processor of state "Each": field "Retry"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc, err := decode(everything(t))
			require.NoError(t, err)
			_, err = Load(edit(t, doc, tt.path, tt.value))
			var problems *DefinitionError
			require.ErrorAs(t, err, &problems)
			assert.Contains(t, err.Error(), tt.want)
		})
	}
}

func TestLoadRefusesText(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", "", "not valid JSON at byte 0"},
		{"no JSON", "{,}", "not valid JSON"},
		{"no object", "[]", "top level: must be an object"},
		{"cut off", `{"StartAt": "A"`, "unexpected EOF"},
		{"two values", `{} {}`, "more text after the definition"},
		{"field twice", `{"StartAt": "A", "States": {"A": {"Type": "Succeed", "Type": "Pass"}}}`, "field States.A.Type occurs twice"},
		{"state twice", `{"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "A": {"Type": "Succeed"}}}`, "field States.A occurs twice"},
		{"too deep", strings.Repeat("[", 300), "nested deeper"},
		{"too large", `"` + strings.Repeat(" ", maxDefinitionBytes) + `"`, "bytes; at most 1048576"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load([]byte(tt.text))
			require.ErrorContains(t, err, tt.want)
		})
	}
}

func TestLoadReportsEverythingAtOnce(t *testing.T) {
	_, err := Load([]byte(`{"StartAt": "A", "Foo": 1, "States": {
		"A": {"Type": "Pass", "Bar": 1, "Next": "Nowhere"},
		"B": {"Type": "Wait", "End": true}}}`))
	var problems *DefinitionError
	require.ErrorAs(t, err, &problems)
	assert.Equal(t, []string{
		`state "A": field "Bar" is no field of a Pass state`,
		`state "B": needs exactly one of Seconds, SecondsPath, Timestamp, TimestampPath`,
		`state "A": Next leads to "Nowhere", which is no state of the machine's top level`,
		`state "B": no state leads to it`,
		`top level: no terminal state can be reached: one must have End, or be Succeed or Fail`,
		`top level: field "Foo" is no field of a state machine`,
	}, problems.Problems)
}

// FuzzLoad: whatever the text, Load gives a machine or a *DefinitionError with at least one problem.
func FuzzLoad(f *testing.F) {
	f.Add(everything(f))
	f.Add([]byte(`{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[{"Not":{}}]}}}`))
	f.Add([]byte(`{"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"a.$":"States.Format('\\{{}', $.a[0:2])"},"End":true}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Load(data)
		var problems *DefinitionError
		if (m == nil) == (err == nil) || err != nil && (!errors.As(err, &problems) || len(problems.Problems) == 0) {
			t.Fatalf("machine %v, error %v", m, err)
		}
	})
}
