package asl

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// parallel runs the branches at once. The first that fails stops the others, and its error is the state's.
func (ex *execution) parallel(ctx context.Context, s *state, in any, sc *scope) (any, error) {
	ex.stateEvent(sc, "ParallelStateStarted", Event{})
	out := make([]any, len(s.branches))
	group, gctx := errgroup.WithContext(ctx)
	for i, b := range s.branches {
		group.Go(func() error {
			v, err := ex.walk(gctx, b, in, sc.within(fmt.Sprintf("/%d", i)))
			out[i] = v
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	ex.stateEvent(sc, "ParallelStateSucceeded", Event{})
	return out, nil
}

// mapState runs the processor for each item.
func (ex *execution) mapState(ctx context.Context, s *state, in any, sc *scope) (any, error) {
	limit, e := s.mapping.concurrency(in, sc)
	if e != nil {
		return nil, e
	}
	if s.mapping.distributed {
		return ex.distribute(ctx, s, in, limit, sc)
	}
	items, e := s.mapping.items(in, sc)
	if e != nil {
		return nil, e
	}
	ex.stateEvent(sc, "MapStateStarted", Event{Items: len(items)})
	out := make([]any, len(items))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(limit)
	for i, item := range items {
		group.Go(func() error {
			if gctx.Err() != nil {
				return abortError{}
			}
			v, err := ex.iterate(gctx, s, in, item, i, sc)
			out[i] = v
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	ex.stateEvent(sc, "MapStateSucceeded", Event{})
	return out, nil
}

// iterate is one iteration of an inline Map.
func (ex *execution) iterate(ctx context.Context, s *state, in, item any, i int, sc *scope) (any, error) {
	ex.stateEvent(sc, MapIterationStarted, Event{Index: &i})
	selected, e := s.mapping.selected(in, item, i, sc)
	if e != nil {
		ex.stateEvent(sc, MapIterationFailed, Event{Index: &i, Error: e.Name, Cause: e.Cause})
		return nil, e
	}
	inner := sc.within(fmt.Sprintf("[%d]", i)).withItem(i, item)
	out, err := ex.walk(ctx, s.mapping.processor, selected, inner)
	switch {
	case err == nil:
		ex.stateEvent(sc, MapIterationSucceeded, Event{Index: &i})
	case ctx.Err() != nil:
		ex.stateEvent(sc, MapIterationAborted, Event{Index: &i})
	default:
		ex.stateEvent(sc, MapIterationFailed, Event{Index: &i})
	}
	return out, err
}

// items is the array that ItemsPath selects, of the whole input by default.
func (m *mapSpec) items(in any, sc *scope) ([]any, *Error) {
	text := "$"
	v := in
	if m.itemsPath != nil {
		var err error
		text = m.itemsPath.text
		if v, err = m.itemsPath.get(in, sc); err != nil {
			return nil, fail(ErrRuntime, "Invalid path '%s': it %v", text, err)
		}
	}
	items, ok := v.([]any)
	if !ok {
		return nil, fail(ErrRuntime, "Reference path %q must point to array.", text)
	}
	return items, nil
}

// selected applies ItemSelector to an item; without one the item is the input of the iteration.
func (m *mapSpec) selected(in, item any, i int, sc *scope) (any, *Error) {
	if m.itemSelector == nil {
		return item, checkSize(item, fmt.Sprintf("Item %d of the state '%s'", i, sc.state))
	}
	v, err := m.itemSelector.build(in, sc.withItem(i, item))
	if err != nil {
		return nil, err
	}
	return v, checkSize(v, fmt.Sprintf("Item %d of the state '%s'", i, sc.state))
}

// concurrency is how many items run at once: what the definition says, within what Step Functions can do.
func (m *mapSpec) concurrency(in any, sc *scope) (int, *Error) {
	n := m.maxConcurrency
	if m.maxConcurrencyPath != nil {
		var err *Error
		if n, err = m.maxConcurrencyPath.integer("MaxConcurrencyPath", in, sc); err != nil {
			return 0, err
		}
		if n < 0 {
			return 0, fail(ErrRuntime, "MaxConcurrency cannot be negative.")
		}
	}
	limit := int64(maxMapIterations)
	if m.distributed {
		limit = maxMapChildren
	}
	if n == 0 || n > limit {
		n = limit
	}
	return int(n), nil
}
