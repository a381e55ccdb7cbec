package luahost

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/conf"
	"wxbot/bot/match"

	"wxbot/bot/event"
)

// commandSpec is a command as a plugin declared it.
type commandSpec struct {
	names  []string
	when   *match.When // only the names
	params []param
	help   string
	admin  bool
	bare   bool
	rest   rest
}

// rest is a command's cooldown, chat by chat.
type rest struct {
	every time.Duration

	mu   sync.Mutex
	last map[string]time.Time
}

// restsMost is how many chats are remembered; those that have rested go first.
const restsMost = 1000

// begin reports whether the command may run in a chat now, and notes that it does.
func (r *rest) begin(chat string, now time.Time) bool {
	if r.every <= 0 {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, ok := r.last[chat]; ok && now.Sub(at) < r.every {
		return false
	}
	if r.last == nil || len(r.last) >= restsMost {
		maps.DeleteFunc(r.last, func(_ string, at time.Time) bool { return now.Sub(at) >= r.every })
		if r.last == nil || len(r.last) >= restsMost {
			r.last = map[string]time.Time{}
		}
	}
	r.last[chat] = now
	return true
}

// param is one argument: <must>, [may], <name:type>, <rest...>.
type param struct {
	name, kind string
	must, rest bool
}

// values are arguments that were read.
type values struct {
	names []string
	vals  map[string]any
}

func (v values) table(l *lua.LState) lua.LValue {
	t := l.NewTable()
	for _, n := range v.names {
		t.RawSetString(n, toLua(l, v.vals[n]))
	}
	return t
}

// paramTypes are the types that an argument may have.
var paramTypes = []string{"int", "number", "date", "duration", "person", "group", "text"}

// readParams reads a specification such as "<title> [n:int] <options...>".
func readParams(s string) ([]param, error) {
	var out []param
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		closing := byte('>')
		switch s[0] {
		case '<':
		case '[':
			closing = ']'
		default:
			return nil, fmt.Errorf("args: %q is neither <must> nor [may]", s)
		}
		end := strings.IndexByte(s, closing)
		if end < 0 {
			return nil, fmt.Errorf("args: %q has no %q", s, string(closing))
		}
		p := param{must: s[0] == '<', kind: "text"}
		name, rest := strings.CutSuffix(s[1:end], "...")
		p.rest = rest
		if n, kind, ok := strings.Cut(name, ":"); ok {
			name, p.kind = n, kind
		}
		p.name = strings.TrimSpace(name)
		if !contains(paramTypes, p.kind) || p.name == "" {
			return nil, fmt.Errorf("args: unknown type %q, want %s", p.kind, strings.Join(paramTypes, ", "))
		}
		if len(out) > 0 && out[len(out)-1].rest {
			return nil, errors.New("args: nothing may follow <name...>")
		}
		out = append(out, p)
		s = s[end+1:]
	}
	return out, nil
}

func contains(list []string, s string) bool {
	return slices.Contains(list, s)
}

// usage is the text that a wrong call is answered with.
func (c *commandSpec) usage(words event.Words, name string) string {
	var text strings.Builder
	text.WriteString(name)
	for _, p := range c.params {
		label := p.name
		if p.rest {
			label += "…"
		}
		if p.must {
			text.WriteString(" <" + label + ">")
		} else {
			text.WriteString(" [" + label + "]")
		}
	}
	if c.help != "" {
		text.WriteString("\n" + c.help)
	}
	return words.Say(event.SayUsage, "usage", text.String())
}

var errUsage = errors.New("wrong arguments")

// fits tells whether a text can be the command's arguments.
func (c *commandSpec) fits(args string) bool {
	_, err := c.parse(args)
	return err == nil
}

// parse reads the arguments of a call.
func (c *commandSpec) parse(text string) (values, error) {
	words := splitWords(text)
	out := values{vals: map[string]any{}}
	for _, p := range c.params {
		out.names = append(out.names, p.name)
		if p.rest {
			if p.must && len(words) == 0 {
				return out, errUsage
			}
			list := []any{}
			for _, w := range words {
				v, err := p.read(w)
				if err != nil {
					return out, err
				}
				list = append(list, v)
			}
			out.vals[p.name] = list
			return out, nil
		}
		if len(words) == 0 {
			if p.must {
				return out, errUsage
			}
			continue
		}
		v, err := p.read(words[0])
		if err != nil {
			return out, err
		}
		out.vals[p.name] = v
		words = words[1:]
	}
	if len(words) > 0 {
		// What is left over belongs to a last text, else it is too much.
		last := len(c.params) - 1
		if last < 0 || c.params[last].kind != "text" {
			return out, errUsage
		}
		name := c.params[last].name
		out.vals[name] = strings.Join(append([]string{fmt.Sprint(out.vals[name])}, words...), " ")
	}
	return out, nil
}

