package wx

import (
	"context"
	"errors"
	"fmt"
)

// Disposition says what an error of this package asks for.
type Disposition int

// The dispositions.
const (
	// Retry: the same call may succeed later. Wait with a growing pause; for
	// calls without a client message id look at ErrUnknownOutcome first.
	Retry Disposition = iota
	// Relogin: the session is over.
	Relogin
	// Stop: repeating the call cannot help.
	Stop
)

func (d Disposition) String() string {
	switch d {
	case Retry:
		return "retry"
	case Relogin:
		return "relogin"
	case Stop:
		return "stop"
	}
	return "unknown"
}

// Codes of section 13.1 that are named in more than one place.
const (
	retThrottled       = 1205
	retThrottledAPI    = 1105
	retRefused         = 1203
	retDead            = 3
	retSessionMissing  = 1100
	retSessionInvalid  = 1101
	retCookiesInvalid  = 1102
	retTicket          = -14
	retParameter       = 1
	retLogic           = -2
	retNotFriend       = 1204
	retMalformed       = 1200
	retPartly          = -2013
	retInviteToLarge   = -23
	retSystem          = -1
	deadAnswersToLeave = 3
)

// Dispose tells what an error asks for. Unknown errors and codes ask for Retry.
// A nil error is Stop: there is nothing to repeat.
func Dispose(err error) Disposition {
	if err == nil {
		return Stop
	}
	if e, ok := errors.AsType[*LoggedOutError](err); ok {
		if e.Restricted {
			return Stop
		}
		return Relogin
	}
	if e, ok := errors.AsType[*APIError](err); ok {
		return disposeRet(e.Ret)
	}
	if _, ok := errors.AsType[*RefusedError](err); ok {
		return Stop
	}
	switch {
	case errors.Is(err, ErrLoggedOut):
		return Relogin
	case errors.Is(err, ErrNoScan), errors.Is(err, errUnfit), errors.Is(err, ErrTooLarge),
		errors.Is(err, ErrNotForwardable),
		errors.Is(err, context.Canceled) && !errors.Is(err, ErrUnknownOutcome):
		return Stop
	}
	return Retry
}

func disposeRet(ret int) Disposition {
	switch {
	case sessionOver(ret), ret == retTicket:
		return Relogin
	}
	switch ret {
	case retParameter, retLogic, retRefused, retNotFriend, retMalformed, retPartly, retInviteToLarge:
		return Stop
	}
	// 1205, 1105, -1, 3 and whatever is not known.
	return Retry
}

func knownRet(ret int) bool {
	switch ret {
	case retThrottled, retThrottledAPI, retSystem, retDead:
		return true
	}
	return disposeRet(ret) != Retry
}

// Throttled reports whether an error says that the account did something too
// often. Stop that kind of action for 30 minutes, doubling (section 16).
func Throttled(err error) bool {
	e, ok := errors.AsType[*APIError](err)
	return ok && (e.Ret == retThrottled || e.Ret == retThrottledAPI)
}

// sessionOver reports whether a code means that the session has ended, whichever
// of its three names the server gives that (section 6.1).
func sessionOver(code int) bool {
	return code == retSessionMissing || code == retSessionInvalid || code == retCookiesInvalid
}

// errUnfit marks arguments that no server would take.
var errUnfit = errors.New("unfit argument")

// statusError is an HTTP status that the protocol does not use (section 13.2).
type statusError struct {
	endpoint string
	status   int
}

func (e *statusError) Error() string { return fmt.Sprintf("%s: status %d", e.endpoint, e.status) }
