package conf

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"wxbot/bot/lang"
)

const (
	maxBytes = 4 << 20
	maxDepth = 50
)

// Parse reads one YAML document. The Node is nil if and only if there are errors;
// an empty file is a Null node. Aliases, second documents and repeated keys are
// errors. The problems are sorted by place.
func Parse(name string, src []byte) (*Node, []Problem) {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	src = bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))
	src = bytes.ReplaceAll(src, []byte("\r"), []byte("\n"))
	if len(src) > maxBytes {
		return nil, []Problem{{File: name, Text: lang.T("the file has more than %d bytes", maxBytes)}}
	}
	if p, bad := NotUTF8(name, src); bad {
		return nil, []Problem{p}
	}
	lines := strings.Split(string(src), "\n")
	if ps := separators(name, lines); len(ps) > 0 {
		return nil, ps
	}
	if ps := indents(name, lines); len(ps) > 0 {
		return nil, ps
	}
	dec := yaml.NewDecoder(bytes.NewReader(src))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return &Node{File: name, Line: 1, Col: 1, lines: lines}, nil
		}
		return nil, []Problem{explain(name, lines, err)}
	}
	var second yaml.Node
	if err := dec.Decode(&second); err == nil {
		return nil, []Problem{at(name, lines, second.Line, 1, 3, lang.T("a second document begins here"), lang.T(`remove the line "---" and what follows`))}
	} else if !errors.Is(err, io.EOF) {
		return nil, []Problem{explain(name, lines, err)}
	}
	b := builder{file: name, lines: lines}
	n := b.node(&doc, 0)
	Sort(b.problems)
	if HasErrors(b.problems) {
		return nil, b.problems
	}
	return n, b.problems
}

func at(file string, lines []string, line, col, width int, text lang.Text, hint ...lang.Text) Problem {
	p := Problem{File: file, Line: line, Col: col, Width: width, Text: text, Hint: one(hint)}
	if line >= 1 && line <= len(lines) {
		p.Excerpt = lines[line-1]
	}
	return p
}

// NotUTF8 tells of a file that is not UTF-8.
func NotUTF8(name string, src []byte) (Problem, bool) {
	if utf8.Valid(src) {
		return Problem{}, false
	}
	if bytes.HasPrefix(src, []byte("\xff\xfe")) || bytes.HasPrefix(src, []byte("\xfe\xff")) {
		return Problem{File: name, Line: 1, Text: lang.T("the file is UTF-16"), Hint: lang.T("save it as UTF-8")}, true
	}
	line, pairs := 1, 0
	first := 0
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && size == 1 {
			if first == 0 {
				first = line
			}
			if i+1 < len(src) && src[i] >= 0x81 && src[i] <= 0xfe && src[i+1] >= 0x40 {
				pairs++
				size = 2
			}
		}
		if src[i] == '\n' {
			line++
		}
		i += size
	}
	p := Problem{File: name, Line: first, Text: lang.T("the file is not UTF-8"), Hint: lang.T("save it as UTF-8")}
	if pairs > 0 {
		p.Text = lang.T("the file is not UTF-8, it looks like GBK")
		p.Hint = lang.Raw("iconv -f GBK -t UTF-8 " + name + " > new.yaml")
	}
	return p, true
}

// separators finds the signs that YAML takes for the end of a line and editors do
// not: every place below them would be told wrong.
func separators(name string, lines []string) []Problem {
	var out []Problem
	for i, l := range lines {
		at := strings.IndexAny(l, "\u0085\u2028\u2029")
		if at < 0 {
			continue
		}
		r, size := utf8.DecodeRuneInString(l[at:])
		p := Problem{
			File: name, Line: i + 1, Col: utf8.RuneCountInString(l[:at]) + 1, Width: 1, Excerpt: l[:at] + " " + l[at+size:],
			Text: lang.T("an invisible line separator (U+%04X) in the line", r), Hint: lang.T("delete it; it often comes along when text is pasted"),
		}
		out = append(out, p)
	}
	return out
}

// indents finds lines that are indented with characters that look like blanks and
// are none.
func indents(name string, lines []string) []Problem {
	var out []Problem
	for i, l := range outsideBlocks(lines) {
		trimmed := strings.TrimLeft(l, " \t\u3000\u00a0")
		if trimmed == "" || strings.HasPrefix(trimmed, "#") {
			continue
		}
		indent := l[:len(l)-len(trimmed)]
		for j, r := range []rune(indent) {
			var what lang.Text
			switch r {
			case '\t':
				what = lang.T("a tab")
			case '\u3000':
				what = lang.T("a full-width blank")
			case '\u00a0':
				what = lang.T("a no-break space")
			default:
				continue
			}
			// Inside a block text a full-width blank is text.
			if r != '\t' && j > 0 {
				break
			}
			p := at(name, lines, i+1, j+1, 1, lang.T("line %d is indented with %s", i+1, what), lang.T("use blanks"))
			p.Mended = strings.NewReplacer("\t", "  ", "\u3000", " ", "\u00a0", " ").Replace(indent) + trimmed
			out = append(out, p)
			break
		}
	}
	return out
}

