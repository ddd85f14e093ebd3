package statemachine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/audience"
)

// A transition is a way from a state to the next, by its Next or Default, by a rule of a Choice, or by the catcher that
// has this place in Catch.
type transition struct {
	from, to string
	catcher  int // -1 when nothing was caught
}

// A step is a state that ran, and the error that it failed with.
type step struct{ state, failed string }

// transitions lists all of a definition, those of branches and of the Map's processor too.
func transitions(o outline) []transition {
	var all []transition
	o.each(func(s *state) {
		for _, e := range s.edges() {
			if !e.caught {
				all = append(all, transition{s.name, e.to, -1})
			}
		}
		for i, c := range s.Catch {
			all = append(all, transition{s.name, c.Next, i})
		}
	})
	return all
}

// each calls do for every state, at any depth.
func (o outline) each(do func(*state)) {
	for _, s := range o.States {
		do(s)
		for _, b := range s.Branches {
			b.each(do)
		}
		if s.ItemProcessor != nil {
			s.ItemProcessor.each(do)
		}
	}
}

// A trail is the way that executions of a definition took.
type trail struct {
	defined map[string]*state
	taken   map[transition]bool
	last    map[string]step // by execution and path: the state that ran there last
}

func newTrail(definition []byte) trail {
	var o outline
	if err := json.Unmarshal(definition, &o); err != nil {
		panic(err)
	}
	all := map[string]*state{}
	o.each(func(s *state) { all[s.name] = s })
	return trail{defined: all, taken: map[transition]bool{}, last: map[string]step{}}
}

// follow notes the transitions that an execution takes.
func (t trail) follow(e asl.Event) {
	at := e.Execution + " " + e.Path
	if e.Error != "" {
		t.last[at] = step{t.last[at].state, e.Error}
	}
	if strings.HasSuffix(string(e.Type), "Succeeded") { // by a retry
		t.last[at] = step{t.last[at].state, ""}
	}
	if !e.Entered() {
		return
	}
	if before := t.last[at]; before.state != "" {
		t.taken[transition{before.state, e.State, t.catcherOf(before, e.State)}] = true
	}
	t.last[at] = step{state: e.State}
}

// catcherOf is the place of the catcher that took the step's error, -1 when it had none. The history says nothing of a
// function that fails before anything is called.
func (t trail) catcherOf(s step, to string) int {
	onwards := func(e edge) bool { return !e.caught && e.to == to }
	switch {
	case s.failed == "" && slices.ContainsFunc(t.defined[s.state].edges(), onwards):
		return -1
	case s.failed == "":
		s.failed = "States.IntrinsicFailure"
	}
	return slices.IndexFunc(t.defined[s.state].Catch, func(c catcher) bool {
		all := slices.Contains(c.ErrorEquals, "States.ALL") && s.failed != "States.DataLimitExceeded"
		return all || slices.Contains(c.ErrorEquals, s.failed)
	})
}

// catches gives, for each state that calls something and has a Catch, an error for each of its catchers.
func catches(o outline) map[string][]string {
	all := map[string][]string{}
	o.each(func(s *state) {
		for _, c := range s.Catch {
			name := c.ErrorEquals[0]
			if name == "States.ALL" {
				name = "States.Permissions"
			}
			if s.Resource != "" || s.Type == "Map" && name == "States.Permissions" { // its reader's
				all[s.name] = append(all[s.name], name)
			}
		}
	})
	return all
}

