package bot_test

import (
	"slices"
	"testing"

	"wxbot/bot"
	"wxbot/bot/control"
	"wxbot/wx/wxtest"
)

func TestNamesThatNobodyBearsAreTold(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, `
settings: {pace: off, timezone: UTC, loop_guard: off, admins: [老王], notify: [filehelper, 老李]}
rules:
  - {name: a, exact: x, group: [客户*, 家 庭群, {regex: '^没有'}], reply: y}
  - {name: b, exact: z, do: [{send: {to: [小明, 客户一群, 小红, filehelper, $admins], text: y}}]}
  - {name: c, exact: z, group: 不存在的群, reply: y, enabled: false}
  - {name: d, exact: z, group: "*", reply: y}
  - {name: e, exact: ping, reply: pong}
`, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "明", RemarkName: "小明"})
	r.srv.AddFriend(wxtest.Person{NickName: "王", RemarkName: "老王"})
	r.srv.AddGroup("客户一群", ming)
	r.online()
	ming.Say("ping")
	r.wantSent("pong")
	want := []control.Missing{{Name: "老李"}, {Name: "家 庭群", Rule: "a", Group: true}, {Name: "小红", Rule: "b"}}
	if got := r.status().Missing; !slices.Equal(got, want) {
		t.Errorf("missing %+v, want %+v", got, want)
	}
	r.write("rules.yaml", baseRules)
	if err := r.bot.Reload(r.ctx()); err != nil {
		t.Fatal(err)
	}
	await[bot.RulesLoaded](r)
	if got := r.status().Missing; len(got) != 0 {
		t.Errorf("missing %+v after the names were taken out", got)
	}
}

func TestRenamedGroupKeepsItsRules(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, `
settings: {pace: off, timezone: UTC, loop_guard: off, never: [秘密群]}
rules:
  - {name: 问价格, contains: 价格, group: 客户一群, reply: 十元}
  - {name: 广播, exact: 广播, do: [{send: {to: 客户一群, text: 大家好}}]}
  - {name: 新名, contains: 价格, group: 贵宾*, reply: 不会轮到}
  - {name: 都答, contains: 都, group: "*", reply: 答}
`, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	g, secret := r.srv.AddGroup("客户一群", ming), r.srv.AddGroup("秘密群", ming)
	r.online()
	g.Say(ming, "价格")
	r.wantSent("十元")
	g.Rename(ming, "贵宾一群")
	secret.Rename(ming, "公开群")
	if got, want := r.sent(2)[1], "群「客户一群」改名为「贵宾一群」，这里写的还是旧名：问价格、广播。现在仍然有效，重启后失效，请改文件。"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	secret.Say(ming, "都在吗")
	g.Say(ming, "价格呢")
	if got := r.sent(3)[2]; got != "十元" {
		t.Errorf("answer %q after the group was renamed", got)
	}
	ming.Say("广播")
	r.sent(4)
	if got := r.srv.Sent()[3]; got.Content != "大家好" || got.ToGroup != g {
		t.Errorf("sent %+v", got)
	}
}
