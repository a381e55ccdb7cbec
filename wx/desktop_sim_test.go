package wx_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/wx"
	"wxbot/wx/wxtest"
)

func desktop(o *wx.Options) { o.Mode = wx.ModeDesktop }

func TestSimDesktopMode(t *testing.T) {
	everyWay(t, wxtest.Config{RequireDesktop: true}, func(t *testing.T, srv *wxtest.Server) {
		t.Helper()
		b := login(t, srv, desktop)
		if _, err := b.SendText(t.Context(), wx.FileHelper, "hello", wx.NewSendID(time.Now())); err != nil {
			t.Error(err)
		}
		if _, err := b.SendFile(t.Context(), upload(wx.FileHelper, "a.txt", content("x", 9)), newID()); err != nil {
			t.Error(err)
		}
		b.stop()
	})
	t.Run("a session that is taken up", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
			b := login(t, srv, desktop)
			elapse(t, 10*time.Second)
			raw, err := b.stored().Encode()
			if err != nil {
				t.Fatal(err)
			}
			b.finish()
			kept, err := wx.DecodeSession(raw)
			if err != nil {
				t.Fatal(err)
			}
			b = start(t, srv, desktop, func(o *wx.Options) { o.Session = kept })
			defer b.finish()
			elapse(t, 10*time.Second)
			if _, err := b.SendFile(t.Context(), upload(wx.FileHelper, "a.txt", content("x", 9)), newID()); err != nil {
				t.Error(err)
			}
		})
	})
	t.Run("the web client is refused", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := wxtest.NewBubble(t, wxtest.Config{RequireDesktop: true})
			srv.Scan()
			srv.Confirm()
			err := start(t, srv).end()
			if e, ok := errors.AsType[*wx.RefusedError](err); !ok || e.Code != 1203 {
				t.Errorf("got %v", err)
			}
		})
	})
	t.Run("push login", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
			old := ended(t, srv)
			srv.Confirm()
			b := start(t, srv, desktop, func(o *wx.Options) { o.Push = old })
			if err := srv.AwaitOnline(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.finish()
			if got := b.story(); got != "push, in, fresh true" {
				t.Errorf("told: %s", got)
			}
		})
	})
}
