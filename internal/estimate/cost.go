package estimate

import "time"

// Prices are AWS's list prices in USD for us-east-1, as read in 2026 from its price pages. They differ by region, and change.
const (
	cpuHour    = 0.03238  // Fargate, arm64
	memoryHour = 0.00356  // likewise, a GiB
	spotShare  = 0.32     // of the price, on Spot; it varies by the hour
	crpuHour   = 2.00     // Clean Rooms, SQL
	natGB      = 0.045    // through a NAT gateway
	egressGB   = 0.09     // out to the internet
	transition = 0.000025 // Step Functions, standard workflows
)

// How often the state machine goes from one state to the next.
const (
	transitionsRun   = 60
	transitionsChunk = 4
)

// A Cost is what a run costs in USD, beyond what the deployment costs when idle.
type Cost struct {
	Fargate, CleanRooms, Network, StepFunctions float64
}

// Total is all of it.
func (c Cost) Total() float64 { return c.Fargate + c.CleanRooms + c.Network + c.StepFunctions }

func costOf(q Question, a *Answer) Cost {
	var c Cost
	for _, s := range a.Steps {
		share := 1.0
		if s.Name == "upload" && q.Spot {
			share = spotShare
		}
		c.Fargate += share * (s.Compute.CPU*cpuHour + s.Compute.Memory*memoryHour)
	}
	c.CleanRooms = crpus(q) * max(q.Query, time.Minute).Hours() * crpuHour
	c.Network = float64(a.Bytes) / 1e9 * (natGB + egressGB)
	c.StepFunctions = (transitionsRun + float64(a.Chunks)*transitionsChunk) * transition
	return c
}

// crpus is the size of the query's machine, in Clean Rooms' units.
func crpus(q Question) float64 {
	w := q.Definition.Match.Worker
	switch {
	case w == nil:
		return 32 // what Clean Rooms takes when it is not told
	case w.Type == "CR.4X":
		return 8 * float64(w.Number)
	}
	return 2 * float64(w.Number)
}
