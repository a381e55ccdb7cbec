package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"wxbot/bot/store"
)

func TestBackupAndRestoreByTheBinary(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	state, file, other := filepath.Join(dir, "state"), filepath.Join(dir, "b.tar.gz"), filepath.Join(dir, "other")
	if r := runBinary(t, nil, "backup", file, "--state", state); r.code != exitFailure || !strings.Contains(r.errOut, "no state in") {
		t.Errorf("without a state: code %d, %q", r.code, r.errOut)
	}
	s, err := store.Open(ctx, store.Options{Dir: state})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetMeta(ctx, "greeting", "hello"); err != nil {
		t.Fatal(err)
	}
	if r := runBinary(t, nil, "backup", file, "--state", state); r.code != exitNobody || !strings.Contains(r.errOut, "--socket") {
		t.Errorf("beside a daemon without a socket: code %d, %q", r.code, r.errOut)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if r := runBinary(t, nil, "backup", file, "--state", state); r.code != exitOK || !strings.Contains(r.out, "without the session") {
		t.Fatalf("code %d, %q%q", r.code, r.out, r.errOut)
	}
	if st, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && st.Mode().Perm() != 0o600 {
		t.Errorf("backup: %v, %v", st, err)
	}
	if r := runBinary(t, nil, "backup", file, "--state", state); r.code != exitFailure || !strings.Contains(r.errOut, "is there already") {
		t.Errorf("over a file: code %d, %q", r.code, r.errOut)
	}
	if r := runBinary(t, nil, "restore", file, "--state", state); r.code != exitFailure || !strings.Contains(r.errOut, "hint: --force") {
		t.Errorf("over a state: code %d, %q", r.code, r.errOut)
	}
	if r := runBinary(t, nil, "restore", file, "--state", state, "--force"); r.code != exitOK {
		t.Errorf("with --force: code %d, %q", r.code, r.errOut)
	}
	if aside, err := filepath.Glob(filepath.Join(state, "old-*", "wxbot.db")); err != nil || len(aside) != 1 {
		t.Errorf("moved aside: %v, %v", aside, err)
	}
	if r := runBinary(t, nil, "restore", file, "--state", other); r.code != exitOK || !strings.Contains(r.out, "a scan is needed") {
		t.Errorf("code %d, %q%q", r.code, r.out, r.errOut)
	}
	if s, err = store.Open(ctx, store.Options{Dir: other}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Meta(ctx, "greeting"); err != nil || got != "hello" {
		t.Errorf("restored %q, %v", got, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
