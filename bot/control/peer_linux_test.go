package control

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// dialAs connects as another user, which only root can; only this thread is
// another user, and it ends with the goroutine.
func dialAs(t *testing.T, path string, uid, gid int, groups ...uint32) error {
	t.Helper()
	got := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked
		got <- func() error {
			var list *uint32
			if len(groups) > 0 {
				list = &groups[0]
			}
			if err := setThreadUser(uid, gid, len(groups), list); err != nil {
				return err
			}
			fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				return err
			}
			defer unix.Close(fd)
			if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
				return err
			}
			if _, err := unix.Write(fd, []byte(askStatus)); err != nil {
				return err
			}
			buf := make([]byte, 64)
			n, err := unix.Read(fd, buf)
			if err == nil && !strings.HasPrefix(string(buf[:n]), "HTTP/1.1 200") {
				err = &net.ParseError{Type: "answer", Text: string(buf[:n])}
			}
			return err
		}()
	}()
	return <-got
}

func TestKernelTellsWhoAsks(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can ask as another user")
	}
	dir, err := os.MkdirTemp("", "wxbot-peer") //nolint:usetesting // t.TempDir lies below a directory of root's alone
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	const somebody, group = 54321, 54399
	run := func(name string) string {
		path := filepath.Join(dir, name)
		s, err := New(Options{Path: path, Group: "54399", Daemon: still{}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if err := s.Listen(ctx); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		t.Cleanup(func() {
			cancel()
			if err := <-done; err != nil {
				t.Errorf("Run: %v", err)
			}
		})
		return path
	}
	path, open := run("a"), run("b")
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != modeGroup {
		t.Fatalf("socket of a group: %v, %v", st.Mode(), err)
	}
	// Somebody opened it to all: who asks is still looked at.
	if err := os.Chmod(open, 0o666); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path     string
		uid, gid int
		groups   []uint32
		want     string
	}{
		"root":                    {path, 0, 0, nil, ""},
		"of the group":            {path, somebody, group, nil, ""},
		"of the group, as second": {path, somebody, somebody, []uint32{1, group}, ""},
		"stranger":                {path, somebody, somebody, nil, "permission denied"},
		"stranger, all may":       {open, somebody, somebody, []uint32{1}, "403"},
		"group, all may":          {open, somebody, somebody, []uint32{group}, ""},
	} {
		err := dialAs(t, c.path, c.uid, c.gid, c.groups...)
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func setThreadUser(uid, gid, n int, list *uint32) error {
	for _, call := range []struct{ trap, a, b, c uintptr }{
		{unix.SYS_SETGROUPS, uintptr(n), uintptr(unsafe.Pointer(list)), 0},
		{unix.SYS_SETRESGID, uintptr(gid), uintptr(gid), uintptr(gid)},
		{unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)},
	} {
		if _, _, errno := unix.RawSyscall(call.trap, call.a, call.b, call.c); errno != 0 {
			return errno
		}
	}
	return nil
}
