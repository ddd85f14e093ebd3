package plan

import (
	"context"
	"fmt"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// placeholder is the size up to which Meta tells the same for every audience.
const placeholder = 1000

// replace checks that the run may replace the audience's people, and lays out the session for it.
func (p *planning) replace(ctx context.Context, chunks []audience.Chunk) (*audience.ReplacePlan, error) {
	last, err := p.lastReplace(ctx)
	if err != nil {
		return nil, err
	}
	rows := rowsOf(chunks)
	if rows == 0 {
		return nil, audience.Fail(audience.Gate, "see why the query matched nobody; if nobody is to be left, delete the audience, or run the definition with mode mirror and limits.min_size 0",
			fmt.Errorf("replace the people of audience %s: the match has nobody, and Meta replaces people only by others", p.preflight.AudienceID))
	}
	switch status := p.preflight.Status; status {
	case 0, meta.OperationNormal, meta.OperationReplacing: // the latter is one of ours, which ends first
	case meta.OperationFilling:
		return nil, audience.Fail(audience.Throttled, "start the run again with its id when the status is 200: Meta is filling the audience after an earlier upload",
			fmt.Errorf("replace the people of audience %s: Meta does so only when the operation status is 200, and preflight found %d", p.preflight.AudienceID, status))
	default: // Preflight refuses it where the definition replaces; here it is a mirror that has nothing to compare with
		return nil, audience.Fail(audience.Action, "see to it in Ads Manager, then start a new run; or run the definition with mode add once",
			fmt.Errorf("replace the people of audience %s: Meta does so only when the operation status is 200, and preflight found %d", p.preflight.AudienceID, status))
	}
	removal := audience.Removal{Mode: audience.ModeReplace, After: rows, Before: last.Rows, Source: "by run " + last.Run}
	if bound := p.preflight.LowerBound; bound > placeholder && bound > last.Rows { // others have added since, or there was no replace
		removal.Before, removal.Source = bound, "by Meta's estimate"
	}
	removal.Removed = max(removal.Before-rows, 0)
	if err := p.limits.Allow(removal); err != nil {
		return nil, err
	}
	answer := usualAnswer
	if last.BatchSeconds > 0 {
		answer = time.Duration(last.BatchSeconds * float64(time.Second))
	}
	layout := dealOut(chunks, p.deps.BatchRows, speed{tier: tierOf(p.preflight.Tier), answer: answer, tasks: p.concurrency()})
	p.deps.Log.InfoContext(ctx, "laid out the session of the replace", "batches", layout.Batches, "rows", layout.Rows, "later", layout.Later,
		"tier", p.preflight.Tier, "answer_seconds", answer.Seconds(), "people_before", removal.Before)
	if layout.Later > 0 && p.limits.ReplaceOverflow == audience.OverflowRefuse {
		return nil, audience.Fail(audience.Gate, "set limits.replace_overflow to add, which adds the rest afterwards, use mode mirror, or ask for the full access tier",
			fmt.Errorf("replace the people of audience %s: %d of the match's %d rows would not be sent within the 90 minutes that Meta gives (%s for a batch, %d tasks at once, tier %s)",
				p.preflight.AudienceID, layout.Later, rows, answer.Round(time.Second/10), p.concurrency(), tierWord(p.preflight.Tier)))
	}
	return layout, nil
}

func tierWord(tier string) string {
	if tier == "" {
		return "unknown, so that limited is assumed"
	}
	return tier
}

// dealOut gives each chunk that is expected to fit into the session the number of its first batch, and a number for each batch
// that it may have. The first chunk begins the session, whether all of it fits or not.
func dealOut(chunks []audience.Chunk, batchRows int, s speed) *audience.ReplacePlan {
	batches := make([]int, len(chunks))
	for i, c := range chunks {
		batches[i] = batchesOf(c, int64(batchRows))
	}
	fit := s.fits(batches)
	layout := &audience.ReplacePlan{Opener: chunks[0].ID}
	for i := range chunks {
		c := &chunks[i]
		inSession := int64(0)
		switch {
		case i < fit:
			inSession = c.Rows
		case i == 0:
			inSession = min(s.alone()*int64(batchRows), c.Rows)
		}
		if i < fit || i == 0 {
			c.FirstBatch = layout.Batches + 1
			layout.Batches += batches[i]
		}
		layout.Rows += inSession
		layout.Later += c.Rows - inSession
	}
	return layout
}

func rowsOf(chunks []audience.Chunk) (rows int64) {
	for _, c := range chunks {
		rows += c.Rows
	}
	return rows
}

// lastReplace is what the audience's state tells of the latest replace; the zero value when there was none of this audience.
func (p *planning) lastReplace(ctx context.Context) (audience.LastReplace, error) {
	if p.deps.State == nil {
		return audience.LastReplace{}, nil
	}
	var last audience.LastReplace
	is, err := p.deps.State.FindDocument(ctx, audience.LastReplaceFile, &last, &last.Schema)
	if err != nil || !is || last.AudienceID != p.preflight.AudienceID {
		return audience.LastReplace{}, err
	}
	return last, nil
}

// begun gives the plan by which the run's replace was begun; nil when it was not. It must be kept: other numbers dealt out for
// its batches could be those of batches that Meta has.
func begun(ctx context.Context, folder *storage.Folder, location string) (*audience.Plan, error) {
	var replace audience.Replace
	is, err := folder.FindDocument(ctx, audience.ReplaceFile, &replace, &replace.Schema)
	if err != nil || !is || replace.Of != "" {
		return nil, err
	}
	var before audience.Plan
	is, err = folder.FindDocument(ctx, audience.PlanFile, &before, &before.Schema)
	if err != nil || !is || before.Replace == nil || before.Location != location {
		return nil, err
	}
	return &before, nil
}
