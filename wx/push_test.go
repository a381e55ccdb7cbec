package wx_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/wx"
	"wxbot/wx/wxtest"
)

// ended logs in, has the phone end the session, and gives it as it was stored.
func ended(t *testing.T, srv *wxtest.Server) *wx.Session {
	t.Helper()
	b := login(t, srv)
	b.await("a session", func() bool { return b.stored() != nil })
	srv.LogoutFromPhone()
	if err := b.end(); !errors.Is(err, wx.ErrLoggedOut) {
		t.Fatalf("the session ended with %v", err)
	}
	raw, err := b.stored().Encode()
	if err != nil {
		t.Fatal(err)
	}
	s, err := wx.DecodeSession(raw)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// stored is the session as it was stored last.
func (b *bot) stored() *wx.Session {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.session
}

// story is what a person at the terminal was told, up to the login.
func (b *bot) story() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, e := range b.events {
		switch e := e.(type) {
		case wx.PushSent:
			out = append(out, "push")
		case wx.QRReady:
			out = append(out, fmt.Sprint("code ", e.Attempt))
		case wx.QRScanned:
			out = append(out, "scanned")
		case wx.QRCancelled:
			out = append(out, "cancelled")
		case wx.QRExpired:
			out = append(out, "expired")
		case wx.Refused:
			out = append(out, "refused")
		case wx.LoggedIn:
			out = append(out, fmt.Sprint("in, fresh ", e.Fresh))
		}
	}
	return strings.Join(out, ", ")
}

// A session that ended is enough for a login without a scan, and the new one
// works as any other.
func TestSimPushLogin(t *testing.T) {
	everyWay(t, wxtest.Config{Lenient: true}, func(t *testing.T, srv *wxtest.Server) {
		t.Helper()
		ann := srv.AddFriend(wxtest.Person{NickName: "Ann"})
		old := ended(t, srv)
		before := ann.UserName()
		known := len(srv.Problems())
		elapse(t, time.Millisecond) // in a bubble both logins could be of one instant
		b := start(t, srv, func(o *wx.Options) { o.Push = old })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := srv.AwaitPush(ctx); err != nil {
			t.Fatal(err)
		}
		if got := b.State(); got != wx.StateAwaitingConfirm {
			t.Errorf("state %s", got)
		}
		srv.Confirm()
		if err := srv.AwaitOnline(ctx); err != nil {
			t.Fatal(err)
		}
		ann.Say("welcome back")
		b.await("a message", func() bool { return len(b.messages()) > 0 })
		if got := b.story(); got != "push, in, fresh true" {
			t.Errorf("told: %s", got)
		}
		if s := b.stored(); s.Uin() != old.Uin() || !s.Login().After(old.Login()) || ann.UserName() == before {
			t.Error("the login made no session of its own")
		}
		if n := srv.Count("webwxpushloginurl"); n != 1 {
			t.Errorf("%d push logins", n)
		}
		b.stop()
		for _, p := range srv.Problems()[known:] {
			t.Error(p)
		}
	})
}

// Days after the short-lived cookies have died a push login still works, and so
// does one with the session that it made.
func TestSimPushLoginDaysLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{})
		session := ended(t, srv)
		for range 2 {
			elapse(t, 30*24*time.Hour)
			srv.Confirm()
			b := start(t, srv, func(o *wx.Options) { o.Push = session })
			if err := srv.AwaitOnline(t.Context()); err != nil {
				t.Fatal(err)
			}
			elapse(t, time.Second)
			b.stop()
			if got := b.story(); got != "push, in, fresh true" {
				t.Errorf("told: %s", got)
			}
			session = b.session
		}
	})
}

