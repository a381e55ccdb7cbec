// Package control is the door to a running daemon: HTTP with JSON bodies on a
// Unix socket that only the daemon's own user may open. Server answers for the
// daemon, Client asks for the command line.
//
//	GET  /v1/status   Status
//	POST /v1/reload   204, or 422 with Failure
//	POST /v1/pause    PauseRequest, gives Pause
//	POST /v1/resume   ResumeRequest, gives 204
//	POST /v1/plugins/resume   ResumeRequest, gives 204
//	GET  /v1/qr       QR
//	POST /v1/alerts/test   a list of AlertResult
//	POST /v1/qr       QR; asks for a new round of codes if the daemon waits for that
//
// AccountDaemon, Archive and SendDaemon document the rest.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/event"
)

// Status is how the daemon is doing. It holds no secret and no message text.
type Status struct {
	Version string    `json:"version"`
	Started time.Time `json:"started"`
	State   string    `json:"state"`
	Online  bool      `json:"online"`
	Account string    `json:"account,omitempty"` // nickname
	// Heard is when WeChat last answered anything, Synced when it last let the
	// daemon fetch messages, Delivered when that brought any. Stalled is since when
	// it announces messages and hands out none.
	Heard     time.Time `json:"heard,omitzero"`
	Synced    time.Time `json:"synced,omitzero"`
	Delivered time.Time `json:"delivered,omitzero"`
	Stalled   time.Time `json:"stalled,omitzero"`
	Refusal   string    `json:"refusal,omitempty"`
	// Capabilities is what the mode of login can do.
	Capabilities event.Capabilities `json:"capabilities"`
	Mode         string             `json:"mode"` // of the rules
	Rules        int                `json:"rules"`
	Rev          string             `json:"rev"`
	// Ambiguous are names that several accounts bear: they were not told apart at
	// the last login.
	Ambiguous []string `json:"ambiguous,omitempty"`
	// Missing are names in the rules that nobody bears.
	Missing []Missing `json:"missing,omitempty"`
	// Broken lists what is wrong with files newer than those in force.
	Broken  string   `json:"broken,omitempty"`
	Plugins []Plugin `json:"plugins"`
	Outbox  Outbox   `json:"outbox"`
	Brakes  Brakes   `json:"brakes"`
	Alerts  Alerts   `json:"alerts"`
}

// Missing is a name in the rules, or in their settings without a rule, that leads
// nowhere. Group: only groups are meant.
type Missing struct {
	Name  string `json:"name"`
	Rule  string `json:"rule,omitempty"`
	Group bool   `json:"group,omitempty"`
}

// Outbox counts deliveries since the start.
type Outbox struct {
	Waiting int `json:"waiting"`
	Sent    int `json:"sent"`
	Failed  int `json:"failed"`
	Unknown int `json:"unknown"`
	Expired int `json:"expired"`
	// Poisoned counts events that are skipped because the daemon died each time
	// they were handled.
	Poisoned int `json:"poisoned"`
}

// QR is the login code shown now. Payload is a secret of the account: it is only
// for a terminal of the daemon's own user.
type QR struct {
	State   string `json:"state"`
	Payload string `json:"payload,omitempty"`
	Attempt int    `json:"attempt,omitempty"`
	Max     int    `json:"max,omitempty"`
	Online  bool   `json:"online"`
}

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
// Archive too is asked for that as well.
type Options struct {
	Path   string
	Daemon Daemon
	Logger zerolog.Logger
}

// Server serves the socket.
type Server struct {
	opts Options
	l    net.Listener
}

// New checks the options.
func New(o Options) (*Server, error) {
	if o.Path == "" || o.Daemon == nil {
		return nil, errors.New("control: Path and Daemon are required")
	}
	return &Server{opts: o}, nil
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
	l, err := listen(ctx, s.opts.Path)
	s.l = l
	return err
}

// Run serves until ctx ends, then removes the socket.
func (s *Server) Run(ctx context.Context) error {
	if s.l == nil {
		if err := s.Listen(ctx); err != nil {
			return err
		}
	}
	srv := &http.Server{
		Handler:           s.handler(),
		ReadTimeout:       readWait,
		ReadHeaderTimeout: readWait,
		WriteTimeout:      writeWait,
		IdleTimeout:       idleWait,
		MaxHeaderBytes:    maxHeader,
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(s.l) }() // waited for below
	select {
	case err := <-served:
		return fmt.Errorf("control socket %s: %w", s.opts.Path, err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWait)
	defer cancel()
	if err := srv.Shutdown(stop); err != nil {
		err = srv.Close()
		s.opts.Logger.Debug().AnErr("err", err).Msg("control connections cut")
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("control socket %s: %w", s.opts.Path, err)
	}
	return nil
}

// listen takes the socket, over a dead one if need be. The socket is made under
// another name and gets its own when nobody else may connect to it any more.
func listen(ctx context.Context, path string) (net.Listener, error) {
	d := net.Dialer{Timeout: dialWait}
	if c, err := d.DialContext(ctx, "unix", path); err == nil {
		return nil, errors.Join(fmt.Errorf("control socket %s: another daemon answers there", path), c.Close())
	}
	if st, err := os.Lstat(path); err == nil && st.Mode()&fs.ModeSocket == 0 {
		return nil, fmt.Errorf("control socket %s: a file that is no socket is in the way", path)
	}
	making := filepath.Join(filepath.Dir(path), "."+strconv.Itoa(os.Getpid()))
	if err := os.Remove(making); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: making})
	if err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	err = os.Chmod(making, 0o600)
	if err == nil {
		err = os.Rename(making, path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), l.Close())
	}
	l.SetUnlinkOnClose(false) // it would unlink the name that it was made under
	return &socket{UnixListener: l, path: path}, nil
}

// socket is a listener that takes its name with it.
type socket struct {
	*net.UnixListener
	path string
}

func (s *socket) Close() error {
	err := os.Remove(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, s.UnixListener.Close())
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, r *http.Request) {
		st, err := s.opts.Daemon.Status(r.Context())
		s.answer(w, st, err)
	})
	mux.HandleFunc("POST /v1/reload", func(w http.ResponseWriter, r *http.Request) {
		if err := s.opts.Daemon.Reload(r.Context()); err != nil {
			s.answer(w, nil, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /v1/pause", s.pause)
	mux.HandleFunc("POST /v1/resume", s.resume)
	mux.HandleFunc("POST /v1/plugins/resume", s.resumePlugin)
	qr := func(ask bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			q, err := s.opts.Daemon.QR(r.Context(), ask)
			s.answer(w, q, err)
		}
	}
	mux.HandleFunc("POST /v1/alerts/test", func(w http.ResponseWriter, r *http.Request) {
		results, err := s.opts.Daemon.TestAlerts(r.Context())
		s.answer(w, results, err)
	})
	mux.HandleFunc("GET /v1/qr", qr(false))
	mux.HandleFunc("POST /v1/qr", qr(true))
	s.archiveRoutes(mux)
	s.sendRoutes(mux)
	s.accountRoutes(mux)
	s.configRoutes(mux)
	return mux
}

func (s *Server) answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusUnprocessableEntity)
		v = Failure{Error: err.Error()}
	}
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.opts.Logger.Debug().Err(err).Msg("control answer not written")
	}
}
