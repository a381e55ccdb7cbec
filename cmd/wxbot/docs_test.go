package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// page is a Markdown file of the project.
type page struct {
	path, text string
}

func pages(t *testing.T) []page {
	t.Helper()
	root := filepath.Join("..", "..")
	paths, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README.md", "README.zh-CN.md", "CHANGELOG.md"} {
		paths = append(paths, filepath.Join(root, name))
	}
	var out []page
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, page{p, string(b)})
	}
	return out
}

// blocks gives the fenced blocks of a language.
func (p page) blocks(lang string) []string {
	var out []string
	parts := strings.Split("\n"+p.text, "\n```")
	for i := 1; i < len(parts); i += 2 {
		if body, ok := strings.CutPrefix(parts[i], lang+"\n"); ok {
			out = append(out, body)
		}
	}
	return out
}

// anchors are the places in a page that links lead to: its headings, as GitHub names
// them.
func (p page) anchors() map[string]bool {
	out, seen := map[string]bool{}, map[string]int{}
	fenced := false
	for line := range strings.Lines(p.text) {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		title := strings.TrimLeft(line, "#")
		if fenced || title == line || !strings.HasPrefix(title, " ") {
			continue
		}
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(title))
		if n := seen[name]; n > 0 {
			out[name+"-"+strconv.Itoa(n)] = true
		}
		seen[name]++
		out[name] = true
	}
	return out
}

func TestLinksOfTheDocumentsLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)
	files, places := 0, 0
	for _, p := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(p.text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			to := p
			if m[1] != "" {
				files++
				to = page{path: filepath.Join(filepath.Dir(p.path), m[1])}
				if _, err := os.Stat(to.path); err != nil {
					t.Errorf("%s: link to %s: %v", p.path, m[1], err)
					continue
				}
			}
			if m[2] == "" {
				continue
			}
			places++
			if m[1] != "" {
				text, err := os.ReadFile(to.path)
				if err != nil {
					t.Fatal(err)
				}
				to.text = string(text)
			}
			if !to.anchors()[m[2][1:]] {
				t.Errorf("%s: link to %s%s: no such heading", p.path, m[1], m[2])
			}
		}
	}
	if files == 0 || places == 0 {
		t.Errorf("%d links to files, %d to headings: the test looks at nothing", files, places)
	}
}

// A Chinese page has the sections of the English one, in its order.
func TestChinesePagesHaveTheSectionsOfTheEnglishOnes(t *testing.T) {
	// A page that shows what the other one does not say may have more below these.
	sections := func(path string) int {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for i, part := range strings.Split("\n"+string(text), "\n```") {
			if i%2 == 0 {
				n += strings.Count(part, "\n## ")
			}
		}
		return n
	}
	n := 0
	for _, p := range pages(t) {
		english, ok := strings.CutSuffix(p.path, ".zh-CN.md")
		if !ok {
			continue
		}
		n++
		if zh, en := sections(p.path), sections(english+".md"); zh != en {
			t.Errorf("%s has %d sections, the English page %d", p.path, zh, en)
		}
	}
	if n < 7 {
		t.Errorf("only %d Chinese pages", n)
	}
}

// Every command line of the documents must be one that this binary takes.
func TestCommandsOfTheDocumentsExist(t *testing.T) {
	line := regexp.MustCompile("(?m)^(?: {4})?(?:sudo |podman exec -it wxbot )?(?:\\./|go run \\./cmd/)?wxbot ([a-z][^#\n]*)|`(?:\\./)?wxbot ([a-z][^`]*)`")
	n := 0
	for _, p := range pages(t) {
		for _, m := range line.FindAllStringSubmatch(p.text, -1) {
			n++
			con, _, _ := testConsole(nil)
			root := newRoot(con)
			root.InitDefaultCompletionCmd()
			said, _, _ := strings.Cut(m[1]+m[2], " | ") // what a shell does with it
			said, _, _ = strings.Cut(said, " > ")
			cmd, rest, err := root.Find(strings.Fields(said))
			if err == nil && cmd == root {
				t.Errorf("%s: no command %q", p.path, m[1]+m[2])
				continue
			}
			cmd.InitDefaultHelpFlag()
			if err == nil {
				err = cmd.ParseFlags(rest)
			}
			if err != nil && err.Error() != "pflag: help requested" {
				t.Errorf("%s: wxbot %s: %v", p.path, m[1]+m[2], err)
			}
		}
	}
	if n < 10 {
		t.Errorf("only %d commands found", n)
	}
}

// The examples of the READMEs are loaded as a user would load them.
func TestExamplesOfTheReadmesPassTheCheck(t *testing.T) {
	for _, p := range pages(t) {
		if !strings.HasPrefix(filepath.Base(p.path), "README") {
			continue
		}
		dir := t.TempDir()
		rules, plugins := p.blocks("yaml"), p.blocks("lua")
		if len(rules) != 1 || len(plugins) != 1 {
			t.Fatalf("%s: %d rules files and %d plugins, want one each", p.path, len(rules), len(plugins))
		}
		if err := os.Mkdir(filepath.Join(dir, "plugins"), 0o700); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"rules.yaml": rules[0], "plugins/draw.lua": plugins[0]} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r := runBinary(t, nil, "check", "--strict", "--rules", filepath.Join(dir, "rules.yaml"), "--plugins", filepath.Join(dir, "plugins"))
		if r.code != exitOK || !strings.Contains(r.out, "4 rules, 1 plugins") {
			t.Errorf("%s: code %d\n%s%s", p.path, r.code, r.out, r.errOut)
		}
	}
}

