package statemachine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// An outline is what a picture of the definition needs of it. The interpreter's own reading is not used: it keeps neither
// comments nor the order of the states.
type outline struct {
	StartAt        string
	States         states
	TimeoutSeconds int
}

// states keep the order in which the definition has them.
type states []*state

type state struct {
	name string

	Type           string
	Comment        string
	Resource       string
	Next           string
	Default        string
	Choices        []map[string]any
	Retry          []retrier
	Catch          []catcher
	TimeoutSeconds int
	Branches       []outline
	ItemProcessor  *outline
}

type retrier struct {
	IntervalSeconds, BackoffRate float64
	MaxAttempts                  int
}

type catcher struct {
	ErrorEquals []string
	Next        string
}

// UnmarshalJSON reads an object as a list.
func (s *states) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		one := &state{name: fmt.Sprint(name)}
		if err := dec.Decode(one); err != nil {
			return err
		}
		*s = append(*s, one)
	}
	return nil
}

func readOutline(t *testing.T, definition []byte) outline {
	var o outline
	require.NoError(t, json.Unmarshal(definition, &o))
	return o
}

// An edge is a way from a state to another.
type edge struct {
	to     string
	label  string
	caught bool // by a Catch
}

// edges are the state's ways on. Two kinds of Catch are left out, so that their lines do not hide the others: to
// ReadCause, which nearly every task has, and to where the state goes on in any case.
func (s *state) edges() []edge {
	var all []edge
	for _, c := range s.Choices {
		all = append(all, edge{to: fmt.Sprint(c["Next"]), label: condition(c)})
	}
	if s.Default != "" {
		all = append(all, edge{to: s.Default, label: "otherwise"})
	}
	if s.Next != "" {
		all = append(all, edge{to: s.Next})
	}
	for _, c := range s.Catch {
		label := strings.Join(c.ErrorEquals, ", ")
		if label == "States.ALL" {
			label = "any failure"
			if c.Next == "ReadCause" || c.Next == s.Next {
				continue
			}
		}
		all = append(all, edge{to: c.Next, label: label, caught: true})
	}
	return all
}

var comparisons = map[string]string{
	"StringEquals": "=", "NumericEquals": "=", "NumericLessThan": "<", "NumericGreaterThan": ">", "NumericGreaterThanEquals": "≥",
}

// condition puts a simple rule into a few words. One that is made of several has none: the state that it leads to is
// named after it.
func condition(rule map[string]any) string {
	if inner, ok := rule["Not"].(map[string]any); ok && inner["IsPresent"] == true {
		return "no " + field(inner)
	}
	if rule["Variable"] == nil {
		return ""
	}
	if rule["IsPresent"] == true {
		return field(rule) + " given"
	}
	for name, sign := range comparisons {
		switch value := rule[name].(type) {
		case string:
			if value == "" {
				return "no " + field(rule)
			}
			return field(rule) + " " + sign + " " + value
		case float64:
			return fmt.Sprintf("%s %s %g", field(rule), sign, value)
		}
	}
	return ""
}

// field is the last part of the rule's path.
func field(rule map[string]any) string {
	path := fmt.Sprint(rule["Variable"])
	return path[strings.LastIndex(path, ".")+1:]
}

// does says what kind of state it is, and of a task what it calls.
func (s *state) does() string {
	if s.Resource == "" {
		return s.Type
	}
	call := strings.TrimPrefix(strings.TrimPrefix(s.Resource, "arn:aws:states:::"), "aws-sdk:")
	return s.Type + " `" + call + "`"
}
