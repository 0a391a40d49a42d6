package serve

import (
	"os"
	"runtime/debug"
)

// collectAt is how much may be allocated before the collector runs, in percent of what is alive. A call leaves nothing
// behind, and few are in flight at a time, so little is: with Go's 100, the collector takes a quarter of the processor
// time of a call (BenchmarkServe), to hold 45 MiB instead of 56.
const collectAt = 300

// CollectLate lets the garbage of a few more calls pile up, unless GOGC says when to collect it. It is for the process
// that serves: what it sets is the process's.
func CollectLate() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
}
