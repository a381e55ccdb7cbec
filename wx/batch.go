package wx

import (
	"context"
	"errors"
	"net/url"
	"time"

	"wxbot/wx/internal/wire"
)

const (
	// batchEvery and batchBurst: more requests bring 1205 (section 16).
	batchEvery = 2 * time.Second
	batchBurst = 3
)

// bucket lets a few calls through at once and then one per batchEvery.
type bucket struct {
	free time.Time // when the bucket is full again
}

func (b *bucket) wait(ctx context.Context) error {
	now := time.Now()
	if b.free.Before(now) {
		b.free = now
	}
	b.free = b.free.Add(batchEvery)
	return pause(ctx, b.free.Sub(now)-batchBurst*batchEvery)
}

// batchLoop asks for contacts one request at a time, lookups first, until ctx
// ends. Failures never end the session: whether that is over, the poll finds out.
func (c *Client) batchLoop(ctx context.Context, a *account) error {
	var tokens bucket
	var rest restAfterThrottle
	retry := backoff{least: retryMin, most: retryMax}
	for {
		if until, err := rest.until(); err != nil {
			c.load.failLookups(err)
			if err := c.awaitWork(ctx, time.Until(until)); err != nil {
				return err
			}
			continue
		}
		if !c.load.pending() {
			if err := c.awaitWork(ctx, -1); err != nil {
				return err
			}
			continue
		}
		if err := tokens.wait(ctx); err != nil {
			return err
		}
		err := c.batchOnce(ctx, a)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			retry.reset()
			rest.reset()
		case Throttled(err):
			rest.begin(err)
			c.log.Warn().Err(err).Msg("asking for contacts too often, resting")
		default:
			d := retry.next()
			c.log.Info().Err(err).Dur("wait", d).Msg("contacts not loaded")
			if err := c.awaitWork(ctx, d); err != nil {
				return err
			}
		}
	}
}

// restAfterThrottle is the pause after 1205: 30 minutes, doubling with each until
// a call succeeds.
type restAfterThrottle struct {
	end    time.Time
	length time.Duration
	cause  error
}

func (r *restAfterThrottle) begin(cause error) {
	r.length = min(max(2*r.length, throttlePause), throttleMost)
	r.end, r.cause = time.Now().Add(r.length), cause
}

func (r *restAfterThrottle) reset() { *r = restAfterThrottle{} }

// until gives the end of a pause that lasts, and why it is made.
func (r *restAfterThrottle) until() (time.Time, error) {
	if time.Now().Before(r.end) {
		return r.end, r.cause
	}
	return time.Time{}, nil
}

// awaitWork waits for new work, for d to pass unless it is negative, or for the
// end of ctx, which alone is an error.
func (c *Client) awaitWork(ctx context.Context, d time.Duration) error {
	var after <-chan time.Time
	if d >= 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		after = t.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-after:
	case <-c.load.wake:
	}
	return nil
}

// failLookups answers every lookup that waits.
func (l *loader) failLookups(err error) {
	l.mu.Lock()
	qs := l.lookups
	l.lookups = nil
	l.mu.Unlock()
	answerLookups(qs, err)
}

func answerLookups(qs []*lookup, err error) {
	for _, q := range qs {
		q.err = err
		close(q.done)
	}
}

// batchOnce makes one request and hands out its answer.
func (c *Client) batchOnce(ctx context.Context, a *account) error {
	if qs := c.load.takeLookups(); len(qs) > 0 {
		return c.serveLookups(ctx, a, qs)
	}
	names := c.load.takeNames(c.dir.size)
	if len(names) == 0 {
		return nil
	}
	entries := make([]wire.BatchEntry, 0, len(names))
	for _, n := range names {
		entries = append(entries, wire.BatchEntry{UserName: n})
	}
	contacts, err := c.batchGet(ctx, a, entries)
	if err != nil {
		if splittable(err) {
			c.load.failed(names, failWeight(err))
		} else {
			c.load.back(names)
		}
		return err
	}
	c.load.announce(c.dir.put(contacts...))
	c.load.answered(names)
	return nil
}

// splittable reports whether a request may succeed in smaller parts: the server
// answered, and neither that it is too often nor that the session is over.
func splittable(err error) bool {
	if Throttled(err) || Dispose(err) == Relogin {
		return false
	}
	_, status := errors.AsType[*statusError](err)
	_, junk := errors.AsType[*answerError](err)
	return status || junk || saidNo(err)
}

func saidNo(err error) bool {
	_, ok := errors.AsType[*APIError](err)
	return ok
}

func failWeight(err error) int {
	if saidNo(err) {
		return failNo
	}
	return failOther
}

func (c *Client) serveLookups(ctx context.Context, a *account, qs []*lookup) error {
	var entries []wire.BatchEntry
	owner := map[string]*lookup{}
	for _, q := range qs {
		room := ""
		if q.group != "" {
			room = c.dir.roomID(q.group)
		}
		for _, n := range q.names {
			entries = append(entries, wire.BatchEntry{UserName: n, EncryChatRoomID: room})
			owner[n] = q
		}
	}
	contacts, err := c.batchGet(ctx, a, entries)
	switch {
	case err != nil && splittable(err) && len(qs) > 1:
		c.load.retry(qs)
		return err
	case err != nil:
		if splittable(err) && len(entries) == 1 {
			c.load.failedAlone(entries[0].UserName, failWeight(err))
		}
		answerLookups(qs, err)
		return err
	}
	var changed changes
	for _, got := range contacts {
		q := owner[got.UserName]
		if q == nil {
			continue
		}
		q.found = append(q.found, got.clone())
		if q.group != "" {
			changed.add(c.dir.putMember(q.group, got))
		} else {
			changed.add(c.dir.put(got))
		}
	}
	answerLookups(qs, nil)
	c.load.announce(changed)
	return nil
}

func (c *Client) batchGet(ctx context.Context, a *account, entries []wire.BatchEntry) ([]Contact, error) {
	q, err := a.call("webwxbatchgetcontact", url.Values{
		"type": {"ex"}, "r": {millis()}, "lang": {c.opts.Lang},
	}).withJSON(wire.BatchRequest{BaseRequest: a.base(), Count: len(entries), List: entries})
	if err != nil {
		return nil, err
	}
	q.class = classContacts
	var resp wire.BatchResponse
	if err := c.ask(ctx, q, &resp); err != nil {
		return nil, err
	}
	if resp.ContactList.Bad > 0 {
		c.log.Warn().Int("entries", resp.ContactList.Bad).Msg("contacts not understood")
	}
	return contactsOf(resp.ContactList.Items), nil
}
