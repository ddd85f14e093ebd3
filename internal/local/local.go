// Package local stands in for AWS on one machine: folders for buckets, processes for Fargate tasks, files for the queue
// and the bus, DuckDB for Clean Rooms. Each integration takes the parameters, gives the results and fails with the errors
// of the service that it stands for.
package local

import (
	"context"

	strict "github.com/go-json-experiment/json"

	"github.com/cleanreach/cleanreach/internal/asl"
)

// decode reads JSON and refuses fields that the target does not have, also those that differ only in case: Step Functions
// knows "Key" and not "key".
func decode(data []byte, into any) error {
	return strict.Unmarshal(data, into, strict.RejectUnknownMembers(true))
}

// Services are the integrations of one machine.
type Services struct {
	S3    *S3
	Tasks *Tasks
	Queue *Queue
	Bus   *Bus
	Room  asl.Integration // Clean Rooms; see NewRoom
}

// Integrations gives the services by the ARN that the definition names them with.
func (s Services) Integrations() map[string]asl.Integration {
	const sdk = "arn:aws:states:::aws-sdk:"
	return map[string]asl.Integration{
		sdk + "s3:getObject":                     asl.IntegrationFunc(s.S3.GetObject),
		sdk + "s3:putObject":                     asl.IntegrationFunc(s.S3.PutObject),
		"arn:aws:states:::s3:getObject":          asl.IntegrationFunc(s.S3.GetObject),
		"arn:aws:states:::s3:putObject":          asl.IntegrationFunc(s.S3.PutObject),
		"arn:aws:states:::ecs:runTask.sync":      s.Tasks,
		"arn:aws:states:::sqs:sendMessage":       s.Queue,
		"arn:aws:states:::events:putEvents":      s.Bus,
		"arn:aws:states:::glue:startJobRun.sync": asl.IntegrationFunc(noGlue),
		sdk + "cleanrooms:startProtectedQuery":   s.Room,
		sdk + "cleanrooms:getProtectedQuery":     s.Room,
		sdk + "cleanrooms:updateProtectedQuery":  s.Room,
	}
}

// noGlue refuses: a user's Glue job is Python on AWS, and nothing here could run it.
func noGlue(context.Context, asl.Call) (any, error) {
	return nil, &asl.Error{Name: "Glue.EntityNotFoundException", Cause: "there is no Glue on this machine: leave source.glue_job out to prepare here"}
}
