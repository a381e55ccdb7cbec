package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/match"
)

// test is one test of a rule: what happens, and what must come of it.
type test struct {
	node   *conf.Node
	event  event.Event
	at     time.Time // zero: a Wednesday at noon
	expect string
}

// testTextKeys are the keys of a test that take one text.
var testTextKeys = []string{"say", "request", "recalled", "in", "from"}

const expectNothing = "nothing"

func (p *parser) tests(r *rule, v *conf.Node) {
	if v.Kind != conf.List {
		p.fail(v, "tests is a list", "- {say: …, expect: reply}")
		return
	}
	for _, n := range v.Items {
		if n.Kind != conf.Map {
			p.fail(n, "a test is a map, here is "+n.Describe(), "{say: …, expect: reply}")
			continue
		}
		before := len(p.problems)
		t := p.test(n)
		if !conf.HasErrors(p.problems[before:]) {
			r.tests = append(r.tests, t)
		}
	}
}

func (p *parser) test(n *conf.Node) test {
	t := test{node: n}
	ev := &t.event
	ev.ID, ev.Kind = "test", event.KindMessage
	ev.Chat = event.Chat{Kind: event.ChatPrivate, Key: "p-test", Name: "测试"}
	ev.Sender = event.Person{Key: "p-test", Nickname: "测试", IsFriend: true}
	text := func(s string) *event.Message {
		return &event.Message{Type: event.TypeText, Raw: s, Text: s}
	}
	inputs, mentioned := 0, false
	p.entries(n, "test", testKeys, func(key string, _, v *conf.Node) {
		if v.Kind != conf.Scalar && slices.Contains(testTextKeys, key) {
			p.fail(v, fmt.Sprintf("%s is a text, here is %s", key, v.Describe()), nullHint(v))
		}
		switch key {
		case "say":
			inputs++
			ev.Message = text(v.Value)
		case "request":
			inputs++
			ev.Kind = event.KindFriendRequest
			ev.Request = &event.Request{Text: v.Value}
		case "joins":
			inputs++
			ev.Kind = event.KindMemberJoined
			ev.Members = &event.Members{}
			for _, name := range p.texts(key, v) {
				ev.Members.People = append(ev.Members.People, event.Person{Nickname: name})
			}
		case "recalled":
			inputs++
			ev.Kind = event.KindRecalled
			ev.Recalled = &event.Recalled{Message: text(v.Value)}
		case "in":
			ev.Chat = event.Chat{Kind: event.ChatGroup, Key: "g-test", Name: v.Value}
		case "from":
			ev.Sender.Remark = v.Value
		case "mentioned":
			on, ok := v.Bool()
			if !ok {
				p.fail(v, "mentioned is true or false", "")
			}
			mentioned = on
		case "at":
			at, err := time.ParseInLocation("2006-01-02 15:04", v.Value, p.set.settings.Location)
			if err != nil {
				p.fail(v, `at is like "2026-01-05 20:00"`, "")
			}
			t.at = at
		case "expect":
			t.expect = v.Value
			if v.Kind != conf.Scalar {
				p.fail(v, "expect is a step, nothing, or a text that the answer contains", "")
			}
		}
	})
	if inputs != 1 {
		p.fail(n, "a test has one of say, request, joins, recalled", "")
	}
	if t.expect == "" {
		p.fail(n, "a test needs expect:", "reply, nothing, or a text that the answer contains")
	}
	if ev.Message != nil {
		ev.Message.Mentioned = mentioned || ev.Chat.Kind == event.ChatPrivate
	}
	return t
}

// RunTests runs the tests of the file through all rules: without cooldowns, and
// with chance always winning. It gives a problem for each that fails.
func (s *Set) RunTests() []conf.Problem {
	var out []conf.Problem
	for _, r := range s.rules {
		if !r.enabled {
			continue
		}
		for _, t := range r.tests {
			if text, ok := s.run(t); !ok {
				out = append(out, t.node.At(conf.Error, fmt.Sprintf("test of rule %s: %s", r.name, text), ""))
			}
		}
	}
	return out
}

// trial is a test under way. It takes chance out of the choice between several
// answers.
type trial struct {
	variant int // which answer to choose
	most    int // how many there were to choose from
}

// run runs a test once for each of the answers that rules choose from: all of them
// must pass.
func (s *Set) run(t test) (problem string, ok bool) {
	tr := trial{most: 1}
	for ; tr.variant < tr.most; tr.variant++ {
		if problem, ok := t.judge(s.try(t, &tr)); !ok {
			return problem, false
		}
	}
	return "", true
}

func (s *Set) try(t test, tr *trial) event.Decision {
	in := Input{Event: &t.event, Now: t.at, BotNames: []string{"机器人"}, trial: tr}
	if in.Now.IsZero() {
		in.Now = time.Date(2026, 1, 7, 12, 0, 0, 0, s.settings.Location)
	}
	in.Command, _, _ = s.CommandName(&t.event)
	dec := s.Decide(in)
	for len(dec.Gather) > 0 && in.Gathered == "" {
		in.Gathered = dec.Gather[0].Rule
		dec = s.Decide(in)
	}
	return dec
}

// judge compares what was decided with what the test expects.
func (t *test) judge(dec event.Decision) (problem string, ok bool) {
	var did []string
	var texts []string
	for _, f := range dec.Firings {
		for _, a := range f.Steps {
			did = append(did, string(a.Kind))
			texts = append(texts, a.Message.Text)
		}
	}
	steps := match.Spellings(stepKeys)
	switch kind, isStep := steps[t.expect]; {
	case t.expect == expectNothing || t.expect == "无":
		if len(did) > 0 {
			return fmt.Sprintf("expected nothing, but rule %s fired: %s", dec.Firings[0].Rule, strings.Join(did, ", ")), false
		}
	case isStep:
		if !slices.Contains(did, kind) {
			return fmt.Sprintf("expected %s, got %s", kind, orNothing(did)), false
		}
	default:
		if !slices.ContainsFunc(texts, func(got string) bool { return strings.Contains(got, t.expect) }) {
			return fmt.Sprintf("expected an answer with %q, got %q", t.expect, strings.Join(texts, "\n")), false
		}
	}
	return "", true
}

func orNothing(did []string) string {
	if len(did) == 0 {
		return expectNothing
	}
	return strings.Join(did, ", ")
}
