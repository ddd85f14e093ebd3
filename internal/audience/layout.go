package audience

import "strings"

// Where a run's documents lie, relative to the run's folder (runs/<tenant>/<audience>/<run>/ in the work bucket).
// The state machine names some of them too: change them together.
const (
	RunFile       = "run.json"
	PreflightFile = "preflight.json"
	PreparedFile  = "prepared.json"
	QueryFile     = "query.json"
	PlanFile      = "plan.json"
	ChunksFile    = "chunks.json"
	UploadFile    = "upload.json"
	ReportFile    = "report.json"
	ReportPage    = "report.html"
	OutcomeFile   = "outcome.json"
	LeaseFile     = "lease.json"
	PreparedDir   = "prepared/"
	QuarantineDir = "quarantine/"
	ReceiptsDir   = "receipts/"
	FailuresDir   = "failures/"
	MapDir        = "map/"
)

// ReceiptFile is where a chunk's receipt lies.
func ReceiptFile(chunk string) string { return ReceiptsDir + chunk + ".json" }

// FailureFile is where a stage says why it failed. Stage is the task's subcommand.
func FailureFile(stage string) string { return FailuresDir + stage + ".json" }

// TableName is the name of an audience's prepared table in the catalog: lower case letters, digits and underscores. A
// tenant's hyphens become two underscores, so that no two audiences share a table: a-b/c is a__b_c and a/b-c is a_b_c.
func TableName(tenant, audience string) string {
	return strings.ReplaceAll(tenant, "-", "__") + "_" + strings.ReplaceAll(audience, "-", "_")
}

// DocumentVersion is the schema version that every run document carries.
const DocumentVersion = 1

// LeaseDir is where an audience's lease lies in the work bucket. The state machine knows it too.
func LeaseDir(tenant, audience string) string { return "leases/" + tenant + "/" + audience + "/" }
