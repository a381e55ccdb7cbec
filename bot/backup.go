package bot

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/control"
	"wxbot/bot/lang"
	"wxbot/bot/store"
)

// A backup is a tar file, compressed by gzip: the manifest, what the state directory
// holds beside the database, and the database last.
const (
	manifestName   = "wxbot-backup.json"
	backupVersion  = 1
	lastGoodName   = "last-good-rules.json"
	versionsName   = "rule-versions"
	pluginDataName = "plugins"
)

// manifest begins a backup.
type manifest struct {
	Format  int       `json:"format"`
	Made    time.Time `json:"made"`
	By      string    `json:"by,omitempty"` // the version of wxbot
	Session bool      `json:"session"`
}

// backedUp are the entries of the state directory that a backup holds beside the
// database.
func backedUp() []string { return []string{lastGoodName, versionsName, pluginDataName} }

// Backup writes a copy of the state, consistent as of one moment as far as the
// database goes, while the daemon works. It implements control.BackupDaemon.
func (b *Bot) Backup(ctx context.Context, withSession bool, begin func() io.Writer) error {
	if !b.backingUp.TryLock() { // what another leaves behind is removed
		return errors.New("backup: another one is under way")
	}
	defer b.backingUp.Unlock()
	return backup(ctx, b.store, b.opts, withSession, begin)
}

// BackupState is Backup for a state directory that no daemon uses.
func BackupState(ctx context.Context, o Options, withSession bool, w io.Writer) (err error) {
	dir := o.Config.State
	if _, err := os.Stat(filepath.Join(dir, store.FileName)); err != nil {
		return fmt.Errorf("backup: no state in %s: %w", dir, err)
	}
	s, err := store.Open(ctx, store.Options{Dir: dir, Logger: o.Logger})
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close(), giveBack(dir)) }()
	return backup(ctx, s, o, withSession, func() io.Writer { return w })
}

// backupDir begins the names of directories in which a backup is made.
const backupDir = ".backup-"

// dropBackups removes what backups that were cut short have left: copies of
// everything.
func dropBackups(state string) error {
	left, err := filepath.Glob(filepath.Join(state, backupDir+"*"))
	for _, l := range left {
		err = errors.Join(err, os.RemoveAll(l))
	}
	if err != nil {
		return fmt.Errorf("remove what a backup left: %w", err)
	}
	return nil
}

