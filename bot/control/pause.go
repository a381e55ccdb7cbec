package control

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Brakes tells what holds answers back.
type Brakes struct {
	// Paused holds everything, Chats single chats.
	Paused *Pause  `json:"paused,omitempty"`
	Chats  []Pause `json:"chats,omitempty"`
	// Owner counts the chats where the account's owner is left to talk.
	Owner int `json:"owner,omitempty"`
	// Warning is what WeChat said about restrictions; nothing unsolicited is sent.
	Warning   string    `json:"warning,omitempty"`
	WarningAt time.Time `json:"warning_at,omitzero"`
	// Throttled are the kinds of action that WeChat stopped.
	Throttled []Throttled `json:"throttled,omitempty"`
	// Rules are those that an admin switched off in a chat.
	Rules []RuleOff `json:"rules,omitempty"`
}

// RuleOff is a rule that is switched off: in some groups, or everywhere if none is
// named.
type RuleOff struct {
	Rule   string    `json:"rule"`
	Since  time.Time `json:"since"`
	Groups []string  `json:"groups,omitempty"`
}

// Pause is one pause. Name is the chat's; "" is all of them. A zero Until is until
// somebody resumes.
type Pause struct {
	Name  string    `json:"name,omitempty"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until,omitzero"`
}

// Throttled is a kind of action that WeChat says comes too often.
type Throttled struct {
	Action string    `json:"action"`
	Until  time.Time `json:"until"`
}

// PauseRequest asks for a pause. For is in seconds; 0 is until somebody resumes.
type PauseRequest struct {
	Name string  `json:"name"`
	For  float64 `json:"for"`
}

// ResumeRequest asks to end the pause of a chat; "" ends all of them.
type ResumeRequest struct {
	Name string `json:"name"`
}

// Pause holds everything back, or one chat, for a time; 0 is until Resume.
func (c *Client) Pause(ctx context.Context, d time.Duration, name string) (Pause, error) {
	var p Pause
	return p, c.do(ctx, call{method: http.MethodPost, what: "pause", in: PauseRequest{Name: name, For: d.Seconds()}, out: &p})
}

// Resume ends the pause of a chat; "" ends all of them.
func (c *Client) Resume(ctx context.Context, name string) error {
	return c.do(ctx, call{method: http.MethodPost, what: "resume", in: ResumeRequest{Name: name}})
}

// pauseMost bounds a pause: beyond it a duration has no meaning.
const pauseMost = 10 * 366 * 24 * time.Hour

func (s *Server) pause(w http.ResponseWriter, r *http.Request) {
	var q PauseRequest
	if !s.read(w, r, &q) {
		return
	}
	if q.For < 0 || q.For > pauseMost.Seconds() {
		s.answer(w, nil, fmt.Errorf("pause: for %v: want 0 to %v seconds", q.For, pauseMost.Seconds()))
		return
	}
	p, err := s.opts.Daemon.Pause(r.Context(), time.Duration(q.For*float64(time.Second)), q.Name)
	s.answer(w, p, err)
}

func (s *Server) resume(w http.ResponseWriter, r *http.Request) {
	var q ResumeRequest
	if !s.read(w, r, &q) {
		return
	}
	s.done(w, s.opts.Daemon.Resume(r.Context(), q.Name))
}
