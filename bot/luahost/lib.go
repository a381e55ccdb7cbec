package luahost

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rs/zerolog"
	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/match"
)

// logTable is bot.log.
func (p *plugin) logTable() *lua.LTable {
	t := p.l.NewTable()
	level := func(at zerolog.Level) lua.LGFunction {
		return func(l *lua.LState) int {
			p.log(at, format(l, 1))
			return 0
		}
	}
	p.l.SetFuncs(t, map[string]lua.LGFunction{
		"debug": level(zerolog.DebugLevel), "info": level(zerolog.InfoLevel),
		"warn": level(zerolog.WarnLevel), "error": level(zerolog.ErrorLevel),
	})
	return t
}

// textTable is bot.text.
func (p *plugin) textTable() *lua.LTable {
	t := p.l.NewTable()
	one := func(f func(string) string) lua.LGFunction {
		return func(l *lua.LState) int {
			l.Push(lua.LString(f(short(l))))
			return 1
		}
	}
	p.l.SetFuncs(t, map[string]lua.LGFunction{
		"fold": one(match.DefaultFolding.Fold), "trim": one(strings.TrimSpace),
		"upper": one(strings.ToUpper), "lower": one(strings.ToLower),
		"contains": textContains, "expand": textExpand, "split": textSplit, "sub": textSub, "chars": textChars,
		"len":   func(l *lua.LState) int { l.Push(lua.LNumber(utf8.RuneCountInString(l.CheckString(1)))); return 1 },
		"width": func(l *lua.LState) int { l.Push(lua.LNumber(conf.DisplayWidth(l.CheckString(1)))); return 1 },
	})
	return t
}

// short gives the first argument, a text that is not too long for work on every character.
func short(l *lua.LState) string {
	s := l.CheckString(1)
	if len(s) > subjectMost {
		l.ArgError(1, fmt.Sprintf("a text of at most %d bytes expected", subjectMost))
	}
	charge(l, work(64*len(s)))
	return s
}

// foldGrowth is more than a text can shrink by folding.
const foldGrowth = 64

func textContains(l *lua.LState) int {
	s := match.DefaultFolding.Fold(short(l))
	words := []string{}
	switch v := l.CheckAny(2).(type) {
	case *lua.LTable:
		words = names(v)
	default:
		words = append(words, v.String())
	}
	for _, w := range words {
		charge(l, work(16*len(w)+len(s)))
		if len(w) > len(s)*foldGrowth {
			continue
		}
		if w = match.DefaultFolding.Fold(w); w != "" && strings.Contains(s, w) {
			l.Push(lua.LTrue)
			return 1
		}
	}
	l.Push(lua.LFalse)
	return 1
}

// textExpand fills ${name} and ${name|fallback} from a table, in one pass.
func textExpand(l *lua.LState) int {
	s, vars := l.CheckString(1), l.CheckTable(2)
	charge(l, work(len(s)))
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(s, "${")
		literal := ok && strings.HasSuffix(before, "$")
		b.WriteString(before)
		if literal {
			b.WriteByte('{') // $${ is a literal ${
			s = after
			continue
		}
		if !ok {
			break
		}
		name, rest, ok := strings.Cut(after, "}")
		if !ok {
			b.WriteString("${" + after)
			break
		}
		key, fallback, _ := strings.Cut(name, "|")
		if v := vars.RawGetString(strings.TrimSpace(key)); v != lua.LNil {
			b.WriteString(v.String())
		} else {
			b.WriteString(fallback)
		}
		charge(l, 1)
		if b.Len() > stringMost {
			l.RaiseError("bot.text.expand: %s", errTooLong.Error())
		}
		s = rest
	}
	l.Push(lua.LString(b.String()))
	return 1
}

func textSplit(l *lua.LState) int {
	s, sep := l.CheckString(1), l.OptString(2, "")
	t := l.NewTable()
	charge(l, work(16*len(s)))
	parts := strings.Fields(s)
	if sep != "" {
		parts = strings.Split(s, sep)
	}
	for _, part := range parts {
		t.Append(lua.LString(part))
	}
	l.Push(t)
	return 1
}

func textSub(l *lua.LState) int {
	charge(l, work(16*len(l.CheckString(1))))
	r := []rune(l.CheckString(1))
	from, to := start(l.CheckInt(2), len(r)), l.OptInt(3, -1)
	if to < 0 {
		to = len(r) + to + 1
	}
	to = min(to, len(r))
	if from >= to {
		l.Push(lua.LString(""))
		return 1
	}
	l.Push(lua.LString(string(r[from:to])))
	return 1
}

func textChars(l *lua.LState) int {
	t := l.NewTable()
	charge(l, work(64*len(l.CheckString(1))))
	for _, r := range l.CheckString(1) {
		t.Append(lua.LString(string(r)))
	}
	l.Push(t)
	return 1
}

// randomTable is bot.random.
func (p *plugin) randomTable() *lua.LTable {
	t := p.l.NewTable()
	p.l.SetFuncs(t, map[string]lua.LGFunction{
		"pick": func(l *lua.LState) int {
			list := l.CheckTable(1)
			if n := list.Len(); n > 0 {
				l.Push(list.RawGetInt(1 + rand.IntN(n)))
				return 1
			}
			l.Push(lua.LNil)
			return 1
		},
		"int": func(l *lua.LState) int {
			a, b := l.CheckInt64(1), l.CheckInt64(2)
			if b < a || b-a < 0 {
				l.ArgError(2, "must not be below the first")
			}
			l.Push(lua.LNumber(a + rand.Int64N(b-a+1)))
			return 1
		},
		"chance": func(l *lua.LState) int { l.Push(lua.LBool(rand.Float64() < float64(l.CheckNumber(1)))); return 1 },
	})
	return t
}

// nowhere is the world of plugins that are only checked.
type nowhere struct{}

var errChecked = errors.New("the plugin is only being checked")

func (nowhere) Queue(context.Context, *event.Event, string, int, event.Action) (int64, error) {
	return 0, errChecked
}

func (nowhere) Done(context.Context, *event.Event) error { return nil }

func (nowhere) Running(int64) func() { return func() {} }

func (nowhere) Outcome(context.Context, int64) (event.Status, string, error) {
	return "", "", errChecked
}
func (nowhere) Find(event.ChatKind, string) ([]event.Chat, error) { return nil, errChecked }
func (nowhere) Members(string) []event.Person                     { return nil }
func (nowhere) Self() event.Person                                { return event.Person{} }
func (nowhere) Notify(context.Context, string) error              { return errChecked }
func (nowhere) Settings() event.Settings                          { return event.Settings{Prefixes: []string{"/", "#"}} }

// seenAgain is how long an error of one place is not told again.
const (
	seenAgain = 10 * time.Minute
	seenCap   = 1000
)

// seen reports whether an error was told lately, and notes that it is told now.
func (h *Host) seen(what string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at, ok := h.told[what]; ok && now.Sub(at) < seenAgain {
		return true
	}
	if len(h.told) >= seenCap {
		clear(h.told)
	}
	h.told[what] = now
	return false
}
