package meta_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// TestSecretsDoNotPrint prints secrets in every way that comes to mind, by themselves and inside of what holds them.
func TestSecretsDoNotPrint(t *testing.T) {
	hidden := meta.Token(token)
	samples := meta.Samples{`["` + hash + `","c-1234567"]`: "jane.doe@example.org is invalid"}
	type holder struct {
		Token   meta.Token
		Pointer *meta.Token
		List    []meta.Token
		Map     map[string]meta.Token
		Samples meta.Samples
	}
	held := holder{hidden, &hidden, []meta.Token{hidden}, map[string]meta.Token{"a": hidden}, samples}
	config := meta.Config{Token: hidden, AppSecret: secret}
	client := open(t, config)
	values := map[string]any{
		"token": hidden, "pointer": &hidden, "held": held, "pointer to what holds": &held, "config": config, "client": client,
		"samples": samples, "ack": meta.Ack{Samples: samples}, "retrier": meta.Retrying(client, meta.Policy{}), "pacer": meta.Paced(client, meta.Pace{}),
		"wrapped": fmt.Errorf("use %v: %w", hidden, errors.New("x")), "failure": audience.Failf(audience.Action, "use %s and %s", hidden, samples),
	}
	for name, value := range values {
		t.Run(name, func(t *testing.T) {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10.3v"} {
				assertPrivate(t, fmt.Sprintf(verb, value))
				assert.NotContains(t, fmt.Sprintf(verb, value), fmt.Sprintf("%x", token), verb)
			}
			assertPrivate(t, fmt.Sprint(value)+fmt.Sprintln(value))
			if encoded, err := json.Marshal(value); err == nil {
				assertPrivate(t, string(encoded))
			}
			for _, handler := range handlers() {
				slog.New(handler.handler).With("with", value).Info("shown", "text", fmt.Sprint(value), "value", value, slog.Group("group", "value", value))
				assert.NotEmpty(t, handler.out.String())
				assertPrivate(t, handler.out.String())
			}
		})
	}
}

type handler struct {
	handler slog.Handler
	out     *bytes.Buffer
}

func handlers() []handler {
	var text, lines bytes.Buffer
	return []handler{{slog.NewTextHandler(&text, nil), &text}, {slog.NewJSONHandler(&lines, nil), &lines}}
}

func TestWhatSecretsPrintAs(t *testing.T) {
	hidden, samples := meta.Token(token), meta.Samples{"a": "b", "c": "d"}
	assert.Equal(t, "[redacted]", hidden.String())
	assert.Equal(t, "[redacted]", hidden.GoString())
	assert.Equal(t, "[redacted] [2 rows redacted]", fmt.Sprintf("%v %v", hidden, samples))
	assert.Equal(t, "[2 rows redacted]", samples.GoString())
	encoded, err := json.Marshal(map[string]any{"t": hidden, "s": samples})
	require.NoError(t, err)
	assert.JSONEq(t, `{"t":"[redacted]","s":"[2 rows redacted]"}`, string(encoded))
	text, err := samples.MarshalText()
	require.NoError(t, err)
	assert.Equal(t, "[2 rows redacted]", string(text))
	assert.Equal(t, token, string(hidden), "whoever means it can read it")
}
