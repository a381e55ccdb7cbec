package match

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// Options say how a block is read.
type Options struct {
	Folding Folding
	// Rule: without chat or group the block means private chats only.
	Rule bool
	// Unless: the block may stop a rule only; it means every chat, and names
	// count by remark alone.
	Unless bool
	// Everywhere: without chat or group the block means every chat.
	Everywhere bool
	// AnySelf: it does not matter whether the account's owner wrote it.
	AnySelf bool
	// Lists gives the items of a named list; nil for none.
	Lists func(name string) ([]string, bool)
}

// defaultGather is how long joins are gathered unless a rule says otherwise.
const defaultGather = 10 * time.Second

// Compile reads a condition block. The When is nil if and only if there are
// errors.
func Compile(n *conf.Node, o Options) (*When, []conf.Problem) {
	c := &compiler{o: o, w: &When{
		folding: o.Folding, probability: 1, anySelf: o.Unless || o.AnySelf, strictFrom: o.Unless, written: map[string]string{},
	}}
	// `when: friend_request` stands for {event: friend_request}.
	if n.Kind == conf.Scalar {
		c.read("event", n)
	} else if n.Kind != conf.Map {
		c.fail(n, lang.T("conditions are a map of keys, here is %s", n.Describe()))
		return nil, c.problems
	}
	c.fold(n)
	seen := map[string]bool{}
	for _, e := range n.Entries {
		key, ok := conf.Spelled(whenKeys, e.Key.Value)
		if !ok {
			c.unknown(e.Key)
			continue
		}
		if seen[key] {
			c.fail(e.Key, lang.T("%q is here twice, in two spellings", key))
			continue
		}
		seen[key] = true
		c.read(key, e.Value)
	}
	c.defaults(seen, n)
	if conf.HasErrors(c.problems) {
		return nil, c.problems
	}
	return c.w, c.problems
}

type compiler struct {
	o        Options
	w        *When
	problems []conf.Problem
}

func (c *compiler) fail(n *conf.Node, text lang.Text, hint ...lang.Text) {
	c.problems = append(c.problems, n.At(conf.Error, text, hint...))
}

// mendable warns of what is mended by another line.
func (c *compiler) mendable(mended string, n *conf.Node, text, hint lang.Text) {
	p := n.At(conf.Warning, text, hint)
	p.Mended = mended
	c.problems = append(c.problems, p)
}

func (c *compiler) unknown(k *conf.Node) {
	c.problems = append(c.problems, UnknownKey(k, lang.T("unknown condition %q", k.Value), whenKeys))
}

// mendLeast is how long an unknown word must be, in characters, to be taken for the
// word that it nearly is without asking: of two Han characters one may turn the
// meaning round.
const mendLeast = 5

// UnknownKey is the problem of a key that is none of some words, with the one that was
// probably meant: by the habits of other programs, or by its letters.
func UnknownKey(k *conf.Node, text lang.Text, words []conf.Word) conf.Problem {
	names := conf.Names(words)
	p := k.At(conf.Error, text)
	meant, sure := Habits[k.Value], true
	if i := slices.IndexFunc(words, func(w conf.Word) bool { return w.Name() == meant }); i >= 0 {
		if all := words[i].Spellings; len(all) > 1 && k.Value[0] >= utf8.RuneSelf {
			meant = all[1] // who writes Chinese keys is answered with one
		}
	} else {
		meant = conf.Suggest(k.Value, names)
		sure = utf8.RuneCountInString(k.Value) >= mendLeast
	}
	switch {
	case slices.Contains(names, "enabled") && slices.Contains([]string{"disabled", "disable", "停用", "禁用"}, k.Value):
		p.Hint = lang.T("write %s", "enabled: false")
	case meant != "":
		p.Hint = conf.DidYouMean(meant)
		if sure {
			p.Mended = k.Written(meant)
		}
	case strings.ContainsAny(k.Value, "\u3000\u00a0"):
		p.Hint = lang.T("there is a full-width blank in it")
	}
	return p
}

// Habits are words that people know from other programs, and what they are called
// here.
var Habits = map[string]string{
	"keyword": "contains", "keywords": "contains", "match": "contains", "word": "contains", "words": "contains",
	"关键字": "contains", "匹配": "contains", "触发": "contains",
	"response": "reply", "answer": "reply", "text": "reply", "message": "reply", "回答": "reply", "答复": "reply",
	"room": "group", "rooms": "group", "groups": "group", "群名": "group", "群组": "group",
	"user": "from", "sender": "from", "用户": "from", "pattern": "regex", "regexp": "regex", "正则表达式": "regex",
	"equals": "exact", "equal": "exact", "prefix": "starts_with", "suffix": "ends_with", "cmd": "command", "命令": "command",
	"if": "when", "then": "do", "actions": "do", "action": "do", "steps": "do", "delay": "wait", "title": "name",
}

