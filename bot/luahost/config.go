package luahost

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"wxbot/bot/conf"
	"wxbot/bot/lang"
	"wxbot/bot/match"
)

// settings are what plugins.yaml says of one plugin.
type settings struct {
	enabled bool
	order   int
	config  map[string]any
	node    *conf.Node // of config, for places
	only    *match.When
	grants  grants
	trusted bool   // what its header asks for is granted, as in tests
	limits  Limits // where they differ
	onError string // said in the chat when a handler fails
	tests   bool   // a new version must pass its tests
	line    int    // in plugins.yaml
	text    string // to see whether it changed
	frame   string // text without config
}

// pluginConfig is plugins.yaml.
type pluginConfig struct {
	file    string
	plugins map[string]settings
	limits  Limits // of all plugins
	onError string // of all plugins
}

const orderUnnamed = 1 << 30

func (c pluginConfig) of(name string) settings {
	s, ok := c.plugins[name]
	if !ok {
		s = settings{enabled: true, order: orderUnnamed}
	}
	s.limits = s.limits.over(c.limits)
	s.onError = cmp.Or(s.onError, c.onError)
	s.text += fmt.Sprint(s.limits, s.onError)
	s.frame += fmt.Sprint(s.limits, s.onError)
	return s
}

// strays warns of plugins that plugins.yaml sets up and nobody has written: a slip in
// a name would leave the plugin with its defaults.
func (c pluginConfig) strays(sources []source, unread []Problem) []Problem {
	var out []Problem
	for name, s := range c.plugins {
		written := slices.ContainsFunc(sources, func(o source) bool { return o.name == name }) ||
			slices.ContainsFunc(unread, func(p Problem) bool { return p.Plugin == name || p.Plugin == EveryPlugin })
		if written || !s.enabled {
			continue
		}
		text := lang.T("there is no %s.lua and no folder %s here", name, name)
		names := make([]string, len(sources))
		for i, o := range sources {
			names[i] = o.name
		}
		if near := conf.Suggest(name, names); near != "" {
			text = lang.T("%s: %s", text, conf.DidYouMean(near))
		}
		out = append(out, Problem{Plugin: name, File: c.file, Line: s.line, Text: text, Off: true})
	}
	slices.SortFunc(out, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return out
}

// readConfig reads plugins.yaml in a directory; a missing one is an empty one.
func readConfig(dir string) (pluginConfig, []conf.Problem) {
	c := pluginConfig{file: filepath.Join(dir, "plugins.yaml"), plugins: map[string]settings{}}
	src, err := os.ReadFile(c.file)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, []conf.Problem{{File: c.file, Text: lang.Cause(err)}}
	}
	root, problems := conf.Parse(c.file, src)
	if root == nil || root.Kind == conf.Null {
		return c, problems
	}
	fail := func(n *conf.Node, text lang.Text, hint ...lang.Text) {
		problems = append(problems, n.At(conf.Error, text, hint...))
	}
	if root.Kind != conf.Map {
		var hint lang.Text
		if strings.Contains(root.Value, "：") {
			hint = lang.T("full-width colon ：, use : and a space")
		}
		fail(root, lang.T("the file is a map with plugins:"), hint)
		return c, problems
	}
	for _, e := range root.Entries {
		switch key, _ := conf.Spelled(configFileKeys, e.Key.Value); key {
		case "plugins":
			if e.Value.Kind != conf.Map && e.Value.Kind != conf.Null {
				fail(e.Value, lang.T("plugins is a map from a name to its settings"))
				continue
			}
			for i, p := range e.Value.Entries {
				s, ps := readSettings(p.Value, i)
				problems = append(problems, ps...)
				s.line = p.Key.Line
				c.plugins[p.Key.Value] = s
			}
		case "limits":
			var ps []conf.Problem
			c.limits, ps = readLimits(e.Value, true)
			problems = append(problems, ps...)
		case "on_error":
			c.onError = readApology(e.Value, fail)
		default:
			fail(e.Key, lang.T("unknown key %q", e.Key.Value), meant(e.Key.Value, conf.Names(configFileKeys)))
		}
	}
	return c, problems
}

