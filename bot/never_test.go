package bot_test

import (
	"testing"
	"time"

	"wxbot/wx/wxtest"
)

// Remarks come with the contact list; who is in settings.never is not answered in a
// group before that either.
func TestNeverHoldsBeforeTheContactsAreThere(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{Lenient: true}, `
settings: {pace: off, timezone: UTC, never: [老板]}
rules:
  - {name: echo, contains: hi, group: "*", reply: "to ${sender}"}
`, nil)
	boss := r.srv.AddFriend(wxtest.Person{NickName: "王", RemarkName: "老板"})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	work := r.srv.AddGroup("工作群", ming, boss)
	r.srv.Fault(wxtest.Fault{Endpoint: "webwxgetcontact", Kind: wxtest.FaultDelay, Delay: 2 * time.Second, Times: 1})
	r.online()
	work.Say(boss, "hi")
	work.Say(ming, "hi")
	r.wantSent("to 小明")
}
