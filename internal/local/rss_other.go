//go:build !linux

package local

// rssUnit is the unit of Maxrss in bytes: macOS counts bytes.
const rssUnit = 1

// watchPeak finds nothing here: Maxrss is used.
func watchPeak(int) func() int64 { return func() int64 { return 0 } }
