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
	ReplaceFile   = "replace.json"
	ClosingFile   = "closing.json"
	ChangesFile   = "changes.json"
	StopFile      = "stop.json"
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

// ChunkListFile is where a list lies of the chunks of a run that are sent again: items of chunks.json. The state machine
// takes lists of such names only, and its role may read no others.
func ChunkListFile(id string) string { return "chunks-" + id + ".json" }

// TableName is the name of an audience's prepared table in the catalog: lower case letters, digits and underscores. A
// tenant's hyphens become two underscores, so that no two audiences share a table: a-b/c is a__b_c and a/b-c is a_b_c.
func TableName(tenant, audience string) string {
	return strings.ReplaceAll(tenant, "-", "__") + "_" + strings.ReplaceAll(audience, "-", "_")
}

// CloseChunk is the id of an item of the Map that is no chunk: the task of that name ends a replace's session with its last
// batch.
const CloseChunk = "close"

// DocumentVersion is the schema version that every run document carries.
const DocumentVersion = 1

// SuppressionDir is where the list of a tenant's people who opted out lies in the work bucket, with the receipts of
// `cleanreach optout`. It is no part of a run and never expires.
func SuppressionDir(tenant string) string { return "suppression/" + tenant + "/" }

// StateDir is where what outlives an audience's runs lies in the work bucket: a replace that is in progress, and who is in a
// mirrored audience. It never expires.
func StateDir(tenant, audience string) string { return "state/" + tenant + "/" + audience + "/" }

// LeaseDir is where an audience's lease lies in the work bucket. The state machine knows it too.
func LeaseDir(tenant, audience string) string { return "leases/" + tenant + "/" + audience + "/" }

// WorkURL is the work bucket that the run lies in: the leases' folder is in it at a place that is known.
func (r *Run) WorkURL() (string, error) {
	base, ok := strings.CutSuffix(strings.TrimSuffix(r.LeaseURL, "/")+"/", LeaseDir(r.Tenant, r.Audience))
	if !ok || base == "" {
		return "", Failf(Invalid, "read %s: lease_url does not end in %s, so that nobody can tell where the suppression list is: start a new run",
			RunFile, LeaseDir(r.Tenant, r.Audience))
	}
	return base, nil
}
