package meta

import "time"

// A release is a version of the Marketing API.
type release struct {
	version  string
	released time.Time
	ends     time.Time // zero: Meta has not announced it
}

// releases are by VersionsPage, November 2026. Meta has moved announced ends before: v24.0's was 2026-10-06 at first.
var releases = []release{
	{"v22.0", date(2025, 1, 21), date(2026, 2, 19)},
	{"v23.0", date(2025, 5, 29), date(2026, 6, 9)},
	{"v24.0", date(2025, 10, 8), date(2026, 11, 10)},
	{"v25.0", date(2026, 2, 18), date(2027, 2, 23)},
	{"v26.0", date(2026, 7, 29), time.Time{}},
	{"v27.0", date(2026, 11, 4), time.Time{}},
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// EndOf is when Meta ends a version of the Marketing API. Where Meta has not announced it, it is the earliest that is likely,
// 11 months after the release: no version since 2023 ended sooner. Known is false for a version that is not in the table.
func EndOf(version string) (at time.Time, announced, known bool) {
	for _, r := range releases {
		switch {
		case r.version != version:
		case r.ends.IsZero():
			return r.released.AddDate(0, 11, 0), false, true
		default:
			return r.ends, true, true
		}
	}
	return time.Time{}, false, false
}
