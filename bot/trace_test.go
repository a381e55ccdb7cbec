package bot_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/bot/control"
	"wxbot/bot/lang"
	"wxbot/bot/trace"
	"wxbot/wx/wxtest"
)

// view waits for the trace of a message and gives it as the control socket does.
func (r *rig) view(id wxtest.MsgID) trace.View {
	r.t.Helper()
	return r.viewWhen(id, func(trace.View) bool { return true })
}

// viewWhen waits until the trace of a message is as it should be.
func (r *rig) viewWhen(id wxtest.MsgID, is func(trace.View) bool) trace.View {
	r.t.Helper()
	ctx := r.ctx()
	var last []trace.View
	for {
		views, err := control.NewClient(r.config.Socket).Traces(ctx, control.TraceQuery{ID: string(id)})
		if err != nil {
			r.t.Fatalf("%v; last %+v", err, last)
		}
		if last = views; len(views) > 0 && is(views[0]) {
			return views[0]
		}
		if !r.wait(ctx, 20*time.Millisecond) {
			r.t.Fatalf("no such trace of %s: %+v", id, last)
		}
	}
}

// wait waits a little, and reports false when ctx has ended.
func (*rig) wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

var spans = regexp.MustCompile(`\d+(\.\d+)? m?s\b`)

// flat gives the lines of a trace, with every duration as T.
func flat(v trace.View) string {
	var lines []string
	for _, l := range v.Lines {
		lines = append(lines, strings.TrimPrefix(l.Name+": ", ": ")+spans.ReplaceAllString(l.Text, "T"))
	}
	return strings.Join(lines, "\n")
}

const tracedRules = `
settings: {pace: off, timezone: UTC, loop_guard: off, handover: off, never: [黑名单], admins: [老王]}
rules:
  - {name: 问价格, contains: [价格, 多少钱], chat: [private, group], group: [客户一群, 客户二群], reply: 价目表, cooldown: 1h}
  - {name: 防广告, group: 客户*, contains: 加微信, reply: 别发广告}
  - {name: 试试, contains: 试, reply: x, dry_run: true}
  - {name: 掷, contains: 掷, probability: 0, reply: x}
  - {name: 寄语, contains: 寄语, do: [{send: {to: 双双, text: x}}, {reply: 好了}]}
  - {name: 夜里, time: 20:00-20:01, reply: 睡了}
`

const tracedPlugin = `bot.plugin { name = "dice", version = "1", api = 1 }
bot.observe("message", function(msg) end)
bot.filter(function(msg) return msg.text == "别理我" end)
bot.command("骰子", function(msg) msg:reply("6") end)
bot.on("message", {contains = "坏"}, function(msg) error("砸了：" .. msg.text) end)
bot.on("message", {contains = "问我"}, function(msg) local a = msg:ask("几岁？"); if a then msg:reply("好") end end)
`

