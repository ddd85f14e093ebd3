package report

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/go-analyze/charts"
)

// A paint is a colour of the page: the chart is drawn in a colour that stands for it, and the page's style decides, so that
// the same drawing serves light, dark and print.
type paint struct {
	stand charts.Color
	css   string
}

// The paints, and the names that the page's style gives them.
var (
	paintGrid  = newPaint(1, "grid")
	paintText  = newPaint(2, "muted")
	paintGood  = newPaint(11, "good")
	paintEmpty = newPaint(12, "empty")
	paintBad   = newPaint(13, "bad")
	paintFaint = newPaint(14, "faint")
	paintNone  = paint{stand: charts.ColorTransparent}

	paints = []paint{paintGrid, paintText, paintGood, paintEmpty, paintBad, paintFaint}
)

func newPaint(n uint8, name string) paint {
	return paint{charts.Color{R: n, G: n, B: n, A: 255}, "var(--" + name + ")"}
}

// A span is a part of a bar.
type span struct {
	paint paint
	value float64
}

// The drawing of a bar in a table. The page stretches it to its cell.
const (
	barWidth  = 1000
	barHeight = 16
)

// bar draws one horizontal bar whose full length stands for whole. It has no text: the numbers stand beside it.
func bar(whole float64, spans ...span) (template.HTML, error) {
	data := make([][]float64, len(spans))
	colours := make([]charts.Color, len(spans))
	for i, s := range spans {
		data[i], colours[i] = []float64{s.value}, s.paint.stand
	}
	opt := charts.NewBarChartOptionWithData(data)
	opt.Horizontal = true
	opt.StackSeries = charts.Ptr(true)
	opt.BarSize = 1
	opt.CategoryAxis.Show = charts.Ptr(false)
	opt.ValueAxis[0].Show = charts.Ptr(false)
	opt.ValueAxis[0].Min, opt.ValueAxis[0].Max = charts.Ptr(0.0), charts.Ptr(max(whole, 1e-9))
	opt.Legend.Show = charts.Ptr(false)
	opt.Padding = charts.Box{IsSet: true}
	svg, err := draw(barWidth, barHeight, colours, opt)
	return template.HTML(strings.Replace(svg, "<svg ", `<svg class="bar" preserveAspectRatio="none" aria-hidden="true" focusable="false" `, 1)), err //nolint:gosec // drawn from numbers
}

// A column of the chart of chunks.
type column struct {
	label  string
	values [3]float64 // sent, unusable or withheld, not sent
}

// columns draws vertical stacked bars with axes. Texts keep the size that they are drawn in, so each width of page needs
// a drawing of its own.
func columns(width, height, labels int, data []column) (template.HTML, error) {
	series := make([][]float64, 3)
	names := make([]string, len(data))
	for i, c := range data {
		names[i] = c.label
		for s := range series {
			series[s] = append(series[s], c.values[s])
		}
	}
	opt := charts.NewBarChartOptionWithData(series)
	opt.StackSeries = charts.Ptr(true)
	opt.CategoryAxis.Labels, opt.CategoryAxis.LabelCount = names, labels
	opt.CategoryAxis.LabelFontStyle = charts.FontStyle{FontSize: 9}
	opt.ValueAxis[0].Min = charts.Ptr(0.0)
	opt.ValueAxis[0].SplitLineShow = charts.Ptr(true)
	opt.ValueAxis[0].LabelFontStyle = charts.FontStyle{FontSize: 9}
	opt.ValueAxis[0].LabelCount = 5
	opt.Legend.Show = charts.Ptr(false)
	opt.Padding = charts.Box{Top: 10, Right: 16, Bottom: 2, Left: 2, IsSet: true}
	svg, err := draw(width, height, []charts.Color{paintGood.stand, paintFaint.stand, paintBad.stand}, opt)
	return template.HTML(strings.Replace(svg, "<svg ", fmt.Sprintf(`<svg width="%d" height="%d" aria-hidden="true" focusable="false" `, width, height), 1)), err //nolint:gosec // drawn from numbers and chunk ids, and the library escapes
}

// draw draws in stand-in colours and puts the page's in their place.
func draw(width, height int, series []charts.Color, opt charts.BarChartOption) (string, error) {
	opt.Theme = charts.MakeTheme(charts.ThemeOption{
		AxisStrokeColor: paintGrid.stand, AxisSplitLineColor: paintGrid.stand, TextColor: paintText.stand,
		BackgroundColor: charts.ColorTransparent, SeriesColors: series,
	})
	p := charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputSVG, Width: width, Height: height, Theme: opt.Theme})
	if err := p.BarChart(opt); err != nil {
		return "", fmt.Errorf("draw a chart: %w", err)
	}
	svg, err := p.Bytes()
	if err != nil {
		return "", fmt.Errorf("draw a chart: %w", err)
	}
	from := []string{"'Roboto Medium',sans-serif", "inherit"}
	for _, one := range paints {
		c := one.stand
		from = append(from, fmt.Sprintf("rgb(%d,%d,%d)", c.R, c.G, c.B), one.css)
	}
	return strings.NewReplacer(from...).Replace(string(svg)), nil
}
