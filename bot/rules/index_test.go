package rules

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/match"
)

// decideLinear decides by trying all rules one after the other: what Decide has to
// agree with.
func (s *Set) decideLinear(in Input) event.Decision {
	in.Now = s.local(in.Now)
	if in.Event.Kind == event.KindMemberJoined && in.Gathered == "" {
		without := in
		without.Rand = nil
		for _, r := range s.rules {
			w, _ := s.holds(r, without)
			switch {
			case w == nil || r.dryRun:
			case w.Gather > 0:
				return event.Decision{Gather: []event.Gather{{Rule: r.name, For: w.Gather}}, Ended: true}
			}
			if w != nil && !r.dryRun && !r.goOn {
				break
			}
		}
	}
	var out event.Decision
	for _, r := range s.rules {
		if w, caps := s.holds(r, in); w != nil && !out.Ended {
			s.fire(&out, r, in, caps)
		}
		if out.Ended {
			break
		}
	}
	return out
}

// holds finds the block by which a rule holds.
func (s *Set) holds(r *rule, in Input) (*match.When, match.Captures) {
	mi := match.Input{Event: in.Event, Now: in.Now, Prefixes: s.settings.Prefixes, Rand: in.Rand}
	if !r.enabled {
		return nil, match.Captures{}
	}
	for _, w := range r.when {
		var caps match.Captures
		if w.HasCommand() && in.Command != r.name || w.Match(&mi, &caps) != match.Holds {
			continue
		}
		for _, u := range r.unless {
			if u.Match(&mi, nil) == match.Holds {
				return nil, match.Captures{}
			}
		}
		return w, caps
	}
	return nil, match.Captures{}
}

// commandLinear is CommandName by trying all rules.
func (s *Set) commandLinear(ev *event.Event) (rule string) {
	if ev.Kind != event.KindMessage {
		return ""
	}
	in, name := match.Input{Event: ev, Prefixes: s.settings.Prefixes}, ""
	for _, r := range s.rules {
		for _, w := range r.when {
			if n, _, hit := w.Command(&in); r.enabled && hit && len(n) > len(name) && w.InChat(&in) {
				rule, name = r.name, n
			}
		}
	}
	return rule
}

var (
	someRunes = rapid.RuneFrom([]rune("ab价格AＢ 　。1k\u200bé"))
	someWord  = rapid.Map(rapid.StringOfN(someRunes, 1, 3, -1), strconv.QuoteToASCII)
	someRegex = rapid.SampledFrom([]string{`'a|b'`, `'价(?P<n>.)'`, `'(?-i)A'`, `'\d'`, `'k.?a'`, `'(格){2}'`, `'b$'`, `'[ab]价'`})
)

// someBlock draws a block of conditions, in YAML.
func someBlock(t *rapid.T) string {
	var keys []string
	add := func(key string, value any) { keys = append(keys, fmt.Sprintf("%s: %s", key, value)) }
	texts := []string{"exact", "contains", "contains_all", "starts_with", "ends_with", "regex", "command"}
	for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom(texts), 1, 2, rapid.ID).Draw(t, "keys") {
		words := rapid.OneOf(someWord, rapid.Just("$l"))
		if key == "regex" {
			words = someRegex
		}
		add(key, "["+strings.Join(rapid.SliceOfN(words, 1, 10).Draw(t, key), ", ")+"]")
	}
	for key, value := range map[string][]string{
		"fold": {"false"}, "probability": {"0.5"}, "chat": {"[private, group]", "group"}, "from": {"'老*'"}, "type": {"any", "image"}, "time": {"08:00-12:00"},
	} {
		if rapid.IntRange(0, 5).Draw(t, key) == 0 {
			add(key, rapid.SampledFrom(value).Draw(t, key))
		}
	}
	return "{" + strings.Join(keys, ", ") + "}"
}

