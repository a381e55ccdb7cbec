package control

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"time"

	"wxbot/bot/lang"
)

var (
	// ErrNoDaemon tells that nobody answers on the socket.
	ErrNoDaemon = lang.Errorf("no daemon answers")
	// ErrNotAllowed tells that this user may not use the socket.
	ErrNotAllowed = lang.Errorf("not allowed")
)

// RefusedError is the daemon's no to a request.
type RefusedError struct {
	Failure
	Status int // of HTTP
}

func (e *RefusedError) Error() string { return e.Failure.Error }

// Is reports that a request was refused because of who asked.
func (e *RefusedError) Is(target error) bool {
	return target == ErrNotAllowed && e.Status == http.StatusForbidden
}

// Client asks a running daemon. It is safe for concurrent use.
type Client struct {
	// Language is that of texts in answers; "" leaves it to the daemon. It is set
	// before the first question.
	Language lang.Language

	path string
	http *http.Client
}

const (
	askWait   = 30 * time.Second
	maxAnswer = 16 << 20
)

// NewClient makes a client of the socket at path. Nothing is opened yet.
func NewClient(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		d := net.Dialer{Timeout: dialWait}
		return d.DialContext(ctx, "unix", path)
	}
	return &Client{path: path, http: &http.Client{
		Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true},
	}}
}

// Reload asks the daemon to load rules and plugins anew.
func (c *Client) Reload(ctx context.Context) error {
	return c.ask(ctx, http.MethodPost, "reload", nil)
}

func (c *Client) ask(ctx context.Context, method, what string, out any) error {
	return c.do(ctx, call{method: method, what: what, out: out})
}

// call is one question to the daemon.
type call struct {
	method, what string
	query        string
	in, out      any           // JSON bodies; nil is none
	wait         time.Duration // 0 is askWait
}

func (c *Client) do(ctx context.Context, k call) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(k.wait, askWait))
	defer cancel()
	resp, err := c.request(ctx, k)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err == nil && k.out != nil {
		err = json.Unmarshal(body, k.out)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", k.what, err)
	}
	return nil
}

// request asks and gives the answer, unless that says no.
func (c *Client) request(ctx context.Context, k call) (*http.Response, error) {
	what := k.what
	var in io.Reader = http.NoBody
	if k.in != nil {
		b, err := json.Marshal(k.in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		in = bytes.NewReader(b)
	}
	u := url.URL{Scheme: "http", Host: "wxbot", Path: "/v1/" + what, RawQuery: k.query}
	req, err := http.NewRequestWithContext(ctx, k.method, u.String(), in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if c.Language != "" {
		req.Header.Set("Accept-Language", string(c.Language))
	}
	resp, err := c.http.Do(req)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" {
			if errors.Is(err, fs.ErrPermission) {
				return nil, lang.Errorf("%s: %s to use %s", what, ErrNotAllowed, c.path)
			}
			return nil, lang.Errorf("%s: %s on %s", what, ErrNoDaemon, c.path)
		}
		// The address in url.Error holds what was asked.
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err
		}
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if resp.StatusCode < http.StatusBadRequest {
		return resp, nil
	}
	defer resp.Body.Close()
	var f Failure
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&f); err != nil || f.Error == "" {
		return nil, fmt.Errorf("%s: status %d", what, resp.StatusCode)
	}
	return nil, &RefusedError{Failure: f, Status: resp.StatusCode}
}
