package advance

import (
	"context"

	"github.com/cleanreach/cleanreach/internal/audience"
)

func (t *turn) recover(context.Context) (*audience.Upload, error) { return nil, nil }
func (t *turn) replace(context.Context) (*audience.Upload, error) { return t.report(), nil }
