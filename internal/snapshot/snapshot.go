package snapshot

import (
	"context"
	"fmt"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// snapshotFile is where a Snapshot lies in its run's folder. It is written when all the files that it names are there.
const snapshotFile = "snapshot.json"

// A Snapshot is mirror/<run>/snapshot.json: the people of a run's match, and what the run sends of them.
type Snapshot struct {
	Schema     int            `json:"schema"`
	Run        string         `json:"run"`
	AudienceID string         `json:"audience_id"`
	Keys       []audience.Key `json:"keys"`              // of the rows, in the order of the files' columns
	Options    string         `json:"options,omitempty"` // what the definition said to Meta of everybody
	TakenAt    time.Time      `json:"taken_at"`          // when the run was compared: nobody was sent before
	Base       string         `json:"base,omitempty"`    // the run whose people these were compared with
	Since      []string       `json:"since"`             // the runs that had not finished then

	People int64 `json:"people"`
	// SentAt says for each Slot since when all of its people have been in the audience without being sent again, at the most.
	SentAt []time.Time `json:"sent_at"`

	Members Shards `json:"members"` // the people of the match
	Joins   Shards `json:"joins"`   // of these, the rows that the run adds; none where it sends all of them
	Leaves  Shards `json:"leaves"`  // the rows that it takes out
}

// Slots is into how many parts the people are divided who are sent again together.
const Slots = 64

// Slot is the part that a person belongs to. It does not depend on the number of shards, and neither do the shards on it: it
// is made of the bits at the other end.
func Slot(person uint64) int { return int(person % Slots) }

// ReadSnapshot reads a run's snapshot. One that is not there is an fs.ErrNotExist.
func ReadSnapshot(ctx context.Context, folder *storage.Folder, run string) (*Snapshot, error) {
	var s Snapshot
	if err := folder.ReadJSON(ctx, Dir(run)+snapshotFile, &s); err != nil {
		return nil, fmt.Errorf("find the people of run %s: %w", run, err)
	}
	return &s, audience.CheckVersion(snapshotFile, s.Schema)
}

// Write puts the snapshot where ReadSnapshot finds it.
func (s *Snapshot) Write(ctx context.Context, folder *storage.Folder) error {
	if err := folder.WriteJSON(ctx, Dir(s.Run)+snapshotFile, s); err != nil {
		return fmt.Errorf("name the people of the match: %w", err)
	}
	return nil
}

// Missing names a file that the snapshot names and that is not there as it was written; empty: all are.
func (s *Snapshot) Missing(ctx context.Context, folder *storage.Folder) (string, error) {
	objects, err := folder.List(ctx, Dir(s.Run))
	if err != nil {
		return "", fmt.Errorf("look for the people of run %s: %w", s.Run, err)
	}
	sizes := map[string]int64{}
	for _, o := range objects {
		sizes[o.Key] = o.Size
	}
	for _, shards := range []Shards{s.Members, s.Joins, s.Leaves} {
		for _, f := range shards.Files {
			if sizes[f.Name] != f.Bytes {
				return f.Name, nil
			}
		}
	}
	return "", nil
}
