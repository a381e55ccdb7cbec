package wxtest

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

const appID = "wx782c26e4c19acffb"

// jslogin gives a new QR code (section 3.1).
func (s *Server) jslogin(c *call) answer {
	helper := c.query.Get("appid") == helperAppID
	if got := c.query.Get("appid"); got != appID && !helper {
		c.problem("3.1", "appid is %q", got)
	}
	if c.query.Get("fun") != "new" {
		c.problem("3.1", "fun is not new")
	}
	desktop := false
	if helper {
		c.checkHelperCode()
	} else if u, err := url.Parse(c.query.Get("redirect_uri")); err != nil || !strings.HasSuffix(u.Path, "/webwxnewloginpage") {
		c.problem("3.1", "redirect_uri does not lead to webwxnewloginpage")
	} else {
		desktop = u.Query().Get("mod") == desktopMod
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	code := s.newCodeLocked(false)
	code.desktop = desktop
	code.helper = helper
	return script(`window.QRLogin.code = 200; window.QRLogin.uuid = "%s";`, code.uuid)
}

// qrcode gives the picture of a code (section 3.2).
func (s *Server) qrcode(c *call) answer {
	if !isDirect(c.r.Host) && c.r.Host != "login.weixin.qq.com" {
		c.problem("3.2", "QR pictures are at login.weixin.qq.com, not %s", c.r.Host)
	}
	uuid := path.Base(c.r.URL.Path)
	s.mu.Lock()
	_, known := s.desk.codes[uuid]
	s.mu.Unlock()
	if !known {
		c.problem("3.2", "no such uuid")
		return answer{status: 404, kind: kindText}
	}
	picture, err := qrPicture(qrPayload(uuid))
	if err != nil {
		return answer{status: 500, kind: kindText, body: []byte(err.Error())}
	}
	return answer{kind: kindJPEG, body: picture}
}

// scanPage is where the text of the code leads; only phones go there.
func (s *Server) scanPage(*call) answer {
	return answer{kind: "text/html", body: []byte("<html><body>请使用微信扫描</body></html>")}
}

func qrPayload(uuid string) string { return "https://login.weixin.qq.com/l/" + uuid }

// loginPoll is held until the phone does something (section 3.3).
func (s *Server) loginPoll(c *call) answer {
	uuid, tip := c.query.Get("uuid"), c.query.Get("tip")
	if tip != "0" && tip != "1" {
		c.problem("3.3", "tip is %q", tip)
	}
	s.mu.Lock()
	code := s.desk.codes[uuid]
	if code == nil {
		s.mu.Unlock()
		c.problem("3.3", "no such uuid")
		return script("window.code=400;")
	}
	if code.helper && c.query.Get("appid") != helperAppID {
		c.problem("18.1", "appid is %q", c.query.Get("appid"))
	}
	code.polled = true
	s.applyPhoneLocked(code)
	s.pokeLocked()
	s.mu.Unlock()
	s.hold(c.r.Context(), func() bool {
		s.expireLocked(code)
		switch code.state {
		case codeFresh:
			return false
		case codeScanned:
			return !code.told || tip == "1"
		case codeConfirmed, codeCancelled, codeExpired:
		}
		return true
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expireLocked(code)
	return s.pollAnswerLocked(c, code)
}

func (s *Server) pollAnswerLocked(c *call, code *code) answer {
	switch code.state {
	case codeCancelled:
		return script("window.code=202;")
	case codeExpired:
		return script("window.code=400;")
	case codeFresh:
		return script("window.code=408;")
	case codeScanned, codeConfirmed:
	}
	if !code.told || code.state == codeScanned {
		code.told = true
		if c.query.Get("loginicon") != "true" {
			return script("window.code=201;")
		}
		return script("window.code=201;window.userAvatar = 'data:img/jpg;base64,%s';", base64.StdEncoding.EncodeToString(avatar(s.world.self.id)))
	}
	if code.confirmedAt.IsZero() {
		code.confirmedAt = s.now()
	}
	lang := s.cfg.Lang
	to := fmt.Sprintf("%s://%s%swebwxnewloginpage?ticket=%s&uuid=%s&lang=%s&scan=%d",
		s.scheme(), s.baseHost(code.helper), cgiPrefix, code.ticket, code.uuid, lang, code.confirmedAt.Unix())
	return script("window.code=200;\nwindow.redirect_uri=\"%s\";", to)
}

// pushLogin asks the phone to confirm a login without a scan (section 3.4). It is
// for those who bring the long-lived cookies of an earlier login of the account.
func (s *Server) pushLogin(c *call) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	uvid, ticket := c.cookie("webwxuvid"), c.cookie("webwx_auth_ticket")
	switch {
	case c.query.Get("uin") != strconv.FormatInt(s.cfg.Uin, 10):
		c.problem("3.4", "uin is not the account's")
	case uvid == "" || ticket == "":
		c.problem("3.4", "webwxuvid or webwx_auth_ticket of an earlier login is missing")
	case s.pushable[uvid] != ticket:
		c.problem("3.4", "webwxuvid and webwx_auth_ticket are of no login that is remembered")
	default:
		code := s.newCodeLocked(true)
		code.desktop = c.query.Get("mod") == desktopMod
		return pushAnswer(retOK, "all ok", code.uuid)
	}
	return pushAnswer(retParameter, "not allowed", "")
}

// pushAnswer bears its code as a string, as the server does.
func pushAnswer(ret int, msg, uuid string) answer {
	return answer{kind: kindText, body: fmt.Appendf(nil, `{"ret":"%d","msg":"%s","uuid":"%s"}`, ret, msg, uuid)}
}

type refusal struct {
	code int
	text string
}

// ticketLife is how long a redirect_uri can be used (section 3.3).
const ticketLife = 300 * time.Second

// newLoginPage exchanges the ticket for keys (section 3.5). The body is the same
// whatever the status.
func (s *Server) newLoginPage(c *call) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	ans := s.loginXMLLocked(c)
	modern := c.query.Get("fun") == "new" || c.query.Get("version") == "v2"
	if s.cfg.LoginPage301 || !modern {
		ans.status = 301
		if !s.cfg.LoginPage301 && len(ans.cookies) > 0 {
			ans.header = map[string]string{"Location": s.scheme() + "://" + s.cfg.RedirectHost + "/"}
		}
	}
	return ans
}

func (s *Server) loginXMLLocked(c *call) answer {
	code := s.desk.codes[c.query.Get("uuid")]
	if code == nil || code.state != codeConfirmed || c.query.Get("ticket") != code.ticket || s.now().After(code.confirmedAt.Add(ticketLife)) {
		c.problem("3.5", "ticket and uuid are not those of redirect_uri, or too old")
		return refusedPage(retParameter, "")
	}
	if c.query.Get("scan") == "" || c.query.Get("lang") == "" {
		c.problem("3.5", "the query of redirect_uri is not complete")
	}
	switch {
	case code.helper:
		if c.query.Get("fun") != "new" || c.query.Get("version") != "v2" {
			c.problem("18.1", "fun=new or version=v2 is missing")
		}
	case s.refusal.code != 0:
		return refusedPage(s.refusal.code, s.refusal.text)
	case s.cfg.RequireDesktop && !desktopHeaders(c):
		return refusedPage(retRefused, refusedText)
	}
	c.checkMode(code)
	e := s.newSessionLocked(code.helper)
	e.desktop = code.desktop
	s.recordLocked(Record{Kind: RecordLoggedIn})
	body := fmt.Sprintf("<error><ret>0</ret><message>OK</message><skey>%s</skey><wxsid>%s</wxsid><wxuin>%d</wxuin><pass_ticket>%s</pass_ticket><isgrayscale>1</isgrayscale></error>",
		e.skey, e.sid, s.cfg.Uin, e.passTicket)
	return answer{kind: kindText, cookies: s.loginCookiesLocked(c, e), body: []byte(body)}
}

const refusedText = "为了你的帐号安全，此微信号不能登录网页微信。你可以使用Windows微信或Mac微信在电脑端登录。"

func refusedPage(ret int, message string) answer {
	return answer{kind: kindText, body: fmt.Appendf(nil, "<error><ret>%d</ret><message>%s</message></error>", ret, message)}
}

// desktopHeaders reports whether the two headers of desktop mode are there
// (section 3.6).
func desktopHeaders(c *call) bool {
	const extspamLength = 880
	h := c.r.Header
	return h.Get(headerVersion) == "2.0.0" && len(h.Get(headerSpam)) == extspamLength && strings.HasPrefix(h.Get(headerSpam), "Go8FCIkFEokFCggwMDAwMDAwMRAG")
}

// The marks of desktop mode (section 3.6).
const (
	desktopMod    = "desktop"
	headerVersion = "client-version"
	headerSpam    = "extspam"
)

// checkMode looks for the marks of desktop mode, and for the headers without
// them. That mod=desktop is missing here is no problem: most clients leave it out.
func (c *call) checkMode(code *code) {
	desktop := code.desktop || c.query.Get("mod") == desktopMod
	headers := c.r.Header.Get(headerVersion)+c.r.Header.Get(headerSpam) != ""
	switch {
	case desktop && !desktopHeaders(c):
		c.problem("3.6", "desktop mode without client-version and extspam")
	case !desktop && headers:
		c.problem("3.6", "client-version or extspam without mod=desktop")
	}
	code.desktop = desktop
}

const tenYears = 10 * 365 * 24 * time.Hour

// loginCookiesLocked are the seven cookies of a login (section 3.5).
func (s *Server) loginCookiesLocked(c *call, e *session) []string {
	uvid, ticket := randomText(lowerHex, 64), "CIsBE"+randomText(base64Chars, 60)
	if len(s.pushable) >= keepSessions {
		clear(s.pushable)
	}
	s.pushable[uvid] = ticket
	return append(s.sessionCookies(c, e, strconv.FormatInt(e.loadTime, 10)),
		s.cookie(c, "webwxuvid", uvid, s.baseHost(e.helper), tenYears),
		s.cookie(c, "webwx_auth_ticket", ticket, s.baseHost(e.helper), tenYears))
}

// sessionCookies are those that live 12 hours. webwxsync renews them.
func (s *Server) sessionCookies(c *call, e *session, loadTime string) []string {
	life, base := s.cfg.SessionLife, s.baseHost(e.helper)
	wide := cookieDomain(base)
	return []string{
		s.cookie(c, "wxuin", strconv.FormatInt(s.cfg.Uin, 10), wide, life),
		s.cookie(c, "wxsid", e.sid, wide, life),
		s.cookie(c, "wxloadtime", loadTime, base, life),
		s.cookie(c, "mm_lang", s.cfg.Lang, base, life),
		s.cookie(c, "webwx_data_ticket", e.dataTicket, wide, life),
	}
}

// cookie writes a Set-Cookie header with the dashed date that WeChat uses.
// Clients that were pointed straight at the server get cookies without a domain,
// and over HTTP without Secure, since no jar would keep or send them else.
func (s *Server) cookie(c *call, name, value, domain string, life time.Duration) string {
	expires := s.now().UTC().Add(life).Format("Mon, 02-Jan-2006 15:04:05 GMT")
	out := name + "=" + value
	if direct := isDirect(c.r.Host); !direct {
		out += "; Domain=" + domain
	}
	out += "; Path=/; Expires=" + expires
	if !isDirect(c.r.Host) || s.url.Scheme == "https" {
		out += "; Secure"
	}
	return out
}

// logout ends the session (section 11).
func (s *Server) logout(c *call) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.bySid[c.cookie("wxsid")]
	switch {
	case e == nil:
		c.problem("11", "cookie wxsid belongs to no session")
	case !e.knows(c.query.Get("skey")):
		c.problem("11", "skey is not the session's")
	case e.dead == 0:
		e.dead = retCookies
		s.recordLocked(Record{Kind: RecordLoggedOut})
	}
	return answer{
		status: 301, kind: "text/html",
		header: map[string]string{"Location": s.scheme() + "://" + s.cfg.RedirectHost + "/"},
		body:   []byte("<html><body>301</body></html>"),
	}
}
