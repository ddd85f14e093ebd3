// Package awssdk is the integrations of a state machine over the AWS SDK: the same calls, results and errors as those of
// internal/local, made to services instead of folders. With it internal/asl runs a deployed definition against what was
// deployed. What has no API to call, a Fargate task, is a process of this machine made by the deployed task definition.
package awssdk

import (
	"errors"
	"reflect"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/cleanreach/cleanreach/internal/asl"
)

// Services are the integrations. Those that a definition does not use may be nil.
type Services struct {
	S3     *S3
	Queue  *Queue
	Bus    *Bus
	States *States
	Glue   *Glue
	Tasks  asl.Integration // ecs:runTask.sync; see ECS
	Room   asl.Integration // Clean Rooms
}

// Integrations gives the services by the ARN that a definition names them with.
func (s Services) Integrations() map[string]asl.Integration {
	const optimised, sdk = "arn:aws:states:::", "arn:aws:states:::aws-sdk:"
	all := map[string]asl.Integration{}
	if s.S3 != nil {
		for _, prefix := range []string{optimised, sdk} {
			all[prefix+"s3:getObject"] = asl.IntegrationFunc(s.S3.GetObject)
			all[prefix+"s3:putObject"] = asl.IntegrationFunc(s.S3.PutObject)
		}
		all[sdk+"s3:headObject"] = asl.IntegrationFunc(s.S3.HeadObject)
	}
	if s.Queue != nil {
		all[optimised+"sqs:sendMessage"] = s.Queue
	}
	if s.Bus != nil {
		all[optimised+"events:putEvents"] = s.Bus
	}
	if s.States != nil {
		all[optimised+"states:startExecution"] = s.States
	}
	if s.Glue != nil {
		all[optimised+"glue:startJobRun.sync"] = s.Glue
	}
	if s.Tasks != nil {
		all[optimised+"ecs:runTask.sync"] = s.Tasks
	}
	if s.Room != nil {
		for _, action := range []string{"start", "get", "update"} {
			all[sdk+"cleanrooms:"+action+"ProtectedQuery"] = s.Room
		}
	}
	return all
}

// named gives an error of the SDK the name that Step Functions gives it: the service, and the exception's class in the
// Java SDK, which ends in Exception. An exception that the service's model does not have is of the service's own class,
// "S3.S3Exception", and a call that brought no answer is an SdkClientException.
func named(service, class string, err error) error {
	var refused smithy.APIError
	if !errors.As(err, &refused) {
		return &asl.Error{Name: service + ".SdkClientException", Cause: err.Error()}
	}
	if kind := reflect.TypeOf(refused).Elem(); kind != reflect.TypeFor[smithy.GenericAPIError]() {
		class = strings.TrimSuffix(kind.Name(), "Exception")
	}
	return &asl.Error{Name: service + "." + class + "Exception", Cause: refused.ErrorMessage()}
}
