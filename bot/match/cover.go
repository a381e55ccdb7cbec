package match

import (
	"fmt"
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

// Triggers names what the block waits for, one for each word, if it waits for words of
// one kind alone; nil otherwise. Blocks of one Circumstance that have a trigger in
// common both want the messages with it.
func (w *When) Triggers() []string {
	lists := map[string][]string{
		"exact": w.exact, "contains": w.contains, "starts_with": w.starts, "ends_with": w.ends,
	}
	if w.command != nil {
		for _, n := range w.command.names {
			lists["command"] = append(lists["command"], n.folded)
		}
	}
	for _, re := range w.regexes {
		lists["regex"] = append(lists["regex"], re.String())
	}
	var out []string
	for kind, words := range lists {
		if words == nil {
			continue
		}
		if out != nil || w.containsAll != nil {
			return nil
		}
		for _, word := range words {
			out = append(out, kind+" "+word)
		}
	}
	return out
}

// Circumstance tells everything that the block asks for besides the text, in a form
// to be compared.
func (w *When) Circumstance() string {
	shown := func(n *names) []string {
		if n == nil {
			return nil
		}
		return n.shown
	}
	mentioned := "any"
	if w.mentioned != nil {
		mentioned = fmt.Sprint(*w.mentioned)
	}
	return fmt.Sprintf("%v %v %q %q %s %v %v %v %q %q %v %v", w.Events, w.chats, shown(w.groups), shown(w.from), mentioned, w.types,
		w.bySelf, w.via, w.written["time"], w.written["days"], w.probability, w.folding)
}
