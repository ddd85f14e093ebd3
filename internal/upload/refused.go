package upload

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// How many of the rows that Meta refused are named: a person who looks for the cause needs a few, and there may be 10,000
// receipts.
const (
	refusedShown = 10 // of a batch
	refusedKept  = 20 // in a receipt
)

// refusedRows finds where Meta's samples of refused rows came from, by the hash of each row. The samples hold the rows
// themselves, which must go no further; Meta spells their JSON in its own way, so that it is their values that are hashed.
func (s *sender) refusedRows(b *batch, samples meta.Samples) []audience.RefusedRow {
	if len(samples) == 0 {
		return nil
	}
	reasons := make(map[rowHash]string, len(samples))
	for row, reason := range samples {
		if values, ok := textsOf([]byte(row)); ok {
			reasons[hashOf(values)] = reason
		}
	}
	var body struct {
		Payload struct {
			Data []json.RawMessage `json:"data"`
		} `json:"payload"`
	}
	if json.Unmarshal(b.payload.Batch(meta.Session{}).Body, &body) != nil {
		return nil
	}
	var rows []audience.RefusedRow
	for i, row := range body.Payload.Data {
		values, _ := textsOf(row)
		reason, refused := reasons[hashOf(values)]
		if !refused {
			continue
		}
		rows = append(rows, audience.RefusedRow{
			File: s.job.chunk.File, RowGroup: s.rowGroup(b.rows[i]) + 1, Row: b.rows[i] + 1, Keys: keysOf(reason, b.group.schema, values), Reason: harmless(reason, values),
		})
		if len(rows) == refusedShown {
			break
		}
	}
	return rows
}

// textsOf gives the values of a row: what is text as it is, anything else as its JSON without white space. So a number is the
// same whether or not Meta quotes it.
func textsOf(row []byte) ([]string, bool) {
	var values []jsontext.Value
	if json.Unmarshal(row, &values) != nil {
		return nil, false
	}
	texts := make([]string, len(values))
	for i, value := range values {
		if value.Kind() == '"' {
			if json.Unmarshal(value, &texts[i]) != nil {
				return nil, false
			}
			continue
		}
		if value.Compact() != nil {
			return nil, false
		}
		texts[i] = string(value)
	}
	return texts, true
}

// A rowHash stands for a row's values while its place is looked up. It is written nowhere.
type rowHash [sha256.Size]byte

func hashOf(values []string) rowHash { return sha256.Sum256([]byte(strings.Join(values, "\x00"))) }

// keysOf gives the keys that a reason names, or those that the row has.
func keysOf(reason string, schema []audience.Key, values []string) []audience.Key {
	words := strings.FieldsFunc(strings.ToUpper(reason), func(r rune) bool { return !unicode.IsLetter(r) && r != '_' })
	if strings.Contains(strings.ToLower(reason), "external id") { // as Meta words it
		words = append(words, string(audience.ExternID))
	}
	var named, filled []audience.Key
	for i, key := range schema {
		if slices.Contains(words, string(key)) {
			named = append(named, key)
		}
		if values[i] != "" {
			filled = append(filled, key)
		}
	}
	if named != nil {
		return named
	}
	return filled
}

// inWords names rows in a line of the log: "<row number in the file>: <reason>".
func inWords(rows []audience.RefusedRow) []string {
	words := make([]string, len(rows))
	for i, r := range rows {
		words[i] = fmt.Sprintf("%d: %s", r.Row, r.Reason)
	}
	return words
}

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
