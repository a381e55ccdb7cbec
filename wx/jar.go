package wx

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Limits of the jar. WeChat sets about ten cookies; the caps only bound what a
// broken server could make us keep.
const (
	maxCookies     = 200
	maxCookieBytes = 8 << 10
)

// cookie is one cookie with everything that must survive a restart.
type cookie struct {
	Name     string    `json:"name"`
	Value    string    `json:"value"`
	Domain   string    `json:"domain"` // without a leading dot
	Path     string    `json:"path"`
	Expires  time.Time `json:"expires,omitzero"` // zero: none given
	Secure   bool      `json:"secure,omitempty"`
	HostOnly bool      `json:"host_only,omitempty"`
}

// jar is a cookie jar whose content can be stored with all attributes, which
// net/http/cookiejar cannot: webwx_data_ticket of .qq.com must reach the file
// and push hosts after a restart too (section 3.5). Safe for concurrent use.
type jar struct {
	// oneServer: every host is one server, as Options.Server says. Servers that
	// stand for WeChat may set cookies carelessly, so there a cookie without a
	// fitting domain goes to every host, and a date of long ago is no expiry.
	oneServer bool

	mu      sync.Mutex
	cookies []cookie
	changes int // counts changes, expiry dates included
}

var _ http.CookieJar = (*jar)(nil)

func newJar(stored []cookie, oneServer bool) *jar {
	return &jar{cookies: slices.Clone(stored), oneServer: oneServer}
}

// SetCookies keeps what an answer sets. Domains that are not the host's own are
// refused, except that for an IP address or localhost such a cookie becomes
// host-only, so that a simulated server may set the real domains.
func (j *jar) SetCookies(u *url.URL, set []*http.Cookie) {
	now := time.Now()
	host := strings.ToLower(u.Hostname())
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, hc := range set {
		c, ok := j.accept(host, u, hc, now)
		if !ok {
			continue
		}
		j.putLocked(c, hc.MaxAge < 0 || !c.Expires.IsZero() && !c.Expires.After(now))
	}
}

func (j *jar) accept(host string, u *url.URL, hc *http.Cookie, now time.Time) (cookie, bool) {
	if hc.Name == "" || len(hc.Name)+len(hc.Value) > maxCookieBytes {
		return cookie{}, false
	}
	c := cookie{Name: hc.Name, Value: hc.Value, Domain: host, HostOnly: true, Path: hc.Path, Secure: hc.Secure, Expires: hc.Expires}
	domain := strings.ToLower(strings.TrimPrefix(hc.Domain, "."))
	switch {
	case domain == "" || domain == host && isLocal(host):
	case strings.Contains(domain, ".") && domainMatch(host, domain) && !isLocal(host):
		c.Domain, c.HostOnly = domain, false
	case isLocal(host), j.oneServer:
	default:
		return cookie{}, false
	}
	if !strings.HasPrefix(c.Path, "/") {
		c.Path = defaultPath(u.Path)
	}
	if hc.MaxAge > 0 {
		c.Expires = now.Add(time.Duration(min(hc.MaxAge, 1<<31)) * time.Second)
	}
	if j.oneServer && hc.Value != "" && !c.Expires.After(now) {
		c.Expires = time.Time{}
	}
	c.Expires = c.Expires.UTC()
	if c.Expires.IsZero() {
		c.Expires = time.Time{}
	}
	return c, true
}

func (j *jar) putLocked(c cookie, remove bool) {
	i := slices.IndexFunc(j.cookies, func(o cookie) bool {
		return o.Name == c.Name && o.Domain == c.Domain && o.Path == c.Path
	})
	switch {
	case remove && i >= 0:
		j.cookies = slices.Delete(j.cookies, i, i+1)
	case remove:
		return
	case i >= 0:
		if j.cookies[i] == c {
			return
		}
		j.cookies[i] = c
	case len(j.cookies) >= maxCookies:
		return
	default:
		j.cookies = append(j.cookies, c)
	}
	j.changes++
}

// Cookies are those to send to u, longest path first.
func (j *jar) Cookies(u *url.URL) []*http.Cookie {
	now := time.Now()
	host := strings.ToLower(u.Hostname())
	secure := u.Scheme == "https" || isLocal(host)
	path := u.Path
	if path == "" {
		path = "/"
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	var fit []cookie
	for _, c := range j.cookies {
		if !c.Expires.IsZero() && !c.Expires.After(now) || c.Secure && !secure || !pathMatch(path, c.Path) {
			continue
		}
		if c.HostOnly && (host == c.Domain || j.oneServer) || !c.HostOnly && domainMatch(host, c.Domain) {
			fit = append(fit, c)
		}
	}
	slices.SortStableFunc(fit, func(a, b cookie) int { return len(b.Path) - len(a.Path) })
	out := make([]*http.Cookie, 0, len(fit))
	for _, c := range fit {
		out = append(out, &http.Cookie{Name: c.Name, Value: c.Value})
	}
	return out
}

// value gives a cookie as it would be sent to u, "" if there is none.
func (j *jar) value(u *url.URL, name string) string {
	for _, c := range j.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// clear forgets everything.
func (j *jar) clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.cookies = nil
	j.changes++
}

// snapshot gives a copy of what is kept and the count of changes so far.
func (j *jar) snapshot() (cookies []cookie, changes int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.cookies), j.changes
}

func domainMatch(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain)
}

func pathMatch(path, cookiePath string) bool {
	rest, ok := strings.CutPrefix(path, cookiePath)
	return ok && (rest == "" || strings.HasSuffix(cookiePath, "/") || rest[0] == '/')
}

// defaultPath is the directory of a request path (RFC 6265, 5.1.4).
func defaultPath(path string) string {
	i := strings.LastIndexByte(path, '/')
	if i <= 0 || path[0] != '/' {
		return "/"
	}
	return path[:i]
}
