# `make help` lists the targets. Any make and any POSIX shell will do.

GO   ?= go
BIN  := bin

# The demo: how many customers, which ones, and, to continue a run, its id.
ROWS ?= 50000
SEED ?= 1
RUN  ?=

# The benchmark: how many customers.
BENCH_ROWS ?= 10000000
BENCH_REPEAT ?= 5

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.release=$(VERSION)

# The linter is built from source, so that the compiler it was built with is the one in use.
GOLANGCI_VERSION := v2.15.0
GOLANGCI         := .cache/bin/golangci-lint-$(GOLANGCI_VERSION)

# The root that make image pushes for: where terraform apply was run.
DEPLOYMENT ?= terraform/examples/complete

# Packages with goroutines of their own are tested under the race detector. Those that link DuckDB are not: its
# library is no Go, so the detector sees nothing of it, and each such binary takes long to link. What test/ looks at are
# programs and files that the go command does not know of, so its results are never taken from the cache.
RACE = ./internal/advance/... ./internal/asl/... ./internal/match/... ./internal/meta/... ./internal/plan/... ./internal/preflight/... ./internal/prepare/... ./internal/report/... ./internal/storage/... ./internal/upload/... ./tasks/...

.DEFAULT_GOAL := build
.PHONY: demo build test test-packages test-whole tools vet lint fmt fmt-check generate check tidy-check bench bench-memory benches image clean help toolchain compiler

demo: build ## make demo data and bring it into a Meta sandbox (ROWS=50000 SEED=1 RUN=<id to continue>)
	$(BIN)/cleanreach-local -demo -rows $(ROWS) -seed $(SEED) -waits 0.1 $(if $(RUN),-run $(RUN))

build: compiler ## the container's binary and the one that runs the state machine on this machine, into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/cleanreach ./tasks
	CGO_ENABLED=1 $(GO) build -ldflags '-s -w' -o $(BIN)/cleanreach-local ./statemachine/local

test: test-packages test-whole ## every test

test-packages: compiler ## the tests of the packages, those with goroutines under the race detector
	$(GO) test -race -timeout 5m $(RACE)
	$(GO) test -timeout 5m $(filter-out $(shell $(GO) list $(RACE) ./test/...),$(shell $(GO) list ./...))
	$(GO) test -tags purego ./internal/sha ./internal/marks

# What was tested, and what could not be, is printed; the names of all that passed are in .cache/test.log.
test-whole: compiler tools ## the tests of the binaries, of Terraform's modules and of a deployment
	@set -a; . ./.cache/tools.env; set +a; \
	{ $(GO) test -count=1 -v -timeout 20m ./test/... 2>&1; echo $$? >.cache/test.status; } | tee .cache/test.log | \
		grep -v -E '^ *(=== (RUN|PAUSE|CONT|NAME) |--- PASS)|^PASS$$|no test files'; exit $$(cat .cache/test.status)

tools: toolchain ## find or install what test-whole wants beside Go: Terraform, linters, an emulator of AWS
	@.ci/tools

# What has assembly is vetted for the architecture that has none of its own, too, and its tests are built for it.
vet: compiler
	$(GO) vet ./...
	GOARCH=arm64 $(GO) vet ./internal/sha ./internal/marks ./internal/table ./internal/identity ./internal/meta ./internal/person
	GOARCH=arm64 $(GO) test -c -o /dev/null ./internal/sha
	GOARCH=arm64 $(GO) test -c -o /dev/null ./internal/marks

lint: vet $(GOLANGCI) ## go vet and golangci-lint by .golangci.yml
	$(GOLANGCI) run ./...

fmt: $(GOLANGCI) ## format the code and its imports
	$(GOLANGCI) fmt ./...

fmt-check:
	@unformatted=$$(gofmt -l internal statemachine tasks test); \
	if [ -n "$$unformatted" ]; then echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; fi

generate: toolchain ## rewrite what is generated: of the hashing and the reading of CSV their assembly, of the definition pictures, tables and its rendered form, of Terraform's modules tables, of the runbook the errors, doctor's output
	$(GO) test ./statemachine -run '^Test(Readme|Rendered)' -update
	$(GO) test ./internal/meta -run '^TestRunbookIsCurrent$$' -update
	$(GO) test ./tasks -run '^TestDoctorOfThe' -update
	$(GO) test ./test/terraform -run '^TestReadmes$$' -update
	$(GO) generate ./internal/sha ./internal/marks

check: fmt-check tidy-check ## formatting, go.mod and the generated files are up to date
	$(GO) test ./statemachine -run '^Test(Readme|Rendered)'
	$(GO) test ./internal/meta -run '^TestRunbookIsCurrent$$'
	$(GO) test ./tasks -run '^TestDoctorOfThe'
	$(GO) test ./test/terraform -run '^TestReadmes$$'
	$(GO) generate ./internal/sha ./internal/marks && git diff --exit-code -- internal/sha internal/marks

tidy-check: toolchain
	$(GO) mod tidy -diff

bench: benches ## how fast it is, next to DuckDB, Python and Node.js, into test/bench/RESULTS.md (BENCH_ROWS=10000000, BENCH_REPEAT=5: an hour; 1000000: ten minutes)
	$(BIN)/bench -rows $(BENCH_ROWS) -repeat $(BENCH_REPEAT) -out test/bench/RESULTS.md

bench-memory: benches ## what memory it takes as files grow to 100 million rows, into test/bench/MEMORY.md (a quarter of an hour, 15 GB of disk)
	$(BIN)/bench -memory -rows 1000000 -repeat 1 -data .cache/bench-memory -out test/bench/MEMORY.md

# The second one is without our assembly for hashing, to show what the standard library's gives.
benches: compiler
	CGO_ENABLED=1 $(GO) build -o $(BIN)/bench ./test/bench
	CGO_ENABLED=1 $(GO) build -tags plainsha -o $(BIN)/bench-plainsha ./test/bench

image: ## build the image for both architectures, push it and pin it in the deployment (DEPLOYMENT=<its directory>; empty: only build)
	terraform/image.sh "$(DEPLOYMENT)" "$(VERSION)"

clean: ## what was built; out/ stays, it holds your runs
	rm -rf $(BIN) .cache

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(GOLANGCI): | toolchain
	@echo "installing golangci-lint $(GOLANGCI_VERSION), once: it takes minutes"
	GOBIN="$(CURDIR)/.cache/bin" $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv .cache/bin/golangci-lint $@

# Go 1.21 and later fetch the version that go.mod asks for; older ones cannot even read it.
toolchain:
	@command -v $(GO) >/dev/null || { echo "Go is not installed: get it at https://go.dev/dl" >&2; exit 1; }
	@why=$$($(GO) list -m 2>&1) || { echo "$$($(GO) version) cannot build this module; get the version that go.mod names at https://go.dev/dl" >&2; \
		echo "$$why" >&2; exit 1; }

# DuckDB, the local clean room, is C++ that comes compiled: it takes a C compiler and the C++ library to link it.
compiler: toolchain
	@cc=$$($(GO) env CC); libs=$$([ "$$($(GO) env GOOS)" = linux ] && echo -lstdc++ -lm -ldl || true); \
	echo 'int main(void) { return 0; }' | $$cc -x c - -o /dev/null $$libs 2>/dev/null || { \
		echo "$$cc cannot link a program with the C++ library, which the local clean room (DuckDB) needs." >&2; \
		echo "Install one: apt-get install g++, dnf install gcc-c++, or on macOS xcode-select --install" >&2; exit 1; }
