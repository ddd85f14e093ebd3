// Package sandbox is a server that behaves like the part of Meta's Marketing API that CleanReach uses: ad accounts, custom
// audiences, adding and removing people, upload sessions, error documents, usage headers. It keeps the people, so that a
// test can read who is in an audience, and it misbehaves on demand.
//
// It shares no code with the client on purpose: what one of them gets wrong, the other must not excuse. Where Meta's own
// behaviour is not documented, the choice is written down in docs/sandbox.md.
package sandbox
