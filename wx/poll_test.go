package wx

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// checks scripts synccheck; after the last answer polls are held.
func checks(s *stub, answers ...reply) {
	s.answer("synccheck", func(n int, _ *http.Request, _ []byte) reply {
		if n > len(answers) {
			return reply{hold: 25 * time.Second, body: check(0, 0)}
		}
		return answers[n-1]
	})
}

func TestPollFetchesWhatIsAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		checks(s, reply{hold: time.Second, body: check(0, 2)}, reply{hold: time.Second, body: check(0, 7)})
		s.on("webwxsync", syncAnswer(11, text("m1", "@a", "hi")+","+text("m2", "@a", "again"), 0), syncAnswer(12, text("m3", "@a", "x"), 0))
		r := run(t, s)
		elapse(t, 40*time.Second)
		r.stop()
		if got := ids(r); got != "m1 m2 m3" {
			t.Errorf("messages: got %q", got)
		}

		var keys []string
		last := int64(0)
		for _, c := range s.calls("synccheck") {
			q := c.r.URL.Query()
			keys = append(keys, q.Get("synckey"))
			n, err := strconv.ParseInt(q.Get("_"), 10, 64)
			if err != nil || last != 0 && n != last+1 {
				t.Errorf("counter %q after %d", q.Get("_"), last)
			}
			last = n
			if q.Get("sid") != "a/b+c=" || q.Get("skey") != "@crypt_3_4" || q.Get("uin") != "3812345678" || !strings.HasPrefix(q.Get("deviceid"), "e") || len(q.Get("deviceid")) != 16 {
				t.Errorf("synccheck: %s", c.r.URL)
			}
			if !strings.Contains(c.r.URL.RawQuery, "sid=a%2Fb%2Bc%3D") {
				t.Errorf("sid not encoded: %s", c.r.URL.RawQuery)
			}
		}
		// SyncKey of init first, then the SyncCheckKey of each answer.
		if got, want := strings.Join(keys[:3], " "), "1_10|2_20 1_1011 1_1012"; got != want {
			t.Errorf("synckey: got %q, want %q", got, want)
		}
		var devices []string
		for i, c := range s.calls("webwxsync") {
			f := fields(t, c.body)
			val := f["SyncKey"].(map[string]any)["List"].([]any)[0].(map[string]any)["Val"].(float64)
			if want := []float64{10, 11}[i]; val != want {
				t.Errorf("SyncKey of sync %d: got %v, want %v", i, val, want)
			}
			if rr, ok := f["rr"].(float64); !ok || int32(rr) != ^int32(c.at.UnixMilli()) {
				t.Errorf("rr %v", f["rr"])
			}
			base := f["BaseRequest"].(map[string]any)
			devices = append(devices, base["DeviceID"].(string))
			if base["Uin"].(float64) != 3812345678 || base["Sid"] != "a/b+c=" || base["Skey"] != "@crypt_3_4" {
				t.Errorf("BaseRequest: %v", base)
			}
			if got := c.r.URL.Query().Get("pass_ticket"); got != "P%2Fd%3D" {
				t.Errorf("pass_ticket %q", got)
			}
			if got := c.r.Header.Get("Content-Type"); got != "application/json; charset=UTF-8" {
				t.Errorf("content type %q", got)
			}
		}
		if devices[0] == devices[1] {
			t.Error("the same DeviceID twice")
		}
	})
}

func TestContinueFlag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		checks(s, reply{hold: time.Second, body: check(0, 2)})
		s.on("webwxsync", syncAnswer(11, text("m1", "@a", "1"), 1), syncAnswer(12, "", 1), syncAnswer(13, text("m3", "@a", "3"), 0))
		r := run(t, s)
		elapse(t, 2*time.Second)
		r.stop()
		if got := ids(r); got != "m1 m3" {
			t.Errorf("messages: got %q", got)
		}
		if n := len(s.calls("webwxsync")); n != 3 {
			t.Errorf("%d syncs, want 3 without another poll", n)
		}
	})
}

