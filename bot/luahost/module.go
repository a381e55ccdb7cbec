package luahost

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/lang"
)

const (
	modulesMost = 64
	// modulesBytes bounds the modules of one plugin together.
	modulesBytes = 1 << 20
)

// source is a plugin as found on disk. The modules of a folder are by the name that
// require takes, such as "vote.tally".
type source struct {
	name, file, text string
	modules          map[string]string
}

// same tells whether two sources are the same.
func (s source) same(o source) bool {
	return s.file == o.file && s.text == o.text && maps.Equal(s.modules, o.modules)
}

// sum is all of a source in one text.
func (s source) sum() string {
	var b strings.Builder
	b.WriteString(s.text)
	for _, name := range slices.Sorted(maps.Keys(s.modules)) {
		b.WriteString("\x00" + name + "\x00" + s.modules[name])
	}
	return b.String()
}

// folder tells whether the plugin is a folder with init.lua.
func (s source) folder() bool { return baseName(s.file) == initFile }

const initFile = "init.lua"

// isScript tells whether a file is part of a plugin: tests are not, and neither are
// editors' temporary files.
func isScript(name string) bool {
	return strings.HasSuffix(name, ".lua") && !strings.HasSuffix(name, "_test.lua") && !isHidden(name)
}

func isHidden(name string) bool { return strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".") }

// readModules reads the modules of a plugin that is a folder. Links are passed over:
// they could lead anywhere.
func readModules(plugin, dir string) (map[string]string, error) {
	out := map[string]string{}
	bytes := 0
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // it was only read
	err = fs.WalkDir(root.FS(), ".", func(file string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir():
			if file != "." && (isHidden(e.Name()) || e.Name() == "tests") {
				return fs.SkipDir
			}
			return nil
		case !e.Type().IsRegular() || !isScript(e.Name()) || file == initFile:
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if bytes += int(min(info.Size(), modulesBytes+1)); bytes > modulesBytes || len(out) >= modulesMost {
			return lang.Errorf("more than %d modules, or more than %d bytes of them", modulesMost, modulesBytes)
		}
		text, err := root.ReadFile(file)
		if err != nil {
			return err
		}
		out[plugin+"."+strings.ReplaceAll(strings.TrimSuffix(file, ".lua"), "/", ".")] = string(text)
		return nil
	})
	if err != nil {
		return nil, lang.Errorf("modules: %s", err)
	}
	return out, nil
}

// moduleFile is the file of a module, below the plugin's folder.
func moduleFile(plugin, name string) string {
	return path.Join(strings.Split(strings.TrimPrefix(name, plugin+"."), ".")...) + ".lua"
}

// fileOf gives the path of the file that an error names.
func (s source) fileOf(name string) string {
	if s.folder() && name != initFile && name != "" {
		return filepath.Join(filepath.Dir(s.file), filepath.FromSlash(name))
	}
	return s.file
}

// module is one module of a plugin, as far as it was required. Guarded by the run
// lock.
type module struct {
	proto *lua.FunctionProto
	value lua.LValue // nil before it has run
	runs  bool
}

// compileModules compiles every module, required or not: a mistake shows at once.
func compileModules(s source) (map[string]*module, error) {
	out := map[string]*module{}
	for _, name := range slices.Sorted(maps.Keys(s.modules)) {
		proto, err := compile(moduleFile(s.name, name), s.modules[name])
		if err != nil {
			return nil, err
		}
		out[name] = &module{proto: proto}
	}
	return out, nil
}

// require runs a module of the plugin's own, once.
func (p *plugin) require(l *lua.LState) int {
	name := l.CheckString(1)
	m := p.modules[name]
	switch {
	case m == nil && !p.src.folder():
		l.RaiseError("require %q: a plugin of one file has no modules; make it a folder %s with init.lua", cut(name), p.name)
	case m == nil:
		l.RaiseError("require %q: no such module; a plugin has only its own, such as %q for the file %s",
			cut(name), p.name+".util", p.name+"/util.lua")
	case m.runs:
		l.RaiseError("require %q: it requires itself", name)
	case m.value != nil:
		l.Push(m.value)
		return 1
	}
	m.runs = true
	defer func() { m.runs = false }()
	l.Push(l.NewFunctionFromProto(m.proto))
	l.Push(l.NewFunction(concat))
	l.Call(1, 1)
	m.value = l.Get(-1)
	if m.value == lua.LNil {
		m.value = lua.LTrue
	}
	l.Push(m.value)
	return 1
}
