package cleanroom

import (
	"context"
	"os"
	"runtime"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// Config is what a room needs of the machine that it runs on.
type Config struct {
	// Bucket gives the URL of a bucket, file:///… or s3://…; results are written below it. An unknown bucket is an error.
	Bucket func(name string) (url string, err error)
	// Catalog knows the tables that the room names by their catalog name. It may be nil when there are none.
	Catalog Catalog
	// Open opens what lies in buckets: tables whose location is s3://, and the results' bucket. The default is storage.Open.
	Open func(ctx context.Context, url string) (*storage.Folder, error)
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

// A Catalog knows where tables lie.
type Catalog interface {
	// Table gives a table, whose location is a file:// or s3:// URL. One that is not there is an fs.ErrNotExist.
	Table(ctx context.Context, name string) (audience.CatalogTable, error)
}

// Documents is a catalog of documents: <table>.json, an audience.CatalogTable each.
type Documents struct{ Folder *storage.Folder }

// Table reads a table's document.
func (d Documents) Table(ctx context.Context, name string) (audience.CatalogTable, error) {
	var doc audience.CatalogTable
	err := d.Folder.ReadJSON(ctx, name+".json", &doc)
	return doc, err
}

func (c Config) withDefaults() Config {
	if c.Open == nil {
		c.Open = storage.Open
	}
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
