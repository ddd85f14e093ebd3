package report

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
)

func pageOf(t *testing.T, w *world) string {
	t.Helper()
	deps := w.deps(t)
	_, err := Run(t.Context(), deps)
	require.NoError(t, err)
	page, err := deps.Folder.Read(t.Context(), audience.ReportPage)
	require.NoError(t, err)
	return string(page)
}

func TestPageLoadsAndRunsNothing(t *testing.T) {
	page := pageOf(t, partial())
	assert.Contains(t, page, `http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"`)
	for _, never := range []string{"<script", "src=", "href=\"", "url(", "@import", "<iframe", "<object", "onload", "javascript:"} {
		assert.NotContains(t, page, never)
	}
	assert.Less(t, len(page), 100_000, "a page that can be mailed")
}

func TestPageEscapes(t *testing.T) {
	w := newWorld(2, 1000)
	w.name = `</title><script>alert(1)</script><b>"x"&amp;`
	w.fail("00001", 1, audience.Action, `<img src=x>`, `<svg onload="x()">`)
	page := pageOf(t, w)
	assert.NotContains(t, page, "<script")
	assert.NotContains(t, page, "<img")
	assert.NotContains(t, page, "<svg onload")
	assert.Contains(t, html.UnescapeString(page), w.name)
}

func TestChartsUseThePagesColours(t *testing.T) {
	page := pageOf(t, partial())
	assert.NotRegexp(t, `rgb\(`, page, "a colour that the page's style does not decide")
	assert.NotContains(t, page, "Roboto Medium")
	for _, one := range paints {
		name := strings.TrimSuffix(strings.TrimPrefix(one.css, "var("), ")")
		assert.Equal(t, 2, strings.Count(pageCSS, name+":"), "%s needs a colour for light and one for dark", name)
	}
}

var drawing = regexp.MustCompile(`<svg class="bar".*?(?s:.*?)</svg>`)

func TestBarLengths(t *testing.T) {
	for _, c := range []struct {
		name  string
		whole float64
		spans []span
		want  []string // right ends of the spans, of 1000
	}{
		{"half", 100, []span{{paintGood, 50}}, []string{"L 500 2"}},
		{"stacked", 200, []span{{paintGood, 50}, {paintBad, 100}, {paintEmpty, 50}}, []string{"L 250 2", "L 750 2", "L 1000 2"}},
		{"after a gap", 10, []span{{paintNone, 4}, {paintGood, 2}}, []string{"L 400 2", "L 600 2"}},
		{"nothing of nothing", 0, []span{{paintGood, 0}}, []string{"M 0 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			svg, err := bar(c.whole, c.spans...)
			require.NoError(t, err)
			require.Regexp(t, drawing, string(svg))
			for _, end := range c.want {
				assert.Contains(t, string(svg), end)
			}
		})
	}
}

func TestManyChunksShareColumns(t *testing.T) {
	page := pageOf(t, newWorld(1000, 100))
	assert.Contains(t, page, "Each column is 21 neighbours.")
	assert.Contains(t, page, "00001–00021")
	assert.Contains(t, page, "00988–01000")
	assert.Less(t, len(page), 100_000)
}

func TestChunkRowsAddUp(t *testing.T) {
	for _, n := range []int{1, 12, 13, 48, 49, 97, 1000} {
		w := newWorld(n, 100)
		r := w.run(t)
		parts := make([]part, n)
		for i, c := range w.chunks {
			parts[i] = partOf(w.receipts[c.ID])
		}
		lines, each := chunkRows(parts, w.chunks)
		assert.LessOrEqual(t, len(lines), columnsDrawn)
		assert.Len(t, lines, (n+each-1)/each)
		var sent int64
		for _, line := range lines {
			sent += line.rows.Sent
		}
		assert.Equal(t, r.Rows.Sent, sent, n)
	}
}

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		part, whole int64
		want        string
	}{
		{0, 0, "–"}, {0, 5, "0%"}, {5, 5, "100%"}, {1, 3, "33.3%"}, {1, 100_000, "<0.1%"}, {99_999, 100_000, ">99.9%"}, {3, 2, "150.0%"}, {999, 1000, "99.9%"},
	} {
		assert.Equal(t, c.want, percent(c.part, c.whole), "%d of %d", c.part, c.whole)
	}
}

func TestDuration(t *testing.T) {
	for _, c := range []struct {
		took time.Duration
		want string
	}{
		{0, "under 0.1 s"}, {99 * time.Millisecond, "under 0.1 s"}, {1250 * time.Millisecond, "1.2 s"}, {9990 * time.Millisecond, "10.0 s"}, {10 * time.Second, "10 s"},
		{59600 * time.Millisecond, "1 min 00 s"}, {61 * time.Second, "1 min 01 s"}, {3600 * time.Second, "1 h 00 min"}, {26*time.Hour + 5*time.Minute, "26 h 05 min"},
	} {
		assert.Equal(t, c.want, duration(c.took), c.took.String())
	}
}

