package bot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/store"
	"wxbot/wx"
)

// Friends are the people whom the account has as friends.
func (w *world) Friends() []event.Person {
	var out []event.Person
	w.eachContact(event.ChatPrivate, func(user string) {
		if p, ok := w.acc.book.Person("", user); ok && p.IsFriend {
			out = append(out, p)
		}
	})
	return out
}

// Officials are the official accounts that the account follows.
func (w *world) Officials() []event.Person {
	var out []event.Person
	w.eachContact(event.ChatOfficial, func(user string) {
		if p, ok := w.acc.book.Person("", user); ok {
			out = append(out, p)
		}
	})
	return out
}

// Groups are the groups that the account knows.
func (w *world) Groups() []event.Chat {
	var out []event.Chat
	w.eachContact(event.ChatGroup, func(user string) {
		if c, ok := w.acc.book.Chat(user); ok {
			out = append(out, c)
		}
	})
	return out
}

func (w *world) eachContact(kind event.ChatKind, f func(user string)) {
	dir := w.acc.book.directory()
	if dir == nil {
		return
	}
	for _, c := range dir.All() {
		if chatKind(c) == kind && c.UserName != w.acc.book.SelfUserName() {
			f(c.UserName)
		}
	}
}

// Download writes what a message of this session carries.
func (w *world) Download(ctx context.Context, eventID string, to io.Writer, most int64) error {
	m, ok := w.acc.received.get(eventID)
	if !ok {
		return errors.New("download: the message is not of this session, or too old")
	}
	from, ok := wx.SourceOf(m)
	if !ok {
		return errors.New("download: the message carries no file")
	}
	c, ok := w.acc.wxClient()
	if !ok {
		return fmt.Errorf("download: %w", wx.ErrNotReady)
	}
	if _, err := c.Fetch(ctx, from, to, most); err != nil {
		return fmt.Errorf("download: %w", err)
	}
	return nil
}

// Avatar writes the picture of the person, account or group of a key.
func (w *world) Avatar(ctx context.Context, key string, to io.Writer, most int64) error {
	c, ok := w.acc.wxClient()
	if !ok {
		return fmt.Errorf("avatar: %w", wx.ErrNotReady)
	}
	from, ok := w.avatarOf(c.Directory(), key)
	if !ok {
		return errors.New("avatar: not known in this session")
	}
	if _, err := c.Fetch(ctx, from, to, most); err != nil {
		return fmt.Errorf("avatar: %w", err)
	}
	return nil
}

// avatarOf finds whose picture is meant. Of people who are no contacts it comes by
// way of a group that they are in.
func (w *world) avatarOf(dir *wx.Directory, key string) (wx.Source, bool) {
	user, ok := w.acc.book.user(key)
	if !ok || user == wx.FileHelper {
		return wx.Source{}, false
	}
	if user == w.acc.book.SelfUserName() {
		self := w.acc.book.selfContact()
		return wx.AvatarOf(&self), true
	}
	if c, ok := dir.Contact(user); ok {
		return wx.AvatarOf(&c), true
	}
	if g, ok := dir.GroupOf(user); ok {
		return wx.MemberAvatarOf(&g, user), true
	}
	return wx.Source{}, false
}

// History gives what is kept of a chat.
func (w *world) History(ctx context.Context, chatKey string, n int, since time.Time) ([]event.Line, error) {
	q := store.HistoryQuery{Chats: []string{chatKey}, Limit: n}
	if who, ok := w.acc.book.describe(chatKey); ok {
		q.Chats = who.keys
	}
	lines, err := w.store.History(ctx, q)
	if err != nil {
		return nil, err
	}
	lines = slices.DeleteFunc(lines, func(l event.Line) bool { return l.Time.Before(since) })
	for i := range lines {
		w.acc.book.fillNames(&lines[i])
	}
	return lines, nil
}
