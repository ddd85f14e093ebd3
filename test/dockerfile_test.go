package test

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The Dockerfile's own steps, done without a container engine: what COPY brings is brought, what RUN runs is run.
func TestDockerfileBuildsAStaticBinary(t *testing.T) {
	build, final := dockerfile(t)
	source := t.TempDir()
	for _, c := range build.all("COPY") {
		require.NoError(t, copyContext("..", source, c.args[:len(c.args)-1]))
	}
	command := buildCommand(t, build)
	result := filepath.Join(t.TempDir(), "cleanreach")
	from, to := final.all("COPY")[0].args[0], final.all("COPY")[0].args[1]
	require.Contains(t, command, from, "the build makes what the image takes")
	assert.Equal(t, []string{to}, final.all("ENTRYPOINT")[0].args)

	for arch, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
		t.Run(arch, func(t *testing.T) {
			run := exec.CommandContext(t.Context(), "sh", "-euc", strings.ReplaceAll(command, from, result))
			run.Dir = source
			run.Env = append(os.Environ(), "TARGETOS=linux", "TARGETARCH="+arch, "VERSION=v1.2.3-test")
			out, err := run.CombinedOutput()
			require.NoError(t, err, "%s", out)
			checkStatic(t, result, machine)
			if arch == runtime.GOARCH && runtime.GOOS == "linux" {
				out, err := exec.CommandContext(t.Context(), result, "version").Output()
				require.NoError(t, err)
				assert.Contains(t, string(out), "v1.2.3-test")
			}
		})
	}
}

func dockerfile(t *testing.T) (build, final stage) {
	f, err := os.Open("../Dockerfile")
	require.NoError(t, err)
	defer func() { assert.NoError(t, f.Close()) }()
	stages, err := parseDockerfile(f)
	require.NoError(t, err)
	require.Len(t, stages, 2)
	return stages[0], stages[1]
}

func buildCommand(t *testing.T, build stage) string {
	for _, r := range build.all("RUN") {
		if strings.Contains(r.args[0], "go build") {
			return r.args[0]
		}
	}
	require.Fail(t, "no step builds anything")
	return ""
}

// checkStatic reads the file's header: no loader and no libraries are asked for, and the processor is the right one.
func checkStatic(t *testing.T, path string, machine elf.Machine) {
	f, err := elf.Open(path)
	require.NoError(t, err)
	defer func() { assert.NoError(t, f.Close()) }()
	assert.Equal(t, machine, f.Machine)
	for _, p := range f.Progs {
		assert.NotEqual(t, elf.PT_INTERP, p.Type, "it asks for a loader, which the image has not")
	}
	libraries, err := f.ImportedLibraries()
	require.NoError(t, err)
	assert.Empty(t, libraries)
}

func TestDockerfileFinalStage(t *testing.T) {
	build, final := dockerfile(t)
	assert.Empty(t, faults(build, final))
	cases := []struct{ name, from, to, want string }{
		{"another base", "gcr.io/distroless/static-debian12:nonroot", "debian:12", "the base is debian:12"},
		{"root", "USER nonroot:nonroot", "USER root", "the user is root"},
		{"no user", "USER nonroot:nonroot\n", "", "the user is not set"},
		{"a shell step", "USER nonroot", "RUN echo\nUSER nonroot", "RUN needs a shell"},
		{"a shell's entry point", `["/cleanreach"]`, "/cleanreach", "the entry point needs a shell"},
		{"files from outside", "COPY --from=build /out/cleanreach", "COPY cleanreach", "it takes more than the build's result"},
		{"an emulated build", "--platform=$BUILDPLATFORM ", "", "the build is emulated"},
	}
	good, err := os.ReadFile("../Dockerfile")
	require.NoError(t, err)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			require.Contains(t, string(good), c.from)
			stages, err := parseDockerfile(strings.NewReader(strings.ReplaceAll(string(good), c.from, c.to)))
			require.NoError(t, err)
			assert.Equal(t, []string{c.want}, faults(stages[0], stages[1]))
		})
	}
}

// faults tells what is wrong with the image.
func faults(build, final stage) []string {
	var found []string
	if build.platform != "$BUILDPLATFORM" {
		found = append(found, "the build is emulated")
	}
	if !strings.HasPrefix(final.from, "gcr.io/distroless/static-") || !strings.HasSuffix(final.from, ":nonroot") {
		found = append(found, "the base is "+final.from)
	}
	if users := final.all("USER"); len(users) == 0 {
		found = append(found, "the user is not set")
	} else if user := users[len(users)-1].args[0]; !strings.HasPrefix(user, "nonroot") {
		found = append(found, "the user is "+user)
	}
	if len(final.all("RUN")) > 0 {
		found = append(found, "RUN needs a shell")
	}
	if entry := final.all("ENTRYPOINT"); len(entry) != 1 || !entry[0].json {
		found = append(found, "the entry point needs a shell")
	}
	for _, c := range append(final.all("COPY"), final.all("ADD")...) {
		if c.flags["from"] != build.name {
			found = append(found, "it takes more than the build's result")
		}
	}
	return found
}
