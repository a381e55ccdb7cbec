package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// A damaged database is rebuilt in three steps, each of which a kill may
// interrupt: what can be read goes into a new database in a directory of its own;
// that becomes wxbot.db.new; the damaged one is moved aside and the new one takes
// its place. Open takes up the last step.

// salvaged counts what a rebuilt database holds.
type salvaged struct {
	session    bool
	meta, keys int
	messages   int // ids among them whose body is of no use any more
	unfinished int
	deliveries int
	pending    int
	// unreadable counts messages still to be handled and deliveries still to be
	// sent whose rows were found but made no sense.
	unreadable int
	holes      int // places that could not be read
}

const (
	salvageDir = "salvage"
	newSuffix  = ".new"
	// damageMark, beside the database, asks for a check of it however large.
	damageMark = fileName + ".damaged"
	// historyMost is how large a damaged database may be for its history to be
	// kept, in bytes: beyond, the start would take minutes.
	historyMost = checkMost
)

// rebuild replaces a damaged database. cause is what was found.
func (s *Store) rebuild(ctx context.Context, cause error) error {
	got, err := s.salvage(ctx)
	if err != nil && !errors.Is(err, errNothing) {
		// A full disk, say: what is damaged stays for another start.
		return fmt.Errorf("%w: %w", cause, hint(err))
	}
	aside, moveErr := s.moveAside()
	if moveErr != nil {
		return errors.Join(cause, moveErr)
	}
	if err == nil {
		if err := os.Rename(s.path()+newSuffix, s.path()); err != nil {
			return errors.Join(cause, fmt.Errorf("rebuild database: %w", err))
		}
	}
	if err := os.Remove(filepath.Join(s.opts.Dir, damageMark)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(cause, fmt.Errorf("rebuild database: %w", err))
	}
	if err != nil {
		s.opts.Logger.Error().Err(cause).AnErr("salvage", err).Str("file", aside).
			Msg("database damaged: moved aside, a new one is made; nothing could be read of it: the account must be scanned again")
		return nil
	}
	s.tellRebuilt(cause, aside, got)
	return nil
}

func (s *Store) tellRebuilt(cause error, aside string, got salvaged) {
	text := "database damaged: moved aside and rebuilt without the session: the account must be scanned again"
	if got.session {
		text = "database damaged: moved aside and rebuilt with the session: no scan is needed while WeChat keeps it"
	}
	s.opts.Logger.Error().Err(cause).Str("file", aside).Bool("session", got.session).Int("keys", got.keys).
		Int("messages", got.messages).Int("unfinished", got.unfinished).
		Int("deliveries", got.deliveries).Int("pending", got.pending).
		Int("unreadable", got.unreadable).Int("holes", got.holes).Msg(text)
	if got.holes > 0 || got.unreadable > 0 {
		s.opts.Logger.Error().Msg("parts of the damaged database could not be read: messages may go unanswered or be answered twice")
	}
}

// takeUpRebuild ends a rebuilding that a kill interrupted, and clears what one
// left behind.
func (s *Store) takeUpRebuild() error {
	if err := os.RemoveAll(filepath.Join(s.opts.Dir, salvageDir)); err != nil {
		return fmt.Errorf("rebuild database: %w", err)
	}
	_, err := os.Stat(s.path())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.Rename(s.path()+newSuffix, s.path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("rebuild database: %w", err)
		}
		return nil
	case err != nil:
		return fmt.Errorf("database: %w", err)
	}
	// The damaged one is still there: it will be found damaged again.
	if err := os.Remove(s.path() + newSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("rebuild database: %w", err)
	}
	return nil
}

