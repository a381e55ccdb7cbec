package wx_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/wx"
	"wxbot/wx/wxtest"
)

// stalls are the events about stalls so far.
func (b *bot) stalls() (began []wx.Stalled, over []wx.StallOver) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		switch e := e.(type) {
		case wx.Stalled:
			began = append(began, e)
		case wx.StallOver:
			over = append(over, e)
		}
	}
	return began, over
}

// A phone that is offline for too long makes the session announce and deliver
// nothing. It is told once, polled gently, and all comes when the phone is back.
func TestSimPhoneAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{})
		ann := srv.AddFriend(wxtest.Person{NickName: "Ann"})
		b := login(t, srv)
		elapse(t, time.Hour)
		srv.PhoneAway()
		elapse(t, time.Hour)
		away := time.Now()
		ann.Say("one")
		elapse(t, 14*time.Minute)
		if began, _ := b.stalls(); len(began) != 0 {
			t.Error("a stall was told within 14 minutes")
		}
		elapse(t, 2*time.Minute)
		began, over := b.stalls()
		if len(began) != 1 || len(over) != 0 || began[0].Since.Sub(away) > 10*time.Second {
			t.Fatalf("16 minutes after %s: %v, %v", away, began, over)
		}
		if h := b.Health(); h.State != wx.StateOnline || !h.Stalled.Equal(began[0].Since) || time.Since(h.Synced) > 20*time.Second {
			t.Errorf("health of a stalled session: %+v", h)
		}
		before := srv.Count("synccheck")
		elapse(t, 6*time.Hour)
		if n := srv.Count("synccheck") - before; n > 6*3600/5 {
			t.Errorf("%d polls in 6 hours", n)
		}
		if _, err := b.SendText(t.Context(), ann.UserName(), "sent all the same", wx.NewSendID(time.Now())); err != nil {
			t.Error(err)
		}
		ann.Say("two")
		srv.PhoneBack()
		elapse(t, 15*time.Second)
		if got := b.texts(); got != "one two" {
			t.Errorf("messages: %q", got)
		}
		began, over = b.stalls()
		if len(began) != 1 || len(over) != 1 || !over[0].Since.Equal(began[0].Since) || time.Since(over[0].Until) > 15*time.Second {
			t.Errorf("after the phone is back: %v, %v", began, over)
		}
		if h := b.Health(); !h.Stalled.IsZero() || time.Since(h.Delivered) > 15*time.Second {
			t.Errorf("health after the stall: %+v", h)
		}
		// The client is as quick as before.
		elapse(t, time.Minute)
		ann.Say("three")
		elapse(t, time.Second)
		if got := b.texts(); got != "one two three" {
			t.Errorf("messages: %q", got)
		}
		b.stop()
	})
}

// Nobody writes for a day, whether the phone is there or not: that is no stall.
func TestSimQuietIsNoStall(t *testing.T) {
	for _, away := range []bool{false, true} {
		t.Run(fmt.Sprintf("phone away %t", away), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := wxtest.NewBubble(t, wxtest.Config{})
				b := login(t, srv)
				elapse(t, time.Minute)
				if away {
					srv.PhoneAway()
				}
				elapse(t, 24*time.Hour)
				if began, _ := b.stalls(); len(began) != 0 {
					t.Errorf("a stall was told: %v", began)
				}
				h := b.Health()
				if h.State != wx.StateOnline || time.Since(h.Heard) > 26*time.Second || time.Since(h.Polled) > 26*time.Second ||
					time.Since(h.Synced) > 16*time.Minute || time.Since(h.Delivered) < 23*time.Hour {
					t.Errorf("health: %+v", h)
				}
				b.stop()
			})
		})
	}
}

// Health tells what is going on also when nothing answers any more.
func TestSimHealthOfADeadNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
		b := start(t, srv)
		if h := b.Health(); h.State == wx.StateOnline || !h.Polled.IsZero() || !h.Synced.IsZero() {
			t.Errorf("before the login: %+v", h)
		}
		if err := srv.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		elapse(t, time.Hour)
		srv.Fault(wxtest.Fault{Kind: wxtest.FaultHang, Times: -1})
		elapse(t, time.Hour)
		h := b.Health()
		if h.State != wx.StateRetrying || time.Since(h.Heard) < 59*time.Minute || time.Since(h.Synced) < 59*time.Minute {
			t.Errorf("an hour after the network died: %+v", h)
		}
		srv.ClearFaults()
		elapse(t, 2*time.Minute)
		if h := b.Health(); h.State != wx.StateOnline || time.Since(h.Heard) > time.Minute {
			t.Errorf("two minutes after it came back: %+v", h)
		}
		b.stop()
	})
}

// A poll that hangs at whatever point ends by its deadline, and what was said
// meanwhile comes.
func TestSimPollThatHangs(t *testing.T) {
	tests := []struct {
		name  string
		fault wxtest.Fault
	}{
		{name: "no answer", fault: wxtest.Fault{Kind: wxtest.FaultHang}},
		{name: "half a body", fault: wxtest.Fault{Kind: wxtest.FaultSlow, Delay: 24 * time.Hour}},
		{name: "a body that trickles", fault: wxtest.Fault{Kind: wxtest.FaultTrickle, Delay: time.Second}},
	}
	for _, endpoint := range []string{"synccheck", "webwxsync"} {
		for _, tt := range tests {
			t.Run(endpoint+", "+tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
					ann := srv.AddFriend(wxtest.Person{NickName: "Ann"})
					b := login(t, srv)
					elapse(t, 5*time.Minute)
					tt.fault.Endpoint = endpoint
					srv.Fault(tt.fault)
					elapse(t, 30*time.Second) // the held poll ends, the next one is struck
					ann.Say("still there?")
					elapse(t, 3*time.Second)
					if got := b.texts(); got != "" {
						t.Errorf("nothing hung: %q", got)
					}
					elapse(t, 62*time.Second)
					if got := b.texts(); got != "still there?" {
						t.Errorf("messages after 65 s: %q", got)
					}
					b.stop()
				})
			})
		}
	}
}
