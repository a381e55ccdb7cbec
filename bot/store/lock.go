package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"wxbot/bot/lang"
)

// LockedError tells that another daemon uses the state directory.
type LockedError struct {
	Path string
	PID  int // 0 if unknown
}

func (e *LockedError) Error() string { return e.In(lang.English) }

// In says it in a language.
func (e *LockedError) In(l lang.Language) string {
	if e.PID == 0 {
		return lang.T("state directory: %s is locked by another daemon", e.Path).In(l)
	}
	return lang.T("state directory: %s is locked by the daemon with pid %d", e.Path, e.PID).In(l)
}

// lock is an exclusive lock on a file that holds the pid of its owner. It goes
// with the process, however that ends.
type lock struct{ f *os.File }

func acquire(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	if err := tryLock(f); err != nil {
		locked := errors.Is(err, errLocked)
		text, readErr := io.ReadAll(io.LimitReader(f, 32))
		if closeErr := f.Close(); !locked {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), closeErr)
		}
		pid, convErr := strconv.Atoi(strings.TrimSpace(string(text)))
		if readErr != nil || convErr != nil {
			pid = 0
		}
		return nil, &LockedError{Path: path, PID: pid}
	}
	err = f.Truncate(0)
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return &lock{f}, nil
}

func (l *lock) release() error { return l.f.Close() }
