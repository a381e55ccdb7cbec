package rules

import (
	"slices"
	"time"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// test is one test of a rule: what happens, and what must come of it.
type test struct {
	node   *conf.Node
	event  event.Event
	rule   string    // whose test it is
	at     time.Time // zero: a Wednesday at noon
	expect expectation
}

// testTextKeys are the keys of a test that take one text.
var testTextKeys = []string{"say", "request", "recalled", "in", "from"}

func (p *parser) tests(r *rule, v *conf.Node) {
	if v.Kind != conf.List {
		p.fail(v, lang.T("tests is a list"), lang.Raw("- {say: …, expect: reply}"))
		return
	}
	for _, n := range v.Items {
		if n.Kind != conf.Map {
			p.fail(n, lang.T("a test is a map, here is %s", n.Describe()), lang.Raw("{say: …, expect: reply}"))
			continue
		}
		before := len(p.problems)
		t := p.test(r, n)
		if !conf.HasErrors(p.problems[before:]) {
			r.tests = append(r.tests, t)
		}
	}
}

func (p *parser) test(r *rule, n *conf.Node) test {
	t := test{node: n, rule: r.name}
	ev := &t.event
	ev.ID, ev.Kind = "test", event.KindMessage
	ev.Chat = event.Chat{Kind: event.ChatPrivate, Key: "p-test", Name: "测试"}
	ev.Sender = event.Person{Key: "p-test", Nickname: "测试", IsFriend: true}
	inputs, mentioned, expects := 0, false, false
	p.entries(n, lang.Raw("test"), testKeys, func(key string, _, v *conf.Node) {
		if v.Kind != conf.Scalar && slices.Contains(testTextKeys, key) {
			p.fail(v, lang.T("%s is a text, here is %s", key, v.Describe()), nullHint(v))
		}
		if p.testInput(&t, key, v) {
			inputs++
			return
		}
		switch key {
		case "in":
			ev.Chat = event.Chat{Kind: event.ChatGroup, Key: "g-test", Name: v.Value}
		case "from":
			ev.Sender.Remark = v.Value
		case "mentioned":
			on, ok := v.Bool()
			if !ok {
				p.fail(v, lang.T("mentioned is true or false"))
			}
			mentioned = on
		case "at":
			at, ok := p.testTime(v)
			if !ok {
				p.fail(v, lang.T(`at is like "2026-01-05 20:00"`))
			}
			t.at = at
		case "expect":
			expects = true
			t.expect = p.expectation(v)
		}
	})
	if inputs != 1 {
		p.fail(n, lang.T("a test has one of say, request, joins, recalled, tickled, tick"))
	}
	if !expects {
		p.fail(n, lang.T("a test needs expect:"), lang.T("reply, nothing, or a text that the answer contains"))
	}
	if ev.Kind == event.KindTick {
		ev.Chat, ev.Sender = event.Chat{}, event.Person{}
		if !r.scheduled() && len(r.when) > 0 {
			p.fail(n, lang.T("tick: the rule has no schedule"), lang.T("at: or cron: makes one"))
		}
	}
	if ev.Message != nil {
		ev.Message.Mentioned = mentioned || ev.Chat.Kind == event.ChatPrivate
	}
	return t
}

func (p *parser) testTime(v *conf.Node) (time.Time, bool) {
	at, err := time.ParseInLocation("2006-01-02 15:04", v.Value, p.set.settings.Location)
	return at, err == nil && v.Kind == conf.Scalar
}

// testInput reads what happens in a test; ok is false for its other keys.
func (p *parser) testInput(t *test, key string, v *conf.Node) (ok bool) {
	ev := &t.event
	text := func(s string) *event.Message {
		return &event.Message{Type: event.TypeText, Raw: s, Text: s}
	}
	switch key {
	case "say":
		ev.Message = text(v.Value)
	case "request":
		ev.Kind = event.KindFriendRequest
		ev.Request = &event.Request{Text: v.Value}
	case "joins":
		ev.Kind = event.KindMemberJoined
		ev.Members = &event.Members{}
		for _, name := range p.texts(key, v) {
			ev.Members.People = append(ev.Members.People, event.Person{Nickname: name})
		}
	case "recalled":
		ev.Kind = event.KindRecalled
		ev.Recalled = &event.Recalled{Message: text(v.Value)}
	case "tickled":
		if on, ok := v.Bool(); !ok || !on {
			p.fail(v, lang.T("tickled is true, here is %s", v.Describe()))
		}
		ev.Kind = event.KindTickled
		ev.Tickled = &event.Tickled{Me: true}
	case "tick":
		ev.Kind = event.KindTick
		if on, ok := v.Bool(); ok && on {
			break
		}
		if t.at, ok = p.testTime(v); !ok {
			p.fail(v, lang.T(`tick is true, or a time like "2026-01-05 08:30", here is %s`, v.Describe()))
		}
	default:
		return false
	}
	return true
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
				out = append(out, t.node.At(conf.Error, lang.T("test of rule %s: %s", r.name, text)))
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
func (s *Set) run(t test) (problem lang.Text, ok bool) {
	tr := trial{most: 1}
	for ; tr.variant < tr.most; tr.variant++ {
		if problem, ok := t.expect.judge(s.try(t, &tr)); !ok {
			return problem, false
		}
	}
	return lang.Text{}, true
}

func (s *Set) try(t test, tr *trial) event.Decision {
	in := Input{Event: &t.event, Now: t.at, BotNames: []string{"机器人"}, trial: tr}
	if in.Now.IsZero() {
		in.Now = time.Date(2026, 1, 7, 12, 0, 0, 0, s.settings.Location)
	}
	if t.event.Kind == event.KindTick {
		return s.tryTicks(t, in)
	}
	in.Command, _, _ = s.CommandName(&t.event)
	dec := s.Decide(in)
	for len(dec.Gather) > 0 && in.Gathered == "" {
		in.Gathered = dec.Gather[0].Rule
		dec = s.Decide(in)
	}
	return dec
}

// tryTicks runs the test's own rule, or those that are due at its time.
func (s *Set) tryTicks(t test, in Input) event.Decision {
	due := []string{t.rule}
	if !t.at.IsZero() {
		due = s.dueAt(t.at)
	}
	var all event.Decision
	for _, rule := range due {
		ev := t.event
		ev.Tick = &event.Tick{Rule: rule, Due: in.Now}
		in.Event = &ev
		all.Firings = append(all.Firings, s.Decide(in).Firings...)
	}
	return all
}
