package report

import (
	"fmt"
	"html/template"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

const (
	chunksListed = 12 // up to here each chunk has a line; more are drawn as columns
	columnsDrawn = 48 // up to here each chunk has a column; more share them
)

// A chunkView is how the upload went, chunk by chunk.
type chunkView struct {
	Summary    string
	Rows       []chunkRow // a line for each chunk, or for each column of the chart
	Charts     []chart    // the same for each width of page; empty where the lines say it all
	Caption    string
	Failed     []failedRow
	MoreFailed string
}

// A chart is a drawing for pages of one width.
type chart struct {
	Class string
	SVG   template.HTML
}

// A chunkRow is a chunk, or neighbours that share a column.
type chunkRow struct {
	Name, Rows, Sent, Unusable, Withheld, Failed, State string
	Done                                                bool
	Bar                                                 template.HTML

	rows  audience.Rows
	first string // id of the first chunk
}

// A failedRow says why a chunk failed.
type failedRow struct{ Chunk, Rows, Class, Message, Next string }

func chunkViewOf(f *facts, r *audience.Report) (chunkView, error) {
	v := chunkView{Summary: chunkSummary(f, r)}
	for _, c := range r.Failed {
		v.Failed = append(v.Failed, failedRow{c.Chunk, count(c.Rows), sentence(classWords[c.Class]), sentence(c.Message), sentence(c.Next)})
	}
	if more := r.Chunks.Failed - len(r.Failed); more > 0 {
		v.MoreFailed = fmt.Sprintf("and %s more; each has its receipt in the run's folder %s", counted(int64(more), "chunk", "chunks"), audience.ReceiptsDir)
	}
	var each int
	v.Rows, each = chunkRows(f.uploaded.parts, f.docs.chunks)
	if len(f.uploaded.parts) <= chunksListed {
		err := v.drawBars()
		return v, err
	}
	v.Caption = "Matched rows by chunk, in the order of the plan."
	if each > 1 {
		v.Caption = fmt.Sprintf("Matched rows by chunk, in the order of the plan. Each column is %d neighbours.", each)
	}
	err := v.drawColumns()
	return v, err
}

func chunkSummary(f *facts, r *audience.Report) string {
	if r.Chunks.Total == 0 {
		return "There was nothing to upload."
	}
	said := fmt.Sprintf("%s of %s sent as a whole. Meta acknowledged %s of at most %s rows.", count(int64(r.Chunks.Done)),
		counted(int64(r.Chunks.Total), "chunk", "chunks"), counted(int64(r.Batches), "batch", "batches"), count(meta.BatchRows))
	if r.Chunks.Failed > 0 {
		said += fmt.Sprintf(" The definition tolerates that %g%% of the chunks fail; %s did.", f.docs.plan.ToleratedPercent,
			percent(int64(r.Chunks.Failed), int64(r.Chunks.Total)))
	}
	if waited := seconds(r.Throttled); waited > 0 {
		said += fmt.Sprintf(" Meta kept them waiting for %s.", duration(waited))
	}
	return said
}

// chunkRows makes a line of each chunk, or of each neighbours where there are too many. It tells how many share one.
func chunkRows(parts []part, chunks []audience.Chunk) ([]chunkRow, int) {
	each := max(1, (len(parts)+columnsDrawn-1)/columnsDrawn)
	var out []chunkRow
	for first := 0; first < len(parts); first += each {
		last := min(first+each, len(parts))
		row := chunkRow{Name: chunks[first].ID, first: chunks[first].ID, Done: true}
		if last-first > 1 {
			row.Name += "–" + chunks[last-1].ID
		}
		for _, p := range parts[first:last] {
			row.rows.Sent += p.rows.Sent
			row.rows.Unusable += p.rows.Unusable
			row.rows.Withheld += p.rows.Withheld
			row.rows.Failed += p.rows.Failed
			row.Done = row.Done && p.done
		}
		n := row.rows
		row.Rows, row.Sent, row.Failed = count(wholeOf(n)), count(n.Sent), count(n.Failed)
		row.Unusable, row.Withheld = count(n.Unusable), count(n.Withheld)
		row.State = "Sent"
		if parts[first].leaves && parts[last-1].leaves { // the leaves come first
			row.State = "Taken out"
		}
		if !row.Done {
			row.State = "Not complete"
		}
		out = append(out, row)
	}
	return out, each
}

// wholeOf is all the rows of a chunk.
func wholeOf(n audience.Rows) int64 { return n.Sent + n.Unusable + n.Withheld + n.Failed }

func (v *chunkView) drawBars() error {
	var most int64
	for _, row := range v.Rows {
		most = max(most, wholeOf(row.rows))
	}
	for i := range v.Rows {
		row := &v.Rows[i]
		n := row.rows
		var err error
		row.Bar, err = bar(float64(most), span{paintGood, float64(n.Sent)}, span{paintFaint, float64(n.Unusable + n.Withheld)}, span{paintBad, float64(n.Failed)})
		if err != nil {
			return err
		}
	}
	return nil
}

func (v *chunkView) drawColumns() error {
	data := make([]column, len(v.Rows))
	for i, row := range v.Rows {
		n := row.rows
		data[i] = column{row.first, [3]float64{float64(n.Sent), float64(n.Unusable + n.Withheld), float64(n.Failed)}}
	}
	for _, one := range []struct {
		class                 string
		width, height, labels int
	}{{"wide", 960, 230, 7}, {"medium", 620, 210, 5}, {"narrow", 310, 190, 3}} {
		svg, err := columns(one.width, one.height, one.labels, data)
		if err != nil {
			return err
		}
		v.Charts = append(v.Charts, chart{one.class, svg})
	}
	return nil
}
