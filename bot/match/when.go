package match

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// Input is an event with what is known at the moment it is matched. An Input is
// used by one goroutine; it remembers folded texts between conditions.
type Input struct {
	Event *event.Event
	// Now in the time zone that rules are written for.
	Now time.Time
	// Prefixes may stand before a command.
	Prefixes []string
	// Rand draws for probability; nil never loses.
	Rand func() float64

	folded [3]folded
	used   int
}

// folded is a text folded in one way.
type folded struct {
	how  Folding
	text string
}

// Text is what the text conditions look at: the message, the greeting of a
// friend request, or the withdrawn message.
func (in *Input) Text() string {
	switch ev := in.Event; {
	case ev.Kind == event.KindFriendRequest && ev.Request != nil:
		return ev.Request.Text
	case ev.Kind == event.KindRecalled && ev.Recalled != nil:
		if ev.Recalled.Message != nil {
			return ev.Recalled.Message.Text
		}
		return ""
	case ev.Message != nil:
		return ev.Message.Text
	}
	return ""
}

// Fold gives the text folded. Of the few ways in which one file folds, the last
// are remembered.
func (in *Input) Fold(f Folding) string {
	for i := range in.folded[:min(in.used, len(in.folded))] {
		if in.folded[i].how == f {
			return in.folded[i].text
		}
	}
	s := f.Fold(in.Text())
	in.folded[in.used%len(in.folded)] = folded{f, s}
	in.used++
	return s
}

// Type is the type of the message, or of the withdrawn one.
func (in *Input) Type() event.MessageType {
	switch ev := in.Event; {
	case ev.Message != nil:
		return ev.Message.Type
	case ev.Recalled != nil && ev.Recalled.Message != nil:
		return ev.Recalled.Message.Type
	case ev.Kind == event.KindFriendRequest:
		return event.TypeText
	}
	return event.TypeOther
}

// When is a compiled block of conditions, all of which must hold.
type When struct {
	Events []event.Kind  // nil is any, in `unless`
	Gather time.Duration // 0 for none
	// Schedule, if not nil, makes the rule run by itself.
	Schedule *Schedule

	folding     Folding
	chats       []event.ChatKind // nil is any
	groups      *names
	from        *names
	strictFrom  bool
	mentioned   *bool
	types       []event.MessageType // nil is any
	bySelf      bool
	anySelf     bool // no matter who typed it: `unless`, observers
	times       []event.DayWindow
	days        *days
	via         []string
	exact       []string
	contains    []string
	containsAll []string
	starts      []string
	ends        []string
	regexes     []*regexp.Regexp
	command     *command
	probability float64
	written     map[string]string // key → value as written, for people
}

// Condition numbers the kinds of condition, in the order they are tried. 0 is
// that all hold.
type Condition int

// The conditions.
const (
	Holds Condition = iota
	CondEvent
	CondChat
	CondBySelf
	CondGroup
	CondFrom
	CondMentioned
	CondType
	CondVia
	CondTime
	CondDays
	CondExact
	CondContains
	CondContainsAll
	CondStartsWith
	CondEndsWith
	CondRegex
	CondCommand
	CondProbability
)

// Capture is a named group of a regular expression, with what it caught.
type Capture struct{ Name, Value string }

// Captures is what a match gives besides yes or no.
type Captures struct {
	Groups  []Capture
	Command string // the name of the command as declared
	Args    string // what follows the command
}

// Match tries the conditions in order and tells the first that does not hold. It
// allocates nothing unless a regular expression or command matches.
func (w *When) Match(in *Input, c *Captures) Condition {
	if cond := w.scope(in); cond != Holds {
		return cond
	}
	if cond := w.text(in, c); cond != Holds {
		return cond
	}
	if !w.lucky(in) {
		return CondProbability
	}
	return Holds
}

// lucky draws, if there is anything to draw.
func (w *When) lucky(in *Input) bool {
	return w.probability >= 1 || in.Rand == nil || in.Rand() < w.probability
}