func TestContinueFlagForEver(t *testing.T) {
	for _, moving := range []bool{true, false} {
		t.Run(fmt.Sprintf("moving %t", moving), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStub()
				s.on("synccheck", check(0, 2))
				s.answer("webwxsync", func(n int, _ *http.Request, _ []byte) reply {
					if !moving {
						n = 1
					}
					return reply{body: syncAnswer(10+n, "", 1)}
				})
				r := run(t, s)
				elapse(t, 10*time.Minute)
				r.stop()
				if n := len(s.calls("synccheck")); n < 100 || n > 600 {
					t.Errorf("%d polls in 10 minutes", n)
				}
			})
		})
	}
}

func TestEmptySyncsAreNoBusyLoop(t *testing.T) {
	tests := []struct {
		name, sync string
	}{
		{name: "nothing comes", sync: syncAnswer(0, "", 0)},
		{name: "the same message again and again", sync: syncAnswer(0, text("m1", "@a", "x"), 0)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStub()
				s.on("synccheck", check(0, 2))
				s.on("webwxsync", tt.sync)
				r := run(t, s)
				elapse(t, 10*time.Minute)
				if n := len(s.calls("synccheck")); n < 100 || n > 600 {
					t.Errorf("%d polls in 10 minutes", n)
				}
				// A real message makes the client quick again.
				s.forget()
				s.on("webwxsync", syncAnswer(50, text("m2", "@a", "y"), 0), syncAnswer(0, "", 0))
				s.mu.Lock()
				s.count["webwxsync"] = 0
				s.mu.Unlock()
				elapse(t, 6*time.Second)
				r.stop()
				if !strings.HasSuffix(ids(r), "m2") {
					t.Errorf("messages: %s", ids(r))
				}
				if n := len(s.calls("synccheck")); n < 4 {
					t.Errorf("%d polls in 6 s after a message", n)
				}
			})
		})
	}
}

func TestPollsAnsweredAtOnceAreNoBusyLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.on("synccheck", check(0, 0))
		r := run(t, s)
		elapse(t, 10*time.Minute)
		r.stop()
		if n := len(s.calls("synccheck")); n < 100 || n > 600 {
			t.Errorf("%d polls in 10 minutes", n)
		}
	})
}

// Nothing that comes in place of an answer loses a message or the session.
func TestGarbageIsSurvived(t *testing.T) {
	garbage := map[string]reply{
		"empty":          {},
		"status 503":     {status: 503},
		"status 502":     {status: 502, body: "<html>bad gateway</html>"},
		"redirect":       {status: 302, header: http.Header{"Location": {"https://wx.qq.com/"}}},
		"web page":       {body: "<html>hello</html>"},
		"JSON list":      {body: "[]"},
		"no code":        {body: "{}"},
		"cut":            {body: `{"BaseResponse":{"Ret":0},"AddMsgList":[`},
		"cut by network": {body: `{"BaseResponse":{"Ret":0},`, cut: true},
		"no connection":  {err: errNetwork},
		"hung":           {hold: time.Hour},
		"huge":           {body: strings.Repeat("x", 33<<20)},
		"ret -1":         {body: `{"BaseResponse":{"Ret":-1}}`},
		"ret 1205":       {body: `{"BaseResponse":{"Ret":1205}}`},
		"unknown ret":    {body: `{"BaseResponse":{"Ret":4711},"SyncKey":{"Count":0,"List":[]}}`},
		"ret 3 twice":    {body: `{"BaseResponse":{"Ret":3}}`},
		"retcode 1":      {body: check(1, 0)},
	}
	for name, bad := range garbage {
		for _, endpoint := range []string{"synccheck", "webwxsync", "webwxinit", "webwxgetcontact", "webwxstatusnotify"} {
			t.Run(name+" from "+endpoint, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newStub()
					checks(s, reply{hold: time.Second, body: check(0, 2)}, reply{hold: time.Second, body: check(0, 2)})
					s.on("webwxsync", syncAnswer(11, text("m1", "@a", "1"), 0), syncAnswer(12, text("m2", "@a", "2"), 0), syncAnswer(0, "", 0))
					good := s.answers[endpoint]
					times := 2
					if endpoint == "webwxinit" && strings.HasPrefix(name, "ret ") || name == "unknown ret" {
						times = 1 // webwxinit is asked once more, no oftener
					}
					if endpoint == "webwxinit" && name == "ret 1205" {
						t.Skip("ends Run: TestInitRefused")
					}
					s.answer(endpoint, func(n int, r *http.Request, body []byte) reply {
						if n <= times {
							return bad
						}
						return good(n-times, r, body)
					})
					r := run(t, s)
					elapse(t, 5*time.Minute)
					r.stop()
					if got := ids(r); got != "m1 m2" {
						t.Errorf("messages: got %q, want m1 m2", got)
					}
				})
			})
		}
	}
}

