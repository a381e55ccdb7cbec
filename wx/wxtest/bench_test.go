package wxtest_test

import (
	"fmt"
	"testing"

	"wxbot/wx/wxtest"
)

// BenchmarkRoundTrip is what the simulator and a bare client take for one message
// and its answer: synccheck, webwxsync, webwxsendmsg over loopback.
func BenchmarkRoundTrip(b *testing.B) {
	s := wxtest.NewServer(b, wxtest.Config{})
	friend := s.AddFriend(wxtest.Person{NickName: "小明"})
	c := newClient(b, s).online()
	to := friend.UserName()
	n := 0
	for b.Loop() {
		friend.Say("ping")
		if got := c.syncCheck(); got != checkMessage {
			b.Fatal(got)
		}
		if got := len(c.sync()); got != 1 {
			b.Fatalf("%d messages", got)
		}
		n++
		c.send(to, "pong", fmt.Sprintf("%017d", n))
	}
	if got := len(s.Sent()); got != n {
		b.Errorf("%d sent, want %d", got, n)
	}
}
