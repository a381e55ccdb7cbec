// Package wx is a client of the WeChat web protocol ("webwx"): it logs in by QR
// code, holds the sync loop and sends. It knows nothing of rules, plugins or the
// daemon; anybody can use it alone.
//
//	c, err := wx.New(wx.Options{Sink: func(ctx context.Context, b wx.Batch) error { … }})
//	err = c.Run(ctx) // logs in, then delivers until ctx ends
//
// All methods may be called concurrently; Run once. Section numbers in comments
// are those of the project's protocol notes.
package wx

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// Options configures a Client. The zero value of every field but Sink is usable.
type Options struct {
	// Sink takes every batch, one at a time. The sync position advances when it
	// returns nil; if it returns an error, Run ends with that error. Required.
	Sink func(context.Context, Batch) error
	// Session is a stored session to take up again; nil logs in anew.
	Session *Session
	// Server, such as "http://127.0.0.1:8090", is where every connection goes,
	// whatever its logical host; Host headers and cookie domains stay those of
	// the real hosts. Empty: the real hosts.
	Server string
	// Transport carries the requests; nil is a transport of the client's own
	// that honours HTTPS_PROXY and SSL_CERT_FILE.
	Transport http.RoundTripper
	// Lang is the language of texts that the server makes; default "zh_CN".
	Lang string
	// UserAgent; default a desktop browser's.
	UserAgent string
	// MaxQR is how many QR codes are shown in one round; default 5.
	MaxQR int
	// Logger; the zero value is silent.
	Logger zerolog.Logger
}

// Client is one account's connection.
type Client struct {
	opts Options
	mu   sync.Mutex
}

// New checks the options. It opens and starts nothing.
func New(opts Options) (*Client, error) {
	if opts.Sink == nil {
		return nil, errors.New("wx: Options.Sink is required")
	}
	return &Client{opts: opts}, nil
}

// Run takes up the stored session or logs in by QR code, then delivers batches
// to the sink until ctx ends, which gives nil. It returns an error matching
// ErrLoggedOut when the session is over, a *RefusedError when WeChat refuses the
// account, ErrNoScan after a round of QR codes, or what the sink returned. It
// never logs in a second time by itself. A stored session found dead gives
// ErrLoggedOut as well, without showing a QR code. Call it once.
func (c *Client) Run(ctx context.Context) error { panic("todo") }

// State is how far the client is.
func (c *Client) State() State { panic("todo") }

// Self is the account's own contact, zero before LoggedIn.
func (c *Client) Self() Contact { panic("todo") }

// Directory is what is known of contacts and groups.
func (c *Client) Directory() *Directory { panic("todo") }

// Lookup asks the server (webwxbatchgetcontact) for contacts that the directory
// may not know, at most 50 a call, and enters them there. For members of a group
// give its user name in group, else "". Calls are throttled to one per two
// seconds, except for the first few.
func (c *Client) Lookup(ctx context.Context, group string, userNames ...string) ([]Contact, error) {
	panic("todo")
}

// SendID is a client message id (LocalID, ClientMsgId; section 7.1). The server
// answers a repeated id with the same message id and delivers once.
type SendID string

// NewSendID makes a fresh id: 17 digits, milliseconds and four random digits.
func NewSendID(now time.Time) SendID { panic("todo") }

// Sent tells that the server accepted a message.
type Sent struct {
	MsgID string // to revoke it
	ID    SendID
}

// SendText sends a text (webwxsendmsg, Type 1). It makes one try and does not
// retry. An error matching ErrUnknownOutcome may be repeated with the same id.
func (c *Client) SendText(ctx context.Context, to, text string, id SendID) (Sent, error) {
	panic("todo")
}

// SendEmoticon sends an emoticon by MD5 or by MediaID (webwxsendemoticon).
func (c *Client) SendEmoticon(ctx context.Context, to string, e Emoticon, id SendID) (Sent, error) {
	panic("todo")
}

// Upload describes a file to be uploaded.
type Upload struct {
	To   string // user name of the receiver
	Name string
	Size int64 // bytes
	Body io.ReaderAt
}

// Upload uploads in chunks of 524,288 bytes (webwxuploadmedia) and returns a
// MediaID, valid for this session and any receiver.
func (c *Client) Upload(ctx context.Context, u Upload) (mediaID string, err error) {
	panic("todo")
}

// Revoke withdraws an own message sent less than two minutes ago
// (webwxrevokemsg).
func (c *Client) Revoke(ctx context.Context, to, msgID string) error { panic("todo") }

// AcceptFriend accepts a friend request (webwxverifyuser, Opcode 3). The
// person's user name changes afterwards; the new one comes with ContactsChanged.
func (c *Client) AcceptFriend(ctx context.Context, userName string, ticket Secret) error {
	panic("todo")
}

// SetRemark names a contact (webwxoplog, CmdId 2). Servers since 2023 may answer
// Ret 0 and do nothing; the next ContactsChanged shows what holds.
func (c *Client) SetRemark(ctx context.Context, userName, remark string) error { panic("todo") }

// Logout ends the session at the server (webwxlogout).
func (c *Client) Logout(ctx context.Context) error { panic("todo") }

// Directory is what the client knows of contacts and groups. It is safe for
// concurrent use; what it returns are copies that share nothing writable.
type Directory struct{}

// Contact returns a contact or group by user name.
func (d *Directory) Contact(userName string) (Contact, bool) { panic("todo") }

// Member returns a member of a group.
func (d *Directory) Member(group, userName string) (Member, bool) { panic("todo") }

// All returns every contact and group, without group members.
func (d *Directory) All() []Contact { panic("todo") }

// Complete reports whether the whole contact list has been loaded.
func (d *Directory) Complete() bool { panic("todo") }

// Session is what must be kept to take a session up again without a scan: keys,
// cookies with domain and expiry, sync position. It is immutable.
type Session struct{}

// DecodeSession reads what Encode wrote.
func DecodeSession(b []byte) (*Session, error) { panic("todo") }

// Encode gives the session as JSON. It holds the keys of the account: store it
// where only its owner can read.
func (s *Session) Encode() ([]byte, error) { panic("todo") }

// Uin is the account's number, which stays the same over logins.
func (s *Session) Uin() int64 { panic("todo") }

// Self is the account's own contact as of this session.
func (s *Session) Self() Contact { panic("todo") }