// InScope reports whether everything but the text conditions, the command and
// chance holds.
func (w *When) InScope(in *Input) bool { return w.scope(in) == Holds }

// InChat reports whether the block applies to the kind of event, the chat and the
// sender, whatever the time and the text.
func (w *When) InChat(in *Input) bool { return w.place(in) == Holds }

// scope tries what does not depend on the text.
func (w *When) scope(in *Input) Condition {
	if cond := w.place(in); cond != Holds {
		return cond
	}
	if w.times != nil && !slices.ContainsFunc(w.times, func(t event.DayWindow) bool { return t.Contains(in.Now) }) {
		return CondTime
	}
	if w.days != nil && !w.days.contains(in.Now) {
		return CondDays
	}
	return Holds
}

func (w *When) place(in *Input) Condition {
	ev := in.Event
	if w.Events != nil && !slices.Contains(w.Events, ev.Kind) {
		return CondEvent
	}
	if ev.Chat.Key != "" || ev.Chat.Kind != "" {
		if w.chats != nil && !slices.Contains(w.chats, ev.Chat.Kind) && !(ev.AsPrivate && slices.Contains(w.chats, event.ChatPrivate)) {
			return CondChat
		}
		if !w.anySelf && !ev.AsPrivate && ev.Kind == event.KindMessage && ev.BySelf != (w.bySelf || ev.Chat.Kind == event.ChatSelf && slices.Contains(w.chats, event.ChatSelf)) {
			return CondBySelf
		}
		if w.groups != nil && ev.Chat.Kind == event.ChatGroup && !w.groups.match(ev.Chat.Name, w.folding) &&
			(ev.Chat.Was == "" || !w.groups.match(ev.Chat.Was, w.folding)) {
			return CondGroup
		}
	}
	if w.from != nil && !w.from.matchPerson(ev.Sender, w.folding, w.strictFrom) {
		return CondFrom
	}
	if w.mentioned != nil && *w.mentioned != mentioned(ev) {
		return CondMentioned
	}
	if w.types != nil && !slices.Contains(w.types, in.Type()) {
		return CondType
	}
	if w.via != nil && (ev.Members == nil || !slices.Contains(w.via, ev.Members.Via)) {
		return CondVia
	}
	return Holds
}

func mentioned(ev *event.Event) bool {
	if ev.Chat.Kind != event.ChatGroup {
		return true
	}
	return ev.Message != nil && ev.Message.Mentioned
}

// text tries what depends on the text.
func (w *When) text(in *Input, c *Captures) Condition {
	if w.exact != nil && !slices.Contains(w.exact, trimEnd(in.Fold(w.folding))) {
		return CondExact
	}
	if w.contains != nil && !containsAny(in.Fold(w.folding), w.contains) {
		return CondContains
	}
	for _, word := range w.containsAll {
		if !strings.Contains(in.Fold(w.folding), word) {
			return CondContainsAll
		}
	}
	if w.starts != nil && !slices.ContainsFunc(w.starts, func(p string) bool { return strings.HasPrefix(in.Fold(w.folding), p) }) {
		return CondStartsWith
	}
	if w.ends != nil && !slices.ContainsFunc(w.ends, func(p string) bool { return strings.HasSuffix(in.Fold(w.folding), p) }) {
		return CondEndsWith
	}
	if w.regexes != nil && !w.regex(in, c) {
		return CondRegex
	}
	if !w.called(in, c) {
		return CondCommand
	}
	return Holds
}

// called reports whether the text calls the block's command, if it has one.
func (w *When) called(in *Input, c *Captures) bool {
	if w.command == nil {
		return true
	}
	name, args, ok := w.command.match(in)
	if ok && c != nil {
		c.Command, c.Args = name, args
	}
	return ok
}

