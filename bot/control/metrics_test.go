package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"wxbot/bot/event"
)

// telling is a daemon with a status.
type telling struct {
	Daemon
	status Status
	err    error
}

func (d telling) Status(context.Context) (Status, error) { return d.status, d.err }

func scrape(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
	return w.Code, w.Body.String()
}

// everything is a status in which every gauge has something to tell, with names of
// people wherever the status has them.
func everything() Status {
	at := time.Unix(1700000000, 0)
	return Status{
		Version: "v1", Session: SessionStalled, Account: "小微", State: "小微", Mode: "trial", Rules: 3, Broken: "小微",
		Heard: at, Polled: at, Synced: at, Delivered: at,
		Plugins: []Plugin{{Name: "dice", Running: true}, {Name: "weather", Running: true, Paused: "10 errors"}, {Name: "x"}},
		Inbox:   Inbox{Waiting: 4}, Outbox: Outbox{Waiting: 5, Poisoned: 6},
		Brakes: Brakes{
			Paused: &Pause{}, Chats: []Pause{{Name: "小明"}, {Name: "小红"}}, Warning: "小微",
			Throttled: []Throttled{{Action: "message"}}, Rules: []RuleOff{{Rule: "r", Groups: []string{"小群"}}},
		},
		Store: &StoreTrouble{Error: "小微"}, Alerts: Alerts{Sent: 7, Failed: 8},
		Missing: []Missing{{Name: "小微"}}, Ambiguous: []string{"小微"}, Refusal: "小微",
	}
}

