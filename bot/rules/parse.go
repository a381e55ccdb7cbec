package rules

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"wxbot/bot/conf"
	"wxbot/bot/lang"
	"wxbot/bot/match"
)

// Options say what a rules file may refer to.
type Options struct {
	// Dir is the directory of the file: what it names is below.
	Dir string
	// ReadFile reads included files and lists; nil allows none. Its paths are
	// absolute if Dir is.
	ReadFile func(path string) ([]byte, error)
	// Glob finds the files of a pattern; nil means filepath.Glob.
	Glob func(pattern string) ([]string, error)
	// Size gives the size of a file that is to be sent, in bytes; nil does not
	// check.
	Size func(path string) (int64, error)
	// Calls tells whether a plugin exports a function; nil does not check.
	Calls func(name string) bool
	// System is the zone where none is set; nil is UTC.
	System *time.Location
}

const (
	// problemsMost is how many problems are told at once.
	problemsMost = 20
	rulesMost    = 100_000
	version      = "1"
)

// Parse reads a rules file and what it includes. The Set is nil if and only if
// there are errors; warnings come with it. Its tests have passed.
func Parse(name string, src []byte, opt Options) (*Set, []conf.Problem) {
	p := &parser{
		opt: opt, set: &Set{}, names: map[string]*conf.Node{}, lists: map[string][]string{}, hash: sha256.New(),
		known: map[string]map[string]string{},
	}
	p.file(name, src)
	if !conf.HasErrors(p.problems) {
		for _, r := range p.set.rules {
			r.kinds = r.does()
		}
		p.set.index = newIndex(p.set.rules)
		p.shadows()
		p.utc()
		p.problems = append(p.problems, p.set.RunTests()...)
	}
	conf.Sort(p.problems)
	if len(p.problems) > problemsMost {
		p.problems = mostSevere(p.problems)
	}
	if conf.HasErrors(p.problems) {
		return nil, p.problems
	}
	p.set.rev = hex.EncodeToString(p.hash.Sum(nil))[:8]
	return p.set, p.problems
}

// mostSevere keeps the first problems, errors before warnings, in their order.
func mostSevere(ps []conf.Problem) []conf.Problem {
	slices.SortStableFunc(ps, func(a, b conf.Problem) int { return cmp.Compare(a.Severity, b.Severity) })
	ps = ps[:problemsMost]
	conf.Sort(ps)
	return ps
}

type parser struct {
	opt      Options
	set      *Set
	problems []conf.Problem
	names    map[string]*conf.Node
	lists    map[string][]string
	hash     interface {
		Write(p []byte) (int, error)
		Sum(b []byte) []byte
	}
	nested bool // in an included file
	zoned  bool // the file says its time zone
	nodes  map[*rule]*conf.Node
	known  map[string]map[string]string // placeholders, by what they follow from
}

func (p *parser) fail(n *conf.Node, text lang.Text, hint ...lang.Text) {
	p.problems = append(p.problems, n.At(conf.Error, text, hint...))
}

func (p *parser) warn(n *conf.Node, text lang.Text, hint ...lang.Text) {
	p.problems = append(p.problems, n.At(conf.Warning, text, hint...))
}

// hashed takes content into the revision; a hash never says no.
func (p *parser) hashed(src []byte) { _, _ = p.hash.Write(src) }

func (p *parser) file(name string, src []byte) {
	p.hashed(src)
	root, problems := conf.Parse(name, src)
	p.problems = append(p.problems, problems...)
	if root == nil {
		return
	}
	switch root.Kind {
	case conf.Null:
		// An editor that was interrupted leaves such a file; it must not take the
		// rules away.
		p.fail(root, lang.T("the file is empty"), lang.T(`no rules at all are written "rules: []"`))
	case conf.List:
		p.settings(nil)
		p.rules(root)
	case conf.Map:
		p.top(root)
	case conf.Scalar:
		p.fail(root, lang.T("the file is plain text"), lang.T(`rules are written "- name: …", with : and a space`))
	}
}

// entries walks the keys of a map in the order of the file; unknown keys, and keys
// that come in two spellings, are errors.
func (p *parser) entries(n *conf.Node, where lang.Text, keys []conf.Word, f func(key string, k, v *conf.Node)) {
	seen := map[string]bool{}
	for _, e := range n.Entries {
		key, ok := conf.Spelled(keys, e.Key.Value)
		if !ok {
			p.unknown(e.Key, where, keys)
			continue
		}
		if seen[key] {
			p.fail(e.Key, lang.T("%q is here twice, in two spellings", key))
			continue
		}
		seen[key] = true
		f(key, e.Key, e.Value)
	}
}

func (p *parser) unknown(k *conf.Node, where lang.Text, keys []conf.Word) {
	p.problems = append(p.problems, match.UnknownKey(k, lang.T("unknown key %q in %s", k.Value, where), keys))
}

// top reads a file that is a map. Settings come first whatever their place, since
// the rules need them.
func (p *parser) top(root *conf.Node) {
	var settings, lists, include, list *conf.Node
	keys := topKeys
	if p.nested {
		keys = includedKeys
	}
	if p.oneRule(root, keys) {
		return
	}
	p.entries(root, lang.T("the file"), keys, func(key string, _, v *conf.Node) {
		switch key {
		case "version":
			if v.Value != version {
				p.fail(v, lang.T("version %s is not known", v.Value), lang.T("this wxbot reads version %s", version))
			}
		case "settings":
			settings = v
		case "lists":
			lists = v
		case "include":
			include = v
		case "rules":
			list = v
		}
	})
	if !p.nested {
		p.settings(settings)
	}
	if lists != nil {
		p.readLists(lists)
	}
	if list != nil && list.Kind != conf.Null {
		p.rules(list)
	}
	if include != nil {
		p.include(include)
	}
}

