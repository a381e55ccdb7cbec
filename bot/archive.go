package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"wxbot/bot/control"
	"wxbot/bot/event"
	"wxbot/bot/store"
	"wxbot/wx"
)

// historyWait bounds the reading of the history: a chat that is hardly in it
// makes all of it be read.
const historyWait = 20 * time.Second

// History gives the newest lines of the history, of one chat or, without a name,
// of all. It implements control.Archive.
func (b *Bot) History(ctx context.Context, name string, n int) ([]event.Line, error) {
	ctx, cancel := context.WithTimeout(ctx, historyWait)
	defer cancel()
	q := store.HistoryQuery{Limit: n}
	if name != "" {
		who, err := b.acc.book.one(name)
		if err != nil {
			return nil, fmt.Errorf("history: %w", err)
		}
		q.Chats = who.keys
	}
	lines, err := b.store.History(ctx, q)
	if err != nil {
		return nil, err
	}
	for i := range lines {
		b.acc.book.fillNames(&lines[i])
	}
	return lines, nil
}

// Forget takes out everything about one person or group. It implements
// control.Archive.
func (b *Bot) Forget(ctx context.Context, name string) (control.Forgotten, error) {
	lost, err := b.store.Senders(ctx, name)
	if err != nil {
		return control.Forgotten{}, err
	}
	who, err := b.acc.book.one(name, lost...)
	if err != nil {
		return control.Forgotten{}, fmt.Errorf("forget: %w", err)
	}
	// What was begun is not left half done because somebody stopped waiting.
	ctx = context.WithoutCancel(ctx)
	taken := b.acc.book.takeOut(who.keys)
	// What waits to be written must not be written afterwards.
	b.recorder.Forget(who.keys)
	if err := b.recorder.Flush(ctx); err != nil {
		b.acc.book.putBack(taken)
		return control.Forgotten{}, fmt.Errorf("forget: %w", err)
	}
	f, err := b.store.Forget(ctx, store.Somebody{Keys: who.keys, Names: who.names})
	b.outbox.Drop(f.Ended, event.ReasonForgotten)
	if err != nil {
		b.acc.book.putBack(taken)
		return control.Forgotten{}, fmt.Errorf("forget: %w", err)
	}
	for _, key := range who.keys {
		if err := b.brakes.resume(ctx, key); err != nil { // a pause bears the name
			return control.Forgotten{}, fmt.Errorf("forget: %w", err)
		}
	}
	if err := b.acc.keep.forgetAll(); err != nil { // of everybody: it is of minutes
		return control.Forgotten{}, err
	}
	if err := b.store.Scrub(ctx); err != nil {
		return control.Forgotten{}, fmt.Errorf("forget: rows are gone, but the file may still hold their text: %w", err)
	}
	b.log.Info().Str("chat", who.keys[0]).Int("messages", f.Messages).Int("deliveries", f.Deliveries).Int("traces", f.Traces).
		Int("waiting", len(f.Ended)).Msg("forgotten")
	out := control.Forgotten{
		Kind: string(who.kind), Messages: f.Messages, Deliveries: f.Deliveries, Ended: len(f.Ended), Traces: f.Traces, Contact: who.live,
	}
	out.Files, err = b.store.Aside()
	return out, err
}

// found is an account that a name means, with everything that it was known by.
type found struct {
	kind  event.ChatKind
	keys  []string // the present one first
	names []string
	live  bool // it is among the contacts of this session
	seen  time.Time
}

// keyPrefix names an account by its key where names do not tell it apart.
const keyPrefix = "key:"

// one finds the one person or group that a name means: a person's remark, else
// nickname, a group's name, or "key:" and a key. Those of earlier sessions count.
// Of the keys of senders of that name, those that nobody has any more are the
// person's as well: strangers get a new key with each login.
func (b *book) one(name string, senders ...string) (found, error) {
	if name == keyFileHelper || name == fileHelperName {
		return found{kind: event.ChatSelf, keys: []string{keyFileHelper}}, nil
	}
	hits := b.search(name, senders)
	lost := slices.DeleteFunc(slices.Clone(senders), func(key string) bool {
		_, known := b.describe(key)
		return known || key == keySelf
	})
	if len(hits) == 0 && len(lost) > 0 {
		hits = []found{{kind: event.ChatPrivate}}
	}
	switch len(hits) {
	case 0:
		return found{}, fmt.Errorf("%q: nobody and no group of that remark, nickname or group name is known", name)
	case 1:
		f := hits[0]
		if f.kind == event.ChatPrivate {
			f.keys = append(f.keys, lost...)
		}
		if !strings.HasPrefix(name, keyPrefix) && !slices.Contains(f.names, name) {
			f.names = append(f.names, name)
		}
		return f, nil
	}
	var some []string
	for _, h := range hits {
		what := string(h.kind) + " " + keyPrefix + h.keys[0]
		if !h.live {
			what += ", not among the contacts now"
			if !h.seen.IsZero() {
				what += ", names last changed " + h.seen.Format(time.DateOnly)
			}
		}
		some = append(some, what)
	}
	return found{}, fmt.Errorf("%q: %d bear that name (%s): name one by its key, or give remarks on the phone", name, len(hits), strings.Join(some, "; "))
}

