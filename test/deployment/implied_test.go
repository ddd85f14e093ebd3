package deployment

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/asl"
)

// What AWS asks IAM about without an API call that the front could see: by the Developer Guide of Step Functions ("IAM
// policies for integrated services"), the user guides of Clean Rooms and ECS, and the KMS chapters of S3, SQS and Secrets
// Manager.

func arnOf(service, rest string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, region, account, rest)
}

// startCalls are what an execution itself takes: its history is encrypted.
func (m *machine) startCalls() []apiCall {
	context := map[string][]string{"kms:EncryptionContext:aws:states:stateMachineArn": {m.arn}}
	key := m.key
	if key == "" {
		return nil
	}
	return []apiCall{
		{role: m.role, action: "kms:GenerateDataKey", resource: key, context: context, because: "the history is encrypted"},
		{role: m.role, action: "kms:Decrypt", resource: key, context: context, because: "the history is encrypted"},
	}
}

// taskCalls are what ecs:runTask.sync does: it starts the task with its two roles, and hears of its end by a rule.
func (m *machine) taskCalls(call asl.Call) []apiCall {
	var p struct{ Cluster, TaskDefinition, PropagateTags string }
	if remarshal(call.Parameters, &p) != nil {
		return nil // the integration refuses it
	}
	out, err := ecs.NewFromConfig(m.w.admin).DescribeTaskDefinition(m.w.t.Context(), &ecs.DescribeTaskDefinitionInput{TaskDefinition: &p.TaskDefinition})
	if err != nil {
		return nil // likewise
	}
	d := out.TaskDefinition
	execution := aws.ToString(d.ExecutionRoleArn)
	cluster := map[string][]string{"ecs:cluster": {p.Cluster}}
	task := arnOf("ecs", "task/"+p.Cluster[strings.LastIndexByte(p.Cluster, '/')+1:]+"/0123456789abcdef0123456789abcdef")
	rule := arnOf("events", "rule/StepFunctionsGetEventsForECSTaskRule")
	calls := []apiCall{
		{action: "ecs:RunTask", resource: aws.ToString(d.TaskDefinitionArn), context: cluster},
		{action: "ecs:DescribeTasks", resource: task, context: cluster},
		{action: "events:DescribeRule", resource: rule}, {action: "events:PutRule", resource: rule}, {action: "events:PutTargets", resource: rule},
	}
	if p.PropagateTags != "" {
		calls = append(calls, apiCall{action: "ecs:TagResource", resource: task, context: map[string][]string{"ecs:CreateAction": {"RunTask"}, "ecs:cluster": {p.Cluster}}})
	}
	for _, role := range []string{aws.ToString(d.TaskRoleArn), execution} {
		calls = append(calls, apiCall{action: "iam:PassRole", resource: role, context: map[string][]string{"iam:PassedToService": {"ecs-tasks.amazonaws.com"}}})
	}
	for i := range calls {
		calls[i].role = m.role
	}
	return append(calls, m.w.containerCalls(execution, aws.ToString(d.Family), d.ContainerDefinitions[0].LogConfiguration.Options, aws.ToString(d.ContainerDefinitions[0].Image))...)
}

// containerCalls are the execution role's: it pulls the image and writes the log.
func (w *world) containerCalls(execution, family string, log map[string]string, image string) []apiCall {
	repository := strings.NewReplacer(":none-yet", "").Replace(image[strings.IndexByte(image, '/')+1:])
	repository, _, _ = strings.Cut(repository, "@")
	stream := arnOf("logs", "log-group:"+log["awslogs-group"]+":log-stream:"+log["awslogs-stream-prefix"]+"/cleanreach/0123456789abcdef")
	role := execution[strings.LastIndexByte(execution, '/')+1:]
	calls := []apiCall{{action: "ecr:GetAuthorizationToken", resource: "*"}}
	for _, action := range []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"} {
		calls = append(calls, apiCall{action: action, resource: arnOf("ecr", "repository/"+repository)})
	}
	for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
		calls = append(calls, apiCall{action: action, resource: stream})
	}
	for i := range calls {
		calls[i].role, calls[i].because = role, "ECS starts "+family
	}
	return calls
}

// roomCalls are Clean Rooms'. It finds the schemas and, in the caller's name, the results' bucket when a query starts.
func (m *machine) roomCalls(call asl.Call) []apiCall {
	var p struct {
		MembershipIdentifier string
		SQLParameters        struct{ AnalysisTemplateArn string } `json:"SqlParameters"`
		ResultConfiguration  struct {
			OutputConfiguration struct{ S3 struct{ Bucket string } }
		}
	}
	if remarshal(call.Parameters, &p) != nil {
		return nil // Clean Rooms refuses it
	}
	action := call.Resource[strings.LastIndexByte(call.Resource, ':')+1:]
	membership := arnOf("cleanrooms", "membership/"+p.MembershipIdentifier)
	calls := []apiCall{{action: "cleanrooms:" + strings.ToUpper(action[:1]) + action[1:], resource: membership}}
	if action == "startProtectedQuery" {
		calls = append(calls, apiCall{action: "cleanrooms:GetSchema", resource: arnOf("cleanrooms", "collaboration/"+m.w.collaboration)})
		if p.SQLParameters.AnalysisTemplateArn != "" {
			calls = append(calls, apiCall{action: "cleanrooms:GetCollaborationAnalysisTemplate", resource: arnOf("cleanrooms", "collaboration/"+m.w.collaboration)})
		}
		for _, action := range []string{"s3:GetBucketLocation", "s3:ListBucket"} {
			calls = append(calls, apiCall{action: action, resource: "arn:aws:s3:::" + p.ResultConfiguration.OutputConfiguration.S3.Bucket, context: throughCleanRooms})
		}
	}
	for i := range calls {
		calls[i].role = m.role
	}
	return calls
}

