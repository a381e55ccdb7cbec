package wx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/rs/zerolog"
)

// Options configures a Client. The zero value of every field but Sink is usable.
type Options struct {
	// Sink takes every batch, one at a time. The sync position advances when it
	// returns nil; if it returns an error, Run ends with that error. Required.
	// It may call the client's methods, Lookup included.
	Sink func(context.Context, Batch) error
	// Session is a stored session to take up again; nil logs in anew.
	Session *Session
	// Push is a session that has ended, of the account that is to log in again
	// without a scan: Run asks WeChat once to have the phone ask its owner
	// (section 3.4), tells that by PushSent, and shows QR codes if that is
	// refused, cancelled or not confirmed within 5 minutes. Do not offer the same
	// session twice. Nil, or a Session beside it: no push login is tried.
	// ModeFileHelper has none.
	Push *Session
	// Mode is the kind of client to log in as; default ModeWeb. A stored session
	// must be taken up in the mode that it was made in.
	Mode Mode
	// Server, such as "http://127.0.0.1:8090", is where every connection goes,
	// whatever its logical host; Host headers and cookie domains stay those of
	// the real hosts. A path in it is put before every path. Empty: the real
	// hosts.
	Server string
	// Transport carries the requests; nil is a transport of the client's own
	// that honours HTTPS_PROXY (unless Server is set) and SSL_CERT_FILE.
	Transport http.RoundTripper
	// Lang is the language of texts that the server makes; default "zh_CN".
	Lang string
	// UserAgent; default a desktop browser's.
	UserAgent string
	// MaxQR is how many QR codes are shown in one round; default 5.
	MaxQR int
	// GroupRefresh is how often all groups are asked for who is in them, which
	// alone tells who left (MembersChanged); 10 minutes at least, as this costs
	// requests of which WeChat bears few. 0: only as it says that they changed.
	GroupRefresh time.Duration
	// Logger; the zero value is silent.
	Logger zerolog.Logger
}

const (
	defaultLang      = "zh_CN"
	defaultMaxQR     = 5
	minRefresh       = 10 * time.Minute
	defaultUserAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"
)

func (o *Options) setDefaults() {
	if o.Lang == "" {
		o.Lang = defaultLang
	}
	if o.UserAgent == "" {
		o.UserAgent = defaultUserAgent
	}
	if o.MaxQR == 0 {
		o.MaxQR = defaultMaxQR
	}
}

// validate returns the parsed Server, nil if it is empty.
func (o *Options) validate() (*url.URL, error) {
	if o.Sink == nil {
		return nil, errors.New("wx: Options.Sink is required")
	}
	if !o.Mode.known() {
		return nil, fmt.Errorf("wx: Options.Mode %d: not a mode", o.Mode)
	}
	if s := o.Session; s != nil && s.Mode() != o.Mode {
		return nil, fmt.Errorf("wx: Options.Session: made in mode %s, not %s", s.Mode(), o.Mode)
	}
	if o.Push != nil && (o.Mode == ModeFileHelper || o.Push.Mode() == ModeFileHelper) {
		return nil, fmt.Errorf("wx: Options.Push: mode %s has no push login", ModeFileHelper)
	}
	if o.MaxQR < 0 {
		return nil, fmt.Errorf("wx: Options.MaxQR %d: must not be negative", o.MaxQR)
	}
	if o.GroupRefresh != 0 && o.GroupRefresh < minRefresh {
		return nil, fmt.Errorf("wx: Options.GroupRefresh %s: must be 0 or at least %s", o.GroupRefresh, minRefresh)
	}
	if o.Server == "" {
		return nil, nil //nolint:nilnil // no server is no error
	}
	u, err := url.Parse(o.Server)
	switch {
	case err != nil:
		return nil, fmt.Errorf("wx: Options.Server %q: not a URL", o.Server)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("wx: Options.Server %q: must begin with http:// or https://", o.Server)
	case u.Host == "":
		return nil, fmt.Errorf("wx: Options.Server %q: no host", o.Server)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("wx: Options.Server: must be scheme, host and perhaps a path, nothing else")
	}
	return u, nil
}
