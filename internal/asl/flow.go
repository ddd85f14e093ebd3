package asl

import (
	"context"
	"time"
)

// apply is InputPath or OutputPath: the whole value by default, an empty object for null.
func (f filter) apply(v any, sc *scope) (any, *Error) {
	if f.discard {
		return map[string]any{}, nil
	}
	if f.path == nil {
		return v, nil
	}
	out, err := f.path.get(v, sc)
	if err != nil {
		return nil, fail(ErrRuntime, "Invalid path '%s': it %v", f.path.text, err)
	}
	return out, nil
}

// merge is ResultPath: the result instead of the raw input, in a field of it, or dropped.
func (f filter) merge(input, result any) (any, *Error) {
	if f.discard {
		return input, nil
	}
	if f.path == nil {
		return result, nil
	}
	out, err := f.path.set(input, result)
	if err != nil {
		return nil, fail(ErrResultPathMatchFailure, "ResultPath '%s' %v", f.path.text, err)
	}
	return out, nil
}

// checkSize raises States.DataLimitExceeded for more than 262,144 bytes of JSON.
func checkSize(v any, what string) *Error {
	data, err := encode(v)
	if err != nil {
		return fail(ErrRuntime, "%s cannot be written as JSON", what)
	}
	if len(data) > maxDataBytes {
		return fail(ErrDataLimitExceeded, "%s has %d bytes; at most %d are allowed", what, len(data), maxDataBytes)
	}
	return nil
}

// output applies ResultPath and OutputPath and checks the size.
func (s *state) output(input, result any, sc *scope) (any, *Error) {
	merged, err := s.resultPath.merge(input, result)
	if err != nil {
		return nil, err
	}
	out, err := s.outputPath.apply(merged, sc)
	if err != nil {
		return nil, err
	}
	return out, checkSize(out, "The output of the state '"+s.name+"'")
}

// effective applies InputPath and Parameters.
func (s *state) effective(input any, sc *scope) (any, *Error) {
	in, err := s.inputPath.apply(input, sc)
	if err != nil || s.parameters == nil {
		return in, err
	}
	in, err = s.parameters.build(in, sc)
	if err != nil {
		return nil, err
	}
	return in, checkSize(in, "The Parameters of the state '"+s.name+"'")
}

// filtered is InputPath and OutputPath one after the other, for states that change nothing.
func (s *state) filtered(input any, sc *scope) (any, *Error) {
	in, err := s.inputPath.apply(input, sc)
	if err != nil {
		return nil, err
	}
	out, err := s.outputPath.apply(in, sc)
	if err != nil {
		return nil, err
	}
	return out, checkSize(out, "The output of the state '"+s.name+"'")
}

func (s *state) pass(input any, sc *scope) (any, *Error) {
	result, err := s.effective(input, sc)
	if err != nil {
		return nil, err
	}
	if s.result != nil {
		result = *s.result
	}
	return s.output(input, result, sc)
}

func (s *state) decide(input any, sc *scope) (any, string, error) {
	in, err := s.inputPath.apply(input, sc)
	if err != nil {
		return nil, "", err
	}
	next, err := s.choose(in, sc)
	if err != nil {
		return nil, "", err
	}
	out, err := s.filtered(input, sc)
	return out, next, asError(err)
}

// maxWait is a bit more than 68 years, from which on Step Functions calls a delay too long.
const maxWait = 24855 * 24 * time.Hour

func (ex *execution) wait(ctx context.Context, s *state, input any, sc *scope) (any, error) {
	in, e := s.inputPath.apply(input, sc)
	if e != nil {
		return nil, e
	}
	d, e := s.wait.delay(in, ex.run.opts.Now(), sc)
	if e != nil {
		return nil, e
	}
	if err := ex.pause(ctx, d); err != nil {
		return nil, err
	}
	out, e := s.filtered(input, sc)
	return out, asError(e)
}

// pause sleeps; an end of the context is an abort.
func (ex *execution) pause(ctx context.Context, d time.Duration) error {
	if d > 0 {
		if err := ex.run.opts.Sleep(ctx, d); err != nil && ctx.Err() == nil {
			return fail(ErrRuntime, "The pause ended early: %v", err)
		}
	}
	if ctx.Err() != nil {
		return abortError{}
	}
	return nil
}

func (w *waitSpec) delay(in any, now time.Time, sc *scope) (time.Duration, *Error) {
	until := w.until
	switch {
	case w.secondsPath != nil:
		n, err := w.secondsPath.integer("SecondsPath", in, sc)
		if err == nil && n < 0 {
			err = fail(ErrRuntime, "The SecondsPath parameter references a negative value: %s", w.secondsPath.text)
		}
		if err == nil && n > maxSeconds {
			err = fail(ErrRuntime, "Wait state delay is too long.")
		}
		return time.Duration(n) * time.Second, err
	case w.timestampPath != nil:
		v, err := w.timestampPath.get(in, sc)
		if err != nil {
			return 0, fail(ErrRuntime, "The TimestampPath parameter does not reference an input value: %s", w.timestampPath.text)
		}
		t, ok := parseTimestamp(v)
		if !ok {
			return 0, fail(ErrRuntime, "The TimestampPath parameter does not reference a timestamp like 2026-11-24T05:00:00Z: %s", w.timestampPath.text)
		}
		until = t
	case until.IsZero():
		return w.duration, nil
	}
	d := until.Sub(now)
	if d > maxWait {
		return 0, fail(ErrRuntime, "Wait state delay is too long.")
	}
	return max(d, 0), nil
}

// integer reads a whole number for a field such as MaxConcurrencyPath.
func (p *path) integer(field string, in any, sc *scope) (int64, *Error) {
	v, err := p.get(in, sc)
	if err != nil {
		return 0, fail(ErrRuntime, "The %s parameter does not reference an input value: %s", field, p.text)
	}
	return wholeNumber(v, field, p.text)
}

// raise is the error of a Fail state.
func (f *failSpec) raise(input any, sc *scope) error {
	name, err := failText(f.namePath, f.name, "ErrorPath", input, sc)
	if err != nil {
		return err
	}
	cause, err := failText(f.causePath, f.cause, "CausePath", input, sc)
	if err != nil {
		return err
	}
	return (&Error{Name: name, Cause: cause}).limited()
}

func failText(e expression, literal, field string, input any, sc *scope) (string, *Error) {
	if e == nil {
		return literal, nil
	}
	v, err := e.eval(input, sc)
	if err != nil {
		return "", expressionError(field, err)
	}
	s, ok := v.(string)
	if !ok {
		return "", fail(ErrRuntime, "The %s does not give a string", field)
	}
	return s, nil
}
