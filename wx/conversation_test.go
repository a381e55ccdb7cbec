package wx_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"wxbot/wx"
	"wxbot/wx/wxtest"
)

func TestPinKeepsTheRemark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{})
		ann := srv.AddFriend(wxtest.Person{NickName: "Ann", RemarkName: "Annie & <3"})
		b := login(t, srv)
		defer b.finish()
		b.await("the contacts", func() bool { _, ok := b.Directory().Contact(ann.UserName()); return ok })
		for _, on := range []bool{true, false} {
			if err := b.Pin(t.Context(), ann.UserName(), on); err != nil {
				t.Fatal(err)
			}
			b.await("the change", func() bool {
				c, _ := b.Directory().Contact(ann.UserName())
				return c.Pinned() == on
			})
			if got := ann.RemarkName(); got != "Annie & <3" {
				t.Errorf("pin %t: the remark is %q", on, got)
			}
		}
	})
}

func TestMarkReadAndRequestFriend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{})
		ann, eve := srv.AddFriend(wxtest.Person{NickName: "Ann"}), srv.AddStranger(wxtest.Person{NickName: "Eve"})
		group := srv.AddGroup("tea", ann, eve)
		b := login(t, srv)
		defer b.finish()
		for _, chat := range []wxtest.Chat{ann, group} {
			if err := b.MarkRead(t.Context(), chat.UserName()); err != nil {
				t.Error(err)
			}
		}
		if err := b.RequestFriend(t.Context(), eve.UserName(), "from <tea>"); err != nil {
			t.Error(err)
		}
		var got []string
		for _, r := range srv.Records() {
			switch r.Kind { //nolint:exhaustive // the others are of the login
			case wxtest.RecordRead, wxtest.RecordRequested:
				who := ""
				if r.Account != nil {
					who = r.Account.NickName()
				} else if r.Group != nil {
					who = r.Group.Topic()
				}
				got = append(got, strings.TrimSpace(r.Kind.String()+" "+who+" "+r.Text))
			}
		}
		if want := `read Ann|read tea|requested Eve from <tea>`; strings.Join(got, "|") != want {
			t.Errorf("%q, want %q", got, want)
		}
		for name, err := range map[string]error{
			"nobody read":       b.MarkRead(t.Context(), ""),
			"nobody pinned":     b.Pin(t.Context(), "", true),
			"a group as friend": b.RequestFriend(t.Context(), group.UserName(), ""),
		} {
			if wx.Dispose(err) != wx.Stop || err == nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
