package control_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/bot/control"
)

// daemon answers as a daemon in a given state would.
type daemon struct {
	reload error
	paused []string
	asked  chan bool
}

func (d *daemon) Status(context.Context) (control.Status, error) {
	return control.Status{State: "online", Online: true, Rules: 3}, nil
}
func (d *daemon) Reload(context.Context) error { return d.reload }
func (d *daemon) QR(_ context.Context, ask bool) (control.QR, error) {
	d.asked <- ask
	return control.QR{Payload: "https://login.weixin.qq.com/l/x", Attempt: 1, Max: 5}, nil
}

func (d *daemon) Pause(_ context.Context, t time.Duration, name string) (control.Pause, error) {
	d.paused = append(d.paused, name+" "+t.String())
	return control.Pause{Name: name}, nil
}

func (d *daemon) Resume(_ context.Context, name string) error {
	if name == "nobody" {
		return errors.New("no friend or group is called \"nobody\"")
	}
	d.paused = append(d.paused, "resume "+name)
	return nil
}

func (d *daemon) ResumePlugin(_ context.Context, name string) error {
	if name != "dice" {
		return errors.New("no such plugin is loaded")
	}
	d.paused = append(d.paused, "resume plugin "+name)
	return nil
}

func (d *daemon) TestAlerts(context.Context) ([]control.AlertResult, error) {
	return []control.AlertResult{{Target: "webhook example.com"}, {Target: "command tell", Error: "status 500"}}, nil
}

func serve(t *testing.T, d *daemon) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s.sock")
	start(t, path, d)
	return path
}

func start(t *testing.T, path string, d *daemon) {
	t.Helper()
	s, err := control.New(control.Options{Path: path, Daemon: d})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	for {
		if c, err := net.Dial("unix", path); err == nil {
			c.Close()
			return
		}
		select {
		case err := <-done:
			t.Fatalf("Run ended: %v", err)
		default:
		}
	}
}

func TestClientAsksDaemon(t *testing.T) {
	d := &daemon{asked: make(chan bool, 1)}
	c := control.NewClient(serve(t, d))
	st, err := c.Status(t.Context())
	if err != nil || st.State != "online" || st.Rules != 3 {
		t.Errorf("Status = %+v, %v", st, err)
	}
	if err := c.Reload(t.Context()); err != nil {
		t.Errorf("Reload: %v", err)
	}
	for _, ask := range []bool{false, true} {
		q, err := c.QR(t.Context(), ask)
		if got := <-d.asked; err != nil || got != ask || q.Max != 5 {
			t.Errorf("QR(%v) = %+v, %v; daemon was asked %v", ask, q, err, got)
		}
	}
}

func TestReloadErrorReachesClient(t *testing.T) {
	d := &daemon{reload: errors.New("rules.yaml:3:1: unknown key")}
	err := control.NewClient(serve(t, d)).Reload(t.Context())
	if err == nil || err.Error() != "rules.yaml:3:1: unknown key" {
		t.Errorf("Reload = %v", err)
	}
}

func TestNoDaemon(t *testing.T) {
	_, err := control.NewClient(filepath.Join(t.TempDir(), "none.sock")).Status(t.Context())
	if !errors.Is(err, control.ErrNoDaemon) {
		t.Errorf("Status = %v, want ErrNoDaemon", err)
	}
}

func TestSocketIsPrivateAndDeadOneIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	start(t, path, &daemon{})
	st, err := os.Stat(path)
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("socket mode = %v, %v; want 0600", st.Mode(), err)
	}
}

func TestSecondDaemonIsRefused(t *testing.T) {
	path := serve(t, &daemon{})
	s, err := control.New(control.Options{Path: path, Daemon: &daemon{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "another daemon") {
		t.Errorf("Run = %v, want another daemon", err)
	}
}

func TestFileInTheWayIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := control.New(control.Options{Path: path, Daemon: &daemon{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil {
		t.Error("Run took a file that is no socket")
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "mine" {
		t.Errorf("file = %q, %v", b, err)
	}
}

func TestMalformedRequestsAreRefused(t *testing.T) {
	path := serve(t, &daemon{asked: make(chan bool, 9)})
	for name, req := range map[string]string{
		"no HTTP":      "hello\r\n\r\n",
		"wrong method": "DELETE /v1/status HTTP/1.1\r\nHost: x\r\n\r\n",
		"unknown path": "GET /v1/secrets HTTP/1.1\r\nHost: x\r\n\r\n",
		"huge header":  "GET /v1/status HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 1<<20) + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.Write([]byte(req))
			buf := make([]byte, 64)
			n, _ := c.Read(buf)
			if !strings.HasPrefix(string(buf[:n]), "HTTP/1.1 4") {
				t.Errorf("answer = %q, want a refusal", buf[:n])
			}
		})
	}
	if _, err := control.NewClient(path).Status(t.Context()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestPauseAndResume(t *testing.T) {
	d := &daemon{}
	path := serve(t, d)
	c := control.NewClient(path)
	if p, err := c.Pause(t.Context(), 90*time.Second, "客户一群"); err != nil || p.Name != "客户一群" {
		t.Errorf("Pause = %+v, %v", p, err)
	}
	if err := c.Resume(t.Context(), ""); err != nil {
		t.Errorf("Resume: %v", err)
	}
	if err := c.Resume(t.Context(), "nobody"); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("Resume of nobody: %v", err)
	}
	if err := c.ResumePlugin(t.Context(), "dice"); err != nil {
		t.Errorf("ResumePlugin: %v", err)
	}
	if err := c.ResumePlugin(t.Context(), "nothing"); err == nil || !strings.Contains(err.Error(), "no such plugin") {
		t.Errorf("ResumePlugin of nothing: %v", err)
	}
	if want := []string{"客户一群 1m30s", "resume ", "resume plugin dice"}; !slices.Equal(d.paused, want) {
		t.Errorf("the daemon was asked %q, want %q", d.paused, want)
	}
}

func TestBadRequestsAreRefused(t *testing.T) {
	d := &daemon{}
	path := serve(t, d)
	web := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var nd net.Dialer
		return nd.DialContext(ctx, "unix", path)
	}}}
	defer web.CloseIdleConnections()
	for body, want := range map[string]int{
		"":                                 http.StatusBadRequest,
		"{":                                http.StatusBadRequest,
		`{"for": "1m"}`:                    http.StatusBadRequest,
		`{"name": "a", "fro": 1}`:          http.StatusBadRequest,
		`{"for": -1}`:                      http.StatusUnprocessableEntity,
		`{"for": 1e300}`:                   http.StatusUnprocessableEntity,
		strings.Repeat(" ", 70<<10) + "{}": http.StatusRequestEntityTooLarge,
		`{"for": 1} {}`:                    http.StatusBadRequest,
		`{"for": 1} {"for": 2}`:            http.StatusBadRequest,
		`{"for": 1}`:                       http.StatusOK,
	} {
		resp, err := web.Post("http://wxbot/v1/pause", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%.40q: status %d, want %d", body, resp.StatusCode, want)
		}
	}
}
