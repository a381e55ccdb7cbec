package bot_test

import (
	"slices"
	"strings"
	"testing"

	"wxbot/wx/wxtest"
)

const switchRules = `
settings: {pace: off, timezone: UTC, loop_guard: off, handover: off, admins: [老王], admin_in_groups: true, words: {规则已开: "开了 ${rule}"}}
rules:
  - {name: 问价格, contains: 价格, chat: [private, group], group: "*", reply: 价目表}
  - {name: 旧的, contains: 旧, reply: x, enabled: false}
  - {name: 兜底, chat: [private, group], group: "*", reply: 在的, dry_run: false}
`

func TestRulesAreSwitchedInTheChat(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, switchRules, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	stop := r.online()
	for _, tt := range []struct{ say, want string }{
		{"/规则", "规则 3 条：\n1. 问价格\n2. 旧的（文件里关着）\n3. 兜底"},
		{"/规则 价格", "规则 1 条：\n1. 问价格"},
		{"/规则 没有", "没有这样的规则。"},
		{"/关", "请写规则的名字，例如“/关 问价格”。"},
		{"/关 问价", "没有叫「问价」的规则，是不是「问价格」？"},
		{"/关 打招呼的那一条", "没有叫「打招呼的那一条」的规则，发送“/规则”查看。"},
		{"/关 问价格 本群", "这里不是群，“本群”只能在群里用。"},
		{"/开 旧的", "「旧的」在文件里写了 enabled: false，请改文件。"},
		{"/关 问价格", "已关「问价格」，重启后仍然有效，发送“/开 问价格”打开。"},
		{"/规则 价格", "规则 1 条：\n1. 问价格（已关）"},
	} {
		if got := r.adminSays(tt.say); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.say, got, tt.want)
		}
	}
	if err := r.bot.Reload(r.ctx()); err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.polling()
	r.says(ming, "价格", "在的")
	if got := r.adminSays("/状态"); !strings.Contains(got, "已关规则「问价格」") {
		t.Errorf("status in the chat: %q", got)
	}
	if off := r.status().Brakes.Rules; len(off) != 1 || off[0].Rule != "问价格" || len(off[0].Groups) != 0 {
		t.Errorf("status: %+v", off)
	}
	if got := r.adminSays("/开 问价格"); got != "开了 问价格" {
		t.Errorf("answer %q", got)
	}
	r.says(ming, "价格", "价目表")
}

// says lets somebody write and waits for the answer.
func (r *rig) says(who *wxtest.Account, text, want string) {
	r.t.Helper()
	n := len(r.sentTo(who))
	who.Say(text)
	if _, err := r.srv.Await(r.ctx(), func(wxtest.Record) bool { return len(r.sentTo(who)) > n }); err != nil {
		r.t.Fatalf("no answer to %q: %v; log:\n%s", text, err, r.log)
	}
	if got := r.sentTo(who)[n]; got != want {
		r.t.Errorf("answer to %q: %q, want %q", text, got, want)
	}
}

func TestRuleIsSwitchedOffInOneGroup(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, switchRules, nil)
	wang := r.srv.AddFriend(wxtest.Person{NickName: "王", RemarkName: "老王"})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	one, two := r.srv.AddGroup("一群", wang, ming), r.srv.AddGroup("二群", wang, ming)
	r.online()
	one.Say(wang, "/关 问价格 本群")
	r.wantSent("已在本群关「问价格」，发送“/开 问价格 本群”打开。")
	one.Say(ming, "价格")
	r.sent(2)
	two.Say(ming, "价格")
	r.wantSent("已在本群关「问价格」，发送“/开 问价格 本群”打开。", "在的", "价目表")
	one.Say(wang, "/规则 价格")
	two.Say(wang, "/规则 价格")
	got := r.sent(5)[3:]
	for _, want := range []string{"规则 1 条：\n1. 问价格（本群已关）", "规则 1 条：\n1. 问价格（1 个群里已关）"} {
		if !slices.Contains(got, want) {
			t.Errorf("lists %q, want %q", got, want)
		}
	}
	if off := r.status().Brakes.Rules; len(off) != 1 || !slices.Equal(off[0].Groups, []string{"一群"}) {
		t.Errorf("status: %+v", off)
	}
	one.Say(wang, "/开 问价格 本群")
	r.sent(6)
	one.Say(ming, "价格")
	if got := r.sent(7)[6]; got != "价目表" {
		t.Errorf("after it was switched on: %q", got)
	}
}

func TestAdminTakesBackTheLastMessages(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, switchRules, nil)
	ming, hong := r.srv.AddFriend(wxtest.Person{NickName: "小明"}), r.srv.AddFriend(wxtest.Person{NickName: "小红"})
	r.online()
	if got := r.adminSays("/撤回"); got != "两分钟内没有发过消息，没有可撤回的。" {
		t.Errorf("answer %q", got)
	}
	r.says(ming, "一", "在的")
	r.says(hong, "价格", "价目表")
	r.says(ming, "价格", "价目表")
	if got := r.adminSays("/撤回 2"); got != "正在撤回 2 条。" {
		t.Errorf("answer %q", got)
	}
	if _, err := r.srv.Await(r.ctx(), func(wxtest.Record) bool { return len(r.srv.Revoked()) == 2 }); err != nil {
		t.Fatalf("revoked %v: %v", r.srv.Revoked(), err)
	}
	for _, want := range []*wxtest.Account{hong, ming} {
		if !slices.ContainsFunc(r.srv.Revoked(), func(s wxtest.Sent) bool { return s.ToAccount == want && s.Content == "价目表" }) {
			t.Errorf("revoked %+v, not what was sent to %s last", r.srv.Revoked(), want)
		}
	}
	if got := r.adminSays("/撤回 9"); got != "正在撤回 1 条。" {
		t.Errorf("answer %q", got)
	}
}

// What trial mode holds back is told, and told of, in the reader's language.
func TestTrialSaysWhatItDoesNotDo(t *testing.T) {
	t.Parallel()
	for said, want := range map[string][]string{
		"":   {"【试运行】→ 工作群：[拉群]", "试运行中什么也不发出，也不撤回。发送“/上线”以后再撤回。", "模式 试运行"},
		"en": {"[trial] → 工作群: [invite]", "Trial: nothing goes out, so nothing is withdrawn. Send /上线 first.", "mode trial"},
	} {
		t.Run("language "+said, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, wxtest.Config{}, "settings: {mode: trial, pace: off, timezone: UTC}\nrules:\n  - {name: in, exact: 进群, invite: 工作群}\n", nil)
			r.config.Speaks = said
			ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
			r.online()
			ming.Say("进群")
			if got := r.sent(1)[0]; got != want[0] {
				t.Errorf("told %q, want %q", got, want[0])
			}
			if got := r.adminSays("/撤回"); got != want[1] {
				t.Errorf("answer %q, want %q", got, want[1])
			}
			if got := r.adminSays("/状态"); !strings.Contains(got, want[2]) {
				t.Errorf("answer %q, want %q", got, want[2])
			}
		})
	}
}
