package bot_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/bot/control"
	"wxbot/wx/wxtest"
)

const brakeRules = `
settings: {pace: off, timezone: UTC, loop_guard: off, admins: [老王]}
rules:
  - {name: own, by_self: true, contains: note, reply: noted}
  - {name: ping, exact: ping, chat: [private, group], group: "*", reply: pong}
`

func (r *rig) status() control.Status {
	r.t.Helper()
	st, err := control.NewClient(r.config.Socket).Status(r.ctx())
	if err != nil {
		r.t.Fatal(err)
	}
	return st
}

// sentTo gives the texts that a chat got.
func (r *rig) sentTo(c *wxtest.Account) []string {
	var out []string
	for _, s := range r.srv.Sent() {
		if s.ToAccount == c {
			out = append(out, s.Content)
		}
	}
	return out
}

// adminSays writes from the owner's phone and gives the daemon's answer.
func (r *rig) adminSays(text string) string {
	r.t.Helper()
	n := len(r.sentTo(r.srv.FileHelper()))
	r.srv.SayFromPhone(r.srv.FileHelper(), text)
	cursor := r.srv.Cursor()
	for {
		if got := r.sentTo(r.srv.FileHelper()); len(got) > n {
			return got[len(got)-1]
		}
		rec, err := r.srv.AwaitAfter(r.ctx(), cursor, func(rec wxtest.Record) bool { return rec.Kind == wxtest.RecordSent })
		if err != nil {
			r.t.Fatalf("no answer to %q: %v; log:\n%s", text, err, r.log)
		}
		cursor = rec.Seq
	}
}

func TestPauseSilencesEverythingOverARestart(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, brakeRules, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	stop := r.online()
	ming.Say("ping")
	r.wantSent("pong")
	if got := r.adminSays("/停"); !strings.Contains(got, "已暂停全部") {
		t.Errorf("answer %q", got)
	}
	ming.Say("ping")
	if st := r.status(); st.Brakes.Paused == nil || !st.Brakes.Paused.Until.IsZero() {
		t.Errorf("status %+v", st.Brakes)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.polling()
	ming.Say("ping")
	if got := r.adminSays("/状态"); !strings.Contains(got, "已暂停") {
		t.Errorf("status in the chat: %q", got)
	}
	if got := r.adminSays("/开工"); !strings.Contains(got, "已恢复") {
		t.Errorf("answer %q", got)
	}
	ming.Say("ping")
	if _, err := r.srv.Await(r.ctx(), func(wxtest.Record) bool { return len(r.sentTo(ming)) == 2 }); err != nil {
		t.Fatalf("after the pause: %v", err)
	}
	if got := r.sentTo(ming); !slices.Equal(got, []string{"pong", "pong"}) {
		t.Errorf("sent %q: what came during a pause is not answered later", got)
	}
}

func TestPauseOfOneChatByTheSocket(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, brakeRules, nil)
	ming, hong := r.srv.AddFriend(wxtest.Person{NickName: "小明"}), r.srv.AddFriend(wxtest.Person{NickName: "小红"})
	r.online()
	ming.Say("ping")
	r.wantSent("pong") // his name is known
	c := control.NewClient(r.config.Socket)
	if _, err := c.Pause(r.ctx(), time.Hour, "小明"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Pause(r.ctx(), 0, "谁"); err == nil || !strings.Contains(err.Error(), "谁") {
		t.Errorf("pause of nobody: %v", err)
	}
	ming.Say("ping")
	hong.Say("ping")
	r.wantSent("pong", "pong")
	if got := r.sentTo(ming); len(got) != 1 {
		t.Errorf("sent %q to the paused chat", got)
	}
	if st := r.status(); len(st.Brakes.Chats) != 1 || st.Brakes.Chats[0].Name != "小明" {
		t.Errorf("status %+v", st.Brakes)
	}
	if err := c.Resume(r.ctx(), "小明"); err != nil {
		t.Fatal(err)
	}
	ming.Say("ping")
	r.wantSent("pong", "pong", "pong")
}

// What waits in the outbox when the brake comes is held as well.
func TestPauseHoldsWhatWaits(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, `
settings: {pace: off, timezone: UTC, loop_guard: off}
rules:
  - {name: later, exact: later, do: [{reply: first}, {wait: 300ms}, {reply: second}]}
`, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	r.online()
	ming.Say("later")
	r.wantSent("first")
	r.adminSays("/停")
	r.adminSays("/状态")
	time.AfterFunc(400*time.Millisecond, func() { r.srv.SayFromPhone(r.srv.FileHelper(), "/开工") })
	if _, err := r.srv.Await(r.ctx(), func(wxtest.Record) bool { return len(r.sentTo(ming)) == 2 }); err != nil {
		t.Fatalf("%v; log:\n%s", err, r.log)
	}
	all := r.srv.Sent()
	if last := all[len(all)-1]; last.Content != "second" && all[len(all)-2].Content != "second" {
		t.Errorf("the second step did not wait for the end of the pause: %v", all)
	}
}

func TestHandoverLeavesTheChatToTheOwner(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, brakeRules, nil)
	ming, hong := r.srv.AddFriend(wxtest.Person{NickName: "小明"}), r.srv.AddFriend(wxtest.Person{NickName: "小红"})
	g := r.srv.AddGroup("客户群", ming)
	r.online()
	r.srv.SayFromPhone(ming, "我来说")
	ming.Say("ping")
	// A rule for the owner's words still takes them.
	r.srv.SayFromPhone(ming, "note this")
	r.wantSent("noted")
	// Groups are off by default, other chats are not concerned.
	r.srv.SayFromPhone(g, "我来说")
	g.Say(ming, "ping")
	r.wantSent("noted", "pong")
	hong.Say("ping")
	r.wantSent("noted", "pong", "pong")
	if got := r.sentTo(ming); !slices.Equal(got, []string{"noted"}) {
		t.Errorf("sent %q", got)
	}
	if st := r.status(); st.Brakes.Owner != 1 {
		t.Errorf("status %+v", st.Brakes)
	}
	if err := control.NewClient(r.config.Socket).Resume(r.ctx(), "小明"); err != nil {
		t.Fatal(err)
	}
	ming.Say("ping")
	r.wantSent("noted", "pong", "pong", "pong")
}

func TestHandoverCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, strings.Replace(brakeRules, "admins", "handover: off, admins", 1), nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	r.online()
	r.srv.SayFromPhone(ming, "我来说")
	ming.Say("ping")
	r.wantSent("pong")
}

func TestWhoMayCommand(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, brakeRules, nil)
	wang := r.srv.AddFriend(wxtest.Person{NickName: "王", RemarkName: "老王"})
	liar := r.srv.AddFriend(wxtest.Person{NickName: "老王"})
	g := r.srv.AddGroup("群", wang, liar)
	r.online()
	liar.Say("/停")
	g.Say(wang, "/停")
	wang.Say("停") // the prefix is required
	wang.Say("ping")
	r.wantSent("pong")
	wang.Say("/停 10m")
	if got := r.sent(2)[1]; !strings.Contains(got, "已暂停全部，到 ") {
		t.Errorf("answer %q", got)
	}
	if got := r.srv.Sent()[1].ToAccount; got != wang {
		t.Errorf("answered to %v", got)
	}
}

func TestModeChosenInTheChatHoldsUntilTheFileSaysAnother(t *testing.T) {
	t.Parallel()
	trial := strings.Replace(brakeRules, "pace: off", "pace: off, mode: trial", 1)
	r := newRig(t, wxtest.Config{}, trial, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	stop := r.online()
	ming.Say("ping")
	r.wantSent("【试运行】→ 小明：pong")
	if got := r.adminSays("/上线"); !strings.Contains(got, "已上线") {
		t.Errorf("answer %q", got)
	}
	if got := r.sentTo(ming); len(got) != 0 {
		t.Errorf("sent %q in trial mode", got)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.polling()
	ming.Say("ping")
	if _, err := r.srv.Await(r.ctx(), func(wxtest.Record) bool { return len(r.sentTo(ming)) == 1 }); err != nil {
		t.Fatalf("after a restart: %v", err)
	}
	if st := r.status(); st.Mode != "live" {
		t.Errorf("mode %s", st.Mode)
	}
	// The file said trial when it was chosen; another word of the file wins, and so
	// does the file's own when it comes back.
	for _, mode := range []string{"live", "trial"} {
		r.write("rules.yaml", strings.Replace(trial, "mode: trial", "mode: "+mode, 1))
		if err := r.bot.Reload(r.ctx()); err != nil {
			t.Fatal(err)
		}
	}
	if st := r.status(); st.Mode != "trial" {
		t.Errorf("mode %s after the file was edited", st.Mode)
	}
}

func TestWarningOfWeChatStopsWhatIsUnsolicited(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, `
settings: {pace: off, timezone: UTC, loop_guard: off, notify: none}
rules:
  - {name: ping, exact: ping, reply: pong}
  - {name: tell, exact: tell, do: [{send: {to: 小红, text: news}}]}
`, nil)
	ming, hong := r.srv.AddFriend(wxtest.Person{NickName: "小明"}), r.srv.AddFriend(wxtest.Person{NickName: "小红"})
	r.online()
	id := r.srv.Deliver(wxtest.Message{Type: 10000, From: "weixin", Text: "你的微信账号因使用外挂，部分功能将被限制。"})
	ming.Say("tell")
	ming.Say("ping")
	r.wantSent("pong")
	st := r.status()
	if !strings.Contains(st.Brakes.Warning, "外挂") {
		t.Errorf("status %+v", st.Brakes)
	}
	if got := r.sentTo(hong); len(got) != 0 {
		t.Errorf("sent %q although WeChat warned", got)
	}
	if err := control.NewClient(r.config.Socket).Resume(r.ctx(), ""); err != nil {
		t.Fatal(err)
	}
	r.wantSent("pong", "news")
	if st := r.status(); st.Brakes.Warning != "" {
		t.Errorf("still warned: %+v", st.Brakes)
	}
	// Handed out again it is no news.
	r.srv.Deliver(wxtest.Message{Type: 10000, From: "weixin", Text: "你的微信账号因使用外挂，部分功能将被限制。"}.With("MsgId", string(id)))
	ming.Say("tell")
	r.wantSent("pong", "news", "news")
}

// Some servers hand out what the daemon itself sent, also what it sent in an earlier
// life. The owner has not taken the chat over by that.
func TestOwnMessageHandedOutAfterARestartIsNoHandover(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, brakeRules, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	stop := r.online()
	ming.Say("ping")
	r.wantSent("pong")
	sent := r.srv.Sent()[0]
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.srv.Deliver(wxtest.Message{Type: 1, Text: "pong", From: r.srv.Self().UserName(), To: ming.UserName()}.With("MsgId", sent.MsgID))
	r.start()
	r.polling()
	ming.Say("ping")
	r.wantSent("pong", "pong")
}

// An echo may be here before the answer that tells its id, or when no such answer
// ever came.
func TestEchoOfAMessageWithoutAnIdIsNoHandover(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]wxtest.Fault{
		"the answer takes long": {Endpoint: "webwxsendmsg", Kind: wxtest.FaultDelay, Delay: 2 * time.Second, After: true, Times: 1},
		"the answer is lost":    {Endpoint: "webwxsendmsg", Kind: wxtest.FaultReset, After: true, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, wxtest.Config{Echo: true}, brakeRules, nil)
			ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
			r.online()
			r.srv.Fault(fault)
			ming.Say("ping")
			r.wantSent("pong")
			ming.Say("ping")
			r.wantSent("pong", "pong")
		})
	}
}

func TestCooldownsSurviveARestart(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, `
settings: {pace: off, timezone: UTC, loop_guard: off}
rules:
  - {name: a, exact: ping, reply: pong, cooldown: {every: 1h, notice: 歇会儿}}
  - {name: b, exact: more, reply: once, limit: 1/day}
  - {name: c, exact: ok, reply: fine}
`, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	stop := r.online()
	ming.Say("ping")
	ming.Say("more")
	r.wantSent("pong", "once")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.polling()
	ming.Say("ping")
	ming.Say("ping")
	ming.Say("more")
	ming.Say("ok")
	got := r.sent(5)
	for _, text := range []string{"pong", "once", "歇会儿", "规则「b」到了上限 1/day，暂时不再执行。", "fine"} {
		if !slices.Contains(got, text) {
			t.Errorf("sent %q, not %q", got, text)
		}
	}
}
