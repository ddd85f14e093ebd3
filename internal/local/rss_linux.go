package local

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// rssUnit is the unit of Maxrss in bytes: Linux counts kilobytes.
const rssUnit = 1024

// watchEvery is how often a task's memory is read. What it takes in its very last moments may be missed.
const watchEvery = 20 * time.Millisecond

// watchPeak follows the most memory that a process has had; the function that it returns gives it, in bytes, once the
// process has ended, or 0 when it ended too soon. The kernel's own account at the end (Maxrss) will not do: a process
// begins in the memory of the one that started it, and keeps that in its account.
func watchPeak(pid int) func() int64 {
	stop, peak := make(chan struct{}), make(chan int64, 1)
	go func() {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		var highest int64
		for {
			highest = max(highest, readPeak(pid))
			select {
			case <-stop:
				peak <- highest
				return
			case <-tick.C:
			}
		}
	}()
	return func() int64 { close(stop); return <-peak }
}

// readPeak reads VmHWM, the most memory since the program was loaded; 0 when the process is gone.
func readPeak(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	line, _, _ := bytes.Cut(rest, []byte("kB"))
	kilobytes, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
	if err != nil {
		return 0
	}
	return kilobytes * 1024
}
