package chaos

import (
	"hash/fnv"
	"math/rand/v2"

	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

// rates are how often things go wrong.
type rates struct {
	kill  float64 // of tasks
	tell  float64 // of tasks, by SIGTERM
	start float64 // of tasks, that cannot be started
	fault float64 // of requests to Meta
}

// troubled draws a world's rates: some have a bad day, some hardly any trouble.
func troubled(r *rand.Rand) rates {
	bad := 0.3 + 1.2*r.Float64()
	return rates{kill: 0.2 * bad, tell: 0.06 * bad, start: 0.02 * bad, fault: 0.15 * bad}
}

// things is how many things a task of a stage does before it may be killed, at the most. It is about how many it does.
var things = map[string]int{"preflight": 9, "prepare": 10, "plan": 6, "compare": 25, "advance": 8, "upload": 24, "report": 12}

// fateOf decides how a task ends.
func (rt rates) fateOf(stage string, r *rand.Rand) fate {
	f := fate{at: 1 + r.IntN(things[stage]), before: r.IntN(2) == 0}
	switch x := r.Float64(); {
	case x < rt.kill:
		f.kind = killed
	case x < rt.kill+rt.tell:
		f.kind = told
	case x < rt.kill+rt.tell+rt.start:
		f.kind = notStarted
	}
	return f
}

// faults are what may go wrong with a request, of the sandbox's own.
var faults = []func(r *rand.Rand) sandbox.Fault{
	func(*rand.Rand) sandbox.Fault { return sandbox.Fault{Fault: "drop_response"} },
	func(*rand.Rand) sandbox.Fault { return sandbox.Fault{Fault: "drop_response"} },
	func(*rand.Rand) sandbox.Fault { return sandbox.Fault{Fault: "drop_request"} },
	func(*rand.Rand) sandbox.Fault { return sandbox.Fault{Fault: "broken_response"} },
	func(*rand.Rand) sandbox.Fault { return sandbox.Fault{Fault: "server_error"} },
	func(*rand.Rand) sandbox.Fault { return sandbox.Fault{Fault: "server_error", Done: true} },
	func(*rand.Rand) sandbox.Fault {
		return sandbox.Fault{Fault: "error", Status: 503, Code: 1, Transient: true}
	},
	func(r *rand.Rand) sandbox.Fault { return sandbox.Fault{Fault: "rate_limit", Seconds: 1 + r.IntN(90)} },
	func(r *rand.Rand) sandbox.Fault {
		return sandbox.Fault{Fault: "error", Code: 80003, Seconds: 60 * (1 + r.IntN(12))} // more than a task may wait, now and then
	},
	func(r *rand.Rand) sandbox.Fault {
		return sandbox.Fault{Fault: "error", Code: 17, Subcode: 2446079, Seconds: 1 + r.IntN(300)}
	},
	func(*rand.Rand) sandbox.Fault { return sandbox.Fault{Fault: "error", Code: 4} },
	func(*rand.Rand) sandbox.Fault { return sandbox.Fault{Fault: "error", Code: 613, Subcode: 1487742} },
	func(r *rand.Rand) sandbox.Fault { return sandbox.Fault{Fault: "slow", Seconds: 1 + r.IntN(180)} }, // longer than the client waits, now and then
	func(r *rand.Rand) sandbox.Fault { return sandbox.Fault{Fault: "slow", Seconds: 1 + r.IntN(60)} },
}

// faultOf decides what goes wrong with a request; nil is nothing.
func (rt rates) faultOf(r *rand.Rand) *sandbox.Fault {
	if r.Float64() >= rt.fault {
		return nil
	}
	f := faults[r.IntN(len(faults))](r)
	return &f
}

// drawn is a generator for one purpose: what it gives does not depend on what others have drawn before.
func drawn(seed uint64, purpose string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(purpose))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}
