package wxtest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/wx/wxtest"
)

func TestSyncCheckIsHeld(t *testing.T) {
	bubble(t, wxtest.Config{}, func(e env) {
		t, s := e.t, e.s
		friend := s.AddFriend(wxtest.Person{NickName: "小明"})
		c := newClient(t, s).online()
		began := time.Now()
		if got := c.syncCheck(); got != checkNothing {
			t.Errorf("synccheck = %s, want %s", got, checkNothing)
		}
		if held := time.Since(began); held != 25*time.Second {
			t.Errorf("held %v, want 25s", held)
		}
		began = time.Now()
		time.AfterFunc(3*time.Second, func() { friend.Say("在吗") })
		if got := c.syncCheck(); got != checkMessage {
			t.Errorf("synccheck = %s, want %s", got, checkMessage)
		}
		if held := time.Since(began); held != 3*time.Second {
			t.Errorf("held %v, want 3s", held)
		}
	})
}

func TestSelectorStaysUntilSync(t *testing.T) {
	bubble(t, wxtest.Config{}, func(e env) {
		t, s := e.t, e.s
		friend := s.AddFriend(wxtest.Person{NickName: "小明"})
		c := newClient(t, s).online()
		friend.Say("在吗")
		began := time.Now()
		for range 5 {
			if got := c.syncCheck(); got != checkMessage {
				t.Errorf("synccheck = %s, want %s", got, checkMessage)
			}
		}
		c.sync()
		if held := time.Since(began); held != 0 {
			t.Errorf("took %v, want nothing held", held)
		}
		if got := c.syncCheck(); got != checkNothing {
			t.Errorf("after the sync: %s", got)
		}
	})
}

func TestSelectorTellsWhatChanged(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	friend := s.AddFriend(wxtest.Person{NickName: "小明"})
	c := newClient(t, s).online()
	for _, tt := range []struct {
		name string
		do   func()
		want string
	}{
		{"contact", func() { friend.Rename("大明") }, "4"},
		{"phone enters a chat", func() { s.EnterChat(friend) }, "7"},
		{"phone leaves a chat", func() { s.QuitChat(friend) }, "7"},
		{"message beats contact", func() { friend.Rename("小明"); friend.Say("hi") }, "2"},
	} {
		tt.do()
		if got, want := c.syncCheck(), `window.synccheck={retcode:"0",selector:"`+tt.want+`"}`; got != want {
			t.Errorf("%s: %s, want %s", tt.name, got, want)
		}
		c.sync()
	}
}

func TestRepeatedKeyGivesMessagesAgain(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	friend := s.AddFriend(wxtest.Person{NickName: "小明"})
	c := newClient(t, s).online()
	old := c.key
	friend.Say("eins")
	first := c.sync()
	friend.Say("zwei")
	again := messages(c.syncWith(old))
	if got := contents(again); !slices.Equal(got, []string{"eins", "zwei"}) {
		t.Fatalf("messages of the old key = %q", got)
	}
	if first[0]["MsgId"] != again[0]["MsgId"] {
		t.Errorf("the repeated message has another id")
	}
	if got := contents(c.sync()); !slices.Equal(got, []string{"zwei"}) {
		t.Errorf("messages of the new key = %q", got)
	}
}

func TestContinueFlag(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{SyncPage: 3})
	friend := s.AddFriend(wxtest.Person{NickName: "小明"})
	c := newClient(t, s).online()
	for i := range 7 {
		friend.Say(fmt.Sprint(i))
	}
	var sizes, flags []int64
	for range 3 {
		out := c.syncWith(c.key)
		c.key, c.check = keyJSON(out["SyncKey"]), keyText(out["SyncCheckKey"])
		sizes, flags = append(sizes, num(out["AddMsgCount"])), append(flags, num(out["ContinueFlag"]))
	}
	if !slices.Equal(sizes, []int64{3, 3, 1}) || !slices.Equal(flags, []int64{1, 1, 0}) {
		t.Errorf("sizes %v, flags %v", sizes, flags)
	}
}

