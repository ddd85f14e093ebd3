package main

import (
	"context"
	"fmt"
	"os"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// validate checks a definition before anybody deploys it.
func validate(_ context.Context, c call) error {
	if len(c.args) != 1 {
		return audience.Failf(audience.Invalid, "name one audience definition: cleanreach validate my-audience.json")
	}
	data, err := os.ReadFile(c.args[0])
	if err != nil {
		return audience.Fail(audience.Invalid, "", err)
	}
	def, err := audience.ParseDefinition(data)
	if err != nil {
		return fmt.Errorf("check %s: %w", c.args[0], err)
	}
	_, err = fmt.Fprintf(c.stdout, "%s is valid: audience %s of %s, put it at audiences/%s/%s.json in the work bucket\n",
		c.args[0], def.Name, def.Tenant, def.Tenant, def.Name)
	return err
}
