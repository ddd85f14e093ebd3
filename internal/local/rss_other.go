//go:build !linux

package local

// rssUnit is the unit of Maxrss in bytes: macOS counts bytes.
const rssUnit = 1
