package match

import (
	"regexp"
	"slices"
	"strings"

	"wxbot/bot/event"
)

// names matches names of people or groups: folded, with * for any characters, or
// by regular expressions.
type names struct {
	any   bool
	exact []string
	wild  []*regexp.Regexp
	shown []string // as written, for people
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
	parts := strings.Split(folded, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	n.wild = append(n.wild, regexp.MustCompile(`(?s)^`+strings.Join(parts, `.*`)+`$`))
}

func (n *names) addRegex(re *regexp.Regexp, text string) {
	n.shown = append(n.shown, "/"+text+"/")
	n.wild = append(n.wild, re)
}

func (n *names) match(name string, f Folding) bool {
	if n.any {
		return true
	}
	if name == "" {
		return false
	}
	return n.matchFolded(f.Fold(name))
}

func (n *names) matchFolded(folded string) bool {
	if slices.Contains(n.exact, folded) {
		return true
	}
	for _, re := range n.wild {
		if re.MatchString(folded) {
			return true
		}
	}
	return false
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
