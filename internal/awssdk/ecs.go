package awssdk

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/cleanreach/cleanreach/internal/local"
)

type describer interface {
	DescribeTaskDefinition(context.Context, *ecs.DescribeTaskDefinitionInput, ...func(*ecs.Options)) (*ecs.DescribeTaskDefinitionOutput, error)
}

type secretReader interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// ECS makes processes of deployed task definitions: give Define to a local.Tasks.
type ECS struct {
	Client describer
	// Secrets reads what a container's secrets refer to, with the rights of the execution role.
	Secrets secretReader
	// Binary is the program in the container's image.
	Binary string
	// Host gives what Fargate adds to the environment of a task with this role: region, credentials. It may be nil.
	Host func(roleARN string) map[string]string
}

// Define looks a task definition up and gives its one container's command, environment and secrets.
func (e *ECS) Define(ctx context.Context, name string) (local.TaskDefinition, error) {
	out, err := e.Client.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &name})
	if err != nil {
		return local.TaskDefinition{}, named("ECS", "Ecs", err)
	}
	if n := len(out.TaskDefinition.ContainerDefinitions); n != 1 {
		return local.TaskDefinition{}, fmt.Errorf("run task definition %s: it has %d containers, and one is what can be run here", name, n)
	}
	container := out.TaskDefinition.ContainerDefinitions[0]
	d := local.TaskDefinition{Name: name, Binary: e.Binary, Command: container.Command, Environment: map[string]string{}}
	if e.Host != nil {
		maps.Copy(d.Environment, e.Host(aws.ToString(out.TaskDefinition.TaskRoleArn)))
	}
	for _, v := range container.Environment {
		d.Environment[aws.ToString(v.Name)] = aws.ToString(v.Value)
	}
	if len(container.Secrets) > 0 {
		d.Secrets = func(ctx context.Context) (map[string]string, error) { return e.resolve(ctx, container.Secrets) }
	}
	return d, nil
}

// resolve reads a container's secrets. Its errors name the secret and hold nothing of it.
func (e *ECS) resolve(ctx context.Context, secrets []types.Secret) (map[string]string, error) {
	values := map[string]string{}
	for _, s := range secrets {
		id, key := splitReference(aws.ToString(s.ValueFrom))
		out, err := e.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &id})
		if err != nil {
			return nil, fmt.Errorf("ResourceInitializationError: unable to retrieve secret %s: %w", id, named("SecretsManager", "SecretsManager", err))
		}
		value := aws.ToString(out.SecretString)
		if key != "" {
			var fields map[string]string
			if json.Unmarshal([]byte(value), &fields) != nil {
				return nil, fmt.Errorf("ResourceInitializationError: secret %s is no JSON object of texts", id)
			}
			field, found := fields[key]
			if !found {
				return nil, fmt.Errorf("ResourceInitializationError: secret %s has no field %s", id, key)
			}
			value = field
		}
		values[aws.ToString(s.Name)] = value
	}
	return values, nil
}

// splitReference takes a reference to a secret apart: its ARN or name, and the field of a JSON secret, which follows an
// ARN as "<arn>:<field>:<stage>:<version>".
func splitReference(reference string) (id, key string) {
	const arnParts = 7
	parts := strings.Split(reference, ":")
	if parts[0] != "arn" || len(parts) <= arnParts {
		return reference, ""
	}
	return strings.Join(parts[:arnParts], ":"), parts[arnParts]
}
