package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
)

// dateOrder is that of a definition that names none.
const dateOrder = "mdy"

// explainLine is the longest line that explain reads, in bytes.
const explainLine = 1 << 20

const explainUsage = `usage: cleanreach explain < questions.jsonl > answers.jsonl

Says what becomes of a value before it is sent to Meta, and so why a person does not match. Reads a JSON object a line:
  key      EMAIL, PHONE, FN, ... in any case. DOB is a whole date of birth, with the month first where it is written
           with numbers; it is shown as YYYYMMDD and sent in parts, as DOBY, DOBM and DOBD
  value    as it is in the customer file
  country  of the row, as code or name; matters to PHONE, ST and ZIP; may be left out or unknown

Writes for each line, in the same order:
  key        as Meta spells it
  canonical  the value in the form that Meta matches by, or the hash that the value already was
  sha256     of canonical; empty for EXTERN_ID and MADID, which are not hashed, and when canonical is empty
  reason     why canonical is empty; itself empty for good and for blank values

This is the only command that shows values. A line that it cannot read ends it with exit code 2, behind the answers to
the lines before.

reasons
`

// A question is a line of explain's input.
type question struct {
	Key     string       `json:"key"`
	Value   identity.Raw `json:"value"`
	Country identity.Raw `json:"country"`
}

// An answer is a line of its output.
type answer struct {
	Key       audience.Key    `json:"key"`
	Canonical string          `json:"canonical"`
	SHA256    string          `json:"sha256"`
	Reason    identity.Reason `json:"reason"`
}

// explain answers questions line by line, so that input of any length streams. An answer is written as soon as no other
// question waits: at a terminal, at once.
func explain(ctx context.Context, c call) error {
	if len(c.args) == 1 && isHelp(c.args[0]) {
		return explainHelp(c.stdout)
	}
	if err := noArguments(c); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { // a read from a terminal cannot be interrupted
		out := bufio.NewWriter(c.stdout)
		err := answerAll(bufio.NewReaderSize(c.stdin, explainLine), out)
		done <- errors.Join(err, out.Flush())
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func answerAll(in *bufio.Reader, out *bufio.Writer) error {
	normalizer := identity.NewNormalizer("", nil)
	for line := 1; ; line++ {
		text, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return audience.Failf(audience.Invalid, "read line %d: it is longer than %d bytes", line, explainLine)
		case err != nil && !errors.Is(err, io.EOF):
			return fmt.Errorf("read line %d: %w", line, err)
		}
		if asked := bytes.TrimSpace(text); len(asked) > 0 {
			if err := answerOne(normalizer, asked, out); err != nil {
				return fmt.Errorf("read line %d: %w", line, err)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
}

func answerOne(normalizer *identity.Normalizer, text []byte, out *bufio.Writer) error {
	var q question
	if err := json.Unmarshal(text, &q, json.RejectUnknownMembers(true)); err != nil {
		return audience.Failf(audience.Invalid, "%s", problemOf(err))
	}
	key := audience.Key(bytes.ToUpper([]byte(q.Key)))
	e, err := normalizer.Explain(key, q.Value, q.Country, dateOrder)
	if err != nil {
		return err
	}
	line, err := json.Marshal(answer{key, e.Canonical, e.SHA256, e.Reason}, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	_, err = out.Write(append(line, '\n'))
	return err
}

// problemOf says what is wrong with a line. The decoder's own words may quote the line, so they are not used.
func problemOf(err error) string {
	var meaning *json.SemanticError
	if errors.As(err, &meaning) {
		return `it must be an object with the texts "key", "value" and "country", and no other field`
	}
	return `it is not valid JSON: one object a line, such as {"key": "PHONE", "value": "(650) 555-1212", "country": "US"}`
}

func explainHelp(w io.Writer) error {
	if _, err := io.WriteString(w, explainUsage); err != nil {
		return err
	}
	for _, r := range identity.Reasons {
		if _, err := fmt.Fprintf(w, "  %-16s %s\n", r, r.Text()); err != nil {
			return err
		}
	}
	return nil
}