// fold looks ahead: `fold: false` concerns every key of the block.
func (c *compiler) fold(n *conf.Node) {
	for _, e := range n.Entries {
		if key, _ := conf.Spelled(whenKeys, e.Key.Value); key != "fold" {
			continue
		}
		on, ok := e.Value.Bool()
		if !ok {
			c.fail(e.Value, lang.T("fold is yes or no, here is %s", e.Value.Describe()))
		}
		if ok && !on {
			c.w.folding = Exact
		}
	}
}

func (c *compiler) read(key string, v *conf.Node) {
	if v.Kind == conf.Null {
		p := v.At(conf.Error, lang.T("%s has no value", key), nullHint(v))
		p.Mended = v.Uncommented()
		c.problems = append(c.problems, p)
		return
	}
	if v.Kind == conf.List && len(v.Items) == 0 {
		c.fail(v, lang.T("%s is an empty list: nothing ever meets it", key))
		return
	}
	switch key {
	case "event":
		c.w.Events = words(c, key, v, eventWords, func(s string) event.Kind { return event.Kind(s) })
	case "chat":
		c.w.chats = words(c, key, v, chatWords, func(s string) event.ChatKind { return event.ChatKind(s) })
	case "type":
		c.w.types = words(c, key, v, typeWords, func(s string) event.MessageType { return event.MessageType(s) })
	case "via":
		c.w.via = words(c, key, v, viaWords, func(s string) string { return s })
		c.w.written[key] = strings.Join(c.w.via, ", ")
	case "exact":
		c.w.exact = c.texts(key, v, trimEnd)
	case "contains":
		c.w.contains = c.texts(key, v, nil)
	case "contains_all":
		c.w.containsAll = c.texts(key, v, nil)
	case "starts_with":
		c.w.starts = c.texts(key, v, nil)
	case "ends_with":
		c.w.ends = c.texts(key, v, nil)
	case "regex":
		c.regexes(v)
	case "command":
		c.command(v)
	case "group":
		c.w.groups = c.names(key, v)
	case "from":
		c.w.from = c.names(key, v)
	case "mentioned", "by_self":
		c.bools(key, v)
	case "time":
		c.times(v)
	case "days":
		d, bad := daysOf(v)
		if bad != nil {
			c.fail(bad, lang.T("days: %s is no day", bad.Describe()), lang.T("mon-fri, sat,sun or 2026-10-01..2026-10-07"))
		}
		c.w.days = d
		c.w.written[key] = written(v)
	case "at", "cron", "spread", "catch_up":
		c.schedule(key, v)
	case "gather":
		c.gather(v)
	case "probability":
		f, ok := v.Float()
		if !ok || f < 0 || f > 1 {
			c.fail(v, lang.T("probability is a number from 0 to 1"))
			return
		}
		c.w.probability = f
	}
}

func nullHint(v *conf.Node) lang.Text {
	if strings.HasPrefix(v.Comment, "#") {
		return lang.T("%q is read as a comment; quote it", v.Comment)
	}
	return lang.Text{}
}

func written(v *conf.Node) string {
	if v.Kind == conf.List {
		var out []string
		for _, i := range v.Items {
			out = append(out, i.Value)
		}
		return "[" + strings.Join(out, ", ") + "]"
	}
	return v.Value
}

// words reads a closed value or a list of them.
func words[T ~string](c *compiler, key string, v *conf.Node, table []conf.Word, as func(string) T) []T {
	items, bad := v.Texts()
	if bad != nil {
		c.fail(bad, lang.T("%s is a word or a list of words, here is %s", key, bad.Describe()))
		return nil
	}
	spellings := conf.Spellings(table)
	var out []T
	for _, i := range items {
		w, ok := i.Word(spellings)
		if !ok {
			hint := lang.T("one of %s", strings.Join(conf.Firsts(table), ", "))
			if s := conf.Suggest(i.Value, conf.Names(table)); s != "" {
				hint = conf.DidYouMean(s)
			}
			c.fail(i, lang.T("unknown %s %q", key, i.Value), hint)
			continue
		}
		if w == typeAny {
			return nil
		}
		out = append(out, as(w))
	}
	return out
}

// item is a text with the node it stands in.
type item struct {
	text string
	node *conf.Node
}

