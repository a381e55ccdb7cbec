package wx

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const confirmed = `window.code=200; window.redirect_uri="https://wx2.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=T@qrticket_0&uuid=u&lang=zh_CN&scan=1";`

func TestLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		avatar := []byte{0xff, 0xd8, 0xff, 0xe0, 1}
		s := newStub()
		s.on("qrcode", "\xff\xd8\xff\xe0JFIF")
		scanned := "window.code=201;window.userAvatar = 'data:img/jpg;base64," + base64.StdEncoding.EncodeToString(avatar) + "';"
		s.on("login", "window.code=408;", scanned, scanned, scanned, confirmed)
		r := run(t, s)
		synctest.Wait()
		elapse(t, 10*time.Second)
		r.stop()

		qr := events[QRReady](r)
		if len(qr) != 1 || qr[0].Payload.Reveal() != "https://login.weixin.qq.com/l/4dcaWx3uBw==" || qr[0].Attempt != 1 || qr[0].Max != 5 {
			t.Errorf("QRReady: %+v", qr)
		}
		if !bytes.HasPrefix(qr[0].Picture, []byte{0xff, 0xd8}) {
			t.Errorf("picture: %q", qr[0].Picture)
		}
		if sc := events[QRScanned](r); len(sc) != 1 || !bytes.Equal(sc[0].Avatar, avatar) {
			t.Errorf("QRScanned once with avatar: got %+v", sc)
		}
		in := events[LoggedIn](r)
		if len(in) != 1 || !in[0].Fresh || in[0].Self.UserName != "@self" || in[0].ServerTime.Unix() != 1700000000 {
			t.Errorf("LoggedIn: %+v", in)
		}
		var states []string
		for _, e := range events[StateChanged](r) {
			states = append(states, e.To.String())
		}
		if d := cmp.Diff([]string{"awaiting scan", "awaiting confirm", "starting", "online"}, states); d != "" {
			t.Error(d)
		}

		js := s.calls("jslogin")[0].r
		q := js.URL.Query()
		if js.Method != http.MethodGet || js.URL.Host != "login.wx.qq.com" || q.Get("appid") != "wx782c26e4c19acffb" || q.Get("fun") != "new" ||
			q.Get("redirect_uri") != "https://wx.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage" || q.Get("lang") != "zh_CN" {
			t.Errorf("jslogin: %s %s", js.Method, js.URL)
		}
		for i, c := range s.calls("login") {
			q := c.r.URL.Query()
			want := "0"
			if i == 0 {
				want = "1"
			}
			if q.Get("tip") != want || q.Get("uuid") != "4dcaWx3uBw==" || q.Get("loginicon") != "true" || q.Get("r") == "" {
				t.Errorf("poll %d: %s", i, c.r.URL)
			}
		}
		page := s.calls("webwxnewloginpage")[0].r
		if page.URL.String() != "https://wx2.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=T@qrticket_0&uuid=u&lang=zh_CN&scan=1&fun=new&version=v2" {
			t.Errorf("login page: %s", page.URL)
		}
		initCall := s.calls("webwxinit")[0]
		if got, want := initCall.r.Header.Get("Referer"), "https://wx2.qq.com/"; got != want {
			t.Errorf("Referer: got %q, want %q", got, want)
		}
		if got := initCall.r.Header.Get("Cookie"); !strings.Contains(got, "wxsid=a/b+c=") || !strings.Contains(got, "mm_lang=zh_CN") {
			t.Errorf("cookies of init: %q", got)
		}
		check := s.calls("synccheck")[0].r
		if got := check.Header.Get("Cookie"); check.URL.Host != "webpush.wx2.qq.com" || !strings.Contains(got, "webwx_data_ticket=gSd+ticket") || strings.Contains(got, "mm_lang") {
			t.Errorf("cookies at the push host %s: %q", check.URL.Host, got)
		}
	})
}

