package wx

import (
	"net/http"
	"net/url"
	"strings"
)

// rewriter sends every request to one server. It stands below the cookie jar, so
// that cookies, Host and Referer stay those of the logical hosts.
type rewriter struct {
	next   http.RoundTripper
	server *url.URL
}

func (rw *rewriter) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(r.Context())
	if out.Host == "" {
		out.Host = r.URL.Host
	}
	out.URL.Scheme = rw.server.Scheme
	out.URL.Host = rw.server.Host
	if prefix := strings.TrimRight(rw.server.EscapedPath(), "/"); prefix != "" {
		out.URL.RawPath = prefix + r.URL.EscapedPath()
		out.URL.Path = strings.TrimRight(rw.server.Path, "/") + r.URL.Path
	}
	resp, err := rw.next.RoundTrip(out)
	if resp != nil {
		// The cookie jar files the answer under the logical host.
		resp.Request = r
	}
	return resp, err
}

// CloseIdleConnections lets http.Client reach the transport below.
func (rw *rewriter) CloseIdleConnections() {
	if t, ok := rw.next.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}
