package estimate

import "time"

// What one vCPU does in a second. test/bench/RESULTS.md has how much one core of the machine did that this was measured on; less
// than that is reckoned with here, because Fargate's processors are others.
const (
	PrepareRate = 200_000 // rows of CSV, with all keys
	// UploadRate is of rows to Meta over HTTP, with all keys. A quarter of a vCPU has the next batch ready before Meta takes it
	// of even one task, so that it bounds nothing.
	UploadRate = 500_000
)

// takes is how long a task of this size works on so many rows.
func (s size) takes(rows int64, rate float64) time.Duration {
	return seconds(float64(rows) / (rate * s.cpu))
}