func TestSessionOver(t *testing.T) {
	tests := []struct {
		name       string
		after      time.Duration
		check      string
		sync       string
		code       int
		endpoint   string
		restricted bool
	}{
		{name: "logged out on the phone", after: time.Hour, check: check(1100, 0), code: 1100, endpoint: "synccheck"},
		{name: "logged in elsewhere", after: time.Hour, check: check(1101, 0), code: 1101, endpoint: "synccheck"},
		{name: "cookies invalid", after: time.Hour, check: check(1102, 0), code: 1102, endpoint: "synccheck"},
		{name: "cut right after login", after: 3 * time.Second, check: check(1102, 0), code: 1102, endpoint: "synccheck", restricted: true},
		{name: "logged in elsewhere right after login", after: 10 * time.Second, check: check(1101, 0), code: 1101, endpoint: "synccheck"},
		{name: "cut half a minute after login", after: 30 * time.Second, check: check(1102, 0), code: 1102, endpoint: "synccheck"},
		{name: "wrong host right after login", after: 3 * time.Second, check: check(1100, 0), code: 1100, endpoint: "synccheck"},
		{name: "told by webwxsync", after: time.Hour, check: check(0, 2), sync: `{"BaseResponse":{"Ret":1101}}`, code: 1101, endpoint: "webwxsync"},
		{name: "Ret 3 three times", after: time.Hour, check: check(0, 2), sync: `{"BaseResponse":{"Ret":3}}`, code: 3, endpoint: "webwxsync"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStub()
				start := time.Now()
				s.answer("synccheck", func(int, *http.Request, []byte) reply {
					if left := tt.after - time.Since(start); left > 25*time.Second {
						return reply{hold: 25 * time.Second, body: check(0, 0)}
					} else if left > 0 {
						return reply{hold: left, body: tt.check}
					}
					return reply{body: tt.check}
				})
				if tt.sync != "" {
					s.on("webwxsync", tt.sync)
				}
				r := run(t, s)
				err := r.end()
				e, ok := errors.AsType[*LoggedOutError](err)
				if !ok || e.Code != tt.code || e.Endpoint != tt.endpoint || e.Restricted != tt.restricted {
					t.Fatalf("got %#v", err)
				}
				if !errors.Is(err, ErrLoggedOut) || r.State() != StateLoggedOut {
					t.Errorf("%v, state %s", err, r.State())
				}
				if out := events[LoggedOut](r); len(out) != 1 || !errors.Is(out[0].Reason, err) {
					t.Errorf("told %+v", out)
				}
				if n := len(s.calls("jslogin")); n != 1 {
					t.Errorf("%d logins", n)
				}
				if tt.code == 3 && len(s.calls("webwxsync")) != 3 {
					t.Errorf("%d syncs", len(s.calls("webwxsync")))
				}
			})
		})
	}
}