// explain finds the mistake behind an error of the YAML library, whose messages
// name a line at best and often the wrong one.
func explain(name string, lines []string, err error) Problem {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := errorLine(err)
	text = yamlLine.ReplaceAllString(text, "")
	if p, ok := trap(name, lines, err); ok {
		return p
	}
	if line < 1 || line > len(lines) {
		line = min(max(line, 1), len(lines))
	}
	col := len([]rune(lines[line-1])) - len([]rune(strings.TrimLeft(lines[line-1], " "))) + 1
	return at(name, lines, line, col, max(len([]rune(strings.TrimSpace(lines[line-1]))), 1), lang.T("not YAML: %s", said(text)))
}

// said gives a message of the YAML library as a text.
func said(message string) lang.Text {
	for _, known := range []lang.Text{
		lang.T("did not find expected key"),
		lang.T("did not find expected '-' indicator"),
		lang.T("did not find expected ',' or ']'"),
		lang.T("did not find expected ',' or '}'"),
		lang.T("did not find expected node content"),
		lang.T("did not find expected <document start>"),
		lang.T("did not find expected alphabetic or numeric character"),
		lang.T("could not find expected ':'"),
		lang.T("mapping values are not allowed in this context"),
		lang.T("block sequence entries are not allowed in this context"),
		lang.T("block collection entries are not allowed in this context"),
		lang.T("found character that cannot start any token"),
		lang.T("found a tab character that violates indentation"),
		lang.T("found unexpected end of stream"),
		lang.T("found unexpected document indicator"),
		lang.T("found unknown escape character"),
		lang.T("control characters are not allowed"),
	} {
		if known.String() == message {
			return known
		}
	}
	return lang.Raw(message)
}

type builder struct {
	file     string
	lines    []string
	problems []Problem
}

func (b *builder) problem(y *yaml.Node, width int, text lang.Text, hint ...lang.Text) {
	b.problems = append(b.problems, at(b.file, b.lines, y.Line, y.Column, width, text, hint...))
}

func (b *builder) node(y *yaml.Node, depth int) *Node {
	n := &Node{File: b.file, Line: y.Line, Col: y.Column, Comment: y.LineComment, lines: b.lines}
	if depth > maxDepth {
		b.problem(y, 1, lang.T("too many levels"))
		return n
	}
	switch y.Kind {
	case yaml.DocumentNode:
		if len(y.Content) == 0 {
			return n
		}
		return b.node(y.Content[0], depth)
	case yaml.AliasNode:
		b.problem(y, len([]rune(y.Value))+1, lang.T("aliases are not supported here"), lang.T(`a text starting with "%s" needs quotes`, "*"))
	case yaml.SequenceNode:
		n.Kind = List
		for _, c := range y.Content {
			n.Items = append(n.Items, b.node(c, depth+1))
		}
	case yaml.MappingNode:
		n.Kind = Map
		b.entries(n, y, depth)
	case yaml.ScalarNode:
		b.scalar(n, y)
	}
	if y.Anchor != "" {
		b.problem(y, 1, lang.T("anchors are not supported here"), lang.T(`a text starting with "%s" needs quotes`, "&"))
	}
	return n
}

func (b *builder) entries(n *Node, y *yaml.Node, depth int) {
	seen := map[string]int{}
	for i := 0; i+1 < len(y.Content); i += 2 {
		k, v := y.Content[i], y.Content[i+1]
		if k.Kind != yaml.ScalarNode {
			b.problem(k, 1, lang.T("a key must be a word"))
			continue
		}
		if first, ok := seen[k.Value]; ok {
			b.problem(k, len([]rune(k.Value)), lang.T("key %q is here a second time", k.Value), lang.T("the first is in line %d", first))
			continue
		}
		seen[k.Value] = k.Line
		key, value := b.node(k, depth+1), b.node(v, depth+1)
		if value.Comment == "" {
			value.Comment = k.LineComment
		}
		n.Entries = append(n.Entries, Entry{Key: key, Value: value})
	}
}

func (b *builder) scalar(n *Node, y *yaml.Node) {
	n.Kind, n.Value = Scalar, y.Value
	switch y.Style {
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		n.Quoted = true
	case yaml.LiteralStyle, yaml.FoldedStyle:
		n.Quoted, n.Block = true, true
	case yaml.TaggedStyle:
		b.problem(y, 1, lang.T("tags are not supported here"), lang.T(`a text starting with "%s" needs quotes`, "!"))
	case yaml.FlowStyle:
	}
	if !n.Quoted && (y.Tag == "!!null" || y.Value == "") {
		n.Kind = Null
		return
	}
	n.Joined = !n.Quoted && !n.onOneLine()
}

// onOneLine reports whether an unquoted scalar stands on its line as a whole. Lines
// are joined by blanks, so what has none need not be sought in a line, which may hold
// thousands of keywords.
func (n *Node) onOneLine() bool {
	if !strings.ContainsAny(n.Value, " \n") {
		return true
	}
	if n.Line < 1 || n.Line > len(n.lines) {
		return true
	}
	line := []rune(n.lines[n.Line-1])
	return n.Col < 1 || n.Col > len(line) || strings.HasPrefix(string(line[n.Col-1:]), n.Value)
}
