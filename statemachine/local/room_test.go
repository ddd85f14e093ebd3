package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/local/cleanroom"
)

func TestRoomHasTheAudiencesTable(t *testing.T) {
	for _, c := range []struct {
		name   string
		tables []cleanroom.Table
		says   string
	}{
		{"it has", []cleanroom.Table{{Path: "p.csv"}, {Catalog: "acme_other"}, {Catalog: "acme_vip"}}, ""},
		{"another audience's", []cleanroom.Table{{Catalog: "acme_other"}, {Path: "p.csv"}}, `"acme_vip", which this audience's customers get; the room has acme_other`},
		{"only files", []cleanroom.Table{{Path: "p.csv"}}, "the room has none of a catalog"},
	} {
		err := hasTable(&cleanroom.RoomFile{Tables: c.tables}, audience.TableName("acme", "vip"))
		if c.says == "" {
			require.NoError(t, err, c.name)
			continue
		}
		require.ErrorContains(t, err, c.says, c.name)
		assert.Equal(t, audience.Invalid, audience.ClassOf(err), c.name)
	}
}
