package wx

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"wxbot/wx/internal/wire"
)

const (
	// keepAlive: webwxsync is called at least that often, silently, since its
	// answers renew the cookies and nothing else keeps a quiet session alive.
	// Sessions without it were found dead after 20 minutes at the earliest,
	// mostly after an hour or more; other clients live on messages to themselves
	// every 5 to 30 minutes, which do nothing but cause that call (section 16).
	// It also fetches what synccheck failed to announce.
	keepAlive = 15 * time.Minute
	// heldPoll: polls that take that long are no busy loop, whether the server
	// holds them for 25 s, as WeChat does, or for less.
	heldPoll = 500 * time.Millisecond
	// maxContinue bounds the answers in a row that say more is waiting; the next
	// synccheck takes over then.
	maxContinue = 50
)

// pollLoop holds synccheck and fetches what it announces, until ctx ends or the
// session is over (section 6).
func (c *Client) pollLoop(ctx context.Context, a *account) error {
	stay, leave := c.untilLeft(ctx)
	defer leave(nil)
	err := newPoller(c, a).run(ctx, stay)
	if errors.Is(context.Cause(stay), errLeft) && errors.Is(err, context.Canceled) {
		return errLeft
	}
	return err
}

// poller is what pollLoop remembers from one round to the next.
type poller struct {
	c           *Client
	a           *account
	retry, idle backoff
	stall       stall
	synced      time.Time
	// owed: something is known to be waiting, or cookies may be old, as after a
	// restart. It stays set until a sync has succeeded.
	owed bool
	dead int // webwxsync answers in a row with Ret 3
}

func newPoller(c *Client, a *account) *poller {
	return &poller{
		c: c, a: a, synced: time.Now(), owed: !a.fresh,
		retry: backoff{least: retryMin, most: retryMax},
		idle:  backoff{least: idleMin, most: idleMax},
	}
}

// round is what one turn of the loop found out.
type round struct {
	asked     bool // synccheck was asked
	announced bool // and said that something is waiting
	brought   bool // webwxsync brought something new
}

// run waits until stay ends and hands over until ctx does.
func (p *poller) run(ctx, stay context.Context) error {
	for {
		started := time.Now()
		p.c.health.noteTurned(started)
		r, err := p.round(ctx, stay)
		if err != nil {
			if err := p.failed(stay, err); err != nil {
				return err
			}
			continue
		}
		p.retry.reset()
		if err := p.c.enter(ctx, StateOnline, nil); err != nil {
			return err
		}
		if err := p.watch(ctx, r); err != nil {
			return err
		}
		// A server that answers at once, again and again, without bringing
		// anything must not be asked at full speed.
		if r.brought || r.asked && !r.announced && time.Since(started) >= heldPoll {
			p.idle.reset()
			continue
		}
		if err := p.idle.wait(stay); err != nil {
			return err
		}
	}
}

// round polls and fetches what is announced, or fetches alone if that is due.
func (p *poller) round(ctx, stay context.Context) (r round, err error) {
	if !p.owed && time.Since(p.synced) < keepAlive {
		r.asked = true
		if r.announced, err = p.c.syncCheck(stay, p.a); err != nil || !r.announced {
			return r, err
		}
	}
	r.brought, err = p.c.syncAll(ctx, p.a)
	p.owed = err != nil
	if err == nil {
		p.synced, p.dead = time.Now(), 0
		p.c.health.noteSynced(p.synced)
	}
	return r, err
}

// watch tells when the session seems undead, and when it is well again.
func (p *poller) watch(ctx context.Context, r round) error {
	now := time.Now()
	switch {
	case r.brought, r.asked && !r.announced:
		since, over := p.stall.end()
		if !over {
			return nil
		}
		p.idle.most = idleMax
		p.c.health.noteStalled(time.Time{})
		p.c.log.Info().Dur("lasted", now.Sub(since)).Msg("session delivers again")
		return p.c.emit(ctx, StallOver{Since: since, Until: now})
	case r.announced && p.stall.empty(now):
		p.idle.most = idleStalled
		p.c.health.noteStalled(p.stall.since)
		p.c.log.Warn().Time("since", p.stall.since).Msg("session delivers nothing of what it announces")
		return p.c.emit(ctx, Stalled{Since: p.stall.since})
	}
	return nil
}

// failed decides what a failed poll or sync means: an error ends the session,
// nil means that the time to try again has come.
func (p *poller) failed(ctx context.Context, err error) error {
	if e, ok := errors.AsType[*APIError](err); ok {
		if e.Ret == retDead && e.Endpoint == "webwxsync" {
			p.dead++
		} else {
			p.dead = 0
		}
		if Dispose(err) == Relogin || p.dead >= deadAnswersToLeave {
			return p.a.over(e.Endpoint, e.Ret)
		}
		if !knownRet(e.Ret) {
			p.c.log.Warn().Str("endpoint", e.Endpoint).Int("code", e.Ret).Msg("unknown code")
		}
	}
	return p.c.retryLater(ctx, &p.retry, err)
}

// syncCheck asks whether anything is waiting (section 6.1). A retcode other than
// 0 is an *APIError.
func (c *Client) syncCheck(ctx context.Context, a *account) (pending bool, err error) {
	keys := a.position()
	check := keys.checkKey
	if len(check.List) == 0 {
		check = keys.syncKey
	}
	query := url.Values{
		"r":        {millis()},
		"skey":     {keys.skey},
		"sid":      {a.sid},
		"uin":      {strconv.FormatInt(a.uin, 10)},
		"deviceid": {deviceID()},
		"synckey":  {check.Param()},
		"_":        {strconv.FormatInt(a.counter.Add(1)-1, 10)},
	}
	if a.mode == ModeFileHelper {
		query.Set(appIDName, helperAppID)
	}
	q := a.callAt(a.hosts.Push, "synccheck", query)
	q.class = classPoll
	ans, err := c.do(ctx, q)
	if err != nil {
		return false, err
	}
	s, err := wire.DecodeSyncCheck(ans.body)
	if err != nil {
		return false, fmt.Errorf("synccheck: %w", err)
	}
	if s.Retcode != 0 {
		return false, &APIError{Endpoint: "synccheck", Ret: s.Retcode}
	}
	c.health.notePolled(time.Now())
	return s.Selector != 0, nil
}

// syncAll fetches until the server says that nothing more is waiting. brought
// tells whether anything new came.
func (c *Client) syncAll(ctx context.Context, a *account) (brought bool, err error) {
	for range maxContinue {
		s, err := c.syncOnce(ctx, a)
		brought = brought || s.brought
		// Without an advance the next answer would be the same one.
		if err != nil || !s.more || !s.moved {
			return brought, err
		}
	}
	return brought, nil
}
