package asl

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestIntrinsics: the results are those that AWS documents or was recorded giving; the input is below.
func TestIntrinsics(t *testing.T) {
	const in = `{"name": "Ada", "template": "Hi {}, \\{x\\}", "n": 5, "f": 1.5, "nothing": null, "yes": true, "list": [1, 2, 3, 4, 5, 6, 7, 8, 9], "obj": {"a": {"a1": 1}, "b": 2},
		"other": {"a": {"a2": 2}, "c": 3}, "json": "{\"a\":[1,1.0,12345678901234567890]}", "bad": "{", "dup": [null, null, true, 1, 1.0, "x", "x", [], [], {"a": 1}, {"a": 1}, {"a": 2}],
		"odd key": "o", "neg": -1.5, "csv": ", , ,", "text": "input data", "lines": "a\nb"}`
	fails := "!" + ErrIntrinsicFailure
	tests := []struct{ call, want string }{
		{`States.Format('Hello, {} of {}.', $.name, $.n)`, `"Hello, Ada of 5."`},
		{`States.Format($.template, $.name)`, `"Hi Ada, {x}"`},
		{`States.Format('{}{}{}{}', null, true, 1.10, 'x')`, `"nulltrue1.10x"`},
		{`States.Format('it\'s \{\} \\ {}', 'ok')`, `"it's {} \\ ok"`},
		{`States.Format('no values')`, `"no values"`},
		{`States.Format('')`, `""`},
		{`States.Format('{}', $['odd key'])`, `"o"`},
		{`States.Format('{}', $.obj)`, fails},
		{`States.Format($.template, 1, 2)`, fails},
		{`States.Format($.n, 1)`, fails},
		{`States.StringToJson($.json)`, `{"a": [1, 1.0, 12345678901234567890]}`},
		{`States.StringToJson('{"a": "b"}')`, `{"a": "b"}`},
		{`States.StringToJson('')`, `null`},
		{`States.StringToJson($.bad)`, fails},
		{`States.StringToJson($.n)`, fails},
		{`States.JsonToString($.obj)`, `"{\"a\":{\"a1\":1},\"b\":2}"`},
		{`States.JsonToString($.name)`, `"\"Ada\""`},
		{`States.JsonToString('<&>')`, `"\"<&>\""`},
		{`States.Array()`, `[]`},
		{`States.Array('a', 2022, $.obj.b, null, -0.5e1)`, `["a", 2022, 2, null, -5]`},
		{`States.Array( 'a' , States.Array( ) )`, `["a", []]`},
		{`States.ArrayPartition($.list, 4)`, `[[1, 2, 3, 4], [5, 6, 7, 8], [9]]`},
		{`States.ArrayPartition(States.Array(), 4)`, `[]`},
		{`States.ArrayPartition($.list, 0)`, fails},
		{`States.ArrayContains($.list, 5)`, `true`},
		{`States.ArrayContains($.list, 5.0)`, `true`},
		{`States.ArrayContains($.list, '5')`, `false`},
		{`States.ArrayContains(States.Array($.obj), $.obj)`, `true`},
		{`States.ArrayContains($.n, 5)`, fails},
		{`States.ArrayRange(1, 9, 2)`, `[1, 3, 5, 7, 9]`},
		{`States.ArrayRange(0, 10, 3)`, `[0, 3, 6, 9]`},
		{`States.ArrayRange(3, 1, -1)`, `[3, 2, 1]`},
		{`States.ArrayRange(1, 9, 0)`, fails},
		{`States.ArrayRange(1, 1001, 1)`, fails},
		{`States.ArrayRange(0, 9223372036854775807, 9223372036854775807)`, fails},
		{`States.ArrayGetItem($.list, 5)`, `6`},
		{`States.ArrayGetItem($.list, 9)`, fails},
		{`States.ArrayGetItem($.list, -1)`, fails},
		{`States.ArrayLength($.list)`, `9`},
		{`States.ArrayLength($.list[2:4])`, `2`},
		{`States.ArrayLength($.name)`, fails},
		{`States.ArrayUnique($.dup)`, `[null, true, 1, "x", [], {"a": 1}, {"a": 2}]`},
		{`States.Base64Encode('Data to encode')`, `"RGF0YSB0byBlbmNvZGU="`},
		{`States.Base64Decode('RGF0YSB0byBlbmNvZGU=')`, `"Data to encode"`},
		{`States.Base64Decode('%')`, fails},
		{`States.Base64Encode($.n)`, fails},
		{`States.Hash($.text, 'MD5')`, `"812f45842bc6d66ee14572ce20db8e86"`},
		{`States.Hash($.text, 'SHA-1')`, `"aaff4a450a104cd177d28d18d74485e8cae074b7"`},
		{`States.Hash($.text, 'SHA-256')`, `"b4a697a057313163aee33cd8d40c66e9f0f177e00cac2de32475ffff6169c3e3"`},
		{`States.Hash($.text, 'SHA-384')`, `"d28a7d5cf25a74f11a50a18452b75e04bb3d70c9dd0510d6123aa008c756511b87525bdc835ebb27e1fb9e9374a15562"`},
		{`States.Hash($.text, 'SHA-512')`, `"6ce4adb348546d4f449c4d25aad9a7c9cb711d9e91982d3f0b29ca2f3f47d4ce2deba23bf2954f0f1d593fc50283731a533d30d425402d4f91316d871303aac4"`},
		{`States.Hash($.text, $.name)`, fails},
		{`States.JsonMerge($.obj, $.other, false)`, `{"a": {"a2": 2}, "b": 2, "c": 3}`},
		{`States.JsonMerge($.obj, $.other, true)`, fails},
		{`States.JsonMerge($.obj, $.list, false)`, fails},
		{`States.MathAdd($.n, -1)`, `4`},
		{`States.MathAdd(1.49, 1.5)`, `3`},
		{`States.MathAdd(1.5, 1.51)`, `4`},
		{`States.MathAdd(-1.5, -1.51)`, `-3`},
		{`States.MathAdd(-0.5, 0.5)`, `1`},
		{`States.MathAdd($.name, 1)`, fails},
		{`States.MathAdd(9223372036854775807, 1)`, fails},
		{`States.MathAdd(1e300, 1)`, fails},
		{`States.MathRandom(3, 4)`, `3`},
		{`States.MathRandom(3, 3)`, fails},
		{`States.MathRandom(-9223372036854775808, 9223372036854775807)`, fails},
		{`States.StringSplit('1,2,3', ',')`, `["1", "2", "3"]`},
		{`States.StringSplit('This.is+a,test=string', '.+,=')`, `["This", "is", "a", "test", "string"]`},
		{`States.StringSplit($.csv, ',')`, `[" ", " "]`},
		{`States.StringSplit(',,,', ',')`, `[]`},
		{`States.StringSplit($.n, ',')`, fails},
		{`States.ArrayGetItem(States.StringSplit($$.StateMachine.Name, '-'), 0)`, `"local"`},
	}
	for _, tt := range tests {
		t.Run(tt.call, func(t *testing.T) {
			data, err := encode(tt.call)
			require.NoError(t, err)
			r := execute(t, one(`{"Type": "Pass", "Parameters": {"v.$": `+string(data)+`}, "OutputPath": "$.v", "End": true}`), in, none)
			assertRun(t, r, tt.want)
		})
	}
}

