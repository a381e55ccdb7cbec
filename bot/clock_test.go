package bot_test

import (
	"testing"
	"time"

	"wxbot/bot/clock"
	"wxbot/wx/wxtest"
)

// A machine whose clock was wrong at the login, and is right at the next start,
// must not take what comes now for older than the login.
func TestLoginUnderAWrongClock(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, "settings: {pace: off, timezone: UTC}\nrules: [{name: ping, exact: ping, reply: pong}]\n", nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	r.clock = clock.Fast(time.Now().Add(100*24*time.Hour), 1)
	stop := r.online()
	ming.Say("ping")
	r.wantSent("pong")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.clock = clock.Clock{}
	r.start()
	ming.Say("ping")
	r.wantSent("pong", "pong")
}
