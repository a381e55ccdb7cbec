package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/clock"
	"wxbot/bot/dispatch"
	"wxbot/bot/event"
	"wxbot/bot/store"
	"wxbot/wx"
)

// The store's names for what it keeps beside messages.
const (
	metaAccount = "account_uin"
	metaLoginAt = "login_at"
	metaRefused = "refused"
)

// account holds the connection to WeChat: it logs in, commits what comes to the
// inbox, and decides what follows when a session ends.
type account struct {
	opts     Options
	log      zerolog.Logger
	clock    clock.Clock
	store    *store.Store
	book     *book
	dispatch *dispatch.Dispatcher
	tell     func(Notice)
	again    chan struct{} // an operator asks for a new round of QR codes
	kick     func()        // wakes the outbox
	tidy     *tidier
	keep     *keepsakes
	echoes   echoes
	received received
	gone     map[[2]string]time.Time // who left which group when, by key and name
	alert    func(kind alertKind, detail string)
	stored   func(ev *event.Event) // is told of every event that was new
	// warned is told of a warning of WeChat's.
	warned func(ctx context.Context, text string, tooOften bool)
	// complete is told when all contacts are known; listed says that they are.
	complete func()
	listed   atomic.Bool

	mu     sync.Mutex
	client *wx.Client
	online bool
	ready  bool // logged in, or waiting for a person
	parked bool // until an operator asks for a login
	// serverAt is the server's clock when the daemon's said initAt, which holds a
	// monotonic reading: both tell the server's time ever after, also when this
	// machine's clock is set.
	serverAt, initAt time.Time
	entered          time.Time // when somebody logged in, in the server's time
	began            time.Time // when this client came online
	state            string    // for people
	refusal          *refusal
	shown            shownQR
}

// refusal is why the daemon does not ask for a login by itself.
type refusal struct {
	Code int       `json:"code"`
	Text string    `json:"text"`
	At   time.Time `json:"at"`
	Mode wx.Mode   `json:"mode,omitempty"` // of the login; ModeWeb if there is none
}

// codeRefused is WeChat's no to an account that may not use the page at all.
const codeRefused = 1203

// holds reports whether a refusal is one in a mode of login: an account that lost
// one page may have another. A restriction is the whole account's.
func (r *refusal) holds(mode wx.Mode) bool {
	return r.Code != codeRefused || r.Mode == mode
}

// errOtherAccount ends the daemon when somebody scans with another account.
var errOtherAccount = errors.New("the state directory belongs to another account: use another --state, or --new-account to move this one aside")

const (
	// echoesFor is how far back what was sent may still be handed out again.
	echoesFor  = time.Hour
	retryFirst = time.Second
	retryMost  = time.Minute
	// writeMost bounds a write that is made although the daemon stops.
	writeMost = 2 * time.Second
)

// run keeps the account connected until ctx ends. After a session that died it
// shows one round of QR codes; after a refusal, or a round that nobody scanned,
// it waits until an operator asks for another.
func (a *account) run(ctx context.Context) error {
	if err := a.restore(ctx); err != nil {
		return err
	}
	wait := retryFirst
	for ctx.Err() == nil {
		if a.refused() != nil {
			a.setState("refused")
			if !a.awaitOperator(ctx) {
				return nil
			}
		}
		began := time.Now()
		err := a.session(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // it was told to stop, and the session ended for that
		}
		if time.Since(began) > retryMost {
			wait = retryFirst
		}
		again, fatal := a.ended(ctx, err)
		if fatal != nil {
			return fatal
		}
		switch again {
		case afterScan:
			if !a.awaitOperator(ctx) {
				return nil
			}
		case afterPause:
			if !pause(ctx, wait) {
				return nil
			}
			wait = min(2*wait, retryMost)
		case atOnce:
		}
	}
	return nil
}

// next says when to log in again.
type next int

const (
	atOnce next = iota
	afterPause
	afterScan // when an operator asks for it
)

