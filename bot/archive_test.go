package bot_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wxbot/bot/control"
	"wxbot/bot/event"
	"wxbot/wx/wxtest"
)

// history gives the lines of one chat as the control socket tells them.
func (r *rig) history(name string) []event.Line {
	r.t.Helper()
	lines, err := control.NewClient(r.config.Socket).History(r.ctx(), name, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	return lines
}

// holds tells in which files of the state directory a text stands.
func (r *rig) holds(text string) []string {
	r.t.Helper()
	var found []string
	files, err := os.ReadDir(r.config.State)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range files {
		if f.IsDir() {
			continue
		}
		b, err := os.ReadFile(filepath.Join(r.config.State, f.Name()))
		if err != nil {
			r.t.Fatal(err)
		}
		if bytes.Contains(b, []byte(text)) {
			found = append(found, f.Name())
		}
	}
	return found
}

const echoRules = `
settings: {pace: off, timezone: UTC, loop_guard: off}
rules:
  - {name: ping, contains: ping, reply: "答复${text}"}
  - {name: group, contains: ping, group: "*", reply: "群里${text}"}
`

func TestHistoryOfAChatAndForgettingIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, echoRules, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "明明", RemarkName: "小明"})
	hong := r.srv.AddFriend(wxtest.Person{NickName: "小红"})
	g := r.srv.AddGroup("讨论组", ming, hong)
	stop := r.online()
	ming.Say("ping隐私一")
	r.sent(1)
	g.Say(ming, "ping隐私二")
	r.sent(2)
	hong.Say("ping平常")
	r.sent(3)
	lines := r.history("小明")
	if len(lines) != 2 || lines[0].Out || lines[0].By != "小明" || lines[0].Text != "ping隐私一" || !lines[1].Out || lines[1].Text != "答复ping隐私一" {
		t.Errorf("history = %+v", lines)
	}
	if n := len(r.history("")); n < 6 {
		t.Errorf("history of everybody has %d lines", n)
	}

	c := control.NewClient(r.config.Socket)
	if _, err := c.Forget(r.ctx(), "没有这人"); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("unknown name: %v", err)
	}
	f, err := c.Forget(r.ctx(), "小明")
	if err != nil || f.Kind != "private" || f.Messages != 2 || f.Deliveries != 2 || !f.Contact {
		t.Errorf("forgot %+v, %v", f, err)
	}
	if found := r.holds("隐私"); len(found) != 0 {
		t.Errorf("still in %q", found)
	}
	if found := r.holds("平常"); len(found) == 0 {
		t.Error("another's message is gone as well")
	}
	// Whoever writes again is somebody new.
	ming.Say("ping")
	if got := r.sent(4)[3]; got != "答复ping" {
		t.Errorf("answer after being forgotten = %q", got)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(r.log.String(), "隐私") {
		t.Error("the log holds a message")
	}
}

func TestForgetAsksWhichOfSeveral(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, echoRules, nil)
	one := r.srv.AddFriend(wxtest.Person{NickName: "张伟"})
	other := r.srv.AddFriend(wxtest.Person{NickName: "张伟"})
	r.srv.AddGroup("张伟", one)
	r.online()
	one.Say("ping甲")
	other.Say("ping乙")
	r.sent(2)
	c := control.NewClient(r.config.Socket)
	_, err := c.Forget(r.ctx(), "张伟")
	if err == nil {
		t.Fatal("one of three was forgotten")
	}
	for _, want := range []string{"3 bear that name", "private key:p", "group key:g"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
	if len(r.holds("ping甲")) == 0 {
		t.Error("something was forgotten nevertheless")
	}
	key := ""
	for _, l := range r.history("") {
		if l.Text == "ping甲" {
			key = l.Chat.Key
		}
	}
	if _, err := c.Forget(r.ctx(), "key:"+key); err != nil {
		t.Fatal(err)
	}
	if len(r.holds("ping甲")) != 0 || len(r.holds("ping乙")) == 0 {
		t.Errorf("甲 in %q, 乙 in %q", r.holds("ping甲"), r.holds("ping乙"))
	}
}

// Strangers of groups have no names in the keys and get new ones at each login.
func TestForgetFindsAStrangerOfAGroup(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, echoRules, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "明明"})
	stranger := r.srv.AddStranger(wxtest.Person{NickName: "路人甲"})
	g := r.srv.AddGroup("讨论组", ming, stranger)
	r.online()
	g.Say(stranger, "ping隐私")
	r.sent(1)
	r.loginAnew()
	g.Say(stranger, "ping隐私")
	r.sent(2)
	f, err := control.NewClient(r.config.Socket).Forget(r.ctx(), "路人甲")
	if err != nil || f.Messages != 2 || f.Deliveries != 2 {
		t.Errorf("forgot %+v, %v", f, err)
	}
	if found := r.holds("隐私"); len(found) != 0 {
		t.Errorf("still in %q", found)
	}
}
