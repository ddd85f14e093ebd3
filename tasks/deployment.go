package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// A deployment is what the operator's commands must know of it.
type deployment struct {
	stateMachine string // ARN
	queue        string // URL of the dead-letter queue
	archive      string // name or ARN of the bus's archive
}

// outputs are those of terraform/examples/complete that matter here.
type outputs struct {
	StateMachine struct {
		Value string `json:"value"`
	} `json:"state_machine_arn"`
	Queues struct {
		Value struct {
			DeadLetters string `json:"dead_letters"`
		} `json:"value"`
	} `json:"queues"`
	Bus struct {
		Value struct {
			ArchiveARN string `json:"archive_arn"`
		} `json:"value"`
	} `json:"bus"`
}

// complete fills what no flag gave from the outputs of Terraform, if there is a place to find them. That is a root's
// folder, or a file in which somebody kept them.
func (d *deployment) complete(ctx context.Context, place string) error {
	if place == "" {
		return nil
	}
	text, err := os.ReadFile(place) //nolint:gosec // the file that the operator names
	if info, statErr := os.Stat(place); statErr == nil && info.IsDir() {
		text, err = terraformOutput(ctx, place)
	}
	switch {
	case ctx.Err() != nil:
		return audience.Failf(audience.Transient, "it was interrupted")
	case err != nil:
		return audience.Fail(audience.Invalid, "-deployment is the folder of a Terraform root that was applied, or a file with its terraform output -json", err)
	}
	var o outputs
	if err := json.Unmarshal(text, &o); err != nil {
		return audience.Fail(audience.Invalid, "it must be what terraform output -json prints", fmt.Errorf("read the outputs of %s: %w", place, err))
	}
	d.stateMachine = cmp.Or(d.stateMachine, o.StateMachine.Value)
	d.queue = cmp.Or(d.queue, o.Queues.Value.DeadLetters)
	d.archive = cmp.Or(d.archive, o.Bus.Value.ArchiveARN)
	return nil
}

func terraformOutput(ctx context.Context, dir string) ([]byte, error) {
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "terraform", "-chdir="+dir, "output", "-json", "-no-color") //nolint:gosec // the folder that the operator names
	cmd.Stderr = &said
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ask terraform for the outputs of %s: %w %s", dir, err, strings.TrimSpace(said.String()))
	}
	return text, nil
}

// missing says what would have given what is not known.
func missing(place, flagName, output string) error {
	if place != "" {
		return audience.Failf(audience.Invalid, "%s has no output %s: apply it, or give it the outputs of terraform/examples/complete, or say it by %s", place, output, flagName)
	}
	return audience.Failf(audience.Invalid, "it does not know the deployment: name its Terraform root by -deployment terraform/examples/complete, or give %s", flagName)
}

var queueRegion = regexp.MustCompile(`^https://sqs\.([a-z0-9-]+)\.`)

// region is where the deployment is, by what is known of it; empty: where AWS's usual sources say.
func (d *deployment) region() string {
	for _, arn := range []string{d.stateMachine, d.archive} {
		if parts := strings.Split(arn, ":"); len(parts) > 3 && parts[0] == "arn" {
			return parts[3]
		}
	}
	if found := queueRegion.FindStringSubmatch(d.queue); found != nil {
		return found[1]
	}
	return ""
}

// config has credentials of AWS's usual sources, for the deployment's region.
func (d *deployment) config(ctx context.Context) (aws.Config, error) {
	var options []func(*config.LoadOptions) error
	if region := d.region(); region != "" {
		options = append(options, config.WithRegion(region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return cfg, fmt.Errorf("set up AWS: %w", err)
	}
	if cfg.Region == "" {
		return cfg, audience.Failf(audience.Invalid, "it does not know the region: set AWS_REGION, or give -deployment")
	}
	return cfg, nil
}

// open opens a folder of a bucket in the deployment's region.
func (d *deployment) open(ctx context.Context, at string) (*storage.Folder, error) {
	u, err := url.Parse(at)
	if region := d.region(); err == nil && u.Scheme == "s3" && region != "" {
		u.RawQuery = url.Values{"region": {region}}.Encode()
		at = u.String()
	}
	return storage.Open(ctx, at)
}

// teller writes lines for the person at the terminal.
func teller(w io.Writer) func(string, ...any) {
	return func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
