package deployment

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/awssdk"
	"github.com/cleanreach/cleanreach/internal/local"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// A family is a set of integrations with a bucket "work", a queue and a bus "bus".
type family struct {
	integrations map[string]asl.Integration
	queue        string // its URL
}

func localFamily(t *testing.T) family {
	t.Helper()
	folder, err := storage.Open(t.Context(), "mem://")
	require.NoError(t, err)
	dir := t.TempDir()
	services := local.Services{
		S3: &local.S3{Buckets: map[string]*storage.Folder{"work": folder}}, Tasks: &local.Tasks{},
		Queue: local.NewQueue("file:///queue", filepath.Join(dir, "queue.jsonl"), time.Now), Bus: local.NewBus("bus", filepath.Join(dir, "bus.jsonl"), time.Now),
		Room: asl.IntegrationFunc(nil),
	}
	return family{services.Integrations(), "file:///queue"}
}

func awsFamily(t *testing.T) family {
	t.Helper()
	config := configFor(startMoto(t), "test")
	buckets, queues, buses := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true }), sqs.NewFromConfig(config), eventbridge.NewFromConfig(config)
	_, err := buckets.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String("work"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	})
	require.NoError(t, err)
	queue, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("queue")})
	require.NoError(t, err)
	_, err = buses.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: aws.String("bus")})
	require.NoError(t, err)
	services := awssdk.Services{
		S3: &awssdk.S3{Client: buckets}, Queue: &awssdk.Queue{Client: queues}, Bus: &awssdk.Bus{Client: buses},
		States: &awssdk.States{Client: sfn.NewFromConfig(config)},
	}
	return family{services.Integrations(), aws.ToString(queue.QueueUrl)}
}

// TestIntegrations asks the integrations of one machine and those of the AWS SDK the same, and wants the same answers: results
// where the definition looks for them, and errors by the names that it catches.
func TestIntegrations(t *testing.T) {
	for name, open := range map[string]func(*testing.T) family{"one machine": localFamily, "the AWS SDK": awsFamily} {
		t.Run(name, func(t *testing.T) { checkFamily(t, open(t)) })
	}
}

func checkFamily(t *testing.T, f family) {
	const optimised, sdk = "arn:aws:states:::", "arn:aws:states:::aws-sdk:"
	type p = map[string]any
	entry := func(bus string) []any {
		return []any{p{"EventBusName": bus, "Source": "cleanreach", "DetailType": "Run Failed", "Detail": p{"run": "r"}}}
	}
	for _, c := range []struct {
		name, resource string
		parameters     p
		want           map[string]any // fields of the result
		fails          string
	}{
		{"an object that is not there", sdk + "s3:getObject", p{"Bucket": "work", "Key": "none.json"}, nil, "S3.NoSuchKeyException"},
		{"a bucket that is not there", sdk + "s3:getObject", p{"Bucket": "other-bucket", "Key": "a.json"}, nil, "S3.NoSuchBucketException"},
		{"a document", sdk + "s3:putObject", p{"Bucket": "work", "Key": "a.json", "Body": p{"n": 1}, "ContentType": "application/json"}, nil, ""},
		{"it is JSON", sdk + "s3:getObject", p{"Bucket": "work", "Key": "a.json"}, p{"Body": `{"n":1}`}, ""},
		{"a Map reads it too", optimised + "s3:getObject", p{"Bucket": "work", "Key": "a.json"}, p{"Body": `{"n":1}`}, ""},
		{"a text", optimised + "s3:putObject", p{"Bucket": "work", "Key": "b/c.txt", "Body": "{x", "ContentType": "application/json"}, nil, ""},
		{"it stays", sdk + "s3:getObject", p{"Bucket": "work", "Key": "b/c.txt"}, p{"Body": "{x"}, ""},
		{"writing over it", sdk + "s3:putObject", p{"Bucket": "work", "Key": "b/c.txt", "Body": "new"}, nil, ""},
		{"the new one", sdk + "s3:getObject", p{"Bucket": "work", "Key": "b/c.txt"}, p{"Body": "new"}, ""},
		{"a name in other case", sdk + "s3:getObject", p{"bucket": "work", "Key": "a.json"}, nil, "States.Runtime"},
		{"an unknown parameter", sdk + "s3:putObject", p{"Bucket": "work", "Key": "a.json", "Body": "", "Colour": "red"}, nil, "States.Runtime"},
		{"a message", optimised + "sqs:sendMessage", p{"QueueUrl": f.queue, "MessageBody": p{"chunk": "1"}}, nil, ""},
		{"a queue that is not there", optimised + "sqs:sendMessage", p{"QueueUrl": f.queue + "-none", "MessageBody": "x"}, nil, "SQS.QueueDoesNotExistException"},
		{"an unknown parameter of a message", optimised + "sqs:sendMessage", p{"QueueUrl": f.queue, "MessageBody": "x", "Body": "y"}, nil, "States.Runtime"},
		{"an event", optimised + "events:putEvents", p{"Entries": entry("bus")}, p{"FailedEntryCount": 0}, ""},
		{"an unknown parameter of an event", optimised + "events:putEvents", p{"Entries": []any{p{"Bus": "x"}}}, nil, "States.Runtime"},
	} {
		t.Run(c.name, func(t *testing.T) {
			integration, ok := f.integrations[c.resource]
			require.True(t, ok)
			result, err := integration.Call(t.Context(), asl.Call{Resource: c.resource, Parameters: c.parameters})
			if c.fails != "" {
				var failed *asl.Error
				require.ErrorAs(t, err, &failed)
				assert.Equal(t, c.fails, failed.Name, failed.Cause)
				return
			}
			require.NoError(t, err)
			fields, ok := result.(map[string]any)
			require.True(t, ok)
			for name, want := range c.want {
				assert.EqualValues(t, want, fields[name])
			}
			if c.resource == optimised+"sqs:sendMessage" {
				assert.NotEmpty(t, fields["MessageId"])
			}
		})
	}
}