func someRules(t *rapid.T) *Set {
	lists := `lists: {l: [价格, "a b", Ｂ]}` + "\nrules:\n"
	for {
		src := lists
		for i := range rapid.IntRange(1, 8).Draw(t, "rules") {
			when := someBlock(t)
			switch rapid.IntRange(0, 6).Draw(t, "shape") {
			case 0:
				when = "[" + when + ", " + someBlock(t) + "]"
			case 1:
				when = "[" + when + ", " + when + "]"
			case 2:
				when = `{event: member_joined, group: "*"` + rapid.SampledFrom([]string{"", ", gather: off", ", probability: 0.5"}).Draw(t, "gather") + "}"
			}
			src += fmt.Sprintf("- {name: r%d, when: %s", i, when)
			for _, more := range []string{", continue: true", ", dry_run: true", ", enabled: false", ", cooldown: 1m", ", limit: 2/day"} {
				if rapid.IntRange(0, 3).Draw(t, more) == 0 {
					src += more
				}
			}
			if rapid.IntRange(0, 2).Draw(t, "has unless") == 0 {
				src += ", unless: [" + someBlock(t) + ", " + someBlock(t) + "]"
			}
			src += rapid.SampledFrom([]string{", reply: x}\n", ", reply_one_of: [x, y, z]}\n"}).Draw(t, "answer")
		}
		set, problems := Parse("rules.yaml", []byte(src), Options{})
		if set != nil {
			return set
		}
		for _, p := range problems { // a word may fold to nothing; anything else is a fault of this test
			if p.Severity == conf.Error && !strings.Contains(p.Text.String(), "to compare") && !strings.Contains(p.Text.String(), "no name") {
				t.Fatalf("%s in\n%s", p, src)
			}
		}
	}
}

func someEvent(t *rapid.T) *event.Event {
	ev := &event.Event{
		ID: "m", Kind: event.KindMessage, Chat: event.Chat{Kind: event.ChatPrivate, Key: "p1", Name: "老王"},
		Sender:  event.Person{Key: "p1", Nickname: "王", Remark: rapid.SampledFrom([]string{"", "老王"}).Draw(t, "remark")},
		Message: &event.Message{Type: event.TypeText, Text: rapid.StringOfN(someRunes, 0, 10, -1).Draw(t, "text")},
	}
	if rapid.Bool().Draw(t, "in a group") {
		ev.Chat = event.Chat{Kind: event.ChatGroup, Key: "g1", Name: "客户群"}
	}
	if rapid.IntRange(0, 5).Draw(t, "joined") == 0 {
		ev.Kind, ev.Message, ev.Members = event.KindMemberJoined, nil, &event.Members{People: []event.Person{{Nickname: "新"}}}
	}
	return ev
}

// Decide decides what trying all rules decides, with the same draws and memory.
func TestDecideAgreesWithTryingAllRules(t *testing.T) {
	fired := 0
	rapid.Check(t, func(t *rapid.T) {
		set := someRules(t)
		memories := [2]*Memory{NewMemory(), NewMemory()}
		rands := [2]*rand.Rand{rand.New(rand.NewPCG(1, 1)), rand.New(rand.NewPCG(1, 1))} // the same draws for both
		for i := range 6 {
			in := Input{Event: someEvent(t), Now: time.Date(2026, 1, 7, 11, 10*i, 0, 0, time.UTC)}
			in.Command, _, _ = set.CommandName(in.Event)
			if want := set.commandLinear(in.Event); in.Command != want {
				t.Fatalf("command of %q: %q, want %q", in.Event.Message.Text, in.Command, want)
			}
			in.Gathered = rapid.SampledFrom([]string{"", "r0"}).Draw(t, "gathered")
			in.Memory, in.Rand = memories[0], rands[0].Float64
			got := set.Decide(in)
			in.Memory, in.Rand = memories[1], rands[1].Float64
			want := set.decideLinear(in)
			got.Verdicts, want.Verdicts, want.Rev = nil, nil, got.Rev // for people
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%+v: %s", in.Event.Message, diff)
			}
			if rands[0].Float64() != rands[1].Float64() {
				t.Fatal("draws differ")
			}
			fired += len(got.Firings) + len(got.Gather)
		}
	})
	if fired == 0 {
		t.Error("no rule ever fired: nothing was compared")
	}
}

// What Explain says fires is what Decide decides.
func TestExplainAgreesWithDecide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := someRules(t)
		in := Input{Event: someEvent(t), Now: time.Date(2026, 1, 7, 11, 0, 0, 0, time.UTC), Gathered: "r0"}
		in.Command, _, _ = set.CommandName(in.Event)
		var want, got []string
		for _, v := range set.Explain(in) {
			if v.Fired {
				want = append(want, v.Rule)
			}
		}
		for _, f := range set.Decide(in).Firings {
			got = append(got, f.Rule)
		}
		if !cmp.Equal(want, got) {
			t.Errorf("explained %v, decided %v", want, got)
		}
	})
}
