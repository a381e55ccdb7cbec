package wxtest

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// The codes of section 13.1.
const (
	retOK             = 0
	retParameter      = 1
	retSystem         = -1
	retLogic          = -2
	retSessionGone    = 1100
	retSessionInvalid = 1101
	retCookies        = 1102
	retPartly         = -2013
	retMalformed      = 1200
	retRefused        = 1203
	retNotFriend      = 1204
	retFrequency      = 1205
)

// endpoint is one address of the protocol (section 1.3).
type endpoint struct {
	role    role
	methods string // separated by spaces
	ticket  bool   // the query must have pass_ticket
	// raw answers the request itself; it is called without the lock.
	raw func(c *call) answer
	// json answers a body with a BaseRequest that has been checked; it is called
	// with the lock held. blank is the answer with all its fields empty.
	json  func(c *call, e *session, body object, out response)
	blank func() response
}

const cgiPrefix = "/cgi-bin/mmwebwx-bin/"

// routes lists the endpoints by the name that Fault, Count and Problem use.
func (s *Server) routes() map[string]endpoint {
	const get, post, both = "GET", "POST", "GET POST"
	return map[string]endpoint{
		"jslogin":               {role: roleLogin, methods: both, raw: s.jslogin},
		"qrcode":                {role: roleLogin, methods: both, raw: s.qrcode},
		"l":                     {role: roleLogin, methods: get, raw: s.scanPage},
		"login":                 {role: roleLogin, methods: get, raw: s.loginPoll},
		"webwxpushloginurl":     {role: roleBase, methods: get, raw: s.pushLogin},
		"webwxnewloginpage":     {role: roleBase, methods: get, raw: s.newLoginPage},
		"webwxlogout":           {role: roleBase, methods: both, raw: s.logout},
		"synccheck":             {role: rolePush, methods: get, raw: s.syncCheck},
		"webwxgetcontact":       {role: roleBase, methods: both, ticket: true, raw: s.getContact},
		"webwxuploadmedia":      {role: roleFile, methods: post, raw: s.upload},
		"webwxgeticon":          {role: roleBase, methods: get, raw: s.getIcon},
		"webwxgetheadimg":       {role: roleBase, methods: get, raw: s.getIcon},
		"webwxgetmsgimg":        {role: roleBase, methods: get, raw: s.getMessageMedia},
		"webwxgetvideo":         {role: roleBase, methods: get, raw: s.getMessageMedia},
		"webwxgetvoice":         {role: roleBase, methods: get, raw: s.getMessageMedia},
		"webwxgetmedia":         {role: roleFile, methods: get, raw: s.getFile},
		"webwxgetpubliclinkimg": {role: roleBase, methods: get, raw: s.getPlacePicture},
		"webwxcheckurl":         {role: roleBase, methods: get, raw: s.checkURL},
		"webwxstatreport":       {role: roleBase, methods: post, json: nothing, blank: blankBase},
		"webwxsendfeedback":     {role: roleBase, methods: post, json: nothing, blank: blankBase},
		"webwxsearchcontact":    {role: roleBase, methods: post, json: s.searchContact, blank: blankSearch},
		"webwxinit":             {role: roleBase, methods: post, ticket: true, json: s.webwxInit, blank: blankInit},
		"webwxstatusnotify":     {role: roleBase, methods: post, ticket: true, json: s.statusNotify, blank: blankMsgID},
		"webwxbatchgetcontact":  {role: roleBase, methods: post, ticket: true, json: s.batchGetContact, blank: blankBatch},
		"webwxsync":             {role: roleBase, methods: post, ticket: true, json: s.webwxSync, blank: blankSync},
		"webwxsendmsg":          {role: roleBase, methods: post, ticket: true, json: s.sendText, blank: blankSend},
		"webwxsendmsgimg":       {role: roleBase, methods: post, json: s.sendMedia(typeImage), blank: blankSend},
		"webwxsendvideomsg":     {role: roleBase, methods: post, json: s.sendMedia(typeVideo), blank: blankSend},
		"webwxsendemoticon":     {role: roleBase, methods: post, json: s.sendEmoticon, blank: blankSend},
		"webwxsendappmsg":       {role: roleBase, methods: post, json: s.sendApp, blank: blankSend},
		"webwxrevokemsg":        {role: roleBase, methods: post, json: s.revoke, blank: blankRevoke},
		"webwxcheckupload":      {role: roleBase, methods: post, json: s.checkUpload, blank: blankCheckUpload},
		"webwxverifyuser":       {role: roleBase, methods: post, ticket: true, json: s.verifyUser, blank: blankBase},
		"webwxoplog":            {role: roleBase, methods: post, ticket: true, json: s.opLog, blank: blankBase},
		"webwxcreatechatroom":   {role: roleBase, methods: post, ticket: true, json: s.createRoom, blank: blankRoom},
		"webwxupdatechatroom":   {role: roleBase, methods: post, ticket: true, json: s.updateRoom, blank: blankRoom},
	}
}

