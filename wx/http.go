package wx

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"wxbot/wx/internal/wire"
)

// class groups calls that share a deadline and a cap on the answer.
type class int

const (
	classControl class = iota
	classPoll
	classPicture
	classContacts
	classUpload
	classMedia
)

// timeout is how long a call may take altogether. The server holds polls about
// 25 s (section 14).
func (k class) timeout() time.Duration {
	switch k {
	case classPoll:
		return 35 * time.Second
	case classPicture:
		return 5 * time.Second
	case classContacts, classUpload:
		return 60 * time.Second
	case classMedia:
		return 5 * time.Minute
	case classControl:
	}
	return 15 * time.Second
}

// limit is the most bytes of an answer that are read.
func (k class) limit() int64 {
	if k == classContacts {
		return 32 << 20
	}
	return 1 << 20
}

const (
	typeJSON = "application/json; charset=UTF-8"
	typeForm = "application/x-www-form-urlencoded"
	// idleConn is below what servers commonly keep idle connections open for: a
	// send on a connection that the server has just closed ends with an unknown
	// outcome.
	idleConn = 30 * time.Second
	// idleConns is how many connections to a host are kept for the next requests: as
	// many as calls may be under way, since each beyond costs a TLS handshake.
	idleConns   = 16
	dialTimeout = 10 * time.Second
)

// call is one request. Without a body it is a GET.
type call struct {
	endpoint    string // for errors and logs
	class       class
	url         string
	referer     string
	contentType string
	size        int64
	body        func() io.Reader // opened anew for every try
	anyStatus   bool             // the body counts whatever the status
	ranged      bool             // with a Range header over the whole
	header      map[string]string
	// take, if set, gets an answer with status 200 or 206 instead of its body
	// being read into memory, and must bound what it reads.
	take func(*http.Response) error
	// effect: the call changes something at the server, so that an error after
	// bytes were written leaves its outcome unknown.
	effect bool
}

type answer struct {
	status int
	body   []byte
}

func newTransport(server *url.URL) *http.Transport {
	t := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout: dialTimeout,
		MaxIdleConnsPerHost: idleConns,
		IdleConnTimeout:     idleConn,
		Protocols:           new(http.Protocols),
	}
	// On HTTP/2 a dead connection takes every later request with it until TCP
	// gives up; on HTTP/1 a poll that timed out leaves with its connection.
	t.Protocols.SetHTTP1(true)
	if server == nil {
		t.Proxy = http.ProxyFromEnvironment
	}
	return t
}

// do performs one request: the only place of this package that does. Its errors
// name the endpoint and hold neither URL nor body. When ctx has ended it returns
// ctx.Err(), together with ErrUnknownOutcome if that is so.
func (c *Client) do(ctx context.Context, q call) (answer, error) {
	started := time.Now()
	var sent atomic.Bool
	a, err := c.exchange(ctx, q, &sent)
	switch {
	case err == nil:
	case ctx.Err() != nil && !(q.effect && sent.Load()):
		err = ctx.Err()
	case ctx.Err() != nil:
		err = fmt.Errorf("%s: %w: %w", q.endpoint, ErrUnknownOutcome, ctx.Err())
	case q.effect && sent.Load():
		err = fmt.Errorf("%s: %w: %w", q.endpoint, ErrUnknownOutcome, err)
	default:
		err = fmt.Errorf("%s: %w", q.endpoint, err)
	}
	c.log.Debug().Str("endpoint", q.endpoint).Int("status", a.status).
		Dur("took", time.Since(started)).AnErr("err", err).Msg("request done")
	if err != nil {
		return answer{}, err
	}
	if !q.fits(a.status) {
		err = &statusError{endpoint: q.endpoint, status: a.status}
		if q.effect && a.status >= http.StatusInternalServerError {
			err = fmt.Errorf("%w: %w", err, ErrUnknownOutcome)
		}
		return answer{}, err
	}
	c.health.noteHeard(time.Now())
	return a, nil
}

// fits reports whether the body of an answer with that status counts.
func (q *call) fits(status int) bool {
	return q.anyStatus || status == http.StatusOK || q.take != nil && status == http.StatusPartialContent
}

