package wx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestDispose(t *testing.T) {
	api := func(ret int) error {
		return fmt.Errorf("wrapped: %w", &APIError{Endpoint: "webwxsync", Ret: ret})
	}
	tests := []struct {
		name string
		err  error
		want Disposition
	}{
		{"nothing", nil, Stop},
		{"1100", api(1100), Relogin},
		{"1101", api(1101), Relogin},
		{"1102", api(1102), Relogin},
		{"-14", api(-14), Relogin},
		{"3", api(3), Retry},
		{"-1", api(-1), Retry},
		{"1105", api(1105), Retry},
		{"1205", api(1205), Retry},
		{"unknown code", api(4711), Retry},
		{"1", api(1), Stop},
		{"-2", api(-2), Stop},
		{"-23", api(-23), Stop},
		{"-2013", api(-2013), Stop},
		{"1200", api(1200), Stop},
		{"1203", api(1203), Stop},
		{"1204", api(1204), Stop},
		{"logged out", &LoggedOutError{Endpoint: "synccheck", Code: 1101}, Relogin},
		{"restricted", &LoggedOutError{Endpoint: "synccheck", Code: 1102, Restricted: true}, Stop},
		{"the sentinel", fmt.Errorf("x: %w", ErrLoggedOut), Relogin},
		{"refused", &RefusedError{Code: 1203}, Stop},
		{"no scan", ErrNoScan, Stop},
		{"unfit", fmt.Errorf("x: %w", errUnfit), Stop},
		{"cancelled", context.Canceled, Stop},
		{"cancelled after bytes were written", fmt.Errorf("%w: %w", ErrUnknownOutcome, context.Canceled), Retry},
		{"status", &statusError{endpoint: "synccheck", status: 502}, Retry},
		{"junk", &answerError{endpoint: "webwxsync", cause: errors.New("x")}, Retry},
		{"cut", fmt.Errorf("webwxsync: %w", io.ErrUnexpectedEOF), Retry},
		{"unknown outcome", fmt.Errorf("x: %w", ErrUnknownOutcome), Retry},
		{"not ready", ErrNotReady, Retry},
		{"anything", errors.New("x"), Retry},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Dispose(tt.err); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestThrottled(t *testing.T) {
	for ret, want := range map[int]bool{1205: true, 1105: true, 1204: false, 0: false, 1101: false} {
		if got := Throttled(fmt.Errorf("x: %w", &APIError{Ret: ret})); got != want {
			t.Errorf("%d: got %t", ret, got)
		}
	}
	if Throttled(nil) || Throttled(errors.New("x")) {
		t.Error("an error without a code is throttled")
	}
}
