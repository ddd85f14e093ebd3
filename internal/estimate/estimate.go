// Package estimate works out beforehand how long a run takes and what AWS charges for it: from the definition, the number
// of rows, Meta's limits, and figures that were measured or, where nobody can measure them beforehand, are assumed and said.
package estimate

import (
	"math"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// A Question is what is estimated.
type Question struct {
	Definition *audience.Definition
	Rows       int64         // customers
	Match      float64       // share of them that the query gives back
	Churn      float64       // share of the matched people that changes from run to run, of a mirror
	Tier       meta.Tier     // of the ad account
	Answer     time.Duration // that Meta takes to answer a batch
	Query      time.Duration // that Clean Rooms computes
	Spot       bool          // first tasks of chunks run on Spot
}

// Figures of a run that do not depend on the question.
const (
	start        = 40 * time.Second // of a Fargate task, until its code runs
	bytesOfValue = 67               // of a hashed key in a request: 64 digits, quotes and comma
	bytesOfOther = 40               // of EXTERN_ID or MADID
	// worthStarting is how much longer than it takes to start an upload task should work.
	worthStarting = 10
	// replaceWindow is what is planned of the 90 minutes that Meta gives a replace: internal/plan/window.go.
	replaceWindow = 80 * time.Minute
	// mostTasks is how many upload tasks of a quarter of a vCPU a new AWS account runs at once.
	mostTasks = 24
)

// A Step is a part of the run.
type Step struct {
	Name  string
	Tasks int64
	Time  time.Duration // from its beginning to its end
	Bound string        // what bounds it
	// Compute is what its tasks use.
	Compute Compute
}

// Compute is an amount of Fargate: hours of a vCPU and of a GiB of memory.
type Compute struct{ CPU, Memory float64 }

// A size is a task's share of a machine.
type size struct{ cpu, memory float64 }

// The sizes that terraform/modules/tasks deploys by default.
var (
	small = size{0.25, 0.5}
	large = size{1, 2}
)

func (s size) compute(tasks int64, each time.Duration) Compute {
	hours := float64(tasks) * max(each, time.Minute).Hours() // Fargate charges a minute at least
	return Compute{s.cpu * hours, s.memory * hours}
}

// An Answer is an estimate.
type Answer struct {
	Matched int64 // rows
	Sent    int64 // rows that travel to Meta
	Batches int64
	Chunks  int64
	Bytes   int64 // to Meta
	Fits    int64 // rows that a replace's upload session has the time for; the others are added after it
	Steps   []Step
	Time    time.Duration // of the run
	Cost    Cost
	Advice  Advice
}

// Advice is how large chunks should be, and how many at once.
type Advice struct {
	ChunkRows   int64
	Concurrency int
	Why         string
}

// Of works out an estimate.
func Of(q Question) Answer {
	a := Answer{Matched: int64(math.Round(float64(q.Rows) * q.Match))}
	a.Sent = a.Matched
	if q.Definition.Meta.Mode == audience.ModeMirror {
		a.Sent = int64(math.Ceil(2 * q.Churn * float64(a.Matched))) // who leaves and who joins
	}
	limits := q.Definition.Limits
	a.Chunks = divide(a.Sent, limits.ChunkRows)
	a.Batches = a.Chunks * divide(divide(a.Sent, max(a.Chunks, 1)), meta.BatchRows)
	a.Bytes = a.Sent * rowBytes(q.Definition)
	a.Steps = steps(q, &a)
	a.Fits = fits(q, &a)
	for _, s := range a.Steps {
		a.Time += s.Time
	}
	a.Cost = costOf(q, &a)
	a.Advice = advise(q)
	return a
}

// divide rounds up.
func divide(n, by int64) int64 { return (n + by - 1) / by }

// rowBytes is the size of a row in a request.
func rowBytes(def *audience.Definition) (bytes int64) {
	for key := range def.Source.Columns {
		switch {
		case key == audience.DOB:
			bytes += 3 * bytesOfValue // it is sent in three parts
		case key.Hashed():
			bytes += bytesOfValue
		default:
			bytes += bytesOfOther
		}
	}
	return bytes
}

// steps are the parts of the run, one after the other.
func steps(q Question, a *Answer) []Step {
	var all []Step
	add := func(name string, s size, work time.Duration, bound string) {
		all = append(all, Step{name, 1, start + work, bound, s.compute(1, start+work)})
	}
	reading := large.takes(q.Rows, PrepareRate)
	if q.Definition.Source.GlueJob == "" { // preflight runs beside it
		add("preflight, prepare", large, reading, "reading the customers")
		extra := small.compute(1, start)
		all[0].Tasks++
		all[0].Compute = Compute{all[0].Compute.CPU + extra.CPU, all[0].Compute.Memory + extra.Memory}
	} else {
		add("preflight", small, 0, "starting; your Glue job takes its own time after it")
	}
	all = append(all, Step{Name: "clean room", Time: q.Query, Bound: "the query: assumed"})
	if q.Definition.Meta.Mode == audience.ModeMirror {
		add("compare", large, large.takes(a.Matched, PrepareRate), "reading the match")
	}
	add("plan", small, 0, "starting")
	all = append(all, uploading(q, a))
	add("report", small, 0, "starting")
	return all
}

// uploading is the sending of all chunks.
func uploading(q Question, a *Answer) Step {
	tasks := min(int64(q.Definition.Limits.Concurrency), max(a.Chunks, 1))
	each, bound := pace(q, tasks)
	rounds := divide(a.Chunks, tasks)
	work := time.Duration(a.Batches) * each / time.Duration(tasks)
	control := time.Duration(0)
	if q.Definition.Meta.Mode == audience.ModeReplace {
		control = 5 * start // the opening, the closing, and the tasks between the passes
	}
	perChunk := time.Duration(0)
	if a.Chunks > 0 {
		perChunk = start + time.Duration(a.Batches/a.Chunks)*each
	}
	return Step{"upload", a.Chunks, work + time.Duration(rounds)*start + control, bound, small.compute(a.Chunks, perChunk)}
}

// fits is how many of a replace's rows can be expected to be sent within its session, at the pace of the upload.
func fits(q Question, a *Answer) int64 {
	for _, s := range a.Steps {
		if s.Name == "upload" && q.Definition.Meta.Mode == audience.ModeReplace && s.Time > replaceWindow {
			return int64(float64(a.Sent) * float64(replaceWindow) / float64(s.Time))
		}
	}
	return a.Sent
}

// pace is how far apart the batches of one task are when so many send at once, and what makes them so.
func pace(q Question, tasks int64) (each time.Duration, bound string) {
	if limit := q.Tier.Every() * time.Duration(tasks); limit > q.Answer {
		return limit, "Meta's limit for the account's tier"
	}
	return q.Answer, "Meta's answers"
}

// advise gives the number of tasks beyond which Meta's limit is what counts, and chunks that are worth starting a task for.
func advise(q Question) Advice {
	tasks := int64(math.Ceil(float64(q.Answer) / float64(q.Tier.Every())))
	why := "more tasks would only wait for each other at Meta's limit"
	if tasks > mostTasks {
		tasks, why = mostTasks, "more tasks than a new AWS account runs at once; raise the Fargate quota for more"
	}
	each, _ := pace(q, tasks)
	batches := max(1, int64(worthStarting*start/each))
	rows := batches * meta.BatchRows / 50_000 * 50_000
	return Advice{ChunkRows: min(max(rows, 50_000), 5_000_000), Concurrency: int(tasks), Why: why}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