// endpointName finds the name in a path. A doubled slash is understood, as by
// the real server.
func endpointName(p string) string {
	switch {
	case strings.HasPrefix(p, cgiPrefix):
		return strings.TrimLeft(strings.TrimPrefix(p, cgiPrefix), "/")
	case strings.HasPrefix(p, "/qrcode/"):
		return "qrcode"
	case strings.HasPrefix(p, "/l/"):
		return "l"
	case p == "/jslogin":
		return "jslogin"
	}
	return ""
}

// frontPage is what the hosts show at "/", where a browser begins and where some
// clients look before they log in or after they logged out.
func (s *Server) frontPage(w http.ResponseWriter) {
	text := `<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>微信网页版</title></head>
<body><p>A simulated WeChat: no account, and nothing that is said here, is real.</p>`
	if s.control != nil {
		text += `<p>Its control API: <a href="` + ControlPrefix + `">` + ControlPrefix + `</a></p>`
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if _, err := io.WriteString(w, text+"</body></html>\n"); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// ServeHTTP answers one request. It makes a Server an http.Handler for listeners
// of the caller's own.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		panic(http.ErrAbortHandler)
	}
	defer s.serving.Done()
	if s.control != nil && strings.HasPrefix(r.URL.Path, ControlPrefix) {
		s.control.mux.ServeHTTP(w, r)
		return
	}
	if r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		s.frontPage(w)
		return
	}
	name := endpointName(r.URL.Path)
	c := &call{srv: s, r: r, endpoint: name}
	ep, known := s.endpoints[name]
	if !known {
		c.endpoint = path.Clean(r.URL.Path)
		c.problem("1.2", "no such path")
		http.Error(w, "Not Found", http.StatusNotFound)
		return
	}
	s.notePassing(Request{Time: s.now(), Endpoint: name, Method: r.Method, Host: r.Host, Path: r.URL.Path})
	// The body is read before anything else: a client must be able to write it
	// whatever is answered.
	if bad, stop := c.read(w, ep); stop {
		c.write(w, bad)
		return
	}
	fault, faulty := s.faults.take(name)
	if !faulty {
		c.write(w, s.respond(c, ep))
		return
	}
	s.breakAnswer(c, w, ep, fault)
}

// The sizes of request bodies that are read.
const (
	maxBody   = 1 << 20
	maxUpload = 4 << 20
)

// read takes the query and the body in and checks what every request has.
func (c *call) read(w http.ResponseWriter, ep endpoint) (answer, bool) {
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		c.problem("2.2", "query cannot be parsed")
		return c.refusal(ep, retMalformed), true
	}
	c.query = query
	limit := int64(maxBody)
	if ep.role == roleFile {
		limit = maxUpload
	}
	c.body, err = io.ReadAll(http.MaxBytesReader(w, c.r.Body, limit))
	if tooBig, ok := errors.AsType[*http.MaxBytesError](err); ok {
		c.problem("8.1", "body is longer than %d bytes", tooBig.Limit)
		return answer{status: http.StatusBadGateway, kind: "text/html"}, true
	}
	if err != nil {
		if !goneAway(c.r, err) {
			c.problem("2.4", "body cannot be read")
		}
		return c.refusal(ep, retMalformed), true
	}
	if !strings.Contains(" "+ep.methods+" ", " "+c.r.Method+" ") {
		c.problem("1.3", "method is %s, not %s", c.r.Method, ep.methods)
		return c.refusal(ep, retMalformed), true
	}
	if c.endpoint != "webwxnewloginpage" && c.r.Header.Get(headerVersion)+c.r.Header.Get(headerSpam) != "" {
		c.problem("3.6", "client-version or extspam stands elsewhere than on webwxnewloginpage")
	}
	if c.r.UserAgent() == "" || strings.HasPrefix(c.r.UserAgent(), "Go-http-client") {
		c.problem("2.3", "User-Agent is %q, not a browser's", c.r.UserAgent())
	}
	return answer{}, false
}

// respond answers without faults.
func (s *Server) respond(c *call, ep endpoint) answer {
	if ok, want := s.rightHost(ep.role, c.r.Host); !ok {
		c.problem("1.1", "host is %s, not %s", c.r.Host, want)
		if ep.role != roleLogin {
			return c.refusal(ep, c.wrongHostRet())
		}
	}
	if ep.raw != nil {
		return ep.raw(c)
	}
	body, ok := c.object()
	if !ok {
		return c.refusal(ep, retMalformed)
	}
	out := ep.blank()
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ret := c.authorizeLocked(body)
	if ret != retOK {
		out.refuse(ret, "")
		return jsonAnswer(out)
	}
	if ep.ticket {
		c.checkTicket(e)
	}
	ep.json(c, e, body, out)
	ans := jsonAnswer(out)
	switch c.endpoint {
	case "webwxinit":
		ans.cookies = []string{s.cookie(c, "wxloadtime", strconv.FormatInt(e.loadTime, 10)+"_expired", s.baseHost(e.helper), s.cfg.SessionLife)}
	case "webwxsync":
		ans.cookies = s.sessionCookies(c, e, strconv.FormatInt(e.loadTime, 10)+"_expired")
	}
	return ans
}

