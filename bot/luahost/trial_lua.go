package luahost

import (
	"fmt"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/conf"
	"wxbot/bot/event"
)

// trialLua is what a test sees of its stage: the table t.
type trialLua struct {
	l     *lua.LState
	gas   *gas
	stage *trialStage
	http  *trialHTTP
}

// table makes a table of functions.
func (t *trialLua) table(fns map[string]func() error) *lua.LTable {
	tab := t.l.NewTable()
	for name, f := range fns {
		tab.RawSetString(name, t.function(name, f))
	}
	return tab
}

// function makes a Lua function whose error fails the test. What it pushes, it
// returns; the time it takes is not the test's own.
func (t *trialLua) function(name string, f func() error) *lua.LFunction {
	return t.l.NewFunction(func(l *lua.LState) int {
		outer := t.l
		t.l = l // the coroutine that calls
		defer func() { t.l = outer }()
		top := l.GetTop()
		err := f()
		t.gas.fill(trialRun)
		if err == nil {
			err = t.stage.ctx.Err()
		}
		if err != nil {
			l.RaiseError("%s: %s", name, err.Error())
		}
		return l.GetTop() - top
	})
}

// open makes t.
func (t *trialLua) open() *lua.LTable {
	tab := t.table(map[string]func() error{
		"friend":   func() error { t.l.Push(t.person(t.stage.world.person(t.l.CheckString(1), true))); return nil },
		"stranger": func() error { t.l.Push(t.person(t.stage.world.person(t.l.CheckString(1), false))); return nil },
		"group":    t.openGroup,
		"reload": func() error {
			if err := t.readConfig(); err != nil {
				return err
			}
			return t.stage.reload()
		},
	})
	tab.RawSetString("config", t.l.NewTable())
	tab.RawSetString("clock", t.table(map[string]func() error{
		"pass": func() error {
			d, ok := toDuration(t.l.Get(2))
			if !ok {
				t.l.ArgError(2, `a duration is a number of seconds, or a text like "61s"`)
			}
			if err := t.begin(); err != nil {
				return err
			}
			return t.stage.pass(d)
		},
		"now": func() error { t.l.Push(lua.LNumber(t.stage.hand.Now().Unix())); return nil },
	}))
	tab.RawSetString("http", t.table(map[string]func() error{
		"on":       func() error { return t.http.on(t.l) },
		"requests": func() error { return t.http.requests(t.l) },
	}))
	tab.RawSetString("kv", t.table(map[string]func() error{"get": t.kvGet, "set": t.kvSet}))
	mt := t.l.NewTable()
	mt.RawSetString("__index", t.l.NewFunction(func(l *lua.LState) int {
		l.Push(t.look(l, l.CheckString(2)))
		return 1
	}))
	t.l.SetMetatable(tab, mt)
	return tab
}

// kvGet is t.kv:get(key): what the plugin keeps.
func (t *trialLua) kvGet() error {
	e, ok, err := t.stage.tables.KVGet(t.stage.ctx, t.stage.src.name, t.l.CheckString(2), t.stage.hand.Now())
	if err != nil || !ok {
		t.l.Push(lua.LNil)
		return err
	}
	v, err := decodeValue(e.Value)
	if err == nil {
		t.l.Push(v)
	}
	return err
}

// kvSet is t.kv:set(key, value): what the plugin finds.
func (t *trialLua) kvSet() error {
	v, err := encodeValue(t.l.CheckAny(3), valueMost)
	if err != nil {
		return err
	}
	return t.stage.tables.KVCommit(t.stage.ctx, event.TableBatch{
		Plugin: t.stage.src.name, Now: t.stage.hand.Now(), Writes: []event.TableWrite{{Key: t.l.CheckString(2), Value: v}},
	})
}

// look gives what t has as it is now: t.sent and t.log.
func (t *trialLua) look(l *lua.LState, name string) lua.LValue {
	w := t.stage.world
	w.mu.Lock()
	defer w.mu.Unlock()
	out := l.NewTable()
	switch name {
	case "sent":
		for _, s := range w.sent {
			row := l.NewTable()
			row.RawSetString("kind", lua.LString(s.kind))
			row.RawSetString("text", lua.LString(s.text))
			row.RawSetString("to", lua.LString(s.name))
			row.RawSetString("revoked", lua.LBool(s.revoked))
			out.Append(row)
		}
	case "log":
		for _, line := range w.log {
			out.Append(lua.LString(line))
		}
	default:
		known := []string{"friend", "stranger", "group", "reload", "config", "clock", "http", "kv", "sent", "log"}
		hint := ""
		if s := conf.Suggest(name, known); s != "" {
			hint = ", did you mean " + s + "?"
		}
		l.RaiseError("t has no %s in this version of wxbot%s", name, hint)
	}
	return out
}

