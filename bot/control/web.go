package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"
)

// Web serves health and metrics over HTTP to whoever can reach its address. Nothing
// of it acts, and nothing tells of people or of what they write.
//
//	GET /healthz   200 while the daemon's loops go on
//	GET /readyz    200 while the account is online and the state can be written
//	GET /metrics   the metrics, for Prometheus
type Web struct {
	opts WebOptions
	l    net.Listener
}

// WebOptions configures a Web; Addr, Daemon and Metrics are required.
type WebOptions struct {
	Addr    string
	Daemon  Daemon
	Metrics *Metrics
	// Alive, if set, tells whether the daemon's loops go on.
	Alive  func() bool
	Logger zerolog.Logger
}

// NewWeb checks the options.
func NewWeb(o WebOptions) (*Web, error) {
	if o.Addr == "" || o.Daemon == nil || o.Metrics == nil {
		return nil, errors.New("control: Addr, Daemon and Metrics are required")
	}
	return &Web{opts: o}, nil
}

// Listen takes the address. Run is to be called afterwards.
func (w *Web) Listen(ctx context.Context) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", w.opts.Addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	w.l = l
	w.opts.Logger.Info().Str("address", l.Addr().String()).Msg("health and metrics served")
	return nil
}

// Run serves until ctx ends.
func (w *Web) Run(ctx context.Context) error {
	if err := serve(ctx, limited(w.handler()), w.l, w.opts.Logger); err != nil {
		return fmt.Errorf("listen %s: %w", w.opts.Addr, err)
	}
	return nil
}

func (w *Web) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", w.opts.Metrics.handler())
	mux.HandleFunc("GET /healthz", func(rw http.ResponseWriter, _ *http.Request) {
		if w.opts.Alive != nil && !w.opts.Alive() {
			w.tell(rw, "a loop of the daemon is stuck")
			return
		}
		w.tell(rw, "")
	})
	mux.HandleFunc("GET /readyz", func(rw http.ResponseWriter, r *http.Request) {
		w.tell(rw, w.unready(r.Context()))
	})
	return mux
}

// readyMost is how long /readyz waits for the daemon's status.
const readyMost = 5 * time.Second

// unready tells why the daemon cannot serve anybody now; "" if it can.
func (w *Web) unready(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, readyMost)
	defer cancel()
	st, err := w.opts.Daemon.Status(ctx)
	switch {
	case err != nil:
		return "no status"
	case st.Store != nil:
		return "the state cannot be written"
	case st.Session != SessionOnline:
		return "session: " + string(st.Session)
	}
	return ""
}

// tell says ok, or what is wrong.
func (w *Web) tell(rw http.ResponseWriter, wrong string) {
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store")
	text := "ok\n"
	if wrong != "" {
		rw.WriteHeader(http.StatusServiceUnavailable)
		text = wrong + "\n"
	}
	if _, err := rw.Write([]byte(text)); err != nil {
		w.opts.Logger.Debug().Err(err).Msg("health not told")
	}
}

// scrapesMost are scrapes at a time.
const scrapesMost = 4

func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: scrapesMost, ErrorHandling: promhttp.ContinueOnError})
}