func (p param) read(w string) (any, error) {
	switch p.kind {
	case "int":
		n, err := strconv.ParseInt(match.Folding{Width: true}.Fold(w), 10, 64)
		if err != nil {
			return nil, errUsage
		}
		return n, nil
	case "number":
		f, err := strconv.ParseFloat(match.Folding{Width: true}.Fold(w), 64)
		if err != nil {
			return nil, errUsage
		}
		return f, nil
	case "duration":
		d, ok := conf.ParseDuration(w)
		if !ok {
			return nil, errUsage
		}
		return d.Seconds(), nil
	case "date":
		return readDate(match.Folding{Width: true}.Fold(w))
	case "person":
		return strings.TrimPrefix(w, "@"), nil
	}
	return w, nil
}

// readDate reads 2026-01-31, 2026/1/31, 2026.1.31 or 2026年1月31日 as the first of these.
func readDate(s string) (any, error) {
	for _, layout := range []string{"2006-1-2", "2006/1/2", "2006.1.2", "2006年1月2日", "2006年1月2号"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Format(time.DateOnly), nil
		}
	}
	return nil, errUsage
}

// splitWords cuts a text at blanks; quotes, also “”, hold words together.
func splitWords(s string) []string {
	var out []string
	var word strings.Builder
	inWord := false
	closing := rune(0)
	for _, r := range s {
		switch {
		case closing != 0 && r == closing:
			closing = 0
		case closing != 0:
			word.WriteRune(r)
		case r == '"' || r == '“':
			inWord = true
			closing = '"'
			if r == '“' {
				closing = '”'
			}
		case unicode.IsSpace(r) || r == '\u2005':
			if inWord {
				out = append(out, word.String())
				word.Reset()
				inWord = false
			}
		default:
			inWord = true
			word.WriteRune(r)
		}
	}
	if inWord {
		out = append(out, word.String())
	}
	return out
}

// apiCommand is bot.command(name | {names}, {options}, fn).
func (p *plugin) apiCommand(l *lua.LState) int {
	p.registering(l, "bot.command")
	c := &commandSpec{}
	switch v := l.CheckAny(1).(type) {
	case lua.LString:
		c.names = []string{string(v)}
	case *lua.LTable:
		c.names = names(v)
	default:
		l.ArgError(1, "a name or a table of names expected")
	}
	hd := &handler{kind: handleCommand, event: "message", command: c}
	at := 2
	space := "auto"
	conditions := p.l.NewTable()
	if t, ok := l.Get(2).(*lua.LTable); ok {
		at = 3
		t.ForEach(func(k, v lua.LValue) {
			switch k.String() {
			case "args":
				params, err := readParams(v.String())
				if err != nil {
					l.ArgError(2, err.Error())
				}
				c.params = params
			case "help":
				c.help = v.String()
			case "admin":
				c.admin = lua.LVAsBool(v)
			case "bare":
				c.bare = lua.LVAsBool(v)
			case "space":
				if space = v.String(); space != "auto" && space != "required" {
					l.ArgError(2, `space is "auto" or "required"`)
				}
			case "cooldown":
				d, ok := toDuration(v)
				if !ok {
					l.ArgError(2, `cooldown is a number of seconds, or a text like "10s"`)
				}
				c.rest.every = d
			default:
				conditions.RawSet(k, v)
			}
		})
	}
	hd.fn = l.CheckFunction(at)
	hd.when, hd.everywhere = p.when(l, conditions, 2, hd)
	list := []any{}
	for _, n := range c.names {
		list = append(list, n)
	}
	w, problems := match.FromMap(map[string]any{"command": map[string]any{"name": list, "space": space}},
		match.Options{Folding: match.DefaultFolding, Unless: true})
	if w == nil {
		l.ArgError(1, problems[0].Text.String())
	}
	c.when = w
	p.add(hd)
	l.Push(p.wrap(l, "handle", hd))
	return 1
}