// ended decides what follows the end of a session. Repeated logins are what gets
// accounts limited, so nothing here asks for more than one round by itself.
func (a *account) ended(ctx context.Context, err error) (next, error) {
	var refused *wx.RefusedError
	var out *wx.LoggedOutError
	switch {
	case err == nil: // this client logged itself out
		a.log.Warn().Msg("logged out by an operator: no login until wxbot qr")
		a.tell(LoggedOut{Reason: "wxbot logout"})
		a.emit(ctx, event.KindLogout, "wxbot logout")
		if err := a.store.DropSession(ctx); err != nil {
			a.log.Error().Err(err).Msg("session not removed")
			return afterPause, nil
		}
		a.setState(stateLeft)
		return afterScan, nil
	case errors.Is(err, errOtherAccount):
		return afterScan, err
	case errors.As(err, &refused):
		a.alert(alertRefused, refused.Text)
		a.refuse(ctx, refused.Code, refused.Text)
		return atOnce, nil
	case errors.As(err, &out) && out.Restricted:
		a.alert(alertRestricted, "")
		a.refuse(ctx, out.Code, "the session was cut right after the login; the account seems to be restricted")
		return atOnce, nil
	case errors.Is(err, wx.ErrLoggedOut):
		a.log.Error().Err(err).Msg("logged out")
		a.tell(LoggedOut{Reason: err.Error()})
		a.alert(alertLogout, err.Error())
		a.emit(ctx, event.KindLogout, err.Error())
		if err := a.store.EndSession(ctx); err != nil {
			// A full disk, say. The session is found dead again until it can be put away.
			a.log.Error().Err(err).Msg("session not put away")
			return afterPause, nil
		}
		return atOnce, nil
	case errors.Is(err, wx.ErrNoScan):
		a.log.Error().Msg("nobody scanned: run wxbot qr")
		a.setState(stateUnscanned)
		a.alert(alertQR, "")
		return afterScan, nil
	}
	a.log.Error().Err(err).Msg("session ended")
	return afterPause, nil
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// restore reads what the last run left.
func (a *account) restore(ctx context.Context) error {
	text, err := a.store.Meta(ctx, metaRefused)
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	if text != "" {
		r := &refusal{}
		if err := json.Unmarshal([]byte(text), r); err != nil {
			return fmt.Errorf("read refusal: %w", err)
		}
		if r.holds(a.opts.Config.loginMode()) {
			a.refusal = r
			a.log.Error().Int("code", r.Code).Str("text", r.Text).Msg("login was refused; no login until wxbot qr")
			a.tell(Refused{Code: r.Code, Text: r.Text})
		}
	}
	sent, err := a.store.Recent(ctx, a.clock.Now().Add(-echoesFor))
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	for i := range sent {
		a.echoes.add(sent[i].Receipt.MsgID)
	}
	pending, err := a.store.Pending(ctx)
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	a.echoes.awaitLeft(append(pending, sent...), a.clock.Now())
	at, err := a.store.Meta(ctx, metaLoginAt)
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	if at != "" {
		if a.entered, err = time.Parse(time.RFC3339Nano, at); err != nil {
			return fmt.Errorf("read login time: %w", err)
		}
	}
	return nil
}

// session runs one client from login to its end.
func (a *account) session(ctx context.Context) error {
	stored, err := a.store.Session(ctx)
	if err != nil {
		return fmt.Errorf("read session: %w", err)
	}
	o := wx.Options{
		Mode:      a.opts.Config.loginMode(),
		Sink:      a.sink,
		Server:    a.opts.Config.Server,
		Transport: a.opts.Transport,
		Logger:    a.opts.Logger,
	}
	if stored != nil {
		if o.Session, err = wx.DecodeSession(stored); err != nil {
			a.log.Error().Err(err).Msg("stored session unreadable: a new scan is needed")
			o.Session = nil
		}
	}
	if o.Session != nil && o.Session.Mode() != o.Mode {
		a.log.Warn().Stringer("session", o.Session.Mode()).Msg("stored session is of another mode of login: a new scan is needed")
		o.Session = nil
	}
	if o.Session == nil && o.Mode != wx.ModeFileHelper {
		if o.Push, err = a.lastSession(ctx); err != nil {
			return err
		}
	}
	c, err := wx.New(o)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.client = c
	a.mu.Unlock()
	defer func() {
		a.mu.Lock()
		a.online = false
		a.shown = shownQR{}
		a.mu.Unlock()
		a.tell(QRDone{})
	}()
	err = c.Run(ctx)
	if errors.Is(err, errOtherAccount) {
		if err := c.Logout(context.WithoutCancel(ctx)); err != nil {
			a.log.Warn().Err(err).Msg("other account not logged out")
		}
	}
	return err
}

// lastSession gives the session that ended, for one push login: it is asked for at
// most once, however that goes.
func (a *account) lastSession(ctx context.Context) (*wx.Session, error) {
	stored, err := a.store.TakeEnded(ctx)
	if err != nil || stored == nil {
		return nil, err
	}
	s, err := wx.DecodeSession(stored)
	if err != nil {
		a.log.Warn().Err(err).Msg("session that ended unreadable: no push login")
		return nil, nil
	}
	if s.Mode() == wx.ModeFileHelper {
		return nil, nil
	}
	return s, nil
}

func (a *account) loggedIn(ctx context.Context, e wx.LoggedIn) ([]event.Event, error) {
	if err := a.own(ctx, e.Self.Uin); err != nil {
		return nil, err
	}
	now := a.clock.Now()
	a.mu.Lock()
	a.online, a.ready, a.began = true, true, time.Now()
	a.serverAt, a.initAt = time.Time{}, now
	if e.ServerTime.Unix() > 0 {
		a.serverAt = e.ServerTime
	}
	if e.Fresh {
		a.entered = now.Add(-a.offsetLocked())
		a.received.forget()
	}
	c, entered := a.client, a.entered
	a.mu.Unlock()
	a.show(shownQR{})
	a.book.login(e.Self, c.Directory(), e.Fresh)
	a.setState("online")
	a.log.Info().Bool("fresh", e.Fresh).Msg("logged in")
	a.tell(QRDone{})
	a.tell(LoggedIn{Name: e.Self.NickName, Fresh: e.Fresh})
	a.kick()
	if !e.Fresh {
		return nil, nil
	}
	if err := a.store.SetMeta(ctx, metaLoginAt, entered.Format(time.RFC3339Nano)); err != nil {
		return nil, fmt.Errorf("store login time: %w", err)
	}
	return []event.Event{{ID: "login:" + strconv.FormatInt(now.UnixNano(), 10), Kind: event.KindLogin, Time: now}}, nil
}

// own binds the state directory to the first account that logged in.
func (a *account) own(ctx context.Context, uin int64) error {
	if uin == 0 {
		return nil
	}
	owner, err := a.store.Meta(ctx, metaAccount)
	if err != nil {
		return fmt.Errorf("read account: %w", err)
	}
	me := strconv.FormatInt(uin, 10)
	if owner == "" {
		if err := a.store.SetMeta(ctx, metaAccount, me); err != nil {
			return fmt.Errorf("store account: %w", err)
		}
		return nil
	}
	if owner != me {
		return fmt.Errorf("log in: %w", errOtherAccount)
	}
	return nil
}

func (a *account) stateChanged(e wx.StateChanged) {
	level := zerolog.DebugLevel
	if e.Cause != nil {
		level = zerolog.WarnLevel
	}
	a.log.WithLevel(level).AnErr("err", e.Cause).Str("from", e.From.String()).Str("to", e.To.String()).Msg("connection changed")
	switch e.To {
	case wx.StateOnline:
		a.mu.Lock()
		a.online = true
		a.mu.Unlock()
		a.setState("online")
		a.kick()
	case wx.StateRetrying:
		a.setState("no connection: trying again")
	case wx.StateOffline, wx.StateAwaitingScan, wx.StateAwaitingConfirm, wx.StateStarting, wx.StateLoggedOut, wx.StateRefused:
	}
}

// stalled notes that the session brings nothing although it is announced, since a
// time; zero is that it does again.
func (a *account) stalled(since time.Time) {
	if since.IsZero() {
		a.log.Info().Msg("session delivers again")
		a.setState("online")
		return
	}
	a.log.Error().Time("since", since).Msg("session stalled: open WeChat on the phone")
	a.setState("online, but nothing comes in: open WeChat on the phone")
	a.alert(alertStalled, "")
}

// show notes the code that is shown now. Waiting for a person is as ready as the
// daemon gets by itself.
func (a *account) show(q shownQR) {
	a.mu.Lock()
	a.shown = q
	a.ready = a.ready || q != shownQR{}
	a.mu.Unlock()
}

func (a *account) setState(s string) {
	a.mu.Lock()
	changed := a.state != s
	a.state = s
	a.mu.Unlock()
	if changed {
		a.log.Info().Str("state", s).Msg("state")
	}
}

// wxClient gives the client while the account is logged in.
func (a *account) wxClient() (*wx.Client, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.client, a.client != nil && a.online
}

// loadMost is how long after a login a name that nobody bears is waited for while
// contacts are still asked for.
const loadMost = 30 * time.Second

// stillLoading reports whether a name that is not known may be so soon.
func (a *account) stillLoading() bool {
	a.mu.Lock()
	client, began := a.client, a.began
	a.mu.Unlock()
	return client == nil || !client.Directory().Complete() || !client.Settled() && time.Since(began) < loadMost
}

// firstEver reports that nobody has logged in on this state before.
func (a *account) firstEver() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.entered.IsZero()
}

// needsOperator reports whether no login goes on until somebody asks for it, or it
// is too soon after the start to tell.
func (a *account) needsOperator() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.refusal != nil || a.state == "" || a.state == stateUnscanned || a.state == stateLeft
}

// The states in which a login needs somebody who asks for it: after a round of codes
// that nobody scanned, and after an operator's logout.
const (
	stateUnscanned = "waiting for wxbot qr: nobody scanned"
	stateLeft      = "waiting for wxbot qr: logged out"
)

// askAgain asks for a new round of QR codes. It reports false if one is under way
// or none is needed.
func (a *account) askAgain() bool {
	select {
	case a.again <- struct{}{}:
		return true
	default:
		return false
	}
}
