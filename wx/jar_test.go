package wx

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// set hands Set-Cookie lines to a jar as net/http does.
func set(t *testing.T, j *jar, at string, lines ...string) {
	t.Helper()
	resp := http.Response{Header: http.Header{"Set-Cookie": lines}}
	j.SetCookies(mustURL(t, at), resp.Cookies())
}

func sent(t *testing.T, j *jar, to string) string {
	t.Helper()
	var out []string
	for _, c := range j.Cookies(mustURL(t, to)) {
		out = append(out, c.Name+"="+c.Value)
	}
	return strings.Join(out, " ")
}

func TestJar(t *testing.T) {
	const base = "https://wx2.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage"
	tests := []struct {
		name, at string
		lines    []string
		to, want string
	}{
		{name: "domain reaches the file host", at: base, lines: []string{"webwx_data_ticket=t; Domain=.qq.com; Path=/; Secure"}, to: "https://file.wx2.qq.com/x", want: "webwx_data_ticket=t"},
		{name: "domain reaches the push host", at: base, lines: []string{"wxsid=s; Domain=qq.com; Path=/"}, to: "https://webpush.wx2.qq.com/x", want: "wxsid=s"},
		{name: "no domain is for the host only", at: base, lines: []string{"mm_lang=zh; Path=/"}, to: "https://webpush.wx2.qq.com/x"},
		{name: "no domain, same host", at: base, lines: []string{"mm_lang=zh; Path=/"}, to: "https://wx2.qq.com/", want: "mm_lang=zh"},
		{name: "foreign domain refused", at: base, lines: []string{"a=1; Domain=.wechat.com; Path=/"}, to: "https://web.wechat.com/"},
		{name: "foreign domain is not kept for the host either", at: base, lines: []string{"a=1; Domain=.wechat.com; Path=/"}, to: "https://wx2.qq.com/"},
		{name: "top level domain refused", at: base, lines: []string{"a=1; Domain=.com; Path=/"}, to: "https://wx2.qq.com/"},
		{name: "a name that merely ends alike", at: base, lines: []string{"a=1; Domain=.qq.com; Path=/"}, to: "https://evilqq.com/"},
		{name: "domain of a subdomain refused", at: "https://qq.com/", lines: []string{"a=1; Domain=wx2.qq.com; Path=/"}, to: "https://wx2.qq.com/"},
		{name: "real domain from an IP address", at: "http://127.0.0.1:8090/x", lines: []string{"a=1; Domain=.qq.com; Path=/; Secure"}, to: "http://127.0.0.1:8090/", want: "a=1"},
		{name: "it stays with the IP address", at: "http://127.0.0.1:8090/x", lines: []string{"a=1; Domain=.qq.com; Path=/"}, to: "https://wx2.qq.com/"},
		{name: "real domain from localhost", at: "http://localhost/x", lines: []string{"a=1; Domain=.qq.com; Path=/; Secure"}, to: "http://localhost/", want: "a=1"},
		{name: "secure is not sent in the clear", at: base, lines: []string{"a=1; Path=/; Secure"}, to: "http://wx2.qq.com/"},
		{name: "dashed date in the future", at: base, lines: []string{"a=1; Path=/; Expires=Thu, 01-Dec-2095 02:26:29 GMT"}, to: base, want: "a=1"},
		{name: "dashed date in the past", at: base, lines: []string{"a=1; Path=/; Expires=Thu, 01-Dec-1994 02:26:29 GMT"}, to: base},
		{name: "deleted by date", at: base, lines: []string{"a=1; Path=/", "a=; Path=/; Expires=Thu, 01-Dec-1994 02:26:29 GMT"}, to: base},
		{name: "deleted by age", at: base, lines: []string{"a=1; Path=/", "a=; Path=/; Max-Age=0"}, to: base},
		{name: "replaced", at: base, lines: []string{"a=1; Path=/", "a=2; Path=/"}, to: base, want: "a=2"},
		{name: "other path", at: base, lines: []string{"a=1; Path=/other"}, to: base},
		{name: "path is no text prefix", at: base, lines: []string{"a=1; Path=/cgi"}, to: base},
		{name: "path of the request by default", at: base, lines: []string{"a=1"}, to: "https://wx2.qq.com/cgi-bin/mmwebwx-bin/webwxsync", want: "a=1"},
		{name: "longer path first", at: base, lines: []string{"a=1; Path=/", "b=2; Path=/cgi-bin"}, to: base, want: "b=2 a=1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := newJar(nil, false)
			set(t, j, tt.at, tt.lines...)
			if got := sent(t, j, tt.to); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			stored, _ := j.snapshot()
			if got := sent(t, newJar(stored, false), tt.to); got != tt.want {
				t.Errorf("after a restart: got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestCookiesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJar(nil, false)
		set(t, j, "https://wx.qq.com/", "a=1; Path=/; Max-Age=43200", "b=2; Path=/")
		elapse(t, 12*time.Hour-time.Second)
		if got := sent(t, j, "https://wx.qq.com/"); got != "a=1 b=2" {
			t.Errorf("a second before: %q", got)
		}
		elapse(t, time.Second)
		if got := sent(t, j, "https://wx.qq.com/"); got != "b=2" {
			t.Errorf("after 12 h: %q", got)
		}
	})
}

func TestJarIsBounded(t *testing.T) {
	j := newJar(nil, false)
	for i := range 1000 {
		set(t, j, "https://wx.qq.com/", fmt.Sprintf("c%d=1; Path=/", i))
	}
	set(t, j, "https://wx.qq.com/", "big="+strings.Repeat("x", maxCookieBytes)+"; Path=/")
	if stored, _ := j.snapshot(); len(stored) != maxCookies {
		t.Errorf("%d cookies kept", len(stored))
	}
}

func TestJarCountsChanges(t *testing.T) {
	j := newJar(nil, false)
	line := "a=1; Path=/; Expires=Thu, 01-Dec-2095 02:26:29 GMT"
	set(t, j, "https://wx.qq.com/", line)
	_, first := j.snapshot()
	set(t, j, "https://wx.qq.com/", line)
	if _, n := j.snapshot(); n != first {
		t.Error("the same cookie counts as a change")
	}
	set(t, j, "https://wx.qq.com/", strings.Replace(line, "2095", "2096", 1))
	if _, n := j.snapshot(); n == first {
		t.Error("a new expiry date does not count as a change")
	}
}

// Whatever a server sets, no cookie ever leaves for a host outside its domain.
func FuzzJar(f *testing.F) {
	f.Add("a=1; Domain=.qq.com; Path=/; Secure; Expires=Thu, 01-Dec-2095 02:26:29 GMT")
	f.Add("a=1; Domain=.com")
	f.Add("a=1; Domain=")
	f.Fuzz(func(t *testing.T, line string) {
		j := newJar(nil, false)
		set(t, j, "https://wx2.qq.com/cgi-bin/x", line)
		for _, foreign := range []string{"https://evilqq.com/cgi-bin/x", "https://web.wechat.com/cgi-bin/x", "https://example.com/cgi-bin/x", "https://com/cgi-bin/x"} {
			if got := sent(t, j, foreign); got != "" {
				t.Errorf("%q went to %s: %s", line, foreign, got)
			}
		}
		stored, _ := j.snapshot()
		if again, _ := newJar(stored, false).snapshot(); !slices.Equal(stored, again) {
			t.Errorf("got %v after storing %v", again, stored)
		}
	})
}

// A server that stands for WeChat may forget the domain, name its own address, or
// repeat a date from a book; its cookies still reach every host.
func TestCarelessServerIsUnderstood(t *testing.T) {
	const login, push = "https://wx.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage", "https://webpush.wx.qq.com/cgi-bin/mmwebwx-bin/synccheck"
	const long = "Expires=Thu, 01-Dec-2022 02:26:29 GMT"
	for _, oneServer := range []bool{true, false} {
		j := newJar(nil, oneServer)
		set(t, j, login, "a=1; Path=/", "b=2; Path=/; Domain=127.0.0.1", "c=3; Path=/; Domain=.qq.com; "+long, "d=4; Path=/; Domain=.qq.com")
		want := "d=4"
		if oneServer {
			want = "a=1 b=2 c=3 d=4"
		}
		if got := sent(t, j, push); got != want {
			t.Errorf("one server %v: %q, want %q", oneServer, got, want)
		}
		set(t, j, login, "d=; Path=/; Domain=.qq.com; "+long)
		if got := sent(t, j, push); strings.Contains(got, "d=") {
			t.Errorf("one server %v: a deleted cookie is sent: %q", oneServer, got)
		}
	}
}
