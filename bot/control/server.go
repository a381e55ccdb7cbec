// Package control is the door to a running daemon: HTTP with JSON bodies on a Unix
// socket that only the daemon's own user, root and, if one is named, the members of
// a group may use. Server answers for the daemon, Client asks for the command line.
// docs/control.md describes the requests.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"
)

// Failure is the body of an answer that says no.
type Failure struct {
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
}

// Daemon is what the server asks. Its methods may be called concurrently.
type Daemon interface {
	Status(ctx context.Context) (Status, error)
	Reload(ctx context.Context) error
	// QR gives the code shown now; with ask, it first asks for a new round if
	// the daemon waits for an operator.
	QR(ctx context.Context, ask bool) (QR, error)
	// Pause holds everything, or the chat that a name leads to; 0 is until Resume.
	Pause(ctx context.Context, d time.Duration, name string) (Pause, error)
	Resume(ctx context.Context, name string) error
	// ResumePlugin starts a plugin anew that was paused after errors.
	ResumePlugin(ctx context.Context, name string) error
	// TestAlerts tries every target of the alerts once.
	TestAlerts(ctx context.Context) ([]AlertResult, error)
}

// Options configures a Server. Path and Daemon are required; a Daemon that is an
// Archive, a SendDaemon or a ConfigDaemon too is asked for that as well.
type Options struct {
	Path string
	// Group is a group of the system whose members may use the socket; "" is none.
	Group  string
	Daemon Daemon
	// Metrics, if set, are given on the socket too.
	Metrics *Metrics
	Logger  zerolog.Logger
}

// Server serves the socket.
type Server struct {
	opts Options
	l    net.Listener
	// allowed tells whether a peer may ask; it is set with l.
	allowed func(peer) bool
	// stopping is closed when the server ends: streams end then.
	stopping chan struct{}
}

// New checks the options.
func New(o Options) (*Server, error) {
	if o.Path == "" || o.Daemon == nil {
		return nil, errors.New("control: Path and Daemon are required")
	}
	return &Server{opts: o, stopping: make(chan struct{})}, nil
}

const (
	readWait  = 5 * time.Second
	writeWait = 30 * time.Second
	idleWait  = time.Minute
	stopWait  = time.Second
	maxHeader = 16 << 10
	dialWait  = 2 * time.Second
)

// Listen takes the socket. Run does so itself if it was not called before; calling
// it first tells at once of a socket that cannot be had, and clients find the
// daemon from then on.
func (s *Server) Listen(ctx context.Context) error {
	group := -1
	if s.opts.Group != "" {
		var err error
		if group, err = groupID(s.opts.Group); err != nil {
			return err
		}
		if hint := unreachable(s.opts.Path, group); hint != "" {
			s.opts.Logger.Warn().Str("group", s.opts.Group).Str("problem", hint).Msg("the group cannot reach the control socket")
		}
	}
	s.allowed = allow(group)
	l, err := listen(ctx, s.opts.Path, group)
	if err != nil {
		return err
	}
	s.l = l
	return nil
}

// Run serves until ctx ends, then removes the socket.
func (s *Server) Run(ctx context.Context) error {
	if s.l == nil {
		if err := s.Listen(ctx); err != nil {
			return err
		}
	}
	return s.serve(ctx, s.l)
}

func (s *Server) serve(ctx context.Context, l net.Listener) error {
	srv := limited(s.guard(s.handler()))
	srv.ConnContext = withPeer
	srv.RegisterOnShutdown(func() { close(s.stopping) })
	if err := serve(ctx, srv, l, s.opts.Logger); err != nil {
		return fmt.Errorf("control socket %s: %w", s.opts.Path, err)
	}
	return nil
}

// guard lets in who may ask, and is the border at which a panic ends one request.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := peerOf(r.Context())
		if err != nil || !s.allowed(p) {
			s.opts.Logger.Warn().Int("uid", p.uid).AnErr("err", err).Msg("control request refused: another user")
			s.refuse(w, http.StatusForbidden, Failure{
				Error: "this user may not ask the daemon",
				Hint:  "ask as the daemon's user or root, or join the group that socket_group names",
			})
			return
		}
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler { //nolint:errorlint // it is a value to panic with
					panic(v)
				}
				s.opts.Logger.Error().Str("endpoint", r.URL.Path).Str("panic", fmt.Sprint(v)).
					Bytes("stack", debug.Stack()).Msg("control handler panicked")
				s.refuse(w, http.StatusInternalServerError, Failure{Error: "the daemon met a defect: see its log"})
			}
		}()
		next.ServeHTTP(w, r.WithContext(withLanguage(r.Context(), r.Header.Get("Accept-Language"))))
	})
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, r *http.Request) {
		st, err := s.opts.Daemon.Status(r.Context())
		s.answer(w, st, err)
	})
	mux.HandleFunc("POST /v1/reload", func(w http.ResponseWriter, r *http.Request) {
		s.done(w, s.opts.Daemon.Reload(r.Context()))
	})
	mux.HandleFunc("POST /v1/pause", s.pause)
	mux.HandleFunc("POST /v1/resume", s.resume)
	mux.HandleFunc("POST /v1/plugins/resume", s.resumePlugin)
	mux.HandleFunc("POST /v1/alerts/test", func(w http.ResponseWriter, r *http.Request) {
		results, err := s.opts.Daemon.TestAlerts(r.Context())
		s.answer(w, results, err)
	})
	mux.HandleFunc("GET /v1/qr", s.qr(false))
	mux.HandleFunc("POST /v1/qr", s.qr(true))
	s.archiveRoutes(mux)
	s.sendRoutes(mux)
	s.backupRoutes(mux)
	s.accountRoutes(mux)
	s.configRoutes(mux)
	s.traceRoutes(mux)
	profileRoutes(mux)
	if s.opts.Metrics != nil {
		mux.Handle("GET /metrics", s.opts.Metrics.handler())
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, http.StatusNotFound, Failure{
			Error: fmt.Sprintf("there is no %s %s", r.Method, r.URL.Path),
			Hint:  "the daemon and what asks it may be of different versions; see docs/control.md",
		})
	})
	return mux
}

// profileRoutes serve what dumps memory: on the socket, and nowhere else.
func profileRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
}

// answer writes v, or why not.
func (s *Server) answer(w http.ResponseWriter, v any, err error) {
	if err != nil {
		s.refuse(w, http.StatusUnprocessableEntity, Failure{Error: err.Error()})
		return
	}
	s.write(w, http.StatusOK, v)
}

// done tells that something was done, which has no answer, or why not.
func (s *Server) done(w http.ResponseWriter, err error) {
	if err != nil {
		s.answer(w, nil, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) refuse(w http.ResponseWriter, code int, f Failure) { s.write(w, code, f) }

func (s *Server) write(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.opts.Logger.Debug().Err(err).Msg("control answer not written")
	}
}
