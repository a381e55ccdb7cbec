package luahost

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/conf"
	"wxbot/bot/lang"
)

// Option is one option as the header of a plugin declares it.
type Option struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	About    string   `json:"about,omitempty"`
	Required bool     `json:"required,omitempty"`
	Secret   bool     `json:"secret,omitempty"`
	Values   []string `json:"values,omitempty"` // of an enum
	Min      *float64 `json:"min,omitempty"`
	Max      *float64 `json:"max,omitempty"`
	// Default and Value are texts, or lists of them, as plugins.yaml has them: Value
	// is what it sets. Both are nil if there is none, and of secrets always.
	Default any  `json:"default,omitempty"`
	Value   any  `json:"value,omitempty"`
	Set     bool `json:"set,omitempty"` // plugins.yaml has a value

	fallback lua.LValue // the default as scripts see it
}

const optionKeys = "type default required secret values min max about"

// optionTypes are the types that an option may have.
const optionTypes = "string number integer bool list duration enum"

// readOption reads what the header says of one option.
func readOption(l *lua.LState, name string, v lua.LValue) Option {
	spec, ok := v.(*lua.LTable)
	if !ok {
		l.ArgError(1, fmt.Sprintf("config.%s is a table such as {type = \"string\"}", name))
	}
	o := Option{Name: name, Type: "string"}
	fail := func(format string, args ...any) { l.ArgError(1, "config."+name+": "+fmt.Sprintf(format, args...)) }
	var def lua.LValue = lua.LNil
	spec.ForEach(func(k, v lua.LValue) {
		switch key := k.String(); key {
		case "type":
			if o.Type = v.String(); !slices.Contains(strings.Fields(optionTypes), o.Type) {
				fail("unknown type %q, want one of %s", o.Type, optionTypes)
			}
		case "default":
			def = v
		case "required":
			o.Required = lua.LVAsBool(v)
		case "secret":
			o.Secret = lua.LVAsBool(v)
		case "values":
			o.Values = names(v)
		case "min", "max":
			n, ok := v.(lua.LNumber)
			if !ok {
				fail("%s is a number", key)
			}
			f := float64(n)
			if key == "min" {
				o.Min = &f
			} else {
				o.Max = &f
			}
		case "about":
			o.About = v.String()
		default:
			hint := ""
			if s := conf.Suggest(key, strings.Fields(optionKeys)); s != "" {
				hint = fmt.Sprintf(", did you mean %q?", s)
			}
			fail("unknown key %q%s", key, hint)
		}
	})
	if o.Type == "enum" && len(o.Values) == 0 {
		fail("an enum has values = {…}")
	}
	if o.fallback = def; def != lua.LNil {
		plain, err := fromLua(def)
		if err == nil {
			o.Default = written(plain)
			if m, ok := plain.(map[string]any); ok && len(m) == 0 && o.Type == "list" {
				o.Default = []any{} // {} in Lua
			}
			o.fallback, err = o.read(l, o.Default)
		}
		if err != nil {
			fail("default: %v", err)
		}
	}
	return o
}

var errList = lang.T("want a list").Err()

// read turns a value of plugins.yaml, which is text as written, into the type that
// the header declares.
func (o Option) read(l *lua.LState, v any) (lua.LValue, error) {
	if o.Type == "list" {
		switch v := v.(type) {
		case []any:
			return toLua(l, v), nil
		case string:
			return toLua(l, []any{v}), nil
		case map[string]any:
			if len(v) == 0 { // {} of a test
				return l.NewTable(), nil
			}
		}
		return nil, errList
	}
	s, ok := v.(string)
	if !ok {
		return nil, lang.Errorf("want a %s", o.kind())
	}
	node := &conf.Node{Kind: conf.Scalar, Value: s}
	switch o.Type {
	case "bool":
		b, ok := node.Bool()
		if !ok {
			return nil, lang.Errorf("%q is not true or false", s)
		}
		return lua.LBool(b), nil
	case "integer", "number":
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || f != f || o.Type == "integer" && f != float64(int64(f)) {
			return nil, lang.Errorf("%q is no %s", s, o.kind())
		}
		return lua.LNumber(f), o.within(f, s)
	case "duration":
		d, ok := node.Duration()
		if n, err := strconv.ParseFloat(s, 64); err == nil { // seconds, as everywhere
			d, ok = toDuration(lua.LNumber(n))
		}
		if !ok {
			return nil, lang.Errorf("%q is no duration such as 10m", s)
		}
		return lua.LNumber(d.Seconds()), o.within(d.Seconds(), s)
	case "enum":
		if !slices.Contains(o.Values, s) {
			return nil, lang.Errorf("%q is none of %s", s, strings.Join(o.Values, ", "))
		}
	}
	return lua.LString(s), nil
}

// kind is the type in words.
func (o Option) kind() lang.Text {
	switch o.Type {
	case "string":
		return lang.T("string")
	case "number":
		return lang.T("number")
	case "integer":
		return lang.T("integer")
	case "duration":
		return lang.T("duration")
	}
	return lang.Raw(o.Type)
}

// within checks a number against min and max; those of a duration are seconds.
func (o Option) within(f float64, written string) error {
	if o.Min != nil && f < *o.Min {
		return lang.Errorf("%s is below %s", written, number(*o.Min))
	}
	if o.Max != nil && f > *o.Max {
		return lang.Errorf("%s is above %s", written, number(*o.Max))
	}
	return nil
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// DeclaredOptions loads a plugin of a directory far enough to tell the options that
// its header declares, by name, with what plugins.yaml sets.
func DeclaredOptions(o Options, name string) ([]Option, error) {
	if o.World == nil {
		o.World = nowhere{}
	}
	h, err := New(o)
	if err != nil {
		return nil, err
	}
	cfg, bad := readConfig(o.Dir)
	if conf.HasErrors(bad) {
		return nil, &configError{bad[0]}
	}
	src, err := sourceOf(o.Dir, name)
	if err != nil {
		return nil, err
	}
	set := cfg.of(name)
	bare := set
	bare.config, bare.node, bare.trusted = nil, nil, true // what it sets may be wrong: that is why one looks
	p, err := h.attempt(src, bare, nil)
	if p != nil {
		p.l.Close()
	}
	if err != nil && (p == nil || !p.header.declared) {
		return nil, placed(src, err)
	}
	var out []Option
	for _, d := range p.header.options {
		v, set := set.config[d.Name]
		if d.Set = set; !d.Secret {
			d.Value = v
		} else {
			d.Default = nil
		}
		out = append(out, d)
	}
	return out, nil
}

// sourceOf gives the source of one plugin.
func sourceOf(dir, name string) (source, error) {
	sources, problems := scan(dir)
	for _, s := range sources {
		if s.name == name {
			return s, nil
		}
	}
	var known []string
	for _, s := range sources {
		known = append(known, s.name)
	}
	for _, p := range problems {
		if p.Plugin == name || p.Plugin == EveryPlugin {
			return source{}, p.All().Err()
		}
	}
	text := lang.T("there is no plugin %q in %s", name, dir)
	if hint := meant(name, known); !hint.IsZero() {
		text = lang.List(text, hint)
	}
	return source{}, text.Err()
}
