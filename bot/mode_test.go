package bot_test

import (
	"slices"
	"strings"
	"testing"

	"wxbot/bot"
	"wxbot/bot/conf"
	"wxbot/wx/wxtest"
)

const helperRules = `
settings: {pace: off, timezone: UTC}
rules:
  - name: ping
    exact: ping
    reply: pong
  - name: note
    chat: self
    exact: note
    reply: noted
  - name: own
    by_self: true
    exact: own
    reply: owned
  - name: crowd
    group: Tea
    exact: ping
    reply: never
  - name: asked
    event: friend_request
    do: [accept]
`

const helperPlugin = `bot.plugin{name = "greet", version = "1", api = 1, about = "x"}
bot.command("hi", function(msg) msg:reply("hi yourself") end)
bot.on("friend_request", function(r) end)
`

func helperRig(t *testing.T) *rig {
	t.Helper()
	// The account is refused web login.
	r := newRig(t, wxtest.Config{RefuseCode: 1203}, helperRules, map[string]string{"greet.lua": helperPlugin})
	r.config.Mode = bot.ModeFileHelper
	return r
}

func TestFileHelperModeAnswersItsOwner(t *testing.T) {
	r := helperRig(t)
	stop := r.online()
	helper := r.srv.FileHelper()
	for i, step := range []struct{ say, want string }{
		{"ping", "pong"}, {"note", "noted"}, {"own", "owned"}, {"hi", "hi yourself"},
	} {
		r.srv.SayFromPhone(helper, step.say)
		if got := r.sent(i + 1); got[i] != step.want {
			t.Errorf("%q is answered %q, want %q", step.say, got[i], step.want)
		}
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}

	r.start() // without a scan
	r.polling()
	r.srv.SayFromPhone(helper, "ping")
	if got := r.sent(5); got[4] != "pong" {
		t.Errorf("after the restart: %q", got)
	}
	if n := r.srv.Count("jslogin"); n != 1 {
		t.Errorf("%d codes, want 1", n)
	}
}

func TestFileHelperModeNamesWhatItCannotServe(t *testing.T) {
	r := helperRig(t)
	r.start()
	want := []string{
		"rule crowd: in mode filehelper it never fires: there is no group chat",
		"rule asked: in mode filehelper it never fires: friend_request does not happen",
		"plugin greet: in mode filehelper on friend_request never runs: friend_request does not happen",
	}
	await[bot.RulesLoaded](r)
	report, err := bot.Check(r.ctx(), bot.Options{Config: r.config})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, p := range report.Problems {
		found = append(found, p.String())
	}
	for name, text := range map[string]string{"log": r.log.String(), "check": strings.Join(found, "\n")} {
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s lacks %q:\n%s", name, w, text)
			}
		}
	}
	if n := strings.Count(strings.Join(found, "\n"), "in mode"); report.Errors() != 0 || n != len(want) {
		t.Errorf("check found %d errors and %d things the mode cannot serve, want 0 and %d: %q", report.Errors(), n, len(want), found)
	}
	r.config.Mode = bot.ModeWeb
	report, err = bot.Check(r.ctx(), bot.Options{Config: r.config})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range report.Problems {
		if strings.Contains(p.Text.String(), "in mode") {
			t.Errorf("mode web: %s", p)
		}
	}
	if c := report.Capabilities; c.Mode != bot.ModeWeb || !c.Groups || !c.Friends || !c.Revoke {
		t.Errorf("mode web: %+v", c)
	}
}

func TestRefusalOfOneModeIsNotThatOfTheOther(t *testing.T) {
	r := newRig(t, wxtest.Config{RefuseCode: 1203, RefuseText: "不能登录网页微信"}, baseRules, nil)
	stop := r.start()
	await[bot.QRCode](r)
	r.srv.Scan()
	r.srv.Confirm()
	await[bot.Refused](r)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.config.Mode = bot.ModeFileHelper
	stop = r.online()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.config.Mode = bot.ModeWeb
	r.start()
	await[bot.Refused](r)
	if n := r.srv.Count("jslogin"); n != 2 {
		t.Errorf("%d codes, want 2: the web stays refused", n)
	}
}

func TestDesktopModeIsWarnedOf(t *testing.T) {
	r := newRig(t, wxtest.Config{RequireDesktop: true}, baseRules, nil)
	stop := r.start()
	await[bot.QRCode](r)
	r.srv.Scan()
	r.srv.Confirm()
	await[bot.Refused](r)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	const warning = "mode: warning: desktop: since January 2025"
	if strings.Contains(r.log.String(), warning) {
		t.Error("mode web is warned of")
	}
	r.config.Mode = bot.ModeDesktop
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	stop = r.online()
	ming.Say("ping")
	r.wantSent("pong")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.start() // without a scan
	r.polling()
	if n := r.srv.Count("jslogin"); n != 2 {
		t.Errorf("%d codes, want 2", n)
	}
	if !strings.Contains(r.log.String(), warning) {
		t.Error("the log does not warn of mode desktop")
	}
	report, err := bot.Check(r.ctx(), bot.Options{Config: r.config})
	if err != nil {
		t.Fatal(err)
	}
	warned := slices.ContainsFunc(report.Problems, func(p conf.Problem) bool { return strings.HasPrefix(p.String(), warning) })
	if !warned || report.Errors() != 0 {
		t.Errorf("check: %v", report.Problems)
	}
	if c := report.Capabilities; c.Mode != bot.ModeDesktop || !c.Groups {
		t.Errorf("capabilities %+v", c)
	}
}

// A session of one mode is of no use to the other.
func TestOtherModeNeedsAScan(t *testing.T) {
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	stop := r.online()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.config.Mode = bot.ModeFileHelper
	stop = r.online()
	r.srv.SayFromPhone(r.srv.FileHelper(), "ping")
	r.sent(1)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.config.Mode = bot.ModeWeb
	r.online()
	if n := r.srv.Count("jslogin"); n != 3 {
		t.Errorf("%d codes, want 3", n)
	}
}
