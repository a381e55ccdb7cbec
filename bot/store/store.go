// Package store keeps what must survive a kill at any instant: the session, the
// inbox of events, the outbox of deliveries, the daemon's own keys for people and
// groups. It is one SQLite file in the state directory. All methods are safe for
// concurrent use; what they wrote is durable when they return.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	sqlite3 "modernc.org/sqlite/lib"
)

// Options configures a Store. Dir is required; it is made, for its owner only, if
// it does not exist.
type Options struct {
	Dir    string
	Logger zerolog.Logger
	// Anew moves what is in the directory aside, into one below it, and begins
	// with an empty database.
	Anew bool
	// Failed, if set, is told of every write that failed. It must not block, nor
	// write.
	Failed func(error)
}

// Store is an open database. It holds a lock on its directory until Close.
type Store struct {
	opts  Options
	lock  *lock
	write *sql.DB
	read  *sql.DB
	tx    *tx // the writer's
	marks *marks
	// Before these numbers nothing is to be done.
	doneSeq, doneID atomic.Int64
	// ran is what handlers of the last process had done; it does not change.
	ran map[ran]int

	wake  chan struct{} // something was put into jobs, or closed was set
	turns atomic.Uint64 // of the writer

	trouble atomic.Pointer[trouble] // nil if there never was any

	writer sync.WaitGroup
	once   sync.Once

	mu     sync.Mutex
	jobs   []*job // at most one for each goroutine that writes
	closed bool
}

const (
	fileName = "wxbot.db"
	lockName = "lock"
	dirMode  = 0o700
	fileMode = 0o600
	// groupMost is how many writes share a transaction.
	groupMost = 512
)

// Open takes the lock and opens the database, which it makes or migrates if need
// be. A second daemon on the directory gets a *LockedError, a database of a newer
// version a *NewerError. A damaged file is moved aside, and a new one is made of
// what can be read of it; the log says what that is.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Dir == "" {
		return nil, errors.New("store: Dir is required")
	}
	if err := os.MkdirAll(o.Dir, dirMode); err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	l, err := acquire(filepath.Join(o.Dir, lockName))
	if err != nil {
		return nil, err
	}
	if o.Anew {
		if err := setAside(o); err != nil {
			return nil, errors.Join(err, l.release())
		}
	}
	s := &Store{opts: o, lock: l, wake: make(chan struct{}, 1)}
	if err = s.takeUpRebuild(); err == nil {
		err = s.open(ctx)
	}
	if corrupt(err) {
		if err = s.rebuild(ctx, err); err == nil {
			err = s.open(ctx)
		}
	}
	if err != nil {
		return nil, errors.Join(err, l.release())
	}
	if err := s.begin(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("database %s: %w", s.path(), err), s.read.Close(), s.write.Close(), l.release())
	}
	return s, nil
}

// begin starts the writer and takes up what the last process left.
func (s *Store) begin(ctx context.Context) error {
	if err := s.findFloor(ctx); err != nil {
		return err
	}
	m, left, err := openMarks(s.opts.Dir)
	if err != nil {
		return err
	}
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return errors.Join(err, m.f.Close())
	}
	m.failed = func(err error) {
		s.opts.Logger.Warn().Err(hint(err)).Msg("what is under way cannot be marked: a kill may repeat a message")
		s.noteTrouble(hint(err))
		if s.opts.Failed != nil {
			s.opts.Failed(err)
		}
	}
	s.marks, s.tx = m, &tx{conn: conn, stmts: map[string]driver.Stmt{}}
	// A write that has begun is not given up with ctx.
	s.writer.Go(func() { s.writeLoop(context.WithoutCancel(ctx)) })
	if err = s.recover(ctx, left); err == nil {
		err = m.clear()
	}
	if err == nil {
		err = s.findRan(ctx)
	}
	if err == nil {
		err = m.begun()
	}
	if err == nil {
		return nil
	}
	s.end()
	return errors.Join(err, s.tx.close(), m.f.Close())
}

func (s *Store) path() string { return filepath.Join(s.opts.Dir, fileName) }

func (s *Store) open(ctx context.Context) error {
	// SQLite makes its files with the mode that the first one has.
	f, err := os.OpenFile(s.path(), os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if err := errors.Join(f.Chmod(fileMode), f.Close()); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if s.write, err = s.connect(1); err != nil {
		return err
	}
	if err := s.check(ctx); err != nil {
		return errors.Join(fmt.Errorf("database %s: %w", s.path(), err), s.write.Close())
	}
	if err := s.migrate(ctx); err != nil {
		return errors.Join(fmt.Errorf("database %s: %w", s.path(), err), s.write.Close())
	}
	if s.read, err = s.connect(readers); err != nil {
		return errors.Join(err, s.write.Close())
	}
	return nil
}

const readers = 4

func (s *Store) connect(most int) (*sql.DB, error) {
	q := url.Values{"_pragma": {
		"busy_timeout(5000)", "wal_autocheckpoint(4000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)", "journal_size_limit(16777216)",
	}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: s.path()}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("database %s: %w", s.path(), err)
	}
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	return db, nil
}

// errDamaged is what a check of the file found.
var errDamaged = errors.New("damaged")

// checkMost is how large a file is checked at start, in bytes; 70 MB take 0.13 s.
const checkMost = 256 << 20

