package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

// machine describes what the figures were measured on.
func machine() string {
	duckdb := ""
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range build.Deps {
			if dep.Path == "github.com/duckdb/duckdb-go/v2" {
				duckdb = ", duckdb-go " + dep.Version
			}
		}
	}
	return fmt.Sprintf("%s (%s/%s), %d cores%s; %s%s", cmp.Or(processor(), "unknown processor"), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), installed(), runtime.Version(), duckdb)
}

// processor is the processor's name, as Linux tells.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo") // elsewhere it is unknown
	for line := range bytes.Lines(info) {
		if _, name, is := bytes.Cut(line, []byte("model name\t: ")); is {
			return strings.TrimSpace(string(name))
		}
	}
	return ""
}

// installed is how much memory there is, as Linux tells.
func installed() string {
	info, _ := os.ReadFile("/proc/meminfo") // elsewhere it is unknown
	var kilobytes int64
	if _, err := fmt.Sscanf(string(info), "MemTotal: %d kB", &kilobytes); err != nil {
		return ""
	}
	return fmt.Sprintf(", %d GiB", (kilobytes+1<<19)>>20)
}