// items reads a text or a list of texts, with named lists put in.
func (c *compiler) items(key string, v *conf.Node) []item {
	nodes, bad := v.Texts()
	if bad != nil {
		c.fail(bad, lang.T("%s is a text or a list of texts, here is %s", key, bad.Describe()))
		return nil
	}
	var out []item
	for _, n := range nodes {
		name, isList := strings.CutPrefix(n.Value, "$")
		switch {
		case !isList:
			c.joinedByMistake(n, v.Kind == conf.List)
			out = append(out, item{n.Value, n})
		case strings.HasPrefix(name, "$"):
			out = append(out, item{name, n})
		case c.o.Lists == nil:
			c.fail(n, lang.T("no lists here: %s", n.Value), lang.T(`a text starting with "$" is written "$$…"`))
		default:
			list, ok := c.o.Lists(name)
			if !ok {
				c.fail(n, lang.T("unknown list %q", name), lang.T("define it under lists:"))
			}
			for _, text := range list {
				out = append(out, item{text, n})
			}
		}
	}
	return out
}

// joinedByMistake warns of several words in one, joined by a comma that YAML does
// not know.
func (c *compiler) joinedByMistake(n *conf.Node, inList bool) {
	if n.Quoted {
		return
	}
	bare := strings.Trim(n.Value, "［］【】")
	parts := strings.FieldsFunc(bare, func(r rune) bool { return r == '，' || r == '、' })
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	list := "[" + strings.Join(parts, ", ") + "]"
	if len(parts) < 2 && bare == n.Value {
		return // the line, which may be long, is not looked at
	}
	mended := n.Written(list)
	if inList {
		mended = ""
		if strings.Contains(n.Before(), "[") {
			mended = n.Written(strings.Join(parts, ", "))
		}
	}
	switch {
	case len(parts) > 1:
		c.mendable(mended, n, lang.T("one keyword with full-width commas"), lang.T("several are written %s; quote it if it is one", list))
	case bare != n.Value:
		c.mendable(mended, n, lang.T("the brackets are part of the keyword"), lang.T("a list is written %s; quote it if they belong to it", list))
	}
}

// texts reads keywords, folded.
func (c *compiler) texts(key string, v *conf.Node, also func(string) string) []string {
	out := []string{}
	for _, i := range c.items(key, v) {
		folded := c.w.folding.Fold(i.text)
		if also != nil {
			folded = also(folded)
		}
		if folded == "" {
			c.fail(i.node, lang.T("%s: nothing is left of %q to compare", key, i.text))
			continue
		}
		out = append(out, folded)
	}
	c.w.written[key] = written(v)
	return out
}

func (c *compiler) regexes(v *conf.Node) {
	c.w.regexes = []*regexp.Regexp{}
	c.w.written["regex"] = written(v)
	for _, i := range c.items("regex", v) {
		if re := c.regex(i); re != nil {
			c.w.regexes = append(c.w.regexes, re)
		}
	}
}

func (c *compiler) regex(i item) *regexp.Regexp {
	if i.text == "" {
		c.fail(i.node, lang.T("regex is empty: it would match everything"))
		return nil
	}
	const longest = 4096
	if len(i.text) > longest {
		c.fail(i.node, lang.T("regex of more than %d bytes", longest))
		return nil
	}
	re, err := regexp.Compile("(?i)" + i.text)
	if err != nil {
		text := lang.Raw(err.Error())
		offset, length := 0, len(i.text)
		if e, ok := asSyntax(err); ok {
			expr := strings.TrimPrefix(e.Expr, "(?i)")
			text = lang.T("%s: %s", regexSaid(e.Code), "`"+expr+"`")
			if at := strings.Index(i.text, expr); at >= 0 && expr != "" {
				offset, length = at, len(expr)
			}
		}
		c.problems = append(c.problems, i.node.Inside(conf.Error, offset, length, lang.T("regex: %s", text)))
		return nil
	}
	c.unreachable(i)
	return re
}

func asSyntax(err error) (*syntax.Error, bool) {
	e, ok := err.(*syntax.Error) //nolint:errorlint // regexp returns it bare
	return e, ok
}

// unreachable finds characters that no folded text has.
func (c *compiler) unreachable(i item) {
	f := Folding{Width: c.w.folding.Width, Traditional: c.w.folding.Traditional}
	if !f.Width && !f.Traditional {
		return
	}
	for at, r := range i.text {
		if r < utf8.RuneSelf {
			continue
		}
		folded := f.Fold(string(r))
		if folded == string(r) {
			continue
		}
		write := regexp.QuoteMeta(folded)
		c.problems = append(c.problems, i.node.Inside(conf.Error, at, utf8.RuneLen(r),
			lang.T("regex: %q becomes %q before matching", string(r), folded), lang.T("write %s", write)))
		return
	}
}

