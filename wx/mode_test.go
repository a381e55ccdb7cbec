package wx_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/wx"
	"wxbot/wx/wxtest"
)

func asHelper(o *wx.Options) { o.Mode = wx.ModeFileHelper }

// The account has lost web login, and much is there that the file transfer helper
// must not ask for.
func TestSimFileHelper(t *testing.T) {
	everyWay(t, wxtest.Config{RefuseCode: 1203, RefuseText: "此微信号不能登录网页微信", Lenient: true}, func(t *testing.T, srv *wxtest.Server) {
		t.Helper()
		ann := srv.AddFriend(wxtest.Person{NickName: "Ann"})
		srv.AddGroup("Tea", ann)
		b := login(t, srv, asHelper)
		ctx := t.Context()

		ann.Say("not told")
		srv.SayFromPhone(srv.FileHelper(), "ping")
		srv.SendFromPhone(srv.FileHelper(), with(wxtest.File("表.xlsx", 3), []byte("abc")))
		b.await("two messages", func() bool { return len(b.messages()) >= 2 })
		m := b.messages()
		if len(m) != 2 || m[0].Text != "ping" || m[0].Chat != wx.FileHelper || !m[0].FromSelf {
			t.Fatalf("messages: %+v", m)
		}
		src, _ := wx.SourceOf(&m[1])
		var got bytes.Buffer
		if _, err := b.Fetch(ctx, src, &got, 100); err != nil || got.String() != "abc" {
			t.Errorf("file %q, %v", got.String(), err)
		}

		if _, err := b.SendText(ctx, wx.FileHelper, "pong", wx.NewSendID(time.Now())); err != nil {
			t.Error(err)
		}
		gif := []byte("GIF89a and so on")
		media, err := b.Upload(ctx, wx.Upload{To: wx.FileHelper, Name: "a.gif", Size: int64(len(gif)), Body: bytes.NewReader(gif)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.SendEmoticon(ctx, wx.FileHelper, wx.Emoticon{MediaID: media}, wx.NewSendID(time.Now())); err != nil {
			t.Error(err)
		}
		if sent := srv.Sent(); len(sent) != 2 || sent[0].Content != "pong" || sent[0].ToAccount != srv.FileHelper() {
			t.Errorf("sent %+v", sent)
		}
		if !b.Directory().Complete() {
			t.Error("the directory waits for contacts that never come")
		}
		b.finish()
		for _, endpoint := range []string{"webwxgetcontact", "webwxbatchgetcontact", "webwxstatusnotify"} {
			if n := srv.Count(endpoint); n != 0 {
				t.Errorf("%s was called %d times", endpoint, n)
			}
		}
	})
}

func TestFileHelperRefusesWhatItCannotDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
		b := login(t, srv, asHelper)
		defer b.finish()
		ctx, id := t.Context(), wx.NewSendID(time.Now())
		for name, call := range map[string]func() error{
			"text":     func() error { _, err := b.SendText(ctx, "@somebody", "x", id); return err },
			"emoticon": func() error { _, err := b.SendEmoticon(ctx, "@somebody", wx.Emoticon{MD5: "x"}, id); return err },
			"revoke":   func() error { return b.Revoke(ctx, "@somebody", "1") },
			"accept":   func() error { return b.AcceptFriend(ctx, "@somebody", "v4_") },
			"remark":   func() error { return b.SetRemark(ctx, "@somebody", "x") },
			"read":     func() error { return b.MarkRead(ctx, "@somebody") },
			"pin":      func() error { return b.Pin(ctx, "@somebody", true) },
			"befriend": func() error { return b.RequestFriend(ctx, "@somebody", "") },
			"upload": func() error {
				_, err := b.Upload(ctx, wx.Upload{To: "@somebody", Name: "a", Size: 1, Body: strings.NewReader("x")})
				return err
			},
		} {
			if err := call(); wx.Dispose(err) != wx.Stop || err == nil || !strings.Contains(err.Error(), "file transfer helper") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if found, err := b.Lookup(ctx, "", "@somebody"); len(found) != 0 || err != nil {
			t.Errorf("lookup: %v, %v", found, err)
		}
	})
}

// An account is served by one of two hosts, and only webwxinit shows by which.
func TestFileHelperTriesItsOtherHost(t *testing.T) {
	for base, other := range map[string]string{
		"filehelper.weixin.qq.com":   "szfilehelper.weixin.qq.com",
		"szfilehelper.weixin.qq.com": "filehelper.weixin.qq.com",
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := wxtest.NewBubble(t, wxtest.Config{HelperHost: base, Lenient: true})
			srv.Fault(wxtest.Fault{Endpoint: "webwxinit", Kind: wxtest.FaultRet, Ret: 1})
			b := login(t, srv, asHelper)
			b.finish()
			var hosts []string
			for _, r := range srv.Requests() {
				switch r.Endpoint {
				case "webwxinit", "synccheck":
					hosts = append(hosts, r.Host)
				}
			}
			if want := []string{base, other, other}; !slices.Equal(hosts, want) {
				t.Errorf("hosts of webwxinit and synccheck: %v, want %v", hosts, want)
			}
		})
	}
}

func TestFileHelperSessionIsTakenUpAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{HelperHost: "szfilehelper.weixin.qq.com", Lenient: true})
		b := login(t, srv, asHelper)
		b.finish()
		srv.SayFromPhone(srv.FileHelper(), "meanwhile")
		raw, err := b.session.Encode()
		if err != nil {
			t.Fatal(err)
		}
		stored, err := wx.DecodeSession(raw)
		if err != nil || stored.Mode() != wx.ModeFileHelper {
			t.Fatalf("stored session: mode %q, %v", stored.Mode(), err)
		}
		next := start(t, srv, asHelper, func(o *wx.Options) { o.Session = stored })
		next.await("what came meanwhile", func() bool { return next.texts() == "meanwhile" })
		next.finish()
		if n := srv.Count("jslogin"); n != 1 {
			t.Errorf("%d codes, want the one of the first login", n)
		}

		sink := func(context.Context, wx.Batch) error { return nil }
		for name, o := range map[string]wx.Options{
			"session of the other mode": {Sink: sink, Session: stored},
			"push login":                {Sink: sink, Mode: wx.ModeFileHelper, Push: stored},
			"unknown mode":              {Sink: sink, Mode: 7},
		} {
			if _, err := wx.New(o); err == nil || !strings.Contains(err.Error(), "mode") && !strings.Contains(err.Error(), "Mode") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