func TestCount(t *testing.T) {
	assert.Equal(t, "12,345,678", count(12_345_678))
	assert.Equal(t, "1 row", rows(1))
	assert.Equal(t, "0 rows", rows(0))
}

func TestEveryReasonHasWords(t *testing.T) {
	for _, reason := range identity.Reasons {
		assert.NotContains(t, reasonText(string(reason)), "_", string(reason))
		assert.NotEqual(t, string(reason), reasonText(string(reason)))
	}
	assert.Equal(t, "something new", reasonText("something_new"))
}

func TestStagesWithoutTimesAreLeftOut(t *testing.T) {
	w := newWorld(2, 1000)
	w.query.FinishedAt = nil
	w.lose("00001")
	w.lose("00002")
	w.tolerated = 100
	var got []string
	for _, s := range w.run(t).Times {
		got = append(got, s.Stage)
	}
	assert.Equal(t, []string{"preflight", "prepare", "plan", "report"}, got)
	for _, s := range newWorld(2, 1000).run(t).Times {
		if s.Stage == "upload" {
			assert.InDelta(t, 94-71, s.Seconds, 0, "from the first start to the last end")
		}
	}
}

func TestUploadTimeOfAKilledTask(t *testing.T) {
	w := newWorld(1, 20_000)
	w.fail("00001", 10_000, audience.Transient, "", "")
	r := w.receipts["00001"]
	r.Failure, r.FinishedAt = nil, time.Time{}
	r.Batches = []audience.Batch{{Group: "EMAIL", At: at(171)}}
	w.tolerated = 100
	for _, s := range w.run(t).Times {
		if s.Stage == "upload" {
			assert.InDelta(t, 100, s.Seconds, 0)
		}
	}
}

func TestSize(t *testing.T) {
	for _, c := range []struct {
		lower, upper int64
		want         string
	}{
		{0, 0, "Meta gives no size yet."}, {-1, -1, "Fewer than 1,000 people"}, {0, 1000, "Fewer than 1,000 people"},
		{1100, 1300, "1,100 to 1,300 people, rounded by Meta."},
	} {
		assert.Contains(t, size(&audience.AudienceStatus{LowerBound: c.lower, UpperBound: c.upper}), c.want)
	}
}

func TestKeysInMetasOrder(t *testing.T) {
	keys := map[audience.Key]int{"ZZ": 1, "AA": 1, audience.Country: 1, audience.LastName: 1, audience.DOB: 1, audience.Gender: 1, audience.ExternID: 1}
	assert.Equal(t, []audience.Key{audience.ExternID, audience.Gender, audience.DOB, audience.LastName, audience.Country, "AA", "ZZ"}, keysIn(keys))
	for _, key := range audience.Keys {
		assert.NotEqual(t, string(key), keyName(key))
	}
	assert.Equal(t, "ZZ", keyName("ZZ"))
}

func TestDuplicates(t *testing.T) {
	assert.Equal(t, "1,200", duplicates(audience.Email, audience.KeyQuality{Duplicates: 1200}))
	assert.Equal(t, "about 1,200", duplicates(audience.Phone, audience.KeyQuality{Duplicates: 1200, Estimated: true}))
	assert.Equal(t, "0", duplicates(audience.MADID, audience.KeyQuality{Estimated: true}))
	assert.Equal(t, "–", duplicates(audience.City, audience.KeyQuality{Duplicates: 1200}))
}

func TestReasonsOfAKeyFromBothPlaces(t *testing.T) {
	r := &audience.Report{
		SourceKnown: true,
		Keys:        map[audience.Key]audience.KeyQuality{audience.Phone: {Invalid: map[string]int64{"not_a_number": 5}}, audience.City: {Invalid: map[string]int64{"no_letters": 6}}},
		SendReasons: map[string]int64{"PHONE:not_a_number": 2000, "ROW:bad_encoding": 1},
	}
	var got [][4]string
	for _, row := range valueReasons(r).Shown {
		got = append(got, [4]string{row.Key, row.Reason, row.Source, row.Match})
	}
	assert.Equal(t, [][4]string{
		{"Phone number", "Not a phone number", "5", "2,000"}, {"City", "No letters in it", "6", "0"},
		{"Whole row", "Broken characters: the file is in another encoding", "0", "1"},
	}, got)
	r.SourceKnown = false
	assert.Equal(t, "–", valueReasons(r).Shown[2].Source)
}
