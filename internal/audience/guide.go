package audience

import (
	"errors"
	"fmt"
)

// A Guide says in plain words what a class of failure means: a sentence each for people of any trade.
type Guide struct {
	What string // happened
	Who  string // must act
	Do   string // what they must do
	Link string // where it is done or documented; pages of this repository are relative to docs/
}

// Guide is what people are told of a class of failure, in the runbook and by the operator's commands.
func (c Class) Guide() Guide { return guides[c] }

// Classes are all classes of failure, by their numbers.
func Classes() []Class { return []Class{Transient, Invalid, Gate, Action, Throttled} }

var guides = map[Class]Guide{
	Transient: {
		"Something failed that may succeed a little later: the network, a server of Meta's or AWS's, or a task that was stopped.",
		"Nobody for now. The state machine starts the task again, a few times. When it has given up, whoever runs CleanReach.",
		"Start the run again with the same run id: it goes on where it stopped. If that fails for hours, see whether Meta or AWS report a disruption.",
		"https://metastatus.com",
	},
	Invalid: {
		"The audience definition, or the call, is wrong. Trying again does not help.",
		"Whoever wrote the audience definition.",
		"Correct what the message names, check the definition with `cleanreach validate`, and start a new run: a run keeps the definition that it began with.",
		"doctor.md",
	},
	Gate: {
		"A limit on the data stopped the run before it did harm: too many invalid rows, too few rows, an empty source; or another run holds the audience.",
		"Whoever owns the customer data. If another run holds the audience: nobody, it ends by itself.",
		"Look at the quarantine of the run and mend the source, or change the limits in the definition when the data is right. Then start a new run.",
		"normalization.md",
	},
	Action: {
		"Meta refuses, and goes on refusing until a person acts: the token, a permission, terms, or the audience's integrity.",
		"Somebody with rights in the company's Meta Business Manager; the message names what.",
		"Run `cleanreach doctor` on the definition: it names everything that is wrong, with the page where it is mended. Then start the run again with the same run id.",
		"doctor.md",
	},
	Throttled: {
		"Meta asked to wait for longer than a task may. Nothing is lost.",
		"Nobody for now. The state machine waits and starts the task again. When it has given up, whoever runs CleanReach.",
		"Start the run again with the same run id in an hour or more. If it comes back, run fewer audiences of the ad account at once, or ask Meta for the full access tier.",
		"https://developers.facebook.com/docs/marketing-api/overview/rate-limiting",
	},
}

// Section is the anchor of the class in docs/runbook.md. Links in old reports and alerts must go on working: never change it.
func (c Class) Section() string { return fmt.Sprintf("exit-code-%d-%s", int(c), c) }

// RunbookOf is where the runbook says what to do about an error.
func RunbookOf(err error) string { return "docs/runbook.md#" + SectionOf(err) }

// SectionOf is the anchor in docs/runbook.md of what is known about an error: its own, or that of its class.
func SectionOf(err error) string {
	var own interface{ Section() string }
	if errors.As(err, &own) {
		return own.Section()
	}
	return ClassOf(err).Section()
}
