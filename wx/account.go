package wx

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"wxbot/wx/internal/wire"
)

// restrictedWithin is how soon after a login by scan a 1102 means that the account
// is restricted: 2 to 10 s were seen (section 0). 1101 may as well be a login
// elsewhere, and a stored session is dead for reasons of its own.
const restrictedWithin = 20 * time.Second

// account is one session: who is logged in, where, and with which keys. The
// fields above mu never change once the session has begun.
type account struct {
	mode       Mode
	hosts      hosts
	uin        int64
	sid        string
	passTicket string // percent-encoded, as it came
	login      time.Time
	fresh      bool
	counter    atomic.Int64 // of synccheck's parameter _ (section 6.1)
	uploads    atomic.Int64
	mediaID    atomic.Int64 // the last ClientMediaId (section 8.1)
	media      mediaCache
	creating   gate // of groups
	changing   gate // of groups

	mu   sync.Mutex
	keys position
	self Contact
}

// position is the part of a session that changes with webwxsync answers.
type position struct {
	skey     string
	syncKey  wire.SyncKey
	checkKey wire.SyncKey // of synccheck; syncKey before the first webwxsync
}

func newAccount(m Mode, h hosts, p wire.LoginPage) *account {
	now := time.Now()
	a := &account{
		mode: m, hosts: h, uin: p.Uin, sid: p.Sid, passTicket: p.PassTicket, login: now, fresh: true,
		keys: position{skey: p.Skey},
	}
	a.counter.Store(now.UnixMilli())
	return a
}

func restoreAccount(s *Session) *account {
	st := s.stored
	a := &account{
		mode: s.Mode(), hosts: st.Hosts, uin: st.Uin, sid: st.Sid, passTicket: st.PassTicket, login: st.Login,
		keys: position{skey: st.Skey, syncKey: st.SyncKey, checkKey: st.CheckKey},
		self: st.Self.clone(),
	}
	a.counter.Store(time.Now().UnixMilli())
	return a
}

func (a *account) position() position {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.keys
}

func (a *account) setPosition(p position) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.keys = p
}

func (a *account) selfContact() Contact {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.self
}

func (a *account) setSelf(c Contact) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.self = c
}

// session is the state to store when position p holds.
func (a *account) session(p position, cookies []cookie) *Session {
	return &Session{stored: storedSession{
		Version: sessionVersion, Mode: a.mode, Uin: a.uin, Sid: a.sid, Skey: p.skey, PassTicket: a.passTicket,
		Hosts: a.hosts, Login: a.login, SyncKey: p.syncKey, CheckKey: p.checkKey,
		Self: a.selfContact(), Cookies: cookies,
	}}
}

// nextMediaID gives a ClientMediaId: the milliseconds, but never the same twice,
// else the chunks of two uploads would be taken for one.
func (a *account) nextMediaID(now time.Time) int64 {
	for {
		last := a.mediaID.Load()
		id := max(now.UnixMilli(), last+1)
		if a.mediaID.CompareAndSwap(last, id) {
			return id
		}
	}
}

// base makes a BaseRequest; the DeviceID is new each time, else answers to polls
// may be late (section 2.1).
func (a *account) base() wire.BaseRequest {
	return wire.BaseRequest{Uin: a.uin, Sid: a.sid, Skey: a.position().skey, DeviceID: deviceID()}
}

func deviceID() string { return fmt.Sprintf("e%015d", rand.Int64N(1e15)) }

// call addresses an endpoint on the base host; pass_ticket goes out as it came,
// that is encoded once more (section 2.2).
func (a *account) call(endpoint string, query url.Values) call {
	if query == nil {
		query = url.Values{}
	}
	query.Set("pass_ticket", a.passTicket)
	return a.callAt(a.hosts.Base, endpoint, query)
}

func (a *account) callAt(host, endpoint string, query url.Values) call {
	u := url.URL{Scheme: a.hosts.Scheme, Host: host, Path: cgiPath + endpoint, RawQuery: query.Encode()}
	q := call{endpoint: endpoint, url: u.String(), referer: a.hosts.referer()}
	if a.mode == ModeFileHelper {
		q.header = map[string]string{appIDName: helperAppID}
	}
	return q
}

// over turns a code that ends the session into the error that says so.
func (a *account) over(endpoint string, code int) *LoggedOutError {
	return &LoggedOutError{
		Endpoint: endpoint, Code: code,
		Restricted: a.fresh && code == retCookiesInvalid && time.Since(a.login) < restrictedWithin,
	}
}

func (h hosts) referer() string { return h.Scheme + "://" + h.Base + "/" }

func millis() string { return strconv.FormatInt(time.Now().UnixMilli(), 10) }
