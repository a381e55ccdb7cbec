package wx

import (
	"errors"
	"fmt"
)

// ErrUnknownOutcome marks the error of a call that may have been carried out
// although no answer came. Such a call must not be repeated blindly, unless it
// bears the same client message id.
var ErrUnknownOutcome = errors.New("outcome unknown")

// ErrLoggedOut is matched by the error of a session that is over.
var ErrLoggedOut = errors.New("logged out")

// ErrNoScan ends a round of QR codes that nobody scanned and confirmed.
var ErrNoScan = errors.New("no QR code was confirmed")

// ErrNotReady is returned by calls made before the client is logged in.
var ErrNotReady = errors.New("not logged in")

// ErrNoContent is the end of a Fetch for which WeChat gave nothing: not yet, or
// never, as for videos at times.
var ErrNoContent = errors.New("no content")

// ErrTooLarge is the end of a Fetch of more than its limit, and of sending more
// than WeChat takes.
var ErrTooLarge = errors.New("content too large")

// ErrNotForwardable is what Forward returns for messages that the web protocol
// cannot send on.
var ErrNotForwardable = errors.New("cannot be forwarded")

// APIError is an answer whose BaseResponse says no.
type APIError struct {
	Endpoint string // e.g. "webwxsendmsg"
	Ret      int    // protocol section 13.1
	Msg      string // ErrMsg, usually empty
}

func (e *APIError) Error() string {
	if e.Msg != "" {
		return fmt.Sprintf("%s: ret %d: %s", e.Endpoint, e.Ret, e.Msg)
	}
	return fmt.Sprintf("%s: ret %d", e.Endpoint, e.Ret)
}

// LoggedOutError tells why a session ended. It matches ErrLoggedOut.
type LoggedOutError struct {
	Endpoint string
	// Code is 1100, 1101 or 1102; 3 for a session that died silently; 1 for a
	// stored session whose cookies have died.
	Code int
	// Restricted: the session was cut within seconds of a fresh login, which
	// means that the account is restricted. Do not log in again by yourself.
	Restricted bool
}

func (e *LoggedOutError) Error() string {
	if e.Restricted {
		return fmt.Sprintf("%s: cut right after login (%d): the account seems to be restricted", e.Endpoint, e.Code)
	}
	return fmt.Sprintf("%s: logged out (%d)", e.Endpoint, e.Code)
}

// Is makes every LoggedOutError match ErrLoggedOut.
func (e *LoggedOutError) Is(target error) bool { return target == ErrLoggedOut }

// RefusedError tells that WeChat does not let this account use the web client.
type RefusedError struct {
	Code int    // 1203 and others
	Text string // Tencent's own words, to be shown to the operator
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("log in: refused (%d): %s", e.Code, e.Text)
}