// Whatever becomes of the push login, a QR code follows, the phone is asked once
// at most, and the old cookies are used for nothing else.
func TestSimPushLoginInVain(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(srv *wxtest.Server)
		act     func(srv *wxtest.Server) // when the phone asks; nil: it never does
		want    string                   // told before the first code
		after   time.Duration            // at most until the code
	}{
		{
			name: "refused",
			prepare: func(srv *wxtest.Server) {
				srv.Fault(wxtest.Fault{Endpoint: "webwxpushloginurl", Kind: wxtest.FaultRet, Ret: 1})
			},
		},
		{
			name: "no answer",
			prepare: func(srv *wxtest.Server) {
				srv.Fault(wxtest.Fault{Endpoint: "webwxpushloginurl", Kind: wxtest.FaultHang})
			},
			after: 15 * time.Second,
		},
		{
			name: "a web page",
			prepare: func(srv *wxtest.Server) {
				srv.Fault(wxtest.Fault{Endpoint: "webwxpushloginurl", Kind: wxtest.FaultBody, Body: []byte("<html>")})
			},
		},
		{
			name: "no uuid",
			prepare: func(srv *wxtest.Server) {
				srv.Fault(wxtest.Fault{Endpoint: "webwxpushloginurl", Kind: wxtest.FaultBody, Body: []byte(`{"ret":"0","msg":"all ok"}`)})
			},
		},
		{
			name: "the connection breaks",
			prepare: func(srv *wxtest.Server) {
				srv.Fault(wxtest.Fault{Endpoint: "webwxpushloginurl", Kind: wxtest.FaultReset, After: true})
			},
		},
		{name: "cancelled", act: (*wxtest.Server).Cancel, want: "push, cancelled, "},
		{name: "expired", act: (*wxtest.Server).Expire, want: "push, expired, "},
		{name: "nobody looks", act: func(*wxtest.Server) {}, want: "push, expired, ", after: 5 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// The server itself would let the question stand for longer.
				srv := wxtest.NewBubble(t, wxtest.Config{CodeLife: time.Hour})
				old := ended(t, srv)
				if tt.prepare != nil {
					tt.prepare(srv)
				}
				started := time.Now()
				b := start(t, srv, func(o *wx.Options) { o.Push = old })
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				if tt.act != nil {
					if err := srv.AwaitPush(ctx); err != nil {
						t.Fatal(err)
					}
					tt.act(srv)
				}
				if _, err := srv.AwaitQR(ctx); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(started); took > tt.after+2*time.Second {
					t.Errorf("the code came after %s", took)
				}
				if err := srv.Login(ctx); err != nil {
					t.Fatal(err)
				}
				if err := srv.AwaitOnline(ctx); err != nil {
					t.Fatal(err)
				}
				elapse(t, time.Second)
				b.stop()
				if got, want := b.story(), tt.want+"code 1, scanned, in, fresh true"; got != want {
					t.Errorf("told: %s, want: %s", got, want)
				}
				if n := srv.Count("webwxpushloginurl"); n != 1 {
					t.Errorf("%d push logins", n)
				}
			})
		})
	}
}

// A refusal of the account is none of the push login, and no code follows.
func TestSimPushLoginRefusedAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{})
		old := ended(t, srv)
		srv.RefuseLogin(1203, "此微信号不能登录网页微信。")
		srv.Confirm()
		b := start(t, srv, func(o *wx.Options) { o.Push = old })
		if _, ok := errors.AsType[*wx.RefusedError](b.end()); !ok {
			t.Error("not refused")
		}
		if got := b.story(); got != "push, refused" {
			t.Errorf("told: %s", got)
		}
	})
}

// The end of Run's context ends the wait for the phone.
func TestSimPushLoginStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{})
		old := ended(t, srv)
		b := start(t, srv, func(o *wx.Options) { o.Push = old })
		if err := srv.AwaitPush(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.stop()
		if got := b.story(); got != "push" {
			t.Errorf("told: %s", got)
		}
	})
}

// With a session to take up, no push login is tried.
func TestSimSessionGoesBeforePush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{})
		b := login(t, srv)
		elapse(t, time.Second)
		b.stop()
		again := start(t, srv, func(o *wx.Options) { o.Session, o.Push = b.session, b.session })
		if err := srv.AwaitOnline(t.Context()); err != nil {
			t.Fatal(err)
		}
		elapse(t, time.Second)
		again.stop()
		if got := again.story(); got != "in, fresh false" {
			t.Errorf("told: %s", got)
		}
	})
}
