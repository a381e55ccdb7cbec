package wx

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"wxbot/wx/internal/wire"
)

const sessionVersion = 1

// Session is what must be kept to take a session up again without a scan: keys,
// cookies with domain and expiry, sync position. It is immutable. One that has
// ended is still good for a push login, by its long-lived cookies.
type Session struct {
	stored storedSession
}

// storedSession is the form of a session in a file.
type storedSession struct {
	Version    int          `json:"version"`
	Mode       Mode         `json:"mode,omitempty"` // ModeWeb if there is none
	Uin        int64        `json:"uin"`
	Sid        string       `json:"sid"`
	Skey       string       `json:"skey"`
	PassTicket string       `json:"pass_ticket"`
	Hosts      hosts        `json:"hosts"`
	Login      time.Time    `json:"login"`
	SyncKey    wire.SyncKey `json:"sync_key"`
	CheckKey   wire.SyncKey `json:"sync_check_key"`
	Self       Contact      `json:"self"`
	Cookies    []cookie     `json:"cookies"`
}

// DecodeSession reads what Encode wrote. Its errors hold nothing of the content.
func DecodeSession(b []byte) (*Session, error) {
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, errors.New("decode session: not JSON")
	}
	if head.Version != sessionVersion {
		return nil, fmt.Errorf("decode session: version %d is not known", head.Version)
	}
	var st storedSession
	if err := json.Unmarshal(b, &st); err != nil {
		if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return nil, fmt.Errorf("decode session: wrong type at %s", e.Field)
		}
		return nil, errors.New("decode session: wrong type")
	}
	switch {
	case st.Uin == 0:
		return nil, errors.New("decode session: no uin")
	case st.Sid == "":
		return nil, errors.New("decode session: no sid")
	case !st.Hosts.valid():
		return nil, errors.New("decode session: no hosts")
	case st.Self.UserName == "":
		return nil, errors.New("decode session: no own user name")
	case len(st.Cookies) == 0:
		return nil, errors.New("decode session: no cookies")
	}
	return &Session{stored: st}, nil
}

// Encode gives the session as JSON. It holds the keys of the account: store it
// where only its owner can read.
func (s *Session) Encode() ([]byte, error) {
	b, err := json.Marshal(s.stored)
	if err != nil {
		return nil, fmt.Errorf("encode session: %w", err)
	}
	return b, nil
}

// Uin is the account's number, which stays the same over logins.
func (s *Session) Uin() int64 { return s.stored.Uin }

// Mode is the way in which the session was made.
func (s *Session) Mode() Mode { return s.stored.Mode }

// Self is the account's own contact as of this session.
func (s *Session) Self() Contact { return s.stored.Self.clone() }

// Login is when the session was made by a scan.
func (s *Session) Login() time.Time { return s.stored.Login }

// String keeps keys out of logs.
func (s *Session) String() string { return redacted }

// GoString keeps keys out of %#v.
func (s *Session) GoString() string { return "wx.Session(" + redacted + ")" }
