package wxtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"wxbot/wx"
)

// ErrClosed is what waiting calls return when the server has been closed.
var ErrClosed = errors.New("wxtest: server closed")

// Server is a simulated WeChat with one account. All methods may be called
// concurrently.
type Server struct {
	cfg       Config
	url       *url.URL
	http      *http.Server
	transport *transport
	endpoints map[string]endpoint
	problems  problems
	faults    faults
	control   *control // nil unless Config.Control

	closing chan struct{}
	serving sync.WaitGroup // the accept loop and every request being answered

	mu      sync.Mutex
	closed  bool
	changed chan struct{} // closed and replaced whenever something waited for may have happened
	world   world
	desk    desk
	session *session            // the newest, nil before the first login
	bySid   map[string]*session // this and the sessions before it
	retired map[string]bool     // user names of earlier sessions
	refusal refusal
	// pushable are the long-lived cookies of logins: webwx_auth_ticket by
	// webwxuvid.
	pushable map[string]string
	// phoneAway: the phone is offline for longer than sessions bear.
	phoneAway bool
	journal   journal
	traffic   traffic
	batches   []time.Time // recent webwxbatchgetcontact calls
}

// NewServer starts a server on a loopback port. It is closed when the test ends,
// which then fails for every Problem, unless Config.Lenient is set.
func NewServer(tb TB, cfg Config) *Server {
	tb.Helper()
	s, err := Start(cfg)
	if err != nil {
		tb.Fatalf("wxtest: %v", err)
		return nil
	}
	s.attach(tb)
	return s
}

// NewBubble starts a server in memory, for use inside testing/synctest: nothing
// in it blocks other than durably, and all its goroutines end when the test does.
// It can be reached through Transport only. Config.Addr and TLS are not used.
func NewBubble(tb TB, cfg Config) *Server {
	tb.Helper()
	ln := newPipeListener()
	s := newServer(cfg, &url.URL{Scheme: "http", Host: "127.0.0.1"}, ln)
	s.serve(ln)
	s.attach(tb)
	return s
}

// Start starts a server on Config.Addr, for programs. The caller closes it.
func Start(cfg Config) (*Server, error) {
	cfg.setDefaults()
	// The listener ends with Close, not with a context.
	ln, err := net.Listen("tcp", cfg.Addr) //nolint:noctx // Start has no context to give
	if err != nil {
		return nil, fmt.Errorf("listen %s: %w", cfg.Addr, err)
	}
	target := &url.URL{Scheme: "http", Host: ln.Addr().String()}
	s := newServer(cfg, target, nil)
	if cfg.TLS != nil {
		target.Scheme = "https"
		s.http.TLSConfig = cfg.TLS.Clone()
		s.serveTLS(ln)
	} else {
		s.serve(ln)
	}
	return s, nil
}

func newServer(cfg Config, target *url.URL, pipe *pipeListener) *Server {
	cfg.setDefaults()
	s := &Server{
		cfg:       cfg,
		url:       target,
		transport: newTransport(target, pipe),
		closing:   make(chan struct{}),
		changed:   make(chan struct{}),
		bySid:     map[string]*session{},
		retired:   map[string]bool{},
		pushable:  map[string]string{},
		refusal:   refusal{code: cfg.RefuseCode, text: cfg.RefuseText},
		traffic:   traffic{counts: map[string]int{}},
	}
	if s.cfg.RedirectHost == "self" {
		s.cfg.RedirectHost = target.Host
	}
	s.world.init(s)
	s.endpoints = s.routes()
	if cfg.Control {
		s.control = newControl(s)
	}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 30 * time.Second, Protocols: new(http.Protocols)}
	// Faults take connections over, which HTTP/2 does not allow.
	s.http.Protocols.SetHTTP1(true)
	return s
}

func (s *Server) serve(ln net.Listener) {
	s.serving.Go(func() {
		// Serve returns when Close closes the listener; its error says no more
		// than that.
		_ = s.http.Serve(ln)
	})
}

func (s *Server) serveTLS(ln net.Listener) {
	s.serving.Go(func() { _ = s.http.ServeTLS(ln, "", "") })
}

func (s *Server) attach(tb TB) {
	tb.Cleanup(func() {
		tb.Helper()
		if err := s.Close(); err != nil {
			tb.Errorf("wxtest: %v", err)
		}
		if s.cfg.Lenient {
			return
		}
		for _, p := range s.Problems() {
			tb.Errorf("wxtest: %v", p)
		}
	})
}

// URL is where the server listens, such as "http://127.0.0.1:41234".
func (s *Server) URL() string { return s.url.String() }

// Transport reaches this server whatever host a request names.
func (s *Server) Transport() http.RoundTripper { return s.transport }

// Options are options for a wx.Client of this server; the caller adds the Sink.
func (s *Server) Options() wx.Options {
	return wx.Options{Server: s.URL(), Transport: s.transport, Lang: s.cfg.Lang}
}

// Close ends every request and connection and waits for them. It may be called
// more than once.
func (s *Server) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	close(s.closing)
	s.mu.Unlock()
	err := s.http.Close()
	s.transport.CloseIdleConnections()
	s.serving.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

// begin counts a request in, so that Close waits for it.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.serving.Add(1)
	return true
}

func (s *Server) now() time.Time { return s.cfg.Now() }

// pokeLocked wakes everybody who waits for a change.
func (s *Server) pokeLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// await waits until ready, which is called with the lock held, reports true.
func (s *Server) await(ctx context.Context, ready func() bool) error {
	for {
		s.mu.Lock()
		ok, changed := ready(), s.changed
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-s.closing:
			return ErrClosed
		}
	}
}

// hold waits as await does, but for Config.Hold at most, and gives up silently.
func (s *Server) hold(ctx context.Context, ready func() bool) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Hold)
	defer cancel()
	// Which of the ends it was does not matter: the answer is made from what is
	// the case then, and nobody reads it if the client has gone.
	_ = s.await(ctx, ready)
}
