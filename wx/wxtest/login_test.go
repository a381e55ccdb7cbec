package wxtest_test

import (
	"bytes"
	"image/jpeg"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/wx/wxtest"
)

func TestLoginGivesSessionThatWorks(t *testing.T) {
	everywhere(t, wxtest.Config{}, func(e env) {
		t, s := e.t, e.s
		c := newClient(t, s).online()
		friend := s.AddFriend(wxtest.Person{NickName: "小明"})
		c.sync()
		friend.Say("在吗")
		if got := c.syncCheck(); got != checkMessage {
			t.Errorf("synccheck = %s, want %s", got, checkMessage)
		}
		if got := contents(c.sync()); len(got) != 1 || got[0] != "在吗" {
			t.Errorf("messages = %q", got)
		}
		if err := s.AwaitOnline(within(t, time.Second)); err != nil {
			t.Errorf("AwaitOnline: %v", err)
		}
	})
}

func TestLoginPollAnswers(t *testing.T) {
	const avatar = `^window\.code=201;window\.userAvatar = 'data:img/jpg;base64,[A-Za-z0-9+/=]+';$`
	for _, tt := range []struct {
		name string
		act  func(*wxtest.Server)
		want string // pattern
		held time.Duration
	}{
		{"nothing happens", func(*wxtest.Server) {}, `^window\.code=408;$`, 25 * time.Second},
		{"scanned", (*wxtest.Server).Scan, avatar, 0},
		{"confirmed at once is told as scanned first", (*wxtest.Server).Confirm, avatar, 0},
		{"cancelled", (*wxtest.Server).Cancel, `^window\.code=202;$`, 0},
		{"expired", (*wxtest.Server).Expire, `^window\.code=400;$`, 0},
		{"scanned while held", func(s *wxtest.Server) { time.AfterFunc(7*time.Second, s.Scan) }, avatar, 7 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, wxtest.Config{}, func(e env) {
				t, s := e.t, e.s
				c := newClient(t, s)
				uuid := c.newCode()
				tt.act(s)
				began := time.Now()
				if got := c.poll(uuid, 1); !regexp.MustCompile(tt.want).MatchString(got) {
					t.Errorf("poll = %q, want %s", got, tt.want)
				}
				if held := time.Since(began); held != tt.held {
					t.Errorf("held %v, want %v", held, tt.held)
				}
			})
		})
	}
}

func TestScannedCodeIsHeldWithTipZero(t *testing.T) {
	bubble(t, wxtest.Config{}, func(e env) {
		t, s := e.t, e.s
		c := newClient(t, s)
		uuid := c.newCode()
		s.Scan()
		c.poll(uuid, 1)
		began := time.Now()
		time.AfterFunc(5*time.Second, s.Confirm)
		if got := c.poll(uuid, 0); !redirectPattern.MatchString(got) {
			t.Errorf("poll = %q, want a redirect_uri", got)
		}
		if held := time.Since(began); held != 5*time.Second {
			t.Errorf("held %v, want 5s", held)
		}
	})
}

func TestCodeExpiresByItself(t *testing.T) {
	bubble(t, wxtest.Config{CodeLife: time.Minute}, func(e env) {
		t, s := e.t, e.s
		c := newClient(t, s)
		uuid := c.newCode()
		var got []string
		for range 4 {
			got = append(got, c.poll(uuid, 1))
		}
		want := []string{"window.code=408;", "window.code=408;", "window.code=400;", "window.code=400;"}
		if strings.Join(got, "") != strings.Join(want, "") {
			t.Errorf("polls = %q, want %q", got, want)
		}
	})
}

func TestUnknownCode(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	if got := newClient(t, s).poll("AAAAAAAAAA==", 1); got != "window.code=400;" {
		t.Errorf("poll = %q", got)
	}
	wantProblem(t, s, "no such uuid")
}

