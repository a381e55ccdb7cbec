package wx

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"wxbot/wx/internal/wire"
)

// SendID is a client message id (LocalID, ClientMsgId; section 7.1). The server
// answers a repeated id with the same message id and delivers once.
type SendID string

// lastSendID is the last id made, as a number. Two equal ids would make the
// server drop a message, so they must differ in a process however fast they are
// made; a clock and four random digits cannot promise that.
var lastSendID atomic.Int64 //nolint:gochecknoglobals // ids are unique per process or not at all

// NewSendID makes a fresh id: 17 digits, milliseconds and four random digits. No
// two calls in a process give the same, as long as they use one clock.
func NewSendID(now time.Time) SendID {
	fresh := now.UnixMilli()*10_000 + rand.Int64N(10_000)
	for {
		last := lastSendID.Load()
		id := max(fresh, last+1)
		if last > fresh+1e9 {
			// Made with a clock far ahead, as tests use; do not follow it.
			id = fresh
		}
		if lastSendID.CompareAndSwap(last, id) {
			return SendID(fmt.Sprintf("%017d", id))
		}
	}
}

// Sent tells that the server accepted a message.
type Sent struct {
	MsgID string // to revoke it
	ID    SendID
}

// SendText sends a text (webwxsendmsg, Type 1). It makes one try and does not
// retry. An error matching ErrUnknownOutcome may be repeated with the same id.
// Control characters other than tab and newline are left out: the receiver would
// see their escapes.
func (c *Client) SendText(ctx context.Context, to, text string, id SendID) (Sent, error) {
	a, err := c.sender("webwxsendmsg", to)
	if err != nil {
		return Sent{}, err
	}
	if text = plain(text); text == "" || to == "" || id == "" {
		return Sent{}, fmt.Errorf("webwxsendmsg: receiver, text and id must not be empty: %w", errUnfit)
	}
	q, err := c.plainCall(a, wire.TextMsg{Type: sendText, Content: text, ToUserName: to}, id, 0)
	if err != nil {
		return Sent{}, err
	}
	return c.send(ctx, q, id)
}

// plainCall addresses a message of webwxsendmsg (section 7.2).
func (c *Client) plainCall(a *account, m wire.TextMsg, id SendID, scene int) (call, error) {
	m.FromUserName, m.LocalID, m.ClientMsgID = a.selfContact().UserName, string(id), string(id)
	return a.call("webwxsendmsg", url.Values{"lang": {c.opts.Lang}}).
		withJSON(wire.SendRequest[wire.TextMsg]{BaseRequest: a.base(), Msg: m, Scene: scene})
}

// SendEmoticon sends an emoticon by MD5 or by MediaID (webwxsendemoticon). It
// makes one try, as SendText does.
func (c *Client) SendEmoticon(ctx context.Context, to string, e Emoticon, id SendID) (Sent, error) {
	a, err := c.sender("webwxsendemoticon", to)
	if err != nil {
		return Sent{}, err
	}
	if (e.MD5 == "") == (e.MediaID == "") || to == "" || id == "" {
		return Sent{}, fmt.Errorf("webwxsendemoticon: needs receiver, id, and either MD5 or MediaID: %w", errUnfit)
	}
	q, err := c.emoticonCall(a, to, e, id, 0)
	if err != nil {
		return Sent{}, err
	}
	sent, err := c.send(ctx, q, id)
	if e.MediaID != "" && saidNo(err) {
		a.media.forget(e.MediaID) // the next Upload is not to give it again
	}
	return sent, err
}

func (c *Client) emoticonCall(a *account, to string, e Emoticon, id SendID, scene int) (call, error) {
	return a.call("webwxsendemoticon", url.Values{"fun": {"sys"}, "lang": {c.opts.Lang}}).
		withJSON(wire.SendRequest[wire.EmoticonMsg]{
			BaseRequest: a.base(),
			Msg: wire.EmoticonMsg{
				Type: sendEmoticon, EmojiFlag: 2, EMoticonMd5: e.MD5, MediaID: e.MediaID,
				FromUserName: a.selfContact().UserName, ToUserName: to,
				LocalID: string(id), ClientMsgID: string(id),
			},
			Scene: scene,
		})
}

// send makes the one try. A code of zero without a message id proves nothing.
func (c *Client) send(ctx context.Context, q call, id SendID) (Sent, error) {
	q.effect = true
	var resp wire.SendResponse
	if err := c.ask(ctx, q, &resp); err != nil {
		return Sent{}, err
	}
	if resp.MsgID == "" || resp.MsgID == "0" {
		return Sent{}, q.unclear(errors.New("no MsgID in the answer"))
	}
	c.own.add(string(resp.MsgID))
	return Sent{MsgID: string(resp.MsgID), ID: id}, nil
}

