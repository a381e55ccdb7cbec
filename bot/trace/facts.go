package trace

import (
	"slices"
	"strings"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// Facts are all that is known of one event: its trace, what the rules say of it now,
// and what became of the actions.
type Facts struct {
	Trace event.Trace
	// Rules tell of each rule why it did (not) fire, More of how many nothing is said.
	Rules []event.Verdict
	More  int
	// Reworked: the rules that decided are not known any more, and Rules are what
	// those of today make of the event.
	Reworked bool
	// Supposed: the event has not happened, it is only asked what would be.
	Supposed bool
	// Blank: the texts are gone.
	Blank   bool
	Answers []Answer
	// Now is when they are asked for, Zone the time zone of the reader.
	Now  time.Time
	Zone *time.Location
}

// Answer is an action with what it waits for, if it does.
type Answer struct {
	event.Delivery
	Waiting event.Waiting
}

// View is a trace in the words of one language.
type View struct {
	ID     string    `json:"id"`
	Time   time.Time `json:"time"`
	Kind   string    `json:"kind"`
	Chat   string    `json:"chat,omitempty"`
	Sender string    `json:"sender,omitempty"`
	Text   string    `json:"text,omitempty"`
	// Title is the first line: when, where, who, what.
	Title string `json:"title"`
	// Outcome sums up in a few words.
	Outcome string `json:"outcome"`
	// Answered: a rule, plugin or admin's command took it.
	Answered bool   `json:"answered"`
	Lines    []Line `json:"lines"`
	// Note, unless "", says what is to be known of the lines.
	Note string `json:"note,omitempty"`
}

// Line tells of one stage.
type Line struct {
	// Stage is one of "gate" (what lets nothing answer), "rule", "plugin" and "action".
	Stage string `json:"stage"`
	Name  string `json:"name,omitempty"` // of the rule or plugin
	Text  string `json:"text"`
	// Minor: a rule that was not tried.
	Minor bool `json:"minor,omitempty"`
}

// The stages of a line.
const (
	StageGate   = "gate"
	StageRule   = "rule"
	StagePlugin = "plugin"
	StageAction = "action"
)

// In puts the facts into words.
func (f *Facts) In(l lang.Language) View {
	t := &f.Trace
	v := View{
		ID: t.Event.ID, Time: t.Time, Kind: string(t.Event.Kind), Chat: t.Event.Chat.Name, Sender: t.Event.Sender.Name(),
		Text: said(&t.Event), Title: f.title(l), Outcome: outcome(t).In(l),
		Answered: answered(t),
	}
	w := words{l: l, facts: f, told: map[string]bool{}}
	w.plugins(func(r event.Ran) bool { return strings.HasPrefix(r.Handler, "observe ") })
	if text := gate(t.Outcome); !text.IsZero() {
		w.line(StageGate, "", text)
	}
	w.plugins(func(r event.Ran) bool { return r.Handler == "answer" || r.Handler == "filter" })
	w.rules()
	w.plugins(func(event.Ran) bool { return true })
	w.rest()
	if len(w.lines) == 0 {
		w.line(StageGate, "", outcome(t))
	}
	v.Lines = w.lines
	v.Note = f.note().In(l)
	return v
}

func (f *Facts) note() lang.Text {
	switch {
	case f.Reworked:
		return lang.T("the rules have changed since: this is what those of today make of it")
	case f.Blank && f.Trace.Rules != "":
		return lang.T("the text is forgotten: why other rules did not fire cannot be told any more")
	}
	return lang.Text{}
}

// words collects lines in one language.
type words struct {
	l     lang.Language
	facts *Facts
	lines []Line
	told  map[string]bool // handlers whose actions have been told of
	seen  int             // plugins that have been told of, as bits
}

func (w *words) line(stage, name string, text lang.Text) {
	w.lines = append(w.lines, Line{Stage: stage, Name: name, Text: text.In(w.l)})
}

// rules tells of the rules.
func (w *words) rules() {
	if len(w.facts.Rules) == 0 && w.facts.Trace.Rules != "" {
		w.line(StageRule, "", lang.T("no rule is about such an event"))
		return
	}
	for _, v := range w.facts.Rules {
		w.line(StageRule, v.Rule, w.rule(v))
		w.lines[len(w.lines)-1].Minor = !v.Fired && !v.Failed && !v.Ends
	}
	if w.facts.More > 0 {
		w.line(StageRule, "", lang.T("and %d more, none of which held", w.facts.More))
	}
}

func (w *words) rule(v event.Verdict) lang.Text {
	if !v.Fired {
		text := v.Why
		if text.IsZero() {
			text = lang.T("no")
		}
		if v.Failed {
			text = lang.T("no: %s", text)
		}
		return w.ends(v, text)
	}
	answers := w.of(func(handler string) bool { return handler == "rule:"+v.Rule })
	did := w.steps(v.Steps, answers)
	if v.DryRun {
		did = lang.T("%s, tried out only", did)
	}
	if w.facts.Supposed {
		return w.ends(v, lang.T("fires → %s", did))
	}
	return w.ends(v, lang.T("fired → %s", did))
}

func (w *words) ends(v event.Verdict, text lang.Text) lang.Text {
	if !v.Ends {
		return text
	}
	return lang.T("%s; stops here", text)
}

// of gives the answers of some handlers, which are told of then.
func (w *words) of(is func(handler string) bool) []Answer {
	var out []Answer
	for _, a := range w.facts.Answers {
		if is(a.Handler) {
			w.told[a.Handler] = true
			out = append(out, a)
		}
	}
	return out
}

// steps tells what became of a rule's steps; kinds are those that it has.
func (w *words) steps(kinds []event.ActionKind, answers []Answer) lang.Text {
	if len(answers) > 0 {
		return w.actions(answers)
	}
	var out lang.Text
	for _, k := range kinds {
		out = joined(out, k.Text())
	}
	return out
}

// actions tells what became of actions, one after the other. Those of one step that
// ended alike are told as one.
func (w *words) actions(answers []Answer) lang.Text {
	var out lang.Text
	for i := 0; i < len(answers); {
		n := i + 1
		for n < len(answers) && alike(answers[i], answers[n]) {
			n++
		}
		last := answers[n-1]
		text := lang.T("%s (%s)", last.Action.Kind.Text(), w.fate(last))
		if n-i > 1 {
			text = lang.T("%d times %s (%s)", n-i, last.Action.Kind.Text(), w.fate(last))
		}
		out = joined(out, text)
		i = n
	}
	return out
}

func alike(a, b Answer) bool {
	return a.Action.Kind == b.Action.Kind && a.Status == b.Status && a.Reason == b.Reason && a.Held == b.Held && a.Waiting.Brake == b.Waiting.Brake
}

func joined(a, b lang.Text) lang.Text {
	if a.IsZero() {
		return b
	}
	return lang.T("%s, %s", a, b)
}

// plugins tells of the handlers that are meant and were not told of.
func (w *words) plugins(meant func(event.Ran) bool) {
	for i, r := range w.facts.Trace.Plugins {
		if w.seen&(1<<i) != 0 || !meant(r) {
			continue
		}
		w.seen |= 1 << i
		if r.Handler == "filter" && r.Claim == event.Unclaimed && r.Failed == 0 {
			continue // as for most messages
		}
		w.line(StagePlugin, r.Plugin, w.plugin(r))
	}
}

func (w *words) plugin(r event.Ran) lang.Text {
	text := lang.T("%s (%s): %s", lang.Raw(r.Handler), span(r.Took), w.claim(r))
	if r.Failed > 0 {
		why := lang.T("the error is forgotten")
		if r.Failed <= len(w.facts.Trace.Errors) {
			why = lang.Raw(w.facts.Trace.Errors[r.Failed-1])
		}
		text = lang.T("%s (%s): failed: %s", lang.Raw(r.Handler), span(r.Took), why)
	}
	observer := strings.HasPrefix(r.Handler, "observe ")
	answers := w.of(func(handler string) bool {
		name, suffix, _ := strings.Cut(strings.TrimPrefix(handler, "plugin:"), ".")
		return strings.HasPrefix(handler, "plugin:") && name == r.Plugin && !w.told[handler] &&
			strings.HasPrefix(suffix, "seen") == observer
	})
	if len(answers) > 0 {
		text = lang.T("%s → %s", text, w.actions(answers))
	}
	return text
}

func (w *words) claim(r event.Ran) lang.Text {
	switch {
	case strings.HasPrefix(r.Handler, "observe "):
		return lang.T("saw it")
	case r.Handler == "filter" && r.Claim != event.Unclaimed:
		return lang.T("dropped it: nothing after this was asked")
	case r.Claim == event.Unclaimed:
		return lang.T("let it pass")
	case r.Claim == event.Held:
		return lang.T("took it and goes on")
	}
	return lang.T("took it")
}

// rest tells of actions that belong to none of the lines so far.
func (w *words) rest() {
	for _, a := range w.facts.Answers {
		if w.told[a.Handler] {
			continue
		}
		handler := a.Handler
		w.line(StageAction, handler, w.actions(w.of(func(h string) bool { return h == handler })))
	}
}

// title is the first line of a trace.
func (f *Facts) title(l lang.Language) string {
	t := &f.Trace
	at, now := t.Time.In(f.zone()), f.Now.In(f.zone())
	when := at.Format("15:04:05")
	if at.Format(time.DateOnly) != now.Format(time.DateOnly) {
		when = at.Format("2006-01-02 15:04:05")
	}
	if f.Supposed {
		when = at.Format("Mon 2006-01-02 15:04")
	}
	where := t.Event.Chat.Name
	if who := t.Event.Sender.Name(); t.Event.Chat.Kind == event.ChatGroup && who != "" {
		where += "/" + who
	}
	parts := []string{when, where}
	if t.Event.Kind != event.KindMessage {
		parts = append(parts, t.Event.Kind.Text().In(l))
	}
	switch text := said(&t.Event); {
	case text != "":
		parts = append(parts, `"`+short(text)+`"`)
	case f.Blank && t.Event.Message != nil:
		parts = append(parts, lang.T("(text forgotten)").In(l))
	}
	if m := t.Event.Message; m != nil && m.Type != event.TypeText && m.Type != "" {
		parts = append(parts, "["+string(m.Type)+"]")
	}
	if t.Event.BySelf {
		parts = append(parts, lang.T("(from the owner's phone)").In(l))
	}
	if m := t.Event.Message; m != nil && t.Event.Chat.Kind == event.ChatGroup {
		if m.Mentioned {
			parts = append(parts, "@")
		} else {
			parts = append(parts, lang.T("@no").In(l))
		}
	}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), " ")
}

func (f *Facts) zone() *time.Location {
	if f.Zone == nil {
		return time.Local
	}
	return f.Zone
}

// said is what there is to read of an event.
func said(ev *event.Event) string {
	switch {
	case ev.Message != nil:
		return ev.Message.Raw
	case ev.Request != nil:
		return ev.Request.Text
	case ev.Recalled != nil && ev.Recalled.Message != nil:
		return ev.Recalled.Message.Raw
	case ev.Tick != nil:
		return ev.Tick.Rule
	case ev.Renamed != nil:
		return ev.Renamed.Name
	case ev.Members != nil:
		var names []string
		for _, p := range ev.Members.People {
			names = append(names, p.Name())
		}
		return strings.Join(names, "、")
	}
	return ev.Reason
}

// textMost is how many characters of a text a title shows.
const textMost = 60

// short puts a text on one line.
func short(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == '\u2028' || r == '\u2029' }), " ")
	if r := []rune(s); len(r) > textMost {
		return string(r[:textMost]) + "…"
	}
	return s
}

// cut keeps the beginning of a text, in whole characters.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
