package report

import (
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/table"
)

// keyNames are Meta's keys as a marketer calls them.
var keyNames = map[audience.Key]string{
	audience.ExternID: "Customer id", audience.Email: "E-mail address", audience.Phone: "Phone number", audience.Gender: "Gender",
	audience.DOB: "Date of birth", audience.DOBYear: "Year of birth", audience.DOBMonth: "Month of birth", audience.DOBDay: "Day of birth",
	audience.LastName: "Last name", audience.First: "First name", audience.Initial: "First initial", audience.City: "City",
	audience.LookalikeValue: "Value of the customer", audience.DataProcessing: "Limited data use",
	audience.State: "State or region", audience.Zip: "Postal code", audience.MADID: "Mobile advertising id", audience.Country: "Country",
	"ROW": "Whole row", // what an upload calls a row that it cannot read
}

func keyName(k audience.Key) string {
	if name, ok := keyNames[k]; ok {
		return name
	}
	return string(k)
}

// rowReasonTexts says why a whole row was quarantined: the words of reading and of preparing.
var rowReasonTexts = map[string]string{
	table.RaggedRow: "more or fewer fields than the header", table.BadEncoding: "broken characters: the file is in another encoding",
	table.BadQuote: "text after a closing quotation mark", table.UnclosedQuote: "a quotation mark that is never closed",
	table.RowTooLong: "too long for one row", table.NotJSON: "not a JSON object", table.NestedValue: "a list or an object where a value should be",
	table.DuplicateKey: "two values for one column",
	"no_key":           "no usable e-mail address, phone number, device id, customer id or last name",
}

// keptReasonTexts says why a value of a kept column was left out: it is not of the type that the definition gives.
var keptReasonTexts = map[string]string{
	"not_" + string(table.BigInt): "not a whole number, which is the column's type", "not_" + string(table.Double): "not a number, which is the column's type",
	"not_" + string(table.Boolean): "not true or false, which is the column's type", "not_" + string(table.Date): "not a date, which is the column's type",
	"not_" + string(table.Timestamp): "not a point in time, which is the column's type",
}

// reasonText says in words why a value or a row was left out.
func reasonText(reason string) string {
	if text, ok := rowReasonTexts[reason]; ok {
		return text
	}
	if text, ok := keptReasonTexts[reason]; ok {
		return text
	}
	return strings.ReplaceAll(identity.Reason(reason).Text(), "_", " ")
}

// count writes a number with thousands separators.
func count(n int64) string { return message.NewPrinter(language.English).Sprintf("%d", n) }

// counted is a number of things.
func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

func rows(n int64) string { return counted(n, "row", "rows") }

// percent is part in whole, rounded so that neither nothing nor everything is claimed when it is not so.
func percent(part, whole int64) string {
	if whole == 0 {
		return "–"
	}
	share := float64(part) / float64(whole) * 100
	switch {
	case part > 0 && share < 0.1:
		return "<0.1%"
	case part < whole && share > 99.9:
		return ">99.9%"
	case part == 0 || part == whole:
		return fmt.Sprintf("%.0f%%", share)
	}
	return fmt.Sprintf("%.1f%%", share)
}

// duration is a time span in the two units that matter.
func duration(d time.Duration) string {
	seconds := int64(math.Round(d.Seconds()))
	switch {
	case d < 100*time.Millisecond:
		return "under 0.1 s"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case seconds < 60:
		return fmt.Sprintf("%d s", seconds)
	case seconds < 3600:
		return fmt.Sprintf("%d min %02d s", seconds/60, seconds%60)
	}
	return fmt.Sprintf("%d h %02d min", seconds/3600, seconds%3600/60)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// moment is a time of day that means the same to everybody.
func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// stop ends a clause as a sentence, unless it ends itself.
func stop(clause string) string {
	clause = strings.TrimSpace(clause)
	if clause == "" || strings.HasSuffix(clause, ".") {
		return clause
	}
	return clause + "."
}

// sentence begins a clause with a capital letter and ends it.
func sentence(clause string) string { return capital(stop(clause)) }

// capital begins a phrase with a capital letter.
func capital(phrase string) string {
	first, size := utf8.DecodeRuneInString(phrase)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + phrase[size:]
}
