// Package walls tests the walls of .golangci.yml: behind each it plants a
// forbidden import and sees the linter report it, and it sees the linter accept
// what is allowed. .ci/run runs it; "go test ./..." does not look here.
package walls

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// wall is one import, and whether the linter must object to it.
type wall struct {
	from string // directory, or a file where the name matters
	to   string // import path
}

// forbidden are imports that must be reported.
func forbidden() []wall {
	var ws []wall
	add := func(to string, from ...string) {
		for _, f := range from {
			ws = append(ws, wall{f, to})
		}
	}
	// Imports go one way.
	add("wxbot/bot", "wx", "wx/wxtest", "wx/internal/wire", "bot/event", "bot/classify", "bot/conf", "bot/match",
		"bot/rules", "bot/luahost", "bot/store", "bot/dispatch", "bot/outbox", "bot/control", "bot/lang", "bot/trace")
	add("wxbot/cmd/wxbot", "wx", "bot")
	add("wxbot/wx", "wx/internal/wire", "bot/event", "bot/conf", "bot/match", "bot/rules", "bot/luahost",
		"bot/store", "bot/dispatch", "bot/outbox", "bot/control")
	add("wxbot/wx/internal/wire", "wx/wxtest")
	add("wxbot/wx/wxtest", "wx", "bot", "bot/classify")
	// Rooms beside each other.
	add("wxbot/bot/event", "wx", "bot/conf", "bot/secret", "bot/lang")
	add("wxbot/bot/lang", "wx", "bot/classify")
	add("wxbot/bot/conf", "bot/event", "bot/classify", "bot/store", "bot/dispatch", "bot/outbox", "bot/control")
	add("wxbot/bot/match", "bot/conf", "bot/classify", "bot/store", "bot/dispatch", "bot/outbox", "bot/control")
	add("wxbot/bot/rules", "bot/match", "bot/luahost", "bot/store", "bot/dispatch", "bot/outbox", "bot/control", "bot/classify")
	add("wxbot/bot/luahost", "bot/match", "bot/rules", "bot/store", "bot/dispatch", "bot/outbox", "bot/control")
	add("wxbot/bot/store", "bot/rules", "bot/luahost", "bot/dispatch", "bot/outbox", "bot/control")
	add("wxbot/bot/dispatch", "bot/rules", "bot/luahost", "bot/store", "bot/outbox", "bot/control")
	add("wxbot/bot/outbox", "bot/rules", "bot/luahost", "bot/store", "bot/dispatch", "bot/control")
	add("wxbot/bot/trace", "wx", "bot/rules", "bot/store", "bot/dispatch")
	// One dependency, one room.
	add("github.com/go-json-experiment/json", "wx", "bot", "cmd/wxbot", "wx/wxtest")
	add("github.com/yuin/gopher-lua", "bot", "cmd/wxbot", "bot/rules")
	add("gopkg.in/yaml.v3", "bot", "cmd/wxbot", "bot/rules", "bot/match", "bot/luahost")
	add("golang.org/x/text/unicode/norm", "bot", "cmd/wxbot", "bot/rules", "bot/luahost")
	add("github.com/netresearch/go-cron", "bot", "cmd/wxbot", "bot/rules", "bot/luahost")
	add("modernc.org/sqlite", "bot", "cmd/wxbot", "bot/outbox")
	add("database/sql", "bot", "cmd/wxbot", "bot/outbox")
	add("github.com/prometheus/client_golang/prometheus", "bot", "cmd/wxbot", "bot/outbox")
	add("github.com/fsnotify/fsnotify", "bot", "cmd/wxbot", "bot/luahost")
	add("github.com/coreos/go-systemd/v22/daemon", "bot", "cmd/wxbot")
	add("github.com/spf13/cobra", "bot", "bot/conf")
	add("golang.org/x/term", "bot", "wx")
	add("github.com/skip2/go-qrcode", "bot", "cmd/wxbot", "wx", "wx/wxtest")
	// Purity, and what nobody uses.
	add("net/http", "wx/internal/wire", "bot/event", "bot/lang", "bot/classify", "bot/conf", "bot/match", "bot/rules")
	add("context", "wx/internal/wire", "bot/rules", "bot/match", "bot/classify")
	add("os", "bot/rules", "bot/conf", "bot/match", "bot/classify")
	add("github.com/rs/zerolog", "wx/internal/wire", "bot/rules", "bot/classify", "bot/match")
	add("github.com/rs/zerolog/log", "bot", "wx", "cmd/wxbot")
	add("log", "bot")
	add("math/rand", "bot")
	return ws
}

// allowed are imports that must not be reported: a wall without a door would
// pass the test above as well.
func allowed() []wall {
	return []wall{
		{"wx/internal/wire", "github.com/go-json-experiment/json"},
		{"wx", "wxbot/wx/internal/wire"},
		{"wx", "github.com/rs/zerolog"},
		{"wx", "net/http"},
		{"wx/wxtest", "wxbot/wx"},
		{"wx/wxtest/qr.go", "github.com/skip2/go-qrcode"},
		{"bot/classify", "wxbot/wx"},
		{"bot/classify", "wxbot/bot/event"},
		{"bot/conf", "gopkg.in/yaml.v3"},
		{"bot/conf", "wxbot/bot/lang"},
		{"bot/event", "wxbot/bot/lang"},
		{"bot/match", "golang.org/x/text/unicode/norm"},
		{"bot/match", "github.com/netresearch/go-cron"},
		{"bot/match", "wxbot/bot/conf"},
		{"bot/rules", "wxbot/bot/match"},
		{"bot/luahost", "github.com/yuin/gopher-lua"},
		{"bot/luahost", "wxbot/bot/match"},
		{"bot/store", "modernc.org/sqlite"},
		{"bot/store", "database/sql"},
		{"bot/dispatch", "wxbot/bot/event"},
		{"bot/outbox", "wxbot/bot/clock"},
		{"bot/control", "net/http"},
		{"bot/watch.go", "github.com/fsnotify/fsnotify"},
		{"bot/systemd.go", "github.com/coreos/go-systemd/v22/daemon"},
		{"bot", "wxbot/wx"},
		{"bot", "wxbot/bot/luahost"},
		{"cmd/wxbot", "github.com/spf13/cobra"},
		{"cmd/wxbot", "wxbot/bot"},
		{"cmd/wxbot", "wxbot/wx/wxtest"},
		{"cmd/wxbot/qr.go", "github.com/skip2/go-qrcode"},
	}
}

