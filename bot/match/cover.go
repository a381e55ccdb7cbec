package match

import (
	"slices"
	"strings"

	"wxbot/bot/event"
)

// Takes reports whether the block holds wherever another does, as far as the
// conditions tell without trying texts: true is certain, false is not.
func (w *When) Takes(other *When) bool {
	if w.regexes != nil || w.command != nil || w.containsAll != nil || w.ends != nil || w.from != nil || w.mentioned != nil ||
		w.times != nil || w.days != nil || w.via != nil || w.probability < 1 {
		return false
	}
	return w.placeTakes(other) && w.textTakes(other)
}

func (w *When) placeTakes(other *When) bool {
	for _, k := range other.Events {
		if !slices.Contains(w.Events, k) {
			return false
		}
	}
	if w.bySelf != other.bySelf && !w.anySelf {
		return false
	}
	for _, c := range other.chats {
		if !slices.Contains(w.chats, c) {
			return false
		}
		if c == event.ChatGroup && !w.groups.takes(other.groups) {
			return false
		}
	}
	if w.types == nil {
		return true
	}
	if other.types == nil {
		return false
	}
	for _, t := range other.types {
		if !slices.Contains(w.types, t) {
			return false
		}
	}
	return true
}

// takes reports whether every name that other means is meant here too.
func (n *names) takes(other *names) bool {
	switch {
	case n == nil || n.any:
		return true
	case other == nil || other.any:
		return false
	case slices.Equal(n.shown, other.shown):
		return true
	case len(other.wild)+len(other.regexes) > 0:
		return false
	}
	for _, name := range other.exact {
		if !n.matchFolded([]byte(name)) {
			return false
		}
	}
	return true
}

// textTakes compares the words: a text that contains 价格表 contains 价格.
func (w *When) textTakes(other *When) bool {
	asks := 0
	for _, words := range [][]string{w.exact, w.contains, w.starts} {
		if words != nil {
			asks++
		}
	}
	if asks == 0 {
		return true
	}
	if asks > 1 || w.folding != other.folding {
		return false
	}
	all := func(words []string, holds func(word string) bool) bool {
		return len(words) > 0 && !slices.ContainsFunc(words, func(word string) bool { return !holds(word) })
	}
	switch {
	case w.exact != nil:
		return all(other.exact, func(word string) bool { return slices.Contains(w.exact, word) })
	case w.starts != nil:
		begins := func(word string) bool {
			return slices.ContainsFunc(w.starts, func(p string) bool { return strings.HasPrefix(word, p) })
		}
		return all(other.exact, begins) || all(other.starts, begins)
	}
	has := func(word string) bool { return containsAny(word, w.contains) }
	return all(other.contains, has) || all(other.exact, has) || all(other.starts, has) || all(other.ends, has) ||
		slices.ContainsFunc(other.containsAll, has)
}

// Words is how many words the block compares texts with.
func (w *When) Words() int {
	return len(w.exact) + len(w.contains) + len(w.containsAll) + len(w.starts) + len(w.ends)
}

// PrivateOnly reports whether the block holds in private chats only.
func (w *When) PrivateOnly() bool {
	return len(w.chats) == 1 && w.chats[0] == event.ChatPrivate
}
