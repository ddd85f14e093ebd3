package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/telemetry"
)

func TestJSONLines(t *testing.T) {
	var out bytes.Buffer
	log := telemetry.NewLog(&out, false, slog.LevelInfo).With(telemetry.KeyRun, "r-1")
	log.Info("sent a batch", telemetry.KeyRows, 3)
	log.Warn("Meta refused rows", telemetry.KeyError, errors.New("line one\nline two"))
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	require.Len(t, lines, 2, "one line an entry: CloudWatch splits at line breaks")
	var first, second map[string]any
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &first))
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &second))
	assert.NotEmpty(t, first["time"])
	delete(first, "time")
	assert.Equal(t, map[string]any{"level": "INFO", "msg": "sent a batch", "run": "r-1", "rows": 3.0}, first)
	assert.Equal(t, "line one\nline two", second["error"])
}

func TestText(t *testing.T) {
	var out bytes.Buffer
	telemetry.NewLog(&out, true, slog.LevelInfo).Info("sent a batch", telemetry.KeyStage, "upload", telemetry.KeySeconds, 1.5)
	assert.True(t, strings.HasSuffix(out.String(), `level=INFO msg="sent a batch" stage=upload seconds=1.5`+"\n"), out.String())
}

func TestLevel(t *testing.T) {
	for _, text := range []bool{false, true} {
		for level, want := range map[slog.Level]int{slog.LevelDebug: 4, slog.LevelInfo: 3, slog.LevelWarn: 2, slog.LevelError: 1} {
			var out bytes.Buffer
			log := telemetry.NewLog(&out, text, level)
			log.Debug("a")
			log.Info("b")
			log.Warn("c")
			log.Error("d")
			assert.Equal(t, want, strings.Count(out.String(), "\n"), "%v %v", text, level)
		}
	}
}

func TestPanicPlaceHasNoArguments(t *testing.T) {
	place := ""
	func() {
		defer func() {
			assert.NotNil(t, recover())
			place = telemetry.PanicPlace()
		}()
		panicWith(0x14155550123)
	}()
	assert.Contains(t, place, "telemetry_test.panicWith:")
	assert.Contains(t, place, "TestPanicPlaceHasNoArguments")
	assert.NotContains(t, place, "14155550123")
	assert.NotContains(t, place, "PanicPlace:")
}

//go:noinline
func panicWith(phone int) { panic(phone) }