func TestTraceTellsWhyItDidOrDidNotReply(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, tracedRules, map[string]string{"dice.lua": tracedPlugin})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	hong := r.srv.AddFriend(wxtest.Person{NickName: "小红"})
	r.srv.AddFriend(wxtest.Person{NickName: "双双"})
	r.srv.AddFriend(wxtest.Person{NickName: "双双"})
	black := r.srv.AddFriend(wxtest.Person{NickName: "黑", RemarkName: "黑名单"})
	clients, family := r.srv.AddGroup("客户一群", ming), r.srv.AddGroup("家庭群", hong)
	stop := r.online()
	for _, tt := range []struct {
		say           func() wxtest.MsgID
		title         string // after the time
		lines, lacks  string
		outcome, note string
	}{
		{
			say: func() wxtest.MsgID { return clients.Say(ming, "多少钱") }, title: `客户一群/小明 "多少钱" @no`, outcome: "rule 问价格",
			lines: "dice: observe message (T): saw it\n问价格: fired → reply (T); stops here\n防广告: not tried\n试试: not tried\n掷: not tried\n寄语: not tried\n夜里: not tried",
		},
		{
			say: func() wxtest.MsgID { return clients.Say(ming, "价格呢") }, title: `客户一群/小明 "价格呢" @no`, outcome: "rule 问价格, silently",
			lines: "问价格: in cooldown: 1h; stops here\n防广告: not tried",
		},
		{
			say: func() wxtest.MsgID { return family.Say(hong, "价格") }, title: `家庭群/小红 "价格" @no`, outcome: "nothing answered",
			lines: "问价格: no: group 家庭群 is not in [客户一群, 客户二群]\n防广告: no: group 家庭群 is not in [客户*]\n试试: no: chat is group, rule wants private\n掷: no: chat is group",
		},
		{
			say: func() wxtest.MsgID { return ming.Say("试试掷") }, title: `小明 "试试掷"`, outcome: "nothing answered",
			lines: "试试: fired → reply, tried out only\n掷: no: chance\n寄语: no: contains 寄语\n夜里: no: time ",
		},
		{
			say: func() wxtest.MsgID { return ming.Say("寄语") }, outcome: "rule 寄语",
			lines: `寄语: fired → send (not done: refused: send to "双双": 2 chats bear that name; set a remark), reply (not done: the step before it did not end well); stops here`, lacks: "价目表",
		},
		{
			say: func() wxtest.MsgID { return ming.Say("骰子") }, outcome: "plugin dice",
			lines: "夜里: no: time ", lacks: "not tried",
		},
		{
			say: func() wxtest.MsgID { return ming.Say("坏了") }, outcome: "nothing answered",
			lines: "dice: on message (T): failed: dice.lua:5: 砸了：坏了",
		},
		{
			say: func() wxtest.MsgID { return ming.Say("别理我") }, outcome: "dropped by a filter",
			lines: "dropped by a filter\ndice: filter (T): dropped it: nothing after this was asked", lacks: "问价格",
		},
		{
			say: func() wxtest.MsgID { return black.Say("价格") }, outcome: "in settings.never: nothing answers",
			lines: "in settings.never: nothing answers", lacks: "问价格",
		},
		{
			say:     func() wxtest.MsgID { return r.srv.SayFromPhone(r.srv.FileHelper(), "/状态") },
			outcome: "an admin's command", lines: "an admin's command\nadmin: notify (T)",
		},
		{say: func() wxtest.MsgID { return ming.Say("问我") }, outcome: "plugin dice", lines: "dice: on message (T): took it"},
		{
			say: func() wxtest.MsgID { return ming.Say("七岁") }, outcome: "plugin dice",
			lines: "the answer to a plugin's question\ndice: answer (T): took it", lacks: "问价格",
		},
	} {
		v := r.viewWhen(tt.say(), func(v trace.View) bool {
			return strings.Contains(flat(v), tt.lines) && v.Outcome == tt.outcome && !strings.Contains(flat(v), "on its way")
		})
		if tt.lacks != "" && strings.Contains(flat(v), tt.lacks) {
			t.Errorf("%s: %q is in\n%s", v.Title, tt.lacks, flat(v))
		}
		if _, title, _ := strings.Cut(v.Title, " "); tt.title != "" && title != tt.title {
			t.Errorf("title %q, want %q", title, tt.title)
		}
	}
	// Over a restart, and in the reader's language.
	id := clients.Say(ming, "加微信")
	r.view(id)
	r.sent(5)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.polling()
	chinese := control.NewClient(r.config.Socket)
	chinese.Language = lang.Chinese
	views, err := chinese.Traces(r.ctx(), control.TraceQuery{ID: string(id)})
	if err != nil || len(views) != 1 || !strings.Contains(flat(views[0]), "防广告: 触发 → 回复（") {
		t.Errorf("after a restart: %+v, %v", views, err)
	}
	views, err = control.NewClient(r.config.Socket).Traces(r.ctx(), control.TraceQuery{Chat: "家庭群", N: 5})
	if err != nil || len(views) != 1 || views[0].Text != "价格" {
		t.Errorf("of one group: %+v, %v", views, err)
	}
}

