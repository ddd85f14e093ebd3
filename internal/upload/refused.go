package upload

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/cleanreach/cleanreach/internal/meta"
)

// refusedShown is how many of the rows that Meta refused are named.
const refusedShown = 10

// refusedRows finds where Meta's samples of refused rows came from: "<row number in the file>: <reason>". The samples hold
// the rows themselves, which must go no further; Meta spells their JSON in its own way, so that their values are compared.
func refusedRows(b *batch, samples meta.Samples) []string {
	if len(samples) == 0 {
		return nil
	}
	reasons := make(map[string]string, len(samples))
	for row, reason := range samples {
		var values []string
		if json.Unmarshal([]byte(row), &values) == nil {
			reasons[rowKey(values)] = harmless(reason, values)
		}
	}
	var body struct {
		Payload struct {
			Data [][]string `json:"data"`
		} `json:"payload"`
	}
	if json.Unmarshal(b.payload.Batch(meta.Session{}).Body, &body) != nil {
		return nil
	}
	var rows []string
	for i, values := range body.Payload.Data {
		if reason, ok := reasons[rowKey(values)]; ok && len(rows) < refusedShown {
			rows = append(rows, fmt.Sprintf("%d: %s", b.rows[i]+1, reason))
		}
	}
	return rows
}

func rowKey(values []string) string { return strings.Join(values, "\x00") }

// harmless keeps a reason that is made of words and has nothing of the row in it.
func harmless(reason string, values []string) string {
	const hidden = "a reason that is not shown because it may hold personal data"
	plain := strings.ToLower(reason)
	for _, v := range values {
		if v != "" && strings.Contains(plain, strings.ToLower(v)) {
			return hidden
		}
	}
	for _, r := range plain {
		if (r < 'a' || r > 'z') && r != ' ' && r != '_' && r != '-' {
			return hidden
		}
	}
	if plain == "" || len(plain) > 80 {
		return hidden
	}
	return reason
}
