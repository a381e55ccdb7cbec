package rules

import (
	"strconv"
	"strings"
	"time"
	"unicode"

	"wxbot/bot/event"
	"wxbot/bot/lang"
	"wxbot/bot/match"
)

// Input is an event and what is known at this moment.
type Input struct {
	Event *event.Event
	Now   time.Time
	// Memory holds cooldowns and limits; nil does without.
	Memory *Memory
	// BotNames are the names of the account, the first for ${bot_name}.
	BotNames []string
	// Command is the rule whose command the message calls, "" if it calls none
	// or a plugin's.
	Command string
	// Gathered is the rule whose gather time is over, for a merged event: nothing
	// gathers it again.
	Gathered string
	// Off, unless nil, tells of rules that are switched off here: as if they were not
	// in the file.
	Off func(rule string) bool
	// Rand draws from [0, 1); nil always draws 0.
	Rand func() float64

	trial *trial // a test of the file runs; nil in life
}

// Decide walks the rules in the order of the file; the first that fires ends the
// walk unless it says continue. It allocates nothing when none fires.
func (s *Set) Decide(in Input) event.Decision {
	in.Now = s.local(in.Now)
	out := event.Decision{Rev: s.rev}
	if in.Event.Kind == event.KindTick {
		s.tick(&out, in)
		return out
	}
	if in.Event.Kind == event.KindMemberJoined && in.Gathered == "" {
		if g, ok := s.gathers(in); ok {
			out.Gather, out.Ended = []event.Gather{g}, true
			out.Verdicts = []event.Verdict{{Rule: g.Rule, Ends: true, Why: lang.T("waits %s for others to join", brief(g.For))}}
			return out
		}
	}
	w := s.walk(in)
	defer w.end()
	for !out.Ended && w.next() {
		if in.off(w.rule) {
			out.Verdicts = append(out.Verdicts, event.Verdict{Rule: w.rule.name, Why: lang.T("switched off")})
			continue
		}
		s.fire(&out, w.rule, in, w.caps)
	}
	return out
}

func (in *Input) off(r *rule) bool { return in.Off != nil && in.Off(r.name) }

func (s *Set) local(now time.Time) time.Time {
	if s.settings.Location != nil {
		return now.In(s.settings.Location)
	}
	return now
}

// gathers finds the rule for which an event is held back: the first that the walk
// reaches and that gathers. Nothing fires and nothing is remembered until the time
// is over; then the merged event walks all rules, once.
func (s *Set) gathers(in Input) (event.Gather, bool) {
	in.Rand = nil // chance is drawn for the merged event
	w := s.walk(in)
	defer w.end()
	for w.next() {
		switch {
		case in.off(w.rule), w.rule.dryRun && in.trial == nil:
		case w.when.Gather > 0:
			return event.Gather{Rule: w.rule.name, For: w.when.Gather}, true
		case !w.rule.goOn:
			return event.Gather{}, false
		}
	}
	return event.Gather{}, false
}

// fire adds what a rule that holds decides.
func (s *Set) fire(out *event.Decision, r *rule, in Input, caps match.Captures) {
	dryRun := r.dryRun && in.trial == nil
	out.Ended = r.ends(in)
	f := filler{in: in, caps: caps, set: s}
	verdict, notes := in.Memory.pass(r, coolKey(r, in.Event), in.Now)
	out.Verdicts = append(out.Verdicts, r.verdict(verdict, dryRun, out.Ended))
	firing := event.Firing{Rule: r.name, DryRun: dryRun, Notes: notes}
	switch verdict {
	case free:
	case coldFirst:
		if len(r.cooldown.notice) > 0 {
			firing.Steps = []event.Action{{Kind: event.ActReply, Message: event.Outgoing{Text: r.cooldown.notice.fill(f.value)}}}
			out.Firings = append(out.Firings, firing)
		}
		return
	case fullFirst:
		firing.Steps = []event.Action{{
			Kind: event.ActNotify, Message: event.Outgoing{Text: s.settings.Words.Say(event.SayLimit, "rule", r.name, "limit", r.limit.written)},
		}}
		out.Firings = append(out.Firings, firing)
		return
	case cold, full:
		return
	}
	if len(r.oneOf) > 0 {
		one := in.choose(in.Memory, r.name, r.oneOf)
		firing.Steps = []event.Action{{Kind: event.ActReply, Message: one.fill(&f)}}
	}
	for i := range r.steps {
		firing.Steps = append(firing.Steps, r.steps[i].action(&f))
	}
	for i := range firing.Steps {
		if k := firing.Steps[i].Kind; k == event.ActSend || k == event.ActForward || in.Event.Kind == event.KindMemberJoined && k == event.ActReply {
			firing.Steps[i].Unsolicited = true
		}
	}
	out.Firings = append(out.Firings, firing)
}

// verdict tells for the trace what a brake made of a rule that holds.
func (r *rule) verdict(b brake, dryRun, ends bool) event.Verdict {
	v := event.Verdict{Rule: r.name, Ends: ends}
	switch b {
	case free:
		v.Fired, v.DryRun, v.Steps = true, dryRun, r.kinds
	case cold:
		v.Why = lang.T("in cooldown: %s", brief(r.cooldown.every))
	case coldFirst:
		v.Why = lang.T("in cooldown: %s; said so", brief(r.cooldown.every))
		if len(r.cooldown.notice) == 0 {
			v.Why = lang.T("in cooldown: %s", brief(r.cooldown.every))
		}
	case full, fullFirst:
		v.Why = lang.T("at its limit: %s", r.limit.written)
	}
	return v
}

