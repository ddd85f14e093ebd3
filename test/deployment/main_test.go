// Package deployment applies terraform/examples/complete to an emulator of AWS, runs what was deployed, holds the roles'
// policies against the calls that were made, and destroys it again.
//
// The emulator is moto. What it lacks or gets wrong is answered by a front before it (front_*_test.go), which also records
// who called what. Whatever Step Functions, Fargate, Clean Rooms and EventBridge do by themselves is done, or recorded, in
// their place (world_test.go, implied_test.go): an emulator of Step Functions would prove little, internal/asl is held against
// the documentation.
package deployment

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// programs is the folder with the programs under test.
var programs string

func TestMain(m *testing.M) {
	os.Exit(build(m))
}

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "cleanreach-deployment-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	programs = dir
	for name, from := range map[string]string{"cleanreach": "tasks", "cleanreach-local": "statemachine/local"} {
		cmd := exec.Command("go", "build", "-o", filepath.Join(dir, name), "github.com/cleanreach/cleanreach/"+from)
		if name == "cleanreach" {
			cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build %s: %v\n%s", name, err, out)
			return 1
		}
	}
	return m.Run()
}
