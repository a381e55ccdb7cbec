// Package rules reads rules.yaml and decides by it what is to be done about an
// event. It is pure: files come in as bytes, time and chance as parameters. A Set
// cannot be wrong: whatever can be is found when it is read, with its place.
package rules

import (
	"fmt"
	"time"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/lang"
	"wxbot/bot/match"
)

// Set is a rules file that was found good. It is immutable and safe for
// concurrent use.
type Set struct {
	settings event.Settings
	folding  match.Folding
	rules    []*rule
	index    *index
	rev      string
	// recallMedia is where the content of messages is asked to be kept; nil: it is not.
	recallMedia *conf.Node
}

// Speaking gives the same rules with the bot's own words in a language; "" leaves
// them Chinese.
func (s *Set) Speaking(l lang.Language) *Set {
	out := *s
	out.settings.Words, out.settings.Language = s.settings.Words.In(l), l
	return &out
}

// rule is one rule, compiled.
type rule struct {
	name, note string
	file       string
	line       int
	enabled    bool
	when       []*match.When // any of them
	unless     []*match.When
	steps      []step
	kinds      []event.ActionKind // of the steps, for people
	oneOf      []variant          // instead of steps
	cooldown   *cooldown
	limit      *limit
	goOn       bool
	dryRun     bool
	tests      []test
}

type cooldown struct {
	per    string
	every  time.Duration
	most   int
	notice template
}

type limit struct {
	n   int
	per time.Duration
	day bool

	written string // for people
}

// Info describes a rule for people.
type Info struct {
	Name, Note string
	Enabled    bool
	DryRun     bool
	Continues  bool // later rules are tried too
	File       string
	Line       int
	Scope      string // where it applies, in words
	Trigger    string // what it waits for, in the words of the file
	Steps      string // what it does, by the names of its steps
}

// Settings are the file's settings with their defaults.
func (s *Set) Settings() event.Settings { return s.settings }

// Rev is a short hash of everything the set was made of.
func (s *Set) Rev() string { return s.rev }

// Rules describes the rules in the order of the file.
func (s *Set) Rules() []Info {
	out := make([]Info, 0, len(s.rules))
	for _, r := range s.rules {
		i := Info{Name: r.name, Note: r.note, Enabled: r.enabled, DryRun: r.dryRun, Continues: r.goOn || r.dryRun, File: r.file, Line: r.line, Steps: r.describe()}
		for n, w := range r.when {
			if n > 0 {
				i.Scope += "; "
				i.Trigger += "; "
			}
			i.Trigger += w.Trigger()
			i.Scope += w.Scope()
		}
		out = append(out, i)
	}
	return out
}

// does gives the kinds of the steps.
func (r *rule) does() []event.ActionKind {
	if len(r.oneOf) > 0 {
		return []event.ActionKind{event.ActReply}
	}
	kinds := make([]event.ActionKind, len(r.steps))
	for i, s := range r.steps {
		kinds[i] = s.kind
	}
	return kinds
}

func (r *rule) describe() string {
	text := ""
	for _, s := range r.steps {
		if text != "" {
			text += ", "
		}
		text += string(s.kind)
	}
	if len(r.oneOf) > 0 {
		text = fmt.Sprintf("reply (one of %d)", len(r.oneOf))
	}
	return text
}
