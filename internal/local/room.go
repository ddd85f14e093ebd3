package local

import (
	"context"
	"errors"
	"strings"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/local/cleanroom"
)

// NewRoom makes the integration of the SDK's cleanrooms:startProtectedQuery, getProtectedQuery and updateProtectedQuery.
func NewRoom(room *cleanroom.Room) asl.Integration {
	return asl.IntegrationFunc(func(ctx context.Context, call asl.Call) (any, error) {
		action := call.Resource[strings.LastIndexByte(call.Resource, ':')+1:]
		out, err := room.Call(ctx, action, call.Parameters)
		var refused *cleanroom.Error
		if errors.As(err, &refused) {
			return nil, &asl.Error{Name: refused.Name, Cause: refused.Cause()}
		}
		return out, err
	})
}
