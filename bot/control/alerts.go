package control

import (
	"context"
	"net/http"
	"time"
)

// Alerts is how telling the operator outside WeChat goes.
type Alerts struct {
	Targets int `json:"targets"`
	// Sent and Failed count since the start, once for each target.
	Sent        int           `json:"sent"`
	Failed      int           `json:"failed"`
	LastFailure *AlertFailure `json:"last_failure,omitempty"`
}

// AlertFailure is a try that failed; there may have been a better one since.
type AlertFailure struct {
	Target string    `json:"target"`
	Event  string    `json:"event"`
	Error  string    `json:"error"`
	At     time.Time `json:"at"`
}

// AlertResult is how a test went for one target. Error is empty if it went well.
type AlertResult struct {
	Target string `json:"target"`
	Error  string `json:"error,omitempty"`
}

// TestAlerts makes the daemon try every target of its alerts, once.
func (c *Client) TestAlerts(ctx context.Context) ([]AlertResult, error) {
	var r []AlertResult
	return r, c.ask(ctx, http.MethodPost, "alerts/test", &r)
}
