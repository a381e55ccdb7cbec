//go:build unix

package control

import (
	"io/fs"
	"syscall"
)

// groupOf is the group that a file belongs to.
func groupOf(st fs.FileInfo) (gid int, known bool) {
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(sys.Gid), true
}