// reach is what it takes to come to the states that the good way does not visit.
var reach = map[string]func(*world){
	"RunGlueJob":                 func(w *world) { w.bucket["audiences/acme/vip.json"] = `{"source": {"glue_job": "mine"}}` },
	"CancelQuery":                func(w *world) { w.answers["getProtectedQuery"] = slices.Repeat([]any{queryIs("STARTED")}, 200) },
	"SendChunkToDeadLetterQueue": func(w *world) { w.exits["upload:00001"] = []string{"2"} },
	"ReadFailure":                func(w *world) { w.exits["plan"] = []string{"2"} },
	"SendRunToDeadLetterQueue":   func(w *world) { w.exits["plan"] = []string{"2"} },
	"Compare":                    func(w *world) { w.mode = audience.ModeMirror },
	"Advance":                    func(w *world) { w.next = []audience.Upload{{Next: audience.NextAdvance}} },
	"HoldLeaseForWait":           func(w *world) { w.next = []audience.Upload{waiting(600)} },
	"FindLease":                  func(w *world) { w.exits["plan"] = []string{"2"} },
	"ReturnLeaseAfterFailure":    func(w *world) { w.exits["plan"] = []string{"2"} },
	"PublishFailed":              func(w *world) { w.exits["plan"] = []string{"2"} },
}

// silent are the states that cannot tell, or cannot give the lease back, when it is they that fail.
var silent = []string{"PublishFailed"}
var keepsLease = []string{"FindLease", "ReturnLeaseAfterFailure"}

// failFor runs the definition with one state whose every call fails, and checks that its end is told all the same and
// that nobody is kept waiting for the lease.
func failFor(t *testing.T, state, name string) *world {
	t.Helper()
	w := newWorld()
	w.broken[state] = name
	if set := reach[state]; set != nil {
		set(w)
	}
	if err := w.execute(t, `{"tenant": "acme", "audience": "vip"}`); err != nil {
		require.ErrorContains(t, err, "CleanReach.", "it ends in Failed")
	}
	require.True(t, slices.ContainsFunc(w.visited, func(v string) bool { return v[strings.Index(v, ":")+1:] == state }), "not visited")
	if !slices.Contains(silent, state) {
		assert.Len(t, w.events, 1, "every end is one event")
	}
	if lease := w.bucket[leaseKey]; lease != "" && !slices.Contains(keepsLease, state) {
		assert.Contains(t, lease, `"released":true`)
	}
	return w
}

// TestTimeForEveryState: the execution's own time limit cannot be caught, so that every state's must come before it.
func TestTimeForEveryState(t *testing.T) {
	o := readOutline(t, Definition)
	var longest func(*state) int
	longest = func(s *state) int {
		if s.ItemProcessor != nil {
			return s.ItemProcessor.sum(longest)
		}
		most := s.TimeoutSeconds
		for _, b := range s.Branches {
			most = max(most, b.sum(longest))
		}
		return most
	}
	const threeQueries = 3 * 13 * 3600
	const aDayOfWaits = 24 * 3600
	threeMorePasses := 3 * longest(o.States[o.States.index("Upload")]) // of a replace: its opener, the others, its end, the rest
	assert.Less(t, o.sum(longest)+threeQueries+aDayOfWaits+threeMorePasses, o.TimeoutSeconds)
	o.each(func(s *state) {
		if s.Type == "Task" {
			assert.Positive(t, s.TimeoutSeconds, s.name)
		}
	})
}

func (o outline) sum(of func(*state) int) (total int) {
	for _, s := range o.States {
		total += of(s)
	}
	return total
}

// TestTransitionsAreNoticed: a way that nothing takes is found, so that the test of all of them can fail.
func TestTransitionsAreNoticed(t *testing.T) {
	o := readOutline(t, Definition)
	before := len(transitions(o))
	o.States[o.States.index("ChooseStep")].Choices = append(o.States[o.States.index("ChooseStep")].Choices, map[string]any{"Next": "Completed"})
	all := transitions(o)
	require.Len(t, all, before+1)
	w := newWorld()
	require.NoError(t, w.execute(t, `{"tenant": "acme", "audience": "vip"}`))
	assert.True(t, w.taken[transition{"ChooseStep", "UseChunks", -1}], fmt.Sprint(w.taken))
	assert.True(t, w.taken[transition{"FindRun", "LoadAudience", 0}])
	assert.False(t, w.taken[transition{"ChooseStep", "Completed", -1}])
	assert.Contains(t, all, transition{"ChooseStep", "Completed", -1})
}
