//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wxbot/bot"
	"wxbot/bot/control"
	"wxbot/wx/wxtest"
)

// daemonFor runs a daemon on a simulated WeChat and gives a client of its socket.
func daemonFor(t *testing.T, ctx context.Context, srv *wxtest.Server) *control.Client {
	t.Helper()
	c, _ := daemonAt(t, ctx, srv)
	return c
}

// daemonAt tells the path of the socket as well.
func daemonAt(t *testing.T, ctx context.Context, srv *wxtest.Server) (c *control.Client, socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "wxbot-ask-") //nolint:usetesting // a path under t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(dir, "s")
	b, err := bot.New(bot.Options{
		Config:    bot.Config{State: filepath.Join(dir, "state"), Mode: bot.ModeWeb, Socket: socket},
		Transport: srv.Transport(),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }() // waited for below
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, os.RemoveAll(dir)); err != nil {
			t.Error(err)
		}
	})
	eventually(t, ctx, "control socket", func() bool { _, err := os.Stat(socket); return err == nil })
	return control.NewClient(socket), socket
}

func TestQRDrawsTheCodeAndEndsOnline(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	srv := wxtest.NewServer(t, wxtest.Config{})
	c := daemonFor(t, ctx, srv)
	uuid, err := srv.AwaitQR(ctx)
	if err != nil {
		t.Fatal(err)
	}
	m, err := encodeQR(wxtest.QRPayload(uuid))
	if err != nil {
		t.Fatal(err)
	}
	con, _, errOut := testConsole(map[string]string{"NO_COLOR": "1"})
	out := &logBuffer{}
	con.outTerm, con.out = true, out
	code := make(chan int, 1)
	go func() { code <- con.report("qr", followQR(ctx, con, c, terminalCode{con})) }() // waited for below
	eventually(t, ctx, "drawing of the code", func() bool { return strings.Contains(out.String(), m.draw(false)) })
	if err := srv.Login(ctx); err != nil {
		t.Fatal(err)
	}
	if code := <-code; code != exitOK {
		t.Errorf("exit code %d: %s", code, errOut)
	}
	if !strings.Contains(out.String(), "The account is online.") {
		t.Errorf("no news of the login:\n%s", out)
	}
}

func TestQRExitsWith4WhenWeChatRefuses(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	const words = "当前登录环境异常"
	srv := wxtest.NewServer(t, wxtest.Config{RefuseCode: 1203, RefuseText: words})
	c := daemonFor(t, ctx, srv)
	if err := srv.Login(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "refusal", func() bool {
		st, err := c.Status(ctx)
		return err == nil && st.State == "refused"
	})
	con, out, errOut := testConsole(nil)
	con.outTerm = true
	st, err := c.Status(ctx)
	if err != nil {
		t.Fatal(err)
	}
	printStatus(con, st)
	if !strings.Contains(out.String(), words) {
		t.Errorf("status does not repeat WeChat's words:\n%s", out)
	}

	// Asking again draws a new code, and the second refusal ends the command.
	out.Reset()
	logged := make(chan error, 1)
	go func() { logged <- srv.Login(ctx) }() // waited for below
	code := con.report("qr", followQR(ctx, con, c, terminalCode{con}))
	if err := <-logged; err != nil {
		t.Fatal(err)
	}
	if code != exitRefused || !strings.Contains(errOut.String(), "refuses") || !strings.Contains(errOut.String(), "hint: ") {
		t.Errorf("exit code %d, want %d: %s", code, exitRefused, errOut)
	}
	if !strings.Contains(out.String(), blackOnWhite) {
		t.Errorf("no new code was drawn:\n%s", out)
	}
}

func TestQRWritesAPictureThatGoesWhenItIsOver(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	srv := wxtest.NewServer(t, wxtest.Config{})
	_, socket := daemonAt(t, ctx, srv)
	uuid, err := srv.AwaitQR(ctx)
	if err != nil {
		t.Fatal(err)
	}
	con, out, errOut := testConsole(nil)
	if code := execute(ctx, con, []string{"qr", "--socket", socket}); code != exitFailure || !strings.Contains(errOut.String(), "--png") {
		t.Errorf("without a terminal: exit code %d, %s", code, errOut)
	}
	if code := execute(ctx, con, []string{"qr", "--socket", socket, "--png", "-"}); code != exitOK {
		t.Errorf("exit code %d: %s", code, errOut)
	}
	if !samePicture(t, []byte(out.String()), wxtest.QRPayload(uuid)) {
		t.Error("standard output is not the picture of the code")
	}

	file := filepath.Join(t.TempDir(), "code.png")
	con, out, errOut = testConsole(nil)
	code := make(chan int, 1)
	go func() { code <- execute(ctx, con, []string{"qr", "--socket", socket, "--png", file}) }() // waited for below
	eventually(t, ctx, "picture in the file", func() bool { _, err := os.Stat(file); return err == nil })
	if st, err := os.Stat(file); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the picture can be read by others: %v, %v", st.Mode(), err)
	}
	if got, err := os.ReadFile(file); err != nil || !samePicture(t, got, wxtest.QRPayload(uuid)) {
		t.Errorf("the file is not the picture of the code: %v", err)
	}
	if err := srv.Login(ctx); err != nil {
		t.Fatal(err)
	}
	if code := <-code; code != exitOK || !strings.Contains(out.String(), file) {
		t.Errorf("exit code %d, %s%s", code, out, errOut)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the picture is still there after the login: %v", err)
	}
}
