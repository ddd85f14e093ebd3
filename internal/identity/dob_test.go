package identity

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSplitDOB(t *testing.T) {
	for _, c := range []struct{ value, order, want string }{
		{"2/16/1997", "mdy", "1997 02 16"}, {"02/16/1997", "mdy", "1997 02 16"}, {"2-16-1997", "mdy", "1997 02 16"}, {"2.16.1997", "mdy", "1997 02 16"}, {"02161997", "mdy", "1997 02 16"}, {" 2 / 16 / 1997 ", "mdy", "1997 02 16"},
		{"16/2/1997", "dmy", "1997 02 16"}, {"16.02.1997", "dmy", "1997 02 16"}, {"16. 2. 1997", "dmy", "1997 02 16"}, {"16.02.1997.", "dmy", "1997 02 16"}, {"16021997", "dmy", "1997 02 16"}, {"3/4/1997", "dmy", "1997 04 03"}, {"3/4/1997", "mdy", "1997 03 04"},
		{"1997-02-16", "ymd", "1997 02 16"}, {"1997-02-16", "mdy", "1997 02 16"}, {"1997-02-16", "dmy", "1997 02 16"}, {"1997/2/16", "ymd", "1997 02 16"}, {"1997.02.16", "ymd", "1997 02 16"}, {"19970216", "ymd", "1997 02 16"}, {"19970216", "mdy", "1997 02 16"}, {"19970216", "dmy", "1997 02 16"}, {"1997 02 16", "ymd", "1997 02 16"},
		{"12111999", "mdy", "1999 12 11"}, {"19991211", "dmy", "1999 12 11"}, {"20011225", "dmy", "2001 12 25"}, {"20122001", "dmy", "2001 12 20"},
		{"1997-02-16T00:00:00Z", "ymd", "1997 02 16"}, {"1997-02-16 00:00:00", "ymd", "1997 02 16"}, {"1997-02-16 00:00:00.000 UTC", "ymd", "1997 02 16"}, {"1997-02-16T23:59:59+02:00", "ymd", "1997 02 16"}, {"2/16/1997 0:00", "mdy", "1997 02 16"}, {"2/16/1997 12:00:00 AM", "mdy", "1997 02 16"},
		{"16 Feb 1997", "mdy", "1997 02 16"}, {"February 16, 1997", "dmy", "1997 02 16"}, {"Feb. 16th, 1997", "mdy", "1997 02 16"}, {"16-FEB-1997", "ymd", "1997 02 16"}, {"16. März 1997", "dmy", "1997 03 16"}, {"16. MA\u0308RZ 1997", "dmy", "1997 03 16"}, {"1er janvier 1997", "dmy", "!not_a_date"}, {"16 août 1997", "dmy", "1997 08 16"}, {"1997 Feb 16", "ymd", "1997 02 16"}, {"Sept 1st 1997", "mdy", "1997 09 01"},
		{"1997年2月16日", "ymd", "1997 02 16"}, {"1997년 2월 16일", "ymd", "1997 02 16"}, {"１９９７－０２－１６", "ymd", "!not_a_date"}, {"１９９７/０２/１６", "ymd", "1997 02 16"}, {"١٩٩٧/٠٢/١٦", "ymd", "1997 02 16"}, {"\ufeff1997-02-16\u00a0", "ymd", "1997 02 16"}, {"1997\u201302\u201316", "ymd", "1997 02 16"},
		{"29/2/2000", "dmy", "2000 02 29"}, {"29/2/1996", "dmy", "1996 02 29"}, {"31/12/1999", "dmy", "1999 12 31"}, {"1/1/1900", "dmy", "1900 01 01"}, {"24/11/2026", "dmy", "2026 11 24"},
		{"29/2/1900", "dmy", "!not_a_date"}, {"29/2/1997", "dmy", "!not_a_date"}, {"31/4/1997", "dmy", "!not_a_date"}, {"16/2/1997", "mdy", "!not_a_date"}, {"2/16/1997", "dmy", "!not_a_date"}, {"2/16/1997", "ymd", "!not_a_date"}, {"0/2/1997", "dmy", "!not_a_date"}, {"1997-13-01", "ymd", "!not_a_date"}, {"1997-16-02", "ymd", "!not_a_date"}, {"19971301", "ymd", "!not_a_date"},
		{"25/11/2026", "dmy", "!out_of_range"}, {"31/12/1899", "dmy", "!out_of_range"}, {"1/1/9999", "dmy", "!out_of_range"}, {"1/12/2026", "dmy", "!out_of_range"}, {"0001-01-01", "ymd", "!out_of_range"},
		{"2/16/97", "mdy", "!two_digit_year"}, {"16.02.97", "dmy", "!two_digit_year"}, {"97-02-16", "ymd", "!two_digit_year"}, {"021697", "mdy", "!two_digit_year"}, {"16 Feb 97", "dmy", "!two_digit_year"},
		{"1997", "ymd", "!not_a_date"}, {"2/1997", "mdy", "!not_a_date"}, {"35477", "mdy", "!not_a_date"}, {"yesterday", "mdy", "!not_a_date"}, {"1997-02-16 or so", "ymd", "!not_a_date"}, {"1997-02-16-17", "ymd", "!not_a_date"}, {"Feb 1997", "mdy", "!not_a_date"}, {"16 16 1997", "dmy", "!not_a_date"}, {"16/2/997", "dmy", "!not_a_date"}, {"Feb Feb 1997", "mdy", "!not_a_date"}, {"-1997-02-16", "ymd", "!not_a_date"}, {"1997-02-16x", "ymd", "!not_a_date"}, {"1997-02-16 zumut", "ymd", "!not_a_date"},
		{"0000-00-00", "ymd", "!placeholder"}, {"00/00/0000", "mdy", "!placeholder"}, {"00000000", "mdy", "!placeholder"}, {"n/a", "mdy", "!placeholder"}, {"NULL", "mdy", "!placeholder"}, {"-", "mdy", "!placeholder"}, {"nan", "mdy", "!placeholder"},
		{"1997-02-\xff", "ymd", "!broken_text"}, {"", "mdy", "  "}, {" \u00a0", "mdy", "  "},
		{"f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79", "mdy", "!not_a_date"},
	} {
		y, m, d, reason := normalizer().SplitDOB([]byte("Y"), []byte("M"), []byte("D"), []byte(c.value), c.order)
		got := string(y[1:]) + " " + string(m[1:]) + " " + string(d[1:])
		if reason != "" {
			assert.Equal(t, "  ", got, c.value)
			got = "!" + string(reason)
		}
		assert.Equal(t, c.want, got, "%q %s", c.value, c.order)
		assert.Equal(t, "YMD", string(y[0])+string(m[0])+string(d[0]))
	}
}