func (c *compiler) command(v *conf.Node) {
	cmd := &command{loose: true, folding: c.w.folding}
	c.w.command = cmd
	c.w.written["command"] = written(v)
	list := v
	var aliases *conf.Node
	if v.Kind == conf.Map {
		list = nil
		for _, e := range v.Entries {
			switch key, _ := conf.Spelled(commandKeys, e.Key.Value); key {
			case "name":
				list = e.Value
			case "aliases":
				aliases = e.Value
			case "space":
				w, ok := e.Value.Word(conf.Spellings(spaceWords))
				if !ok {
					c.fail(e.Value, lang.T("space is auto or required"))
				}
				cmd.loose = w != "required"
			default:
				c.fail(e.Key, lang.T("unknown key %q in command", e.Key.Value), lang.Raw("name, aliases, space"))
			}
		}
		if list == nil {
			c.fail(v, lang.T("command needs a name"))
			return
		}
		c.w.written["command"] = written(list)
	}
	items := c.items("command", list)
	if aliases != nil {
		items = append(items, c.items("command", aliases)...)
	}
	for _, i := range items {
		folded := c.w.folding.Fold(i.text)
		if folded == "" {
			c.fail(i.node, lang.T("command has no name"))
			continue
		}
		cmd.names = append(cmd.names, commandName{shown: i.text, folded: folded})
	}
	slices.SortStableFunc(cmd.names, func(a, b commandName) int { return len(b.folded) - len(a.folded) })
}

func (c *compiler) names(key string, v *conf.Node) *names {
	out := &names{}
	list := []*conf.Node{v}
	if v.Kind == conf.List {
		list = v.Items
	}
	for _, n := range list {
		switch {
		case n.Kind == conf.Map:
			c.nameRegex(key, n, out)
			continue
		case n.Kind == conf.List:
			c.fail(n, lang.T("%s: a list in a list", key))
			continue
		}
		for _, i := range c.items(key, n) {
			if c.w.folding.Fold(i.text) == "" {
				c.fail(i.node, lang.T("%s: an empty name", key))
				continue
			}
			out.add(i.text, c.w.folding)
		}
	}
	return out
}

func (c *compiler) nameRegex(key string, n *conf.Node, out *names) {
	pattern := n.Lookup(patternKeys, "regex")
	if len(n.Entries) != 1 || pattern == nil {
		c.fail(n, lang.T("%s is a name, a list of names, or {regex: …}", key))
		return
	}
	for _, i := range c.items(key, pattern) {
		if re := c.regex(i); re != nil {
			out.addRegex(re, i.text)
		}
	}
}

func (c *compiler) bools(key string, v *conf.Node) {
	b, ok := v.Bool()
	if !ok {
		c.fail(v, lang.T("%s is true or false, here is %s", key, v.Describe()))
		return
	}
	if key == "mentioned" {
		c.w.mentioned = &b
		return
	}
	c.w.bySelf = b
	c.w.anySelf = false
}

func (c *compiler) times(v *conf.Node) {
	items, bad := v.Texts()
	if bad != nil {
		c.fail(bad, lang.T("time is like 09:00-18:00, here is %s", bad.Describe()))
		return
	}
	c.w.written["time"] = written(v)
	for _, i := range items {
		from, to, ok := conf.TimeRange(i.Value)
		if !ok {
			c.fail(i, lang.T("time %q is not like 09:00-18:00", i.Value))
			continue
		}
		if from == to {
			c.fail(i, lang.T("time %q ends when it begins: it is never", i.Value), lang.T("the whole day is 00:00-24:00"))
			continue
		}
		c.w.times = append(c.w.times, event.DayWindow{From: from, To: to})
	}
}

func (c *compiler) gather(v *conf.Node) {
	if b, ok := v.Bool(); ok && !b {
		c.w.Gather = -1
		return
	}
	d, ok := v.Duration()
	if !ok || d <= 0 || d > time.Hour {
		c.fail(v, lang.T("gather is a duration up to 1h, or off"))
		return
	}
	c.w.Gather = d
}

// FromMap compiles conditions given as plain values: texts, numbers, booleans,
// lists ([]any) and maps of them. Problems have no place.
func FromMap(m map[string]any, o Options) (*When, []conf.Problem) {
	return Compile(nodeOf(m), o)
}

// plainText writes a value as people do: a number has no exponent.
func plainText(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

func nodeOf(v any) *conf.Node {
	switch v := v.(type) {
	case map[string]any:
		n := &conf.Node{Kind: conf.Map}
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			n.Entries = append(n.Entries, conf.Entry{
				Key: &conf.Node{Kind: conf.Scalar, Value: k}, Value: nodeOf(v[k]),
			})
		}
		return n
	case []any:
		n := &conf.Node{Kind: conf.List}
		for _, i := range v {
			n.Items = append(n.Items, nodeOf(i))
		}
		return n
	case nil:
		return &conf.Node{Kind: conf.Null}
	case string:
		return &conf.Node{Kind: conf.Scalar, Value: v, Quoted: true}
	}
	return &conf.Node{Kind: conf.Scalar, Value: plainText(v)}
}
