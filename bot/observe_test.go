package bot_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"wxbot/wx/wxtest"
)

// get asks for an address until the answer is the one wanted, and gives it.
func (r *rig) get(url string, want func(code int, text string) bool) string {
	r.t.Helper()
	code, text := 0, ""
	for until := time.Now().Add(deadline); time.Now().Before(until); <-time.After(20 * time.Millisecond) {
		req, err := http.NewRequestWithContext(r.ctx(), http.MethodGet, url, http.NoBody)
		if err != nil {
			r.t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			r.t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			r.t.Fatal(err)
		}
		if code, text = resp.StatusCode, string(b); want(code, text) {
			return text
		}
	}
	r.t.Fatalf("%s: status %d, %s", url, code, text)
	return ""
}

// web gives the address that health and metrics are served at.
func (r *rig) web() string {
	r.t.Helper()
	served := regexp.MustCompile(`"address":"([^"]+)","message":"health and metrics served"`)
	m := served.FindStringSubmatch(r.log.String())
	if m == nil {
		r.t.Fatalf("no address in the log:\n%s", r.log)
	}
	return "http://" + m[1]
}

func is(want int) func(int, string) bool {
	return func(code int, _ string) bool { return code == want }
}

func TestHealthAndMetricsOfADaemon(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, map[string]string{"echo.lua": `
bot.plugin {name = "echo", version = "1.0.0", api = 1}
bot.command("回声", {}, function(msg) msg:reply("回声") end)
bot.command("坏", {}, function(msg) error("oh") end)
`})
	r.config.Listen = "127.0.0.1:0"
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	stop := r.online()
	web := r.web()
	r.get(web+"/healthz", is(http.StatusOK))
	r.get(web+"/readyz", is(http.StatusOK))
	ming.Say("ping")
	ming.Say("回声")
	ming.Say("坏")
	ming.Say("什么")
	r.wantSent("pong", "回声")
	want := []string{
		`wxbot_session_state{state="online"} 1`,
		`wxbot_events_received_total{kind="message",type="text"} 4`,
		`wxbot_events_handled_total{outcome="rule"} 1`,
		`wxbot_events_handled_total{outcome="plugin command"} 2`,
		`wxbot_events_handled_total{outcome="nothing answered"} 2`, // the login among them
		`wxbot_rule_hits_total{rule="ping"} 1`,
		`wxbot_plugin_calls_total{plugin="echo"} 2`,
		`wxbot_plugin_errors_total{cause="error",plugin="echo"} 1`,
		`wxbot_deliveries_total{action="reply",status="sent"} 2`,
		`wxbot_reply_latency_seconds_count 2`,
		`wxbot_events_waiting 0`,
	}
	text := r.get(web+"/metrics", func(_ int, text string) bool {
		for _, line := range want {
			if !strings.Contains(text, "\n"+line+"\n") {
				return false
			}
		}
		return true
	})
	for _, name := range []string{"小明", r.srv.Self().NickName(), "什么"} {
		if strings.Contains(text, name) {
			t.Errorf("the metrics hold %q", name)
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp", strings.TrimPrefix(web, "http://")); err == nil {
		c.Close()
		t.Error("health is served after the end")
	}
}

func TestDaemonThatWaitsForAScanIsHealthyAndNotReady(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	r.config.Listen = "127.0.0.1:0"
	r.start()
	if _, err := r.srv.AwaitQR(r.ctx()); err != nil {
		t.Fatal(err)
	}
	r.get(r.web()+"/healthz", is(http.StatusOK))
	r.get(r.web()+"/readyz", func(code int, text string) bool {
		return code == http.StatusServiceUnavailable && text == "session: scan\n"
	})
}

// A real Prometheus loads the shipped alerts, scrapes a real daemon that WeChat
// refuses, and fires the alert of that name.
func TestShippedAlertFiresInPrometheus(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("no prometheus here: apt-get install prometheus")
	}
	r := newRig(t, wxtest.Config{RefuseCode: 1203, RefuseText: "不能登录"}, baseRules, nil)
	r.config.Listen = "127.0.0.1:0"
	r.start()
	if err := r.srv.Login(r.ctx()); err != nil {
		t.Fatal(err)
	}
	alerts, err := filepath.Abs(filepath.Join("..", "deploy", "wxbot-alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	r.write("prometheus.yml", fmt.Sprintf(`
global: {scrape_interval: 200ms, evaluation_interval: 200ms}
rule_files: [%q]
scrape_configs:
  - job_name: wxbot
    static_configs: [{targets: [%q]}]
`, alerts, strings.TrimPrefix(r.web(), "http://")))
	cmd := exec.CommandContext(r.ctx(), program, "--config.file="+filepath.Join(r.dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(r.dir, "tsdb"), "--web.listen-address=127.0.0.1:0")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	address := ""
	for listening := regexp.MustCompile(`msg="Listening on" address=(\S+)`); address == "" && lines.Scan(); {
		if m := listening.FindStringSubmatch(lines.Text()); m != nil {
			address = m[1]
		}
	}
	ended := make(chan error, 1)
	go func() {
		for lines.Scan() { // it must not wait for us
		}
		ended <- cmd.Wait()
	}()
	defer func() {
		cmd.Process.Signal(os.Interrupt)
		<-ended
	}()
	if address == "" {
		t.Fatal("prometheus does not listen")
	}
	var firing []string
	r.get("http://"+address+"/api/v1/alerts", func(_ int, text string) bool {
		var got struct {
			Data struct {
				Alerts []struct {
					State  string
					Labels map[string]string
				}
			}
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			return false // it is starting
		}
		firing = nil
		for _, a := range got.Data.Alerts {
			if a.State == "firing" {
				firing = append(firing, a.Labels["alertname"])
			}
		}
		return len(firing) > 0
	})
	if len(firing) != 1 || firing[0] != "WxbotRefused" {
		t.Errorf("firing: %q, want WxbotRefused alone", firing)
	}
}