// Rules that have changed since are told by what they were, or it is said that they
// are not known any more.
func TestTraceOfRulesThatHaveChanged(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, "settings: {pace: off}\nrules:\n  - {name: 旧, contains: 价格, reply: x}\n", nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	stop := r.online()
	id := ming.Say("报价")
	if got := flat(r.view(id)); got != "旧: no: contains 价格" {
		t.Errorf("at once: %q", got)
	}
	r.write("rules.yaml", "settings: {pace: off}\nrules:\n  - {name: 新, contains: 报价, reply: x}\n")
	if err := r.bot.Reload(r.ctx()); err != nil {
		t.Fatal(err)
	}
	if v := r.view(id); flat(v) != "旧: no: contains 价格" || v.Note != "" {
		t.Errorf("after a reload: %q, %q", flat(v), v.Note)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	stop = r.start()
	r.polling()
	if v := r.view(id); flat(v) != "旧: no: contains 价格" || v.Note != "" {
		t.Errorf("after a restart: %q, %q", flat(v), v.Note)
	}
	if err := os.RemoveAll(filepath.Join(r.config.State, "rule-versions")); err != nil {
		t.Fatal(err)
	}
	if v := r.view(id); flat(v) != "旧: no: contains 价格" {
		t.Errorf("a second time: %q", flat(v))
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.polling()
	if v := r.view(id); flat(v) != "新: fired → reply; stops here" || !strings.Contains(v.Note, "the rules have changed since") {
		t.Errorf("once the version is gone: %q, %q", flat(v), v.Note)
	}
}

func TestTraceTellsWhatHoldsAnAnswerBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, `
settings: {mode: trial, timezone: UTC, loop_guard: off, pace: {reply: 0s, total: 1000/min, per_chat: 1000/min, quiet: off, unsolicited_per_day: 1}}
rules:
  - {name: a, contains: 价格, reply: 价目表}
  - {name: b, contains: 群发, do: [{send: {to: 小明, text: x}}]}
`, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	r.online()
	has := func(text string) func(trace.View) bool {
		return func(v trace.View) bool { return strings.Contains(flat(v), text) }
	}
	r.viewWhen(ming.Say("价格"), has("a: fired → reply (not sent: trial mode); stops here"))
	r.adminSays("/上线")
	r.viewWhen(ming.Say("群发一"), has("b: fired → send (T)"))
	r.viewWhen(ming.Say("群发二"), func(v trace.View) bool {
		return strings.Contains(flat(v), "waits until ") && strings.Contains(flat(v), "the cap of the day")
	})
	if _, err := control.NewClient(r.config.Socket).Pause(r.ctx(), time.Hour, ""); err != nil {
		t.Fatal(err)
	}
	if v := r.view(ming.Say("价格")); flat(v) != "paused" || v.Answered {
		t.Errorf("paused: %q", flat(v))
	}
}

func TestWhyInTheChat(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, tracedRules, nil)
	wang := r.srv.AddFriend(wxtest.Person{NickName: "王", RemarkName: "老王"})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	clients := r.srv.AddGroup("客户一群", ming)
	r.online()
	if got := r.adminSays("/为什么"); got != "没有找到那条消息的记录。" {
		t.Errorf("about nothing: %q", got)
	}
	price := wang.Say("多少钱")
	r.view(price)
	wang.Say("没事")
	ask := func(m wxtest.Message) string {
		t.Helper()
		n := len(r.sentTo(wang))
		wang.Send(m)
		if _, err := r.srv.Await(r.ctx(), func(wxtest.Record) bool { return len(r.sentTo(wang)) > n }); err != nil {
			t.Fatalf("no answer: %v", err)
		}
		return spans.ReplaceAllString(r.sentTo(wang)[n], "T")
	}
	next := ask(wxtest.Text("/为什么"))
	if !strings.Contains(next, `老王 "没事"`) || !strings.Contains(next, "问价格：否：文字里没有 [价格, 多少钱]") {
		t.Errorf("about the last message: %q", next)
	}
	quoted := ask(wxtest.Quote("/为什么", price, "老王", "多少钱"))
	if !strings.Contains(quoted, `老王 "多少钱"`) || !strings.Contains(quoted, "问价格：触发 → 回复（") || strings.Contains(quoted, "没有轮到") {
		t.Errorf("about the quoted message: %q", quoted)
	}
	if again := ask(wxtest.Quote("/why", "1", "老王", "多少钱")); !strings.Contains(again, `老王 "多少钱"`) {
		t.Errorf("about a text whose id is not known: %q", again)
	}
	r.view(clients.Say(ming, "价格在此"))
	r.sent(5)
	if other := ask(wxtest.Text("/为什么 客户一群")); !strings.Contains(other, `客户一群/小明 "价格在此" 没有@`) {
		t.Errorf("about another chat: %q", other)
	}
	n := len(r.sentTo(ming))
	r.view(ming.Say("/为什么"))
	if got := r.sentTo(ming); len(got) != n {
		t.Errorf("somebody who is no admin is told %q", got)
	}
}

