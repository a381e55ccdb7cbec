package wxtest

import (
	"net"
	"net/netip"
	"strings"
)

// role is what a host does (section 1.1).
type role int

const (
	roleLogin role = iota
	roleBase
	roleFile
	rolePush
)

func (r role) String() string {
	return [...]string{"login", "base", "file", "push"}[r]
}

// hostsOf gives the file and push host that belong to a base host.
func hostsOf(base string) (file, push string) {
	switch {
	case isDirect(base) || hasPort(base):
		return base, base
	case strings.Contains(base, "wx2.qq.com"):
		base = "wx2.qq.com"
	case strings.Contains(base, "wx8.qq.com"):
		base = "wx8.qq.com"
	case strings.Contains(base, "qq.com"):
		base = "wx.qq.com"
	case strings.Contains(base, "web2.wechat.com"):
		base = "web2.wechat.com"
	case strings.Contains(base, "wechat.com"):
		base = "web.wechat.com"
	}
	return "file." + base, "webpush." + base
}

func hasPort(host string) bool {
	_, _, err := net.SplitHostPort(host)
	return err == nil
}

// isDirect reports whether a Host header names no logical host: the client was
// pointed straight at the server, which then plays every role.
func isDirect(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if host == "localhost" {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

// isLoginHost knows the hosts on which the login endpoints answer.
func isLoginHost(host string) bool {
	switch host {
	case "login.weixin.qq.com", "login.wx.qq.com", "login.wx2.qq.com", "login.wx8.qq.com",
		"login.wechat.com", "login.web.wechat.com", "login.web2.wechat.com":
		return true
	}
	return false
}

// rightHost reports whether the host plays the role, and else which one would.
func (s *Server) rightHost(r role, host string) (ok bool, want string) {
	if isDirect(host) {
		return true, ""
	}
	file, push := hostsOf(s.cfg.RedirectHost)
	switch r {
	case roleLogin:
		return isLoginHost(host), "login.weixin.qq.com"
	case roleFile:
		return host == file || isHelperFileHost(host), file // checkKind has the rest
	case rolePush:
		return host == push || isHelperHost(host), push
	case roleBase:
	}
	return host == s.cfg.RedirectHost || isHelperHost(host), s.cfg.RedirectHost
}

// scheme is that of the addresses the server gives out.
func (s *Server) scheme() string {
	if isDirect(s.cfg.RedirectHost) || hasPort(s.cfg.RedirectHost) {
		return s.url.Scheme
	}
	return "https"
}

// cookieDomain is the Domain of the cookies that must reach all hosts (section
// 3.5): the registered domain of the base host.
func cookieDomain(base string) string {
	switch {
	case strings.HasSuffix(base, "qq.com"):
		return ".qq.com"
	case strings.HasSuffix(base, "wechat.com"):
		return ".wechat.com"
	}
	return base
}
