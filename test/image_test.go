package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	pushedDigest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	oldDigest    = "sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	repository   = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/cleanreach"
)

// The programs that terraform/image.sh runs, as far as it uses them. Each notes how it was called.
var imagePrograms = map[string]string{
	"docker": `
case "$1 $2" in
"buildx version") [ "$BUILDX" = yes ] ;;
"login --username") cat >"$CALLS.password" ;;
"buildx build")
  [ "$BUILD" = yes ] || exit 1
  while [ $# -gt 0 ]; do
    [ "$1" = --metadata-file ] && printf '{\n  "buildx.build.ref": "x",\n  "containerimage.descriptor": {"digest": "sha256:other"},\n  "containerimage.digest": "%s",\n  "image.name": "y"\n}\n' "$PUSHED" >"$2"
    shift
  done ;;
esac`,
	"terraform": `[ -n "$URL" ] || { echo 'Error: Output "repository_url" not found' >&2; exit 1; }
printf %s "$URL"`,
	"aws": `
case "$2" in
describe-images) echo "$IMAGES" | grep -q sha256 && echo "$IMAGES" && exit; echo "$IMAGES" >&2; exit 254 ;;
get-login-password) echo the-password ;;
esac`,
}

// An imageRun is one run of terraform/image.sh with those programs.
type imageRun struct {
	out, calls, password string
	pin                  string // image.auto.tfvars.json
	err                  error
}

func runImage(t *testing.T, deployment, version, missing string, env map[string]string) imageRun {
	bin, calls := t.TempDir(), filepath.Join(t.TempDir(), "calls")
	for _, name := range []string{"cat", "date", "grep", "mktemp", "mv", "rm", "sed", "sh", "tr"} {
		path, err := exec.LookPath(name)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(path, filepath.Join(bin, name)))
	}
	for name, script := range imagePrograms {
		if name != missing {
			script = "#!/bin/sh\necho \"" + name + " $*\" >>\"$CALLS\"\n" + script + "\n"
			require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte(script), 0o700))
		}
	}
	command := exec.CommandContext(t.Context(), "terraform/image.sh", deployment, version)
	command.Dir = ".."
	settings := map[string]string{
		"PATH": bin, "CALLS": calls, "BUILDX": "yes", "BUILD": "yes", "PUSHED": pushedDigest, "URL": repository,
		"IMAGES": "An error occurred (ImageNotFoundException) when calling the DescribeImages operation",
	}
	for name, value := range env {
		settings[name] = value
	}
	for name, value := range settings {
		command.Env = append(command.Env, name+"="+value)
	}
	out, err := command.CombinedOutput()
	read := func(name string) string {
		data, err := os.ReadFile(name)
		if err != nil {
			require.ErrorIs(t, err, os.ErrNotExist)
		}
		return string(data)
	}
	return imageRun{string(out), read(calls), read(calls + ".password"), read(filepath.Join(deployment, "image.auto.tfvars.json")), err}
}

func TestImageIsPushedAndPinned(t *testing.T) {
	deployment := t.TempDir()
	r := runImage(t, deployment, "v1.2.3", "", nil)
	require.NoError(t, r.err, r.out)
	assert.JSONEq(t, `{"image_digest": "`+pushedDigest+`"}`, r.pin)
	assert.Equal(t, "the-password", r.password)
	assert.NotContains(t, r.calls+r.out, "the-password", "arguments are readable by every user of the machine")
	assert.Contains(t, r.calls, "terraform -chdir="+deployment+" output -raw repository_url\n")
	assert.Contains(t, r.calls, "aws ecr get-login-password --region eu-west-1\n")
	assert.Contains(t, r.calls, "docker login --username AWS --password-stdin 111122223333.dkr.ecr.eu-west-1.amazonaws.com\n")
	assert.Contains(t, r.calls, "docker buildx build --platform linux/amd64,linux/arm64 --build-arg VERSION=v1.2.3 --tag "+repository+":v1.2.3 --push")
	assert.Contains(t, r.out, "terraform -chdir="+deployment+" apply", "it says what is next")
}

func TestImageThatIsThereIsOnlyPinned(t *testing.T) {
	r := runImage(t, t.TempDir(), "v1.2.3", "", map[string]string{"IMAGES": oldDigest, "URL": "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/cleanreach"})
	require.NoError(t, r.err, r.out)
	assert.JSONEq(t, `{"image_digest": "`+oldDigest+`"}`, r.pin)
	assert.Contains(t, r.calls, "--region cn-north-1 --registry-id 111122223333 --repository-name cleanreach --image-ids imageTag=v1.2.3")
	assert.NotContains(t, r.calls, "buildx build")
}

// A tag is pushed once, and what is not committed changes under the same version.
func TestImageOfChangedSourceHasATagOfItsOwn(t *testing.T) {
	for _, version := range []string{"v1.2.3-4-gabcdef0-dirty", "unknown"} {
		r := runImage(t, t.TempDir(), version, "", nil)
		require.NoError(t, r.err, r.out)
		assert.Regexp(t, regexp.QuoteMeta("--tag "+repository+":"+version)+`-\d{14} `, r.calls)
	}
}

func TestImageWithoutADeploymentIsOnlyBuilt(t *testing.T) {
	r := runImage(t, "", "v1.2.3", "aws", nil)
	require.NoError(t, r.err, r.out)
	assert.Contains(t, r.calls, "--tag cleanreach:v1.2.3 .\n")
	assert.NotContains(t, r.calls, "push")
}

func TestImageRefuses(t *testing.T) {
	cases := []struct {
		name    string
		missing string
		env     map[string]string
		want    string
	}{
		{"no docker", "docker", nil, "make image needs docker, which builds it: install Docker"},
		{"no buildx", "", map[string]string{"BUILDX": "no"}, "make image needs docker buildx"},
		{"no terraform", "terraform", nil, "make image needs terraform"},
		{"no AWS CLI", "aws", nil, "install the AWS CLI"},
		{"nothing applied", "", map[string]string{"URL": ""}, "apply first, which makes the repository"},
		{"another registry", "", map[string]string{"URL": "ghcr.io/acme/cleanreach"}, "is no repository of ECR: ghcr.io/acme/cleanreach"},
		{"no credentials", "", map[string]string{"IMAGES": "Unable to locate credentials"}, "Unable to locate credentials"},
		{"a build that fails", "", map[string]string{"BUILD": "no"}, "docker buildx create --use"},
		{"no digest", "", map[string]string{"PUSHED": ""}, "the digest of " + repository + ":v1.2.3 is not known"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := runImage(t, t.TempDir(), "v1.2.3", c.missing, c.env)
			require.Error(t, r.err)
			assert.Contains(t, r.out, c.want)
			assert.Empty(t, r.pin, "nothing is pinned")
		})
	}
	r := runImage(t, "no/such/root", "v1.2.3", "", nil)
	require.Error(t, r.err)
	assert.Contains(t, r.out, "there is no directory no/such/root")
	assert.Equal(t, 1, strings.Count(r.calls, "\n"), "nothing was called but docker's version")
}
