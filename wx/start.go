package wx

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"wxbot/wx/internal/wire"
)

// start makes the session known to the server (section 4.1) and gives the batch
// that tells of it. Contacts come later, while polling.
func (c *Client) start(ctx context.Context, a *account) (Batch, error) {
	resp, err := c.init(ctx, a)
	if err != nil {
		return Batch{}, err
	}
	keys := a.position()
	if resp.SKey != "" {
		keys.skey = string(resp.SKey)
	}
	// A session that is taken up again keeps its own position: what came
	// meanwhile is still to be fetched.
	if len(keys.syncKey.List) == 0 {
		keys.syncKey = resp.SyncKey
	}
	self := contactOf(&resp.User)
	if self.UserName == "" {
		return Batch{}, &answerError{endpoint: "webwxinit", cause: errors.New("no own user name in the answer")}
	}
	if self.Uin == 0 {
		self.Uin = a.uin
	}
	a.setSelf(self)
	a.setPosition(keys)
	c.mu.Lock()
	c.acct = a
	c.mu.Unlock()

	known := contactsOf(resp.ContactList.Items)
	c.dir.setSelf(self.UserName)
	changed := c.dir.put(known...).contacts
	c.dir.put(self, Contact{UserName: FileHelper, NickName: fileHelperName})
	c.load.later(strings.FieldsFunc(string(resp.ChatSet), func(r rune) bool { return r == ',' })...)
	c.loadGroups(changed)

	loggedIn := LoggedIn{Self: self.clone(), Fresh: a.fresh}
	if resp.SystemTime > 0 {
		loggedIn.ServerTime = time.Unix(int64(resp.SystemTime), 0)
	}
	events := append(c.changeState(StateOnline, nil), loggedIn)
	if len(changed) > 0 {
		events = append(events, ContactsChanged{Changed: changed})
	}
	cookies, _ := c.jar.snapshot()
	return Batch{Events: events, Session: a.session(keys, cookies)}, nil
}

const fileHelperName = "文件传输助手"

// init calls webwxinit. An answer that says no is asked once more, as Tencent's
// page does (section 14); everything else is waited out.
func (c *Client) init(ctx context.Context, a *account) (*wire.InitResponse, error) {
	retry := backoff{least: retryMin, most: retryMax}
	for said := false; ; {
		q, err := a.call("webwxinit", url.Values{
			"r":    {strconv.FormatInt(int64(notMillis(time.Now().UnixMilli())), 10)},
			"lang": {c.opts.Lang},
		}).withJSON(wire.InitRequest{BaseRequest: a.base()})
		if err != nil {
			return nil, err
		}
		q.class = classContacts
		var resp wire.InitResponse
		err = c.ask(ctx, q, &resp)
		if err == nil && len(resp.SyncKey.List) == 0 && len(a.position().syncKey.List) == 0 {
			err = errors.New("webwxinit: no SyncKey in the answer")
		}
		if err == nil {
			return &resp, nil
		}
		if e, ok := errors.AsType[*APIError](err); ok {
			if !said && !Throttled(err) && a.moveHelper() {
				said = true
				continue
			}
			// To a session taken up again, 1 says that its cookies have died.
			if Dispose(err) == Relogin || e.Ret == retParameter && !a.fresh {
				return nil, a.over(e.Endpoint, e.Ret)
			}
			if said || Dispose(err) == Stop || Throttled(err) {
				return nil, err
			}
			said = true
		}
		if err := c.retryLater(ctx, &retry, err); err != nil {
			return nil, err
		}
	}
}

// notifyInited tells the phone that a client is there (section 4.2), which makes
// it send the list of conversations. The session works without, so failure is only logged.
func (c *Client) notifyInited(ctx context.Context, a *account) {
	err := c.notify(ctx, a, NotifyInited, a.selfContact().UserName)
	if err != nil && ctx.Err() == nil {
		c.log.Info().Err(err).Msg("status not notified")
	}
}
