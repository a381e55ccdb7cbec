package wx

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// FileStore keeps a session in a file that only its owner can read. Use it from
// one process at a time; its methods must not run concurrently.
type FileStore struct {
	Path string
}

// Load reads the session. No file is no error: it gives nil, with which a Client
// logs in anew. A file that cannot be understood is moved aside, and the error
// says where to.
func (f FileStore) Load() (*Session, error) {
	b, err := os.ReadFile(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // no session yet is no error
	}
	if err != nil {
		return nil, fmt.Errorf("load session: %w", err)
	}
	s, err := DecodeSession(b)
	if err == nil {
		return s, nil
	}
	aside := f.Path + ".unreadable-" + time.Now().UTC().Format("20060102-150405")
	if moveErr := os.Rename(f.Path, aside); moveErr != nil {
		return nil, fmt.Errorf("load session %q: %w", f.Path, errors.Join(err, moveErr))
	}
	return nil, fmt.Errorf("load session %q: %w (moved to %q)", f.Path, err, aside)
}

// Save writes the session. After an error, or a crash at any moment, the file
// holds the session saved before.
func (f FileStore) Save(s *Session) error {
	b, err := s.Encode()
	if err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	dir := filepath.Dir(f.Path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	tmp, err := os.CreateTemp(dir, filepath.Base(f.Path)+".tmp-*") // 0600
	if err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	_, err = tmp.Write(b)
	if err == nil {
		err = tmp.Sync()
	}
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), f.Path)
	}
	if err != nil {
		return fmt.Errorf("save session: %w", errors.Join(err, os.Remove(tmp.Name())))
	}
	return syncDir(dir)
}

// syncDir makes a rename last over a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	// Some file systems cannot sync a directory; the rename stands all the same.
	syncErr := d.Sync()
	if errors.Is(syncErr, errors.ErrUnsupported) || errors.Is(syncErr, fs.ErrInvalid) {
		syncErr = nil
	}
	if err := errors.Join(syncErr, d.Close()); err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	return nil
}
