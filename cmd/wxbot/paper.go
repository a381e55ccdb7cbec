package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"wxbot/bot/clock"
	"wxbot/bot/lang"
	"wxbot/wx/wxtest"
)

// The names in the demo that are not people of the simulator.
const (
	botName    = "小微"
	fileHelper = "文件传输助手"
)

// The widths of the transcript's columns.
const (
	chatColumns = 14
	nameColumns = 8
)

// paper is the transcript: time, chat, who, text.
type paper struct {
	w      io.Writer
	colour bool
	clock  clock.Clock
	zone   *time.Location // nil is the demo's
}

const (
	dim  = "\x1b[2m"
	bold = "\x1b[1m"
	cyan = "\x1b[36m"
)

func (p *paper) in(style, s string) string {
	if !p.colour {
		return s
	}
	return style + s + plainColours
}

// line writes what somebody did in a chat.
func (p *paper) line(chat, who, text string) {
	zone := p.zone
	if zone == nil {
		zone = demoStart().Location()
	}
	at := p.clock.Now().In(zone).Format(time.TimeOnly)
	style := ""
	if who == botName {
		style = cyan
	}
	head := fmt.Sprintf("%s  %s  ", p.in(dim, at), p.in(dim, pad(chat, chatColumns)))
	indent := strings.Repeat(" ", len(time.TimeOnly)+2+chatColumns+2)
	for s := range strings.Lines(strings.TrimRight(text, "\n")) {
		s = strings.TrimRight(s, "\n")
		if style != "" {
			s = p.in(style, s)
		}
		fmt.Fprintf(p.w, "%s%s  %s\n", head, p.in(bold, pad(who, nameColumns)), s)
		head, who = indent, ""
	}
}

// title begins a scene.
func (p *paper) title(s string) {
	fmt.Fprintf(p.w, "\n%s\n", p.in(dim, "— "+s))
}

// remark tells something that happened beside the chats.
func (p *paper) remark(s string) {
	fmt.Fprintf(p.w, "%s\n", p.in(dim, "  · "+s))
}

// record writes what the bot did.
func (p *paper) record(r wxtest.Record, l lang.Language) {
	chat, text := described(r)
	switch r.Kind {
	case wxtest.RecordSent:
		if r.Sent.Type == emoticonType {
			text = lang.T("[emoticon ").In(l) + text + "]"
		}
	case wxtest.RecordRevoked:
		text = lang.T("(revoked: ").In(l) + text + lang.T(")").In(l)
	case wxtest.RecordAccepted:
		text = lang.T("(accepted the friend request)").In(l)
	case wxtest.RecordRemarked:
		text = lang.T("(set the remark to ").In(l) + text + lang.T(")").In(l)
	case wxtest.RecordUploaded:
		text = lang.T("(uploaded a file)").In(l)
	case wxtest.RecordInvited, wxtest.RecordRenamed, wxtest.RecordRequested, wxtest.RecordRead, wxtest.RecordPinned,
		wxtest.RecordLoggedIn, wxtest.RecordOnline, wxtest.RecordLoggedOut:
		return
	}
	p.line(chat, botName, text)
}

// emoticonType is the MsgType of an emoticon.
const emoticonType = 47

// described gives the chat of a record and what it says.
func described(r wxtest.Record) (chat, text string) {
	switch {
	case r.Group != nil:
		chat = r.Group.Topic()
	case r.Account != nil:
		chat = r.Account.NickName()
	}
	switch r.Kind {
	case wxtest.RecordSent, wxtest.RecordRevoked:
		if chat == "" {
			chat = sentTo(r.Sent)
		}
		text = r.Sent.Content
		if r.Sent.Type == emoticonType {
			text = r.Sent.EmoticonMD5
		}
	default:
		text = r.Text
	}
	return chat, text
}

func sentTo(s wxtest.Sent) string {
	switch {
	case s.ToGroup != nil:
		return s.ToGroup.Topic()
	case s.ToAccount != nil:
		return s.ToAccount.NickName()
	}
	return s.To
}
