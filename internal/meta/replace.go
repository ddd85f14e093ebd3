package meta

import (
	"context"
	"net/http"
)

// The subcodes of error 2650 that tell a replace how it stands. Meta's guide "Replace users" lists them.
const (
	TooManyToReplace  = 1870144 // 100 million people or more are in the audience
	UpdateInProgress  = 1870145 // another replace, or this one when it is begun again
	FirstBatchUnseen  = 1870147 // the session is not known, or not yet
	PartlyUpdated     = 1870148 // the audience lacks people that were taken
	SessionTimedOut   = 1870158 // 90 minutes after its first batch
	SessionIsFinished = 1870159 // its last batch has come
)

// ReplaceSubcode is the subcode with which Meta refused to update an audience (error 2650); 0 when it did not.
func ReplaceSubcode(err error) int {
	if e := asError(err); e != nil && e.Code == 2650 {
		return e.Subcode
	}
	return 0
}

// IsAbuse reports whether Meta stopped the app for abuse (613 without a subcode): every further call makes it worse.
func IsAbuse(err error) bool {
	e := asError(err)
	return e != nil && e.kind() == abuse
}

// ReplaceUsers sends a batch of the people who take the place of all others. It is tried again as adding is, with two
// differences. That an update is in progress may be said of the very one that an earlier attempt at batch 1 began, so that
// batch 1 is not tried again on that answer: whoever sent it must ask for the session. And some of Meta's servers may not have
// seen batch 1 yet when the next one comes, so that one is.
func (c *Client) ReplaceUsers(ctx context.Context, audienceID string, batch Batch) (Ack, error) {
	ack, err := c.users(ctx, http.MethodPost, "usersreplace", "replace by %d people those of audience %s", audienceID, batch)
	if e := asError(err); e != nil {
		first, subcode := batch.Session.Seq == 1, ReplaceSubcode(err)
		e.mayBeOurs = first && subcode == UpdateInProgress
		e.early = !first && subcode == FirstBatchUnseen
	}
	return ack, err
}

// ReplaceUsers implements Users.
func (w *wrapped) ReplaceUsers(ctx context.Context, audience string, batch Batch) (Ack, error) {
	return through(ctx, w, writes, func() (Ack, error) { return w.next.ReplaceUsers(ctx, audience, batch) })
}
