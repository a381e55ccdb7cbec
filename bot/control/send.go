package control

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// SendDaemon is what a daemon that sends for an operator answers as well:
//
//	POST /v1/send        SendRequest, gives Sending
//	GET  /v1/send?id=17  Sending
//
// Its methods may be called concurrently.
type SendDaemon interface {
	// Send queues a message to the friend or group of a name and returns at once.
	Send(ctx context.Context, q SendRequest) (Sending, error)
	// Sending tells how far it has come.
	Sending(ctx context.Context, id int64) (Sending, error)
}

// SendRequest says what to send to whom: a text, or one file by its absolute path on
// the daemon's machine.
type SendRequest struct {
	To    string `json:"to"` // a remark or nickname, a group's name, or "filehelper"
	Text  string `json:"text,omitempty"`
	Image string `json:"image,omitempty"`
	File  string `json:"file,omitempty"`
	Video string `json:"video,omitempty"`
}

// Sending is how far a message has come. Status is that of the outbox: "pending"
// until it has ended.
type Sending struct {
	ID     int64  `json:"id"`
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
	// Done of Total bytes of a file are uploaded.
	Done  int64 `json:"done,omitempty"`
	Total int64 `json:"total,omitempty"`
}

// Send queues a message.
func (c *Client) Send(ctx context.Context, q SendRequest) (Sending, error) {
	var s Sending
	return s, c.do(ctx, call{method: http.MethodPost, what: "send", in: q, out: &s})
}

// Sending asks how far a message has come.
func (c *Client) Sending(ctx context.Context, id int64) (Sending, error) {
	var s Sending
	return s, c.do(ctx, call{method: http.MethodGet, what: "send", query: "id=" + strconv.FormatInt(id, 10), out: &s})
}

var errOneMessage = errors.New("send: want one of text, image, file and video")

func (q SendRequest) check() error {
	if q.To == "" {
		return errors.New("send: to whom?")
	}
	parts := 0
	for _, p := range []string{q.Text, q.Image, q.File, q.Video} {
		if p != "" {
			parts++
		}
	}
	if parts != 1 {
		return errOneMessage
	}
	return nil
}

func (s *Server) sendRoutes(mux *http.ServeMux) {
	d, ok := s.opts.Daemon.(SendDaemon)
	if !ok {
		return
	}
	mux.HandleFunc("POST /v1/send", func(w http.ResponseWriter, r *http.Request) {
		var q SendRequest
		if !s.read(w, r, &q) {
			return
		}
		if err := q.check(); err != nil {
			s.answer(w, nil, err)
			return
		}
		got, err := d.Send(r.Context(), q)
		s.answer(w, got, err)
	})
	mux.HandleFunc("GET /v1/send", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.ParseInt(r.FormValue("id"), 10, 64)
		if err != nil {
			s.answer(w, nil, fmt.Errorf("send: id %q is no number", r.FormValue("id")))
			return
		}
		got, err := d.Sending(r.Context(), id)
		s.answer(w, got, err)
	})
}
