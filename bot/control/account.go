package control

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// AccountDaemon is what a daemon that answers for its account offers as well:
//
//	POST /v1/logout    204; the session is over and removed
//	GET  /v1/contacts  Contacts; ?name=TEXT and &kind=private, group or official for some
//
// Its methods may be called concurrently.
type AccountDaemon interface {
	// Logout ends the session. The daemon stays and waits until a QR code is asked
	// for.
	Logout(ctx context.Context) error
	// Contacts gives the friends, groups and official accounts that bear a name or a
	// part of it ("": all), of one kind or of every one ("").
	Contacts(ctx context.Context, name, kind string) (Contacts, error)
}

// The kinds of contact.
const (
	KindFriend   = "private"
	KindGroup    = "group"
	KindOfficial = "official"
)

// Contact is a friend, a group or an official account.
type Contact struct {
	Kind     string `json:"kind"`
	Name     string `json:"name"` // the remark, else the nickname
	Nickname string `json:"nickname,omitempty"`
	Remark   string `json:"remark,omitempty"`
	Key      string `json:"key"`               // the daemon's own, kept over logins
	Members  int    `json:"members,omitempty"` // of a group
}

// Contacts are sorted by kind and name.
type Contacts struct {
	Contacts []Contact `json:"contacts"`
	// Complete: the list of the session has come; groups that were not saved to the
	// contacts are known only once somebody has written there.
	Complete bool `json:"complete"`
}

// Logout ends the session.
func (c *Client) Logout(ctx context.Context) error {
	return c.ask(ctx, http.MethodPost, "logout", nil)
}

// Contacts asks for contacts of one kind ("": every kind) by name ("": everybody).
func (c *Client) Contacts(ctx context.Context, name, kind string) (Contacts, error) {
	var out Contacts
	q := url.Values{}
	if name != "" {
		q.Set("name", name)
	}
	if kind != "" {
		q.Set("kind", kind)
	}
	return out, c.do(ctx, call{method: http.MethodGet, what: "contacts", query: q.Encode(), out: &out})
}

func (s *Server) accountRoutes(mux *http.ServeMux) {
	d, ok := s.opts.Daemon.(AccountDaemon)
	if !ok {
		return
	}
	mux.HandleFunc("POST /v1/logout", func(w http.ResponseWriter, r *http.Request) {
		if err := d.Logout(r.Context()); err != nil {
			s.answer(w, nil, err)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /v1/contacts", func(w http.ResponseWriter, r *http.Request) {
		kind := r.FormValue("kind")
		switch kind {
		case "", KindFriend, KindGroup, KindOfficial:
		default:
			s.answer(w, nil, fmt.Errorf("contacts: kind %q: it is %s, %s or %s", kind, KindFriend, KindGroup, KindOfficial))
			return
		}
		got, err := d.Contacts(r.Context(), r.FormValue("name"), kind)
		s.answer(w, got, err)
	})
}