func TestLoginPollCodes(t *testing.T) {
	code := func(n int) string { return fmt.Sprintf("window.code=%d;", n) }
	tests := []struct {
		name   string
		polls  []string
		codes  int // QR codes shown
		cancel int
		expire int
	}{
		{name: "cancelled, then a new code", polls: []string{code(202), confirmed}, codes: 2, cancel: 1},
		{name: "expired, then a new code", polls: []string{code(400), confirmed}, codes: 2, expire: 1},
		{name: "nothing yet", polls: []string{code(408), code(408), code(408), code(408), code(408), code(408), code(408), confirmed}, codes: 1},
		{name: "server fault passes", polls: []string{code(500), code(500), confirmed}, codes: 1},
		{name: "junk passes", polls: []string{"", "<html>502</html>", confirmed}, codes: 1},
		{name: "server fault stays", polls: []string{code(500), code(500), code(500), code(500), code(500), confirmed}, codes: 2, expire: 1},
		{name: "junk stays", polls: []string{"", "", "", "", "", confirmed}, codes: 2, expire: 1},
		{name: "unknown code passes", polls: []string{code(777), confirmed}, codes: 1},
		{name: "unknown code stays", polls: []string{code(777), code(777), code(777), code(777), code(777), confirmed}, codes: 2, expire: 1},
		{name: "confirmed without an address", polls: []string{code(200), confirmed}, codes: 1},
		{name: "confirmed with a strange address", polls: []string{`window.code=200;window.redirect_uri="file:///etc/passwd";`, confirmed}, codes: 1},
		{name: "scanned, nothing, confirmed", polls: []string{code(201), code(408), code(201), confirmed}, codes: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStub()
				s.on("login", tt.polls...)
				r := run(t, s)
				elapse(t, 10*time.Minute)
				r.stop()
				if got := [3]int{len(events[QRReady](r)), len(events[QRCancelled](r)), len(events[QRExpired](r))}; got != [3]int{tt.codes, tt.cancel, tt.expire} {
					t.Errorf("codes, cancelled, expired: got %v, want %v", got, [3]int{tt.codes, tt.cancel, tt.expire})
				}
				if len(events[LoggedIn](r)) != 1 {
					t.Error("not logged in")
				}
				if got := len(s.calls("login")); got != len(tt.polls) {
					t.Errorf("polls: got %d, want %d", got, len(tt.polls))
				}
			})
		})
	}
}

func TestNoScanEndsTheRound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.on("login", "window.code=400;")
		r := run(t, s, func(o *Options) { o.MaxQR = 3 })
		if err := r.end(); !errors.Is(err, ErrNoScan) {
			t.Errorf("got %v, want ErrNoScan", err)
		}
		if n := len(s.calls("jslogin")); n != 3 {
			t.Errorf("%d codes, want 3", n)
		}
		if r.State() != StateOffline {
			t.Errorf("state %s", r.State())
		}
	})
}

func TestLoginPollAnsweredAtOnceIsNoBusyLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.on("login", "window.code=408;")
		r := run(t, s)
		elapse(t, time.Minute)
		r.stop()
		if n := len(s.calls("login")); n < 30 || n > 61 {
			t.Errorf("%d polls in a minute", n)
		}
	})
}

func TestNetworkDownCostsNoCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.answer("jslogin", func(n int, _ *http.Request, _ []byte) reply {
			if n < 8 {
				return reply{err: errNetwork}
			}
			return reply{body: `window.QRLogin.code = 200; window.QRLogin.uuid = "u";`}
		})
		s.answer("login", func(n int, _ *http.Request, _ []byte) reply {
			if n < 20 {
				return reply{err: errNetwork}
			}
			return reply{body: confirmed}
		})
		r := run(t, s)
		elapse(t, time.Hour)
		r.stop()
		if got := len(events[QRReady](r)); got != 1 || len(events[LoggedIn](r)) != 1 {
			t.Errorf("%d codes, %d logins", got, len(events[LoggedIn](r)))
		}
	})
}

func TestNoCodeForThisAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.on("jslogin", `window.QRLogin.code = 400;`)
		r := run(t, s)
		err := r.end()
		if err == nil || !strings.HasPrefix(err.Error(), "jslogin: code 400") {
			t.Errorf("got %v", err)
		}
		if n := len(s.calls("jslogin")); n != badAnswers {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestLoginPage(t *testing.T) {
	const keys = `<error><ret>0</ret><message>OK</message><skey>@crypt_1_2</skey><wxsid>s</wxsid><wxuin>1</wxuin><pass_ticket>p</pass_ticket></error>`
	const refusal = `<error><ret>1203</ret><message>此微信号不能登录网页微信。</message></error>`
	elsewhere := `<error><ret>0</ret><message></message><redirecturl>https://wx.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=N</redirecturl></error>`
	cookie := http.Header{"Set-Cookie": {"wxsid=s; Domain=.qq.com; Path=/; Secure"}}
	location := http.Header{"Set-Cookie": cookie["Set-Cookie"], "Location": {"https://wx.qq.com/"}}
	tests := []struct {
		name    string
		answers []reply
		err     string // of Run; "" is a login
		refused int
		push    string
	}{
		{name: "200", answers: []reply{{body: keys, header: cookie}}, push: "webpush.wx2.qq.com"},
		{name: "301 without Location", answers: []reply{{status: 301, body: keys, header: cookie}}, push: "webpush.wx2.qq.com"},
		{name: "301 with Location", answers: []reply{{status: 301, body: keys, header: location}}, push: "webpush.wx2.qq.com"},
		{name: "302", answers: []reply{{status: 302, body: keys, header: location}}, push: "webpush.wx2.qq.com"},
		{name: "sent to another base host", answers: []reply{{body: elsewhere}, {body: keys, header: cookie}}, push: "webpush.wx.qq.com"},
		{name: "refused", answers: []reply{{body: refusal}}, err: "log in: refused (1203): 此微信号不能登录网页微信。", refused: 1203},
		{name: "refused with 301", answers: []reply{{status: 301, body: refusal}}, err: "log in: refused (1203): 此微信号不能登录网页微信。", refused: 1203},
		{name: "a reason instead of keys", answers: []reply{{body: `<error><ret>0</ret><message>不可以</message></error>`}}, err: "log in: refused (0): 不可以"},
		{name: "junk, then keys", answers: []reply{{body: "<htm"}, {status: 502, body: "bad gateway"}, {body: keys, header: cookie}}, push: "webpush.wx2.qq.com"},
		{name: "cut off, then keys", answers: []reply{{body: keys[:70]}, {body: keys, cut: true}, {body: keys, header: cookie}}, push: "webpush.wx2.qq.com"},
		{name: "web pages only", answers: []reply{{body: "<html><head></head></html>"}}, err: "webwxnewloginpage: a web page came instead of the keys"},
		{name: "junk only", answers: []reply{{body: "hello"}}, err: "webwxnewloginpage: no keys in the answer"},
		{name: "sent elsewhere for ever", answers: []reply{{body: elsewhere}}, err: "log in: refused (0): webwxnewloginpage gave no keys"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStub()
				s.answer("webwxnewloginpage", func(n int, _ *http.Request, _ []byte) reply {
					return tt.answers[min(n, len(tt.answers))-1]
				})
				r := run(t, s)
				if tt.err == "" {
					elapse(t, time.Minute)
					r.stop()
					if got := s.calls("synccheck")[0].r; got.URL.Host != tt.push || !strings.Contains(got.Header.Get("Cookie"), "wxsid=s") {
						t.Errorf("poll at %s with %q, want %s", got.URL.Host, got.Header.Get("Cookie"), tt.push)
					}
					return
				}
				err := r.end()
				if err == nil || err.Error() != tt.err {
					t.Fatalf("got %v, want %s", err, tt.err)
				}
				if n := len(s.calls("jslogin")); n != 1 {
					t.Errorf("asked for %d codes", n)
				}
				if e, isRefused := errors.AsType[*RefusedError](err); isRefused {
					told := events[Refused](r)
					if e.Code != tt.refused || len(told) != 1 || told[0].Text != e.Text || r.State() != StateRefused {
						t.Errorf("told %+v, state %s", told, r.State())
					}
				}
			})
		})
	}
}

func TestServerOption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		r := run(t, s, func(o *Options) { o.Server = "http://sim.test:8090/we%20chat/" })
		elapse(t, time.Second)
		r.stop()
		hosts := map[string]bool{}
		for _, q := range s.asked {
			hosts[q.r.Host] = true
			if q.r.URL.Scheme != "http" || q.r.URL.Host != "sim.test:8090" || !strings.HasPrefix(q.r.URL.EscapedPath(), "/we%20chat/") {
				t.Errorf("%s went to %s", q.endpoint, q.r.URL)
			}
		}
		for _, h := range []string{"login.wx.qq.com", "login.weixin.qq.com", "wx2.qq.com", "webpush.wx2.qq.com"} {
			if !hosts[h] {
				t.Errorf("no request for %s; got %v", h, hosts)
			}
		}
		check := s.calls("synccheck")[0].r
		if got := check.Header.Get("Cookie"); !strings.Contains(got, "wxsid=") {
			t.Errorf("secure cookies of the logical host did not go along: %q", got)
		}
		if got := check.Header.Get("Referer"); got != "https://wx2.qq.com/" {
			t.Errorf("Referer %q", got)
		}
	})
}

func TestOptions(t *testing.T) {
	sink := func(o *Options) { o.Sink = (&running{}).take }
	tests := []struct {
		name   string
		change func(*Options)
		err    string
	}{
		{name: "defaults", change: func(*Options) {}},
		{name: "server", change: func(o *Options) { o.Server = "https://sim.test/x" }},
		{name: "no sink", change: func(o *Options) { o.Sink = nil }, err: "wx: Options.Sink is required"},
		{name: "negative codes", change: func(o *Options) { o.MaxQR = -1 }, err: "wx: Options.MaxQR -1: must not be negative"},
		{name: "server without scheme", change: func(o *Options) { o.Server = "sim.test:8090" }, err: `wx: Options.Server "sim.test:8090": must begin with http:// or https://`},
		{name: "server without host", change: func(o *Options) { o.Server = "http:///x" }, err: `wx: Options.Server "http:///x": no host`},
		{name: "server with password", change: func(o *Options) { o.Server = "http://a:b@c" }, err: "wx: Options.Server: must be scheme, host and perhaps a path, nothing else"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var o Options
			sink(&o)
			tt.change(&o)
			c, err := New(o)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tt.err {
				t.Fatalf("got %q, want %q", got, tt.err)
			}
			if err == nil && (c.opts.MaxQR != 5 || c.opts.Lang != "zh_CN" || c.opts.UserAgent == "") {
				t.Errorf("defaults not set: %+v", c.opts)
			}
		})
	}
}
