package bot

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// plainNetError tells what went wrong with a request in words that are known to
// hold no part of it: net/http puts the whole URL into its errors, and a URL of a
// webhook is a secret. Of an unknown error it tells the type.
func plainNetError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	for _, known := range []error{errAlertElsewhere, errAlertRedirect} {
		if errors.Is(err, known) {
			return &refusedAlertError{known.Error()}
		}
	}
	op, isOp := errors.AsType[*net.OpError](err)
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		if isOp && op.Op == "proxyconnect" {
			return fmt.Errorf("look up the proxy: %s", e.Err)
		}
		return fmt.Errorf("look up the host: %s", e.Err)
	}
	if isOp && !op.Timeout() {
		return fmt.Errorf("%s: %w", op.Op, innermost(op))
	}
	if e, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Errorf("certificate: %w", e.Err)
	}
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return errors.New("no answer in time")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the connection was closed without an answer")
	case errors.Is(err, http.ErrSchemeMismatch):
		return errors.New("the host answers http, not https")
	}
	return fmt.Errorf("request not done: %T", innermost(err))
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

func innermost(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
