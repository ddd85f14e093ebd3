package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// credentials are what a secret holds: the bare token, or a JSON object with both.
type credentials struct {
	Token     meta.Token `json:"access_token"`
	AppSecret meta.Token `json:"app_secret"`
}

// secretReader is the one call of Secrets Manager that is made here.
type secretReader interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// connect makes Meta's client for a stage, paced and retrying.
func connect(ctx context.Context, w *work) (meta.API, *meta.Budget, error) {
	budget := meta.NewBudget(0, nil)
	client, api, err := dial(ctx, w.env, w.run.Def(), meta.Policy{Budget: budget, Log: w.log})
	if err != nil {
		return nil, nil, err
	}
	w.meta = meters{client.Calls, budget.Throttled}
	return api, budget, nil
}

// dial makes Meta's client for a definition, by itself and decorated: paced, and retrying by the policy.
func dial(ctx context.Context, e env, def *audience.Definition, policy meta.Policy) (*meta.Client, meta.API, error) {
	c, err := findCredentials(ctx, e, def.Meta.Secret)
	if err != nil {
		return nil, nil, err
	}
	client, err := meta.New(meta.Config{
		BaseURL: e[envMetaURL], Version: def.Meta.APIVersion, Token: c.Token, AppSecret: c.AppSecret, Log: policy.Log,
	})
	if err != nil {
		return nil, nil, err
	}
	return client, meta.Retrying(meta.Paced(client, meta.Pace{Budget: policy.Budget, Sleep: policy.Sleep}), policy), nil
}

func findCredentials(ctx context.Context, e env, secret string) (credentials, error) {
	if token := e[envMetaToken]; token != "" {
		return credentials{Token: meta.Token(token), AppSecret: meta.Token(e[envAppSecret])}, nil
	}
	if secret == "" {
		return credentials{}, audience.Failf(audience.Invalid, "no access token: name its secret in meta.secret, or set %s", envMetaToken)
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return credentials{}, fmt.Errorf("set up AWS: %w", err)
	}
	return readSecret(ctx, secretsmanager.NewFromConfig(cfg), secret)
}

func readSecret(ctx context.Context, reader secretReader, name string) (credentials, error) {
	out, err := reader.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(name)})
	if err != nil {
		err = fmt.Errorf("read secret %s: %w", name, err)
		if ctx.Err() != nil || retry.NewStandard().IsErrorRetryable(err) {
			return credentials{}, audience.Fail(audience.Transient, "", err)
		}
		return credentials{}, audience.Fail(audience.Action, "check that the secret exists and has a value, and that this task's role may read it; on your own machine set "+envMetaToken, err)
	}
	return parseSecret(name, aws.ToString(out.SecretString))
}

// parseSecret never puts anything of the secret into its error.
func parseSecret(name, value string) (credentials, error) {
	value = strings.TrimSpace(value)
	c := credentials{Token: meta.Token(value)}
	if strings.HasPrefix(value, "{") {
		c = credentials{}
		if json.Unmarshal([]byte(value), &c) != nil { // its error could quote the secret
			c.Token = ""
		}
	}
	if strings.ContainsAny(string(c.Token), `"'\`) { // a command was copied with what quotes it
		return credentials{}, audience.Failf(audience.Action, "the token in the secret %s has quotation marks or backslashes in it, which none of Meta's has: store it again without", name)
	}
	if c.Token == "" {
		return credentials{}, audience.Failf(audience.Action,
			`the secret %s holds no access token: put the token into it, or {"access_token": "...", "app_secret": "..."}`, name)
	}
	return c, nil
}
