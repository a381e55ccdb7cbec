package control

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/rs/zerolog"
)

// limited is a server of HTTP that waits for nobody for ever.
func limited(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadTimeout:       readWait,
		ReadHeaderTimeout: readWait,
		WriteTimeout:      writeWait,
		IdleTimeout:       idleWait,
		MaxHeaderBytes:    maxHeader,
	}
}

// serve runs srv on l until ctx ends, then lets what is under way end within stopWait.
func serve(ctx context.Context, srv *http.Server, l net.Listener, log zerolog.Logger) error {
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }() // waited for below
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWait)
	defer cancel()
	if err := srv.Shutdown(stop); err != nil {
		log.Debug().Err(errors.Join(err, srv.Close())).Msg("connections cut")
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
