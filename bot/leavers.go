package bot

import (
	"strconv"
	"time"

	"wxbot/bot/event"
	"wxbot/wx"
)

// WeChat sends no message of people who leave a group, or are removed from it by
// others: the client finds them by comparing lists. Of those whom the account itself
// removed there is a message as well.

// leftAgain is how long after somebody left a group the same is not told again.
const leftAgain = 10 * time.Minute

// left makes the events of people who are in a group no longer.
func (a *account) left(e wx.MembersChanged) []event.Event {
	if len(e.Left) == 0 {
		return nil
	}
	now := a.clock.Now()
	chat, _ := a.book.Chat(e.Group)
	var out []event.Event
	for _, m := range e.Left {
		p, _ := a.book.Person(e.Group, m.UserName)
		if p.Nickname == "" {
			p.Nickname = m.NickName
		}
		if p.Card == "" {
			p.Card = m.DisplayName
		}
		if !a.leaves(chat.Key, p, now) {
			continue
		}
		out = append(out, event.Event{
			ID:   "left:" + chat.Key + ":" + p.Key + ":" + strconv.FormatInt(now.UnixNano(), 10),
			Kind: event.KindMemberLeft, Time: now, Chat: chat, Members: &event.Members{People: []event.Person{p}},
		})
	}
	return out
}

// leaves notes that somebody left a group, and reports whether that is news. A
// message knows people by name only, a list by who they are.
func (a *account) leaves(group string, p event.Person, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.gone == nil {
		a.gone = map[[2]string]time.Time{}
	}
	news := true
	for _, who := range []string{p.Key, p.Nickname, p.Card} {
		if who == "" {
			continue
		}
		at, told := a.gone[[2]string{group, who}]
		news = news && (!told || now.Sub(at) >= leftAgain)
		a.gone[[2]string{group, who}] = now
	}
	if len(a.gone) > holdsMost {
		clear(a.gone)
	}
	return news
}
