//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a run of the binary that goes on beside the test.
type process struct {
	cmd *exec.Cmd
	out *logBuffer
	env []string
	end chan error
}

func startBinary(t *testing.T, ctx context.Context, env []string, args ...string) *process {
	t.Helper()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir = t.TempDir()
	p := &process{cmd: cmd, out: &logBuffer{}, env: append([]string{"HOME=" + cmd.Dir, "PATH=" + os.Getenv("PATH")}, env...), end: make(chan error, 1)}
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, p.out, p.out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.end <- cmd.Wait() }() // waited for by stop, or ended by ctx
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("output of wxbot %s:\n%s", strings.Join(args, " "), p.out)
		}
	})
	return p
}

// stop ends a process as systemd does and wants exit code 0.
func (p *process) stop(t *testing.T, ctx context.Context) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.end:
		if err != nil {
			t.Errorf("SIGTERM: %v, want exit code 0", err)
		}
	case <-ctx.Done():
		t.Fatal("it did not stop")
	}
}

// simClient plays the people of a simulator in another process.
type simClient struct {
	t    *testing.T
	ctx  context.Context
	url  string
	http *http.Client
}

func startSim(t *testing.T, ctx context.Context, args ...string) (*process, *simClient) {
	t.Helper()
	p := startBinary(t, ctx, nil, append([]string{"sim", "--listen", "127.0.0.1:0"}, args...)...)
	const head = "simulated WeChat on "
	eventually(t, ctx, "the simulator's guide", func() bool { return strings.Contains(p.out.String(), "/sim/\n") })
	_, rest, _ := strings.Cut(p.out.String(), head)
	at, _, _ := strings.Cut(rest, "\n")
	return p, &simClient{t: t, ctx: ctx, url: at, http: http.DefaultClient}
}

func (c *simClient) trust(ca string) *x509.CertPool {
	c.t.Helper()
	b, err := os.ReadFile(ca)
	if err != nil {
		c.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		c.t.Fatalf("%s holds no certificate:\n%s", ca, b)
	}
	if bytes.Contains(b, []byte("PRIVATE")) {
		c.t.Errorf("%s holds a key", ca)
	}
	c.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	return pool
}

func (c *simClient) do(method, path, body string) map[string]any {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.ctx, method, c.url+"/sim/"+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	var out map[string]any
	b, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil || resp.StatusCode != http.StatusOK {
		c.t.Fatalf("%s %s: %s %v\n%s", method, path, resp.Status, err, b)
	}
	return out
}

func TestSimServesADaemonOverHTTPAndTLS(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("tls=%v", secure), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
			defer cancel()
			var args, env []string
			ca := filepath.Join(t.TempDir(), "ca.pem")
			if secure {
				args, env = []string{"--tls", "--ca", ca}, []string{"SSL_CERT_FILE=" + ca}
			}
			sim, c := startSim(t, ctx, args...)
			if secure {
				c.trust(ca)
			}
			if want := map[bool]string{false: "http://", true: "https://"}[secure]; !strings.HasPrefix(c.url, want) {
				t.Fatalf("URL %q does not begin with %s", c.url, want)
			}
			daemon := startBinary(t, ctx, env, "run", "--rules", write(t, "rules.yaml", liveRules),
				"--state", filepath.Join(t.TempDir(), "state"), "--server", c.url)
			c.do("POST", "login", "")
			if got := fmt.Sprint(c.do("GET", "records?kind=online&wait=30", "")["records"]); got == "[]" {
				t.Fatal("the daemon did not come online")
			}
			c.do("POST", "say", `{"from":"小明","text":"你好"}`)
			if got := fmt.Sprint(c.do("GET", "sent?wait=30", "")["records"]); !strings.Contains(got, "你也好") || !strings.Contains(got, "小明") {
				t.Errorf("sent %s", got)
			}
			if got := fmt.Sprint(c.do("GET", "problems", "")["problems"]); got != "[]" {
				t.Errorf("problems %s", got)
			}
			daemon.stop(t, ctx)
			sim.stop(t, ctx)
			if !strings.Contains(sim.out.String(), "小明: 你也好") {
				t.Error("the simulator did not tell of the answer")
			}
		})
	}
}