// brief writes a duration as people do: 1m, not 1m0s.
func brief(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// ends reports whether the walk ends with a rule that holds. A rule that is only
// tried out changes nothing for those after it.
func (r *rule) ends(in Input) bool { return !r.goOn && !(r.dryRun && in.trial == nil) }

// choose picks one of several messages. With a memory it is another one than the
// last of this rule in this chat.
func (in *Input) choose(m *Memory, rule string, of []variant) *message {
	if in.trial != nil {
		in.trial.most = max(in.trial.most, len(of))
		return &of[in.trial.variant%len(of)].message
	}
	weights := make([]float64, len(of))
	for i, v := range of {
		weights[i] = v.weight
	}
	return &of[m.choose(memoryKey{rule, in.Event.Chat.Key}, weights, in.Rand)].message
}

func coolKey(r *rule, ev *event.Event) string {
	if r.cooldown == nil {
		return ""
	}
	switch r.cooldown.per {
	case "sender":
		return ev.Chat.Key + "/" + ev.Sender.Key
	case "rule":
		return ""
	}
	return ev.Chat.Key
}

// CommandName finds the rule whose command a message calls: the longest name among
// enabled rules whose scope fits, the first of the file if several are as long.
func (s *Set) CommandName(ev *event.Event) (rule, name string, ok bool) {
	return s.CommandOf(Input{Event: ev})
}

// CommandOf is CommandName for an input that may switch rules off.
func (s *Set) CommandOf(in Input) (rule, name string, ok bool) {
	ev := in.Event
	if ev.Kind != event.KindMessage {
		return "", "", false
	}
	found := s.index.blocks.FindCommands(match.Input{Event: ev, Prefixes: s.settings.Prefixes})
	defer found.Release()
	for _, b := range found.Blocks() {
		r, w := s.index.block(b)
		n, _, hit := w.Command(found.Input())
		if hit && len(n) > len(name) && w.InChat(found.Input()) && !in.off(r) {
			rule, name, ok = r.name, n, true
		}
	}
	return rule, name, ok
}

// filler gives placeholders their values.
type filler struct {
	in   Input
	caps match.Captures
	set  *Set
}

const (
	nameMost  = 20 // characters of a name
	namesMost = 5  // names of a list
)

// cleanName makes a stranger's name harmless: one line, no control characters, not
// too long.
func cleanName(s string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, s))
	if r := []rune(s); len(r) > nameMost {
		return string(r[:nameMost]) + "…"
	}
	return s
}

var weekdays = [7]string{"星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"}

// value gives what a placeholder stands for. What a regular expression caught goes
// before the placeholder of the same name: it was named on purpose.
func (f *filler) value(name string) string {
	for _, c := range f.caps.Groups {
		if c.Name == name {
			return c.Value
		}
	}
	ev, now := f.in.Event, f.in.Now
	switch name {
	case "date":
		return now.Format("2006-01-02")
	case "time":
		return now.Format("15:04")
	case "weekday":
		return weekdays[now.Weekday()]
	case "self", "bot_name":
		if len(f.in.BotNames) > 0 {
			return cleanName(f.in.BotNames[0])
		}
		return ""
	case "text":
		in := match.Input{Event: ev}
		return in.Text()
	case "sender":
		return cleanName(ev.Sender.Name())
	case "nickname":
		return cleanName(ev.Sender.Nickname)
	case "remark":
		return cleanName(ev.Sender.Remark)
	case "group":
		if ev.Chat.Kind == event.ChatGroup {
			return cleanName(ev.Chat.Name)
		}
		return ""
	case "reason":
		return ev.Reason
	case "args":
		return f.caps.Args
	}
	return f.special(name)
}

// special gives what only some events have.
func (f *filler) special(name string) string {
	ev := f.in.Event
	switch name {
	case "at":
		return f.at()
	case "source":
		if ev.Request != nil {
			return ev.Request.Source
		}
	case "names":
		return f.names()
	case "count":
		if ev.Members != nil {
			return strconv.Itoa(len(ev.Members.People))
		}
	case "inviter":
		if ev.Members != nil {
			return publicName(ev.Members.Inviter)
		}
	case "type":
		in := match.Input{Event: ev}
		return string(in.Type())
	}
	return ""
}

// at addresses who is concerned.
func (f *filler) at() string {
	var b strings.Builder
	for _, name := range f.mentionNames() {
		b.WriteString("@" + name + "\u2005")
	}
	return b.String()
}

// mentionNames are the names by which a group addresses those concerned: cards
// and nicknames, never the owner's private remarks.
func (f *filler) mentionNames() []string {
	ev := f.in.Event
	if ev.Chat.Kind != event.ChatGroup {
		return nil
	}
	people := []event.Person{ev.Sender}
	if ev.Members != nil {
		people = ev.Members.People
	}
	var out []string
	for _, p := range people {
		if name := publicName(p); name != "" && len(out) < namesMost {
			out = append(out, name)
		}
	}
	return out
}

// publicName is what a group calls somebody: the card or nickname, not the remark,
// which the owner wrote for no eyes but their own.
func publicName(p event.Person) string {
	if name := cleanName(p.Card); name != "" {
		return name
	}
	return cleanName(p.Nickname)
}

func (f *filler) names() string {
	if f.in.Event.Members == nil {
		return ""
	}
	people := f.in.Event.Members.People
	var shown []string
	for _, p := range people[:min(len(people), namesMost)] {
		shown = append(shown, publicName(p))
	}
	text := strings.Join(shown, "、")
	if len(people) > namesMost {
		text += " 等 " + strconv.Itoa(len(people)) + " 人"
	}
	return text
}
