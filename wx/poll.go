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
	// cookieLife: webwxsync is called at least that often, since its answers
	// renew cookies that live 12 hours (section 3.5).
	cookieLife = 2 * time.Hour
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
	err := c.poll(ctx, stay, a)
	if errors.Is(context.Cause(stay), errLeft) && errors.Is(err, context.Canceled) {
		return errLeft
	}
	return err
}

// poll is pollLoop's loop. It waits until stay ends and hands over until ctx does.
func (c *Client) poll(ctx, stay context.Context, a *account) error {
	retry := backoff{least: retryMin, most: retryMax}
	idle := backoff{least: idleMin, most: idleMax}
	synced := time.Now()
	// owed: something is known to be waiting, or cookies may be old, as after a
	// restart. It stays set until a sync has succeeded.
	owed := !a.fresh
	dead := 0 // webwxsync answers in a row with Ret 3
	for {
		started := time.Now()
		brought, pending := false, owed
		var err error
		if !owed {
			pending, err = c.syncCheck(stay, a)
		}
		if err == nil && (pending || time.Since(synced) >= cookieLife) {
			brought, err = c.syncAll(ctx, a)
			owed = err != nil
			if err == nil {
				synced, dead = time.Now(), 0
			}
		}
		if err != nil {
			if err := c.pollFailed(stay, a, &retry, &dead, err); err != nil {
				return err
			}
			continue
		}
		retry.reset()
		if err := c.enter(ctx, StateOnline, nil); err != nil {
			return err
		}
		// A server that answers at once, again and again, without bringing
		// anything must not be asked at full speed.
		if brought || !pending && time.Since(started) >= heldPoll {
			idle.reset()
			continue
		}
		if err := idle.wait(stay); err != nil {
			return err
		}
	}
}

// pollFailed decides what a failed poll or sync means: an error ends the
// session, nil means that the time to try again has come.
func (c *Client) pollFailed(ctx context.Context, a *account, retry *backoff, dead *int, err error) error {
	if e, ok := errors.AsType[*APIError](err); ok {
		if e.Ret == retDead && e.Endpoint == "webwxsync" {
			*dead++
		} else {
			*dead = 0
		}
		if Dispose(err) == Relogin || *dead >= deadAnswersToLeave {
			return a.over(e.Endpoint, e.Ret)
		}
		if !knownRet(e.Ret) {
			c.log.Warn().Str("endpoint", e.Endpoint).Int("code", e.Ret).Msg("unknown code")
		}
	}
	return c.retryLater(ctx, retry, err)
}

// syncCheck asks whether anything is waiting (section 6.1). A retcode other than
// 0 is an *APIError.
func (c *Client) syncCheck(ctx context.Context, a *account) (pending bool, err error) {
	keys := a.position()
	check := keys.checkKey
	if len(check.List) == 0 {
		check = keys.syncKey
	}
	q := a.callAt(a.hosts.Push, "synccheck", url.Values{
		"r":        {millis()},
		"skey":     {keys.skey},
		"sid":      {a.sid},
		"uin":      {strconv.FormatInt(a.uin, 10)},
		"deviceid": {deviceID()},
		"synckey":  {check.Param()},
		"_":        {strconv.FormatInt(a.counter.Add(1)-1, 10)},
	})
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