// exchange sends the request and reads the answer within the class's deadline.
func (c *Client) exchange(ctx context.Context, q call, sent *atomic.Bool) (answer, error) {
	bounded, cancel := context.WithTimeout(ctx, q.class.timeout())
	defer cancel()
	r, err := c.request(bounded, q, sent)
	if err != nil {
		return answer{}, withoutURL(err)
	}
	resp, err := c.web.Do(r)
	if err != nil {
		if bounded.Err() != nil && ctx.Err() == nil {
			return answer{}, fmt.Errorf("no answer within %s", q.class.timeout())
		}
		return answer{}, withoutURL(err)
	}
	defer func() {
		// Draining a little lets the connection be used again.
		_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
		_ = resp.Body.Close()
	}()
	var body []byte
	if q.take == nil {
		body, err = io.ReadAll(io.LimitReader(resp.Body, q.class.limit()+1))
	} else if q.fits(resp.StatusCode) {
		err = q.take(resp)
	}
	if err != nil {
		if bounded.Err() != nil && ctx.Err() == nil {
			return answer{}, fmt.Errorf("answer not complete within %s", q.class.timeout())
		}
		return answer{}, fmt.Errorf("read answer: %w", withoutURL(err))
	}
	if int64(len(body)) > q.class.limit() {
		return answer{}, fmt.Errorf("answer of more than %d bytes", q.class.limit())
	}
	return answer{status: resp.StatusCode, body: body}, nil
}

func (c *Client) request(ctx context.Context, q call, sent *atomic.Bool) (*http.Request, error) {
	if q.body == nil {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, q.url, nil)
		if err != nil {
			return nil, err
		}
		c.header(r, q)
		return r, nil
	}
	open := func() (io.ReadCloser, error) {
		return io.NopCloser(&watchedBody{next: q.body(), read: sent}), nil
	}
	body, err := open()
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, q.url, body)
	if err != nil {
		return nil, err
	}
	// With GetBody the transport can repeat a request of which no byte was
	// written, and only such a one, since it is a POST.
	r.GetBody = open
	r.ContentLength = q.size
	r.Header.Set("Content-Type", q.contentType)
	c.header(r, q)
	return r, nil
}

func (c *Client) header(r *http.Request, q call) {
	r.Header.Set("User-Agent", c.opts.UserAgent)
	if q.ranged {
		r.Header.Set("Range", "bytes=0-")
	}
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	if q.referer != "" {
		r.Header.Set("Referer", q.referer)
	}
}

// watchedBody notes that the transport has begun to send the body.
type watchedBody struct {
	next io.Reader
	read *atomic.Bool
}

func (w *watchedBody) Read(p []byte) (int, error) {
	w.read.Store(true)
	return w.next.Read(p)
}

// withoutURL strips the URL, which holds keys, from an error of net/http.
func withoutURL(err error) error {
	for {
		e, ok := err.(*url.Error) //nolint:errorlint // only the outermost wraps are to go
		if !ok {
			return err
		}
		err = e.Err
	}
}

// ask performs a call with a JSON answer. A Ret other than 0 is an *APIError.
func (c *Client) ask(ctx context.Context, q call, into wire.Coded) error {
	a, err := c.do(ctx, q)
	if err != nil {
		return err
	}
	if err := wire.Decode(a.body, into); err != nil {
		return q.unclear(err)
	}
	if ret := into.Ret(); ret != 0 {
		return &APIError{Endpoint: q.endpoint, Ret: ret, Msg: wire.DecodeName(into.ErrMsg())}
	}
	return nil
}

// unclear names the endpoint of an answer that cannot be understood.
func (q call) unclear(err error) error {
	if q.effect {
		return fmt.Errorf("%s: %w: %w", q.endpoint, ErrUnknownOutcome, err)
	}
	return &answerError{endpoint: q.endpoint, cause: err}
}

// answerError marks an answer that came but makes no sense.
type answerError struct {
	endpoint string
	cause    error
}

func (e *answerError) Error() string { return e.endpoint + ": " + e.cause.Error() }
func (e *answerError) Unwrap() error { return e.cause }

// withJSON gives a call a JSON body.
func (q call) withJSON(v any) (call, error) {
	b, err := wire.Marshal(v)
	if err != nil {
		return q, fmt.Errorf("%s: %w", q.endpoint, err)
	}
	q.contentType = typeJSON
	return q.withBytes(b), nil
}

func (q call) withBytes(b []byte) call {
	q.size = int64(len(b))
	q.body = func() io.Reader { return bytes.NewReader(b) }
	return q
}
