package luahost

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/conf"
)

// header is what bot.plugin{} says.
type header struct {
	name, version, about string
	missing              string // required options that have no value
	options              map[string]bool
}

// configError is a wrong value in plugins.yaml, with its place there.
type configError struct{ problem conf.Problem }

func (e *configError) Error() string { return e.problem.String() }

func (p *plugin) apiPlugin(l *lua.LState) int {
	p.registering(l, "bot.plugin")
	t := l.CheckTable(1)
	if p.header.name != "" {
		l.RaiseError("bot.plugin: called twice")
	}
	var config, allow *lua.LTable
	known := []string{"name", "version", "api", "about", "author", "license", "config", "allow"}
	t.ForEach(func(k, v lua.LValue) {
		switch key := k.String(); key {
		case "name":
			p.header.name = v.String()
		case "version":
			p.header.version = v.String()
		case "about":
			p.header.about = v.String()
		case "author", "license":
		case "allow":
			a, ok := v.(*lua.LTable)
			if !ok {
				l.ArgError(1, "allow is a table")
			}
			allow = a
		case "api":
			if n, ok := v.(lua.LNumber); !ok || n != 1 {
				l.ArgError(1, "api is 1")
			}
		case "config":
			c, ok := v.(*lua.LTable)
			if !ok {
				l.ArgError(1, "config is a table")
			}
			config = c
		default:
			hint := ""
			if s := conf.Suggest(key, known); s != "" {
				hint = fmt.Sprintf(", did you mean %q?", s)
			}
			l.ArgError(1, fmt.Sprintf("unknown key %q%s", key, hint))
		}
	})
	if p.header.name != p.name {
		l.ArgError(1, fmt.Sprintf("name is %q, but the file is %s: they must agree", p.header.name, p.name))
	}
	if config != nil {
		p.readOptions(l, config)
	} else if len(p.config.config) > 0 {
		p.wrongOption(l, "", fmt.Sprintf("plugin %s has no options", p.name))
	}
	if allow != nil {
		p.readAllow(l, allow)
	} else {
		p.grant(l, access{})
	}
	return 0
}

// readOptions checks what plugins.yaml sets against what the header declares, and
// fills bot.config.
func (p *plugin) readOptions(l *lua.LState, declared *lua.LTable) {
	out, ok := l.GetField(l.GetGlobal("bot"), "config").(*lua.LTable)
	if !ok {
		return
	}
	var names, missing []string
	p.header.options = map[string]bool{}
	declared.ForEach(func(k, _ lua.LValue) {
		names = append(names, k.String())
		p.header.options[k.String()] = true
	})
	slices.Sort(names)
	for name := range p.config.config {
		if !slices.Contains(names, name) {
			hint := ""
			if s := conf.Suggest(name, names); s != "" {
				hint = fmt.Sprintf(", did you mean %q?", s)
			}
			p.wrongOption(l, name, fmt.Sprintf("plugin %s has no option %q%s", p.name, name, hint))
		}
	}
	for _, name := range names {
		spec, ok := declared.RawGetString(name).(*lua.LTable)
		if !ok {
			l.ArgError(1, fmt.Sprintf("config.%s is a table such as {type = \"string\"}", name))
		}
		given, has := p.config.config[name]
		if !has {
			def := spec.RawGetString("default")
			if def == lua.LNil && lua.LVAsBool(spec.RawGetString("required")) {
				missing = append(missing, name)
			}
			out.RawSetString(name, def)
			continue
		}
		given, err := p.fillSecrets(given)
		if err != nil {
			p.wrongOption(l, name, fmt.Sprintf("option %s of plugin %s: %v", name, p.name, err))
		}
		v, err := option(l, spec, given)
		if err != nil {
			p.wrongOption(l, name, fmt.Sprintf("option %s of plugin %s: %v", name, p.name, err))
		}
		if lua.LVAsBool(spec.RawGetString("secret")) {
			p.hideValue(v)
		}
		out.RawSetString(name, v)
	}
	if len(missing) > 0 {
		p.header.missing = strings.Join(missing, ", ")
		l.RaiseError("off (needs config: %s)", p.header.missing)
	}
}

// wrongOption stops the load with the place in plugins.yaml.
func (p *plugin) wrongOption(l *lua.LState, name, text string) {
	text = p.mask(text)
	e := &configError{problem: conf.Problem{File: p.host.opts.Dir + "/plugins.yaml", Text: text}}
	if n := p.config.node; n != nil {
		e.problem = n.At(conf.Error, text, "")
		for _, entry := range n.Entries {
			if entry.Key.Value == name {
				e.problem = entry.Value.At(conf.Error, text, "")
			}
		}
	}
	p.configErr = e
	l.RaiseError("%s", e.problem.Text)
}

// option turns a value of plugins.yaml, which is text as written, into the type
// that the header declares.
func option(l *lua.LState, spec *lua.LTable, v any) (lua.LValue, error) {
	kind := "string"
	if k, ok := spec.RawGetString("type").(lua.LString); ok {
		kind = string(k)
	}
	if kind == "list" {
		switch v := v.(type) {
		case []any:
			return toLua(l, v), nil
		case string:
			return toLua(l, []any{v}), nil
		}
		return nil, fmt.Errorf("want a list")
	}
	s, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("want a %s", kind)
	}
	node := &conf.Node{Kind: conf.Scalar, Value: s}
	switch kind {
	case "string":
		return lua.LString(s), nil
	case "bool":
		b, ok := node.Bool()
		if !ok {
			return nil, fmt.Errorf("%q is not true or false", s)
		}
		return lua.LBool(b), nil
	case "integer", "number":
		return number(spec, kind, s)
	case "duration":
		d, ok := node.Duration()
		if !ok {
			return nil, fmt.Errorf("%q is no duration such as 10m", s)
		}
		return lua.LNumber(d.Seconds()), nil
	case "enum":
		values, ok := spec.RawGetString("values").(*lua.LTable)
		found := false
		var all []string
		if ok {
			values.ForEach(func(_, v lua.LValue) {
				all = append(all, v.String())
				found = found || v.String() == s
			})
		}
		if !found {
			return nil, fmt.Errorf("%q is none of %s", s, strings.Join(all, ", "))
		}
		return lua.LString(s), nil
	}
	return nil, fmt.Errorf("the header declares the unknown type %q", kind)
}

func number(spec *lua.LTable, kind, s string) (lua.LValue, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != f || kind == "integer" && f != float64(int64(f)) {
		return nil, fmt.Errorf("%q is no %s", s, kind)
	}
	if low, ok := spec.RawGetString("min").(lua.LNumber); ok && f < float64(low) {
		return nil, fmt.Errorf("%s is below %s", s, low.String())
	}
	if high, ok := spec.RawGetString("max").(lua.LNumber); ok && f > float64(high) {
		return nil, fmt.Errorf("%s is above %s", s, high.String())
	}
	return lua.LNumber(f), nil
}
