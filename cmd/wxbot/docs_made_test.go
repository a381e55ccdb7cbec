package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"wxbot/bot"
	"wxbot/bot/conf"
	"wxbot/bot/luahost"
	"wxbot/bot/rules"
)

func manuals() map[string]conf.Manual {
	return map[string]conf.Manual{
		"rules": rules.Manual(), "rules-include": rules.IncludedManual(), "plugins": luahost.Manual(), "wxbot": bot.Manual(),
	}
}

// schemaOf compiles a schema of the repository with a validator that is not ours.
func schemaOf(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "docs", name+".schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asJSON reads YAML as an editor does, by the rules of YAML 1.2: dates are texts.
func asJSON(src string) (any, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(src), &doc); err != nil || len(doc.Content) == 0 {
		return nil, err
	}
	return plainNode(doc.Content[0]), nil
}

func plainNode(n *yaml.Node) any {
	switch n.Kind { //nolint:exhaustive // the others are scalars
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			out[n.Content[i].Value] = plainNode(n.Content[i+1])
		}
		return out
	case yaml.SequenceNode:
		out := []any{}
		for _, c := range n.Content {
			out = append(out, plainNode(c))
		}
		return out
	}
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		if on, err := strconv.ParseBool(n.Value); err == nil {
			return on
		}
	case "!!int", "!!float":
		if _, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return json.Number(n.Value)
		}
	}
	return n.Value
}

func TestMadeDocumentsAreThoseOfTheTables(t *testing.T) {
	dir := filepath.Join("..", "..", "docs")
	made, err := madeDocs(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(made) != 6 {
		t.Errorf("%d files made, want four schemas and two pages", len(made))
	}
	for name, want := range made {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("docs/%s is not what the tables say (%v): go generate .", name, err)
		}
	}
}

func TestTablesAreWhole(t *testing.T) {
	for name, m := range manuals() {
		for _, s := range m.Sections {
			seen := map[string]bool{}
			for _, w := range slices.Concat(s.Words, s.Also) {
				for _, spelling := range w.Spellings {
					if seen[spelling] {
						t.Errorf("%s: %s has %q twice", name, s.Name, spelling)
					}
					seen[spelling] = true
				}
				if len(w.Spellings) < 2 && name != "wxbot" {
					t.Errorf("%s: %s.%s has no Chinese spelling", name, s.Name, w.Name())
				}
				if told := w.Default + w.English; (told == "" || s.Name != "words" && w.Chinese == "") && name != "wxbot" && (s.Closed || w.Shape != "") {
					t.Errorf("%s: %s.%s is not described", name, s.Name, w.Name())
				}
			}
		}
	}
}

// samples are the files and examples of the repository, by schema.
func samples(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for schema, path := range map[string]string{"rules": "rules.yaml", "plugins": "plugins/plugins.yaml", "wxbot": "deploy/wxbot.yaml"} {
		b, err := os.ReadFile(filepath.Join("..", "..", path))
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(b), "\n")
		ref, ok := strings.CutPrefix(first, "# yaml-language-server: $schema=")
		if _, err := os.Stat(filepath.Join("..", "..", filepath.Dir(path), ref)); !ok || err != nil || filepath.Base(ref) != schema+".schema.json" {
			t.Errorf("%s: the first line is %q and names no schema: %v", path, first, err)
		}
		out[schema] = append(out[schema], string(b))
	}
	for _, p := range pages(t) {
		for _, b := range p.blocks("yaml") {
			out[schemaFor(b)] = append(out[schemaFor(b)], b)
		}
	}
	return out
}

// schemaFor tells which file an example is of.
func schemaFor(block string) string {
	switch {
	case strings.Contains("\n"+block, "\nplugins:"):
		return "plugins"
	case strings.Contains("\n"+block, "\nalerts:") || strings.Contains("\n"+block, "\nhistory:"):
		return "wxbot"
	}
	return "rules"
}

func TestSamplesPassTheirSchemas(t *testing.T) {
	for name, texts := range samples(t) {
		schema := schemaOf(t, name)
		for _, text := range texts {
			v, err := asJSON(text)
			if err == nil {
				err = schema.Validate(v)
			}
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, text)
			}
		}
		if len(texts) == 0 {
			t.Errorf("%s: no samples", name)
		}
	}
}

// place is where a key of a section stands in a file: a text with %s for the key and
// its value.
type keyPlace struct {
	section string
	keys    []string // nil: all
	text    string
}

// Values of every kind, some of which suit a key and some do not.
var probes = []string{"x", "12", "0.5", "true", "off", "10s", "08:30", "[x]", "[[x]]", "{zzz: y}", "", "09:00-18:00", "是", "1/min", "1-2s", "9：00—18：00", "5 分钟", "30次/天", "周一-周五"}

// agree checks a schema against its loader: it takes the examples of the tables, it
// takes whatever the loader takes, and it knows no key that the loader does not.
func agree(t *testing.T, name string, places []keyPlace, load func(src string) error) {
	t.Helper()
	schema := schemaOf(t, name)
	m := manuals()[name]
	verdicts := func(p keyPlace, body string) (src string, loader, editor error) {
		src = fmt.Sprintf(p.text, body)
		v, err := asJSON(src)
		if err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		return src, load(src), schema.Validate(v)
	}
	taken, tried := 0, 0
	for _, s := range m.Sections {
		if s.Closed {
			continue
		}
		at := func(key string) keyPlace {
			for _, p := range places {
				if p.section == s.Name && (p.keys == nil || slices.Contains(p.keys, key)) {
					return p
				}
			}
			t.Fatalf("%s: no place for %s.%s", name, s.Name, key)
			return keyPlace{}
		}
		if src, loader, editor := verdicts(at("zzz"), "zzz: 1"); loader == nil || editor == nil {
			t.Errorf("an unknown key of %s: loader %v, schema %v\n%s", s.Name, loader, editor, src)
		}
		for _, w := range slices.Concat(s.Words, s.Also) {
			if w.Shape == "" {
				continue
			}
			for _, spelling := range w.Spellings {
				if src, loader, editor := verdicts(at(w.Name()), spelling+": "+w.Example); loader != nil || editor != nil {
					t.Errorf("the example of %s.%s: loader: %v; schema: %v\n%s", s.Name, spelling, loader, editor, src)
				}
			}
			for _, probe := range probes {
				tried++
				src, loader, editor := verdicts(at(w.Name()), w.Name()+": "+probe)
				if loader == nil {
					taken++
				}
				if loader == nil && editor != nil {
					t.Errorf("%s.%s: the loader takes %q, the schema does not: %v\n%s", s.Name, w.Name(), probe, editor, src)
				}
				if kind := probe == "" || probe == "[[x]]" || probe == "{zzz: y}"; kind && loader != nil && editor == nil {
					t.Errorf("%s.%s: the schema takes %q, the loader does not: %v\n%s", s.Name, w.Name(), probe, loader, src)
				}
			}
		}
	}
	if taken < tried/20 || taken > tried*9/10 {
		t.Errorf("the loader took %d of %d values: the test looks at nothing", taken, tried)
	}
}
