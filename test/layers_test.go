package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A layer is what one package may import of the others, and why no more.
type layer struct {
	folder string
	may    string // folders under internal/, unless they begin with a dot for the module's root
	why    string
}

const stageMay = "audience identity match meta person snapshot storage suppression table telemetry"

const stageWhy = "stages talk to each other only by the run's documents: then each can be run again, and replaced, by itself"

// layers has every package: a new one is put into its place here first. Dependencies point down only.
var layers = []layer{
	{"internal/audience", "", "the vocabulary is what all the others are written in"},
	{"internal/asl", "", "an interpreter that knows nothing of CleanReach can be held against AWS's documentation alone"},
	{"internal/telemetry", "", "whoever logs must not depend on what is logged"},
	{"internal/ascii", "", "what bytes are is nothing that concerns what they mean"},
	{"internal/sha", "", "how hashes are made fast is nothing that concerns what is hashed"},
	{"internal/identity", "ascii audience sha", "pure functions: the same value gives the same hash, whoever asks"},
	{"internal/storage", "audience", "it moves bytes, and knows of the documents only the names"},
	{"internal/marks", "", "where a byte is in a text is nothing that concerns what the text is"},
	{"internal/table", "ascii audience marks", "it reads and writes columns, and does not know what they mean to Meta"},
	{"internal/meta", "ascii audience identity sha", "the client sends what it is given; where rows come from is the stages' business"},
	{"internal/match", "audience storage table", "which files, rows and keys a match has is one answer, whoever asks"},
	{"internal/person", "audience identity sha table", "a person is made of a row in one way, whether the row is sent or compared"},
	{"internal/suppression", "audience identity storage table", "who must not be sent is the same for all stages, whatever they send it to"},
	{"internal/snapshot", "audience storage table", "who is in a mirrored audience outlives every run, and no stage owns it"},
	{"internal/meta/sandbox", "", "a model of Meta that shared code with the client would share its mistakes"},
	{"internal/meta/sandbox/cmd", "meta/sandbox", "a doorway"},
	{"internal/preflight", stageMay, stageWhy},
	{"internal/prepare", stageMay + " sha", stageWhy},
	{"internal/compare", stageMay, stageWhy},
	{"internal/plan", stageMay, stageWhy},
	{"internal/upload", stageMay, stageWhy},
	{"internal/advance", stageMay, stageWhy},
	{"internal/report", stageMay, stageWhy},
	{"internal/optout", stageMay, "it is no stage of a run, but what it does to people must be as repeatable"},
	{"internal/succession", "audience storage", "which run is the last is one answer, for the stages and for whoever starts a run again"},
	{"internal/redrive", "audience storage succession", "it starts runs again and does nothing of a stage's work"},
	{"internal/estimate", "audience meta", "it computes, and asks nobody"},
	{"internal/replay", "audience", "it asks the bus to say again what was said, and knows no run"},
	{"internal/local/cleanroom", "audience storage table", "Clean Rooms knows nothing of state machines or of Meta"},
	{"internal/local/demo", "audience", "data made by the code under test would suit the code under test"},
	{"internal/local", "asl audience storage local/cleanroom", "what stands in for AWS: it starts the stages as processes, and cannot reach into them"},
	{"internal/awssdk", "asl local", "what a deployed definition calls, and a task's process is the one of a single machine"},
	{"statemachine", "", "the definition is a document; what runs it is not its business"},
	{"statemachine/local", "asl audience local local/cleanroom local/demo meta/sandbox storage telemetry .statemachine",
		"it runs the same binary as AWS does, never a stage in its own process"},
	{"tasks", stageMay + " preflight prepare compare plan upload advance report estimate succession redrive replay optout", "the container has no stand-ins for AWS or Meta in it"},
}

// A ban keeps an import or a call to few places.
type ban struct {
	what  string   // an import path and all below it, or a function
	only  []string // folders, and all below them
	tests bool     // does it hold for tests too?
	why   string
}

var mains = []string{"tasks", "statemachine/local", "internal/meta/sandbox/cmd", "test/bench", "test/mirror/figures"}

var bans = []ban{
	{"flag", mains, false, "only a main package is told how to behave by its arguments; the others are told by their caller"},
	{"os.Getenv", slices.Concat(mains, []string{"test/tools"}), false, "a package that reads the environment cannot be tested or run twice in a process"},
	{"os.LookupEnv", mains, false, "as os.Getenv"},
	{"os.Environ", mains, false, "as os.Getenv"},
	{"os.Exit", mains, false, "it skips every deferred call: return an error, its class is the exit code"},
	{"C", []string{"internal/local", "test"}, true, "the container is one static file"},
	{"github.com/duckdb", []string{"internal/local", "test"}, true, "DuckDB needs cgo, and the container is one static file"},
}

// audienceMay are the only modules that the vocabulary may bring along.
var audienceMay = []string{"github.com/santhosh-tekuri/jsonschema/v6"}

func TestLayers(t *testing.T) {
	packages, err := listPackages(t.Context(), "./...")
	require.NoError(t, err)
	for _, p := range packages {
		require.NoError(t, p.readCalls())
	}
	for _, problem := range checkLayers(packages) {
		t.Error(problem)
	}
}