func TestFollowingTracesToldAtOnceAndForgotten(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, tracedRules, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	hong := r.srv.AddFriend(wxtest.Person{NickName: "小红"})
	stop := r.online()
	r.view(hong.Say("先前的"))
	records := make(chan trace.Record, 100)
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(r.ctx())
	another := make(chan error, 1) // is told of the same
	go func() {
		another <- control.NewClient(r.config.Socket).FollowTraces(ctx, control.TraceQuery{N: 1}, func(trace.Record) {})
	}()
	go func() {
		done <- control.NewClient(r.config.Socket).FollowTraces(ctx, control.TraceQuery{N: 1}, func(rec trace.Record) { records <- rec })
	}()
	next := func() trace.Record {
		t.Helper()
		for {
			select {
			case rec := <-records:
				if rec.Trace != nil || rec.Action != nil {
					return rec
				}
			case <-time.After(deadline):
				t.Fatal("nothing comes")
			}
		}
	}
	if got := next(); got.Trace == nil || got.Trace.Text != "先前的" {
		t.Errorf("first %+v", got)
	}
	ming.Say("多少钱隐私")
	if got := next(); got.Trace == nil || got.Trace.Text != "多少钱隐私" || got.Trace.Outcome != "rule 问价格" {
		t.Errorf("then %+v", got.Trace)
	}
	if got := next(); got.Action == nil || got.Action.Said != "价目表" || got.Action.Chat != "小明" || got.Action.Status != "sent" {
		t.Errorf("then %+v", got.Action)
	}
	cancel()
	if err := errors.Join(<-done, <-another); err != nil {
		t.Errorf("stopped by its reader: %v", err)
	}
	// What waits to be written is forgotten as well.
	ming.Say("又是隐私")
	hong.Say("平常的")
	r.view(hong.Say("还在"))
	f, err := control.NewClient(r.config.Socket).Forget(r.ctx(), "小明")
	if err != nil || f.Traces < 1 {
		t.Errorf("forgot %+v, %v", f, err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if found := r.holds("隐私"); len(found) != 0 {
		t.Errorf("still in %q", found)
	}
	if found := r.holds("平常的"); !slices.Contains(found, "wxbot.db") {
		t.Errorf("another's message is in %q alone", found)
	}
}

// A reader that reads nothing holds nobody up, and the daemon stops with it there.
func TestFollowersEndWithTheDaemon(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, tracedRules, nil)
	stop := r.online()
	done := make(chan error, 1)
	begun := make(chan struct{}, 100)
	go func() {
		done <- control.NewClient(r.config.Socket).FollowTraces(r.ctx(), control.TraceQuery{}, func(trace.Record) { begun <- struct{}{} })
	}()
	<-begun
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || !strings.Contains(err.Error(), "the daemon has stopped") {
		t.Errorf("follower: %v", err)
	}
}

func TestTracingCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, "settings: {pace: off, trace: off}\nrules:\n  - {name: ping, exact: ping, reply: pong}\n", nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	r.online()
	ming.Say("ping")
	r.wantSent("pong")
	views, err := control.NewClient(r.config.Socket).Traces(r.ctx(), control.TraceQuery{})
	if err != nil || len(views) != 0 {
		t.Errorf("%+v, %v", views, err)
	}
}
