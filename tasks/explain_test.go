package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
)

// ask runs the subcommand on some input.
func ask(t *testing.T, input string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"explain"}, args...), env{}, strings.NewReader(input), &out, &errs)
	return code, out.String(), errs.String()
}

func TestExplainAnswers(t *testing.T) {
	const mary = "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79" // Meta's own
	for _, c := range []struct{ asked, want string }{
		{`{"key":"EMAIL","value":" Mary@Example.com ","country":""}`, `{"key":"EMAIL","canonical":"mary@example.com","sha256":"` + mary + `","reason":""}`},
		{`{"key":"email","value":"mary@example.com"}`, `{"key":"EMAIL","canonical":"mary@example.com","sha256":"` + mary + `","reason":""}`},
		{`{"key":"EMAIL","value":"` + strings.ToUpper(mary) + `"}`, `{"key":"EMAIL","canonical":"` + mary + `","sha256":"` + mary + `","reason":""}`},
		{`{"key":"EMAIL","value":"n/a"}`, `{"key":"EMAIL","canonical":"","sha256":"","reason":"placeholder"}`},
		{`{"key":"EMAIL","value":"  "}`, `{"key":"EMAIL","canonical":"","sha256":"","reason":""}`},
		{`{"key":"EMAIL","value":null}`, `{"key":"EMAIL","canonical":"","sha256":"","reason":""}`},
		{`{"key":"PHONE","value":"(650)555-1212","country":"United States"}`,
			`{"key":"PHONE","canonical":"16505551212","sha256":"e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176","reason":""}`},
		{`{"key":"PHONE","value":"(650)555-1212"}`, `{"key":"PHONE","canonical":"","sha256":"","reason":"no_country_code"}`},
		{`{"key":"EXTERN_ID","value":" A<1>&"}`, `{"key":"EXTERN_ID","canonical":"A<1>&","sha256":"","reason":""}`},
		{`{"key":"MADID","value":"AEBE52E7-03EE-455A-B3C4-E57283966239"}`, `{"key":"MADID","canonical":"aebe52e7-03ee-455a-b3c4-e57283966239","sha256":"","reason":""}`},
		{`{"key":"MADID","value":"00000000-0000-0000-0000-000000000000"}`, `{"key":"MADID","canonical":"","sha256":"","reason":"zero_id"}`},
	} {
		code, stdout, stderr := ask(t, c.asked)
		assert.Equal(t, c.want+"\n", stdout, c.asked)
		assert.Zero(t, code, c.asked)
		assert.Empty(t, stderr, c.asked)
	}
}

func TestExplainRefuses(t *testing.T) {
	const good = `{"key":"GEN","value":"F"}`
	for _, c := range []struct{ name, line, says string }{
		{"no JSON", `Secretive`, "not valid JSON"},
		{"half an object", `{"key":"EMAIL","value":"Secretive`, "not valid JSON"},
		{"two objects", good + good, "not valid JSON"},
		{"a field twice", `{"key":"FN","value":"Secretive","value":"b"}`, "not valid JSON"},
		{"an array", `["Secretive"]`, "must be an object"},
		{"a number", `{"key":"ZIP","value":94025}`, "must be an object with the texts"},
		{"a field that there is not", `{"key":"FN","value":"a","Secretive":"b"}`, "no other field"},
		{"a field in capitals", `{"KEY":"FN","value":"a"}`, "no other field"},
		{"a key that there is not", `{"key":"Secretive","value":"a"}`, "the key is none of EXTERN_ID, EMAIL"},
		{"no key", `{"value":"Secretive"}`, "the key is none of"},
		{"a line without end", strings.Repeat("x", explainLine+1), "longer than 1048576 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := ask(t, good+"\n\n"+c.line+"\n"+good+"\n")
			assert.Equal(t, int(audience.Invalid), code)
			assert.Contains(t, stderr, "line 3: ")
			assert.Contains(t, stderr, c.says)
			assert.NotContains(t, stderr, "Secretive")
			assert.Equal(t, 1, strings.Count(stdout, "\n"), "only the line before it is answered")
		})
	}
}

// endless asks the same question for as long as anybody reads.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	const line = `{"key":"FN","value":"Mary"}` + "\n"
	if e.left == 0 {
		return 0, io.EOF
	}
	e.left--
	return copy(p, line), nil
}

func TestExplainStreams(t *testing.T) {
	var lines counter
	require.Zero(t, run(t.Context(), []string{"explain"}, env{}, &endless{left: 100_000}, &lines, io.Discard))
	assert.Equal(t, counter(100_000), lines)
}

type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(bytes.Count(p, []byte("\n")))
	return len(p), nil
}

// At a terminal the answer comes before the next question is typed.
func TestExplainAnswersAtOnce(t *testing.T) {
	in, typed := io.Pipe()
	shown, out := io.Pipe()
	ended := make(chan int)
	go func() {
		code := run(t.Context(), []string{"explain"}, env{}, in, out, io.Discard)
		_ = out.Close() // it cannot fail
		ended <- code
	}()
	answer := make([]byte, 256)
	for range 3 {
		_, err := io.WriteString(typed, `{"key":"GEN","value":"F"}`+"\n")
		require.NoError(t, err)
		n, err := shown.Read(answer)
		require.NoError(t, err)
		assert.Contains(t, string(answer[:n]), `"canonical":"f"`)
	}
	require.NoError(t, typed.Close())
	assert.Zero(t, <-ended)
}

func TestExplainStopsWhileItWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in, typed := io.Pipe()
	defer func() { _ = typed.Close() }() // lets the reader go
	cancel()
	var stderr bytes.Buffer
	assert.Equal(t, int(audience.Transient), run(ctx, []string{"explain"}, env{}, in, io.Discard, &stderr))
	assert.Contains(t, stderr.String(), "canceled")
}

func TestExplainHelp(t *testing.T) {
	code, stdout, _ := ask(t, "", "--help")
	assert.Zero(t, code)
	for _, r := range identity.Reasons {
		assert.Contains(t, stdout, string(r)+" ")
	}
	code, _, stderr := ask(t, "", "mary@example.com")
	assert.Equal(t, int(audience.Invalid), code)
	assert.NotContains(t, stderr, "mary")
}
