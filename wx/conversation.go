package wx

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"wxbot/wx/internal/wire"
)

// MarkRead tells the phone that a conversation was read, so that its badge goes
// (webwxstatusnotify, code 1). It may be repeated.
func (c *Client) MarkRead(ctx context.Context, userName string) error {
	a, err := c.friends("webwxstatusnotify")
	if err != nil {
		return err
	}
	if userName == "" {
		return fmt.Errorf("webwxstatusnotify: user name must not be empty: %w", errUnfit)
	}
	return c.notify(ctx, a, NotifyRead, userName)
}

// notify tells the other clients of the account about a conversation (section 4.2).
func (c *Client) notify(ctx context.Context, a *account, code NotifyCode, to string) error {
	q, err := a.call("webwxstatusnotify", url.Values{"lang": {c.opts.Lang}}).withJSON(wire.StatusNotifyRequest{
		BaseRequest: a.base(), Code: int(code),
		FromUserName: a.selfContact().UserName, ToUserName: to, ClientMsgID: time.Now().UnixMilli(),
	})
	if err != nil {
		return err
	}
	return c.ask(ctx, q, &wire.PlainResponse{})
}

// Pin keeps a chat at the top of the list, or no longer (webwxoplog, CmdId 3). The
// next ContactsChanged shows what holds (Contact.Pinned). It makes one try; an error
// matching ErrUnknownOutcome tells that it may have been done.
func (c *Client) Pin(ctx context.Context, userName string, on bool) error {
	a, err := c.friends("webwxoplog")
	if err != nil {
		return err
	}
	if userName == "" {
		return fmt.Errorf("webwxoplog: user name must not be empty: %w", errUnfit)
	}
	// The remark goes along, since some servers take what is missing for a new one.
	known, _ := c.dir.Contact(userName)
	req := wire.PinRequest{BaseRequest: a.base(), CmdID: opPin, RemarkName: plain(known.RemarkName), UserName: userName}
	if on {
		req.OP = 1
	}
	q, err := a.call("webwxoplog", url.Values{"lang": {c.opts.Lang}}).withJSON(req)
	if err != nil {
		return err
	}
	q.effect = true
	return c.ask(ctx, q, &wire.PlainResponse{})
}

// RequestFriend asks somebody to be a friend (webwxverifyuser, Opcode 2), with a
// greeting. Servers often answer Ret 0 and pass nothing on, above all for members of
// groups (section 10.1): success tells no more than that the request was taken. It
// makes one try; an error matching ErrUnknownOutcome must not be repeated.
func (c *Client) RequestFriend(ctx context.Context, userName, greeting string) error {
	a, err := c.friends("webwxverifyuser")
	if err != nil {
		return err
	}
	if !arePeople([]string{userName}) {
		return fmt.Errorf("webwxverifyuser: not a person: %w", errUnfit)
	}
	return c.verify(ctx, a, verifyAsk, wire.VerifyUser{Value: userName}, plain(greeting))
}
