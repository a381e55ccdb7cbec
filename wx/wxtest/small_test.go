package wxtest_test

import (
	"net/url"
	"strings"
	"testing"

	"wxbot/wx/wxtest"
)

func TestSmallEndpoints(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	ming := s.AddFriend(wxtest.Person{NickName: "小明", RemarkName: "王经理"})
	s.AddFriend(wxtest.Person{NickName: "小红"})
	g := s.AddGroup("经理群", ming)
	c := newClient(t, s).online()

	found := c.object(c.post("webwxsearchcontact", "", `,"KeyWord":"经理"`))["List"].([]any)
	var names []string
	for _, e := range found {
		names = append(names, e.(map[string]any)["EncryUserName"].(string))
	}
	if got, want := strings.Join(names, " "), ming.UserName()+" "+g.UserName(); got != want {
		t.Errorf("search found %s, want %s", got, want)
	}
	for _, endpoint := range []string{"webwxstatreport", "webwxsendfeedback"} {
		if ret := num(c.object(c.post(endpoint, "fun=new", `,"Count":0,"List":[]`))["BaseResponse"].(map[string]any)["Ret"]); ret != 0 {
			t.Errorf("%s: Ret %d", endpoint, ret)
		}
	}
	if got := c.do("GET", c.base+cgi+"webwxcheckurl?requrl="+url.QueryEscape("https://example.com/a?b=c"), "", ""); got.status != 302 || got.header.Get("Location") != "https://example.com/a?b=c" {
		t.Errorf("webwxcheckurl: %d to %s", got.status, got.header.Get("Location"))
	}
	if got := c.get(c.base + cgi + "webwxgetpubliclinkimg?url=xxx&msgid=1&pictype=location"); !strings.HasPrefix(got, "\xff\xd8") {
		t.Errorf("the map is no picture: %q", got[:min(len(got), 20)])
	}
}

// Who owns a group stands in webwxbatchgetcontact; a pinned group says so.
func TestGroupsTellOwnerAndPin(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	ming := s.AddFriend(wxtest.Person{NickName: "小明"})
	g := s.AddGroup("饭团", ming)
	c := newClient(t, s).online()
	ask := func() map[string]any {
		body := c.post("webwxbatchgetcontact", "type=ex&r=1", `,"Count":1,"List":[{"UserName":"`+g.UserName()+`","EncryChatRoomId":""}]`)
		return c.object(body)["ContactList"].([]any)[0].(map[string]any)
	}
	if got := ask(); got["ChatRoomOwner"] != ming.UserName() || num(got["ContactFlag"])&2048 != 0 {
		t.Errorf("owner %v, flag %v", got["ChatRoomOwner"], got["ContactFlag"])
	}
	c.post("webwxoplog", "", `,"CmdId":3,"OP":1,"UserName":"`+g.UserName()+`"`)
	if got := ask(); num(got["ContactFlag"])&2048 == 0 {
		t.Errorf("a pinned group has flag %v", got["ContactFlag"])
	}
}
