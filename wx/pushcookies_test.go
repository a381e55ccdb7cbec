package wx

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The cookies of the session that ended go with the one request that needs them
// and, if it is refused, with no other: another account may scan the code.
func TestPushCookiesAreUsedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := &Session{stored: storedSession{
			Uin: 3812345678, Hosts: hosts{Scheme: "https", Base: "wx2.qq.com", File: "file.wx2.qq.com", Push: "webpush.wx2.qq.com"},
			Cookies: []cookie{
				{Name: "webwxuvid", Value: "old-1", Domain: "wx2.qq.com", Path: "/", Secure: true},
				{Name: "webwx_auth_ticket", Value: "old-2", Domain: "wx2.qq.com", Path: "/", Secure: true},
				{Name: "wxsid", Value: "old-3", Domain: "qq.com", Path: "/", Secure: true},
				{Name: "wxuin", Value: "old-4", Domain: "qq.com", Path: "/", Secure: true, Expires: time.Now().Add(-time.Hour)},
			},
		}}
		s := newStub()
		s.on("webwxpushloginurl", `{"ret":"1","msg":"no","uuid":""}`)
		r := run(t, s, func(o *Options) { o.Push = old })
		elapse(t, time.Minute)
		r.stop()
		asked := s.calls("webwxpushloginurl")
		if len(asked) != 1 {
			t.Fatalf("%d push logins", len(asked))
		}
		if got := asked[0].r; got.URL.Host != "wx2.qq.com" || got.URL.RawQuery != "uin=3812345678" ||
			got.Header.Get("Cookie") != "webwxuvid=old-1; webwx_auth_ticket=old-2; wxsid=old-3" || got.Header.Get("Referer") != "https://wx2.qq.com/" {
			t.Errorf("the push login: %s, %v", got.URL, got.Header)
		}
		if len(events[LoggedIn](r)) != 1 || len(events[PushSent](r)) != 0 {
			t.Error("no login by QR code after a refusal")
		}
		for _, q := range s.asked {
			if q.endpoint != "webwxpushloginurl" && strings.Contains(q.r.Header.Get("Cookie"), "old-") {
				t.Errorf("%s was asked with %s", q.endpoint, q.r.Header.Get("Cookie"))
			}
		}
		for _, c := range lastSession(r).stored.Cookies {
			if strings.HasPrefix(c.Value, "old-") {
				t.Errorf("the new session has %s of the old one", c.Name)
			}
		}
	})
}

// Without the cookies that a push login needs, WeChat is not even asked.
func TestPushWithoutCookies(t *testing.T) {
	for _, missing := range []string{"webwxuvid", "webwx_auth_ticket"} {
		t.Run(missing, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				old := &Session{stored: storedSession{Uin: 1, Hosts: hosts{Scheme: "https", Base: "wx2.qq.com", File: "f", Push: "p"}}}
				for _, name := range []string{"webwxuvid", "webwx_auth_ticket"} {
					if name != missing {
						old.stored.Cookies = append(old.stored.Cookies, cookie{Name: name, Value: "x", Domain: "wx2.qq.com", Path: "/"})
					}
				}
				s := newStub()
				s.answer("webwxpushloginurl", func(int, *http.Request, []byte) reply { return reply{err: errNetwork} })
				r := run(t, s, func(o *Options) { o.Push = old })
				elapse(t, time.Minute)
				r.stop()
				if n := s.total("webwxpushloginurl"); n != 0 {
					t.Errorf("%d push logins", n)
				}
				if len(events[LoggedIn](r)) != 1 {
					t.Error("not logged in by QR code")
				}
			})
		})
	}
}