func TestForbiddenImportsAreReported(t *testing.T) {
	// Two passes, so that no two planted imports make a circle.
	var up, down []wall
	for _, w := range forbidden() {
		if "wxbot/"+w.from < w.to {
			up = append(up, w)
		} else {
			down = append(down, w)
		}
	}
	for _, ws := range [][]wall{up, down} {
		report, planted := lint(t, ws)
		for i, w := range ws {
			if !strings.Contains(report, planted[i]+":") {
				t.Errorf("%s imports %s and nobody objects", w.from, w.to)
			}
		}
		if t.Failed() {
			t.Log(report)
		}
	}
}

func TestAllowedImportsAreNot(t *testing.T) {
	ws := allowed()
	report, planted := lint(t, ws)
	for i, w := range ws {
		if strings.Contains(report, planted[i]+":") {
			t.Errorf("%s may not import %s:\n%s", w.from, w.to, report)
		}
	}
}

// rooms are the packages of the project.
func rooms() []string {
	return []string{
		"wx", "wx/internal/wire", "wx/wxtest", "bot", "bot/clock", "bot/event", "bot/classify", "bot/conf", "bot/match",
		"bot/rules", "bot/luahost", "bot/secret", "bot/store", "bot/dispatch", "bot/outbox", "bot/control", "cmd/wxbot",
	}
}

// modules are the dependencies, with a version that fits their path, and the
// package of theirs that is imported here.
func modules() [][3]string {
	return [][3]string{
		{"github.com/go-json-experiment/json", "v0.0.0", ""},
		{"github.com/yuin/gopher-lua", "v1.0.0", ""},
		{"gopkg.in/yaml.v3", "v3.0.0", ""},
		{"golang.org/x/text", "v0.0.0", "unicode/norm"},
		{"golang.org/x/term", "v0.0.0", ""},
		{"github.com/netresearch/go-cron", "v0.0.0", ""},
		{"modernc.org/sqlite", "v1.0.0", ""},
		{"github.com/prometheus/client_golang", "v1.0.0", "prometheus"},
		{"github.com/fsnotify/fsnotify", "v1.0.0", ""},
		{"github.com/coreos/go-systemd/v22", "v22.0.0", "daemon"},
		{"github.com/spf13/cobra", "v1.0.0", ""},
		{"github.com/skip2/go-qrcode", "v0.0.0", ""},
		{"github.com/rs/zerolog", "v1.0.0", ""},
		{"github.com/rs/zerolog", "v1.0.0", "log"},
	}
}

// lint makes a skeleton of the project, with empty packages and empty
// dependencies, plants imports in it, and gives what the linter says of them and
// the file that each stands in.
func lint(t *testing.T, ws []wall) (report string, planted []string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	skeleton(t, dir)
	for i, w := range ws {
		path := filepath.Join(dir, w.from, fmt.Sprintf("w%d.go", i))
		if strings.HasSuffix(w.from, ".go") {
			path = filepath.Join(dir, w.from)
		}
		put(t, path, fmt.Sprintf("package room\n\nimport _ %q\n", w.to))
		planted = append(planted, path)
	}
	tool := command(t, root, "go", "tool", "-modfile="+filepath.Join(root, ".ci/tools/go.mod"), "-n", "golangci-lint")
	path, err := tool.Output()
	if err != nil {
		t.Fatalf("go tool -n: %v", err)
	}
	cmd := command(t, dir, strings.TrimSpace(string(path)), "run", "--config", filepath.Join(root, ".golangci.yml"),
		"--allow-parallel-runners", "--enable-only", "depguard", "--path-mode=abs", "./...")
	out, err := cmd.CombinedOutput()
	report = string(out)
	if err != nil && !strings.Contains(report, "(depguard)") || strings.Contains(report, "typecheck") {
		t.Fatalf("golangci-lint: %v\n%s", err, report)
	}
	return report, planted
}

func command(t *testing.T, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	return cmd
}

func skeleton(t *testing.T, dir string) {
	t.Helper()
	for _, r := range rooms() {
		put(t, filepath.Join(dir, r, "doc.go"), "package room\n")
	}
	var mod strings.Builder
	mod.WriteString("module wxbot\n\ngo 1.26.0\n")
	for i, m := range modules() {
		home := fmt.Sprintf("./.deps/%d", i)
		if i > 0 && modules()[i-1][0] == m[0] {
			home = fmt.Sprintf("./.deps/%d", i-1)
		} else {
			fmt.Fprintf(&mod, "require %s %s\nreplace %s => %s\n", m[0], m[1], m[0], home)
			put(t, filepath.Join(dir, home, "go.mod"), "module "+m[0]+"\n")
			put(t, filepath.Join(dir, home, "doc.go"), "package dep\n")
		}
		put(t, filepath.Join(dir, home, m[2], "doc.go"), "package dep\n")
	}
	put(t, filepath.Join(dir, "go.mod"), mod.String())
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