var throughCleanRooms = map[string][]string{"aws:CalledVia": {"cleanrooms.amazonaws.com"}}

// mapCalls are a Distributed Map's: each item is an execution of a child machine. It is called once the execution has ended.
func (m *machine) mapCalls(e *execution) []apiCall {
	for _, event := range e.events {
		if event.Type == asl.MapRunStarted {
			return []apiCall{{role: m.role, action: "states:StartExecution", resource: m.arn, because: "a Distributed Map starts child executions"},
				{role: m.role, action: "states:DescribeExecution", resource: strings.Replace(m.arn, ":stateMachine:", ":execution:", 1) + ":x", because: "a Distributed Map watches its children"}}
		}
	}
	return nil
}

func remarshal(from, into any) error {
	data, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

// keys are the KMS keys of what was deployed, by name.
type keys struct {
	bucket, queue, secret map[string]string
}

// findKeys asks what was deployed for its keys.
func (w *world) findKeys() {
	w.t.Helper()
	w.keys = keys{bucket: map[string]string{}, queue: map[string]string{}, secret: map[string]string{}}
	ctx := w.t.Context()
	buckets, err := s3.NewFromConfig(w.admin).ListBuckets(ctx, &s3.ListBucketsInput{})
	require.NoError(w.t, err)
	for _, b := range buckets.Buckets {
		out, err := s3.NewFromConfig(w.admin).GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: b.Name})
		require.NoError(w.t, err, "the bucket %s is not encrypted", aws.ToString(b.Name))
		if by := out.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault; by.KMSMasterKeyID != nil {
			w.keys.bucket[aws.ToString(b.Name)] = *by.KMSMasterKeyID
		}
	}
	queues, err := sqs.NewFromConfig(w.admin).ListQueues(ctx, &sqs.ListQueuesInput{})
	require.NoError(w.t, err)
	for _, u := range queues.QueueUrls {
		out, err := sqs.NewFromConfig(w.admin).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &u, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
		require.NoError(w.t, err)
		if key := out.Attributes["KmsMasterKeyId"]; key != "" {
			w.keys.queue[u[strings.LastIndexByte(u, '/')+1:]] = key
		}
	}
	list, err := secretsmanager.NewFromConfig(w.admin).ListSecrets(ctx, &secretsmanager.ListSecretsInput{})
	require.NoError(w.t, err)
	for _, s := range list.SecretList {
		w.keys.secret[aws.ToString(s.ARN)] = aws.ToString(s.KmsKeyId)
	}
}

// withImplied adds what a call brings with it: the use of the key that encrypts what it reads or writes, and, for an object
// that is not there, the right to know that.
func (w *world) withImplied(calls []apiCall) []apiCall {
	var all []apiCall
	for _, call := range calls {
		if open, ok := strings.CutSuffix(call.resource, openSecret); ok {
			for arn := range w.keys.secret {
				if strings.HasPrefix(arn, open+"-") {
					call.resource = arn
				}
			}
		}
		all = append(all, call)
		add := func(because, resource string, context map[string][]string, actions ...string) {
			for _, action := range actions {
				all = append(all, apiCall{role: call.role, action: action, resource: resource, context: context, because: because})
			}
		}
		name := call.resource[strings.LastIndexByte(call.resource, ':')+1:]
		switch call.action {
		case "s3:GetObject", "s3:PutObject":
			bucket, key, _ := strings.Cut(name, "/")
			if call.action == "s3:GetObject" && call.status == http.StatusNotFound {
				if plain, err := url.PathUnescape(key); err == nil {
					key = plain
				}
				// S3 takes the key for the prefix then; without this right the answer is 403.
				add("an object that is not there", "arn:aws:s3:::"+bucket, map[string][]string{"s3:prefix": {key}}, "s3:ListBucket")
				continue
			}
			context := map[string][]string{"kms:ViaService": {"s3." + region + ".amazonaws.com"}, "kms:EncryptionContext:aws:s3:arn": {"arn:aws:s3:::" + bucket}}
			if via := call.context["aws:CalledVia"]; via != nil {
				context["aws:CalledVia"] = via
			}
			if id := w.keys.bucket[bucket]; id != "" && call.action == "s3:GetObject" {
				add("objects are encrypted", id, context, "kms:Decrypt")
			} else if id != "" {
				add("objects are encrypted", id, context, "kms:GenerateDataKey")
				if call.because == inParts {
					add("parts are encrypted", id, context, "kms:Decrypt")
				}
			}
		case "sqs:SendMessage":
			if id := w.keys.queue[name]; id != "" {
				add("messages are encrypted", id, map[string][]string{"kms:ViaService": {"sqs." + region + ".amazonaws.com"}}, "kms:GenerateDataKey", "kms:Decrypt")
			}
		case "secretsmanager:GetSecretValue":
			if id := w.keys.secret[call.resource]; id != "" && call.status == http.StatusOK {
				add("secrets are encrypted", id, map[string][]string{
					"kms:ViaService": {"secretsmanager." + region + ".amazonaws.com"}, "kms:EncryptionContext:SecretARN": {call.resource},
				}, "kms:Decrypt")
			}
		}
	}
	return all
}