// search gives everybody that a name may mean. Members of groups and senders of
// earlier sessions count where no contact bears the name.
func (b *book) search(name string, senders []string) []found {
	if key, ok := strings.CutPrefix(name, keyPrefix); ok {
		if f, ok := b.describe(key); ok {
			return []found{f}
		}
		return nil
	}
	keys := map[string]bool{}
	contact := false
	for _, kind := range []event.ChatKind{event.ChatPrivate, event.ChatGroup, event.ChatOfficial} {
		for _, c := range b.find(kind, name) {
			keys[c.Key], contact = true, true
		}
		for _, key := range b.remembered(kind, name) {
			keys[key] = true
		}
	}
	if !contact {
		for _, key := range slices.Concat(b.members(name), senders) {
			keys[b.canon(key)] = true
		}
	}
	var hits []found
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if f, ok := b.describe(key); ok {
			hits = append(hits, f)
		}
	}
	return hits
}

// remembered gives the keys of those not among the contacts that bore a name: by
// remark first, else by nickname.
func (b *book) remembered(kind event.ChatKind, name string) []string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var byRemark, byNick []string
	for key, k := range b.byKey {
		switch {
		case k.kind != kind || name == "":
		case b.dir != nil && k.user != "" && inDirectory(b.dir, k.user):
		case k.remark == name:
			byRemark = append(byRemark, key)
		case k.nickname == name:
			byNick = append(byNick, key)
		}
	}
	if len(byRemark) > 0 {
		return byRemark
	}
	return byNick
}

// members gives the keys of members of groups who bear a name there.
func (b *book) members(name string) []string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.dir == nil {
		return nil
	}
	var keys []string
	for _, g := range b.dir.All() {
		for _, m := range g.Members {
			if k := b.byUser[m.UserName]; k != nil && (m.NickName == name || m.DisplayName == name) {
				keys = append(keys, k.key)
			}
		}
	}
	return keys
}

func inDirectory(dir *wx.Directory, user string) bool {
	_, ok := dir.Contact(user)
	return ok
}

// describe gives all that somebody is known by.
func (b *book) describe(key string) (found, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	key = b.canonLocked(key)
	k := b.byKey[key]
	if k == nil {
		return found{}, false
	}
	f := found{kind: k.kind, keys: []string{key}, names: []string{k.remark, k.nickname}, seen: k.seen}
	for alias, to := range b.alias {
		if to == key {
			f.keys = append(f.keys, alias)
		}
	}
	if b.dir != nil && k.user != "" {
		if c, ok := b.dir.Contact(k.user); ok {
			f.live = true
			f.names = append(f.names, c.RemarkName, c.NickName)
		}
	}
	f.names = slices.DeleteFunc(f.names, func(n string) bool { return n == "" })
	slices.Sort(f.names)
	f.names = slices.Compact(f.names)
	return f, true
}

// takeOut forgets keys. Whoever bore one gets a new one when heard of again.
func (b *book) takeOut(keys []string) []*known {
	b.mu.Lock()
	defer b.mu.Unlock()
	var taken []*known
	for _, key := range keys {
		if k := b.byKey[key]; k != nil {
			taken = append(taken, k)
			delete(b.byKey, key)
			if b.byUser[k.user] == k {
				delete(b.byUser, k.user)
			}
		}
		delete(b.dirty, key)
		delete(b.alias, key)
		delete(b.named, key)
		b.gone = append(b.gone, key)
	}
	return taken
}

// putBack undoes takeOut as far as nothing has come since. Aliases stay away; the
// store has them.
func (b *book) putBack(taken []*known) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range taken {
		b.byKey[k.key], b.dirty[k.key] = k, k
		b.gone = slices.DeleteFunc(b.gone, func(key string) bool { return key == k.key })
		if b.byUser[k.user] == nil && k.user != "" {
			b.byUser[k.user] = k
		}
	}
}

// fillNames adds the names of today where a line was stored before they were known.
func (b *book) fillNames(l *event.Line) {
	if l.Chat.Name == "" && l.Chat.Key != "" {
		if l.Chat.Key == keyFileHelper {
			l.Chat.Name = fileHelperName
		} else if user, ok := b.user(l.Chat.Key); ok {
			chat, _ := b.Chat(user)
			l.Chat.Name, l.Chat.Kind = chat.Name, chat.Kind
		}
	}
	if l.By == "" && l.ByKey != "" {
		if user, ok := b.user(l.ByKey); ok {
			p, _ := b.Person("", user)
			l.By = p.Name()
		}
	}
}

var _ control.Archive = (*Bot)(nil)
