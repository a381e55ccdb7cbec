package bot

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/luahost"
	"wxbot/bot/outbox"
	"wxbot/wx"
)

const (
	retThrottled  = 1205
	retTransient  = -1      // section 13.1: one retry
	stickerLimit  = 5 << 20 // bytes of a gif
	filehelperArg = "filehelper"
)

// sender carries deliveries out on the account. It implements outbox.Sender.
type sender struct {
	acc     *account
	brakes  *brakes
	plugins func(ctx context.Context, q luahost.Calling) (string, error)
	sent    func(chat string, at time.Time)
	http    *http.Client
	remarks *remarks

	settings func() event.Settings

	mu sync.Mutex
	// called holds what plugin functions returned for deliveries whose answer has
	// not been sent yet: a repeated send must not call them again.
	called map[int64]string
	// uploads tells how much of a file is uploaded, by delivery, while it is.
	uploads map[int64]upload
}

// upload is how far one has come, in bytes.
type upload struct{ done, total int64 }

func (s *sender) progress(id int64) (done, total int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.uploads[id].done, s.uploads[id].total
}

func (s *sender) noteUpload(id int64, u upload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uploads[id] = u
}

func (s *sender) endUpload(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.uploads, id)
}

// Deliver does one action. Its error says, by wrapping one of outbox's, whether
// to try again.
func (s *sender) Deliver(ctx context.Context, d event.Delivery) (event.Receipt, error) {
	switch d.Action.Kind {
	case event.ActLog:
		s.acc.log.Info().Str("handler", d.Handler).Str("text", d.Action.Message.Text).Msg("log step")
		return s.receipt(""), nil
	case event.ActWebhook:
		return s.receipt(""), s.webhook(ctx, d.Action.Webhook)
	case event.ActReply, event.ActSend, event.ActForward, event.ActAccept, event.ActRemark,
		event.ActInvite, event.ActRevoke, event.ActNotify, event.ActWait, event.ActCall,
		event.ActRename, event.ActPin, event.ActRead:
	}
	c, ok := s.acc.wxClient()
	if !ok {
		return event.Receipt{}, fmt.Errorf("%s: %w", d.Action.Kind, outbox.ErrNotReady)
	}
	r, err := s.do(ctx, c, d)
	if err != nil {
		return event.Receipt{}, verdict(err)
	}
	return r, nil
}

func (s *sender) receipt(msgID string) event.Receipt {
	return event.Receipt{MsgID: msgID, Time: s.acc.clock.Now()}
}

func (s *sender) do(ctx context.Context, c *wx.Client, d event.Delivery) (event.Receipt, error) {
	switch d.Action.Kind {
	case event.ActReply, event.ActSend, event.ActForward, event.ActNotify:
		to, key, err := s.target(d)
		if err != nil {
			return event.Receipt{}, err
		}
		echo := awaitedEcho{chat: key}
		if d.Action.Forward == "" {
			echo.text = d.Action.Message.Text
		}
		s.acc.echoes.await(echo, s.acc.clock.Now())
		r, err := s.message(ctx, c, to, d)
		if err == nil || !errors.Is(err, wx.ErrUnknownOutcome) {
			s.acc.echoes.settled(echo, r.MsgID)
		}
		if err != nil {
			return event.Receipt{}, err
		}
		r.Chat = key
		s.sent(key, r.Time)
		return r, nil
	case event.ActCall:
		return s.call(ctx, c, d)
	case event.ActAccept:
		return s.accept(ctx, c, d)
	case event.ActRemark:
		user, err := s.person(d)
		if err != nil {
			return event.Receipt{}, err
		}
		if err := c.SetRemark(ctx, user, d.Action.Remark); err != nil {
			return event.Receipt{}, err
		}
		s.remarks.given(s.subject(d), d.Action.Remark)
		return s.receipt(""), nil
	case event.ActRevoke:
		return s.revoke(ctx, c, d)
	case event.ActInvite:
		return s.invite(ctx, c, d)
	case event.ActRename, event.ActPin, event.ActRead:
		return s.receipt(""), s.tend(ctx, c, d)
	case event.ActWait, event.ActLog, event.ActWebhook:
	}
	return event.Receipt{}, fmt.Errorf("%s: not in this version: %w", d.Action.Kind, outbox.ErrPermanent)
}

// verdict says what an error of the client means for a delivery.
func verdict(err error) error {
	var api *wx.APIError
	var ambiguous *ambiguousError
	switch {
	case errors.Is(err, wx.ErrUnknownOutcome):
		return fmt.Errorf("%w: %w", outbox.ErrUnknown, err)
	case errors.Is(err, wx.ErrNotReady), errors.Is(err, wx.ErrLoggedOut):
		return fmt.Errorf("%w: %w", outbox.ErrNotReady, err)
	case errors.Is(err, outbox.ErrObsolete), errors.Is(err, outbox.ErrNotReady):
		return err
	case errors.As(err, &ambiguous):
		return fmt.Errorf("%w: %w", outbox.ErrPermanent, err)
	case errors.Is(err, wx.ErrTooLarge):
		return fmt.Errorf("%w: %w", outbox.ErrPermanent, err)
	case errors.As(err, &api):
		switch api.Ret {
		case retThrottled:
			return fmt.Errorf("%w: %w", outbox.ErrThrottled, err)
		case retTransient:
			return fmt.Errorf("%w: %w", outbox.ErrTwice, err)
		default:
			return fmt.Errorf("%w: %w", outbox.ErrPermanent, err)
		}
	}
	return err
}

