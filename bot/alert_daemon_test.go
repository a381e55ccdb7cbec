package bot_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wxbot/bot"
	"wxbot/bot/control"
	"wxbot/wx/wxtest"
)

// alertToken is part of the webhook's address and must not show anywhere.
const alertToken = "tok-4711-secret"

// withAlerts gives the daemon a webhook and tells what it gets.
func withAlerts(r *rig) <-chan map[string]string {
	r.t.Helper()
	got := make(chan map[string]string, 20)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var body map[string]string
		if err := json.NewDecoder(req.Body).Decode(&body); err != nil || req.URL.Path != "/"+alertToken {
			r.t.Errorf("alert %v on %s", err, req.URL.Path)
		}
		got <- body
	}))
	r.t.Cleanup(srv.Close)
	r.write("wxbot.yaml", "alerts:\n  - webhook: "+srv.URL+"/${env:HOOK}\n")
	c, err := bot.LoadConfig(bot.Config{File: filepath.Join(r.dir, "wxbot.yaml")}, bot.Environment{
		Dir: r.dir, Home: r.dir, Getenv: func(name string) string { return map[string]string{"HOOK": alertToken}[name] },
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.config.Alerts = c.Alerts
	return got
}

// nextAlert waits for one alert and checks what it is of.
func nextAlert(r *rig, got <-chan map[string]string, event string) map[string]string {
	r.t.Helper()
	select {
	case a := <-got:
		if a["event"] != event || !strings.HasPrefix(a["text"], "wxbot") {
			r.t.Errorf("alert %v, want %s", a, event)
		}
		return a
	case <-time.After(deadline):
		r.t.Fatalf("no alert %s came; log:\n%s", event, r.log)
		return nil
	}
}

func TestOperatorIsAlertedOfARefusal(t *testing.T) {
	t.Parallel()
	const words = "当前登录环境异常"
	r := newRig(t, wxtest.Config{RefuseCode: 1203, RefuseText: words}, baseRules, nil)
	got := withAlerts(r)
	r.start()
	if err := r.srv.Login(r.ctx()); err != nil {
		t.Fatal(err)
	}
	a := nextAlert(r, got, "refused")
	if !strings.Contains(a["text"], words) {
		t.Errorf("alert %v lacks WeChat's words", a)
	}
}

func TestOperatorIsAlertedOfARestriction(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	got := withAlerts(r)
	r.online()
	r.srv.Cut(1102)
	if a := nextAlert(r, got, "restricted"); a["account"] == "" || !strings.Contains(a["text"], a["account"]) {
		t.Errorf("alert %v does not tell the account", a)
	}
}

func TestOperatorIsAlertedOfALogoutAndWhenNobodyScans(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	got := withAlerts(r)
	stop := r.online()
	r.srv.LogoutFromPhone()
	nextAlert(r, got, "logout")
	if err := r.srv.AwaitPush(r.ctx()); err != nil {
		t.Fatal(err)
	}
	r.srv.Cancel()
	for range 5 {
		if _, err := r.srv.AwaitQR(r.ctx()); err != nil {
			t.Fatal(err)
		}
		r.srv.Expire()
	}
	nextAlert(r, got, "qr")
	if err := stop(); err != nil {
		t.Error(err)
	}
	if strings.Contains(r.log.String(), alertToken) {
		t.Error("the log shows the token")
	}
}

func TestAlertsAreTriedOverTheSocket(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	got := withAlerts(r)
	r.online()
	c := control.NewClient(r.config.Socket)
	results, err := c.TestAlerts(r.ctx())
	if err != nil || len(results) != 1 || results[0].Error != "" || !strings.HasPrefix(results[0].Target, "webhook 127.0.0.1:") {
		t.Errorf("results %+v, %v", results, err)
	}
	nextAlert(r, got, "test")
	st, err := c.Status(r.ctx())
	if err != nil || st.Alerts.Targets != 1 || st.Alerts.LastFailure != nil {
		t.Errorf("status %+v, %v", st.Alerts, err)
	}
}
