package wx

import (
	"context"
	"fmt"

	"wxbot/wx/internal/wire"
)

// sceneForward marks a forwarded message (section 7.1).
const sceneForward = 2

// SendCard sends the card of a friend or an official account that the account
// follows (webwxsendmsg, Type 42). It makes one try, as SendText does.
func (c *Client) SendCard(ctx context.Context, to string, who Contact, id SendID) (Sent, error) {
	a, err := c.sender("webwxsendmsg", to)
	if err != nil {
		return Sent{}, err
	}
	if to == "" || id == "" || who.UserName == "" || who.NickName == "" || IsGroup(who.UserName) {
		return Sent{}, fmt.Errorf("webwxsendmsg: a card needs receiver, id, and a person with a name: %w", errUnfit)
	}
	q, err := c.cardCall(a, to, who.UserName, who.NickName, id, 0)
	if err != nil {
		return Sent{}, err
	}
	return c.send(ctx, q, id)
}

func (c *Client) cardCall(a *account, to, userName, nickName string, id SendID, scene int) (call, error) {
	return c.plainCall(a, wire.TextMsg{
		Type: sendCard, Content: wire.CardBody(userName, plain(nickName)), ToUserName: to,
	}, id, scene)
}

// Forwardable tells why Forward would not send a message on, nil if it would. It
// needs no session. The error matches ErrNotForwardable; a file of more than 25 MB
// matches ErrTooLarge as well and has to be uploaded anew.
func Forwardable(m *Message) error {
	switch m.Type { //nolint:exhaustive // the others cannot be sent
	case MsgText:
		if m.Location != nil && m.Original == "" && m.Location.URL != m.Text || m.Text == "" {
			return notForwardable(m, "its body did not come")
		}
		return nil
	case MsgImage, MsgVideo, MsgMicroVideo, MsgLocation:
		if m.Original == "" {
			return notForwardable(m, "its body did not come")
		}
		return nil
	case MsgEmoticon:
		if m.Emoticon == nil || m.Emoticon.MD5 == "" || m.Emoticon.Store {
			return notForwardable(m, "emoticons of the shop are closed to the web")
		}
		return nil
	case MsgCard:
		if m.Card == nil || m.Card.UserName == "" || m.Card.NickName == "" {
			return notForwardable(m, "its body did not come")
		}
		return nil
	case MsgApp:
		switch {
		case m.File == nil || m.File.MediaID == "":
			return notForwardable(m, "of app messages only files can be sent")
		case m.File.Size > bigFile:
			return fmt.Errorf("%w: %w", notForwardable(m, "a file over 25 MB must be uploaded anew"), ErrTooLarge)
		}
		return nil
	}
	return notForwardable(m, "the web cannot send this type")
}

func notForwardable(m *Message, why string) error {
	return fmt.Errorf("message of type %d: %s: %w", m.Type, why, ErrNotForwardable)
}

// Forward sends a received message on without uploading anything: texts,
// pictures, videos, emoticons, cards of friends, locations, and files up to 25 MB.
// It must be of this session. What the web protocol cannot send, such as voices,
// links and mini programs, gives ErrNotForwardable. It makes one try, as SendText
// does.
func (c *Client) Forward(ctx context.Context, to string, m *Message, id SendID) (Sent, error) {
	a, err := c.sender("forward", to)
	if err != nil {
		return Sent{}, err
	}
	if to == "" || id == "" {
		return Sent{}, fmt.Errorf("forward: receiver and id must not be empty: %w", errUnfit)
	}
	if err := Forwardable(m); err != nil {
		return Sent{}, fmt.Errorf("forward: %w", err)
	}
	q, err := c.forwardCall(a, to, m, id)
	if err != nil {
		return Sent{}, err
	}
	return c.send(ctx, q, id)
}

// forwardCall addresses a message that is forwardable.
func (c *Client) forwardCall(a *account, to string, m *Message, id SendID) (call, error) {
	const scene = sceneForward
	switch {
	case m.Type == MsgImage:
		return c.mediaCall(a, "webwxsendmsgimg", wire.MediaMsg{Type: sendImage, Content: plain(m.Original), ToUserName: to}, id, scene)
	case m.Type == MsgVideo:
		return c.mediaCall(a, "webwxsendvideomsg", wire.MediaMsg{Type: sendVideo, Content: plain(m.Original), ToUserName: to}, id, scene)
	case m.Type == MsgMicroVideo:
		return c.mediaCall(a, "webwxsendvideomsg", wire.MediaMsg{Type: sendMicroVideo, Content: plain(m.Original), ToUserName: to}, id, scene)
	case m.Type == MsgEmoticon:
		return c.emoticonCall(a, to, Emoticon{MD5: m.Emoticon.MD5}, id, scene)
	case m.Type == MsgCard:
		return c.cardCall(a, to, m.Card.UserName, m.Card.NickName, id, scene)
	case m.Type == MsgApp:
		return c.fileCall(a, to, *m.File, "", id, scene)
	case m.Original != "":
		return c.plainCall(a, wire.TextMsg{Type: sendLocation, Content: plain(m.Original), ToUserName: to}, id, scene)
	}
	return c.plainCall(a, wire.TextMsg{Type: sendText, Content: plain(m.Text), ToUserName: to}, id, scene)
}
