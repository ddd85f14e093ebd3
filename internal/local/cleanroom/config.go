package cleanroom

import (
	"os"
	"runtime"
	"time"

	"github.com/cleanreach/cleanreach/internal/storage"
)

// Config is what a room needs of the machine that it runs on.
type Config struct {
	// Bucket gives the URL of a bucket's folder, as file:///…; results are written below it. An unknown bucket is an error.
	Bucket func(name string) (url string, err error)
	// Catalog holds <table>.json, an audience.CatalogTable each. It may be nil when no table of the room names a catalog table.
	Catalog *storage.Folder
	// State keeps what became of each query, so that a run can be continued in another process. Nil forgets it with the room.
	State *storage.Folder
	// TempDir takes what does not fit in memory while a query runs, and is made when it is not there. The default is the system's.
	TempDir string
	// MemoryLimit is of DuckDB's buffers, in bytes, a query. The default is 256 MiB. A query that does not fit takes up to
	// four times as much.
	MemoryLimit int64
	// Threads a query. The default is all cores, 4 at most: each needs memory of its own.
	Threads int
	// Timeout ends a query as TIMED_OUT. The default is 12 hours, as on AWS without a result role.
	Timeout time.Duration
	// Now is the clock. The default is time.Now.
	Now func() time.Time
	// Maintenance is asked once when a query starts; yes makes it fail as queries do when AWS maintains the service.
	// The default is never. It exists to try out what a state machine does then.
	Maintenance func() bool
}

func (c Config) withDefaults() Config {
	if c.TempDir == "" {
		c.TempDir = os.TempDir()
	}
	if c.MemoryLimit == 0 {
		c.MemoryLimit = 256 << 20
	}
	if c.Threads == 0 {
		c.Threads = min(runtime.NumCPU(), 4)
	}
	if c.Timeout == 0 {
		c.Timeout = 12 * time.Hour
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}
