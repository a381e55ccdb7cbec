package wxtest_test

import (
	"net/url"
	"testing"

	"wxbot/wx/wxtest"
)

const helperBase = "https://filehelper.weixin.qq.com"

// helperLogin logs in as the file transfer helper's page does. Its further
// requests lack the mark of that page.
func helperLogin(t *testing.T, s *wxtest.Server) *client {
	t.Helper()
	c := newClient(t, s)
	c.base, c.push, c.file = helperBase, helperBase, "https://file.wx.qq.com"
	redirect := url.QueryEscape(url.QueryEscape(helperBase + "/cgi-bin/mmwebwx-bin/webwxnewloginpage"))
	code := c.get(c.login + "/jslogin?appid=wx_webfilehelper&fun=new&lang=zh_CN&_=1&redirect_uri=" + redirect)
	uuid := url.QueryEscape(between(code, `uuid = "`, `"`))
	s.Scan()
	s.Confirm()
	poll := c.login + "/cgi-bin/mmwebwx-bin/login?loginicon=true&tip=0&appid=wx_webfilehelper&_=1&uuid=" + uuid
	c.get(poll)
	to := between(c.get(poll), `redirect_uri="`, `"`)
	c.takeKeys(c.get(to + "&fun=new&version=v2"))
	return c
}

func TestHelperSessionKnowsNobody(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{RefuseCode: 1203, Lenient: true})
	s.AddFriend(wxtest.Person{NickName: "小明"})
	c := helperLogin(t, s)
	got := c.init()
	if list, _ := got["ContactList"].([]any); ret(got) != 0 || len(list) != 0 {
		t.Fatalf("webwxinit: Ret %d, %d contacts", ret(got), len(list))
	}
	wantProblem(t, s, "header mmweb_appid")
	s.TakeProblems()
	if o := c.send(s.Self().UserName(), "x", "17000000000000001"); ret(o) != 1204 {
		t.Errorf("a text to somebody: Ret %d", ret(o))
	}
	wantProblem(t, s, "filehelper alone")
	if o := c.object(c.post("webwxbatchgetcontact", "type=ex", `,"Count":0,"List":[]`)); ret(o) == 0 {
		t.Error("webwxbatchgetcontact is answered")
	}
	wantProblem(t, s, "no contacts")
	if o := c.send("filehelper", "x", "17000000000000002"); ret(o) != 0 {
		t.Errorf("a text to the helper: Ret %d", ret(o))
	}
}

func TestSessionsOfTheTwoKindsHaveHostsOfTheirOwn(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{Lenient: true})
	c := helperLogin(t, s)
	c.base = "https://wx2.qq.com"
	if got := ret(c.object(c.post("webwxinit", "r=-1&lang=zh_CN", ""))); got == 0 {
		t.Error("the web's host serves a session of the file transfer helper")
	}
	wantProblem(t, s, "none of the file transfer helper's")
	c = newClient(t, s)
	c.newLogin()
	c.base = helperBase
	if got := ret(c.object(c.post("webwxinit", "r=-1&lang=zh_CN", ""))); got == 0 {
		t.Error("the file transfer helper's host serves a session of the web")
	}
	wantProblem(t, s, "for the file transfer helper alone")
}

func TestHelperCodeMustLeadToTheHelper(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{Lenient: true})
	c := newClient(t, s)
	ask := c.login + "/jslogin?appid=wx_webfilehelper&fun=new&lang=zh_CN&_=1&redirect_uri="
	c.get(ask + url.QueryEscape(helperBase+"/cgi-bin/mmwebwx-bin/webwxnewloginpage"))
	wantProblem(t, s, "not encoded twice")
	c.get(ask + url.QueryEscape(url.QueryEscape("https://wx.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage")))
	wantProblem(t, s, "does not lead to")
}