func TestKeysPartAfterMedia(t *testing.T) {
	for _, tt := range []struct {
		name  string
		media func(s *wxtest.Server, c *client, friend *wxtest.Account)
	}{
		{"received", func(_ *wxtest.Server, _ *client, friend *wxtest.Account) { friend.Send(wxtest.Image()) }},
		{"sent", func(_ *wxtest.Server, c *client, friend *wxtest.Account) {
			c.post("webwxsendemoticon", "fun=sys&lang=zh_CN", fmt.Sprintf(
				`,"Msg":{"Type":47,"EmojiFlag":2,"EMoticonMd5":"e68363487d8f0519c4e1047de403b2e7","FromUserName":"%s","ToUserName":"%s","LocalID":"14536706660680166","ClientMsgId":"14536706660680166"},"Scene":0`,
				c.self, friend.UserName()))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, wxtest.Config{}, func(e env) {
				t, s := e.t, e.s
				friend := s.AddFriend(wxtest.Person{NickName: "小明"})
				c := newClient(t, s).online()
				tt.media(s, c, friend)
				out := c.syncWith(c.key)
				c.key, c.check = keyJSON(out["SyncKey"]), keyText(out["SyncCheckKey"])
				plain := keyText(out["SyncKey"])
				if c.check == plain {
					t.Fatal("SyncCheckKey is SyncKey")
				}
				began := time.Now()
				for range 10 { // the endless loop of clients that use SyncKey for both
					if got := c.get(c.syncCheckURL(plain)); got != checkMessage {
						t.Fatalf("synccheck with SyncKey = %s", got)
					}
					if got := len(c.sync()); got != 0 {
						t.Fatalf("%d messages, want an empty sync", got)
					}
				}
				if held := time.Since(began); held != 0 {
					t.Errorf("held %v", held)
				}
				wantProblem(t, s, "SyncKey where SyncCheckKey differs")
				if got := c.syncCheck(); got != checkNothing {
					t.Errorf("synccheck with SyncCheckKey = %s", got)
				}
				friend.Say("a text ends it")
				c.sync()
				if got := c.get(c.syncCheckURL(keyText(c.object(c.key)))); got != checkNothing {
					t.Errorf("after a text: %s", got)
				}
			})
		})
	}
}

func TestWrongKeys(t *testing.T) {
	bubble(t, wxtest.Config{}, func(e env) {
		t, s := e.t, e.s
		c := newClient(t, s).online()
		began := time.Now()
		if got := c.get(strings.Replace(c.syncCheckURL(c.check), "synckey=", "synkey=", 1)); got != checkNothing {
			t.Errorf("wrong name: %s", got)
		}
		wantProblem(t, s, "synckey is missing")
		if got := c.get(c.syncCheckURL("1_2|2_3|3_4|1000_5")); got != checkMessage {
			t.Errorf("foreign key: %s", got)
		}
		wantProblem(t, s, "none that the server gave")
		if held := time.Since(began); held != 0 {
			t.Errorf("held %v, want nothing held", held)
		}
		out := c.syncWith(`{"Count":1,"List":[{"Key":2,"Val":7}]}`)
		if ret(out) != 1 || keyJSON(out["SyncKey"]) != `{"Count":0,"List":[]}` || keyJSON(out["SyncCheckKey"]) != `{"Count":0,"List":[]}` {
			t.Errorf("sync with a foreign key: ret %d, keys %v", ret(out), out["SyncKey"])
		}
		wantProblem(t, s, "none that the server gave")
	})
}

func TestLastMessageComesAgainAfterRestart(t *testing.T) {
	for _, tt := range []struct {
		name string
		off  bool
		want []string
	}{{"as WeChat does", false, []string{"zwei"}}, {"switched off", true, []string{}}} {
		t.Run(tt.name, func(t *testing.T) {
			s := wxtest.NewServer(t, wxtest.Config{NoRedelivery: tt.off})
			friend := s.AddFriend(wxtest.Person{NickName: "小明"})
			c := newClient(t, s).online()
			friend.Say("eins")
			friend.Say("zwei")
			c.sync()
			key, check := c.key, c.check
			c.init()
			c.key, c.check = key, check // a restored client keeps its own position
			if got := contents(c.sync()); !slices.Equal(got, tt.want) {
				t.Errorf("after the restart: %q, want %q", got, tt.want)
			}
			if got := contents(c.sync()); len(got) != 0 {
				t.Errorf("then: %q", got)
			}
		})
	}
}