// A quarter of an hour without anything new makes a webwxsync, whose answer
// renews the cookies, and the session to store holds them. Nothing is sent to
// anybody for that.
func TestCookiesAreRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		var expires time.Time
		s.answer("webwxsync", func(int, *http.Request, []byte) reply {
			expires = time.Now().Add(12 * time.Hour).UTC().Truncate(time.Second)
			return reply{body: syncAnswer(0, "", 0), header: http.Header{
				"Set-Cookie": {"wxsid=a/b+c=; Domain=.qq.com; Path=/; Secure; Expires=" + expires.Format("Mon, 02-Jan-2006 15:04:05 GMT")},
			}}
		})
		r := run(t, s)
		elapse(t, 25*time.Hour)
		if n := len(s.calls("webwxsync")); n < 96 || n > 100 {
			t.Errorf("%d syncs in 25 hours, want one every 15 minutes", n)
		}
		if n := len(s.calls("webwxstatusnotify")) + len(s.calls("webwxsendmsg")); n != 1 {
			t.Errorf("%d status notifications and messages, want that of the start alone", n)
		}
		if got := s.calls("synccheck"); !strings.Contains(got[len(got)-1].r.Header.Get("Cookie"), "wxsid=") {
			t.Error("the renewed cookie is not sent")
		}
		r.stop()
		for _, c := range lastSession(r).stored.Cookies {
			if c.Name == "wxsid" && !c.Expires.Equal(expires) {
				t.Errorf("wxsid expires %s, want %s", c.Expires, expires)
			}
		}
	})
}

func TestSinkErrorEndsRunAndKeepsThePosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		checks(s, reply{hold: time.Second, body: check(0, 2)})
		s.on("webwxsync", syncAnswer(11, text("m1", "@a", "1"), 0))
		r := run(t, s)
		elapse(t, 500*time.Millisecond)
		full := errors.New("disk full")
		r.mu.Lock()
		r.refuse = full
		r.mu.Unlock()
		if err := r.end(); !errors.Is(err, full) {
			t.Errorf("got %v, want what the sink returned", err)
		}
		if got := r.acct.position().syncKey.Param(); got != "1_10|2_20" {
			t.Errorf("the position moved to %s", got)
		}
	})
}

func TestRestoredSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		checks(s, reply{hold: time.Second, body: check(0, 2)})
		s.on("webwxsync", syncAnswer(11, text("m1", "@a", "1"), 0), syncAnswer(0, "", 0))
		first := run(t, s)
		elapse(t, 10*time.Second)
		first.stop()
		session := lastSession(first)
		raw, err := session.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if session, err = DecodeSession(raw); err != nil {
			t.Fatal(err)
		}
		s.forget()
		checks(s)
		elapse(t, time.Hour)
		second := run(t, s, func(o *Options) { o.Session = session })
		elapse(t, 10*time.Second)
		second.stop()
		if n := len(s.calls("jslogin")) + len(s.calls("webwxnewloginpage")); n != 0 {
			t.Errorf("%d login requests", n)
		}
		if in := events[LoggedIn](second); len(in) != 1 || in[0].Fresh {
			t.Errorf("LoggedIn: %+v", in)
		}
		got := s.calls("synccheck")[0].r
		if key := got.URL.Query().Get("synckey"); key != "1_1011" {
			t.Errorf("synckey %s, want the stored SyncCheckKey", key)
		}
		if c := got.Header.Get("Cookie"); got.URL.Host != "webpush.wx2.qq.com" || !strings.Contains(c, "webwx_data_ticket=") || strings.Contains(c, "mm_lang") {
			t.Errorf("cookies at the push host after a restart: %q", c)
		}
		f := fields(t, s.calls("webwxsync")[0].body)
		if val := f["SyncKey"].(map[string]any)["List"].([]any)[0].(map[string]any)["Val"].(float64); val != 11 {
			t.Errorf("SyncKey %v, want the stored one", val)
		}
	})
}

func TestRestoredSessionFoundDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		first := run(t, s)
		elapse(t, time.Second)
		first.stop()
		session := lastSession(first)
		elapse(t, time.Hour)
		s.forget()
		for _, code := range []int{1, 1100, 1101, 1102} {
			s.on("webwxinit", fmt.Sprintf(`{"BaseResponse":{"Ret":%d},"SyncKey":{"Count":0,"List":[]}}`, code))
			second := run(t, s, func(o *Options) { o.Session = session })
			err := second.end()
			if e, ok := errors.AsType[*LoggedOutError](err); !ok || e.Code != code || e.Restricted {
				t.Errorf("got %v", err)
			}
			if len(s.calls("jslogin")) != 0 || len(events[QRReady](second)) != 0 {
				t.Error("a QR code was asked for")
			}
		}
	})
}

func TestInitRefused(t *testing.T) {
	tests := []struct {
		name  string
		ret   int
		calls int
	}{
		{name: "throttled", ret: 1205, calls: 1},
		{name: "bad parameters", ret: 1, calls: 1},
		{name: "system error", ret: -1, calls: 2},
		{name: "unknown", ret: 4711, calls: 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStub()
				s.on("webwxinit", fmt.Sprintf(`{"BaseResponse":{"Ret":%d}}`, tt.ret))
				r := run(t, s)
				err := r.end()
				if e, ok := errors.AsType[*APIError](err); !ok || e.Ret != tt.ret || e.Endpoint != "webwxinit" {
					t.Errorf("got %v", err)
				}
				if n := len(s.calls("webwxinit")); n != tt.calls {
					t.Errorf("asked %d times, want %d", n, tt.calls)
				}
			})
		})
	}
}

func TestRetryingIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		s.answer("synccheck", func(n int, _ *http.Request, _ []byte) reply {
			if n > 3 && n < 9 {
				return reply{status: 502}
			}
			return reply{hold: 25 * time.Second, body: check(0, 0)}
		})
		r := run(t, s)
		elapse(t, 10*time.Minute)
		r.stop()
		var got []string
		for _, e := range events[StateChanged](r) {
			if e.To == StateRetrying {
				got = append(got, e.Cause.Error())
			} else if e.From == StateRetrying {
				got = append(got, e.To.String())
			}
		}
		if want := "synccheck: status 502, online"; strings.Join(got, ", ") != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestLogout(t *testing.T) {
	tests := []struct {
		name   string
		answer reply
		check  string // what the held poll gets
	}{
		{name: "answered by a redirect", answer: reply{status: 302, header: http.Header{"Location": {"https://wx.qq.com/"}}}},
		{name: "the poll hears of it first", answer: reply{hold: 2 * time.Second}, check: check(1102, 0)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStub()
				cut := make(chan struct{})
				s.answer("synccheck", func(_ int, r *http.Request, _ []byte) reply {
					select {
					case <-cut:
						return reply{body: tt.check}
					case <-r.Context().Done():
						return reply{err: r.Context().Err()}
					}
				})
				s.answer("webwxlogout", func(int, *http.Request, []byte) reply {
					if tt.check != "" {
						close(cut)
					}
					return tt.answer
				})
				r := run(t, s)
				elapse(t, time.Second)
				if err := r.Logout(t.Context()); err != nil {
					t.Errorf("Logout: %v", err)
				}
				if err := r.end(); err != nil {
					t.Errorf("Run after an own logout: %v", err)
				}
				if out := events[LoggedOut](r); len(out) != 1 || out[0].Reason != nil {
					t.Errorf("told %+v", out)
				}
				q := s.calls("webwxlogout")[0]
				if got := string(q.body); got != "sid=a%2Fb%2Bc%3D&uin=3812345678" || q.r.URL.Query().Get("skey") != "@crypt_3_4" {
					t.Errorf("logout: %s %s", q.r.URL, got)
				}
			})
		})
	}
}

func TestRunTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, newStub())
		synctest.Wait()
		if err := r.Run(t.Context()); err == nil || err.Error() != "wx: Run called twice" {
			t.Errorf("got %v", err)
		}
		r.stop()
	})
}
