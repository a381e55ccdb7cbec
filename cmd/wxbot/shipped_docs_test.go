package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"wxbot"
	"wxbot/bot/luahost"
)

// shippedPages are the pages about the shipped plugins; the Chinese one has the words
// of the headers.
func shippedPages(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, name := range []string{"shipped-plugins.md", "shipped-plugins.zh-CN.md"} {
		b, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(b)
	}
	return out
}

// sectionsOf gives the parts of a page by their headings.
func sectionsOf(page string) map[string]string {
	out := map[string]string{}
	for _, part := range strings.Split(page, "\n## ")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		out[name] = text
	}
	return out
}

// shippedPlugins gives a directory with the shipped plugins and the names of these.
func shippedPlugins(t *testing.T) (dir string, names []string) {
	t.Helper()
	root := t.TempDir()
	if err := os.CopyFS(root, wxbot.Shipped()); err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(root, "plugins")
	infos, problems := luahost.Check(t.Context(), luahost.Options{Dir: dir})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, i := range infos {
		names = append(names, i.Name)
	}
	slices.Sort(names)
	return dir, names
}

func TestShippedPluginsAreDescribed(t *testing.T) {
	dir, names := shippedPlugins(t)
	if len(names) < 11 {
		t.Errorf("only %d plugins", len(names))
	}
	for page, text := range shippedPages(t) {
		sections := sectionsOf(text)
		if got := slices.Sorted(maps.Keys(sections)); !slices.Equal(got, names) {
			t.Errorf("%s describes %q, there are %q", page, got, names)
		}
		for _, name := range names {
			options, err := luahost.DeclaredOptions(luahost.Options{Dir: dir}, name)
			if err != nil {
				t.Fatal(err)
			}
			judgeOptions(t, page+": "+name, sections[name], options)
		}
	}
}

// judgeOptions compares the table of a section with what the header declares.
func judgeOptions(t *testing.T, where, section string, options []luahost.Option) {
	t.Helper()
	var rows []string
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "| `") {
			rows = append(rows, strings.TrimSpace(line))
		}
	}
	if len(rows) != len(options) {
		t.Errorf("%s: %d rows for %d options", where, len(rows), len(options))
		return
	}
	for i, o := range options {
		want := fmt.Sprintf("| `%s` | %s | %s | ", o.Name, strings.TrimSpace(o.Type+" "+strings.Join(o.Values, "/")), defaultCell(o, where))
		if !strings.HasPrefix(rows[i], want) {
			t.Errorf("%s:\n got %s\nwant %s…", where, rows[i], want)
		}
		if o.About == "" {
			t.Errorf("%s: the header does not say what %s is about", where, o.Name)
		}
		if strings.Contains(where, "zh-CN") && rows[i] != want+strings.ReplaceAll(o.About, "|", `\|`)+" |" {
			t.Errorf("%s:\n got %s\nwant the words of the header: %s", where, rows[i], o.About)
		}
	}
}

func defaultCell(o luahost.Option, where string) string {
	switch {
	case o.Required && strings.Contains(where, "zh-CN"):
		return "必填"
	case o.Required:
		return "required"
	case o.Secret:
		return "—"
	}
	text, ok := o.Default.(string)
	if list, isList := o.Default.([]any); isList {
		text, ok = "["+strings.TrimSpace(strings.Join(texts(list), ", "))+"]", true
	}
	if !ok {
		return "?"
	}
	if text == "" {
		text = `""`
	}
	return "`" + strings.NewReplacer("\n", `\n`, "|", `\|`).Replace(text) + "`"
}

func texts(list []any) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = fmt.Sprint(v)
	}
	return out
}

// What the pages tell people to paste into plugins.yaml loads, and gives the plugin
// that the section is about.
func TestBlocksOfTheShippedPluginsLoad(t *testing.T) {
	source, _ := shippedPlugins(t)
	for name, text := range shippedPages(t) {
		for plugin, section := range sectionsOf(text) {
			blocks := page{text: section}.blocks("yaml")
			if len(blocks) == 0 {
				t.Errorf("%s: nothing to paste for %s", name, plugin)
			}
			for _, block := range blocks {
				dir := t.TempDir()
				copyPlugin(t, dir, source, plugin)
				if err := os.WriteFile(filepath.Join(dir, "plugins.yaml"), []byte(block), 0o600); err != nil {
					t.Fatal(err)
				}
				infos, problems := luahost.Check(t.Context(), luahost.Options{Dir: dir, Getenv: func(string) string { return "a secret key" }})
				if len(problems) > 0 || len(infos) != 1 || infos[0].Name != plugin || !infos[0].Running {
					t.Errorf("%s: %s: %v %v\n%s", name, plugin, problems, infos, block)
				}
			}
		}
	}
}

// copyPlugin copies one plugin into a directory.
func copyPlugin(t *testing.T, to, from, name string) {
	t.Helper()
	file := name + ".lua"
	b, err := os.ReadFile(filepath.Join(from, file))
	switch {
	case err == nil:
		err = os.WriteFile(filepath.Join(to, file), b, 0o600)
	case os.IsNotExist(err):
		var folder fs.FS
		if folder, err = fs.Sub(os.DirFS(from), name); err == nil {
			err = os.CopyFS(filepath.Join(to, name), folder)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The shipped plugins.yaml names every plugin, and those that are off load as they are
// configured there once they are enabled.
func TestShippedPluginsYAMLIsComplete(t *testing.T) {
	dir, names := shippedPlugins(t)
	file := filepath.Join(dir, "plugins.yaml")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !strings.Contains(string(b), "\n  "+name+": ") {
			t.Errorf("plugins.yaml does not name %s", name)
		}
	}
	on := strings.ReplaceAll(string(b), "enabled: false", "enabled: true")
	if err := os.WriteFile(file, []byte(on), 0o600); err != nil {
		t.Fatal(err)
	}
	infos, problems := luahost.Check(t.Context(), luahost.Options{Dir: dir})
	for _, p := range problems {
		t.Errorf("%s", p)
	}
	for _, i := range infos {
		if !i.Running {
			t.Errorf("%s does not run: %s", i.Name, i.Problem)
		}
	}
}
