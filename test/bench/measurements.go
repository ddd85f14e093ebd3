package main

// A measurement is one way to do a piece of work.
type measurement struct {
	name   string
	what   string // in the table
	cores  []int  // that it is made with; none: all that are asked for
	once   bool   // not in every round: what it says does not change from run to run
	binary string // in whose process it is made, beside this one; none: this one's own
	run    runner
}

var one = []int{1}

// speed are the measurements of make bench, in the order of the table. A name ends in what it reads.
var speed = []measurement{
	{name: "hot-zstd", what: "upload without network, zstd", run: uploadTo(dataset.zstd, newSink(false))},
	{name: "hot-snappy", what: "upload without network, snappy", run: uploadTo(dataset.snappy, newSink(false))},
	{name: "hot-plain", what: "upload without network, zstd without dictionaries", cores: one, run: uploadTo(dataset.plain, newSink(false))},
	{name: "hot-tasks", what: "upload without network, zstd, in tasks of 250,000 rows", run: uploadTasks},
	{name: "hot-plainsha", what: "upload without network, zstd, hashed by crypto/sha256", cores: one, binary: plainSHA, run: uploadTo(dataset.zstd, newSink(false))},
	{name: "floor", what: "the floor: what nobody can leave out of the first line's work", cores: one, run: floor},
	{name: "loopback-zstd", what: "upload over HTTP to a server in the same process", run: uploadTo(dataset.zstd, loopback)},
	{name: "prepare-csv", what: "prepare from CSV", run: prepareFrom(dataset.csv, "csv", csvColumns, csvKept)},
	{name: "prepare-parquet", what: "prepare from Parquet", run: prepareFrom(dataset.zstd, "parquet", parquetColumns, "[]")},
	{name: "plan-1000", what: "plan of 1,000 files (a row is a file)", cores: one, run: planMany},
	{name: "duckdb-hash", what: "DuckDB: normalise and hash by SQL, no body", run: duckHash(dataset.zstd)},
	{name: "duckdb-hash-plain", what: "DuckDB: the same, without dictionaries", cores: one, run: duckHash(dataset.plain)},
	{name: "duckdb-prepare", what: "DuckDB: the prepared columns by SQL from CSV", run: duckPrepare},
	{name: "plain-go", what: "Go with row structs and encoding/json", cores: one, run: plainGo(false)},
	{name: "python", what: "Python: re and hashlib", cores: one, run: script("python3", "-c", python)},
	{name: "node", what: "Node.js: node:crypto", cores: one, run: script("node", "-e", node)},
	{name: "spin", what: "nothing but hashing by crypto/sha256, 4 KiB a row", run: spin},
	{name: "steps", what: "the first line once more, profiled", cores: one, once: true, run: steps},
	{name: "steady", what: "the first line once more, allocations counted", cores: one, once: true, run: steady},
	{name: "same-ours", what: "digest of all bodies", cores: one, once: true, run: uploadTo(dataset.zstd, newSink(true))},
	{name: "same-plain-go", what: "digest of all bodies of the Go above", cores: one, once: true, run: plainGo(true)},
}

// memory are the measurements of make bench-memory.
var memory = []measurement{
	{name: "memory-large", what: "upload of one row group of 256 MB, in pages of 1 MiB", cores: one, run: uploadLarge},
	{name: "memory-upload-1", what: "upload of 1 file", cores: one, run: uploadLinks(1)},
	{name: "memory-upload-10", what: "upload of 10 files", cores: one, run: uploadLinks(10)},
	{name: "memory-upload-100", what: "upload of 100 files", cores: one, run: uploadLinks(100)},
	{name: "memory-prepare-1", what: "prepare of 1 file", cores: one, run: prepareLinks(1)},
	{name: "memory-prepare-10", what: "prepare of 10 files", cores: one, run: prepareLinks(10)},
	{name: "memory-prepare-100", what: "prepare of 100 files", cores: one, run: prepareLinks(100)},
}

// plainSHA is this program, built with the tag plainsha: without our assembly for hashing, and with that of all others.
const plainSHA = "bench-plainsha"