func TestUUIDAndSeed(t *testing.T) {
	r := execute(t, one(`{"Type": "Pass", "Parameters": {"a.$": "States.UUID()", "b.$": "States.UUID()", "r.$": "States.MathRandom(0, 1000000, 7)", "s.$": "States.MathRandom(0, 1000000, 7)"}, "End": true}`), `{}`, none)
	require.NoError(t, r.err)
	out := r.output.(map[string]any)
	assert.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, out["a"])
	assert.NotEqual(t, out["a"], out["b"])
	assert.Equal(t, out["r"], out["s"])
}

// FuzzExpression: an expression that parses evaluates to a value or an error, and never panics.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{`$.a[0].b`, `$$.Execution.Name`, `States.Format('{} \{', $.a)`, `States.ArrayRange(1, 9, 2)`, `$.list[0:2][*]['x']`, `States.MathAdd(1e3, -2)`} {
		f.Add(s)
	}
	m, err := Load([]byte(one(`{"Type": "Succeed"}`)))
	if err != nil {
		f.Fatal(err)
	}
	r, input, err := m.prepare(Options{Name: "fuzz", Input: []byte(`{"a": [{"b": "c"}], "list": [1, 2, [3]], "obj": {"x": null}, "s": "text", "n": 1.5}`)})
	if err != nil {
		f.Fatal(err)
	}
	sc := &scope{ex: &execution{run: r, input: input}}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := parseExpression(text)
		if err != nil {
			return
		}
		v, err := e.eval(input, sc)
		if err != nil {
			return
		}
		if _, err := encode(v); err != nil {
			t.Fatalf("%q gives %v, which is no JSON", text, v)
		}
	})
}

// FuzzStringMatches: the pattern of a text with its stars and backslashes escaped matches that text, and with a star
// after it whatever begins with it.
func FuzzStringMatches(f *testing.F) {
	f.Add("a*b\\", "c")
	f.Fuzz(func(t *testing.T, text, more string) {
		pattern := strings.NewReplacer(`*`, `\*`, `\`, `\\`).Replace(text)
		if !matchString(text, pattern) || !matchString(text+more, pattern+"*") || !matchString(more+text, "*"+pattern) {
			t.Fatalf("%q does not match %q", text, pattern)
		}
		if more != "" && matchString(text+more, pattern) {
			t.Fatalf("%q matches %q", text+more, pattern)
		}
	})
}
