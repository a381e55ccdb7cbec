package wxtest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"wxbot/wx/wxtest"
)

// outcome is what a client saw of one request.
type outcome struct {
	status int
	body   string
	err    error
}

func attempt(ctx context.Context, c *client, to string) outcome {
	c.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	got, err := c.try(req)
	return outcome{got.status, got.body, err}
}

func TestFaultsShowOnce(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault wxtest.Fault
		want  func(o outcome) bool
	}{
		{"status", wxtest.Fault{Kind: wxtest.FaultStatus, Status: 502}, func(o outcome) bool { return o.status == 502 && o.body == "" }},
		{"status is 503", wxtest.Fault{Kind: wxtest.FaultStatus}, func(o outcome) bool { return o.status == 503 }},
		{"reset", wxtest.Fault{Kind: wxtest.FaultReset}, func(o outcome) bool { return o.err != nil && o.status == 0 }},
		{"cut body", wxtest.Fault{Kind: wxtest.FaultCutBody}, func(o outcome) bool { return o.err != nil && o.status == 200 && o.body != "" }},
		{"empty", wxtest.Fault{Kind: wxtest.FaultEmpty}, func(o outcome) bool { return o.err == nil && o.status == 200 && o.body == "" }},
		{"slow", wxtest.Fault{Kind: wxtest.FaultSlow, Delay: time.Millisecond}, func(o outcome) bool { return o.body == checkMessage }},
		{"junk", wxtest.Fault{Kind: wxtest.FaultJunk}, func(o outcome) bool { return o.err != nil && strings.Contains(o.err.Error(), "malformed HTTP") }},
		{"body", wxtest.Fault{Kind: wxtest.FaultBody, Body: []byte("<html>")}, func(o outcome) bool { return o.status == 200 && o.body == "<html>" }},
		{"ret", wxtest.Fault{Kind: wxtest.FaultRet, Ret: 1205}, func(o outcome) bool { return o.body == `window.synccheck={retcode:"1205",selector:"0"}` }},
		{"delay", wxtest.Fault{Kind: wxtest.FaultDelay, Delay: time.Millisecond}, func(o outcome) bool { return o.body == checkMessage }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			everywhere(t, wxtest.Config{}, func(e env) {
				t, s := e.t, e.s
				friend := s.AddFriend(wxtest.Person{NickName: "小明"})
				c := newClient(t, s).online()
				friend.Say("hi")
				c.syncCheck() // the connection has been used, so that net/http might ask again
				tt.fault.Endpoint = "synccheck"
				s.Fault(tt.fault)
				if got := attempt(t.Context(), c, c.syncCheckURL(c.check)); !tt.want(got) {
					t.Errorf("outcome: %+v", got)
				}
				if got := attempt(t.Context(), c, c.syncCheckURL(c.check)); got.body != checkMessage {
					t.Errorf("the next one: %+v", got)
				}
			})
		})
	}
}

func TestHangEndsWithTheClient(t *testing.T) {
	bubble(t, wxtest.Config{}, func(e env) {
		t, s := e.t, e.s
		c := newClient(t, s).online()
		s.Fault(wxtest.Fault{Endpoint: "synccheck", Kind: wxtest.FaultHang})
		began := time.Now()
		if got := attempt(within(t, 900*time.Second), c, c.syncCheckURL(c.check)); got.err == nil {
			t.Errorf("outcome: %+v", got)
		}
		if took := time.Since(began); took != 900*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestSlowBodyComesInTwoParts(t *testing.T) {
	bubble(t, wxtest.Config{}, func(e env) {
		t, s := e.t, e.s
		s.AddFriend(wxtest.Person{NickName: "小明"})
		c := newClient(t, s).online()
		s.Fault(wxtest.Fault{Endpoint: "webwxsync", Kind: wxtest.FaultSlow, Delay: 40 * time.Second})
		began := time.Now()
		c.sync()
		if took := time.Since(began); took != 40*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestFaultBeforeAndAfterTheWork(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after bool
		want  int
	}{{"before", false, 0}, {"after", true, 1}} {
		t.Run(tt.name, func(t *testing.T) {
			s := wxtest.NewServer(t, wxtest.Config{})
			c := newClient(t, s).online()
			s.Fault(wxtest.Fault{Endpoint: "webwxsendmsg", Kind: wxtest.FaultRet, Ret: -1, After: tt.after})
			if got := ret(c.send("filehelper", "hi", localID)); got != -1 {
				t.Errorf("ret %d", got)
			}
			if got := len(s.Sent()); got != tt.want {
				t.Errorf("%d sent, want %d", got, tt.want)
			}
			if got := ret(c.send("filehelper", "hi", localID)); got != 0 || len(s.Sent()) != 1 {
				t.Errorf("repeat: ret %d, %d sent", got, len(s.Sent()))
			}
		})
	}
}

func TestFaultsAreCounted(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	c := newClient(t, s).online()
	s.Fault(wxtest.Fault{Endpoint: "webwxsync", Kind: wxtest.FaultRet, Ret: 3, Times: 2, Skip: 1})
	s.Fault(wxtest.Fault{Endpoint: "webwxsync", Kind: wxtest.FaultRet, Ret: -1, Times: -1})
	var got []int
	for range 6 {
		got = append(got, ret(c.syncWith(c.key)))
	}
	// While the first fault lets a request pass, the second one strikes it.
	want := []int{-1, 3, 3, -1, -1, -1}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("rets %v, want %v", got, want)
		}
	}
	s.ClearFaults()
	if got := ret(c.syncWith(c.key)); got != 0 {
		t.Errorf("after ClearFaults: ret %d", got)
	}
}

func TestRefusedLoginByFault(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	c := newClient(t, s)
	s.Fault(wxtest.Fault{Endpoint: "webwxnewloginpage", Kind: wxtest.FaultRet, Ret: 1203})
	if body := c.get(c.confirmed() + "&fun=new&version=v2"); between(body, "<ret>", "<") != "1203" {
		t.Errorf("page: %s", body)
	}
	s.Fault(wxtest.Fault{Endpoint: "login", Kind: wxtest.FaultRet, Ret: 500})
	if got := c.poll(c.newCode(), 1); got != "window.code=500;" {
		t.Errorf("poll: %s", got)
	}
}
