package luahost

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

const (
	redirectsMost = 5
	// What one plugin may have under way, and how many of its calls may wait for
	// that; and all together.
	requestsMost = 4
	requestQueue = 32
	requestsAll  = 16
	headersMost  = 64 << 10 // bytes of an answer's headers
	// laneHold is how long a request holds up the other messages of its chat.
	laneHold = 3 * time.Second
)

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   []byte
	file   string // path of what was saved instead
}

// taking does something when it is its turn among the requests.
func (p *plugin) taking(ctx context.Context, do func() error) error {
	for _, slots := range []chan struct{}{p.requests, p.host.requests} {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		case <-ctx.Done():
			return errors.New("timeout before its turn came")
		}
	}
	return do()
}

// fetch asks for something and writes the body of the answer, of at most so many
// bytes. Its errors name neither query nor headers.
func (p *plugin) fetch(ctx context.Context, req *http.Request, most int64, to io.Writer) (r reply, err error) {
	err = p.taking(ctx, func() error {
		client, done := p.client(req)
		defer done()
		res, err := client.Do(req.WithContext(ctx))
		if err != nil {
			return plainError(ctx, err)
		}
		defer res.Body.Close()
		n, err := io.Copy(to, io.LimitReader(res.Body, most+1))
		if err != nil {
			return plainError(ctx, err)
		}
		if n > most {
			return fmt.Errorf("the answer has more than %d bytes", most)
		}
		r = reply{status: res.StatusCode, header: res.Header}
		return nil
	})
	return r, err
}

// client makes a client for one request. Connections are not kept: the next plugin
// might not be allowed what this one is.
func (p *plugin) client(first *http.Request) (*http.Client, func()) {
	c := &http.Client{CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) > redirectsMost {
			return &refusedError{fmt.Sprintf("more than %d redirects", redirectsMost)}
		}
		if err := p.access.permit(r.URL); err != nil {
			return err
		}
		if via[len(via)-1].URL.Scheme == "https" && r.URL.Scheme != "https" {
			return &refusedError{"redirected from https to http"}
		}
		r.Header.Del("Referer") // it would hold the query
		if r.URL.Host != first.URL.Host || r.URL.Scheme != first.URL.Scheme {
			for name := range first.Header {
				if name != "User-Agent" && name != "Content-Type" {
					r.Header.Del(name)
				}
			}
		}
		return nil
	}}
	if t := p.host.opts.Transport; t != nil {
		c.Transport = t
		return c, func() {}
	}
	t := &http.Transport{
		DialContext: p.access.dial, DisableKeepAlives: true, MaxResponseHeaderBytes: headersMost,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	c.Transport = t
	return c, t.CloseIdleConnections
}

// plainError says what went wrong without showing what was asked for.
func plainError(ctx context.Context, err error) error {
	if refused, ok := errors.AsType[*refusedError](err); ok {
		return refused
	}
	if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
		return errors.New("timeout")
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return errors.New("host not found")
		}
		return errors.New("host could not be looked up")
	}
	if cert, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("certificate: %w", certificateError(cert))
	}
	if n, ok := errors.AsType[net.Error](err); ok && n.Timeout() {
		return errors.New("timeout")
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the connection ended early")
	}
	if strings.Contains(err.Error(), "invalid header field") {
		return errors.New("a header has a name or value that cannot be sent")
	}
	return errors.New("no proper answer")
}

func certificateError(err *tls.CertificateVerificationError) error {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return errors.New("it is for another host")
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok && e.Reason == x509.Expired {
		return errors.New("it has expired or is not valid yet")
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return errors.New("signed by an unknown authority")
	}
	return errors.New("not valid")
}
