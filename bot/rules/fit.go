package rules

import (
	"slices"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// Unfit finds, as warnings, what the rules ask for and a mode cannot do: rules
// that never fire there, and steps that come to nothing. A rule that is off asks
// for nothing.
func (s *Set) Unfit(c event.Capabilities) []conf.Problem {
	var out []conf.Problem
	if s.recallMedia != nil && !slices.Contains(c.Chats, event.ChatPrivate) && !slices.Contains(c.Chats, event.ChatGroup) {
		out = append(out, s.recallMedia.At(conf.Warning,
			lang.T("recall.media: in mode %s it keeps nothing: only the account's owner writes there", c.Mode)))
	}
	for _, r := range s.rules {
		if !r.enabled {
			continue
		}
		for _, text := range r.unfit(c) {
			out = append(out, conf.Problem{
				File: r.file, Line: r.line, Severity: conf.Warning,
				Text: lang.T("%s: in mode %s %s", r.title(), c.Mode, text),
			})
		}
	}
	return out
}

func (r *rule) unfit(c event.Capabilities) []lang.Text {
	var never lang.Text
	for _, w := range r.when {
		if never = w.Unfit(c); never.IsZero() {
			break
		}
	}
	if !never.IsZero() {
		return []lang.Text{lang.T("it never fires: %s", never)}
	}
	var out []lang.Text
	for i := range r.steps {
		if text := r.steps[i].unfit(c); !text.IsZero() && !slices.ContainsFunc(out, text.Equal) {
			out = append(out, text)
		}
	}
	for i := range r.oneOf {
		if text := r.oneOf[i].message.unfit(c); !text.IsZero() && !slices.ContainsFunc(out, text.Equal) {
			out = append(out, text)
		}
	}
	return out
}

// unfit tells what of a step comes to nothing in a mode.
func (s *step) unfit(c event.Capabilities) lang.Text {
	switch s.kind {
	case event.ActAccept, event.ActRemark:
		if !c.Friends {
			return lang.T("%s comes to nothing: there are no friends", s.kind)
		}
	case event.ActInvite:
		if !c.Groups {
			return lang.T("invite comes to nothing: there are no groups")
		}
	case event.ActRevoke:
		if !c.Revoke {
			return lang.T("revoke comes to nothing: nothing can be withdrawn")
		}
	case event.ActSend, event.ActForward, event.ActNotify:
		if name, ok := unreachable(s.to, c); ok {
			return lang.T("%s to %q comes to nothing: 文件传输助手 (filehelper) is the only chat", s.kind, name)
		}
	case event.ActReply, event.ActWait, event.ActCall, event.ActWebhook, event.ActLog, event.ActRename, event.ActPin, event.ActRead:
	}
	return s.message.unfit(c)
}

func (m *message) unfit(c event.Capabilities) lang.Text {
	for i := range m.oneOf {
		if text := m.oneOf[i].message.unfit(c); !text.IsZero() {
			return text
		}
	}
	for _, part := range []struct {
		kind event.MessageType
		what string
	}{
		{event.TypeImage, m.image},
		{event.TypeFile, m.file},
		{event.TypeVideo, m.video},
		{event.TypeSticker, m.sticker},
		{event.TypeCard, m.card},
	} {
		if part.what != "" && !slices.Contains(c.Media, part.kind) {
			return lang.T("%s comes to nothing: it cannot be sent", part.kind)
		}
	}
	if m.revokeAfter > 0 && !c.Revoke {
		return lang.T("revoke_after comes to nothing: nothing can be withdrawn")
	}
	return lang.Text{}
}

// unreachable finds a name among targets that no chat of the mode can bear.
func unreachable(to []string, c event.Capabilities) (name string, found bool) {
	if slices.Contains(c.Chats, event.ChatPrivate) || slices.Contains(c.Chats, event.ChatGroup) {
		return "", false
	}
	for _, name := range to {
		if name != "filehelper" && name != "文件传输助手" {
			return name, true
		}
	}
	return "", false
}
