package prepare

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// testCatalog is the contract of every Catalog: an empty one, and how to ask it for a table.
func testCatalog(t *testing.T, catalog Catalog, table func(name string) (audience.CatalogTable, error)) {
	t.Helper()
	_, err := table("acme_vip")
	require.Error(t, err, "the catalog is not empty")
	first := audience.CatalogTable{
		Schema: 1, Name: "acme_vip", Location: "file:///runs/1/prepared/", Run: "1",
		Columns: []audience.CatalogColumn{{Name: "email", Type: "string"}, {Name: "last_order", Type: "date"}},
	}
	second := first
	second.Location, second.Run, second.Columns = "file:///runs/2/prepared/", "2", first.Columns[:1]
	other := first
	other.Name = "acme_all"
	for _, to := range []audience.CatalogTable{first, second, second, other, first} {
		require.NoError(t, catalog.Switch(t.Context(), to))
		got, err := table(to.Name)
		require.NoError(t, err)
		assert.Equal(t, to, got)
	}

	var group sync.WaitGroup
	for range 20 {
		for _, to := range []audience.CatalogTable{first, second} {
			group.Go(func() {
				assert.NoError(t, catalog.Switch(t.Context(), to))
				got, err := table(to.Name)
				assert.NoError(t, err)
				assert.Contains(t, []audience.CatalogTable{first, second}, got, "neither the old table nor the new one")
			})
		}
	}
	group.Wait()
	got, err := table("acme_all")
	require.NoError(t, err)
	assert.Equal(t, other, got)
}

func TestDocumentCatalog(t *testing.T) {
	folder, err := storage.Open(t.Context(), storage.FileURL(t.TempDir()))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, folder.Close()) })
	testCatalog(t, DocumentCatalog{Folder: folder}, func(name string) (found audience.CatalogTable, err error) {
		return found, folder.ReadJSON(t.Context(), name+".json", &found)
	})
}
