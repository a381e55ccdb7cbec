package bot_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wxbot/bot"
	"wxbot/bot/control"
	"wxbot/bot/store"
	"wxbot/wx/wxtest"
)

// backedUp is a daemon that has answered, and a backup of it made while it ran.
func backedUp(t *testing.T, withSession bool) (*rig, []byte) {
	t.Helper()
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	stop := r.online()
	ming.Say("ping")
	r.sent(1)
	await[bot.Handled](r)
	data := filepath.Join(r.config.State, "plugins", "dice", "kept.txt")
	if err := os.MkdirAll(filepath.Dir(data), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(data, []byte("six"), 0o600); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := control.NewClient(r.config.Socket).Backup(t.Context(), withSession, &file); err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	return r, file.Bytes()
}

func restore(ctx context.Context, state string, file []byte, aside bool) (bot.Restored, error) {
	return bot.RestoreState(ctx, bot.Options{Config: bot.Config{State: state}}, bytes.NewReader(file), aside)
}

func openState(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestOneBackupAtATime(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	r.online()
	var file bytes.Buffer
	err := r.bot.Backup(t.Context(), false, func() io.Writer {
		second := control.NewClient(r.config.Socket).Backup(t.Context(), false, io.Discard)
		if second == nil || !strings.Contains(second.Error(), "another one is under way") {
			t.Errorf("the second: %v", second)
		}
		return &file
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bot.CheckBackup(t.Context(), &file); err != nil {
		t.Errorf("the first is not whole: %v", err)
	}
}

func TestBackupIsRestoredWithoutTheSession(t *testing.T) {
	_, file := backedUp(t, false)
	dir := filepath.Join(t.TempDir(), "state")
	got, err := restore(t.Context(), dir, file, false)
	if err != nil || got.Session || got.Made.IsZero() {
		t.Fatalf("restored %+v, %v", got, err)
	}
	kept, err := os.ReadFile(filepath.Join(dir, "plugins", "dice", "kept.txt"))
	if err != nil || string(kept) != "six" {
		t.Errorf("data of a plugin: %q, %v", kept, err)
	}
	for name, want := range map[string]os.FileMode{"wxbot.db": 0o600, "plugins/dice/kept.txt": 0o600, "last-good-rules.json": 0o600} {
		st, err := os.Stat(filepath.Join(dir, name))
		if err != nil || st.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, st, err)
		}
	}
	s := openState(t, dir)
	if body, err := s.Session(t.Context()); err != nil || body != nil {
		t.Errorf("the session is in the backup: %d bytes, %v", len(body), err)
	}
	lines, err := s.History(t.Context(), store.HistoryQuery{Limit: 10})
	if err != nil || len(lines) < 2 {
		t.Errorf("%d lines of history, %v", len(lines), err)
	}
}

// What has waited in a backup may have been done since, and what the old session
// hands out again was answered.
func TestRestoredStateAnswersNothingTwice(t *testing.T) {
	// Before the restore it is a minute ago.
	var restored atomic.Bool
	now := func() time.Time {
		if restored.Load() {
			return time.Now()
		}
		return time.Now().Add(-time.Minute)
	}
	r := newRig(t, wxtest.Config{Now: now}, baseRules+"  - {name: late, exact: late, do: [{wait: 1h}, {reply: late}]}\n", nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	stop := r.online()
	ming.Say("late")
	ming.Say("ping")
	r.sent(1)
	var file bytes.Buffer
	if err := control.NewClient(r.config.Socket).Backup(t.Context(), true, &file); err != nil {
		t.Fatal(err)
	}
	ming.Say("ping") // after the backup
	r.sent(2)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := restore(t.Context(), r.config.State, file.Bytes(), true); err != nil {
		t.Fatal(err)
	}
	s := openState(t, r.config.State)
	if body, err := s.Session(t.Context()); err != nil || body == nil {
		t.Errorf("no session: %v", err)
	}
	if waiting, err := s.Pending(t.Context()); err != nil || len(waiting) != 0 {
		t.Errorf("%d deliveries still wait, %v", len(waiting), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	restored.Store(true)
	r.start()
	await[bot.LoggedIn](r)
	bell := r.srv.AddFriend(wxtest.Person{NickName: "铃"})
	bell.Say("ping")
	r.wantSent("pong", "pong", "pong")
	if to := r.srv.Sent()[2].To; to != bell.UserName() {
		t.Errorf("the last answer went to %s, want %s", to, bell.UserName())
	}
}

func TestRestoreRefuses(t *testing.T) {
	r, file := backedUp(t, true)
	other := filepath.Join(t.TempDir(), "other")
	flipped := bytes.Clone(file)
	flipped[len(flipped)/2] ^= 0x10
	for name, c := range map[string]struct {
		state string
		file  []byte
		want  string
	}{
		"over a state":   {r.config.State, file, "there is a state already"},
		"cut short":      {other, file[:len(file)-9], "not a whole one"},
		"changed":        {other, flipped, "not a whole one"},
		"something else": {other, []byte("settings: {}\n"), "not a backup of wxbot"},
		"nothing":        {other, nil, "not a backup of wxbot"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := restore(t.Context(), c.state, c.file, false)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if c.state == other {
				if left, err := os.ReadDir(other); err == nil && len(left) > 0 {
					t.Errorf("left behind: %v", left)
				}
			}
		})
	}
	const cuts = 20
	for i := range cuts {
		if _, err := restore(t.Context(), other, file[:i*len(file)/cuts], false); err == nil {
			t.Errorf("%d of %d bytes were taken for a backup", i*len(file)/cuts, len(file))
		}
	}
	s := openState(t, r.config.State)
	var locked *store.LockedError
	if _, err := restore(t.Context(), r.config.State, file, true); !errors.As(err, &locked) {
		t.Errorf("beside a daemon: %v", err)
	}
	if body, err := s.Session(t.Context()); err != nil || body == nil {
		t.Errorf("the state was touched: %v", err)
	}
}

func TestBackupWithoutADaemon(t *testing.T) {
	r, _ := backedUp(t, false)
	var file bytes.Buffer
	if err := bot.BackupState(t.Context(), bot.Options{Config: r.config}, true, &file); err != nil {
		t.Fatal(err)
	}
	got, err := bot.CheckBackup(t.Context(), &file)
	if err != nil || !got.Session {
		t.Errorf("%+v, %v", got, err)
	}
	none := filepath.Join(t.TempDir(), "none")
	if err := bot.BackupState(t.Context(), bot.Options{Config: bot.Config{State: none}}, false, io.Discard); err == nil {
		t.Error("a state directory that is not there was backed up")
	}
	if _, err := os.Stat(none); err == nil {
		t.Error("the backup made a state directory")
	}
}

func TestStartRemovesWhatAKilledDaemonHadFetched(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	left := filepath.Join(r.config.State, "fetched-123")
	if err := os.MkdirAll(r.config.State, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, []byte("a picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.start()
	await[bot.QRCode](r)
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", left, err)
	}
}
