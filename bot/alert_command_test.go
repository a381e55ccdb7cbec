//go:build unix

package bot

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// script writes a shell script and gives its path.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tell")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCommandGetsTheAlert(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "/run/systemd/notify")
	t.Setenv("KEPT", "yes")
	out := filepath.Join(t.TempDir(), "out")
	path := script(t, `printf '%s|' "$#" "$@" "$WXBOT_ALERT_EVENT" "$WXBOT_ALERT_TEXT" "$WXBOT_ALERT_ACCOUNT" "$WXBOT_ALERT_TIME" "$KEPT" "$NOTIFY_SOCKET" >"$OUT"; echo noise; cat`)
	t.Setenv("OUT", out)
	a := alerterFor(t, "alerts:\n  - command: ["+path+", \"${event}: ${text}\", \"$(id); *\"]", nil)
	if err := a.targets[0].send(t.Context(), sampleAlert()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(out)
	want := "2|refused: " + nasty + "|$(id); *|refused|" + nasty + "|小助手|2026-01-02T03:04:05Z|yes||"
	if err != nil || string(got) != want {
		t.Errorf("got  %q\nwant %q, %v", got, want, err)
	}
}

func TestCommandThatFails(t *testing.T) {
	path := script(t, "echo secret-in-output >&2; exit 3")
	a := alerterFor(t, "alerts:\n  - command: ["+path+"]", nil)
	err := a.targets[0].send(t.Context(), sampleAlert())
	if err == nil || err.Error() != "ended with exit status 3" {
		t.Errorf("error %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	err = a.targets[0].send(t.Context(), sampleAlert())
	if err == nil || !strings.HasPrefix(err.Error(), "not started: ") {
		t.Errorf("error %v", err)
	}
}

func TestCommandIsKilledWithWhatItStarted(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	t.Setenv("PID_FILE", pidFile)
	path := script(t, `sleep 60 & echo $! >"$PID_FILE"; wait`)
	a := alerterFor(t, "alerts:\n  - command: ["+path+"]\n    timeout: 1s", nil)
	err := a.targets[0].send(t.Context(), sampleAlert())
	if err == nil || err.Error() != "killed after 1s" {
		t.Errorf("error %v", err)
	}
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	// The orphan is gone as soon as whoever inherited it has taken note.
	for until := time.Now().Add(10 * time.Second); running(pid); {
		if time.Now().After(until) {
			t.Fatalf("process %d still runs", pid)
		}
	}
}

// running tells whether a process exists and is no zombie.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}