// ambiguousError tells that a name does not lead to one chat.
type ambiguousError struct {
	name string
	hits int
}

func (e *ambiguousError) Error() string {
	if e.hits == 0 {
		return fmt.Sprintf("send to %q: no such friend or group", e.name)
	}
	return fmt.Sprintf("send to %q: %d chats bear that name; set a remark", e.name, e.hits)
}

// target resolves where a message goes, as of now.
func (s *sender) target(d event.Delivery) (user, key string, err error) {
	key = d.Action.ToKey
	switch {
	case key != "":
	case d.Action.Kind == event.ActReply:
		key = d.Chat.Key
	case len(d.Action.To) > 0:
		chat, err := s.named(d.Action.To[0])
		if err != nil {
			return "", "", err
		}
		key = chat.Key
	default:
		key = d.Chat.Key
	}
	if s.acc.book.accepting(key) && s.acc.clock.Now().Sub(d.Created) < acceptMost {
		return "", "", held(event.BrakeFriend, "send: the new friend is not known yet: %w", outbox.ErrNotReady)
	}
	s.acc.book.dropAccept(key)
	user, ok := s.acc.book.user(key)
	if !ok {
		return "", "", fmt.Errorf("send: chat %s is not known in this session: %w", key, outbox.ErrPermanent)
	}
	if err := s.braked(d, key); err != nil {
		return "", "", err
	}
	if c, ok := s.acc.book.contact(user); ok && never(s.settings().Never, c.RemarkName, c.NickName) {
		return "", "", held(event.BrakeNever, "send: chat %s is in settings.never: %w", key, outbox.ErrPermanent)
	}
	return user, key, nil
}

// held is the error of a delivery that a brake holds back.
func held(by event.Brake, format string, args ...any) error {
	return &outbox.HeldError{By: by, Err: fmt.Errorf(format, args...)}
}

// braked tells whether a delivery to a chat is held back at this moment.
func (s *sender) braked(d event.Delivery, key string) error {
	switch verdict, by, why := s.brakes.check(d, key); verdict {
	case brakeWait:
		return held(by, "%s: %s: %w", d.Action.Kind, why, outbox.ErrNotReady)
	case brakeDrop:
		return held(by, "%s: %s: %w", d.Action.Kind, why, outbox.ErrObsolete)
	case brakeOff:
	}
	return nil
}

// named finds the one chat of a name: a person by remark, else nickname, or a
// group.
func (s *sender) named(name string) (event.Chat, error) {
	if name == filehelperArg || name == fileHelperName {
		return event.Chat{Kind: event.ChatSelf, Key: keyFileHelper, Name: fileHelperName}, nil
	}
	loading := s.acc.stillLoading() // asked before: who comes in between is found
	hits := s.acc.book.find(event.ChatPrivate, name)
	hits = append(hits, s.acc.book.find(event.ChatGroup, name)...)
	switch {
	case len(hits) == 1:
		return hits[0], nil
	case len(hits) == 0 && loading:
		return event.Chat{}, held(event.BrakeContacts, "send to %q: contacts are still being loaded: %w", name, outbox.ErrNotReady)
	}
	return event.Chat{}, &ambiguousError{name, len(hits)}
}

// subject is the key of whom an action is about.
func (s *sender) subject(d event.Delivery) string {
	return cmp.Or(d.Action.Person, d.Chat.Key)
}

func (s *sender) message(ctx context.Context, c *wx.Client, to string, d event.Delivery) (event.Receipt, error) {
	m := d.Action.Message
	id := wx.SendID(d.ClientID)
	var sent wx.Sent
	var err error
	switch {
	case d.Action.Forward != "":
		sent, err = s.forward(ctx, c, to, d)
	case m.Text != "":
		sent, err = c.SendText(ctx, to, m.Text, id)
	case strings.HasPrefix(m.Sticker, md5Prefix):
		var e wx.Emoticon
		if e, err = emoticon(m.Sticker); err == nil {
			sent, err = c.SendEmoticon(ctx, to, e, id)
		}
	case m.Card != "":
		var who wx.Contact
		if who, err = s.carded(m.Card); err == nil {
			sent, err = c.SendCard(ctx, to, who, id)
		}
	case !m.Empty():
		defer s.endUpload(d.ID)
		sent, err = s.file(ctx, to, m, c, d)
	default:
		err = fmt.Errorf("send: nothing to send: %w", outbox.ErrPermanent)
	}
	return s.receipt(sent.MsgID), err
}

