package match

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"wxbot/bot/event"
)

// names matches names of people or groups: folded, with * for any characters, or
// by regular expressions.
type names struct {
	any     bool
	exact   []string
	wild    []wild
	regexes []*regexp.Regexp
	shown   []string // as written, for people
}

func (n *names) add(text string, f Folding) {
	n.shown = append(n.shown, text)
	if text == "*" {
		n.any = true
		return
	}
	folded := f.Fold(text)
	if !strings.Contains(folded, "*") {
		n.exact = append(n.exact, folded)
		return
	}
	n.wild = append(n.wild, bytes.Split([]byte(folded), []byte("*")))
}

func (n *names) addRegex(re *regexp.Regexp, text string) {
	n.shown = append(n.shown, "/"+text+"/")
	n.regexes = append(n.regexes, re)
}

func (n *names) match(name string, f Folding) bool {
	if n.any {
		return true
	}
	if name == "" {
		return false
	}
	var buf [256]byte // names are short: it is on the stack
	return n.matchFolded(f.append(buf[:0], name))
}

func (n *names) matchFolded(folded []byte) bool {
	if slices.ContainsFunc(n.exact, func(name string) bool { return name == string(folded) }) ||
		slices.ContainsFunc(n.wild, func(w wild) bool { return w.match(folded) }) {
		return true
	}
	if len(n.regexes) == 0 {
		return false
	}
	text := string(folded)
	return slices.ContainsFunc(n.regexes, func(re *regexp.Regexp) bool { return re.MatchString(text) })
}

// wild is a pattern with * for any characters: the parts between them, at least two.
type wild [][]byte

func (w wild) match(text []byte) bool {
	text, begins := bytes.CutPrefix(text, w[0])
	text, ends := bytes.CutSuffix(text, w[len(w)-1])
	for _, part := range w[1 : len(w)-1] {
		at := bytes.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return begins && ends
}

// matchPerson looks at what a person is called: by the remark, else by nickname
// and, in groups, the group card. With strict only a remark counts, since the
// others are chosen by strangers.
func (n *names) matchPerson(p event.Person, f Folding, strict bool) bool {
	if n.any {
		return true
	}
	if strict || p.Remark != "" {
		if n.match(p.Remark, f) {
			return true
		}
		if strict {
			return false
		}
	} else if n.match(p.Nickname, f) {
		return true
	}
	return n.match(p.Card, f)
}

// Pattern is a name of a group as a rule writes it: plain or with * for any
// characters.
type Pattern struct {
	Written string
	names   names
	folding Folding
}

// Match reports whether the pattern means a name.
func (p *Pattern) Match(name string) bool { return p.names.match(name, p.folding) }

// GroupPatterns are the names of groups that the block asks for, without regular
// expressions and without "*" alone.
func (w *When) GroupPatterns() []Pattern {
	if w.groups == nil || w.groups.any {
		return nil
	}
	var out []Pattern
	for _, text := range w.groups.shown {
		p := Pattern{Written: text, folding: w.folding}
		if p.names.add(text, w.folding); len(w.groups.regexes) == 0 || w.groups.has(p.names) {
			out = append(out, p)
		}
	}
	return out
}

// has reports whether the one name of other is among the names that are no regular
// expressions.
func (n *names) has(other names) bool {
	for _, e := range other.exact {
		if slices.Contains(n.exact, e) {
			return true
		}
	}
	for _, w := range other.wild {
		if slices.ContainsFunc(n.wild, func(v wild) bool { return slices.EqualFunc(v, w, bytes.Equal) }) {
			return true
		}
	}
	return false
}
