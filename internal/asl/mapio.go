package asl

import (
	"context"
	"strings"
)

// readItems reads the array of an ItemReader.
func (ex *execution) readItems(ctx context.Context, r *readerSpec, in any, sc *scope) ([]any, error) {
	limit := r.maxItems
	if r.maxItemsPath != nil {
		var e *Error
		if limit, e = r.maxItemsPath.integer("MaxItemsPath", in, sc); e != nil {
			return nil, e
		}
		if limit < 1 {
			return nil, fail(ErrItemReaderFailed, "field MaxItems must be positive")
		}
	}
	params, e := r.parameters.build(in, sc)
	if e != nil {
		return nil, e
	}
	v, _, err := ex.call(ctx, 0, r.resource, params, sc)
	if ctx.Err() != nil {
		return nil, abortError{}
	}
	if e := taskError(err); e != nil {
		return nil, fail(ErrItemReaderFailed, "%v", e)
	}
	object, _ := v.(map[string]any)
	body, ok := object["Body"].(string)
	if !ok {
		return nil, fail(ErrRuntime, "The integration for %s returned no Body", r.resource)
	}
	list, err := decode([]byte(body))
	if err != nil {
		return nil, fail(ErrItemReaderFailed, "The object is not one JSON value")
	}
	items, ok := list.([]any)
	if !ok {
		return nil, fail(ErrItemReaderFailed, "Attempting to map over non-iterable node.")
	}
	if limit > 0 && int64(len(items)) > limit {
		items = items[:limit]
	}
	return items, nil
}

// results writes the results by ResultWriter, or gives them back in the order of the items. There, as AWS does, a child
// that failed is described instead of having an output.
func (r *mapRun) results(ctx context.Context, in any) (any, error) {
	if r.s.mapping.writer != nil {
		return r.write(ctx, in)
	}
	out := make([]any, len(r.outcomes))
	for i, o := range r.outcomes {
		out[i] = o.output
		if o.status != statusSucceeded {
			d, e := r.describe(i)
			if e != nil {
				return nil, e
			}
			out[i] = d
		}
	}
	if e := checkSize(out, "The output of the Map Run"); e != nil {
		return nil, e
	}
	return out, nil
}

// describe is an entry of a result file, as DescribeExecution shows an execution: input and output are JSON text.
func (r *mapRun) describe(i int) (map[string]any, *Error) {
	child, o := r.children[i], r.outcomes[i]
	included := map[string]any{"Included": true}
	d := map[string]any{
		"ExecutionArn": child.id, "Name": child.name, "StateMachineArn": child.machineID, "Status": o.status,
		"InputDetails": included,
	}
	text, err := encode(r.inputs[i])
	if err != nil {
		return nil, fail(ErrResultWriterFailed, "An input cannot be written as JSON")
	}
	d["Input"] = string(text)
	if o.status == statusPending {
		return d, nil
	}
	d["StartDate"], d["StopDate"] = timestamp(o.started), timestamp(o.stopped)
	if e, ok := o.err.(*Error); ok { //nolint:errorlint // an outcome holds it unwrapped
		d["Error"], d["Cause"] = e.Name, e.Cause
	}
	if o.status == statusSucceeded {
		text, err := encode(o.output)
		if err != nil {
			return nil, fail(ErrResultWriterFailed, "An output cannot be written as JSON")
		}
		d["Output"], d["OutputDetails"] = string(text), included
	}
	return d, nil
}

// resultFiles are the files of a ResultWriter; the first holds failed, timed out and aborted children alike.
var resultFiles = []struct {
	name     string
	statuses []string
}{
	{statusFailed, []string{statusFailed, statusTimedOut, statusAborted}},
	{statusPending, []string{statusPending}},
	{statusSucceeded, []string{statusSucceeded}},
}

// write puts <Prefix>/<run>/SUCCEEDED_0.json, FAILED_0.json and PENDING_0.json, each only where there are such children,
// then manifest.json, which lists them.
func (r *mapRun) write(ctx context.Context, in any) (any, error) {
	v, e := r.s.mapping.writer.parameters.build(in, r.sc)
	if e != nil {
		return nil, e
	}
	params, _ := v.(map[string]any)
	bucket, okBucket := params["Bucket"].(string)
	prefix, okPrefix := params["Prefix"].(string)
	if !okBucket || !okPrefix {
		return nil, fail(ErrResultWriterFailed, "Bucket and Prefix must be strings")
	}
	folder := r.id + "/"
	if prefix = strings.TrimSuffix(prefix, "/"); prefix != "" {
		folder = prefix + "/" + folder
	}
	files := map[string]any{}
	for _, f := range resultFiles {
		entries, e := r.entries(f.statuses)
		if e != nil {
			return nil, e
		}
		listing := []any{}
		if len(entries) > 0 {
			key := folder + f.name + "_0.json"
			size, err := r.put(ctx, bucket, key, entries)
			if err != nil {
				return nil, err
			}
			listing = append(listing, map[string]any{"Key": key, "Size": number(size)})
		}
		files[f.name] = listing
	}
	manifest := map[string]any{"DestinationBucket": bucket, "MapRunArn": r.arn, "ResultFiles": files}
	if _, err := r.put(ctx, bucket, folder+"manifest.json", manifest); err != nil {
		return nil, err
	}
	details := map[string]any{"Bucket": bucket, "Key": folder + "manifest.json"}
	return map[string]any{"MapRunArn": r.arn, "ResultWriterDetails": details}, nil
}

func (r *mapRun) entries(statuses []string) ([]any, *Error) {
	var out []any
	for i, o := range r.outcomes {
		for _, s := range statuses {
			if o.status != s {
				continue
			}
			d, err := r.describe(i)
			if err != nil {
				return nil, err
			}
			out = append(out, d)
		}
	}
	return out, nil
}

// put writes one object through the integration and gives its size.
func (r *mapRun) put(ctx context.Context, bucket, key string, v any) (int, error) {
	body, err := encode(v)
	if err != nil {
		return 0, fail(ErrResultWriterFailed, "%v", err)
	}
	params := map[string]any{"Bucket": bucket, "Key": key, "Body": string(body), "ContentType": "application/json"}
	_, _, err = r.ex.call(ctx, 0, r.s.mapping.writer.resource, params, r.sc)
	if ctx.Err() != nil {
		return 0, abortError{}
	}
	if e := taskError(err); e != nil {
		return 0, fail(ErrResultWriterFailed, "%v", e)
	}
	return len(body), nil
}
