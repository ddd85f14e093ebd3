package prepare

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// TestDiskFull prepares into a disk of 256 KiB, which a process in a namespace of its own may mount.
func TestDiskFull(t *testing.T) {
	if slices.Contains(os.Args, "disk-full-child") {
		prepareIntoFullDisk(t)
		return
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDiskFull$", "disk-full-child")
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := child.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSPC) {
		t.Skip("this machine does not let users make namespaces")
	}
	require.NoError(t, err, string(out))
}

func prepareIntoFullDisk(t *testing.T) {
	b := newBench(t).put("a.csv", csvOf(20_000))
	disk := t.TempDir()
	require.NoError(t, syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=256k"))
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(disk, syscall.MNT_DETACH)) })
	folder, err := storage.Open(t.Context(), storage.FileURL(disk))
	require.NoError(t, err)
	b.deps.Folder = folder
	b.sizes.partRows, b.sizes.batchRows = 1000, 500

	err = b.fails(audience.Transient, "the disk is full", "free some space")
	require.ErrorIs(t, err, syscall.ENOSPC)
	assert.Empty(t, b.keys(folder, ""), "what was written still fills the disk")

	require.NoError(t, syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=64m"))
	assert.Equal(t, int64(20_000), b.prepared().Prepared, "the run continues")
}
