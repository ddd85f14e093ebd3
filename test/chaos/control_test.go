package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

// What this package is to find is found when it is there: each of these worlds has one fault more than the others.
func TestChaosNoticesFaults(t *testing.T) {
	cases := []struct {
		name  string
		mode  string
		spoil func(*world) error
		want  string
	}{
		{"tasks that do not look at their receipts", "add", func(w *world) error {
			w.spoil.forget = true
			return w.adds()
		}, "sent again after they were acknowledged"},
		{"the same in a replace", "replace", func(w *world) error {
			w.spoil.forget = true
			return w.replaces()
		}, "of a replace was acknowledged twice"},
		{"a member who vanishes", "add", func(w *world) error {
			if err := w.adds(); err != nil {
				return err
			}
			want, err := w.members()
			if err != nil {
				return err
			}
			if err := w.vanish(slices.Collect(maps.Values(want))[0]["EMAIL"]); err != nil {
				return err
			}
			return w.check(want)
		}, "1 are missing"},
		{"people who opt out and stay", "add", func(w *world) error {
			w.spoil.deaf = true
			return w.adds()
		}, "have opted out"},
		{"runs of a mirror that do not note that they are about to send", "mirror", func(w *world) error {
			w.spoil.silent = true
			people := w.rand.Perm(600)[:35*w.chunk]
			if err := w.follow("run-0", people); err != nil {
				return err
			}
			if err := w.giveUp("given-up", w.matchOf(w.turnover(people))); err != nil {
				return err
			}
			return w.follow("run-1", people)
		}, "should not be there"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var found string
			for _, seeds := range [][]uint64{{0, 1}, {2, 3}, {4, 5}} { // in one of them it must show
				found += fmt.Sprint(slices.Collect(maps.Values(play(t, c.mode, seeds, c.spoil))))
				if strings.Contains(found, c.want) {
					return
				}
			}
			assert.Contains(t, found, c.want)
		})
	}
}

// vanish takes somebody out of the audience behind the run's back.
func (w *world) vanish(email string) error {
	a, err := w.audience()
	if err != nil {
		return err
	}
	payload := meta.NewPayload([]audience.Key{audience.Email})
	payload.BeginRow()
	payload.Value([]byte(email))
	payload.EndRow()
	_, err = w.client(nil, meta.NewBudget(0, nil)).RemoveUsers(w.t.Context(), a.ID, payload.Batch(meta.Session{ID: 7, Seq: 1, Last: true}))
	return err
}