func TestCutEndsEverything(t *testing.T) {
	for _, code := range []int{1100, 1101, 1102} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			bubble(t, wxtest.Config{}, func(e env) {
				t, s := e.t, e.s
				c := newClient(t, s).online()
				time.AfterFunc(10*time.Second, func() { s.Cut(code) })
				began := time.Now()
				want := fmt.Sprintf(`window.synccheck={retcode:"%d",selector:"0"}`, code)
				if got := c.syncCheck(); got != want || time.Since(began) != 10*time.Second {
					t.Errorf("held poll: %s after %v", got, time.Since(began))
				}
				if got := c.syncCheck(); got != want {
					t.Errorf("next poll: %s", got)
				}
				for _, endpoint := range []string{"webwxsync", "webwxinit", "webwxsendmsg", "webwxbatchgetcontact", "webwxoplog"} {
					if got := ret(c.object(c.post(endpoint, "", ""))); got != code {
						t.Errorf("%s: ret %d, want %d", endpoint, got, code)
					}
				}
			})
		})
	}
}

func TestNewLoginEndsTheSessionBefore(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	old, fresh := newClient(t, s).online(), newClient(t, s).online()
	if got := ret(old.syncWith(old.key)); got != 1101 {
		t.Errorf("old session: ret %d, want 1101", got)
	}
	if got := ret(fresh.syncWith(fresh.key)); got != 0 {
		t.Errorf("new session: ret %d", got)
	}
}

func TestLogoutIsAnsweredBy1102(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	c := newClient(t, s).online()
	got := c.do("POST", c.base+cgi+"webwxlogout?redirect=1&type=0&skey="+url.QueryEscape(c.skey), "application/x-www-form-urlencoded",
		url.Values{"sid": {c.sid}, "uin": {c.uin}}.Encode())
	if got.status != http.StatusMovedPermanently {
		t.Errorf("status %d", got.status)
	}
	if got := c.syncCheck(); !strings.Contains(got, `retcode:"1102"`) {
		t.Errorf("synccheck = %s", got)
	}
}

func TestTwelveHourRule(t *testing.T) {
	for _, tt := range []struct {
		name string
		sync bool
		want int
	}{{"renewed by webwxsync", true, 0}, {"polls alone do not renew", false, 1102}} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, wxtest.Config{}, func(e env) {
				t, s := e.t, e.s
				c := newClient(t, s).online()
				for range 4 {
					pass(5 * time.Hour)
					if tt.sync {
						c.sync()
					} else {
						c.syncCheck()
					}
				}
				if got := ret(c.syncWith(c.key)); got != tt.want {
					t.Errorf("after 20 h: ret %d, want %d", got, tt.want)
				}
			})
		})
	}
}