func readSettings(n *conf.Node, order int) (settings, []conf.Problem) {
	s := settings{enabled: true, order: order}
	if n.Kind == conf.Null {
		return s, nil
	}
	var problems []conf.Problem
	fail := func(n *conf.Node, text lang.Text, hint ...lang.Text) {
		problems = append(problems, n.At(conf.Error, text, hint...))
	}
	if n.Kind != conf.Map {
		fail(n, lang.T("settings of a plugin are a map such as {enabled: false}"))
		return s, problems
	}
	for _, e := range n.Entries {
		switch key, _ := conf.Spelled(pluginKeys, e.Key.Value); key {
		case "enabled":
			on, ok := e.Value.Bool()
			if !ok {
				fail(e.Value, lang.T("enabled is true or false"))
			}
			s.enabled = on
		case "config":
			s.node = e.Value
			v, ok := plain(e.Value).(map[string]any)
			if !ok {
				fail(e.Value, lang.T("config is a map"))
			}
			s.config = v
		case "tests":
			on, ok := e.Value.Bool()
			if !ok {
				fail(e.Value, lang.T("tests is true or false"))
			}
			s.tests = on
		case "only":
			w, ps := match.Compile(e.Value, match.Options{Folding: match.DefaultFolding, Unless: true})
			problems = append(problems, ps...)
			s.only = w
		case "limits":
			l, ps := readLimits(e.Value, false)
			problems = append(problems, ps...)
			s.limits = l
		case "on_error":
			s.onError = readApology(e.Value, fail)
		case "grant":
			g, ps := readGrant(e.Value)
			problems = append(problems, ps...)
			s.grants = g
		default:
			fail(e.Key, lang.T("unknown key %q", e.Key.Value), meant(e.Key.Value, conf.Names(pluginKeys)))
		}
	}
	s.text = fmt.Sprint(s.enabled, s.config, describe(n))
	rest := *n
	rest.Entries = slices.DeleteFunc(slices.Clone(n.Entries), func(e conf.Entry) bool {
		key, _ := conf.Spelled(pluginKeys, e.Key.Value)
		return key == "config"
	})
	s.frame = describe(&rest)
	return s, problems
}

// readApology reads what is said in a chat where a handler failed.
func readApology(n *conf.Node, fail func(n *conf.Node, text lang.Text, hint ...lang.Text)) string {
	if n.Kind != conf.Scalar || len(n.Value) > apologyMost {
		fail(n, lang.T("on_error is a short text"))
		return ""
	}
	return n.Value
}

// apologyMost is how many bytes an apology may have.
const apologyMost = 1000

// describe writes a node so that two that differ differ.
func describe(n *conf.Node) string {
	if n == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString(n.Value)
	for _, e := range n.Entries {
		b.WriteString("{" + e.Key.Value + ":" + describe(e.Value) + "}")
	}
	for _, i := range n.Items {
		b.WriteString("[" + describe(i) + "]")
	}
	return b.String()
}

// plain gives a node as Go values; scalars stay texts, as they were written.
func plain(n *conf.Node) any {
	switch n.Kind {
	case conf.Scalar:
		return n.Value
	case conf.List:
		out := []any{}
		for _, i := range n.Items {
			out = append(out, plain(i))
		}
		return out
	case conf.Map:
		out := map[string]any{}
		for _, e := range n.Entries {
			out[e.Key.Value] = plain(e.Value)
		}
		return out
	case conf.Null:
	}
	return nil
}

// scan finds the plugins of a directory: NAME.lua, or NAME/init.lua. Tests and
// editors' temporary files are passed over.
func scan(dir string) ([]source, []Problem) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, []Problem{{Plugin: EveryPlugin, File: dir, Text: lang.Cause(err)}}
	}
	var out []source
	var problems []Problem
	for _, e := range entries {
		name := e.Name()
		if isHidden(name) {
			continue
		}
		file := filepath.Join(dir, name)
		if st, err := os.Stat(file); err == nil && st.IsDir() {
			file = filepath.Join(file, initFile)
			if _, err := os.Stat(file); err != nil {
				continue
			}
		} else if !isScript(name) {
			continue
		}
		name = strings.TrimSuffix(name, ".lua")
		if !utf8.ValidString(name) {
			name = strings.ToValidUTF8(name, "?")
			problems = append(problems, Problem{Plugin: name, File: filepath.Join(dir, strings.ToValidUTF8(e.Name(), "?")), Text: lang.T("the name of the file is not UTF-8")})
			continue
		}
		text, err := readBounded(file)
		if err != nil {
			problems = append(problems, Problem{Plugin: name, File: file, Text: lang.Cause(err)})
			continue
		}
		s := source{name: name, file: file, text: text}
		if s.folder() {
			if s.modules, err = readModules(name, filepath.Dir(file)); err != nil {
				problems = append(problems, Problem{Plugin: name, File: file, Text: lang.Cause(err)})
				continue
			}
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b source) int { return strings.Compare(a.name, b.name) })
	return out, problems
}

func readBounded(file string) (string, error) {
	st, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	if st.Size() > sourceMost {
		return "", tooLong().Err()
	}
	b, err := os.ReadFile(file)
	return string(b), err
}

func tooLong() lang.Text { return lang.T("the file has more than %d bytes", sourceMost) }

// meant is a hint at the name that was probably meant; none if none is like it.
func meant(name string, known []string) lang.Text {
	if s := conf.Suggest(name, known); s != "" {
		return lang.T("did you mean %q?", s)
	}
	return lang.Text{}
}
