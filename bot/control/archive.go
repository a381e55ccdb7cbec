package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"wxbot/bot/event"
)

// Archive is what a daemon that keeps a history answers as well:
//
//	GET  /v1/history  History; ?chat=NAME for one chat, &n=50 for how many lines
//	POST /v1/forget   Forgotten; the body is ForgetRequest
//
// Its methods may be called concurrently.
type Archive interface {
	// History gives the newest n lines, of one chat or, if name is "", of all.
	History(ctx context.Context, name string, n int) ([]event.Line, error)
	// Forget takes out everything about the person or group of a name.
	Forget(ctx context.Context, name string) (Forgotten, error)
}

// History is the answer to a question for it, the newest line last.
type History struct {
	Lines []event.Line `json:"lines"`
}

// ForgetRequest says whom to forget.
type ForgetRequest struct {
	Name string `json:"name"`
}

// Forgotten tells what was taken out.
type Forgotten struct {
	Kind       string `json:"kind"`       // of the chat
	Messages   int    `json:"messages"`   // that came
	Deliveries int    `json:"deliveries"` // that were decided
	Ended      int    `json:"ended"`      // of those, what had been waiting
	Traces     int    `json:"traces"`
	// Contact tells that the account has it among its contacts, so that WeChat
	// will name it again.
	Contact bool `json:"contact,omitempty"`
	// Files are damaged databases that were moved aside and may still hold it.
	Files []string `json:"files,omitempty"`
}

const (
	historyUsual = 50
	historyMost  = 500
	forgetWait   = 10 * time.Minute
)

// ErrBadLimit tells that so many lines are not given at once.
var ErrBadLimit = fmt.Errorf("n: want a number from 1 to %d", historyMost)

func (s *Server) archiveRoutes(mux *http.ServeMux) {
	a, ok := s.opts.Daemon.(Archive)
	if !ok {
		return
	}
	mux.HandleFunc("GET /v1/history", func(w http.ResponseWriter, r *http.Request) {
		n := historyUsual
		if text := r.FormValue("n"); text != "" {
			var err error
			if n, err = strconv.Atoi(text); err != nil || n < 1 || n > historyMost {
				s.answer(w, nil, ErrBadLimit)
				return
			}
		}
		lines, err := a.History(r.Context(), r.FormValue("chat"), n)
		s.answer(w, History{Lines: lines}, err)
	})
	mux.HandleFunc("POST /v1/forget", func(w http.ResponseWriter, r *http.Request) {
		var req ForgetRequest
		if !s.read(w, r, &req) {
			return
		}
		if req.Name == "" {
			s.answer(w, nil, errors.New("forget: want a name"))
			return
		}
		// A large database takes longer than other answers.
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(forgetWait)); err != nil {
			s.opts.Logger.Debug().Err(err).Msg("deadline not extended")
		}
		f, err := a.Forget(r.Context(), req.Name)
		s.answer(w, f, err)
	})
}

// History asks for the newest n lines of one chat, or of all if name is ""; n 0 is
// a usual number.
func (c *Client) History(ctx context.Context, name string, n int) ([]event.Line, error) {
	q := url.Values{}
	if name != "" {
		q.Set("chat", name)
	}
	if n != 0 {
		q.Set("n", strconv.Itoa(n))
	}
	var h History
	err := c.do(ctx, call{method: http.MethodGet, what: "history", query: q.Encode(), out: &h})
	return h.Lines, err
}

// Forget asks the daemon to take out everything about somebody. A large database
// may take minutes.
func (c *Client) Forget(ctx context.Context, name string) (Forgotten, error) {
	var f Forgotten
	err := c.do(ctx, call{method: http.MethodPost, what: "forget", in: ForgetRequest{Name: name}, out: &f, wait: forgetWait})
	return f, err
}