// plain leaves out the characters that JSON can only write as \u escapes, which
// the server passes on literally (section 2.4).
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' {
			return -1
		}
		return r
	}, text)
}

// Revoke withdraws an own message sent less than two minutes ago
// (webwxrevokemsg). It makes one try; an error matching ErrUnknownOutcome must
// not be repeated.
func (c *Client) Revoke(ctx context.Context, to, msgID string) error {
	a, err := c.sender("webwxrevokemsg", to)
	if err != nil {
		return err
	}
	if to == "" || msgID == "" {
		return fmt.Errorf("webwxrevokemsg: receiver and message id must not be empty: %w", errUnfit)
	}
	q, err := a.call("webwxrevokemsg", nil).withJSON(wire.RevokeRequest{
		BaseRequest: a.base(), SvrMsgID: msgID, ToUserName: to, ClientMsgID: string(NewSendID(time.Now())),
	})
	if err != nil {
		return err
	}
	q.effect = true
	return c.ask(ctx, q, &wire.PlainResponse{})
}

// AcceptFriend accepts a friend request (webwxverifyuser, Opcode 3). The
// person's user name changes afterwards; the new one comes with ContactsChanged.
// It makes one try; an error matching ErrUnknownOutcome must not be repeated.
func (c *Client) AcceptFriend(ctx context.Context, userName string, ticket Secret) error {
	a, err := c.friends("webwxverifyuser")
	if err != nil {
		return err
	}
	if userName == "" || ticket == "" {
		return fmt.Errorf("webwxverifyuser: user name and ticket must not be empty: %w", errUnfit)
	}
	return c.verify(ctx, a, verifyOK, wire.VerifyUser{Value: userName, VerifyUserTicket: ticket.Reveal()}, "")
}

func (c *Client) verify(ctx context.Context, a *account, op int, who wire.VerifyUser, text string) error {
	base := a.base()
	q, err := a.call("webwxverifyuser", url.Values{"r": {millis()}, "lang": {c.opts.Lang}}).withJSON(wire.VerifyRequest{
		BaseRequest: base, Opcode: op,
		VerifyUserListSize: 1, VerifyUserList: []wire.VerifyUser{who}, VerifyContent: text,
		SceneListCount: 1, SceneList: []int{sceneWeb},
		Skey: base.Skey, // the one of BaseRequest, else the server reports a system error
	})
	if err != nil {
		return err
	}
	q.effect = true
	return c.ask(ctx, q, &wire.PlainResponse{})
}

// Codes of webwxverifyuser and webwxoplog (section 10).
const (
	verifyAsk  = 2
	verifyOK   = 3
	sceneWeb   = 33
	opSetAlias = 2
	opPin      = 3
)

// SetRemark names a contact (webwxoplog, CmdId 2). Servers since 2023 may answer
// Ret 0 and do nothing; the next ContactsChanged shows what holds.
func (c *Client) SetRemark(ctx context.Context, userName, remark string) error {
	a, err := c.friends("webwxoplog")
	if err != nil {
		return err
	}
	if userName == "" {
		return fmt.Errorf("webwxoplog: user name must not be empty: %w", errUnfit)
	}
	q, err := a.call("webwxoplog", url.Values{"lang": {c.opts.Lang}}).withJSON(wire.RemarkRequest{
		BaseRequest: a.base(), CmdID: opSetAlias, RemarkName: plain(remark), UserName: userName,
	})
	if err != nil {
		return err
	}
	q.effect = true
	return c.ask(ctx, q, &wire.PlainResponse{})
}

// sendLogout calls webwxlogout, whose answer is a redirect or a page, not JSON
// (section 11).
func (c *Client) sendLogout(ctx context.Context, a *account) error {
	q := a.call("webwxlogout", url.Values{"redirect": {"1"}, "type": {"0"}, "skey": {a.position().skey}}).
		withBytes([]byte(url.Values{"sid": {a.sid}, "uin": {strconv.FormatInt(a.uin, 10)}}.Encode()))
	q.contentType, q.effect, q.anyStatus = typeForm, true, true
	ans, err := c.do(ctx, q)
	if err != nil {
		return err
	}
	if ans.status >= 400 {
		return &statusError{endpoint: q.endpoint, status: ans.status}
	}
	return nil
}