func TestSimHasACertificateForEveryHost(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	_, c := startSim(t, ctx, "--tls", "--ca", ca)
	pool := c.trust(ca)
	u, err := url.Parse(c.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{
		"login.weixin.qq.com", "login.wx.qq.com", "wx2.qq.com", "file.wx2.qq.com", "webpush.wx2.qq.com",
		"web.wechat.com", "webpush.web.wechat.com", "filehelper.weixin.qq.com", "localhost", "127.0.0.1",
	} {
		d := tls.Dialer{Config: &tls.Config{RootCAs: pool, ServerName: host}}
		conn, err := d.DialContext(ctx, "tcp", u.Host)
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	d := tls.Dialer{Config: &tls.Config{ServerName: "wx2.qq.com"}}
	if conn, err := d.DialContext(ctx, "tcp", u.Host); err == nil {
		t.Error("a client that trusts no authority of the simulator's was content")
		_ = conn.Close()
	}
}

func TestSimLogsInByItselfIfTold(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	_, c := startSim(t, ctx, "--auto-login", "--empty")
	startBinary(t, ctx, nil, "run", "--rules", write(t, "rules.yaml", liveRules),
		"--state", filepath.Join(t.TempDir(), "state"), "--server", c.url)
	for after, times := 0, 0; times < 2; times++ {
		path := fmt.Sprintf("records?kind=online&wait=30&after=%d", after)
		got := c.do("GET", path, "")
		if fmt.Sprint(got["records"]) == "[]" {
			t.Fatalf("login %d: the daemon did not come online", times+1)
		}
		next, _ := got["next"].(float64)
		after = int(next)
		c.do("POST", "logout", "")
	}
	if got := fmt.Sprint(c.do("GET", "state", "")["groups"]); got != "[]" {
		t.Errorf("groups of an empty simulator: %s", got)
	}
}

func TestSimServesADaemonInFileHelperMode(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	_, c := startSim(t, ctx, "--auto-login")
	c.do("POST", "refuse", `{"code":1203,"text":"不能登录网页微信"}`)
	state := filepath.Join(t.TempDir(), "state")
	startBinary(t, ctx, nil, "run", "--mode", "filehelper", "--rules", write(t, "rules.yaml", liveRules), "--state", state, "--server", c.url)
	if got := fmt.Sprint(c.do("GET", "records?kind=online&wait=30", "")["records"]); got == "[]" {
		t.Fatal("the daemon did not come online")
	}
	c.do("POST", "say", `{"to":"filehelper","text":"你好"}`)
	if got := fmt.Sprint(c.do("GET", "sent?wait=30", "")["records"]); !strings.Contains(got, "你也好") || !strings.Contains(got, "文件传输助手") {
		t.Errorf("sent %s", got)
	}
	if got := fmt.Sprint(c.do("GET", "problems", "")["problems"]); got != "[]" {
		t.Errorf("problems %s", got)
	}
	if r := runBinary(t, nil, "status", "--state", state); !strings.Contains(r.out, "login      filehelper: self") {
		t.Errorf("status:\n%s%s", r.out, r.errOut)
	}
}

func TestSimRefusesAnAddressItCannotListenOn(t *testing.T) {
	r := runBinary(t, nil, "sim", "--listen", "8090")
	if r.code != exitUsage || !strings.Contains(r.errOut, "want HOST:PORT") {
		t.Errorf("code %d, %q", r.code, r.errOut)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	_, c := startSim(t, ctx)
	r = runBinary(t, nil, "sim", "--listen", strings.TrimPrefix(c.url, "http://"))
	if r.code != exitFailure || !strings.Contains(r.errOut, "address already in use") {
		t.Errorf("code %d, %q", r.code, r.errOut)
	}
}

func TestFlagsAreCompleted(t *testing.T) {
	for want, args := range map[string][]string{
		"web2.wechat.com\nself\n":  {"sim", "--base-host", ""},
		"127.0.0.1:8090\n":         {"sim", "--listen", ""},
		"web\ndesktop\nfilehelper": {"run", "--mode", ""},
		"debug\n":                  {"check", "--log-level", "d"},
	} {
		if r := runBinary(t, nil, append([]string{"__complete"}, args...)...); !strings.Contains(r.out, want) {
			t.Errorf("%v: lacks %q:\n%s", args, want, r.out)
		}
	}
}
