package bot_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/bot"
	"wxbot/bot/control"
	"wxbot/wx/wxtest"
)

func TestLogoutRemovesTheSessionAndWaitsForSomebody(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	c := control.NewClient(r.config.Socket)
	stop := r.online()
	if err := c.Logout(r.ctx()); err != nil {
		t.Fatal(err)
	}
	await[bot.LoggedOut](r)
	left := slices.ContainsFunc(r.srv.Records(), func(rec wxtest.Record) bool { return rec.Kind == wxtest.RecordLoggedOut })
	if !left {
		t.Errorf("WeChat was not told: %+v", r.srv.Records())
	}
	st, err := c.Status(r.ctx())
	if err != nil || st.Online || !strings.HasPrefix(st.State, "waiting for wxbot qr") {
		t.Errorf("status %+v, %v", st, err)
	}
	if err := c.Logout(r.ctx()); err == nil || !strings.Contains(err.Error(), "nobody is logged in (waiting for wxbot qr") {
		t.Errorf("a second logout: %v", err)
	}

	// Neither a push nor a code came by itself; a scan is what brings it back.
	q, err := c.QR(r.ctx(), true)
	if err != nil || q.Payload == "" {
		t.Fatalf("no code: %+v, %v", q, err)
	}
	if err := r.srv.Login(r.ctx()); err != nil {
		t.Fatal(err)
	}
	if err := r.srv.AwaitOnline(r.ctx()); err != nil {
		t.Fatal(err)
	}
	ming.Say("ping")
	r.sent(1)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func TestContactsAreListedByNameAndKind(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明", RemarkName: "王经理"})
	r.srv.AddFriend(wxtest.Person{NickName: "Ann"})
	r.srv.AddOfficial(wxtest.Person{NickName: "每日新闻"})
	r.srv.AddGroup("客户一群", ming)
	c := control.NewClient(r.config.Socket)
	r.start()
	eventuallyServes(t, r, c)
	if _, err := c.Contacts(r.ctx(), "", ""); err == nil || !strings.Contains(err.Error(), "not online") {
		t.Errorf("before the login: %v", err)
	}
	if err := r.srv.Login(r.ctx()); err != nil {
		t.Fatal(err)
	}
	if err := r.srv.AwaitOnline(r.ctx()); err != nil {
		t.Fatal(err)
	}
	within(t, r, "all contacts", func() bool {
		got, err := c.Contacts(r.ctx(), "", "")
		return err == nil && got.Complete && len(got.Contacts) >= 4
	})
	names := func(name, kind string) string {
		got, err := c.Contacts(r.ctx(), name, kind)
		if err != nil {
			t.Fatal(err)
		}
		out := []string{}
		for _, e := range got.Contacts {
			out = append(out, e.Kind+":"+e.Name)
		}
		return strings.Join(out, " ")
	}
	for _, q := range []struct{ name, kind, want string }{
		{"", "", "private:Ann private:王经理 group:客户一群 official:每日新闻"},
		{"", control.KindOfficial, "official:每日新闻"},
		{"ａNN", "", "private:Ann"},
		{"小明", "", "private:王经理"}, // by the nickname beside a remark
		{"小明", control.KindGroup, ""},
		{"谁", "", ""},
	} {
		if got := names(q.name, q.kind); got != q.want {
			t.Errorf("%q of kind %q: %s, want %s", q.name, q.kind, got, q.want)
		}
	}
	if _, err := c.Contacts(r.ctx(), "", "boss"); err == nil || !strings.Contains(err.Error(), `kind "boss"`) {
		t.Errorf("unknown kind: %v", err)
	}

	got, err := c.Contacts(r.ctx(), "王经理", "")
	if err != nil || len(got.Contacts) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	s, err := c.Send(r.ctx(), control.SendRequest{To: "key:" + got.Contacts[0].Key, Text: "您好"})
	if err != nil {
		t.Fatal(err)
	}
	within(t, r, "sending by key", func() bool {
		s, err = c.Sending(r.ctx(), s.ID)
		return err == nil && s.Status == "sent"
	})
	if sent := r.srv.Sent(); sent[len(sent)-1].ToAccount != ming {
		t.Errorf("sent %+v", sent[len(sent)-1])
	}
}

func TestNoContactsInTheFileHelperMode(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, baseRules, nil)
	r.config.Mode = bot.ModeFileHelper
	c := control.NewClient(r.config.Socket)
	r.start()
	eventuallyServes(t, r, c)
	if _, err := c.Contacts(r.ctx(), "", ""); err == nil || !strings.Contains(err.Error(), "mode filehelper") {
		t.Errorf("%v", err)
	}
}

// eventuallyServes waits until the daemon answers on its socket.
func eventuallyServes(t *testing.T, r *rig, c *control.Client) {
	t.Helper()
	within(t, r, "control socket", func() bool { _, err := c.Status(r.ctx()); return err == nil })
}

// within waits until something holds.
func within(t *testing.T, r *rig, what string, ok func() bool) {
	t.Helper()
	ctx := r.ctx()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %s; log:\n%s", what, deadline, r.log)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