func TestKeysAndCookiesAreChecked(t *testing.T) {
	other := func(field string) func(*client) {
		return func(c *client) {
			switch field {
			case "sid":
				c.sid = "AAAAAAA/BBBBB+CC"
			case "skey":
				c.skey = "@crypt_00000000_00000000000000000000000000000000"
			case "uin":
				c.uin = "12345"
			case "cookies":
				c.http.Jar = nil
			}
		}
	}
	for _, tt := range []struct {
		name              string
		change            func(*client)
		check, init, sync int
		problem           string
	}{
		{"sid", other("sid"), 1100, 1100, 1100, "sid belongs to no session"},
		{"skey", other("skey"), 1100, 1100, 1100, "skey is not"},
		{"uin", other("uin"), 1100, 1100, 1100, "uin is not"},
		{"no cookies", other("cookies"), 1102, 1, 1102, "cookies wxsid and wxuin are missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := wxtest.NewServer(t, wxtest.Config{})
			c := newClient(t, s).online()
			tt.change(c)
			if got, want := c.syncCheck(), fmt.Sprintf(`retcode:"%d"`, tt.check); !strings.Contains(got, want) {
				t.Errorf("synccheck = %s, want %s", got, want)
			}
			wantProblem(t, s, tt.problem)
			if got := ret(c.object(c.post("webwxinit", "", ""))); got != tt.init {
				t.Errorf("webwxinit: ret %d, want %d", got, tt.init)
			}
			wantProblem(t, s, tt.problem)
			if got := ret(c.syncWith(c.key)); got != tt.sync {
				t.Errorf("webwxsync: ret %d, want %d", got, tt.sync)
			}
			wantProblem(t, s, tt.problem)
		})
	}
}

func TestWrongHosts(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	c := newClient(t, s).online()
	push, base := c.push, c.base
	c.push = "https://webpush.weixin.qq.com"
	if got := c.syncCheck(); !strings.Contains(got, `retcode:"1100"`) {
		t.Errorf("wrong push host: %s", got)
	}
	wantProblem(t, s, "host is webpush.weixin.qq.com, not webpush.wx2.qq.com")
	c.push, c.base = push, "https://wx.qq.com"
	if got := ret(c.object(c.post("webwxinit", "", ""))); got != 1 {
		t.Errorf("wrong base host: ret %d", got)
	}
	wantProblem(t, s, "host is wx.qq.com")
	c.base = base
	if got := c.do("GET", c.base+"/cgi-bin/mmwebwx-bin/webwxnosuch", "", ""); got.status != http.StatusNotFound {
		t.Errorf("unknown path: status %d", got.status)
	}
	wantProblem(t, s, "no such path")
	if got := c.get(c.base + "/cgi-bin/mmwebwx-bin//webwxgetcontact?r=1&seq=0&skey=" + url.QueryEscape(c.skey) + "&pass_ticket=" + url.QueryEscape(c.ticket)); ret(c.object(got)) != 0 {
		t.Errorf("doubled slash: %s", got)
	}
}

func TestPollEndsWhenClientLeaves(t *testing.T) {
	everywhere(t, wxtest.Config{}, func(e env) {
		t, s := e.t, e.s
		c := newClient(t, s).online()
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.syncCheckURL(c.check), nil)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			_, err := c.try(req)
			done <- err
		}()
		if err := s.AwaitCount(within(t, 5*time.Second), "synccheck", 1); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-done; err == nil {
			t.Error("the poll was answered")
		}
		// Close waits for every request: it would hang for the rest of the 25 s.
		closed := make(chan error, 1)
		go func() { closed <- s.Close() }()
		select {
		case err := <-closed:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(5 * time.Second):
			t.Error("Close waits for a poll whose client has gone")
		}
	})
}

func TestDayOfPollsLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := wxtest.NewBubble(t, wxtest.Config{})
		friend := s.AddFriend(wxtest.Person{NickName: "小明"})
		c := newClient(t, s).online()
		end := time.Now().Add(24 * time.Hour)
		got := 0
		for i := 0; time.Now().Before(end); i++ {
			if i%100 == 0 {
				friend.Say(fmt.Sprint(i))
			}
			if c.syncCheck() != checkNothing || i%100 == 50 {
				got += len(c.sync())
			}
		}
		if want := s.Count("synccheck") / 100; got < want || want < 30 {
			t.Errorf("%d messages in %d polls", got, s.Count("synccheck"))
		}
	})
}

func TestHostsHaveAFrontPage(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	for _, host := range []string{"https://login.weixin.qq.com/", "https://wx2.qq.com/"} {
		got := newClient(t, s).do("GET", host, "", "")
		if got.status != http.StatusOK || !strings.Contains(got.body, "simulated WeChat") {
			t.Errorf("%s: status %d, %s", host, got.status, got.body)
		}
	}
}