func TestPictureOfCode(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	c := newClient(t, s)
	got := c.do(http.MethodGet, c.login+"/qrcode/"+c.newCode(), "", "")
	if got := got.header.Get("Content-Type"); got != "image/jpeg" {
		t.Errorf("Content-Type = %q", got)
	}
	img, err := jpeg.Decode(strings.NewReader(got.body))
	if err != nil || img.Bounds().Dx() < 200 {
		t.Errorf("picture: %v", err)
	}
}

func TestLoginPage(t *testing.T) {
	const refusedText = "为了你的帐号安全，此微信号不能登录网页微信。"
	for _, tt := range []struct {
		name     string
		cfg      wxtest.Config
		query    string
		header   http.Header
		status   int
		location string
		ret      string
	}{
		{"as Tencent asks", wxtest.Config{}, "&fun=new&version=v2", nil, 200, "", "0"},
		{"bare", wxtest.Config{}, "", nil, 301, "https://wx2.qq.com/", "0"},
		{"bare and refused", wxtest.Config{RefuseCode: 1203, RefuseText: refusedText}, "", nil, 301, "", "1203"},
		{"refused", wxtest.Config{RefuseCode: 1203, RefuseText: refusedText}, "&fun=new&version=v2", nil, 200, "", "1203"},
		{"301 whatever was asked", wxtest.Config{LoginPage301: true}, "&fun=new&version=v2", nil, 301, "", "0"},
		{"desktop without headers", wxtest.Config{RequireDesktop: true}, "&fun=new&version=v2", nil, 200, "", "1203"},
		{
			"desktop with headers",
			wxtest.Config{RequireDesktop: true},
			"&fun=new&version=v2&mod=desktop",
			http.Header{"Client-Version": {"2.0.0"}, "Extspam": {"Go8FCIkFEokFCggwMDAwMDAwMRAG" + strings.Repeat("A", 852)}},
			200, "", "0",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := wxtest.NewServer(t, tt.cfg)
			c := newClient(t, s)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.confirmed()+tt.query, nil)
			if err != nil {
				t.Fatal(err)
			}
			maps.Copy(req.Header, tt.header)
			got, err := c.try(req)
			if err != nil {
				t.Fatal(err)
			}
			if got.status != tt.status || got.header.Get("Location") != tt.location {
				t.Errorf("status %d, Location %q; want %d, %q", got.status, got.header.Get("Location"), tt.status, tt.location)
			}
			if got := between(got.body, "<ret>", "</ret>"); got != tt.ret {
				t.Errorf("ret = %s, want %s", got, tt.ret)
			}
			if tt.cfg.RefuseText != "" && between(got.body, "<message>", "</message>") != refusedText {
				t.Errorf("no reason in %s", got.body)
			}
			if got := len(got.header["Set-Cookie"]); (got == 7) != (tt.ret == "0") {
				t.Errorf("%d cookies with ret %s", got, tt.ret)
			}
		})
	}
}

func TestLoginPageIsByteExact(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{Uin: 2963421588})
	body := newClient(t, s).get(newClient(t, s).confirmed() + "&fun=new&version=v2")
	want := regexp.MustCompile(`^<error><ret>0</ret><message>OK</message><skey>@crypt_[0-9a-f]{8}_[0-9a-f]{32}</skey>` +
		`<wxsid>\w{7}/\w{5}\+\w{2}</wxsid><wxuin>2963421588</wxuin><pass_ticket>\w+%2F\w+%2B\w+%3D</pass_ticket><isgrayscale>1</isgrayscale></error>$`)
	if !want.MatchString(body) {
		t.Errorf("page = %s", body)
	}
}

