package wxtest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"wxbot/wx/wxtest"
)

// FuzzRequest sends any request to a server with a session. Whatever it is, it is
// answered, and what was answered other than as a client means it left a problem;
// afterwards the session works as before.
func FuzzRequest(f *testing.F) {
	s := wxtest.NewServer(f, wxtest.Config{Lenient: true, Hold: 1})
	var c *client
	f.Add("POST", "webwxsendmsg", "lang=zh_CN", "application/json; charset=UTF-8", []byte(`{BASE,"Msg":{"Type":1,"Content":"x","FromUserName":"SELF","ToUserName":"filehelper","LocalID":"1","ClientMsgId":"1"},"Scene":0}`))
	f.Add("POST", "webwxsync", "", "", []byte(`{BASE,"SyncKey":{"Count":4,"List":[{"Key":2,"Val":4294967295}]},"rr":-1}`))
	f.Add("POST", "webwxsync", "", "", []byte(`{BASE,"SyncKey":{"Count":1,"List":[{"Key":2,"Val":-9223372036854775808}]}}`))
	f.Add("GET", "synccheck", "synckey=2_1%7C3_", "", []byte(nil))
	f.Add("GET", "webwxgetcontact", "seq=99999999999999999999", "", []byte(nil))
	f.Add("POST", "webwxbatchgetcontact", "type=ex", "", []byte(`{BASE,"Count":1,"List":[{"UserName":"@@","EncryChatRoomId":"SELF"},null]}`))
	f.Add("POST", "webwxverifyuser", "", "", []byte(`{BASE,"VerifyUserList":[{}],"VerifyUserListSize":1}`))
	f.Add("POST", "webwxupdatechatroom", "fun=addmember", "", []byte(`{BASE,"ChatRoomName":"SELF"}`))
	f.Add("POST", "webwxrevokemsg", "", "", []byte(`{BASE,"SvrMsgId":null}`))
	f.Add("POST", "webwxuploadmedia", "f=json", "multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=\"uploadmediarequest\"\r\n\r\n{BASE,\"ClientMediaId\":1}\r\n--x\r\nContent-Disposition: form-data; name=\"filename\"; filename=\"\r\n\r\n--x--"))
	f.Add("GET", "webwxnewloginpage", "uuid=x&ticket=y", "", []byte(nil))
	f.Add("GET", "login", "uuid=%zz", "", []byte(nil))
	f.Add("GET", "../../etc", "", "", []byte(nil))
	f.Add("POST", "webwxoplog", "", "", []byte("{BASE,\"CmdId\":\"\\u00"))
	f.Fuzz(func(t *testing.T, method, endpoint, query, kind string, body []byte) {
		if c == nil || c.t != t {
			fresh := newClient(t, s)
			if c != nil {
				fresh.http.Jar, fresh.uin, fresh.sid, fresh.skey, fresh.ticket, fresh.self = c.http.Jar, c.uin, c.sid, c.skey, c.ticket, c.self
				fresh.key, fresh.check = c.key, c.check
			}
			c = fresh
		}
		if c.sid == "" {
			c.online()
		}
		if endpoint == "webwxlogout" || endpoint == "webwxpushloginurl" {
			t.Skip("ends the session, as it should")
		}
		s.TakeProblems()
		text := strings.NewReplacer("BASE", c.baseRequest(), "SELF", c.self).Replace(string(body))
		r := httptest.NewRequest(http.MethodGet, "https://wx2.qq.com/", strings.NewReader(text))
		r.Method, r.URL.Path, r.URL.RawQuery, r.Host = method, cgi+endpoint, query, "127.0.0.1"
		r.Header.Set("Content-Type", kind)
		r.Header.Set("User-Agent", "Mozilla/5.0")
		u, _ := url.Parse(c.base)
		for _, ck := range c.http.Jar.Cookies(u) {
			r.AddCookie(ck)
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		switch w.Code {
		case http.StatusOK, http.StatusPartialContent, http.StatusMovedPermanently:
		default:
			if len(s.Problems()) == 0 {
				t.Errorf("status %d and no problem", w.Code)
			}
		}
		if strings.Contains(w.Body.String(), `"Ret": 1200`) && len(s.Problems()) == 0 {
			t.Error("Ret 1200 and no problem")
		}
		out := c.object(c.post("webwxsync", "sid="+url.QueryEscape(c.sid)+"&skey="+url.QueryEscape(c.skey), `,"SyncKey":`+c.key+`,"rr":-1`))
		if got := ret(out); got != 0 {
			t.Fatalf("the session is broken: ret %d", got)
		}
		c.key, c.check = keyJSON(out["SyncKey"]), keyText(out["SyncCheckKey"])
	})
}
