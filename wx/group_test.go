package wx_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/wx"
	"wxbot/wx/wxtest"
)

func friends(srv *wxtest.Server, n int) []*wxtest.Account {
	out := make([]*wxtest.Account, n)
	for i := range out {
		out[i] = srv.AddFriend(wxtest.Person{NickName: fmt.Sprintf("F%d", i)})
	}
	return out
}

func userNames(people []*wxtest.Account) []string {
	out := make([]string, len(people))
	for i, a := range people {
		out[i] = a.UserName()
	}
	return out
}

// moves is who came and went so far, by group.
func (b *bot) moves() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, e := range b.events {
		m, ok := e.(wx.MembersChanged)
		if !ok {
			continue
		}
		g, _ := b.Directory().Contact(m.Group)
		for _, j := range m.Joined {
			out = append(out, g.NickName+"+"+nameIn(b, m.Group, j))
		}
		for _, l := range m.Left {
			out = append(out, g.NickName+"-"+l.Name())
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// nameIn is the name of somebody who joined, which may come later.
func nameIn(b *bot, group string, m wx.Member) string {
	known, _ := b.Directory().Member(group, m.UserName)
	return known.Name()
}

func TestSimCreateGroup(t *testing.T) {
	everyWay(t, wxtest.Config{Lenient: true}, func(t *testing.T, srv *wxtest.Server) {
		t.Helper()
		people := friends(srv, 3)
		b := login(t, srv)
		defer b.finish()
		people[2].Unfriend()
		got, err := b.CreateGroup(t.Context(), "饭团", userNames(people)...)
		if err != nil || !got.Partly || !slices.Equal(got.Refused, userNames(people[2:])) || len(got.Added) != 2 || !wx.IsGroup(got.Group) {
			t.Fatalf("got %+v, %v", got, err)
		}
		b.await("the group", func() bool {
			g, _ := b.Directory().Contact(got.Group)
			return g.NickName == "饭团" && len(g.Members) == 3 && g.Members[1].NickName == "F0"
		})
		if _, err := b.SendText(t.Context(), got.Group, "hello", newID()); err != nil {
			t.Error(err)
		}
	})
}

func TestSimAddMembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
		people := friends(srv, 45)
		group := srv.AddGroup("Tea", people[:36]...) // 37 with the account
		hidden := srv.AddGroupWith(wxtest.GroupOptions{Topic: "Far", Members: people[:2], Hidden: true})
		b := login(t, srv)
		defer b.finish()
		elapse(t, 10*time.Second)
		for _, tt := range []struct {
			name           string
			group          *wxtest.Group
			people         []*wxtest.Account
			added, invited int
			size           int
		}{
			{"two make 39", group, people[36:38], 2, 0, 39},
			{"nobody new", group, people[35:38], 0, 0, 39},
			{"the fortieth, named with one who is in", group, people[37:39], 0, 1, 39},
			{"one who is twice in the list", hidden, []*wxtest.Account{people[5], people[5]}, 1, 0, 4},
		} {
			got, err := b.AddMembers(t.Context(), tt.group.UserName(), userNames(tt.people)...)
			if err != nil || len(got.Added) != tt.added || len(got.Invited) != tt.invited || len(got.Refused) != 0 || got.Partly {
				t.Errorf("%s: %+v, %v", tt.name, got, err)
			}
			if n := len(tt.group.Members()); n != tt.size {
				t.Errorf("%s: %d members, want %d", tt.name, n, tt.size)
			}
			elapse(t, 10*time.Second)
		}
		people[8].Unfriend()
		got, err := b.AddMembers(t.Context(), hidden.UserName(), userNames(people[7:9])...)
		if err != nil || !got.Partly || !slices.Equal(got.Refused, userNames(people[8:9])) || !slices.Equal(got.Added, userNames(people[7:8])) {
			t.Errorf("somebody who refuses: %+v, %v", got, err)
		}
		if err := b.RenameGroup(t.Context(), hidden.UserName(), "Near <3"); err != nil || hidden.Topic() != "Near <3" {
			t.Errorf("rename: %v, %s", err, hidden.Topic())
		}
		b.await("the new name", func() bool {
			g, _ := b.Directory().Contact(hidden.UserName())
			return g.NickName == "Near <3"
		})
		if n := srv.Count("webwxupdatechatroom"); n != 5 {
			t.Errorf("%d calls", n)
		}
	})
}

func TestSimGroupArguments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
		two := friends(srv, 2)
		group := srv.AddGroup("Tea", srv.AddFriend(wxtest.Person{NickName: "Z"}))
		b := login(t, srv)
		defer b.finish()
		elapse(t, 5*time.Second)
		ctx := t.Context()
		people := userNames(two) // they change with a login
		create := func(topic string, who ...string) error {
			_, err := b.CreateGroup(ctx, topic, who...)
			return err
		}
		add := func(group string, who ...string) error {
			_, err := b.AddMembers(ctx, group, who...)
			return err
		}
		for name, err := range map[string]error{
			"one person":          create("T", people[0]),
			"the same twice":      create("T", people[0], people[0]),
			"self":                create("T", people[0], b.Self().UserName),
			"a group as a person": create("T", people[0], group.UserName()),
			"long topic":          create(strings.Repeat("长", 11), people...),
			"nobody":              add(group.UserName()),
			"no group":            add(people[0], people[1]),
			"comma":               add(group.UserName(), "@a,@b"),
			"no topic":            b.RenameGroup(ctx, group.UserName(), "\x00"),
			"topic of 33 bytes":   b.RenameGroup(ctx, group.UserName(), strings.Repeat("长", 11)),
		} {
			if wx.Dispose(err) != wx.Stop || err == nil || errors.Is(err, wx.ErrUnknownOutcome) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := srv.Count("webwxupdatechatroom") + srv.Count("webwxcreatechatroom"); n != 0 {
			t.Errorf("%d calls", n)
		}
	})
}

