//go:build unix

package main

import (
	"fmt"
	"os"
	"syscall"
)

// isJournal tells whether a file is the stream that systemd names in
// JOURNAL_STREAM, as device:inode. A variable that was only inherited names another.
func isJournal(f *os.File, stream string) bool {
	st, err := f.Stat()
	if err != nil || stream == "" {
		return false
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && stream == fmt.Sprintf("%d:%d", sys.Dev, sys.Ino)
}
