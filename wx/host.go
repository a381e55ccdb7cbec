package wx

import (
	"net"
	"net/netip"
	"net/url"
	"strings"
)

// Hosts known before any login (section 1.1).
const (
	loginHost   = "login.wx.qq.com"
	pictureHost = "login.weixin.qq.com"
	hintHost    = "wx.qq.com" // stands in jslogin's redirect_uri; only a hint
)

// hosts are the authorities of one account, and the scheme to reach them by.
type hosts struct {
	Scheme string `json:"scheme"`
	Base   string `json:"base"`
	File   string `json:"file"`
	Push   string `json:"push"`
}

// hostsFrom derives the hosts from redirect_uri (section 1.1). The order of the
// substring tests matters: wx2 and wx8 before any qq.com.
func hostsFrom(redirect *url.URL) hosts {
	base := strings.ToLower(redirect.Host)
	h := hosts{Scheme: "https", Base: base}
	if isLocal(base) || hasPort(base) {
		h.Scheme = redirect.Scheme
	}
	if file, ok := helperHosts(base); ok {
		h.File, h.Push = file, base
		return h
	}
	for _, t := range []struct{ part, name string }{
		{"wx2.qq.com", "wx2.qq.com"},
		{"wx8.qq.com", "wx8.qq.com"},
		{"qq.com", "wx.qq.com"},
		{"web2.wechat.com", "web2.wechat.com"},
		{"wechat.com", "web.wechat.com"},
	} {
		if strings.Contains(base, t.part) {
			h.File, h.Push = "file."+t.name, "webpush."+t.name
			return h
		}
	}
	if isLocal(base) || hasPort(base) {
		h.File, h.Push = base, base
		return h
	}
	h.File, h.Push = "file."+base, "webpush."+base
	return h
}

// isLocal reports whether an authority is an IP address or localhost.
func isLocal(authority string) bool {
	host := hostname(authority)
	if host == "localhost" {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

func hasPort(authority string) bool {
	_, port, err := net.SplitHostPort(authority)
	return err == nil && port != ""
}

// hostname is an authority without port and brackets.
func hostname(authority string) string {
	u := url.URL{Host: authority}
	return u.Hostname()
}

func (h hosts) valid() bool {
	return (h.Scheme == "https" || h.Scheme == "http") && h.Base != "" && h.File != "" && h.Push != ""
}
