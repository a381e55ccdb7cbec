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
