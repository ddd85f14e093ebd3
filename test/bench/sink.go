package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/upload"
)

// A sink takes every batch at once. Comparing, it digests the rows, whatever the sessions and the order of the batches.
type sink struct {
	upload.Meta
	compare  bool
	mu       sync.Mutex
	received map[int64]int64
	bytes    int64 // of all bodies
	sum      [sha256.Size]byte
}

func newSink(compare bool) func() (upload.Meta, func(), error) {
	return func() (upload.Meta, func(), error) {
		return &sink{compare: compare, received: map[int64]int64{}}, func() {}, nil
	}
}

// AddUsers takes a batch.
func (s *sink) AddUsers(_ context.Context, audienceID string, b meta.Batch) (meta.Ack, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.compare {
		s.add(b.Body)
	}
	s.received[b.Session.ID] += int64(b.Rows)
	s.bytes += int64(len(b.Body))
	return meta.Ack{AudienceID: audienceID, SessionID: b.Session.ID, Received: s.received[b.Session.ID]}, nil
}

func (s *sink) digest() string { return hex.EncodeToString(s.sum[:]) }

// add digests a body's rows: together with the schema each, and so that their order and the borders of batches do not matter.
func (s *sink) add(body []byte) {
	var parts struct {
		Payload struct {
			Schema json.RawMessage   `json:"schema"`
			Data   []json.RawMessage `json:"data"`
		} `json:"payload"`
	}
	if json.Unmarshal(body, &parts) != nil {
		panic("bench: a body is no JSON")
	}
	for _, row := range parts.Payload.Data {
		digest := sha256.Sum256(slices.Concat(parts.Payload.Schema, row))
		for i := range s.sum {
			s.sum[i] += digest[i] // a sum, unlike a difference, notices a row that is there twice
		}
	}
}

// loopback is a Meta that takes everything, over HTTP and in this process: its reading is part of what is measured.
func loopback() (upload.Meta, func(), error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // of a benchmark
	if err != nil {
		return nil, nil, err
	}
	server := &http.Server{Handler: http.HandlerFunc(take), ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	client, err := meta.New(meta.Config{BaseURL: "http://" + listener.Addr().String(), Token: "bench"})
	if err != nil {
		return nil, nil, err
	}
	return client, func() {
		client.Close()
		_ = server.Close()
	}, nil
}

var sessionID = regexp.MustCompile(`"session_id":(\d+)`)

// take reads a batch and acknowledges it.
func take(w http.ResponseWriter, r *http.Request) {
	tail, buffer := []byte(nil), make([]byte, 64<<10)
	for {
		n, err := r.Body.Read(buffer)
		tail = append(tail, buffer[:n]...)
		tail = tail[max(0, len(tail)-200):] // where the session is
		if err != nil {
			break
		}
	}
	found := sessionID.FindSubmatch(tail)
	if found == nil {
		http.Error(w, "no session", http.StatusBadRequest)
		return
	}
	_, _ = fmt.Fprintf(w, `{"audience_id": "1", "session_id": "%s", "num_received": 1, "num_invalid_entries": 0, "invalid_entry_samples": {}}`, found[1])
}
