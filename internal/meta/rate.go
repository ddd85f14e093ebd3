package meta

import "time"

// A rate is how fast Meta forgets what was used of a limit.
type rate struct {
	window time.Duration  // in which a full limit is forgotten
	writes map[Tier]int64 // that fill it; those of the limited tier hold when the tier is not known
}

// rates are those of Meta's pages "Marketing API Rate Limiting" and "Business Use Case Rate Limits" (2026-09): the score of
// 60 or 9,000 points, of which a write takes 3, decays in 300 seconds; custom audiences have 5,000 or 190,000 calls an hour.
// Of the app's limit Meta tells no size, and the business's stands for it.
var rates = [limits]rate{
	score:    {300 * time.Second, map[Tier]int64{TierLimited: 20, TierFull: 3_000}},
	business: {time.Hour, map[Tier]int64{TierLimited: 5_000, TierFull: 190_000}},
	app:      {time.Hour, map[Tier]int64{TierLimited: 5_000, TierFull: 190_000}},
}

// Every is how far apart an ad account's writes are in the long run when all that its tier allows is used, whoever sends
// them. The number of calls in an hour is no bound beside it.
func (t Tier) Every() time.Duration {
	r := rates[score]
	return r.window / time.Duration(r.writes[t.or(TierLimited)])
}

// Where calls begin to be spaced. Meta forgets as much at a low usage as at a high one, so keeping low loses nothing in the
// long run. For writes it leaves room in the score for what tasks send before they know the usage, and for other programs.
// Reads are small, few, and what somebody waits for: they go first. The limits of an hour have room for thousands.
const (
	writeRoom = 0.10 // of the score
	otherRoom = 0.75 // of anything else
)

// longestPace bounds the pace: by then a full score is forgotten.
const longestPace = 300 * time.Second

// tasksPerUsage is how many tasks a whole limit's usage stands for: a twentieth for each.
const tasksPerUsage = 20

// pace is how long a task waits after an answer that told a usage of the limit, until its next call. It waits until the
// usage would be back at the room if nobody else called:
//
//	pace = window × (usage − room)
//
// Nobody needs to know how many tasks there are, for the usage tells. N tasks that make a call of cost c (1/20 of the
// limited tier's score) in every pace use up N × c ÷ pace. That is in balance with what Meta forgets, 1 ÷ window, at
//
//	usage = room + N × c
//
// where all that Meta forgets is used, and the limit is never met. All see the same usage, so that all get the same share. It is a
// balance that comes back by itself: when all call at once, the usage is at the room again at their next calls; when they
// take turns, a usage that is off is answered within one pace, by no more than it is off, so that it dies away.
//
// A limit that is told to be used up by answer after answer, of calls that Meta serves all the same, does not hold (a usage
// of 100 percent was recorded on such calls). Each halves the pace, down to that of one task alone.
//
// Where a call is small beside the limit (the full tier, the limits of an hour) the balance would lie just above the room,
// and one program that keeps the usage higher would stop us. There a twentieth more of usage stands for a task more to share with,
// and ever more of them towards the limit; alone holds when it is shorter.
func (l limit) pace(u level, t Tier, does access) time.Duration {
	usage, room, r := min(float64(u.percent)/100, 1), otherRoom, rates[l]
	if l == score && does == writes {
		room = writeRoom
	}
	if usage <= room {
		return 0
	}
	alone := r.window.Seconds() * (usage - room)
	each := r.window.Seconds() / float64(r.writes[t.or(TierLimited)])
	shared := each * tasksPerUsage * (usage - room) / (1 - usage) // infinite at the limit
	wait := min(alone, shared, longestPace.Seconds())
	for range u.full - 1 {
		wait = max(wait/2, each)
	}
	return time.Duration(wait * float64(time.Second))
}