func TestMetricsTellTheStatusAndCounts(t *testing.T) {
	m := NewMetrics(telling{status: everything()})
	m.Received(&event.Event{Kind: event.KindMessage, Message: &event.Message{Type: event.TypeText, Text: "小微"}})
	m.Received(&event.Event{Kind: event.KindLogin})
	m.Handled("rule")
	m.RuleFired("ping")
	m.PluginRan("dice", 250*time.Millisecond, false)
	m.PluginRan("dice", 250*time.Millisecond, true)
	m.PluginFailed("dice", true)
	m.Ended(event.ActReply, event.StatusSent, 1500*time.Millisecond)
	m.Ended(event.ActReply, event.StatusExpired, 0)
	code, text := scrape(t, m.handler(), "/metrics")
	if code != http.StatusOK {
		t.Fatalf("status %d: %s", code, text)
	}
	for _, line := range []string{
		`wxbot_build_info{version="v1"} 1`,
		`wxbot_session_state{state="stalled"} 1`,
		`wxbot_session_state{state="online"} 0`,
		`wxbot_last_poll_timestamp_seconds 1.7e+09`,
		`wxbot_events_received_total{kind="message",type="text"} 1`,
		`wxbot_events_received_total{kind="login",type=""} 1`,
		`wxbot_events_handled_total{outcome="rule"} 1`,
		`wxbot_events_waiting 4`,
		`wxbot_events_poisoned 6`,
		`wxbot_rule_hits_total{rule="ping"} 1`,
		`wxbot_plugin_calls_total{plugin="dice"} 1`,
		`wxbot_plugin_seconds_total{plugin="dice"} 0.5`,
		`wxbot_plugin_errors_total{cause="limit",plugin="dice"} 1`,
		`wxbot_plugins{state="running"} 1`,
		`wxbot_plugins{state="paused"} 1`,
		`wxbot_plugins{state="off"} 1`,
		`wxbot_deliveries_total{action="reply",status="sent"} 1`,
		`wxbot_deliveries_total{action="reply",status="expired"} 1`,
		`wxbot_deliveries_waiting 5`,
		`wxbot_reply_latency_seconds_bucket{le="1"} 0`,
		`wxbot_reply_latency_seconds_bucket{le="2"} 1`,
		`wxbot_reply_latency_seconds_count 1`,
		`wxbot_trial 1`, `wxbot_paused 1`, `wxbot_paused_chats 2`, `wxbot_warned 1`,
		`wxbot_throttled{action="message"} 1`,
		`wxbot_rules 3`, `wxbot_files_invalid 1`, `wxbot_store_failing 1`,
		`wxbot_alerts_total{result="sent"} 7`, `wxbot_alerts_total{result="failed"} 8`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
	if strings.Contains(text, "小") {
		t.Error("the metrics tell of people")
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestLabelsAreBounded(t *testing.T) {
	m := NewMetrics(telling{})
	for i := range 2 * namesMost {
		m.RuleFired(fmt.Sprint("rule", i))
	}
	m.RuleFired("rule0")
	_, text := scrape(t, m.handler(), "/metrics")
	if n := strings.Count(text, "\nwxbot_rule_hits_total{"); n != namesMost+1 {
		t.Errorf("%d rules told, want %d", n, namesMost+1)
	}
	for _, line := range []string{`wxbot_rule_hits_total{rule="(other)"} 500`, `wxbot_rule_hits_total{rule="rule0"} 2`} {
		if !strings.Contains(text, line) {
			t.Errorf("no line %s", line)
		}
	}
}

func TestCountsAreToldWithoutAStatus(t *testing.T) {
	m := NewMetrics(telling{err: errors.New("closed")})
	m.RuleFired("ping")
	if _, text := scrape(t, m.handler(), "/metrics"); !strings.Contains(text, `rule="ping"`) {
		t.Errorf("without a status:\n%s", text)
	}
}

// The page has a row for each metric, with its labels, and for nothing else.
func TestEveryMetricIsDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(wxbot_[^`]*)` \\| [^|]+ \\| [^|]*\\|$").FindAllStringSubmatch(string(text), -1) {
		told = append(told, row[1])
	}
	m := NewMetrics(telling{})
	descs := make(chan *prometheus.Desc, 1000)
	m.registry.Describe(descs)
	close(descs)
	form := regexp.MustCompile(`fqName: "(wxbot_[^"]*)", help: "[^"]+\.",(?: unit: "",)? constLabels: \{\}, variableLabels: \{([^}]*)\}`)
	var there []string
	for d := range descs {
		f := form.FindStringSubmatch(d.String())
		switch {
		case f == nil && strings.Contains(d.String(), "wxbot_"):
			t.Errorf("metric not understood: %s", d)
		case f == nil:
		case f[2] == "":
			there = append(there, f[1])
		default:
			there = append(there, f[1]+"{"+f[2]+"}")
		}
	}
	slices.Sort(told)
	slices.Sort(there)
	if !slices.Equal(told, there) || len(there) == 0 {
		t.Errorf("docs/metrics.md tells of\n%q\nand there are\n%q", told, there)
	}
}

// What the alerts name is there.
func TestAlertRulesNameMetricsThatExist(t *testing.T) {
	rules, err := os.ReadFile(filepath.Join("..", "..", "deploy", "wxbot-alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	m := NewMetrics(telling{status: everything()})
	m.Ended(event.ActReply, event.StatusSent, 0)
	_, text := scrape(t, m.handler(), "/metrics")
	names := regexp.MustCompile(`wxbot_[a-z_]+`).FindAllString(string(rules), -1)
	if len(names) < 10 {
		t.Errorf("the alerts name %q", names)
	}
	for _, n := range names {
		if !strings.Contains(text, "\n# TYPE "+n+" ") {
			t.Errorf("the alerts name %s, which is not there", n)
		}
	}
}

func TestHealthAndReadiness(t *testing.T) {
	for name, c := range map[string]struct {
		status Status
		err    error
		stuck  bool
		health int
		ready  int
		why    string
	}{
		"online":    {status: Status{Session: SessionOnline}, health: 200, ready: 200, why: "ok"},
		"scan":      {status: Status{Session: SessionScan}, health: 200, ready: 503, why: "session: scan"},
		"disk":      {status: Status{Session: SessionOnline, Store: &StoreTrouble{Error: "小"}}, health: 200, ready: 503, why: "the state cannot be written"},
		"stuck":     {status: Status{Session: SessionOnline}, stuck: true, health: 503, ready: 200, why: "ok"},
		"no status": {err: errors.New("小"), health: 200, ready: 503, why: "no status"},
	} {
		t.Run(name, func(t *testing.T) {
			d := telling{status: c.status, err: c.err}
			w, err := NewWeb(WebOptions{Addr: "-", Daemon: d, Metrics: NewMetrics(d), Alive: func() bool { return !c.stuck }})
			if err != nil {
				t.Fatal(err)
			}
			if code, text := scrape(t, w.handler(), "/healthz"); code != c.health || (code == 200) != (text == "ok\n") {
				t.Errorf("healthz: %d %q, want %d", code, text, c.health)
			}
			if code, text := scrape(t, w.handler(), "/readyz"); code != c.ready || text != c.why+"\n" {
				t.Errorf("readyz: %d %q, want %d %q", code, text, c.ready, c.why)
			}
		})
	}
}

// Over HTTP nothing acts, and nothing dumps memory.
func TestWebHasNothingElse(t *testing.T) {
	w, err := NewWeb(WebOptions{Addr: "-", Daemon: &counting{}, Metrics: NewMetrics(telling{})})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/v1/status", "/v1/qr", "/debug/pprof/", "/debug/pprof/heap", "/v1/config"} {
		if code, _ := scrape(t, w.handler(), path); code != http.StatusNotFound {
			t.Errorf("%s: status %d", path, code)
		}
	}
	r := httptest.NewRecorder()
	w.handler().ServeHTTP(r, httptest.NewRequest(http.MethodPost, "/metrics", http.NoBody))
	if r.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", r.Code)
	}
}

func BenchmarkRuleFired(b *testing.B) {
	m := NewMetrics(telling{})
	for b.Loop() {
		m.RuleFired("a rule with a name")
	}
}