// backup asks for the writer when the database is copied: until then an error can
// still be told in another way.
func backup(ctx context.Context, s *store.Store, o Options, withSession bool, begin func() io.Writer) (err error) {
	if err := dropBackups(o.Config.State); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	dir, err := os.MkdirTemp(o.Config.State, backupDir)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db := filepath.Join(dir, store.FileName)
	if err := s.Copy(ctx, db, withSession); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	zip := gzip.NewWriter(begin())
	out := tar.NewWriter(zip)
	text, err := json.Marshal(manifest{Format: backupVersion, Made: time.Now().UTC(), By: o.Version, Session: withSession})
	if err == nil {
		err = addBytes(out, manifestName, text)
	}
	for _, name := range backedUp() {
		if err == nil {
			err = addTree(ctx, out, o.Config.State, name)
		}
	}
	if err == nil {
		err = addFile(out, store.FileName, db)
	}
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	// Without these ends whoever reads it knows that it is not whole.
	if err := errors.Join(out.Close(), zip.Close()); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

func addBytes(out *tar.Writer, name string, text []byte) error {
	h := &tar.Header{Name: name, Mode: 0o600, Size: int64(len(text)), ModTime: time.Now(), Typeflag: tar.TypeReg}
	if err := out.WriteHeader(h); err != nil {
		return err
	}
	_, err := out.Write(text)
	return err
}

func addFile(out *tar.Writer, name, path string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	h := &tar.Header{Name: name, Mode: 0o600, Size: st.Size(), ModTime: st.ModTime(), Typeflag: tar.TypeReg}
	if err := out.WriteHeader(h); err != nil {
		return err
	}
	// Files here are replaced, not written to; one that was is not what the header says.
	if _, err = io.CopyN(out, f, st.Size()); errors.Is(err, io.EOF) {
		err = fmt.Errorf("%s has changed meanwhile: try again", name)
	}
	return err
}

// addTree adds a file or a directory with the files below it. A file that goes away
// meanwhile is left out.
func addTree(ctx context.Context, out *tar.Writer, dir, name string) error {
	return filepath.WalkDir(filepath.Join(dir, name), func(path string, e fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		err = addFile(out, filepath.ToSlash(rel), path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// Restored tells what a backup held.
type Restored struct {
	Made    time.Time `json:"made"`
	By      string    `json:"by,omitempty"`
	Session bool      `json:"session"`
}

// reasonRestored is why what waited in a backup ends: it may have been done since.
const reasonRestored = "restored from a backup"

// RestoreState makes the state directory of a backup. It refuses while a daemon uses
// that, and over a state that is there (store.ErrInUse), which aside moves into a
// directory old-DATE beside the new one. Nothing has changed when it fails. What
// waited in the backup is ended, and messages older than now are not answered: they
// may have been since.
func RestoreState(ctx context.Context, o Options, r io.Reader, aside bool) (got Restored, err error) {
	dir := o.Config.State
	from, err := store.Incoming(dir)
	if err != nil {
		return got, fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(from), giveBack(dir)) }()
	m, err := unpack(ctx, r, from)
	if err == nil {
		err = takeUp(ctx, from, o.Logger)
	}
	if err == nil {
		err = store.Replace(store.Options{Dir: dir, Logger: o.Logger}, from, aside)
	}
	if err != nil {
		return got, fmt.Errorf("restore: %w", err)
	}
	return Restored{Made: m.Made, By: m.By, Session: m.Session}, nil
}

// takeUp makes a state out of a copy of one that has gone on since.
func takeUp(ctx context.Context, dir string, log zerolog.Logger) (err error) {
	if err := store.Check(ctx, filepath.Join(dir, store.FileName)); err != nil {
		return err
	}
	s, err := store.Open(ctx, store.Options{Dir: dir, Logger: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.EndWaiting(ctx, reasonRestored); err != nil {
		return err
	}
	entered, err := s.Meta(ctx, metaLoginAt)
	if err != nil || entered == "" {
		return err
	}
	return s.SetMeta(ctx, metaLoginAt, time.Now().Format(time.RFC3339Nano))
}

// CheckBackup reads a backup to its end.
func CheckBackup(ctx context.Context, r io.Reader) (Restored, error) {
	m, err := entries(ctx, r, func(string, io.Reader) error { return nil })
	return Restored{Made: m.Made, By: m.By, Session: m.Session}, err
}

// unpack writes the files of a backup into a directory.
func unpack(ctx context.Context, r io.Reader, dir string) (manifest, error) {
	return entries(ctx, r, func(name string, r io.Reader) error {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, r)
		return errors.Join(err, f.Sync(), f.Close())
	})
}

var errNoBackup = lang.Errorf("not a backup of wxbot, or not a whole one")

// entries goes through a backup and checks that it is whole.
func entries(ctx context.Context, r io.Reader, each func(name string, r io.Reader) error) (manifest, error) {
	var m manifest
	zip, err := gzip.NewReader(r)
	if err != nil {
		return m, lang.Errorf("%s (%s)", errNoBackup, err)
	}
	in, database := tar.NewReader(zip), false
	for first := true; ; first = false {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return m, lang.Errorf("%s (%s)", errNoBackup, err)
		}
		if first {
			if h.Name != manifestName || json.NewDecoder(io.LimitReader(in, 1<<16)).Decode(&m) != nil {
				return m, errNoBackup
			}
			if m.Format != backupVersion {
				return m, fmt.Errorf("backup of format %d, this wxbot knows %d: use the wxbot that wrote it", m.Format, backupVersion)
			}
			continue
		}
		if err := allowed(h); err != nil {
			return m, err
		}
		database = database || h.Name == store.FileName
		if err := each(h.Name, in); err != nil {
			return m, lang.Errorf("%s (%s): %s", errNoBackup, h.Name, err)
		}
	}
	// What follows the end of the tar file is read for the sum of gzip.
	if _, err := io.Copy(io.Discard, io.LimitReader(zip, 1<<20)); err != nil {
		return m, lang.Errorf("%s (%s)", errNoBackup, err)
	}
	if !database {
		return m, errNoBackup
	}
	return m, nil
}

// allowed keeps a file that somebody made from writing anywhere else.
func allowed(h *tar.Header) error {
	name := filepath.FromSlash(h.Name)
	if h.Typeflag != tar.TypeReg || !filepath.IsLocal(name) || filepath.Clean(name) != name {
		return lang.Errorf("%s (%s)", errNoBackup, h.Name)
	}
	if h.Name == store.FileName {
		return nil
	}
	for _, top := range backedUp() {
		rel, err := filepath.Rel(top, name)
		if err == nil && filepath.IsLocal(rel) {
			return nil
		}
	}
	return lang.Errorf("%s (%s)", errNoBackup, h.Name)
}

var _ control.BackupDaemon = (*Bot)(nil)
