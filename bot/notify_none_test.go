package bot_test

import (
	"testing"

	"wxbot/wx/wxtest"
)

// Where nobody is to be told, a notice is no message that fails.
func TestNoticesToNobody(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, `
settings: {mode: trial, notify: none, pace: off, timezone: UTC}
rules: [{name: ping, exact: ping, reply: pong}]
`, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	r.online()
	ming.Say("ping")
	r.adminSays("/状态")
	r.adminSays("/状态") // what the trial told is over by now
	if st := r.status(); st.Outbox.Failed != 0 {
		t.Errorf("%+v; log:\n%s", st.Outbox, r.log)
	}
}
