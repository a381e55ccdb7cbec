package bot

import (
	"context"
	"slices"
	"sync"
	"time"

	"wxbot/bot/classify"
	"wxbot/bot/event"
)

const (
	// lookupTimeout bounds a look-up that the server does not answer, or answers
	// with an error each time; nobody else waits for it.
	lookupTimeout = time.Minute
	// lookupAgain is how long an account that was looked up is not asked for
	// again, whatever the answer was.
	lookupAgain = 10 * time.Minute
	// lookupPause is the first pause after a call that failed; it doubles.
	lookupPause = 250 * time.Millisecond
	lookupCap   = 10_000
)

// preparer completes events right before they are handled, with the names of that
// moment. It implements dispatch.Preparer.
type preparer struct {
	acc      *account
	settings func() event.Settings

	mu    sync.Mutex
	asked map[string]time.Time // when the server answered
}

// Prepare fills in names and mentions. It looks up at the server whom it does not
// know; calls that fail are repeated for a minute, since what is given up here is
// never answered.
func (p *preparer) Prepare(ctx context.Context, ev *event.Event) string {
	if reason := p.complete(ctx, ev); reason != "" {
		return reason
	}
	if never(p.settings().Never, ev.Chat.Name, ev.Chat.Was, ev.Sender.Remark, ev.Sender.Nickname) {
		return event.OutcomeNever
	}
	return ""
}

// never reports whether one of some names is among those that nothing answers.
func never(list []string, names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return n != "" && slices.Contains(list, n) })
}

func (p *preparer) complete(ctx context.Context, ev *event.Event) string {
	if ev.Chat.Key == "" {
		return ""
	}
	if p.acc.beforeLogin(ev.Time) {
		return event.OutcomeBeforeLogin
	}
	b := p.acc.book
	ev.Chat.Key = b.canon(ev.Chat.Key)
	p.recalled(ctx, ev)
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	if ev.Kind == event.KindFriendRequest {
		// The person is no contact yet; the request says all there is.
		ev.Sender.Key = b.canon(ev.Sender.Key)
		return ""
	}
	if ev.Chat.Key == keyFileHelper {
		p.sender(ev, "")
		return ""
	}
	user, ok := b.user(ev.Chat.Key)
	if !ok {
		return event.OutcomeUnknown
	}
	chat, known := b.Chat(user)
	if !known && p.lookUp(ctx, "", user, "") {
		chat, known = b.Chat(user)
	}
	if !known {
		return event.OutcomeUnknown
	}
	ev.Chat = chat
	if chat.Kind != event.ChatGroup {
		p.sender(ev, "")
		return ""
	}
	return p.group(ctx, ev, user)
}

// recalled fills in what was withdrawn, if it is still remembered, and who had
// written it, if the notice does not tell.
func (p *preparer) recalled(ctx context.Context, ev *event.Event) {
	if ev.Recalled == nil || ev.Recalled.MessageID == "" {
		return
	}
	was, err := p.acc.store.Message(ctx, ev.Recalled.MessageID)
	if err != nil {
		p.acc.log.Warn().Err(err).Msg("withdrawn message not looked up")
		return
	}
	if was == nil || was.Message == nil {
		return
	}
	ev.Recalled.Message = was.Message
	p.acc.keep.want(ev.Recalled.MessageID)
	if ev.Sender.Key == "" {
		ev.Sender, ev.BySelf = was.Sender, was.BySelf
	}
}

// group completes an event of a group.
func (p *preparer) group(ctx context.Context, ev *event.Event, user string) string {
	b := p.acc.book
	known := p.sender(ev, user)
	if !known || p.strangers(ev, user) {
		if p.lookUp(ctx, "", user, ev.Sender.Key) {
			known = p.sender(ev, user)
			p.strangers(ev, user)
		}
	}
	if !known {
		return event.OutcomeUnknown
	}
	// A member list does not tell remarks, and by them people are in settings.never
	// or admins: while the contact list is being loaded, the writer is asked for.
	if who, ok := b.user(ev.Sender.Key); ok && p.mayBeFriend(who) && p.lookUp(ctx, "", who, "") {
		p.sender(ev, user)
	}
	// Some groups come with members that have no names; asked for one by one
	// they have (section 5.2).
	if who, ok := b.user(ev.Sender.Key); ok && ev.Sender.Name() == "" && p.lookUp(ctx, user, who, "") {
		p.sender(ev, user)
	}
	if m := ev.Message; m != nil && !ev.BySelf && m.Type == event.TypeText {
		m.Text, m.Mentioned = classify.Mention(m.Raw, b.selfNames(user)...)
	}
	return ""
}

// mayBeFriend tells of somebody who is not among the contacts loaded so far.
func (p *preparer) mayBeFriend(user string) bool {
	dir := p.acc.book.directory()
	if dir == nil || dir.Complete() {
		return false
	}
	_, known := dir.Contact(user)
	return !known
}

// sender refreshes who did it. It reports false for somebody unknown.
func (p *preparer) sender(ev *event.Event, group string) bool {
	if ev.Sender.Key == "" {
		return true
	}
	b := p.acc.book
	ev.Sender.Key = b.canon(ev.Sender.Key)
	user, ok := b.user(ev.Sender.Key)
	if !ok {
		return false
	}
	now, known := b.Person(group, user)
	if known {
		ev.Sender = now
	}
	return known
}

// strangers fills in the people of a join by their names. It reports whether
// somebody is still without a key.
func (p *preparer) strangers(ev *event.Event, group string) bool {
	if ev.Members == nil {
		return false
	}
	missing := false
	fill := func(q *event.Person) {
		if q.Key != "" || q.Nickname == "" {
			return
		}
		if found := p.acc.book.MemberByName(group, q.Nickname); found.Key != "" {
			*q = found
			return
		}
		missing = true
	}
	for i := range ev.Members.People {
		fill(&ev.Members.People[i])
	}
	fill(&ev.Members.Inviter)
	return missing
}

// lookUp asks the server for one account, for the sake of somebody in it if that
// is a group. What the server answered is not asked again for a while; a call that
// failed is tried again until ctx ends.
func (p *preparer) lookUp(ctx context.Context, group, user, sake string) bool {
	what := group + " " + user + " " + sake
	p.mu.Lock()
	at, tried := p.asked[what]
	p.mu.Unlock()
	if tried && time.Since(at) < lookupAgain {
		return false
	}
	c, ok := p.acc.wxClient()
	if !ok {
		return false
	}
	got, err := c.Lookup(ctx, group, user)
	for wait := lookupPause; err != nil && pause(ctx, wait); wait *= 2 {
		got, err = c.Lookup(ctx, group, user)
	}
	if err != nil {
		p.acc.log.Warn().Err(err).Msg("account not looked up")
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.asked) >= lookupCap {
		clear(p.asked)
	}
	p.asked[what] = time.Now()
	return len(got) > 0
}
