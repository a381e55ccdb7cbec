package rules

import (
	"fmt"
	"slices"
	"strings"

	"wxbot/bot/lang"
	"wxbot/bot/match"
)

// shadowWords is how many words the rules of a file may have for them to be
// compared with each other.
const shadowWords = 5000

// shadows warns of rules that another takes everything from.
func (p *parser) shadows() {
	words := 0
	for _, r := range p.set.rules {
		for _, w := range r.when {
			words += 1 + w.Words()
		}
	}
	if words > shadowWords {
		return
	}
	var takers []*rule           // rules so far that always end the walk when they hold
	wanted := map[string]*rule{} // of takers: which wants a trigger in a circumstance
	for _, r := range p.set.rules {
		if !r.enabled {
			continue
		}
		if by := shadowedBy(r, takers); by != nil {
			p.warn(p.nodes[r], lang.T("rule %s can never fire: rule %s (%s) takes everything before it", r.name, by.name, by.place(r.file)))
		} else {
			p.conflict(r, wanted)
		}
		if !r.goOn && !r.dryRun && len(r.unless) == 0 {
			takers = append(takers, r)
			for _, want := range r.wants() {
				if wanted[want] == nil {
					wanted[want] = r
				}
			}
		}
	}
}

// shadowedBy finds the rules that take all of what r waits for; the last of them,
// if different ones take different blocks.
func shadowedBy(r *rule, takers []*rule) *rule {
	var by *rule
	for _, w := range r.when {
		i := slices.IndexFunc(takers, func(t *rule) bool {
			return slices.ContainsFunc(t.when, func(tw *match.When) bool { return tw.Takes(w) })
		})
		if i < 0 {
			return nil
		}
		by = takers[i]
	}
	return by
}

// place tells where a rule is, seen from a file.
func (r *rule) place(from string) lang.Text {
	if r.file != from {
		return lang.Raw(fmt.Sprintf("%s:%d", r.file, r.line))
	}
	return lang.T("line %d", r.line)
}

// wants names the triggers of the rule in their circumstances.
func (r *rule) wants() []string {
	var out []string
	for _, w := range r.when {
		circumstance := "\x00" + w.Circumstance()
		for _, t := range w.Triggers() {
			out = append(out, t+circumstance)
		}
	}
	return out
}

// conflict warns of triggers that an earlier rule takes.
func (p *parser) conflict(r *rule, wanted map[string]*rule) {
	told := map[*rule]bool{}
	for _, want := range r.wants() {
		by := wanted[want]
		if by == nil || told[by] {
			continue
		}
		told[by] = true
		trigger, _, _ := strings.Cut(want, "\x00")
		p.warn(p.nodes[r], lang.T("rule %s gets nothing by %q: rule %s (%s) has the same trigger and comes first", r.name, trigger, by.name, by.place(r.file)),
			lang.T("another word, another group, or continue: true in the first"))
	}
}
