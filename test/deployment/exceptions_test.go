package deployment

// exceptions are the grants that no call of the test needs, and why they stay.
var exceptions = []exception{
	// Done by AWS in a role's name, at times or in ways that are not played here.
	{".*", "logs:.*", `\*`, "Step Functions sets up the delivery of its log", false},
	{".*", "xray:.*", `\*`, "Step Functions sends traces", false},
	{"cleanreach-flow-logs", "logs:.*", ".*", "EC2 writes the network's flow logs", false},
	{"cleanreach-schedule", "kms:.*", ".*", "Scheduler reads the schedule, and sends what cannot be delivered", false},
	{"cleanreach-schedule", "sqs:SendMessage", ".*", "Scheduler sends what cannot be delivered", false},
	{"cleanreach-state-machine", "kms:.*", ".*", "the history and the log are encrypted, and a Map's results are written in parts", false},
	{"cleanreach-state-machine", "s3:(AbortMultipartUpload|ListMultipartUploadParts)", ".*/map/\\*", "a Map's results that are larger than a part", false},
	{"cleanreach-state-machine", "s3:GetObject", ".*/map/\\*", "a Map that is redriven reads its results", false},
	{"cleanreach-state-machine", "states:(DescribeExecution|StopExecution|RedriveExecution)", ".*", "a Map that is watched, stopped or redriven", false},
	{"cleanreach-state-machine", "ecs:StopTask", ".*", "an execution that is aborted, or a task that takes too long", false},
	{"cleanreach-state-machine", "ecs:RunTask", ".*:task-definition/[a-z-]+", "the definition names families without a revision, and AWS does not say by which of the two names IAM is asked", false},
	{"cleanreach-state-machine", "cleanrooms:Get(Schema|CollaborationAnalysisTemplate)", ".*:membership/\\*", "AWS's reference names both resources, and not which one is asked for", false},
	{"cleanreach-table-.*", "glue:.*", ".*", "Clean Rooms' user guide lists them, and not which of them a query takes", false},
	{"cleanreach-table-.*", "s3:GetBucketLocation", ".*", "likewise", false},

	// Paths of failures and second attempts.
	{"cleanreach-state-machine", "cleanrooms:UpdateProtectedQuery", ".*", "a query that runs for more than 12 hours is cancelled", false},
	{"cleanreach-(preflight|prepare|compare|plan|advance|upload|report)", "s3:(Get|Put|Delete)Object", ".*/failures/.*", "a stage that failed says why, and the next task of it removes that", false},
	{"cleanreach-prepare", "s3:AbortMultipartUpload", ".*", "a part that cannot be finished", false},
	{"cleanreach-prepare", "s3:(Get|Delete)Object", ".*/(prepared|quarantine).*", "a second task clears what the first one left; to remove is to look first", false},
	{"cleanreach-compare", "s3:AbortMultipartUpload", ".*/mirror/.*", "a part that cannot be finished", false},
	{"cleanreach-compare", "s3:DeleteObject", ".*/mirror/.*", "a second task clears what the first one left", false},
	{"cleanreach-upload", "s3:PutObject", ".*/stop.json", "Meta's abuse prevention stops a run", false},
	{"cleanreach-preflight", "s3:DeleteObject", ".*/stop.json", "a run that was stopped goes on", false},
	{"cleanreach-preflight", "s3:DeleteObject", ".*/state/.*/replace.json", "a replace that another run left open is over", false},
	{"cleanreach-advance", "s3:DeleteObject", ".*/runs/.*/replace.json", "likewise, and this run had begun to end it", false},
	{"cleanreach-prepare", "glue:CreateTable", ".*", "a table that somebody removed", false},
	{"cleanreach-upload", "s3:ListBucket", ".*cleanreach-results.*", "a matched file that has vanished is 404 only to those who may list", false},
	{"cleanreach-(preflight|prepare)", "s3:(Get|Put|Delete)Object", ".*/leases/.*", "whichever of the two comes first takes the lease and clears older ones away", true},
	{"cleanreach-(prepare|compare|upload)", "s3:GetObject", ".*/suppression/.*", "nobody has opted out here", false},

	// Other tenants and audiences than the one that is run here.
	{"cleanreach-(preflight|advance|upload|report)", "secretsmanager:GetSecretValue", ".*/globex/.*", "a tenant of whom nothing is run here", false},
	{"cleanreach-prepare", "glue:(Get|Update)Table", ".*(acme_lapsed|globex_subscribers)", "an audience that is not run here", false},
	{"cleanreach-state-machine", "cleanrooms:.*", ".*:membership/1f0c6f5e.*", "the membership of a tenant of whom nothing is run here", false},
	{"cleanreach-table-acme-lapsed", ".*", ".*", "an audience that is not run here", false},
}
