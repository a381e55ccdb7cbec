package lang

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestCatalogueIsWhole reads the sources: each text that arises in them has a
// translation with the same verbs, and each translation belongs to such a text.
func TestCatalogueIsWhole(t *testing.T) {
	formats := map[string]string{}
	for _, dir := range []string{"../../bot", "../../cmd"} {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			return texts(t, path, formats)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for format, place := range formats {
		translated, ok := chinese(format)
		if !ok {
			t.Errorf("%s: no translation of %q", place, format)
		} else if got, want := verbs(translated), verbs(format); !slices.Equal(got, want) {
			t.Errorf("%s: %q has the verbs %q, its translation %q", place, format, want, got)
		}
	}
	seen := map[string]bool{}
	for _, table := range tables() {
		for format := range table {
			if seen[format] {
				t.Errorf("%q is translated twice", format)
			}
			seen[format] = true
			if _, ok := formats[format]; !ok {
				t.Errorf("nothing says %q any more", format)
			}
		}
	}
}

// texts collects the formats of one file.
func texts(t *testing.T, path string, formats map[string]string) error {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, 0)
	if err != nil {
		return err
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		if !makesText(file.Name.Name, call.Fun) {
			return true
		}
		place := set.Position(call.Pos()).String()
		format, ok := constant(call.Args[0])
		if !ok {
			t.Errorf("%s: the format of a text is a constant", place)
			return true
		}
		if want := len(verbs(format)); !call.Ellipsis.IsValid() && len(call.Args)-1 != want {
			t.Errorf("%s: %d arguments for %q", place, len(call.Args)-1, format)
		}
		formats[format] = place
		return true
	})
	return nil
}

// makesText reports whether a function is lang.T or lang.Errorf, seen from a package.
func makesText(pkg string, fun ast.Expr) bool {
	if f, ok := fun.(*ast.Ident); ok {
		return pkg == "lang" && f.Name == "T"
	}
	sel, ok := fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "T" && sel.Sel.Name != "Errorf" {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == "lang"
}

// constant gives the value of a string literal, or of several joined by +.
func constant(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		s, err := strconv.Unquote(e.Value)
		return s, err == nil
	case *ast.BinaryExpr:
		x, okX := constant(e.X)
		y, okY := constant(e.Y)
		return x + y, okX && okY && e.Op == token.ADD
	}
	return "", false
}

var verb = regexp.MustCompile(`%(\[\d+\])?[-+# 0]*[\d.]*[a-zA-Z]`)

// verbs gives the verbs of a format with the number of their argument, sorted.
func verbs(format string) []string {
	var out []string
	next := 1
	for _, m := range verb.FindAllStringSubmatch(strings.ReplaceAll(format, "%%", ""), -1) {
		v := m[0]
		if m[1] != "" {
			next, _ = strconv.Atoi(strings.Trim(m[1], "[]"))
			v = strings.Replace(v, m[1], "", 1)
		}
		out = append(out, strconv.Itoa(next)+v)
		next++
	}
	slices.Sort(out)
	return slices.Compact(out)
}
