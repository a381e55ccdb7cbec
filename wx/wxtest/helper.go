package wxtest

import "net/url"

// The file transfer helper (section 18.1) is a web page of its own for accounts
// that may have lost web login: the same calls, at other hosts, and nobody to
// talk to but 文件传输助手. Which of the two a login is, the appid of its code says.
const (
	helperAppID = "wx_webfilehelper"
	// helperParameter is a header of webwxinit and webwxsync, and a parameter of
	// synccheck and webwxgetmedia.
	helperParameter = "mmweb_appid"
)

// isHelperHost knows the hosts of the file transfer helper. Each is base and push
// host in one, and an account may be served by either.
func isHelperHost(host string) bool {
	return host == "filehelper.weixin.qq.com" || host == "szfilehelper.weixin.qq.com"
}

// isHelperFileHost knows the file hosts that belong to them.
func isHelperFileHost(host string) bool { return host == "file.wx.qq.com" || host == "file.wx2.qq.com" }

// checkHelperCode wants a redirect_uri that leads to the helper and was encoded
// twice.
func (c *call) checkHelperCode() {
	once := c.query.Get("redirect_uri")
	twice, err := url.QueryUnescape(once)
	if err != nil || twice == once {
		c.problem("18.1", "redirect_uri is not encoded twice")
		return
	}
	if u, err := url.Parse(twice); err != nil || !isHelperHost(u.Host) || u.Path != cgiPrefix+"webwxnewloginpage" {
		c.problem("18.1", "redirect_uri does not lead to webwxnewloginpage of the file transfer helper")
	}
}

// baseHost is where a login leads.
func (s *Server) baseHost(helper bool) string {
	if helper && !isDirect(s.cfg.RedirectHost) && !hasPort(s.cfg.RedirectHost) {
		return s.cfg.HelperHost
	}
	return s.cfg.RedirectHost
}

// checkKind wants a request of a session to go to a host of its kind, and to bear
// what the helper's requests bear. It gives the code to answer with.
func (c *call) checkKind(e *session) int {
	host, ep := c.r.Host, c.srv.endpoints[c.endpoint]
	if !e.helper {
		if isHelperHost(host) {
			c.problem("18.1", "%s is for the file transfer helper alone", host)
			return c.wrongHostRet()
		}
		return retOK
	}
	fits := isHelperHost(host)
	if ep.role == roleFile {
		fits = isHelperFileHost(host)
	}
	if !fits && !isDirect(host) {
		c.problem("18.1", "host is %s, which is none of the file transfer helper's", host)
		return c.wrongHostRet()
	}
	c.checkHelperMark()
	switch c.endpoint {
	case "webwxgetcontact", "webwxbatchgetcontact", "webwxverifyuser", "webwxoplog",
		"webwxcreatechatroom", "webwxupdatechatroom", "webwxgetheadimg":
		c.problem("18.1", "the file transfer helper has no contacts")
		return retParameter
	}
	return retOK
}

func (c *call) checkHelperMark() {
	switch c.endpoint {
	case "webwxinit", "webwxsync":
		if c.r.Header.Get(helperParameter) != helperAppID {
			c.problem("18.1", "header %s is %q", helperParameter, c.r.Header.Get(helperParameter))
		}
	case "synccheck", "webwxgetmedia":
		if c.query.Get(helperParameter) != helperAppID {
			c.problem("18.1", "parameter %s is %q", helperParameter, c.query.Get(helperParameter))
		}
	}
}

// reaches reports whether a message between these is one that the session is
// told.
func (e *session) reaches(env envelope) bool {
	helper := e.srv.world.fileHelper
	return !e.helper || env.group == nil && (env.from == helper || env.to == Chat(helper))
}
