package control

import (
	"context"
	"net/http"
)

// QR is the login code shown now. Payload is a secret of the account: it is only
// for a terminal of the daemon's own user.
type QR struct {
	State   string `json:"state"`
	Payload string `json:"payload,omitempty"`
	Attempt int    `json:"attempt,omitempty"`
	Max     int    `json:"max,omitempty"`
	Online  bool   `json:"online"`
}

// QR asks for the login code shown now, or for a new round of codes.
func (c *Client) QR(ctx context.Context, ask bool) (QR, error) {
	var q QR
	method := http.MethodGet
	if ask {
		method = http.MethodPost
	}
	return q, c.ask(ctx, method, "qr", &q)
}

func (s *Server) qr(ask bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q, err := s.opts.Daemon.QR(r.Context(), ask)
		s.answer(w, q, err)
	}
}
