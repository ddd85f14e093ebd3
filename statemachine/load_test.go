package statemachine

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/asl"
)

func TestTheInterpreterLoadsIt(t *testing.T) {
	rendered, err := Render(someValues())
	require.NoError(t, err)
	_, err = asl.Load(rendered)
	require.NoError(t, err)
}