func containsAny(text string, words []string) bool {
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// regex searches on the text folded but for case, so that what it catches is as
// typed.
func (w *When) regex(in *Input, c *Captures) bool {
	text := in.Fold(w.folding.typed())
	for _, re := range w.regexes {
		if m := re.FindStringSubmatch(text); m != nil {
			c.catch(re, m)
			return true
		}
	}
	return false
}

// typed is the folding that keeps case.
func (f Folding) typed() Folding {
	f.Case = false
	return f
}

// catch takes over the groups of a match.
func (c *Captures) catch(re *regexp.Regexp, m []string) {
	if c == nil {
		return
	}
	for i, name := range re.SubexpNames() {
		if i == 0 {
			continue
		}
		if name == "" {
			name = strconv.Itoa(i)
		}
		c.Groups = append(c.Groups, Capture{Name: name, Value: m[i]})
	}
}

// GroupNames are the names that regular expressions of the block catch.
func (w *When) GroupNames() []string {
	var out []string
	for _, re := range w.regexes {
		for i, name := range re.SubexpNames() {
			if i > 0 && name == "" {
				name = strconv.Itoa(i)
			}
			if name != "" {
				out = append(out, name)
			}
		}
	}
	return out
}

// HasCommand reports whether the block waits for a command.
func (w *When) HasCommand() bool { return w.command != nil }

// Command tells whether a text calls the block's command, whatever the scope.
func (w *When) Command(in *Input) (name, args string, ok bool) {
	if w.command == nil {
		return "", "", false
	}
	return w.command.match(in)
}

// Scope tells in words where the block applies.
func (w *When) Scope() string {
	if w.Schedule != nil {
		return w.Schedule.written
	}
	var parts []string
	for _, k := range w.Events {
		if k != event.KindMessage {
			parts = append(parts, string(k))
		}
	}
	for _, c := range w.chats {
		if c == event.ChatGroup && w.groups != nil {
			parts = append(parts, "group "+strings.Join(w.groups.shown, ", "))
			continue
		}
		parts = append(parts, string(c))
	}
	return strings.Join(parts, ", ")
}

// Asked tells the conditions of the block in words.
func (w *When) Asked() lang.Text {
	var parts []lang.Text
	if w.Events != nil {
		parts = append(parts, lang.Raw("event "+joined(w.Events)))
	}
	if w.chats != nil {
		parts = append(parts, lang.Raw("chat "+joined(w.chats)))
	}
	if w.groups != nil {
		parts = append(parts, lang.Raw("group ["+strings.Join(w.groups.shown, ", ")+"]"))
	}
	if w.from != nil {
		parts = append(parts, lang.Raw("from ["+strings.Join(w.from.shown, ", ")+"]"))
	}
	if w.mentioned != nil {
		parts = append(parts, lang.Raw(fmt.Sprintf("mentioned %v", *w.mentioned)))
	}
	if w.types != nil {
		parts = append(parts, lang.Raw("type "+joined(w.types)))
	}
	for _, key := range slices.Sorted(maps.Keys(w.written)) {
		parts = append(parts, lang.Raw(key+" "+w.written[key]))
	}
	return lang.List(parts...)
}

// Why tells in words that a condition does not hold.
func (w *When) Why(cond Condition, in *Input) lang.Text {
	ev := in.Event
	switch cond {
	case Holds:
		return lang.Text{}
	case CondEvent:
		return lang.T("event is %s, rule wants %s", ev.Kind, joined(w.Events))
	case CondChat:
		return lang.T("chat is %s, rule wants %s", ev.Chat.Kind, joined(w.chats))
	case CondBySelf:
		if !ev.BySelf {
			return lang.T("the account's owner did not write it")
		}
		return lang.T("the account's owner wrote it")
	case CondGroup:
		return lang.T("group %s is not in [%s]", ev.Chat.Name, strings.Join(w.groups.shown, ", "))
	case CondFrom:
		return lang.T("sender %s is not in [%s]", ev.Sender.Name(), strings.Join(w.from.shown, ", "))
	case CondMentioned:
		return lang.T("mentioned is %v", mentioned(ev))
	case CondType:
		return lang.T("type is %s, rule wants %s", in.Type(), joined(w.types))
	case CondTime:
		return lang.T("time %s is not in %s", in.Now.Format("15:04"), w.written["time"])
	case CondDays:
		return lang.T("day %s is not in %s", in.Now.Format("Mon 2006-01-02"), w.written["days"])
	case CondProbability:
		return lang.T("chance")
	case CondVia:
		return lang.T("via is not %s", w.written["via"])
	case CondExact, CondContains, CondContainsAll, CondStartsWith, CondEndsWith, CondRegex, CondCommand:
	}
	return w.whyText(cond)
}

// whyText tells in words that a condition on the text does not hold.
func (w *When) whyText(cond Condition) lang.Text {
	switch cond {
	case CondExact:
		return lang.T("exact %s", w.written["exact"])
	case CondContains:
		return lang.T("contains %s", w.written["contains"])
	case CondContainsAll:
		return lang.T("contains_all %s", w.written["contains_all"])
	case CondStartsWith:
		return lang.T("starts_with %s", w.written["starts_with"])
	case CondEndsWith:
		return lang.T("ends_with %s", w.written["ends_with"])
	case CondRegex:
		return lang.T("regex %s", w.written["regex"])
	default:
		return lang.T("command %s", w.written["command"])
	}
}

func joined[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return strings.Join(out, ", ")
}

// command is a command with its names.
type command struct {
	names   []commandName // longest first
	loose   bool          // space: auto
	folding Folding
}

type commandName struct{ shown, folded string }

// match finds the longest name that the text begins with, after an optional
// prefix.
func (c *command) match(in *Input) (name, args string, ok bool) {
	text, bare := in.callable()
	if bare != "" {
		if name, args, ok := c.begins(bare); ok {
			return name, args, true
		}
	}
	// As typed too: a name may have been declared with its prefix.
	return c.begins(text)
}

// callable is the text where a command may begin, as typed and without its prefix;
// bare is empty if it has none.
func (in *Input) callable() (text, bare string) {
	text = strings.TrimLeft(in.Text(), " \t\n\u3000\u2005")
	for _, p := range in.Prefixes {
		if rest, cut := strings.CutPrefix(text, p); cut && p != "" {
			return text, strings.TrimLeft(rest, " \u3000")
		}
	}
	return text, ""
}

// begins finds the longest name that a text begins with.
func (c *command) begins(text string) (name, args string, ok bool) {
	for _, n := range c.names {
		if rest, ok := cutFolded(text, n.folded, c.folding); ok {
			if args, ok := c.rest(n, rest); ok {
				return n.shown, args, true
			}
		}
	}
	return "", "", false
}

// rest decides whether what follows a name leaves it a command.
func (c *command) rest(n commandName, rest string) (args string, ok bool) {
	if rest == "" {
		return "", true
	}
	r, _ := utf8.DecodeRuneInString(rest)
	if r == ' ' || r == '\n' || r == '\t' || r == '\u3000' || r == '\u2005' {
		return strings.TrimSpace(rest), true
	}
	last, _ := utf8.DecodeLastRuneInString(n.folded)
	if c.loose && isHan(last) {
		return strings.TrimSpace(rest), true
	}
	return "", false
}

// foldSlack is how many more characters a text may have than what it folds to.
const foldSlack = 16

// cutFolded cuts from the text as typed the shortest beginning that folds to a
// name.
func cutFolded(text, folded string, f Folding) (rest string, ok bool) {
	// Folding is not by single characters, so beginnings are tried; a name is
	// short and the first character that cannot fit ends it.
	n := 0
	for i := range text {
		if n++; n > utf8.RuneCountInString(folded)+foldSlack {
			return "", false
		}
		head := f.Fold(text[:i])
		if i > 0 && head == folded {
			return text[i:], true
		}
		if i > 0 && !strings.HasPrefix(folded, head) {
			return "", false
		}
	}
	return "", f.Fold(text) == folded && text != ""
}
