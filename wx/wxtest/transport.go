package wxtest

import (
	"crypto/tls"
	"net/http"
	"net/url"
)

// transport sends every request to the server, whatever host its URL names; the
// Host header stays what it was. It sits below cookie jars, so that those see
// the real hosts.
type transport struct {
	base   *http.Transport
	target *url.URL
}

func newTransport(target *url.URL, pipe *pipeListener) *transport {
	base := &http.Transport{
		MaxIdleConnsPerHost: 64,
		ForceAttemptHTTP2:   false,
		// The server's certificate is whatever Config.TLS holds, and its name
		// is none of the hosts asked for.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // G402: reaches only this process's own simulator
	}
	if pipe != nil {
		base.DialContext = pipe.dial
	}
	return &transport{base: base, target: target}
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(r.Context())
	if out.Host == "" {
		out.Host = r.URL.Host
	}
	out.URL.Scheme, out.URL.Host = t.target.Scheme, t.target.Host
	resp, err := t.base.RoundTrip(out)
	if resp != nil {
		resp.Request = r
	}
	return resp, err
}

// CloseIdleConnections is found by http.Client.CloseIdleConnections.
func (t *transport) CloseIdleConnections() { t.base.CloseIdleConnections() }