// Calls that change groups are spaced, and rest after 1205 without a request.
func TestSimGroupCallsAreThrottled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
		people := friends(srv, 6)
		b := login(t, srv)
		defer b.finish()
		create := func(topic string) error {
			_, err := b.CreateGroup(t.Context(), topic, userNames(people[:2])...)
			return err
		}
		began := time.Now()
		if err := errors.Join(create("1"), create("2"), create("3")); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 2*time.Minute || took > 3*time.Minute {
			t.Errorf("three groups took %s", took)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := b.CreateGroup(short, "4", userNames(people[:2])...); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, wx.ErrUnknownOutcome) {
			t.Errorf("a turn that did not come: %v", err)
		}
		elapse(t, time.Hour)
		srv.Fault(wxtest.Fault{Endpoint: "webwxcreatechatroom", Kind: wxtest.FaultRet, Ret: 1205})
		first, again := create("5"), create("6")
		if !wx.Throttled(first) || !wx.Throttled(again) || again.Error() != "resting for 30m0s: webwxcreatechatroom: ret 1205" {
			t.Errorf("throttled: %v, %v", first, again)
		}
		if n := srv.Count("webwxcreatechatroom"); n != 4 {
			t.Errorf("%d calls, want 4", n)
		}
		elapse(t, 31*time.Minute)
		if err := create("7"); err != nil {
			t.Errorf("after the rest: %v", err)
		}
		// Other changes do not rest with it, and an unclear one is not repeated.
		srv.Fault(wxtest.Fault{Endpoint: "webwxupdatechatroom", Kind: wxtest.FaultEmpty, After: true})
		groups := srv.Groups()
		_, err := b.AddMembers(t.Context(), groups[0].UserName(), people[3].UserName())
		if !errors.Is(err, wx.ErrUnknownOutcome) || srv.Count("webwxupdatechatroom") != 1 {
			t.Errorf("unclear: %v", err)
		}
	})
}

func TestSimMembersChanged(t *testing.T) {
	for _, nameless := range []bool{false, true} {
		t.Run(fmt.Sprint("nameless ", nameless), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true, NamelessMembers: nameless})
				people := friends(srv, 6)
				tea := srv.AddGroup("Tea", people[:4]...)
				pub := srv.AddGroup("Pub", people[:3]...)
				b := login(t, srv)
				defer b.finish()
				names := userNames(people)
				elapse(t, 10*time.Second)
				for _, g := range []*wxtest.Group{tea, pub} {
					if _, err := b.Lookup(t.Context(), g.UserName(), names[:3]...); err != nil {
						t.Fatal(err)
					}
				}
				if got := b.moves(); got != "" {
					t.Errorf("at first: %s", got)
				}
				tea.Remove(people[1])
				tea.Join(people[0], people[4], people[5])
				pub.Remove(people[2])
				elapse(t, 10*time.Second)
				if _, err := b.Lookup(t.Context(), tea.UserName(), names[4:6]...); err != nil {
					t.Fatal(err)
				}
				b.Refresh(tea.UserName(), pub.UserName(), "@nobody")
				elapse(t, 10*time.Second)
				if got, want := b.moves(), "Pub-F2 Tea+F4 Tea+F5 Tea-F1"; got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				// A group that the account has left tells nothing.
				pub.RemoveSelf(people[0])
				pub.Remove(people[1])
				elapse(t, 10*time.Second)
				b.Refresh(pub.UserName())
				elapse(t, 10*time.Second)
				if got, want := b.moves(), "Pub-F2 Tea+F4 Tea+F5 Tea-F1"; got != want {
					t.Errorf("after leaving: got %s, want %s", got, want)
				}
			})
		})
	}
}

// A server that does not say that somebody left is found out by asking.
func TestSimGroupRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
		people := friends(srv, 4)
		tea := srv.AddGroup("Tea", people...)
		b := login(t, srv, func(o *wx.Options) { o.GroupRefresh = time.Hour })
		defer b.finish()
		elapse(t, time.Minute)
		asked := srv.Count("webwxbatchgetcontact")
		tea.LeaveSilently(people[2])
		elapse(t, 30*time.Minute)
		if n := srv.Count("webwxbatchgetcontact"); n != asked || b.moves() != "" {
			t.Errorf("before its time: %d calls, %s", n-asked, b.moves())
		}
		elapse(t, 80*time.Minute)
		if n := srv.Count("webwxbatchgetcontact"); n != asked+1 || b.moves() != "Tea-F2" {
			t.Errorf("within two hours: %d calls, %s", n-asked, b.moves())
		}
	})
	if _, err := wx.New(wx.Options{Sink: (&bot{}).take, GroupRefresh: time.Minute}); err == nil {
		t.Error("a minute was taken")
	}
}
