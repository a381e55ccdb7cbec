//go:build unix

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"wxbot/wx/wxtest"
)

const liveRules = `settings: {timezone: Asia/Shanghai, pace: off}
rules:
  - name: 问候
    exact: 你好
    reply: 你也好
`

func TestRunLogsInAnswersReloadsAndStops(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	srv := wxtest.NewServer(t, wxtest.Config{})
	ming := srv.AddFriend(wxtest.Person{NickName: "小明"})
	rules, state := write(t, "rules.yaml", liveRules), filepath.Join(t.TempDir(), "state")

	cmd := exec.CommandContext(ctx, binary, "run", "--rules", rules, "--state", state, "--server", srv.URL())
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"HOME=" + cmd.Dir}
	log := &logBuffer{}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // waited for at the end
	defer func() {
		if t.Failed() {
			t.Logf("log of the daemon:\n%s", log)
		}
	}()

	uuid, err := srv.AwaitQR(ctx)
	if err != nil {
		t.Fatal(err)
	}
	code := filepath.Join(state, "qr.png")
	eventually(t, ctx, "login code in a file", func() bool { _, err := os.Stat(code); return err == nil })
	if err := srv.Login(ctx); err != nil {
		t.Fatal(err)
	}
	if err := srv.AwaitOnline(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "removal of the login code", func() bool { _, err := os.Stat(code); return os.IsNotExist(err) })

	ming.Say("你好")
	awaitText(t, ctx, srv, 1, "你也好")

	if err := os.WriteFile(rules, []byte(strings.Replace(liveRules, "你也好", "大家好", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "reload", func() bool { return strings.Count(log.String(), "rules and plugins loaded") >= 2 })
	ming.Say("你好")
	awaitText(t, ctx, srv, 2, "大家好")

	st := exec.CommandContext(ctx, binary, "status", "--state", state)
	st.Env = cmd.Env
	if out, err := st.CombinedOutput(); err != nil || !strings.Contains(string(out), "online") {
		t.Errorf("status: %v\n%s", err, out)
	}
	list := exec.CommandContext(ctx, binary, "rule", "list", "--state", state, "--rules", rules)
	list.Env = cmd.Env
	if out, err := list.CombinedOutput(); err != nil || !strings.Contains(string(out), "1. 问候  fired 2 times\n") {
		t.Errorf("rule list: %v\n%s", err, out)
	}

	began := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("SIGTERM: %v, want exit code 0", err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("stopping took %v, more than 5 s", took)
		}
	case <-ctx.Done():
		t.Fatal("the daemon did not stop")
	}
	for _, secret := range []string{uuid, wxtest.QRPayload(uuid), "你好", "小明"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func awaitText(t *testing.T, ctx context.Context, srv *wxtest.Server, n int, want string) {
	t.Helper()
	sent, err := srv.AwaitSent(ctx, n)
	if err != nil {
		t.Fatalf("answer %q: %v", want, err)
	}
	if got := sent[n-1].Content; got != want {
		t.Errorf("answer %q, want %q", got, want)
	}
}

func TestRunWithABrokenFileSaysWhereAndExits1(t *testing.T) {
	path := write(t, "rules.yaml", "rules:\n  - name：问价格\n")
	r := runBinary(t, nil, "run", "--rules", path, "--server", "http://127.0.0.1:1")
	if r.code != exitFailure || !strings.Contains(r.errOut, path+":2") {
		t.Errorf("code %d, want 1 and %s:2 in\n%s", r.code, path, r.errOut)
	}
}
