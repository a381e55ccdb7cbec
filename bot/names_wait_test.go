package bot_test

import (
	"strings"
	"testing"

	"wxbot/bot/trace"
	"wxbot/wx/wxtest"
)

// Once the contacts are there, and the groups of the conversation list, a name that
// nobody bears fails at once, and with it the rest of its rule.
func TestNameThatNobodyBearsFailsOnceTheContactsAreThere(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, `
settings: {pace: off, timezone: UTC, notify: none}
rules:
  - {name: 转告, exact: 转告, do: [{send: {to: 没有这人, text: hi}}, {reply: 好了}]}
  - {name: 群发, exact: 群发, do: [{send: {to: 工作群, text: hi}}, {reply: 发了}]}
`, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	r.srv.AddGroup("工作群", ming)
	r.online()
	r.viewWhen(ming.Say("转告"), func(v trace.View) bool {
		return strings.Contains(flat(v), "not done: refused: send to")
	})
	ming.Say("群发")
	r.wantSent("hi", "发了")
}
