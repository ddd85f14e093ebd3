package storage

import (
	"context"
	"errors"
	"io/fs"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// FindDocument decodes a document that need not be there, and reports whether it is. One of a version that this binary does not
// know is an error: version points to where the document says it.
func (f *Folder) FindDocument(ctx context.Context, key string, into any, version *int) (bool, error) {
	err := f.ReadJSON(ctx, key, into)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, audience.CheckVersion(key, *version)
}