// oneRule finds a file that is a rule without the dash before it.
func (p *parser) oneRule(root *conf.Node, keys []conf.Word) bool {
	for _, e := range root.Entries {
		if _, ok := conf.Spelled(keys, e.Key.Value); ok {
			return false
		}
	}
	for _, e := range root.Entries {
		for _, words := range [][]conf.Word{ruleKeys, match.WhenKeys(), stepKeys} {
			if _, ok := conf.Spelled(words, e.Key.Value); ok {
				first := root.Entries[0].Key
				p.fail(first, lang.T("here is a rule where a list of rules is wanted"), lang.T(`begin it with "- %s: …" and put its other keys below`, first.Value))
				return true
			}
		}
	}
	return false
}

// path makes a path of a file absolute and keeps it below the directory of the
// rules.
func (p *parser) path(n *conf.Node, text string) (string, bool) {
	if filepath.IsAbs(text) || !filepath.IsLocal(text) {
		p.fail(n, lang.T("%s is not below the directory of the rules", text), lang.T("use a path relative to this file"))
		return "", false
	}
	return filepath.Join(p.opt.Dir, text), true
}

func (p *parser) include(n *conf.Node) {
	patterns, bad := n.Texts()
	if bad != nil {
		p.fail(bad, lang.T("include is a list of files"))
		return
	}
	for _, pattern := range patterns {
		path, ok := p.path(pattern, pattern.Value)
		if !ok {
			continue
		}
		if p.opt.ReadFile == nil {
			p.fail(pattern, lang.T("include: no other files can be read here"))
			continue
		}
		glob := p.opt.Glob
		if glob == nil {
			glob = filepath.Glob
		}
		files, err := glob(path)
		if err != nil {
			p.fail(pattern, lang.T("include: %s", lang.Cause(err)))
			continue
		}
		if len(files) == 0 && !strings.ContainsAny(pattern.Value, "*?[") {
			p.fail(pattern, lang.T("include: no file %s", pattern.Value))
		}
		slices.Sort(files)
		for _, f := range files {
			p.included(pattern, f)
		}
	}
}

func (p *parser) included(at *conf.Node, path string) {
	src, err := p.opt.ReadFile(path)
	if err != nil {
		p.fail(at, lang.T("include: %s", lang.Cause(err)))
		return
	}
	nested := p.nested
	p.nested = true
	p.hashed(src)
	root, problems := conf.Parse(path, src)
	p.problems = append(p.problems, problems...)
	if root != nil {
		switch root.Kind {
		case conf.Null:
		case conf.List:
			p.rules(root)
		case conf.Map:
			p.top(root)
		case conf.Scalar:
			p.fail(root, lang.T("the file is plain text"))
		}
	}
	p.nested = nested
}

func (p *parser) readLists(n *conf.Node) {
	if n.Kind != conf.Map {
		p.fail(n, lang.T("lists is a map from a name to a list"))
		return
	}
	for _, e := range n.Entries {
		if e.Key.Value == "admins" {
			p.fail(e.Key, lang.T("$admins are those of settings.admins"), lang.T("give the list another name"))
			continue
		}
		if _, ok := p.lists[e.Key.Value]; ok {
			p.fail(e.Key, lang.T("list %q is here twice", e.Key.Value))
			continue
		}
		p.lists[e.Key.Value] = p.list(e.Value)
	}
}

func (p *parser) list(v *conf.Node) []string {
	if v.Kind == conf.Map {
		file := v.Lookup(listKeys, "file")
		if file == nil || len(v.Entries) != 1 {
			p.fail(v, lang.T("a list is [a, b, …] or {file: words.txt}"))
			return nil
		}
		return p.listFile(file)
	}
	items, bad := v.Texts()
	if bad != nil {
		p.fail(bad, lang.T("a list has texts only"))
		return nil
	}
	var out []string
	for _, i := range items {
		text, special := strings.CutPrefix(i.Value, "$")
		if special && !strings.HasPrefix(text, "$") {
			p.fail(i, lang.T("a list cannot hold another list: %s", i.Value), lang.T(`a text starting with "$" is written "$$…"`))
		}
		if !special {
			text = i.Value
		}
		out = append(out, text)
	}
	return out
}

func (p *parser) listFile(n *conf.Node) []string {
	path, ok := p.path(n, n.Value)
	if !ok {
		return nil
	}
	if p.opt.ReadFile == nil {
		p.fail(n, lang.T("no other files can be read here"))
		return nil
	}
	src, err := p.opt.ReadFile(path)
	if err != nil {
		p.fail(n, lang.T("list: %s", lang.Cause(err)))
		return nil
	}
	p.hashed(src)
	if bad, is := conf.NotUTF8(path, src); is {
		p.problems = append(p.problems, bad)
		return nil
	}
	var out []string
	for line := range strings.Lines(strings.TrimPrefix(string(src), "\ufeff")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

func (p *parser) listNamed(name string) ([]string, bool) {
	if name == "admins" {
		return p.set.settings.Admins, true
	}
	l, ok := p.lists[name]
	return l, ok
}

func sorted(words []string) []string {
	slices.Sort(words)
	return words
}