// forward sends a received message on. What the web cannot send on, or what came
// before the present start, goes as the text that stands for it.
func (s *sender) forward(ctx context.Context, c *wx.Client, to string, d event.Delivery) (wx.Sent, error) {
	id := wx.SendID(d.ClientID)
	// What was withdrawn is another message than the event that tells of it.
	if kept, ok := s.acc.keep.of(d.Action.Forward); ok && d.Event != d.Action.Forward {
		defer s.endUpload(d.ID)
		sent, err := s.file(ctx, to, kept, c, d)
		if !errors.Is(err, outbox.ErrPermanent) {
			return sent, err
		}
		s.acc.log.Warn().Err(err).Int64("delivery", d.ID).Msg("content kept for a recall not sent")
	}
	err := wx.ErrNotForwardable
	var sent wx.Sent
	if m, ok := s.acc.received.get(d.Action.Forward); ok {
		sent, err = c.Forward(ctx, to, m, id)
	}
	var api *wx.APIError
	if errors.Is(err, wx.ErrNotForwardable) || errors.As(err, &api) && !wx.Throttled(err) && !errors.Is(err, wx.ErrLoggedOut) {
		return c.SendText(ctx, to, d.Action.Message.Text, id)
	}
	return sent, err
}

// carded finds whose card is sent.
func (s *sender) carded(name string) (wx.Contact, error) {
	loading := s.acc.stillLoading()
	hits := s.acc.book.find(event.ChatPrivate, name)
	hits = append(hits, s.acc.book.find(event.ChatOfficial, name)...)
	if len(hits) == 0 && loading {
		return wx.Contact{}, held(event.BrakeContacts, "card: contacts are still being loaded: %w", outbox.ErrNotReady)
	}
	if len(hits) != 1 {
		return wx.Contact{}, fmt.Errorf("card: %w", &ambiguousError{name, len(hits)})
	}
	user, _ := s.acc.book.user(hits[0].Key)
	c, ok := s.acc.book.contact(user)
	if !ok {
		return wx.Contact{}, fmt.Errorf("card of %s: not known in this session: %w", hits[0].Key, outbox.ErrPermanent)
	}
	return c, nil
}

const md5Prefix = "md5:"

// emoticon gives one that the server knows by its MD5.
func emoticon(src string) (wx.Emoticon, error) {
	sum := strings.TrimPrefix(src, md5Prefix)
	if b, err := hex.DecodeString(sum); err != nil || len(b) != 16 {
		return wx.Emoticon{}, fmt.Errorf("sticker %q: not the hexadecimal MD5 of an emoticon: %w", src, outbox.ErrPermanent)
	}
	return wx.Emoticon{MD5: sum}, nil
}

// revokeMost is how long the server lets a message be withdrawn (section 7.7).
const revokeMost = 2 * time.Minute

// revoke withdraws a message of the daemon's own.
func (s *sender) revoke(ctx context.Context, c *wx.Client, d event.Delivery) (event.Receipt, error) {
	sent, err := s.toRevoke(ctx, d)
	if err != nil {
		return event.Receipt{}, err
	}
	if sent.Receipt.MsgID == "" {
		return event.Receipt{}, fmt.Errorf("revoke: nothing was sent: %w", outbox.ErrPermanent)
	}
	if s.acc.clock.Now().Sub(sent.Receipt.Time) >= revokeMost {
		return event.Receipt{}, fmt.Errorf("revoke: too old: %w", outbox.ErrPermanent)
	}
	user, ok := s.acc.book.user(sent.Receipt.Chat)
	if !ok {
		return event.Receipt{}, fmt.Errorf("revoke: chat %s is not known in this session: %w", sent.Receipt.Chat, outbox.ErrPermanent)
	}
	r := s.receipt("")
	r.Withdrawn = sent.ID
	return r, c.Revoke(ctx, user, sent.Receipt.MsgID)
}

func (s *sender) toRevoke(ctx context.Context, d event.Delivery) (event.Delivery, error) {
	if d.Action.Revoke == "" {
		sent, ok, err := s.acc.store.LastSent(ctx, d.Chat.Key)
		if err == nil && !ok {
			err = fmt.Errorf("revoke: nothing was sent to chat %s: %w", d.Chat.Key, outbox.ErrPermanent)
		}
		return sent, err
	}
	id, err := strconv.ParseInt(d.Action.Revoke, 10, 64)
	if err != nil {
		return event.Delivery{}, fmt.Errorf("revoke %q: no id of a message: %w", d.Action.Revoke, outbox.ErrPermanent)
	}
	sent, err := s.acc.store.Delivery(ctx, id)
	if err != nil {
		return event.Delivery{}, fmt.Errorf("revoke: %w: %w", outbox.ErrPermanent, err)
	}
	return sent, nil
}