// The check is the same; what it looks at is made up.
func TestLayersNoticeViolations(t *testing.T) {
	inside := func(folder string, imports ...string) *goPackage {
		return &goPackage{ImportPath: module + "/" + folder, Imports: imports}
	}
	calling := inside("internal/plan")
	calling.calls = []call{{"os.Exit", "internal/plan/plan.go:7"}}
	tested := inside("internal/asl")
	tested.XTestImports = []string{"github.com/duckdb/duckdb-go/v2"}
	cases := []struct {
		name string
		pkg  *goPackage
		want string
	}{
		{"a stage imports a stage", inside("internal/upload", module+"/internal/plan"), "internal/upload imports internal/plan: stages talk"},
		{"up", inside("internal/storage", module+"/internal/meta"), "internal/storage imports internal/meta: it moves bytes"},
		{"the runner imports a stage", inside("statemachine/local", module+"/internal/report"), "statemachine/local imports internal/report: it runs the same binary"},
		{"the sandbox imports the client", inside("internal/meta/sandbox", module+"/internal/meta"), "would share its mistakes"},
		{"a package without a place", inside("internal/utils"), "internal/utils has no place in layers"},
		{"a module in the vocabulary", inside("internal/audience", "gocloud.dev/blob"), "internal/audience imports gocloud.dev/blob: the vocabulary"},
		{"flags in a package", inside("internal/table", "flag"), "internal/table uses flag: only a main package"},
		{"cgo", inside("internal/table", "C"), "internal/table uses C: the container"},
		{"DuckDB in a task", inside("tasks", "github.com/duckdb/duckdb-go/v2"), "tasks uses github.com/duckdb"},
		{"DuckDB in a test", tested, "internal/asl uses github.com/duckdb"},
		{"an exit", calling, "internal/plan/plan.go:7 uses os.Exit: it skips"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			problems := checkLayers([]*goPackage{c.pkg})
			require.Len(t, problems, 1)
			assert.Contains(t, problems[0], c.want)
		})
	}
	assert.Empty(t, checkLayers([]*goPackage{inside("internal/local/cleanroom", "github.com/duckdb/duckdb-go/v2", module+"/internal/audience")}))
}

// The container is built without cgo. A dependency that would use it if it could may work differently without.
func TestTheTaskBinaryNeedsNoCgo(t *testing.T) {
	packages, err := listPackages(t.Context(), "-deps", "./tasks")
	require.NoError(t, err)
	require.NotEmpty(t, packages)
	assert.Empty(t, cgoUsers(packages))

	packages, err = listPackages(t.Context(), "-deps", "./internal/local/cleanroom")
	require.NoError(t, err)
	assert.NotEmpty(t, cgoUsers(packages), "DuckDB uses it, so the check must notice")
}

func cgoUsers(packages []*goPackage) []string {
	var users []string
	for _, p := range packages {
		if !p.Standard && len(p.CgoFiles) > 0 {
			users = append(users, p.ImportPath)
		}
	}
	return users
}

// checkLayers gives a sentence for each breach of a rule, with the rule's reason.
func checkLayers(packages []*goPackage) []string {
	var problems []string
	for _, p := range packages {
		folder := p.path()
		problems = append(problems, checkBans(p)...)
		if within(folder, "test") {
			continue
		}
		i := slices.IndexFunc(layers, func(l layer) bool { return l.folder == folder })
		if i < 0 {
			problems = append(problems, folder+" has no place in layers: decide what it may import")
			continue
		}
		problems = append(problems, checkImports(p, layers[i])...)
	}
	return problems
}

func checkImports(p *goPackage, l layer) []string {
	var problems []string
	for _, i := range own(p.Imports) {
		if !l.allows(i) {
			problems = append(problems, fmt.Sprintf("%s imports %s: %s", l.folder, i, l.why))
		}
	}
	for _, i := range p.Imports {
		external := strings.Contains(strings.Split(i, "/")[0], ".") && !strings.HasPrefix(i, module)
		if l.folder == "internal/audience" && external && !slices.ContainsFunc(audienceMay, func(m string) bool { return within(i, m) }) {
			problems = append(problems, fmt.Sprintf("%s imports %s: %s, so it brings nothing along but %s", l.folder, i, l.why, audienceMay))
		}
	}
	return problems
}

func (l layer) allows(folder string) bool {
	for _, may := range strings.Fields(l.may) {
		if root, ok := strings.CutPrefix(may, "."); ok && folder == root || folder == "internal/"+may {
			return true
		}
	}
	return false
}

func checkBans(p *goPackage) []string {
	var problems []string
	for _, b := range bans {
		if slices.ContainsFunc(b.only, func(place string) bool { return within(p.path(), place) }) {
			continue
		}
		imports := p.Imports
		if b.tests {
			imports = slices.Concat(imports, p.TestImports, p.XTestImports)
		}
		if slices.ContainsFunc(imports, func(i string) bool { return within(i, b.what) }) {
			problems = append(problems, fmt.Sprintf("%s uses %s: %s", p.path(), b.what, b.why))
		}
		for _, c := range p.calls {
			if c.function == b.what {
				problems = append(problems, fmt.Sprintf("%s uses %s: %s", c.at, b.what, b.why))
			}
		}
	}
	return problems
}

// within tells whether path is folder or lies in it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}
