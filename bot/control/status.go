package control

import (
	"context"
	"net/http"
	"time"

	"wxbot/bot/event"
)

// Status is how the daemon is doing. It holds no secret and no message text.
type Status struct {
	Version string    `json:"version"`
	Started time.Time `json:"started"`
	State   string    `json:"state"` // for people
	Session Session   `json:"session"`
	Online  bool      `json:"online"`
	Account string    `json:"account,omitempty"` // nickname
	// Heard is when WeChat last answered anything, Polled when it last said that the
	// session is alive, Synced when it last let the daemon fetch messages, Delivered
	// when that brought any. Stalled is since when
	// it announces messages and hands out none.
	Heard     time.Time `json:"heard,omitzero"`
	Polled    time.Time `json:"polled,omitzero"`
	Synced    time.Time `json:"synced,omitzero"`
	Delivered time.Time `json:"delivered,omitzero"`
	Stalled   time.Time `json:"stalled,omitzero"`
	Refusal   string    `json:"refusal,omitempty"`
	// Capabilities is what the mode of login can do.
	Capabilities event.Capabilities `json:"capabilities"`
	Mode         string             `json:"mode"` // of the rules
	Rules        int                `json:"rules"`
	Rev          string             `json:"rev"`
	// Hits is how often each rule fired since the start; a rule that never did is not
	// in it.
	Hits map[string]int `json:"hits,omitempty"`
	// Ambiguous are names that several accounts bear: they were not told apart at
	// the last login.
	Ambiguous []string `json:"ambiguous,omitempty"`
	// Missing are names in the rules that nobody bears.
	Missing []Missing `json:"missing,omitempty"`
	// Broken lists what is wrong with files newer than those in force.
	Broken string `json:"broken,omitempty"`
	// Store is since when the state cannot be written, and why; nil if it can.
	Store   *StoreTrouble `json:"store,omitempty"`
	Plugins []Plugin      `json:"plugins"`
	Inbox   Inbox         `json:"inbox"`
	Outbox  Outbox        `json:"outbox"`
	Brakes  Brakes        `json:"brakes"`
	Alerts  Alerts        `json:"alerts"`
}

// Session is what the session with WeChat is at.
type Session string

// The sessions. Starting: no login goes on yet. Scan: a person must scan and confirm.
// Operator: nobody did, and wxbot qr is waited for. Stalled: it looks alive and brings
// nothing. Retrying: WeChat or the network does not answer.
const (
	SessionStarting Session = "starting"
	SessionScan     Session = "scan"
	SessionOperator Session = "operator"
	SessionOnline   Session = "online"
	SessionStalled  Session = "stalled"
	SessionRetrying Session = "retrying"
	SessionRefused  Session = "refused"
)

// Sessions are all of them.
func Sessions() []Session {
	return []Session{
		SessionStarting, SessionScan, SessionOperator, SessionOnline, SessionStalled, SessionRetrying, SessionRefused,
	}
}

// StoreTrouble tells why the state cannot be written.
type StoreTrouble struct {
	Since time.Time `json:"since"`
	Error string    `json:"error"`
}

// Missing is a name in the rules, or in their settings without a rule, that leads
// nowhere. Group: only groups are meant.
type Missing struct {
	Name  string `json:"name"`
	Rule  string `json:"rule,omitempty"`
	Group bool   `json:"group,omitempty"`
}

// Inbox tells of events that are stored.
type Inbox struct {
	Waiting int `json:"waiting"` // that nobody has dealt with yet
}

// Outbox counts deliveries since the start.
type Outbox struct {
	Waiting int `json:"waiting"`
	Sent    int `json:"sent"`
	Failed  int `json:"failed"`
	Unknown int `json:"unknown"`
	Expired int `json:"expired"`
	// Trial counts what was not sent because the mode is trial.
	Trial int `json:"trial"`
	// Poisoned counts events that are skipped because the daemon died each time
	// they were handled.
	Poisoned int `json:"poisoned"`
}

// Status asks how the daemon is doing.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var s Status
	return s, c.ask(ctx, http.MethodGet, "status", &s)
}
