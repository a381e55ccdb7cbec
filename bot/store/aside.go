package store

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// asidePrefix begins the names of directories that hold the state of earlier
// accounts.
const asidePrefix = "old-"

// setAside moves everything in the state directory but the lock and sockets into a
// directory below it.
func setAside(o Options) error {
	entries, err := os.ReadDir(o.Dir)
	if err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	to := filepath.Join(o.Dir, asidePrefix+time.Now().UTC().Format("20060102T150405.000"))
	moved := 0
	for _, e := range entries {
		if e.Name() == lockName || strings.HasPrefix(e.Name(), incomingPrefix) || e.Type()&fs.ModeSocket != 0 || e.IsDir() && strings.HasPrefix(e.Name(), asidePrefix) {
			continue
		}
		if err := os.MkdirAll(to, dirMode); err != nil {
			return fmt.Errorf("state directory: %w", err)
		}
		if err := os.Rename(filepath.Join(o.Dir, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return fmt.Errorf("state directory: %w", err)
		}
		moved++
	}
	if moved > 0 {
		o.Logger.Warn().Str("to", to).Int("entries", moved).Msg("state of the earlier account moved aside")
	}
	return nil
}
