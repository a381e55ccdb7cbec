package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"wxbot/bot/event"
	"wxbot/bot/store"
)

// fullDir, if set, is a directory on a small file system of its own, on which the
// test of a full disk works: mount -t tmpfs -o size=4m none DIR
const fullDir = "WXBOT_STORE_FULL_DIR"

func TestIsFull(t *testing.T) {
	if store.IsFull(nil) || store.IsFull(errors.New("disk is full")) || store.IsFull(os.ErrPermission) {
		t.Error("what has nothing to do with room is taken for a full disk")
	}
	if !store.IsFull(&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}) {
		t.Error("no space left on device is no full disk")
	}
}

// All kinds of write fail on a full disk without a trace, and work afterwards.
func TestFullDiskStopsEveryWriteAndLeavesNothingHalfDone(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	valuable(t, s)
	ds := add(t, s, delivery("full", 0))
	before, err := s.Dump(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.LimitPages(t.Context(), 1); err != nil { // SQLite takes the present size
		t.Fatal(err)
	}
	long := strings.Repeat("长", 20_000)
	writes := map[string]func() error{
		"Commit": func() error {
			ev := message("long")
			ev.Message.Text = long
			_, err := s.Commit(t.Context(), []byte("session"), []event.Event{message("short"), ev})
			return err
		},
		"Finish": func() error {
			d := delivery("p1-p1-0", 7)
			d.Action.Message.Text = long
			_, err := s.Finish(t.Context(), []int64{1}, "rule r", []event.Delivery{d})
			return err
		},
		"Resolve": func() error {
			d := delivery("follows", 0)
			d.Action.Message.Text = long
			_, err := s.Resolve(t.Context(), event.Result{ID: ds[0].ID, Status: event.StatusSent, Follow: []event.Delivery{d}})
			return err
		},
		"SetMeta": func() error { return s.SetMeta(t.Context(), "k", long) },
		"PutKeys": func() error {
			return s.PutKeys(t.Context(), []store.KeyRow{{Key: "p900", Kind: "private", Remark: long}})
		},
	}
	for name, write := range writes {
		if err := write(); !store.IsFull(err) || !strings.Contains(err.Error(), "the disk is full") {
			t.Errorf("%s: %v, want a full disk", name, err)
		}
	}
	if after, err := s.Dump(t.Context()); err != nil || after != before {
		t.Errorf("a write that failed left something: %v", err)
	}
	if err := s.LimitPages(t.Context(), 1<<20); err != nil {
		t.Fatal(err)
	}
	for name, write := range writes {
		if err := write(); err != nil {
			t.Errorf("%s, with room again: %v", name, err)
		}
	}
}

// The same on a disk that is full indeed, where SQLite's log is what cannot grow.
func TestDiskThatIsFullIndeed(t *testing.T) {
	base := os.Getenv(fullDir)
	if base == "" {
		t.Skip(fullDir + " names no small file system")
	}
	dir := filepath.Join(base, "state")
	s := open(t, dir)
	filler := filepath.Join(base, "filler")
	f, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, page))
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var stopped error
	var acknowledged int
	for i := range 1000 {
		ev := message(strings.Repeat("x", i+1))
		ev.Message.Text = strings.Repeat("长", 500)
		if _, stopped = s.Commit(t.Context(), nil, []event.Event{ev}); stopped != nil {
			break
		}
		acknowledged++
	}
	if !store.IsFull(stopped) {
		t.Errorf("full disk: %v", stopped)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	commit(t, s, "after")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	all, err := s.Unfinished(t.Context(), "", 0, 2000)
	if err != nil || len(all) != acknowledged+1 {
		t.Errorf("%d events stored, %v; %d and one were acknowledged", len(all), err, acknowledged)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
}

func TestDatabaseThatTurnsReadOnly(t *testing.T) {
	s := open(t, t.TempDir())
	commit(t, s, "before")
	if err := s.SetReadOnly(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	_, err := s.Commit(t.Context(), nil, []event.Event{message("a")})
	if err == nil || !strings.Contains(err.Error(), "the state directory is read-only") || store.IsFull(err) {
		t.Errorf("write to a read-only database: %v", err)
	}
	if err := s.SetReadOnly(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if got := commit(t, s, "before", "a"); len(got) != 1 {
		t.Errorf("afterwards %q are new, want a", idsOf(got))
	}
}

func TestReadOnlyStateDirectoryIsSaidAtOpen(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := filepath.Join(t.TempDir(), "state")
	s := open(t, dir)
	commit(t, s, "a")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files := []string{filepath.Join(dir, "wxbot.db"), filepath.Join(dir, "lock")}
	set := func(dirMode, fileMode os.FileMode) {
		for _, f := range files {
			if err := os.Chmod(f, fileMode); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(dir, dirMode); err != nil {
			t.Fatal(err)
		}
	}
	set(0o500, 0o400)
	_, err := store.Open(t.Context(), store.Options{Dir: dir})
	if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "state directory") {
		t.Errorf("Open = %v", err)
	}
	if aside, err := filepath.Glob(filepath.Join(dir, "*corrupt*")); err != nil || len(aside) != 0 {
		t.Errorf("taken for damaged: %v, %v", aside, err)
	}
	set(0o700, 0o600)
	s = open(t, dir)
	if got := commit(t, s, "a"); len(got) != 0 {
		t.Error("a known message is new")
	}
}
