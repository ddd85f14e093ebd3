package prepare

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/identity"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/suppression"
	"github.com/cleanreach/cleanreach/internal/table"
)

// sizes bound memory, and the files that are written.
type sizes struct {
	workers   int // goroutines that normalise, hash and write; each has a row group in memory
	readers   int // goroutines that read a file each
	batchRows int
	partRows  int64 // a part ends with the batch that reaches either
	partBytes int64
	// groupBytes is the size of values at which a row group ends, if it has not come to 65,536 rows before.
	groupBytes int
	exact      int // distinct values of a key that are counted exactly
	known      int // different values of a column that describes that a worker knows
}

// usualSizes use all cores. A reader unpacks a file and finds where its rows end, a small part of the work, so a few readers
// feed many workers; two at least, so that one file's opening does not hold the others up.
func usualSizes() sizes {
	cores := runtime.GOMAXPROCS(0)
	workers := min(cores, maxWorkers)
	return sizes{
		workers: workers, readers: max(2, cores/6), batchRows: 4096,
		partRows: 1 << 20, partBytes: 256 << 20, groupBytes: min(64<<20, allGroupsBytes/workers), exact: 1 << 18, known: min(mostKnown, 2*mostKnown/workers),
	}
}

const (
	maxWorkers     = 8
	allGroupsBytes = 192 << 20 // of the values of all row groups at a time; in memory they are compressed
)

// A batch is some rows of one file on their way from a reader to a worker.
type batch struct {
	table.Block
	file *rawFile
}

// A pipeline has readers that fill batches, and workers that split them into columns and write what is in them. There is a
// fixed number of batches, so that the memory does not depend on which of the two is faster.
type pipeline struct {
	src     *source
	folder  *storage.Folder
	layout  *layout
	log     *slog.Logger
	sizes   sizes
	workers []*worker
	counts  []*distinct // for each of the layout's keys
	next    atomic.Int64
	reading atomic.Int64 // readers that have not ended
	noting  sync.Mutex   // of what the files' rows show
	free    chan *batch
	full    chan *batch
}

func newPipeline(deps Deps, src *source, plan *layout, suppressed *suppression.Set, sizes sizes, started time.Time) *pipeline {
	p := &pipeline{src: src, folder: deps.Folder, layout: plan, log: deps.Log, sizes: sizes}
	for range plan.keys {
		p.counts = append(p.counts, &distinct{limit: sizes.exact})
	}
	def := deps.Run.Def().Source
	// The parts of an attempt have a name of their own, so that another attempt's are told from them.
	attempt := strings.ToLower(rand.Text()[:8])
	for i := range sizes.workers {
		name := fmt.Sprintf("part-%s-%02d", attempt, i)
		normalizer := identity.NewNormalizer(def.DefaultCountry, func() time.Time { return started })
		p.workers = append(p.workers, newWorker(plan, suppressed, normalizer, def.DateOrder, p.counts,
			newParts(deps.Folder, audience.PreparedDir+name, plan.fields, sizes), newQuarantine(deps.Folder, audience.QuarantineDir+name, sizes), sizes))
	}
	batches := sizes.workers + sizes.readers + 2
	p.free, p.full = make(chan *batch, batches), make(chan *batch, batches)
	for range batches {
		p.free <- &batch{}
	}
	return p
}

// run reads all files and writes all parts. After an error the parts that were ended are still there.
func (p *pipeline) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	p.reading.Store(int64(p.sizes.readers))
	for range p.sizes.readers {
		group.Go(guarded(ctx, p.log, func() error { return p.read(ctx) }))
	}
	for _, w := range p.workers {
		group.Go(guarded(ctx, p.log, func() error { return p.work(ctx, w) }))
	}
	if err := rethrow(group.Wait()); err != nil {
		return err
	}
	return p.src.checkAbsent()
}

// read reads one file after the other. The last reader ends the workers.
func (p *pipeline) read(ctx context.Context) error {
	defer func() {
		if p.reading.Add(-1) == 0 {
			close(p.full)
		}
	}()
	for {
		i := int(p.next.Add(1)) - 1
		if i >= len(p.src.files) {
			return nil
		}
		if file := &p.src.files[i]; !file.empty {
			if err := p.readFile(ctx, file); err != nil {
				return err
			}
		}
	}
}

func (p *pipeline) readFile(ctx context.Context, file *rawFile) (err error) {
	r, err := p.src.open(ctx, file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for {
		var b *batch
		select {
		case <-ctx.Done():
			return stopped(ctx)
		case b = <-p.free:
		}
		b.file = file
		if err := r.Next(&b.Block); errors.Is(err, io.EOF) {
			p.free <- b
			break
		} else if err != nil {
			return err
		}
		file.rows += int64(b.Count())
		p.full <- b // has room for all batches that there are
	}
	p.log.InfoContext(ctx, "read a file", "file", file.name, "rows", file.rows)
	return nil
}

// work writes batches until there are no more.
func (p *pipeline) work(ctx context.Context, w *worker) error {
	defer w.abort()
	for {
		select {
		case <-ctx.Done():
			return stopped(ctx)
		case b, more := <-p.full:
			if !more {
				return w.close(ctx)
			}
			b.Split()
			p.note(b)
			if err := w.write(ctx, b); err != nil {
				return err
			}
			p.free <- b
		}
	}
}

// note remembers what a batch shows of its file, whichever worker got it.
func (p *pipeline) note(b *batch) {
	p.noting.Lock()
	defer p.noting.Unlock()
	b.file.note(&b.Block)
}

// discard removes the parts that this attempt ended, and no others: an attempt that failed because another was at work must
// not take that one's table away. The next attempt clears away what stays here.
func (p *pipeline) discard(ctx context.Context) {
	for _, w := range p.workers {
		for _, key := range slices.Concat(w.prepared.done, w.quarantine.parts.done) {
			_ = p.folder.Delete(ctx, key)
		}
	}
}

func stopped(ctx context.Context) error {
	return fmt.Errorf("prepare the customers: %w", context.Cause(ctx))
}

// checkParts makes sure that what lies in the folders is what this attempt wrote, and nothing else. Another attempt of
// the same run, at work at the same time, would have cleared files away or added its own.
func (p *pipeline) checkParts(ctx context.Context) error {
	var wrote, found []string
	for _, w := range p.workers {
		wrote = append(append(wrote, w.prepared.done...), w.quarantine.parts.done...)
	}
	for _, dir := range []string{audience.PreparedDir, audience.QuarantineDir} {
		objects, err := p.folder.List(ctx, dir)
		if err != nil {
			return err
		}
		for _, o := range objects {
			found = append(found, o.Key)
		}
	}
	slices.Sort(wrote)
	slices.Sort(found)
	if !slices.Equal(wrote, found) {
		return audience.Fail(audience.Transient, "let only one task prepare a run at a time",
			fmt.Errorf("other files than this task's own lie in %s%s or %s: another task has written there too", p.folder.URL(), audience.PreparedDir, audience.QuarantineDir))
	}
	return nil
}
