package luahost_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"wxbot/bot/luahost"
)

// comparedTexts gives the texts that functions of this package compare names with, by
// function: in cases and by ==. That is where the members of objects and the keys of
// options are told apart.
func comparedTexts(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			add := func(e ast.Expr) {
				if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					if s, err := strconv.Unquote(lit.Value); err == nil && s != "" {
						out[fn.Name.Name] = append(out[fn.Name.Name], s)
					}
				}
			}
			ast.Inspect(fn, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.CaseClause:
					for _, e := range n.List {
						add(e)
					}
				case *ast.BinaryExpr:
					if id, ok := n.X.(*ast.Ident); ok && id.Name == "name" && n.Op == token.EQL {
						add(n.Y)
					}
				}
				return true
			})
		}
	}
	return out
}

// annotatedClasses gives the members of the classes of docs/wxbot.lua.
func annotatedClasses(t *testing.T) map[string][]string {
	t.Helper()
	b, err := os.ReadFile("../../docs/wxbot.lua")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	class := ""
	words := regexp.MustCompile(`^---@(class|field) (\w+)`)
	method := regexp.MustCompile(`^function (\w+):(\w+)\(`)
	for line := range strings.Lines(string(b)) {
		switch m := words.FindStringSubmatch(line); {
		case m == nil:
		case m[1] == "class":
			class = m[2]
		default:
			out[class] = append(out[class], m[2])
		}
		if m := method.FindStringSubmatch(line); m != nil {
			out[m[1]] = append(out[m[1]], m[2])
		}
	}
	return out
}

// The annotations have every field, method and option that scripts may use, and
// nothing more.
func TestAnnotationsHaveEveryMember(t *testing.T) {
	compared, annotated := comparedTexts(t), annotatedClasses(t)
	for _, tt := range []struct {
		classes, functions string
		besides            string // members that are told apart elsewhere
		inner              string // texts that are no members
	}{
		{"message", "messageField", "", ""},
		{"event member_event recalled tickled group_renamed", "eventField membersField", "", ""},
		{"friend_request", "requestField", "", ""},
		{"contact", "personField", "", ""},
		{"chat group", "chatField", "", ""},
		{"sent", "sentField", "", ""},
		{"request", "option", "", "url method"},
		{"upload", "part", "", ""},
		{"option", "readOption", "", "enum"},
		{"outgoing", "outgoingTable", "", ""},
		{"command_options", "apiCommand", "", "auto required"},
	} {
		var got, want []string
		for c := range strings.FieldsSeq(tt.classes) {
			if len(annotated[c]) == 0 {
				t.Errorf("docs/wxbot.lua has no class %s", c)
			}
			got = append(got, annotated[c]...)
		}
		for f := range strings.FieldsSeq(tt.functions) {
			if len(compared[f]) == 0 {
				t.Errorf("there is no function %s: the test looks at nothing", f)
			}
			want = append(want, compared[f]...)
		}
		want = append(want, strings.Fields(tt.besides)...)
		want = slices.DeleteFunc(want, func(s string) bool { return slices.Contains(strings.Fields(tt.inner), s) })
		there, asked := set(got), set(want)
		for _, name := range slices.Sorted(maps.Keys(asked)) {
			if !there[name] {
				t.Errorf("docs/wxbot.lua: class %s lacks %s", tt.classes, name)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(there)) {
			if !asked[name] {
				t.Errorf("docs/wxbot.lua: class %s has %s, which is not there", tt.classes, name)
			}
		}
	}
}

// The names of events are those that bot.on takes.
func TestAnnotationsHaveEveryEvent(t *testing.T) {
	b, err := os.ReadFile("../../docs/wxbot.lua")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`---@alias event_name (.*)`).FindSubmatch(b)
	if m == nil {
		t.Fatal("no event_name")
	}
	for name := range strings.SplitSeq(string(m[1]), "|") {
		s := newStage(t, map[string]string{"a.lua": head + "bot.on(" + name + ", function() end)"})
		s.mustLoad()
	}
	for _, kind := range luahost.EventNames() {
		if !strings.Contains(string(m[1]), strconv.Quote(kind)) {
			t.Errorf("docs/wxbot.lua lacks the event %s", kind)
		}
	}
}

func set(list []string) map[string]bool {
	out := map[string]bool{}
	for _, s := range list {
		out[s] = true
	}
	return out
}
