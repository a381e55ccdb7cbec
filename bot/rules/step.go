package rules

import (
	"strings"
	"time"

	"wxbot/bot/conf"
	"wxbot/bot/event"
)

// step is one step of a rule, compiled.
type step struct {
	kind    event.ActionKind
	at      *conf.Node // its key, or its value
	message message
	to      []string
	remark  template
	wait    event.Range
	call    event.CallSpec
	args    map[string]template
	webhook *webhook
}

type webhook struct {
	url     template
	json    map[string]template
	form    map[string]template
	timeout time.Duration
}

// message is what is sent.
type message struct {
	text        template
	image       string
	file        string
	video       string
	sticker     string
	card        string // whose
	mention     bool
	names       []string // instead of those concerned
	revokeAfter time.Duration
	oneOf       []variant
}

// variant is one of several messages to choose from.
type variant struct {
	message message
	weight  float64
}

func (m *message) fill(f *filler) event.Outgoing {
	if len(m.oneOf) > 0 {
		one := f.in.choose(nil, "", m.oneOf)
		out := one.fill(f)
		if out.RevokeAfter == 0 {
			out.RevokeAfter = m.revokeAfter
		}
		if len(out.Mention) == 0 {
			out.Mention = m.mentions(f)
		}
		return out
	}
	out := event.Outgoing{
		Text: strings.TrimRight(m.text.fill(f.value), "\n"), Image: m.image, File: m.file, Video: m.video,
		Sticker: m.sticker, Card: m.card, RevokeAfter: m.revokeAfter,
	}
	out.Mention = m.mentions(f)
	return out
}

func (m *message) mentions(f *filler) []string {
	switch {
	case len(m.names) > 0:
		return m.names
	case m.mention:
		return f.mentionNames()
	}
	return nil
}

// remarkMost is how long a remark may be, in characters.
const remarkMost = 16

// action fills in a step.
func (s *step) action(f *filler) event.Action {
	ev := f.in.Event
	a := event.Action{Kind: s.kind, To: s.to, Wait: s.wait, Message: s.message.fill(f)}
	switch s.kind {
	case event.ActAccept:
		if ev.Request != nil {
			a.User, a.Ticket = ev.Request.User, ev.Request.Ticket
		}
		a.Person = ev.Sender.Key
	case event.ActRemark, event.ActInvite:
		a.Person = ev.Sender.Key
	case event.ActForward:
		forwardAction(&a, ev)
	case event.ActCall:
		a.Call = event.CallSpec{Name: s.call.Name, Args: map[string]any{}}
		for k, t := range s.args {
			a.Call.Args[k] = t.fill(f.value)
		}
	case event.ActWebhook:
		a.Webhook = s.webhook.fill(f)
	case event.ActReply, event.ActSend, event.ActRevoke, event.ActNotify, event.ActWait, event.ActLog, event.ActRename, event.ActPin, event.ActRead:
	}
	if len(s.remark) > 0 {
		a.Remark = strings.TrimSpace(s.remark.fill(f.value))
		if runes := []rune(a.Remark); len(runes) > remarkMost {
			a.Remark = string(runes[:remarkMost])
		}
	}
	return a
}

// forwarded is the message of the event as text.
func forwarded(ev *event.Event) string {
	m := ev.Message
	if ev.Recalled != nil {
		if m = ev.Recalled.Message; m == nil {
			return "（内容没有记住）"
		}
	}
	return m.Standing()
}

func (w *webhook) fill(f *filler) *event.Webhook {
	out := &event.Webhook{URL: w.url.fill(f.value), Timeout: w.timeout}
	if w.json != nil {
		out.JSON = map[string]any{}
		for k, t := range w.json {
			out.JSON[k] = t.fill(f.value)
		}
	}
	if w.form != nil {
		out.Form = map[string]string{}
		for k, t := range w.form {
			out.Form[k] = t.fill(f.value)
		}
	}
	return out
}