func TestCookies(t *testing.T) {
	now := time.Date(2022, 11, 30, 14, 26, 29, 0, time.UTC)
	for _, tt := range []struct{ host, wide string }{
		{"wx2.qq.com", ".qq.com"}, {"web.wechat.com", ".wechat.com"},
	} {
		t.Run(tt.host, func(t *testing.T) {
			s := wxtest.NewServer(t, wxtest.Config{RedirectHost: tt.host, Now: func() time.Time { return now }})
			got := newClient(t, s).do(http.MethodGet, newClient(t, s).confirmed()+"&fun=new&version=v2", "", "")
			const half, long = "Thu, 01-Dec-2022 02:26:29 GMT", "Sat, 27-Nov-2032 14:26:29 GMT"
			want := map[string]string{
				"wxuin": tt.wide + " " + half, "wxsid": tt.wide + " " + half, "webwx_data_ticket": tt.wide + " " + half,
				"wxloadtime": tt.host + " " + half, "mm_lang": tt.host + " " + half,
				"webwxuvid": tt.host + " " + long, "webwx_auth_ticket": tt.host + " " + long,
			}
			pattern := regexp.MustCompile(`^(\w+)=([^;]+); Domain=([^;]+); Path=/; Expires=([^;]+); Secure$`)
			for _, line := range got.header["Set-Cookie"] {
				m := pattern.FindStringSubmatch(line)
				if m == nil || want[m[1]] != m[3]+" "+m[4] {
					t.Errorf("Set-Cookie: %s", line)
					continue
				}
				delete(want, m[1])
			}
			if len(want) != 0 {
				t.Errorf("missing: %v", want)
			}
		})
	}
}

func TestLoadTimeIsRewrittenByInit(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	c := newClient(t, s)
	load := func() string {
		u, _ := url.Parse(c.base)
		for _, ck := range c.http.Jar.Cookies(u) {
			if ck.Name == "wxloadtime" {
				return ck.Value
			}
		}
		return ""
	}
	c.newLogin()
	before := load()
	c.init()
	if got := load(); got != before+"_expired" || before == "" {
		t.Errorf("wxloadtime was %q, is %q", before, got)
	}
}

func TestUserNamesAreNewAtEveryLoginOnly(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	friend := s.AddFriend(wxtest.Person{NickName: "小明"})
	group := s.AddGroup("饭团", friend)
	names := func() [3]string { return [3]string{s.Self().UserName(), friend.UserName(), group.UserName()} }
	c := newClient(t, s).online()
	first := names()
	c.init()
	if got := names(); got != first {
		t.Errorf("names changed by webwxinit: %q, %q", first, got)
	}
	for i, pattern := range []string{`^@[0-9a-f]{64}$`, `^@[0-9a-f]{64}$`, `^@@[0-9a-f]{64}$`} {
		if !regexp.MustCompile(pattern).MatchString(first[i]) {
			t.Errorf("name %q is not %s", first[i], pattern)
		}
	}
	c.newLogin()
	second := names()
	for i := range first {
		if first[i] == second[i] {
			t.Errorf("name %q is the same after a new login", first[i])
		}
	}
	if got := s.FileHelper().UserName(); got != "filehelper" {
		t.Errorf("file helper is %q", got)
	}
}

func TestPushLoginNeedsNoScan(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	c := newClient(t, s).online()
	s.Cut(1101)
	out := c.object(c.get(c.base + cgi + "webwxpushloginurl?uin=" + c.uin))
	if out["ret"] != "0" || out["msg"] != "all ok" {
		t.Fatalf("push login: %v", out)
	}
	s.Confirm()
	if got := c.poll(out["uuid"].(string), 1); !redirectPattern.MatchString(got) {
		t.Errorf("poll = %q", got)
	}
}

func TestPushLoginCancelledOnThePhone(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	c := newClient(t, s).online()
	s.Cut(1101)
	out := c.object(c.get(c.base + cgi + "webwxpushloginurl?uin=" + c.uin))
	s.Cancel()
	if got := c.poll(out["uuid"].(string), 1); got != "window.code=202;" {
		t.Errorf("poll = %q", got)
	}
}