// wrongHostRet is what the real server is known to say on a wrong host (sections
// 4.1, 6.1, 8.1).
func (c *call) wrongHostRet() int {
	switch c.endpoint {
	case "webwxinit":
		return retParameter
	case "webwxuploadmedia":
		return retSessionInvalid
	}
	return retSessionGone
}

// refusal is the answer of an endpoint that says no.
func (c *call) refusal(ep endpoint, ret int) answer {
	switch c.endpoint {
	case "synccheck":
		return checkAnswer(strconv.Itoa(ret), "0")
	case "login":
		return script("window.code=%d;", ret)
	case "jslogin":
		return script(`window.QRLogin.code = %d; window.QRLogin.uuid = "";`, ret)
	case "webwxnewloginpage":
		return refusedPage(ret, "")
	case "webwxpushloginurl":
		return pushAnswer(ret, "", "")
	}
	out := response(&baseAnswer{})
	if ep.blank != nil {
		out = ep.blank()
	}
	out.refuse(ret, "")
	return jsonAnswer(out)
}

func (c *call) write(w http.ResponseWriter, a answer) {
	h := w.Header()
	if a.kind != "" {
		h.Set("Content-Type", a.kind)
	}
	if a.kind == kindScript || c.endpoint == "webwxuploadmedia" {
		h.Set("Access-Control-Allow-Origin", "*")
	}
	for k, v := range a.header {
		h.Set(k, v)
	}
	for _, ck := range a.cookies {
		h.Add("Set-Cookie", ck)
	}
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	// A client that has gone is no concern of the server's.
	_, _ = w.Write(a.body)
}

var deviceIDPattern = regexp.MustCompile(`^e\d{15}$`)

// authorizeLocked checks cookies and BaseRequest and finds the session.
func (c *call) authorizeLocked(body object) (*session, int) {
	base := c.sub(body, "BaseRequest")
	uin, sid, skey := c.loose(base, "Uin"), c.text(base, "Sid"), c.text(base, "Skey")
	if id := c.text(base, "DeviceID"); !deviceIDPattern.MatchString(id) {
		c.problem("2.1", "DeviceID is not e and 15 digits")
	}
	return c.sessionLocked(uin, sid, skey)
}

// sessionLocked finds the session that the keys and cookies belong to, or the
// code to answer with.
func (c *call) sessionLocked(uin, sid, skey string) (*session, int) {
	s := c.srv
	if c.cookie("wxsid") == "" || c.cookie("wxuin") == "" {
		if e := s.bySid[sid]; e == nil || e.dead == 0 && !e.expired(s.now()) {
			c.problem("2.3", "cookies wxsid and wxuin are missing")
		}
		if c.endpoint == "webwxinit" {
			return nil, retParameter
		}
		return nil, retCookies
	}
	e := s.bySid[sid]
	if e == nil {
		c.problem("2.1", "sid belongs to no session")
		return nil, retSessionGone
	}
	if c.cookie("wxsid") != sid || c.cookie("wxuin") != strconv.FormatInt(s.cfg.Uin, 10) {
		c.problem("2.3", "cookies wxsid or wxuin differ from the keys of the request")
		return nil, retCookies
	}
	if uin != strconv.FormatInt(s.cfg.Uin, 10) {
		c.problem("2.1", "uin is not the account's")
		return nil, retSessionGone
	}
	if e.dead != 0 {
		return nil, e.dead
	}
	if ret := c.checkKind(e); ret != retOK {
		return nil, ret
	}
	if !e.knows(skey) {
		c.problem("2.1", "skey is not the session's")
		return nil, retSessionGone
	}
	if e.expired(s.now()) {
		e.dead = retCookies
		s.pokeLocked()
		return nil, retCookies
	}
	return e, retOK
}

// checkTicket accepts both encodings of pass_ticket that were seen to work
// (section 2.2).
func (c *call) checkTicket(e *session) {
	got := c.query.Get("pass_ticket")
	decoded, err := url.PathUnescape(e.passTicket)
	if err != nil {
		decoded = e.passTicket
	}
	switch got {
	case e.passTicket, decoded:
	case "":
		c.problem("2.2", "pass_ticket is missing in the query")
	default:
		c.problem("2.2", "pass_ticket is not the session's")
	}
}

// goneAway tells that a client cut the connection in the middle of a request: any
// client may stop at any time.
func goneAway(r *http.Request, err error) bool {
	return r.Context().Err() != nil || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET)
}