// check reads the database through for damage, which would otherwise show only
// when a write meets it, at every start anew.
func (s *Store) check(ctx context.Context) error {
	st, err := os.Stat(s.path())
	if err != nil {
		return err
	}
	mark := filepath.Join(s.opts.Dir, damageMark)
	if st.Size() > checkMost && !exists(mark) {
		return nil
	}
	var found string
	if err := s.write.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&found); err != nil {
		return hint(err)
	}
	if found != "ok" {
		return fmt.Errorf("%w: %s", errDamaged, found)
	}
	if err := os.Remove(mark); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// corrupt reports whether an error says that the file is no usable database.
func corrupt(err error) bool {
	if errors.Is(err, errDamaged) {
		return true
	}
	code := codeOf(err)
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}

// moveAside renames the database and what belongs to it.
func (s *Store) moveAside() (string, error) {
	aside := s.path() + ".corrupt-" + time.Now().UTC().Format("20060102T150405")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		err := os.Rename(s.path()+suffix, aside+suffix)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("move corrupt database aside: %w", err)
		}
	}
	return aside, nil
}

// Close waits for the writes that were asked for and gives the lock back. It may be
// called more than once.
func (s *Store) Close() error {
	var err error
	s.once.Do(func() {
		s.end()
		err = errors.Join(s.read.Close(), s.tx.close(), s.write.Close(), s.marks.close(), s.lock.release())
	})
	return err
}

// end stops the writer when nothing is left to write.
func (s *Store) end() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.signal()
	s.writer.Wait()
}

// job is one caller's write. Its error is its own; a transaction that cannot be
// committed fails all that share it.
type job struct {
	do    func(context.Context, *tx) error
	alone bool // outside of any transaction
	done  chan error
}

// ErrClosed is returned by writes after Close.
var ErrClosed = errors.New("store is closed")

// update runs do in a transaction that it may share with other callers and
// returns when that is durable. It runs do twice if another's mistake made the
// first transaction fail. Once asked for, a write is not given up with ctx: its
// outcome would be unclear.
func (s *Store) update(ctx context.Context, do func(context.Context, *tx) error) error {
	return s.ask(ctx, &job{do: do, done: make(chan error, 1)})
}

// ask gives the writer a job and waits for its end.
func (s *Store) ask(ctx context.Context, j *job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.enqueue(j); err != nil {
		return err
	}
	return <-j.done // the writer answers every job
}

// enqueue gives the writer a job. Jobs are done in the order they come.
func (s *Store) enqueue(j *job) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
	}
	s.jobs = append(s.jobs, j)
	s.mu.Unlock()
	s.signal()
	return nil
}

func (s *Store) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Turns wakes the writer and tells how many turns it has made. One that works has
// made another by the time of a later call.
func (s *Store) Turns() uint64 {
	s.signal()
	return s.turns.Load()
}

// take gives the jobs for the next transaction, and whether more can come.
func (s *Store) take() (jobs []*job, open bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.jobs), groupMost)
	if i := slices.IndexFunc(s.jobs[:n], func(j *job) bool { return j.alone }); i >= 0 {
		n = max(i, 1)
	}
	jobs = slices.Clone(s.jobs[:n])
	s.jobs = slices.Delete(s.jobs, 0, n)
	return jobs, !s.closed
}

// writeLoop is the only writer: whoever waits while a transaction is being
// committed shares the next one. It ends after Close when nothing is left.
func (s *Store) writeLoop(ctx context.Context) {
	last := 0
	for {
		s.turns.Add(1)
		s.gather(last)
		jobs, open := s.take()
		switch {
		case len(jobs) > 0:
			last = len(jobs)
			s.group(ctx, jobs)
		case open:
			<-s.wake
		default:
			return
		}
	}
}

const (
	// gatherFrom is how many writers must have shared the last transaction for the
	// next one to wait for as many.
	gatherFrom = 4
	// gatherMost is how long it waits; a commit takes about as long.
	gatherMost = 200 * time.Microsecond
)

// gather waits a little for company where there was some: under load most of what
// a transaction costs is shared by those in it.
func (s *Store) gather(last int) {
	if last < gatherFrom {
		return
	}
	t := time.NewTimer(gatherMost)
	defer t.Stop()
	for s.waiting() < last {
		select {
		case <-s.wake:
		case <-t.C:
			s.signal() // whoever came is looked for
			return
		}
	}
}

func (s *Store) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return groupMost
	}
	return len(s.jobs)
}

// group commits jobs together. If one of several fails, each is tried in a
// transaction of its own, so that nobody pays for another's mistake.
func (s *Store) group(ctx context.Context, jobs []*job) {
	if jobs[0].alone {
		jobs[0].done <- s.tx.with(func() error { return hint(jobs[0].do(ctx, s.tx)) })
		return
	}
	err := s.tx.run(ctx, jobs)
	s.noteTrouble(err)
	if err != nil {
		s.noteDamage(err)
		if s.opts.Failed != nil {
			s.opts.Failed(err)
		}
	}
	if err != nil && len(jobs) > 1 {
		for _, j := range jobs {
			j.done <- s.tx.run(ctx, []*job{j})
		}
		return
	}
	for _, j := range jobs {
		j.done <- err
	}
}
