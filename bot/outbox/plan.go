package outbox

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"wxbot/bot/event"
)

// defaultSplit is how many runes a text may have before it is split.
const defaultSplit = 2000

// Plan turns the steps that a handler decided on into deliveries, one for every
// message that is sent: texts that are too long are split, messages of several
// parts taken apart, and a message to several chats becomes one for each. newID
// makes client message ids. splitAt is in runes; 0 is 2000.
func Plan(ev *event.Event, handler string, steps []event.Action, now time.Time, newID func(time.Time) string, splitAt int) []event.Delivery {
	if splitAt <= 0 {
		splitAt = defaultSplit
	}
	asked := ev.Time
	if asked.IsZero() {
		asked = now
	}
	var out []event.Delivery
	for i, step := range steps {
		if step.Kind == event.ActWait {
			// What is meant to come later is not late for it.
			asked = asked.Add(max(step.Wait.Min, step.Wait.Max))
		}
		for _, a := range parts(step, splitAt) {
			out = append(out, event.Delivery{
				Event: ev.ID, Handler: handler, N: len(out), Step: i, Owner: ev.BySelf, Chat: ev.Chat, Action: a,
				ClientID: newID(now), Status: event.StatusPending, Created: now, Asked: asked,
			})
		}
	}
	return out
}

// parts takes a step apart into actions that each are one call to the server.
func parts(a event.Action, splitAt int) []event.Action {
	var texts []event.Outgoing
	switch a.Kind {
	case event.ActReply, event.ActSend, event.ActNotify, event.ActForward:
		texts = messages(a.Message, splitAt)
	case event.ActAccept, event.ActRemark, event.ActInvite, event.ActRevoke, event.ActWait,
		event.ActCall, event.ActWebhook, event.ActLog, event.ActRename, event.ActPin, event.ActRead:
		return []event.Action{a}
	}
	if a.Forward != "" {
		// The words before it, then the message as it came.
		head := a.Message
		head.Text = a.Message.Header
		texts = append(messages(head, splitAt), event.Outgoing{Text: a.Message.Text})
	}
	to := a.To
	if a.ToKey != "" || len(to) == 0 {
		to = []string{""}
	}
	var out []event.Action
	for _, name := range to {
		for i, m := range texts {
			one := a
			one.Message = m
			if i < len(texts)-1 {
				one.Forward = ""
			}
			if one.To = nil; name != "" {
				one.To = []string{name}
			}
			out = append(out, one)
		}
	}
	return out
}

// atSpace ends a mention, as phones write it.
const atSpace = "\u2005"

func messages(m event.Outgoing, splitAt int) []event.Outgoing {
	text := m.Text
	if len(m.Mention) > 0 {
		var at strings.Builder
		for _, name := range m.Mention {
			at.WriteString("@" + name + atSpace)
		}
		text = at.String() + text
	}
	var out []event.Outgoing
	if text != "" {
		for _, t := range split(text, splitAt) {
			out = append(out, event.Outgoing{Text: t, RevokeAfter: m.RevokeAfter})
		}
	}
	for _, part := range []event.Outgoing{{Image: m.Image}, {File: m.File}, {Video: m.Video}, {Sticker: m.Sticker}, {Card: m.Card}} {
		if !part.Empty() {
			part.RevokeAfter = m.RevokeAfter
			out = append(out, part)
		}
	}
	return out
}

// split cuts a text into pieces of at most n runes, at line ends where there are
// any. Nothing but the line ends at the cuts is lost.
func split(text string, n int) []string {
	text = strings.TrimRight(text, "\n")
	var out []string
	for utf8.RuneCountInString(text) > n {
		end := byteOf(text, n)
		cut, next := end, end
		if i := strings.LastIndexByte(text[:end], '\n'); i > 0 {
			cut, next = i, i+1
		} else if text[end] == '\n' {
			next = end + 1
		}
		if piece := strings.TrimRight(text[:cut], "\n"); piece != "" {
			out = append(out, piece)
		}
		text = text[next:]
	}
	if text != "" {
		out = append(out, text)
	}
	return slices.Clip(out)
}

// byteOf is where rune number n begins.
func byteOf(text string, n int) int {
	for i := range text {
		if n == 0 {
			return i
		}
		n--
	}
	return len(text)
}
