package prepare

import (
	"context"
	"fmt"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/table"
)

// A Catalog knows where tables lie: the clean room asks it for the audience's.
type Catalog interface {
	// Switch makes the table of that name be the files at another location, with these columns, and makes the table when
	// there is none. It happens in one step: whoever asks sees the old table or the new one. Switching again to the same
	// is no error. Nothing else of the catalog changes.
	Switch(ctx context.Context, to audience.CatalogTable) error
}

// DocumentCatalog is a catalog of documents, <name>.json each: for where there is no Glue.
type DocumentCatalog struct {
	Folder *storage.Folder
}

// Switch writes the table's document.
func (c DocumentCatalog) Switch(ctx context.Context, to audience.CatalogTable) error {
	if err := c.Folder.WriteJSON(ctx, to.Name+".json", to); err != nil {
		return fmt.Errorf("switch table %s: %w", to.Name, err)
	}
	return nil
}

// switchTable makes the audience's table be what this run prepared. The columns are taken from the files themselves.
func switchTable(ctx context.Context, deps Deps) error {
	parts, err := deps.Folder.List(ctx, audience.PreparedDir)
	if err != nil {
		return err
	}
	if len(parts) == 0 {
		return audience.Failf(audience.Transient, "the prepared files have vanished from %s%s: start the run again", deps.Folder.URL(), audience.PreparedDir)
	}
	footer, err := readFooter(ctx, deps.Folder, parts[0].Key)
	if err != nil {
		return err
	}
	columns := make([]audience.CatalogColumn, len(footer.Columns))
	for i, c := range footer.Columns {
		columns[i] = audience.CatalogColumn{Name: c.Name, Type: string(c.Type)}
	}
	return deps.Catalog.Switch(ctx, audience.CatalogTable{
		Schema:   audience.DocumentVersion,
		Name:     audience.TableName(deps.Run.Tenant, deps.Run.Audience),
		Location: deps.Folder.Sub(audience.PreparedDir).URL(),
		Columns:  columns,
		Run:      deps.Run.ID,
	})
}

func readFooter(ctx context.Context, folder *storage.Folder, part string) (table.Footer, error) {
	ra, err := folder.ReaderAt(ctx, part)
	if err != nil {
		return table.Footer{}, err
	}
	defer func() { _ = ra.Close() }() // nothing was written
	return table.ReadFooter(folder.URL()+part, ra, ra.Size())
}
