package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// validate checks a definition before anybody deploys it.
func validate(_ context.Context, c call) error {
	if len(c.args) != 1 {
		return audience.Failf(audience.Invalid, "name one audience definition: cleanreach validate my-audience.json")
	}
	if strings.Contains(c.args[0], "://") {
		return audience.Failf(audience.Invalid, "validate reads a file of this machine, not %s: cleanreach doctor takes s3:// URLs, and checks the same first", c.args[0])
	}
	data, err := os.ReadFile(c.args[0])
	if err != nil {
		return audience.Fail(audience.Invalid, "", err)
	}
	def, err := audience.ParseDefinition(data)
	if err != nil {
		return fmt.Errorf("check %s: %w\ncorrect it; cleanreach schema prints every field and what it may hold", c.args[0], err)
	}
	_, err = fmt.Fprintf(c.stdout, "%s is valid: audience %s of %s, put it at audiences/%s/%s.json in the work bucket\n",
		c.args[0], def.Name, def.Tenant, def.Tenant, def.Name)
	return err
}
