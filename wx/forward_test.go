package wx_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"wxbot/wx"
	"wxbot/wx/wxtest"
)

func TestSimForward(t *testing.T) {
	const sum = "e68363487d8f0519c4e1047de403b2e7"
	everyWay(t, wxtest.Config{Lenient: true}, func(t *testing.T, srv *wxtest.Server) {
		t.Helper()
		ann := srv.AddFriend(wxtest.Person{NickName: "Ann"})
		ben := srv.AddFriend(wxtest.Person{NickName: `B<e>n & "Co"`})
		group := srv.AddGroup("Tea", ann, ben)
		b := login(t, srv)
		defer b.finish()
		for i, tt := range []struct {
			name string
			msg  wxtest.Message
			typ  int // 0: not to be forwarded
			seen func(m wxtest.Sent) bool
		}{
			{"text", wxtest.Text("a <b> & \"c\"\nd"), 1, func(m wxtest.Sent) bool { return m.Content == "a <b> & \"c\"\nd" }},
			{"picture", wxtest.Image(), 3, nil},
			{"video", wxtest.Video(7), 43, nil},
			{"short video", wxtest.MicroVideo(7), 62, nil},
			{"emoticon", wxtest.Emoticon(sum, 9), 47, func(m wxtest.Sent) bool { return m.EmoticonMD5 == sum }},
			{"emoticon of the shop", wxtest.StoreEmoticon(), 0, nil},
			{"card", wxtest.Card(ben), 42, func(m wxtest.Sent) bool { return m.Card == ben }},
			{"location", wxtest.Location(39.9, 116.4, "北京 & 东城", "天安门"), 48, nil},
			{"location of its own type", wxtest.Location48(39.9, 116.4, "L", "N"), 48, nil},
			{"location as a link", wxtest.LocationLink(), 1, nil},
			{"file", wxtest.File("合同 <1>.pdf", 25<<20), 6, func(m wxtest.Sent) bool { return m.FileName == "合同 <1>.pdf" && m.FileSize == 25<<20 }},
			{"file over 25 MB", wxtest.File("a.pdf", 25<<20+1), 0, nil},
			{"voice", wxtest.Voice(1000), 0, nil},
			{"mini program", wxtest.MiniProgram("a", "b", "c"), 0, nil},
			{"system text", wxtest.System("x"), 0, nil},
		} {
			before := len(srv.Sent())
			group.Send(ann, tt.msg)
			b.await(tt.name, func() bool { return len(b.messages()) > i })
			got := b.messages()[i]
			sent, err := b.Forward(t.Context(), ben.UserName(), &got, newID())
			all := srv.Sent()[before:]
			if tt.typ == 0 {
				if !errors.Is(err, wx.ErrNotForwardable) || wx.Dispose(err) != wx.Stop || len(all) != 0 {
					t.Errorf("%s: %v, %v", tt.name, err, all)
				}
				continue
			}
			if err != nil || len(all) != 1 {
				t.Errorf("%s: %v, %d sent", tt.name, err, len(all))
				continue
			}
			if m := all[0]; m.MsgID != sent.MsgID || m.Type != tt.typ || m.ToAccount != ben || m.Scene != 2 || tt.seen != nil && !tt.seen(m) {
				t.Errorf("%s: %+v", tt.name, m)
			}
		}
		if n := srv.Count("webwxuploadmedia"); n != 0 {
			t.Errorf("%d uploads", n)
		}
	})
}

func TestSimSendCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
		ben := srv.AddFriend(wxtest.Person{NickName: `B<e>n & "Co"`})
		group := srv.AddGroup("Tea", ben)
		b := login(t, srv)
		defer b.finish()
		who := wx.Contact{UserName: ben.UserName(), NickName: ben.NickName()}
		if _, err := b.SendCard(t.Context(), group.UserName(), who, newID()); err != nil {
			t.Fatal(err)
		}
		if all := srv.Sent(); len(all) != 1 || all[0].Type != 42 || all[0].Card != ben || all[0].ToGroup != group || all[0].Scene != 0 {
			t.Errorf("sent %+v", all)
		}
		for name, who := range map[string]wx.Contact{
			"a group": {UserName: group.UserName(), NickName: "Tea"}, "nobody": {NickName: "x"}, "no name": {UserName: "@x"},
		} {
			if _, err := b.SendCard(t.Context(), wx.FileHelper, who, newID()); wx.Dispose(err) != wx.Stop || err == nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