// salvage makes wxbot.db.new of what can be read of a copy of the damaged database.
func (s *Store) salvage(ctx context.Context) (got salvaged, err error) {
	dir := filepath.Join(s.opts.Dir, salvageDir)
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return got, fmt.Errorf("salvage: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fresh := &Store{opts: Options{Dir: dir, Logger: s.opts.Logger}}
	if err := fresh.open(ctx); err != nil {
		return got, fmt.Errorf("salvage: %w", err)
	}
	closed := false
	shut := func() error {
		if closed {
			return nil
		}
		closed = true
		return errors.Join(fresh.read.Close(), fresh.write.Close())
	}
	defer func() { err = errors.Join(err, shut()) }()
	old := filepath.Join(dir, "damaged.db")
	if err := s.copyDamaged(old); err != nil {
		return got, fmt.Errorf("salvage: %w", err)
	}
	if got, err = fresh.fill(ctx, old); err != nil {
		return got, fmt.Errorf("salvage: %w", err)
	}
	if err := shut(); err != nil { // SQLite brings all into the one file
		return got, fmt.Errorf("salvage: %w", err)
	}
	if err := os.Rename(fresh.path(), s.path()+newSuffix); err != nil {
		return got, fmt.Errorf("salvage: %w", err)
	}
	return got, nil
}

// copyDamaged copies the damaged database and its log: SQLite writes into what it
// opens, and the original must stay as it is.
func (s *Store) copyDamaged(to string) error {
	for _, suffix := range []string{"", "-wal"} {
		err := copyFile(s.path()+suffix, to+suffix)
		if err != nil && (suffix == "" || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // it was only read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, fileMode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}

// fill copies what can be read of a damaged database into this new one. If nothing
// can, the start of the file is mended: the size that it tells, then with that of
// the new one, which is the same for all databases that were never written anew.
func (s *Store) fill(ctx context.Context, old string) (salvaged, error) {
	var busy, pages, done int
	if err := s.write.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &done); err != nil {
		return salvaged{}, err
	}
	got, err := s.fillFrom(ctx, old)
	for _, size := range []int64{0, headerSize, pageSize} {
		if !errors.Is(err, errNothing) {
			return got, err
		}
		if mendErr := mendStart(old, s.path(), size); mendErr != nil {
			return got, fmt.Errorf("%w: %w", err, mendErr)
		}
		got, err = s.fillFrom(ctx, old)
	}
	return got, err
}

const (
	headerSize = 100 // of a database file
	pageSize   = 4096
	// Where the header tells how many pages there are, and which are free.
	pagesAt, freeAt, freeEnd = 28, 32, 40
	// Where it repeats the change counter if the number of pages is right.
	changeAt, validAt = 24, 92
)

// mendStart puts the first bytes of a good file over those of a damaged one, and
// lets the header tell the size that the file has.
func mendStart(damaged, good string, size int64) (err error) {
	out, err := os.OpenFile(damaged, os.O_RDWR, fileMode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	st, err := out.Stat()
	if err != nil {
		return err
	}
	if st.Size() < pageSize {
		return errors.New("the file is too short")
	}
	start := make([]byte, pageSize)
	if _, err := out.ReadAt(start, 0); err != nil {
		return err
	}
	fresh, err := os.ReadFile(good)
	if err != nil {
		return err
	}
	copy(start[:size], fresh)
	binary.BigEndian.PutUint32(start[pagesAt:], uint32(st.Size()/pageSize))
	copy(start[validAt:validAt+4], start[changeAt:])
	clear(start[freeAt:freeEnd])
	_, err = out.WriteAt(start, 0)
	return err
}

// errNothing tells that not even the schema of the damaged database can be read.
var errNothing = errors.New("nothing can be read")

// connectDamaged opens a damaged database. SQLite checks more of each page than
// it does of a sound one.
func connectDamaged(path string) (*sql.DB, error) {
	q := url.Values{"_pragma": {"busy_timeout(5000)", "cell_size_check(ON)", "query_only(ON)"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("open damaged database: %w", err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// fillFrom copies all tables in one transaction. It is an error if not even the
// schema can be read.
func (s *Store) fillFrom(ctx context.Context, old string) (got salvaged, err error) {
	db, err := connectDamaged(old)
	if err != nil {
		return got, err
	}
	defer func() { _ = db.Close() }() // of the copy nothing is kept
	var version, tables int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return got, fmt.Errorf("%w: %w", errNothing, err)
	}
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('inbox', 'outbox', 'keys', 'session', 'meta')").Scan(&tables)
	if err != nil {
		return got, fmt.Errorf("%w: %w", errNothing, err)
	}
	if tables == 0 {
		return got, fmt.Errorf("%w: it holds no table of ours", errNothing)
	}
	if version > len(migrations) {
		return got, &NewerError{Have: version, Know: len(migrations)}
	}
	st, err := os.Stat(old)
	if err != nil {
		return got, err
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return got, err
	}
	v := &salvager{from: db, to: tx, history: st.Size() <= historyMost, now: time.Now()}
	if err := v.all(ctx); err != nil {
		return got, errors.Join(err, rolledBack(tx.Rollback()))
	}
	return v.got, tx.Commit()
}

// noteDamage lets the next start check the database though it is large.
func (s *Store) noteDamage(err error) {
	if !corrupt(err) {
		return
	}
	mark := filepath.Join(s.opts.Dir, damageMark)
	if exists(mark) {
		return
	}
	f, markErr := os.OpenFile(mark, os.O_CREATE|os.O_WRONLY, fileMode)
	if markErr == nil {
		markErr = f.Close()
	}
	s.opts.Logger.Error().Err(err).AnErr("mark", markErr).Msg("database damaged: restart wxbot to have it rebuilt")
}
