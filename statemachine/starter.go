package statemachine

import _ "embed" // the definition is part of the binary

// StarterDefinition is the state machine that starts runs by markers, events and schedules. A rule or a schedule cannot
// choose the name of the execution that it starts; the starter can, and so makes one run of an event that arrives twice.
//
//go:embed starter.asl.json
var StarterDefinition []byte

// StarterValues are what a deployment knows. Every field is a placeholder of the starter's definition.
type StarterValues struct {
	WorkBucket          string `json:"work_bucket"`
	StateMachineARN     string `json:"state_machine_arn"` // of the rendered Definition
	UndeliveredQueueURL string `json:"undelivered_queue_url"`
}

// RenderStarter fills the values into the starter's definition.
func RenderStarter(values StarterValues) ([]byte, error) { return render(StarterDefinition, values) }
