package meta

import "context"

// wrapped is an API whose every call goes through around: what the decorators have in common. around runs call as often
// as it likes and gives the error that the caller gets.
type wrapped struct {
	next   API
	around func(ctx context.Context, does access, call func() error) error
}

// An access is what a call does to what Meta keeps: writing counts three times as much against its limits as reading.
type access bool

const (
	reads  access = false
	writes access = true
)

// through runs one call of the wrapped API and hands its result out.
func through[T any](ctx context.Context, w *wrapped, does access, call func() (T, error)) (T, error) {
	var result T
	err := w.around(ctx, does, func() error {
		var err error
		result, err = call()
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return result, nil
}

// AddUsers implements Users.
func (w *wrapped) AddUsers(ctx context.Context, audience string, batch Batch) (Ack, error) {
	return through(ctx, w, writes, func() (Ack, error) { return w.next.AddUsers(ctx, audience, batch) })
}

// RemoveUsers implements Users.
func (w *wrapped) RemoveUsers(ctx context.Context, audience string, batch Batch) (Ack, error) {
	return through(ctx, w, writes, func() (Ack, error) { return w.next.RemoveUsers(ctx, audience, batch) })
}

// RemoveFromAll implements AccountRemover.
func (w *wrapped) RemoveFromAll(ctx context.Context, account string, batch Batch) (Ack, error) {
	return through(ctx, w, writes, func() (Ack, error) { return w.next.RemoveFromAll(ctx, account, batch) })
}

// AdAccount implements API.
func (w *wrapped) AdAccount(ctx context.Context, account string) (Account, error) {
	return through(ctx, w, reads, func() (Account, error) { return w.next.AdAccount(ctx, account) })
}

// DebugToken implements API.
func (w *wrapped) DebugToken(ctx context.Context) (TokenInfo, error) {
	return through(ctx, w, reads, func() (TokenInfo, error) { return w.next.DebugToken(ctx) })
}

// Audience implements API.
func (w *wrapped) Audience(ctx context.Context, id string) (CustomAudience, error) {
	return through(ctx, w, reads, func() (CustomAudience, error) { return w.next.Audience(ctx, id) })
}

// ListAudiences implements API.
func (w *wrapped) ListAudiences(ctx context.Context, account, after string) (AudiencePage, error) {
	return through(ctx, w, reads, func() (AudiencePage, error) { return w.next.ListAudiences(ctx, account, after) })
}

// FindAudience implements API. It is as many calls as there are pages.
func (w *wrapped) FindAudience(ctx context.Context, account, mark string) (*CustomAudience, error) {
	return findAudience(ctx, w.ListAudiences, account, mark)
}

// CreateAudience implements API.
func (w *wrapped) CreateAudience(ctx context.Context, account string, a NewAudience) (string, error) {
	return through(ctx, w, writes, func() (string, error) { return w.next.CreateAudience(ctx, account, a) })
}

// SessionStatus implements API.
func (w *wrapped) SessionStatus(ctx context.Context, audience string, session int64) (*SessionStatus, error) {
	return through(ctx, w, reads, func() (*SessionStatus, error) { return w.next.SessionStatus(ctx, audience, session) })
}

// AccountTasks implements API.
func (w *wrapped) AccountTasks(ctx context.Context, account string) ([]string, error) {
	return through(ctx, w, reads, func() ([]string, error) { return w.next.AccountTasks(ctx, account) })
}

// Usage implements Metered: it is that of the client behind the decorators.
func (w *wrapped) Usage() Usage {
	if m, ok := w.next.(Metered); ok {
		return m.Usage()
	}
	return Usage{}
}
