package store

import (
	"errors"
	"io/fs"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
)

// trouble is that the disk takes no writes.
type trouble struct {
	since, last time.Time // of the failures
	err         error
	over        bool // something was written since
}

// troubleShown is how long after the last failure it is told although something was
// written since: on a full disk a small write may find room.
const troubleShown = time.Minute

// Trouble tells since when the state cannot be written, and why; err is nil if it
// can be.
func (s *Store) Trouble() (since time.Time, err error) {
	t := s.trouble.Load()
	if t == nil || t.over && time.Since(t.last) > troubleShown {
		return time.Time{}, nil
	}
	return t.since, t.err
}

// noteTrouble is told of the end of every transaction, in the words of hint. It is called by the writer
// and, with errors alone, by who marks what is under way.
func (s *Store) noteTrouble(err error) {
	was := s.trouble.Load()
	now := time.Now()
	switch {
	case err == nil && (was == nil || was.over):
	case err == nil:
		t := *was
		t.over = true
		s.trouble.Store(&t)
	case ofTheDisk(err):
		t := &trouble{since: now, last: now, err: err}
		if was != nil && (!was.over || now.Sub(was.last) <= troubleShown) {
			t.since = was.since
		}
		s.trouble.Store(t)
	}
}

// ofTheDisk tells an error of what lies below the database from one of whoever asked
// for the write.
func ofTheDisk(err error) bool {
	switch codeOf(err) {
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return true
	}
	_, ok := errors.AsType[*fs.PathError](err)
	return ok || IsFull(err)
}
