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

	"wxbot/bot/classify"
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
	echoes   echoes
	received received
	gone     map[[2]string]time.Time // who left which group when, by key and name
	alert    func(kind alertKind, detail string)
	// warned is told of a warning of WeChat's.
	warned func(ctx context.Context, text string, tooOften bool)
	// complete is told when all contacts are known; listed says that they are.
	complete func()
	listed   atomic.Bool

	mu     sync.Mutex
	client *wx.Client
	online bool
	ready  bool // logged in, or waiting for a person
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

// awaitOperator waits until somebody asks for a new round of QR codes.
func (a *account) awaitOperator(ctx context.Context) bool {
	a.mu.Lock()
	a.ready = true
	a.mu.Unlock()
	select {
	case <-ctx.Done():
		return false
	case <-a.again:
	}
	a.mu.Lock()
	a.refusal = nil
	a.mu.Unlock()
	if err := a.store.SetMeta(ctx, metaRefused, ""); err != nil {
		a.log.Error().Err(err).Msg("refusal not cleared")
	}
	return true
}

func (a *account) refused() *refusal {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.refusal
}

// refuse remembers that WeChat does not want this account here, over restarts.
func (a *account) refuse(ctx context.Context, code int, text string) {
	r := &refusal{Code: code, Text: text, At: a.clock.Now(), Mode: a.opts.Config.loginMode()}
	a.mu.Lock()
	a.refusal = r
	a.mu.Unlock()
	a.log.Error().Int("code", code).Str("text", text).Msg("login refused; no further login until wxbot qr")
	// It is written even if the daemon is being stopped: the next start must not
	// ask for a login. People are told when it is.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeMost)
	defer cancel()
	defer a.tell(Refused{Code: code, Text: text})
	// Where it cannot be written, as on a full disk, it holds until the next start:
	// a daemon that ended here would be started, and log in, again and again.
	body, err := json.Marshal(r)
	if err == nil {
		err = a.store.SetMeta(ctx, metaRefused, string(body))
	}
	if err == nil {
		err = a.store.ClearSession(ctx)
	}
	if err != nil {
		a.log.Error().Err(err).Msg("refusal not stored: a restart will ask for a login")
	}
	a.emit(ctx, event.KindRestricted, text)
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

// sink takes one batch: its messages become events, and these, the keys of new
// people, and the session are durable when it returns.
func (a *account) sink(ctx context.Context, batch wx.Batch) error {
	var events []event.Event
	for _, e := range batch.Events {
		got, err := a.take(ctx, e)
		if err != nil {
			return err
		}
		events = append(events, got...)
	}
	var session []byte
	if batch.Session != nil {
		var err error
		if session, err = batch.Session.Encode(); err != nil {
			return fmt.Errorf("encode session: %w", err)
		}
	}
	return a.commit(ctx, session, events)
}

func (a *account) commit(ctx context.Context, session []byte, events []event.Event) error {
	if named := a.book.newAliases(); len(named) > 0 {
		if err := a.store.PutAliases(ctx, named, a.clock.Now()); err != nil {
			a.book.aliasesAgain(named)
			return fmt.Errorf("store keys: %w", err)
		}
	}
	if rows, gone := a.book.changes(); len(rows)+len(gone) > 0 {
		if err := a.store.PutKeys(ctx, rows, gone...); err != nil {
			a.book.again(rows, gone)
			return fmt.Errorf("store keys: %w", err)
		}
	}
	if session == nil && len(events) == 0 {
		return nil
	}
	fresh, err := a.store.Commit(ctx, session, events)
	if err != nil {
		return fmt.Errorf("commit events: %w", err)
	}
	a.dispatch.Offer(fresh)
	return nil
}

// emit commits an event of the daemon's own.
func (a *account) emit(ctx context.Context, kind event.Kind, reason string) {
	now := a.clock.Now()
	ev := event.Event{ID: string(kind) + ":" + strconv.FormatInt(now.UnixNano(), 10), Kind: kind, Time: now, Reason: reason}
	if err := a.commit(ctx, nil, []event.Event{ev}); err != nil {
		a.log.Error().Err(err).Str("kind", string(kind)).Msg("event not stored")
	}
}

// take translates one event of the client's.
func (a *account) take(ctx context.Context, e wx.Event) ([]event.Event, error) {
	switch e := e.(type) {
	case wx.MessageReceived:
		if e.Message.FromSelf && a.echoes.has(e.Message.ID) {
			return nil, nil
		}
		if e.Message.Notify == nil {
			a.received.put(&e.Message)
		}
		return a.message(ctx, &e.Message), nil
	case wx.ContactsChanged:
		a.book.learn(e.Changed, a.clock.Now())
		a.tidy.note(people(e.Changed))
		if e.Complete {
			a.listed.Store(true)
			a.complete()
		}
		a.kick()
	case wx.MembersChanged:
		return a.left(e), nil
	case wx.LoggedIn:
		return a.loggedIn(ctx, e)
	case wx.StateChanged:
		a.stateChanged(e)
	case wx.QRReady:
		a.show(shownQR{e.Payload, e.Attempt, e.Max})
		a.setState("scan needed: run wxbot qr")
		a.tell(QRCode{Payload: e.Payload, Attempt: e.Attempt, Max: e.Max, FirstEver: a.firstEver()})
	case wx.QRScanned:
		a.setState("scanned: confirm on the phone")
		a.tell(Scanned{})
	case wx.PushSent:
		a.setState("waiting for the phone to confirm the login")
		a.tell(PushAsked{})
	case wx.Stalled:
		a.stalled(e.Since)
	case wx.StallOver:
		a.stalled(time.Time{})
	case wx.QRCancelled, wx.QRExpired:
		a.show(shownQR{})
		a.tell(QRDone{})
	case wx.LoggedOut, wx.Refused:
		// What Run returns says the same.
	}
	return nil, nil
}

// people counts contacts and the members of groups among them.
func people(contacts []wx.Contact) int {
	n := len(contacts)
	for i := range contacts {
		n += len(contacts[i].Members)
	}
	return n
}

func (a *account) message(ctx context.Context, m *wx.Message) []event.Event {
	if m.Notify != nil {
		a.book.pair(m.Notify.IDs)
		return nil
	}
	events := classify.Message(m, a.book)
	if a.opts.Config.loginMode() == wx.ModeFileHelper {
		for i := range events {
			events[i].AsPrivate = events[i].Chat.Kind == event.ChatSelf
		}
	}
	offset := a.offset()
	for i := range events {
		if m.Time.Unix() <= 0 {
			events[i].Time = a.clock.Now()
			continue
		}
		events[i].Time = events[i].Time.Add(offset)
	}
	for i := range events {
		if events[i].Kind == event.KindMemberLeft && events[i].Members != nil {
			for _, p := range events[i].Members.People {
				a.leaves(events[i].Chat.Key, p, events[i].Time)
			}
		}
		a.heed(ctx, &events[i])
	}
	return events
}

// heed puts the brakes on for a warning of WeChat's. One that is handed out again,
// after an operator has taken it off, is none.
func (a *account) heed(ctx context.Context, ev *event.Event) {
	restricted, tooOften := classify.Warns(ev)
	if !restricted && !tooOften || a.beforeLogin(ev.Time) {
		return
	}
	known, err := a.store.Known(ctx, ev.ID)
	if err != nil {
		a.log.Error().Err(err).Str("msg", ev.ID).Msg("warning not looked up")
	}
	if !known {
		a.warned(ctx, ev.Message.Raw, !restricted)
	}
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

// loadMost is how long after the contact list groups are still looked up that
// somebody may be meant by.
const loadMost = 30 * time.Second

// stillLoading reports whether a name that is not known may be so soon.
func (a *account) stillLoading() bool {
	a.mu.Lock()
	client, began := a.client, a.began
	a.mu.Unlock()
	return client == nil || !client.Directory().Complete() || time.Since(began) < loadMost
}

// beforeLogin reports whether something happened before the present login.
func (a *account) beforeLogin(t time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	// CreateTime counts whole seconds.
	return t.Before(a.entered.Add(a.offsetLocked() - 2*time.Second))
}

// offset is what to add to the server's time for the daemon's.
func (a *account) offset() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.offsetLocked()
}

func (a *account) offsetLocked() time.Duration {
	if a.serverAt.IsZero() {
		return 0
	}
	now := a.clock.Now()
	server := a.serverAt.Add(now.Sub(a.initAt)) // by the monotonic clock
	return now.Sub(server).Round(time.Second)
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
	return a.refusal != nil || a.state == "" || a.state == stateUnscanned
}

// stateUnscanned is the state after a round of codes that nobody scanned.
const stateUnscanned = "waiting for wxbot qr: nobody scanned"

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