// begin loads the plugin with t.config, unless that was done.
func (t *trialLua) begin() error {
	if err := t.readConfig(); err != nil {
		return err
	}
	return t.stage.begin()
}

// readConfig takes t.config as it is now.
func (t *trialLua) readConfig() error {
	tab, ok := t.l.GetGlobal(trialGlobal).(*lua.LTable)
	if !ok {
		return nil
	}
	v, err := fromLua(tab.RawGetString("config"))
	if err != nil {
		return fmt.Errorf("t.config: %w", err)
	}
	m, ok := written(v).(map[string]any)
	if list, isList := v.([]any); !ok && !(isList && len(list) == 0) {
		return fmt.Errorf("t.config is a table with the names of options")
	}
	t.stage.config = m
	return nil
}

// written gives a value as plugins.yaml would have it: scalars are texts.
func written(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = written(v[i])
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k := range v {
			out[k] = written(v[k])
		}
		return out
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// person is a person of the test, who talks in private, or in a group.
func (t *trialLua) person(p *event.Person) *lua.LTable {
	tab := t.talker(p, func() event.Chat { return privateChat(*p) })
	tab.RawSetString("requests", t.function("requests", func() error {
		if err := t.begin(); err != nil {
			return err
		}
		return t.stage.request(p, t.l.OptString(2, ""))
	}))
	tab.RawSetString("is_friend", t.function("is_friend", func() error { t.l.Push(lua.LBool(p.IsFriend)); return nil }))
	tab.RawSetString("remark", t.function("remark", func() error { t.l.Push(lua.LString(p.Remark)); return nil }))
	return tab
}

// talker is a person in one chat.
func (t *trialLua) talker(p *event.Person, chat func() event.Chat) *lua.LTable {
	tab := t.listener(chat)
	tab.RawSetString("name", lua.LString(p.Nickname))
	tab.RawSetString("says", t.function("says", func() error {
		text := t.l.CheckString(2)
		if err := t.begin(); err != nil {
			return err
		}
		return t.stage.say(chat(), p, text)
	}))
	tab.RawSetString("sends", t.function("sends", func() error {
		kind := event.MessageType(t.l.CheckString(2))
		if k, ok := answerKinds()[string(kind)]; !ok || k.message == "" {
			return fmt.Errorf("there is no type %q of messages, such as image", string(kind))
		}
		if err := t.begin(); err != nil {
			return err
		}
		return t.stage.show(chat(), p, kind)
	}))
	tab.RawSetString("recalls", t.function("recalls", func() error { return t.stage.recall(chat(), p) }))
	return tab
}

// listener hears what the bot says in a chat.
func (t *trialLua) listener(chat func() event.Chat) *lua.LTable {
	return t.table(map[string]func() error{
		"hears": func() error {
			want := t.l.CheckString(2)
			found, others := t.stage.world.hear(chat().Key, want)
			if !found {
				return fmt.Errorf("heard %s, want %q", quoted(others), want)
			}
			return nil
		},
		"hears_nothing": func() error {
			if _, others := t.stage.world.hear(chat().Key, ""); len(others) > 0 {
				return fmt.Errorf("heard %s", quoted(others))
			}
			return nil
		},
	})
}

func quoted(texts []string) string {
	if len(texts) == 0 {
		return "nothing"
	}
	out := make([]string, len(texts))
	for i, s := range texts {
		out[i] = strconv.Quote(s)
	}
	return strings.Join(out, ", ")
}

// openGroup is t.group(name, {members}): it gives the group and then its members,
// who talk in it.
func (t *trialLua) openGroup() error {
	l := t.l
	name := l.CheckString(1)
	var members []*event.Person
	for _, m := range names(l.Get(2)) {
		members = append(members, t.stage.world.person(m, false))
	}
	g := t.stage.world.group(name, members)
	chat := func() event.Chat { return g.chat }
	tab := t.listener(chat)
	tab.RawSetString("name", lua.LString(name))
	tab.RawSetString("joins", t.function("joins", func() error {
		if err := t.begin(); err != nil {
			return err
		}
		var people []string
		for i := 2; i <= t.l.GetTop(); i++ {
			people = append(people, t.l.CheckString(i))
		}
		return t.stage.join(name, people)
	}))
	tab.RawSetString("member", t.function("member", func() error {
		p := t.stage.world.person(t.l.CheckString(2), false)
		t.stage.world.group(name, []*event.Person{p})
		t.l.Push(t.talker(p, chat))
		return nil
	}))
	l.Push(tab)
	for _, p := range members {
		l.Push(t.talker(p, chat))
	}
	return nil
}
