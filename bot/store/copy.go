package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// FileName is the name of the database in the state directory.
const FileName = fileName

// Copy writes the database as it is at one moment into a new file, for its owner
// only, while everything else goes on. Without withSession what logs the account in
// is left out.
func (s *Store) Copy(ctx context.Context, path string, withSession bool) (err error) {
	// SQLite fills an empty file; one of its own would be readable by others.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if err := f.Close(); err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	if _, err := s.read.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return fmt.Errorf("copy database: %w", hint(err))
	}
	if withSession {
		return nil
	}
	db, err := plain(path)
	if err != nil {
		return err
	}
	for _, q := range []string{
		"PRAGMA secure_delete = ON", "DELETE FROM session",
		"DELETE FROM meta WHERE key = '" + metaEnded + "'", "PRAGMA journal_mode = DELETE",
	} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return errors.Join(fmt.Errorf("take the session out of the copy: %w", hint(err)), db.Close())
		}
	}
	return db.Close()
}

// plain opens a database that is nobody's.
func plain(path string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// Check reports what keeps a file from being used as the database: damage, or a
// version that is newer than this wxbot, which is a *NewerError.
func Check(ctx context.Context, path string) error {
	db, err := plain(path)
	if err != nil {
		return err
	}
	var found string
	var version, tables int
	err = db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found)
	if err == nil && found != "ok" {
		err = fmt.Errorf("%w: %s", errDamaged, found)
	}
	if err == nil {
		err = db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	}
	if err == nil {
		err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name IN ('inbox', 'outbox', 'keys')").Scan(&tables)
	}
	const all = 3
	switch {
	case err != nil:
	case version > len(migrations):
		err = &NewerError{Have: version, Know: len(migrations)}
	case version == 0 || tables != all:
		err = errors.New("not a database of wxbot")
	}
	return errors.Join(err, db.Close())
}

// EndWaiting ends whatever is not done, for a reason: messages are not handled any
// more, and deliveries fail.
func (s *Store) EndWaiting(ctx context.Context, reason string) error {
	result, err := encodeResult(event.Result{Reason: reason})
	if err != nil {
		return err
	}
	return s.update(ctx, func(ctx context.Context, tx *tx) error {
		if _, err := tx.exec(ctx, "UPDATE outbox SET status = 'failed', done_at = ?, result = ? WHERE status = 'pending'",
			time.Now().UnixMilli(), result); err != nil {
			return fmt.Errorf("end deliveries: %w", err)
		}
		if _, err := tx.exec(ctx, "UPDATE inbox SET outcome = ? WHERE outcome IS NULL", reason); err != nil {
			return fmt.Errorf("end messages: %w", err)
		}
		return nil
	})
}

// incomingPrefix begins the names of directories in which a state is prepared.
const incomingPrefix = ".incoming-"

// ErrInUse tells that the state directory holds a state already.
var ErrInUse = lang.Errorf("there is a state already")

// Incoming makes a directory, inside the state directory, for a state that is to
// replace it. What a call that was killed left is removed.
func Incoming(dir string) (string, error) {
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return "", fmt.Errorf("state directory: %w", err)
	}
	old, err := filepath.Glob(filepath.Join(dir, incomingPrefix+"*"))
	if err != nil {
		return "", fmt.Errorf("state directory: %w", err)
	}
	for _, o := range old {
		if err := os.RemoveAll(o); err != nil {
			return "", fmt.Errorf("state directory: %w", err)
		}
	}
	made, err := os.MkdirTemp(dir, incomingPrefix)
	if err != nil {
		return "", fmt.Errorf("state directory: %w", err)
	}
	return made, nil
}

// Replace moves the state in a directory of Incoming's to its place. A daemon on the
// state directory makes it a *LockedError, a state there ErrInUse, unless aside is
// set, which moves that aside.
func Replace(o Options, from string, aside bool) (err error) {
	l, err := acquire(filepath.Join(o.Dir, lockName))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.release()) }()
	if aside {
		if err := setAside(o); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	names := []string{}
	for _, e := range entries {
		// The database comes last: without it nothing takes the rest for a state.
		if e.Name() != fileName && e.Name() != lockName && e.Name() != marksName {
			names = append(names, e.Name())
		}
	}
	names = append(names, fileName)
	// What belonged to a database that is gone would be taken for the new one's.
	for _, name := range append(slices.Clone(names), fileName+"-wal", fileName+"-shm", marksName) {
		if exists(filepath.Join(o.Dir, name)) {
			return lang.Errorf("%s (%s)", ErrInUse, filepath.Join(o.Dir, name))
		}
	}
	for _, name := range names {
		if err := os.Rename(filepath.Join(from, name), filepath.Join(o.Dir, name)); err != nil {
			return fmt.Errorf("state directory: %w", err)
		}
	}
	return nil
}
