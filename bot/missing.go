package bot

import (
	"slices"
	"strings"

	"wxbot/bot/control"
	"wxbot/bot/event"
)

// missingMost bounds the names that are told to lead nowhere.
const missingMost = 50

// checkNames looks for the names of the rules among the contacts, once these are
// there. A group that was never saved, and a misspelt name, look the same.
func (b *Bot) checkNames() {
	if !b.acc.listed.Load() {
		return
	}
	dir := b.acc.book.directory()
	if dir == nil {
		return
	}
	var groups, people []string
	for _, c := range dir.All() {
		switch chatKind(c) {
		case event.ChatGroup:
			groups = append(groups, c.NickName, c.RemarkName)
		case event.ChatPrivate:
			people = append(people, c.NickName, c.RemarkName)
		case event.ChatOfficial, event.ChatSpecial, event.ChatSelf:
		}
	}
	var missing []control.Missing
	for _, n := range b.live.set.Load().Named() {
		if slices.ContainsFunc(groups, n.Means) || !n.Group && slices.ContainsFunc(people, n.Means) {
			continue
		}
		m := control.Missing{Name: n.Name, Rule: n.Rule, Group: n.Group}
		if len(missing) < missingMost && !slices.Contains(missing, m) {
			missing = append(missing, m)
		}
	}
	b.doubtMu.Lock()
	news := !slices.Equal(missing, b.missing)
	b.missing = missing
	b.doubtMu.Unlock()
	if !news {
		return
	}
	for _, m := range missing {
		// The name is the file's own word, no nickname of anybody's.
		b.log.Warn().Str("name", m.Name).Str("rule", m.Rule).Bool("group", m.Group).
			Msg("nobody is called so: check the name; a group must be saved to the contacts on the phone")
	}
}

// groupRenamed tells which rules call a group by the name that it had. It is called
// under the book's lock.
func (b *Bot) groupRenamed(old, now string) {
	var where []string
	for _, n := range b.live.set.Load().Named() {
		if !n.Means(old) || n.Means(now) {
			continue
		}
		name := n.Rule
		if name == "" {
			name = "settings"
		}
		if !slices.Contains(where, name) {
			where = append(where, name)
		}
	}
	if len(where) == 0 {
		return
	}
	b.log.Warn().Strs("rules", where).Msg("a group was renamed, and rules name the old one: they hold until a restart")
	b.notice(b.say(event.SayRenamed, "old", old, "new", now, "rules", strings.Join(where, "、")))
}