// What check is shown to say in the READMEs is what it says.
func TestReadmesShowTheCheckersOwnWords(t *testing.T) {
	path := write(t, "rules.yaml", "rules:\n  - name: 问价格\n    when:\n      contain: 价格\n    reply: 十元\n")
	for _, p := range pages(t) {
		if !strings.HasPrefix(filepath.Base(p.path), "README") {
			continue
		}
		locale := "C"
		if strings.Contains(p.path, "zh-CN") {
			locale = "zh_CN.UTF-8"
		}
		r := runBinary(t, []string{"LC_ALL=" + locale}, "check", "--rules", path)
		got := strings.ReplaceAll(r.out, path, "rules.yaml")
		for _, b := range p.blocks("text") {
			if strings.HasPrefix(b, "rules.yaml:") && !strings.Contains(got, strings.TrimSpace(b)) {
				t.Errorf("%s shows\n%s\nbut check says\n%s", p.path, b, got)
			}
		}
	}
}

// The rules of the guide are loaded, and their tests run, as a reader would do it; what
// it shows as mistakes are mistakes.
func TestExamplesOfTheGuidePassTheCheck(t *testing.T) {
	for _, p := range pages(t) {
		if !strings.HasPrefix(filepath.Base(p.path), "rules.") {
			continue
		}
		good, wrong := p.blocks("yaml"), p.blocks("yaml wrong")
		if len(good) < 5 || len(wrong) < 5 {
			t.Errorf("%s: %d examples and %d mistakes", p.path, len(good), len(wrong))
		}
		for _, b := range good {
			if r := runBinary(t, nil, "check", "--strict", "--rules", write(t, "rules.yaml", b)); r.code != exitOK {
				t.Errorf("%s: code %d\n%s\n%s", p.path, r.code, r.out, b)
			}
		}
		for _, b := range wrong {
			if r := runBinary(t, nil, "check", "--strict", "--rules", write(t, "rules.yaml", b)); r.code != exitFailure {
				t.Errorf("%s: no mistake in\n%s", p.path, b)
			}
		}
	}
}

// What the Chinese guide says that a newcomer sees is what the binary says.
func TestGuideShowsTheBinarysOwnWords(t *testing.T) {
	zh := []string{"LANG=zh_CN.UTF-8"}
	for _, p := range pages(t) {
		if filepath.Base(p.path) != "rules.zh-CN.md" {
			continue
		}
		blocks := p.blocks("yaml")
		r := runBinary(t, zh, "check", "--rules", write(t, "rules.yaml", blocks[0]))
		lines := strings.Split(strings.TrimSpace(r.out), "\n")
		if last := lines[len(lines)-1]; !strings.Contains(p.text, "`"+last+"`") {
			t.Errorf("check ends with %q, which the page does not say", last)
		}
		r = runBinary(t, zh, "explain", "多少钱", "--in", "家庭群", "--rules", write(t, "rules.yaml", blocks[2]))
		const why = "群“家庭群”不在 [客户一群] 里"
		if !strings.Contains(p.text, why) || !strings.Contains(r.out, why) {
			t.Errorf("explain says\n%s\nand the page shall say why: %s", r.out, why)
		}
		return
	}
	t.Error("no Chinese guide")
}

// A link within a page leads to one of its headings.
func TestAnchorsOfTheGuideExist(t *testing.T) {
	for _, p := range pages(t) {
		if !strings.HasPrefix(filepath.Base(p.path), "rules.") {
			continue
		}
		anchors := map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(p.text, -1) {
			anchor := regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(m[1]), "")
			anchors[strings.ReplaceAll(anchor, " ", "-")] = true
		}
		n := 0
		for _, m := range regexp.MustCompile(`\]\(#([^)]+)\)`).FindAllStringSubmatch(p.text, -1) {
			if n++; !anchors[m[1]] {
				t.Errorf("%s: no heading for #%s", p.path, m[1])
			}
		}
		if n < 20 {
			t.Errorf("%s: only %d links", p.path, n)
		}
	}
}

func TestShippedFilesPassTheStrictCheck(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	r := runBinary(t, nil, "check", "--strict", "--rules", filepath.Join(root, "rules.yaml"), "--plugins", filepath.Join(root, "plugins"))
	if r.code != exitOK || !strings.Contains(r.out, "mode     trial") {
		t.Errorf("code %d\n%s%s", r.code, r.out, r.errOut)
	}
	names := 0
	err = filepath.WalkDir(filepath.Join(root, "plugins"), func(path string, e fs.DirEntry, err error) error {
		if strings.HasSuffix(path, ".lua") && !strings.HasSuffix(path, "_test.lua") {
			names++
		}
		return err
	})
	if err != nil || names == 0 {
		t.Errorf("%d shipped plugins: %v", names, err)
	}
}

// Every wxbot.yaml of the documents is one that the daemon takes, secrets apart.
func TestConfigurationsOfTheDocumentsPassTheCheck(t *testing.T) {
	n := 0
	for _, p := range pages(t) {
		for _, b := range p.blocks("yaml") {
			if !strings.Contains("\n"+b, "\nalerts:") {
				continue
			}
			n++
			// The programs of the examples are the reader's own.
			b = regexp.MustCompile(`/usr/local/bin/[a-z-]+`).ReplaceAllString(b, "/bin/sh")
			r := runBinary(t, nil, "check", "--config", write(t, "wxbot.yaml", b))
			if r.code != exitOK || strings.Count(r.out, "warning: ") != strings.Count(b, "${env:") {
				t.Errorf("%s: code %d\n%s%s\n%s", p.path, r.code, r.out, r.errOut, b)
			}
		}
	}
	if n < 8 {
		t.Errorf("only %d examples found", n)
	}
}