func TestPushLoginRefused(t *testing.T) {
	tests := []struct {
		name, uin, cookies, problem string
	}{
		{name: "no cookies", problem: "of an earlier login is missing"},
		{name: "one cookie", cookies: "webwxuvid=abc", problem: "of an earlier login is missing"},
		{name: "cookies of nobody", cookies: "webwxuvid=abc; webwx_auth_ticket=def", problem: "of no login that is remembered"},
		{name: "another account", uin: "7", problem: "uin is not the account's"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := wxtest.NewServer(t, wxtest.Config{})
			uin := newClient(t, s).online().uin
			if tt.uin != "" {
				uin = tt.uin
			}
			fresh := newClient(t, s)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fresh.base+cgi+"webwxpushloginurl?uin="+uin, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if tt.cookies != "" {
				req.Header.Set("Cookie", tt.cookies)
			}
			got, err := fresh.try(req)
			if out := fresh.object(got.body); err != nil || out["ret"] != "1" || out["uuid"] != "" {
				t.Errorf("got %v, %v", out, err)
			}
			wantProblem(t, s, tt.problem)
		})
	}
}

func TestRedirectTicketWorksTwice(t *testing.T) {
	bubble(t, wxtest.Config{}, func(e env) {
		t, s := e.t, e.s
		c := newClient(t, s)
		to := c.confirmed() + "&fun=new&version=v2"
		c.takeKeys(c.get(to))
		first := c.sid
		c.takeKeys(c.get(to))
		if c.sid == first {
			t.Error("the second use gave the same session")
		}
		pass(301 * time.Second)
		if got := between(c.get(to), "<ret>", "<"); got != "1" {
			t.Errorf("ret after 301 s = %s, want 1", got)
		}
		wantProblem(t, s, "too old")
	})
}

func TestClientPointedStraightAtServer(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{RedirectHost: "self"})
	c := newClient(t, s)
	c.http.Transport = http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(c.http.CloseIdleConnections)
	c.login, c.base, c.file, c.push = s.URL(), s.URL(), s.URL(), s.URL()
	c.online()
	s.Self()
	s.FileHelper().Say("hi")
	if got := c.syncCheck(); got != checkMessage {
		t.Errorf("synccheck = %s", got)
	}
	c.sync()
}

func TestAwaitQRAndLoginDriveTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := wxtest.NewBubble(t, wxtest.Config{})
		c := newClient(t, s)
		done := make(chan error, 1)
		go func() { done <- s.Login(t.Context()) }()
		uuid := c.newCode()
		if got := c.poll(uuid, 1); !strings.HasPrefix(got, "window.code=201;") {
			t.Errorf("poll = %.40q", got)
		}
		if got := c.poll(uuid, 0); !redirectPattern.MatchString(got) {
			t.Errorf("poll = %.40q", got)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if got, want := wxtest.QRPayload(uuid), "https://login.weixin.qq.com/l/"+uuid; got != want {
			t.Errorf("payload = %s, want %s", got, want)
		}
	})
}

func TestAvatarIsJPEG(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	c := newClient(t, s).online()
	body := c.get(c.base + cgi + "webwxgeticon?seq=0&username=" + c.self + "&skey=" + url.QueryEscape(c.skey))
	if _, err := jpeg.Decode(bytes.NewReader([]byte(body))); err != nil {
		t.Error(err)
	}
}

func TestSkeyFromInit(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{SkeyAtInit: true})
	c := newClient(t, s)
	page := c.get(c.confirmed() + "&fun=new&version=v2")
	if !strings.Contains(page, "<skey></skey>") {
		t.Fatalf("page: %s", page)
	}
	c.uin, c.sid, c.ticket = between(page, "<wxuin>", "<"), between(page, "<wxsid>", "<"), between(page, "<pass_ticket>", "<")
	c.skey = c.init()["SKey"].(string)
	if c.skey == "" {
		t.Fatal("webwxinit gave no SKey")
	}
	c.sync()
}

func TestRenewedSkey(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	c := newClient(t, s).online()
	s.RenewSkey()
	out := c.syncWith(c.key)
	renewed, before := out["SKey"].(string), c.skey
	if renewed == "" || renewed == before {
		t.Fatalf("SKey = %q", renewed)
	}
	for _, skey := range []string{before, renewed} {
		c.skey = skey
		c.sync()
	}
}
