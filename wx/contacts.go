package wx

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"wxbot/wx/internal/wire"
)

const (
	maxPages    = 16 // of the contact list (section 5.1)
	listRetry   = 2 * time.Second
	listRetryIn = 10 * time.Minute
	// throttlePause is how long a kind of call rests after 1205; it doubles up
	// to throttleMost (section 16).
	throttlePause = 30 * time.Minute
	throttleMost  = 8 * time.Hour
)

// listLoop loads the contact list page by page and ends when it has all
// (section 5.1). It never ends the session: whether that is over, the poll
// finds out.
func (c *Client) listLoop(ctx context.Context, a *account) error {
	retry := backoff{least: listRetry, most: listRetryIn}
	rest := throttlePause
	seq := int64(0)
	for page := 1; ; {
		resp, err := c.listPage(ctx, a, seq)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			wait := retry.next()
			if Throttled(err) {
				wait, rest = rest, min(2*rest, throttleMost)
			}
			c.log.Info().Err(err).Dur("wait", wait).Msg("contact list not loaded yet")
			if err := pause(ctx, wait); err != nil {
				return err
			}
			continue
		}
		retry.reset()
		next := int64(resp.Seq)
		last := next == 0 || next == seq || page >= maxPages
		if err := c.enterPage(ctx, resp, last); err != nil || last {
			return err
		}
		seq = next
		page++
	}
}

func (c *Client) listPage(ctx context.Context, a *account, seq int64) (*wire.ContactsResponse, error) {
	q := a.call("webwxgetcontact", url.Values{
		"seq": {strconv.FormatInt(seq, 10)}, "r": {millis()}, "skey": {a.position().skey}, "lang": {c.opts.Lang},
	})
	q.class = classContacts
	var resp wire.ContactsResponse
	if err := c.ask(ctx, q, &resp); err != nil {
		return nil, err
	}
	return &resp, nil
}

func (c *Client) enterPage(ctx context.Context, resp *wire.ContactsResponse, last bool) error {
	if bad := resp.MemberList.Bad; bad > 0 {
		c.log.Warn().Int("entries", bad).Msg("contacts not understood")
	}
	change := ContactsChanged{Complete: last}
	list := contactsOf(resp.MemberList.Items)
	change.Changed = c.dir.put(list...).contacts // the list has no members
	c.loadGroups(list)
	if last {
		c.load.listComplete(c.dir.has)
		c.dir.setComplete()
	}
	if len(change.Changed) == 0 && !last {
		return nil
	}
	return c.emit(ctx, change)
}

// Settled reports that nobody more is about to enter the directory by itself: the
// contact list has been loaded, messages have been fetched once, and of the groups
// that these named each is known or was given up.
func (c *Client) Settled() bool {
	a, err := c.account()
	switch {
	case err != nil || !c.dir.Complete():
		return false
	case a.mode == ModeFileHelper:
		return true
	}
	return !c.Health().Synced.IsZero() && !c.load.busy()
}

// withoutContacts tells that there is no contact list to wait for.
func (c *Client) withoutContacts(ctx context.Context) error {
	c.dir.setComplete()
	return c.emit(ctx, ContactsChanged{Complete: true})
}

// Lookup asks the server (webwxbatchgetcontact) for contacts that the directory
// may not know, at most 50 a call, and enters them there. For members of a group
// give its user name in group, else "". Calls are throttled to one per two
// seconds, except for the first few; lookups that wait together share a call.
// Who is not known to the server is left out of the answer. It works while Run
// runs, from within the sink as well. In ModeFileHelper nobody is known.
func (c *Client) Lookup(ctx context.Context, group string, userNames ...string) ([]Contact, error) {
	a, err := c.account()
	if err != nil {
		return nil, err
	}
	if len(userNames) == 0 || a.mode == ModeFileHelper {
		return nil, nil
	}
	if len(userNames) > maxBatch {
		return nil, fmt.Errorf("webwxbatchgetcontact: %d contacts in one lookup: %w", len(userNames), errUnfit)
	}
	l := c.load.ask(group, userNames)
	defer c.load.forget(l)
	select {
	case <-l.done:
		return l.found, l.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.done:
		return nil, ErrNotReady
	}
}

// announceLoop tells the sink what batch answers changed. It is a task of its
// own, so that a sink that waits in Lookup never waits for itself.
func (c *Client) announceLoop(ctx context.Context, _ *account) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.load.news:
		}
		changed := c.load.takeChanged()
		if err := c.emit(ctx, changed.events()...); err != nil {
			return err
		}
	}
}

func contactsOf(list []wire.Contact) []Contact {
	out := make([]Contact, 0, len(list))
	for i := range list {
		out = append(out, contactOf(&list[i]))
	}
	return out
}

func contactOf(w *wire.Contact) Contact {
	c := Contact{
		UserName:        string(w.UserName),
		NickName:        wire.DecodeName(string(w.NickName)),
		RemarkName:      wire.DecodeName(string(w.RemarkName)),
		Alias:           string(w.Alias),
		HeadImgURL:      string(w.HeadImgURL),
		Signature:       wire.DecodeName(string(w.Signature)),
		Province:        string(w.Province),
		City:            string(w.City),
		Sex:             int(w.Sex),
		Uin:             int64(w.Uin),
		VerifyFlag:      int(w.VerifyFlag),
		ContactFlag:     int(w.ContactFlag),
		AttrStatus:      int64(w.AttrStatus),
		KeyWord:         string(w.KeyWord),
		EncryChatRoomID: string(w.EncryChatRoomID),
	}
	if !IsGroup(c.UserName) {
		return c
	}
	c.MemberCount = max(int(w.MemberCount), len(w.MemberList.Items))
	c.IsOwner = w.IsOwner != 0
	c.OwnerUin = int64(w.OwnerUin)
	c.OwnerName = string(w.ChatRoomOwner)
	c.Muted = w.Statues == 0
	for _, m := range w.MemberList.Items {
		c.Members = append(c.Members, Member{
			UserName:    string(m.UserName),
			NickName:    wire.DecodeName(string(m.NickName)),
			DisplayName: wire.DecodeName(string(m.DisplayName)),
			AttrStatus:  int64(m.AttrStatus),
		})
	}
	return c
}
