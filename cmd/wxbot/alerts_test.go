//go:build unix

package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wxbot/wx/wxtest"
)

// runAlerted starts the binary with a wxbot.yaml until the test ends and gives
// its socket.
func runAlerted(t *testing.T, ctx context.Context, yaml string, env ...string) (socket string) {
	t.Helper()
	srv := wxtest.NewServer(t, wxtest.Config{})
	dir, err := os.MkdirTemp("", "wxbot-alerts-") //nolint:usetesting // a path under t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(dir, "s")
	cmd := exec.CommandContext(ctx, binary, "run", "--config", write(t, "wxbot.yaml", yaml), "--state", filepath.Join(dir, "state"), "--socket", socket, "--server", srv.URL())
	cmd.Dir, cmd.Env = dir, append(env, "HOME="+dir, "PATH="+os.Getenv("PATH"))
	log := &logBuffer{}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("daemon: %v\n%s", err, log)
		}
		os.RemoveAll(dir)
	})
	eventually(t, ctx, "control socket", func() bool { _, err := os.Stat(socket); return err == nil })
	return socket
}

func TestAlertsTestTellsOfEveryTarget(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	defer hook.Close()
	host := strings.TrimPrefix(hook.URL, "http://")
	good := "alerts:\n  - webhook: " + hook.URL + "/good\n  - command: [\"true\"]\n"
	tests := []struct {
		name, yaml string
		code       int
		want       string
		errOut     string
	}{
		{"well", good, exitOK, "webhook " + host + ": ok\ncommand true: ok\n", ""},
		{"one fails", good + "  - webhook: " + hook.URL + "/bad", exitFailure, "webhook " + host + ": status 403\n", ""},
		{"no targets", "log_level: info", exitFailure, "", "the daemon has no targets"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			socket := runAlerted(t, ctx, tt.yaml)
			r := runBinary(t, nil, "alerts", "test", "--socket", socket) //nolint:contextcheck // it takes the test's
			if r.code != tt.code || !strings.HasSuffix(r.out, tt.want) || !strings.Contains(r.errOut, tt.errOut) {
				t.Errorf("code %d, want %d\n%s%s", r.code, tt.code, r.out, r.errOut)
			}
		})
	}
}

func TestAlertsGoThroughTheProxy(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	asked := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.String() }))
	defer proxy.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	const yaml = "alerts:\n  - webhook: http://hook.example/tok-1\n"
	tests := []struct {
		name, proxy string
		code        int
		want        string
	}{
		{"well", proxy.URL, exitOK, "webhook hook.example: ok\n"},
		{"silent proxy", gone.URL, exitFailure, "webhook hook.example: proxyconnect: connection refused\n"},
		{"no such proxy", "http://user:pass@no..host", exitFailure, "webhook hook.example: look up the proxy: no such host\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			socket := runAlerted(t, ctx, yaml, "HTTP_PROXY="+tt.proxy)
			r := runBinary(t, nil, "alerts", "test", "--socket", socket) //nolint:contextcheck // it takes the test's
			if r.code != tt.code || r.out != tt.want {
				t.Errorf("code %d, want %d\n%s%s", r.code, tt.code, r.out, r.errOut)
			}
		})
	}
	if got := <-asked; got != "http://hook.example/tok-1" {
		t.Errorf("the proxy was asked for %s", got)
	}
}

func TestAlertsTestWithoutADaemon(t *testing.T) {
	r := runBinary(t, nil, "alerts", "test", "--socket", filepath.Join(t.TempDir(), "s"))
	if r.code != exitNobody {
		t.Errorf("code %d, want %d: %s", r.code, exitNobody, r.errOut)
	}
	if r := runBinary(t, nil, "alerts"); r.code != exitUsage {
		t.Errorf("code %d without a command", r.code)
	}
}

func TestCheckTellsOfMistakesInAlerts(t *testing.T) {
	path := write(t, "wxbot.yaml", "alerts:\n  - webhook: https://example.com/tok-1\n    on: refusd\n")
	r := runBinary(t, nil, "check", "--config", path)
	if r.code != exitFailure || !strings.Contains(r.errOut, path+":3:9: unknown event") || strings.Contains(r.errOut, "tok-1") {
		t.Errorf("code %d\n%s%s", r.code, r.out, r.errOut)
	}
	path = write(t, "wxbot.yaml", "alerts:\n  - webhook: ${env:HOOK}\n")
	r = runBinary(t, nil, "check", "--config", path)
	if r.code != exitOK || !strings.Contains(r.out, path+":2:14: warning: ${env:HOOK}: the variable is not set") {
		t.Errorf("code %d\n%s%s", r.code, r.out, r.errOut)
	}
}
