//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"wxbot/wx/wxtest"
)

// manager is what systemd is to a service: a socket that is told, and the other end
// of the journal's stream.
type manager struct {
	socket string
	mu     sync.Mutex
	told   []string
}

func newManager(t *testing.T) *manager {
	t.Helper()
	m := &manager{socket: filepath.Join(t.TempDir(), "notify")}
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.socket})
	if err != nil {
		t.Fatal(err)
	}
	var reader sync.WaitGroup
	reader.Go(func() {
		b := make([]byte, 4096)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			m.mu.Lock()
			m.told = append(m.told, string(b[:n]))
			m.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		c.Close()
		reader.Wait()
	})
	return m
}

// heard gives what was told so far.
func (m *manager) heard() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.told)
}

func (m *manager) has(what string) bool { return slices.Contains(m.heard(), what) }

// Exit code 2 is wrong usage, which the unit does not restart after; Go gives it to
// crashes as well, unless the unit's environment says otherwise.
func TestCrashUnderTheUnitIsNoWrongUsage(t *testing.T) {
	unit, err := os.ReadFile(filepath.Join("..", "..", "deploy", "wxbot.service"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "sim", "--listen", "127.0.0.1:0")
	cmd.Dir = t.TempDir()
	for _, m := range regexp.MustCompile(`(?m)^Environment=(.*)$`).FindAllStringSubmatch(string(unit), -1) {
		cmd.Env = append(cmd.Env, m[1])
	}
	out := &logBuffer{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "start", func() bool { return strings.Contains(out.String(), "simulated WeChat on") })
	if err := cmd.Process.Signal(syscall.SIGABRT); err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	st, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !st.Signaled() {
		t.Errorf("ended with %v, want a signal", err)
	}
	if !strings.Contains(out.String(), "goroutine ") {
		t.Errorf("no stacks:\n%s", out)
	}
}

func TestRunUnderSystemd(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	srv := wxtest.NewServer(t, wxtest.Config{})
	m := newManager(t)
	stream, journal, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	st, err := journal.Stat()
	if err != nil {
		t.Fatal(err)
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		t.Fatalf("no inode of %s", journal.Name())
	}
	cmd := exec.CommandContext(ctx, binary, "run", "--rules", write(t, "rules.yaml", liveRules),
		"--state", filepath.Join(t.TempDir(), "state"), "--server", srv.URL())
	cmd.Dir = t.TempDir()
	cmd.Env = []string{
		"HOME=" + cmd.Dir, "NOTIFY_SOCKET=" + m.socket, "WATCHDOG_USEC=400000",
		fmt.Sprintf("JOURNAL_STREAM=%d:%d", sys.Dev, sys.Ino),
	}
	cmd.Stderr = journal
	log := &logBuffer{}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	journal.Close()
	var copying sync.WaitGroup
	copying.Go(func() { io.Copy(log, stream) })

	// Waiting for a person is ready, and it says so.
	eventually(t, ctx, "ready with the reason", func() bool {
		return m.has("READY=1") && slices.ContainsFunc(m.heard(), func(s string) bool { return strings.HasPrefix(s, "STATUS=scan needed") })
	})
	if err := srv.Login(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "online in the status", func() bool { return m.has("STATUS=online") })
	fed := func() int {
		return len(slices.DeleteFunc(m.heard(), func(s string) bool { return s != "WATCHDOG=1" }))
	}
	before := fed()
	eventually(t, ctx, "watchdog fed again", func() bool { return fed() >= before+3 })
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("exit: %v", err)
	}
	copying.Wait()
	if !m.has("STOPPING=1") {
		t.Errorf("not told of the stop: %q", m.heard())
	}
	prefixed := regexp.MustCompile(`^<[3467]>[a-z]`)
	dated := regexp.MustCompile(`20\d\d-\d\d-\d\dT|"time"`)
	for line := range strings.Lines(log.String()) {
		if !prefixed.MatchString(line) || dated.MatchString(line) {
			t.Errorf("not a line for the journal: %q", line)
		}
	}
	if !strings.Contains(log.String(), "<6>logged in ") {
		t.Errorf("no line of the login:\n%s", log)
	}
}
