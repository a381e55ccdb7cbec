package luahost

import (
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/conf"
	"wxbot/bot/lang"
)

// header is what bot.plugin{} says.
type header struct {
	name, version, about string
	missing              string   // required options that have no value
	options              []Option // by name
	declared             bool     // the options are all there
	endpoints            bool     // what it may reach stands in its configuration
}

// needsError tells which required options have no value: the plugin is off, and
// nothing is wrong with it.
type needsError struct{ options string }

func (e *needsError) Error() string { return e.In(lang.English) }

// In gives the error in a language.
func (e *needsError) In(l lang.Language) string { return lang.T("needs config: %s", e.options).In(l) }

// configError is a wrong value in plugins.yaml, with its place there.
type configError struct{ problem conf.Problem }

func (e *configError) Error() string { return e.problem.String() }

// In gives the problem in a language.
func (e *configError) In(l lang.Language) string { return e.problem.In(l) }

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
	}
	p.header.declared = true
	if config != nil {
		p.setOptions(l, p.config)
	} else if len(p.config.config) > 0 {
		p.wrongOption(l, p.config, "", lang.T("plugin %s has no options", p.name))
	}
	if allow != nil {
		p.readAllow(l, allow)
	} else {
		p.grant(l, access{})
	}
	return 0
}

// readOptions reads the options that the header declares.
func (p *plugin) readOptions(l *lua.LState, declared *lua.LTable) {
	out, ok := l.GetField(l.GetGlobal("bot"), "config").(*lua.LTable)
	if !ok {
		return
	}
	var names []string
	declared.ForEach(func(k, _ lua.LValue) { names = append(names, k.String()) })
	slices.Sort(names)
	for _, name := range names {
		p.header.options = append(p.header.options, readOption(l, name, declared.RawGetString(name)))
	}
	p.configTable = out
}

// setOptions checks what plugins.yaml sets against what the header declares, and fills
// bot.config; where something is wrong, it changes nothing.
func (p *plugin) setOptions(l *lua.LState, set settings) {
	var names, missing []string
	for _, o := range p.header.options {
		names = append(names, o.Name)
	}
	for name := range set.config {
		if !slices.Contains(names, name) {
			text := lang.T("plugin %s has no option %q", p.name, name)
			if hint := meant(name, names); !hint.IsZero() {
				text = lang.List(text, hint)
			}
			p.wrongOption(l, set, name, text)
		}
	}
	values := map[string]lua.LValue{}
	for _, o := range p.header.options {
		values[o.Name] = o.fallback
		given, has := set.config[o.Name]
		if !has {
			if o.fallback == lua.LNil && o.Required {
				missing = append(missing, o.Name)
			}
			continue
		}
		given, err := p.fillSecrets(given)
		if err == nil {
			values[o.Name], err = o.read(l, given)
		}
		if err != nil {
			if o.Secret {
				p.hideValue(toLua(l, given)) // the error may quote it
			}
			p.wrongOption(l, set, o.Name, lang.T("option %s of plugin %s: %s", o.Name, p.name, err))
		}
		if o.Secret {
			p.hideValue(values[o.Name])
		}
	}
	if len(missing) > 0 {
		p.header.missing = strings.Join(missing, ", ")
		p.configErr = &needsError{p.header.missing}
		l.RaiseError("%s", p.configErr.Error())
	}
	for name, v := range values {
		p.configTable.RawSetString(name, v)
	}
}

// option gives what the header declares by a name.
func (h header) option(name string) (Option, bool) {
	for _, o := range h.options {
		if o.Name == name {
			return o, true
		}
	}
	return Option{}, false
}

// wrongOption stops the load with the place in plugins.yaml.
func (p *plugin) wrongOption(l *lua.LState, set settings, name string, text lang.Text) {
	text = text.Map(p.mask)
	e := &configError{problem: conf.Problem{File: p.host.opts.Dir + "/plugins.yaml", Text: text}}
	if n := set.node; n != nil {
		e.problem = n.At(conf.Error, text)
		for _, entry := range n.Entries {
			if entry.Key.Value == name {
				e.problem = entry.Value.At(conf.Error, text)
			}
		}
	}
	p.configErr = e
	l.RaiseError("%s", e.problem.Text.String())
}
