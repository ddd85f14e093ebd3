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

// TableName is the name of an audience's prepared table in the catalog: lower case letters, digits and underscores.
func TableName(tenant, audience string) string {
	return strings.ReplaceAll(tenant+"_"+audience, "-", "_")
}

// DocumentVersion is the schema version that every run document carries.
const DocumentVersion = 1

// LeaseDir is where an audience's lease lies in the work bucket. The state machine knows it too.
func LeaseDir(tenant, audience string) string { return "leases/" + tenant + "/" + audience + "/" }
