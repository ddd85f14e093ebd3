package asl

import "maps"

// scope is where in an execution a state runs: what the context object shows, and the path for events.
type scope struct {
	ex   *execution
	path string
	item map[string]any // $$.Map.Item, or nil

	state   string
	entered string
	retried *int // $$.State.RetryCount, of states that can be retried
}

// object is the context object. It is built for each reading: most states never read it.
func (s *scope) object() any {
	state := map[string]any{"Name": s.state, "EnteredTime": s.entered}
	if s.retried != nil {
		state["RetryCount"] = number(*s.retried)
	}
	ex := s.ex
	out := map[string]any{
		"Execution": map[string]any{
			"Id": ex.id, "Input": ex.input, "Name": ex.name, "RoleArn": ex.run.opts.RoleARN,
			"StartTime": timestamp(ex.started), "RedriveCount": number(0),
		},
		"State":        state,
		"StateMachine": map[string]any{"Id": ex.machineID, "Name": ex.machineName},
	}
	if s.item != nil {
		out["Map"] = map[string]any{"Item": maps.Clone(s.item)}
	}
	return out
}

// within is the scope of a branch or an item.
func (s *scope) within(suffix string) *scope {
	return &scope{ex: s.ex, path: join(s.path, s.state) + suffix, item: s.item}
}

// withItem is the same place, with $$.Map.Item set.
func (s *scope) withItem(i int, v any) *scope {
	c := *s
	c.item = map[string]any{"Index": number(i), "Value": v}
	return &c
}

func join(path, state string) string {
	if path == "" {
		return state
	}
	return path + "/" + state
}
