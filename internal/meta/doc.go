// Package meta is a client of Meta's Marketing API for Custom Audiences: it creates and finds an audience, adds and
// removes people, and turns what Meta answers into failures that say who must act.
//
// What it keeps to: the access token travels in a header only; neither bodies nor tokens nor Meta's own error texts, which
// may echo what was sent, are logged or put into errors. Adding and removing are idempotent on Meta's side, so a request
// whose answer was lost is sent again.
package meta
