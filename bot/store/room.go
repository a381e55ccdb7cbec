package store

import (
	"errors"
	"fmt"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// IsFull tells whether an error means that the disk is full. Nothing is lost by
// it: a write that failed so has changed nothing, and the next one works as soon as
// there is room.
func IsFull(err error) bool {
	return codeOf(err) == sqlite3.SQLITE_FULL || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// codeOf is SQLite's primary code in an error, 0 if there is none.
func codeOf(err error) int {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return 0
	}
	return e.Code() & 0xff
}

// hint says in plain words what an operator can mend.
func hint(err error) error {
	switch {
	case err == nil:
		return nil
	case IsFull(err):
		return fmt.Errorf("the disk is full: %w", err)
	case codeOf(err) == sqlite3.SQLITE_READONLY:
		return fmt.Errorf("the state directory is read-only: %w", err)
	}
	return err
}
