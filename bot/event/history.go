package event

import "time"

// Line is one line of the history: something that came, or something that was
// decided about it. It holds what is kept, so that Text may be empty.
type Line struct {
	Time time.Time `json:"time"`
	// Out: the daemon's own; else it came.
	Out  bool `json:"out,omitempty"`
	Chat Chat `json:"chat"`
	// By is who wrote it, ByKey the key of that person; of the daemon's own, By is
	// the handler that decided it.
	By    string `json:"by,omitempty"`
	ByKey string `json:"by_key,omitempty"`
	Kind  string `json:"kind"`           // a Kind; of the daemon's own an ActionKind
	Type  string `json:"type,omitempty"` // a MessageType, of messages
	Text  string `json:"text,omitempty"`
	// Outcome is what became of it: of what came, what handled it, "" if it
	// still waits; of the daemon's own a Status.
	Outcome string `json:"outcome,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// ReasonForgotten is why deliveries to somebody who was forgotten end.
const ReasonForgotten = "forgotten"
