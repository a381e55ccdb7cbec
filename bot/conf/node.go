// Package conf reads YAML files that people write by hand: every value keeps its
// place and the way it was written, and mistakes are told with the line, a mark
// and a hint. It is the only package that knows the YAML library.
package conf

import (
	"strconv"
	"strings"

	"wxbot/bot/lang"
)

// Kind is the kind of a Node.
type Kind int

// The kinds.
const (
	Null Kind = iota
	Scalar
	List
	Map
)

// Node is a value of a file. Scalars hold their text as it was written: 0627 stays
// 0627.
type Node struct {
	Kind      Kind
	File      string
	Line, Col int
	Value     string // of a Scalar
	Quoted    bool   // the scalar was quoted, or a block with | or >
	Block     bool   // the scalar was a block
	Joined    bool   // the scalar stands unquoted on several lines, which YAML joins by blanks
	Comment   string // at the end of the line, with its #
	Entries   []Entry
	Items     []*Node

	lines []string
}

// Entry is a key of a Map with its value, in the order of the file.
type Entry struct{ Key, Value *Node }

// At makes a problem at the node, with a hint if there is one.
func (n *Node) At(severity Severity, text lang.Text, hint ...lang.Text) Problem {
	p := Problem{File: n.File, Line: n.Line, Col: n.Col, Severity: severity, Text: text, Hint: one(hint), Width: 1}
	if n.Kind == Scalar {
		p.Width = max(len([]rune(firstLine(n.Value))), 1)
		if n.Quoted && !n.Block {
			p.Width += 2
		}
	}
	if n.Line >= 1 && n.Line <= len(n.lines) {
		p.Excerpt = n.lines[n.Line-1]
		if rest := len([]rune(p.Excerpt)) - (n.Col - 1); p.Width > rest {
			p.Width = max(rest, 1)
		}
	}
	return p
}

// Inside makes a problem at a part of a scalar, which starts at byte offset in
// Value and is length bytes long. Where the text on the line is not the value, as
// in blocks, it marks the scalar.
func (n *Node) Inside(severity Severity, offset, length int, text lang.Text, hint ...lang.Text) Problem {
	p := n.At(severity, text, hint...)
	if n.Kind != Scalar || offset > len(n.Value) || length < 0 || offset+length > len(n.Value) {
		return p
	}
	part := n.Value[offset : offset+length]
	if n.Block || strings.Contains(n.Value[:offset], "\n") {
		line := n.Line + 1 + strings.Count(n.Value[:offset], "\n")
		if line > len(n.lines) {
			return p
		}
		if at := strings.Index(n.lines[line-1], part); at >= 0 {
			p.Line, p.Excerpt = line, n.lines[line-1]
			p.Col = len([]rune(p.Excerpt[:at])) + 1
			p.Width = max(len([]rune(part)), 1)
		}
		return p
	}
	from := n.Col - 1
	if n.Quoted {
		from++
	}
	line := []rune(p.Excerpt)
	start := from + len([]rune(n.Value[:offset]))
	if want := []rune(part); start+len(want) <= len(line) && string(line[start:start+len(want)]) == part {
		p.Col, p.Width = start+1, max(len(want), 1)
	}
	return p
}

// one is the hint of those that may be left out.
func one(hint []lang.Text) lang.Text {
	if len(hint) == 0 {
		return lang.Text{}
	}
	return hint[0]
}

// Before gives what stands on the line before the node.
func (n *Node) Before() string {
	if n.Line < 1 || n.Line > len(n.lines) {
		return ""
	}
	line := []rune(n.lines[n.Line-1])
	return string(line[:min(max(n.Col-1, 0), len(line))])
}

// Written gives the line with another text in the place of a scalar that stands on
// it without quotes; "" for any other node.
func (n *Node) Written(instead string) string {
	if n.Kind != Scalar || n.Quoted || n.Joined || n.Line < 1 || n.Line > len(n.lines) {
		return ""
	}
	line := []rune(n.lines[n.Line-1])
	from, value := n.Col-1, []rune(n.Value)
	if from < 0 || from+len(value) > len(line) || string(line[from:from+len(value)]) != n.Value {
		return ""
	}
	return string(line[:from]) + instead + string(line[from+len(value):])
}

// Uncommented gives the line with the comment at its end as part of the quoted value;
// "" if there is none, or the value is quoted.
func (n *Node) Uncommented() string {
	if n.Quoted || n.Line < 1 || n.Line > len(n.lines) || n.Comment == "" || n.Kind != Scalar && n.Kind != Null {
		return ""
	}
	line := n.lines[n.Line-1]
	head, ok := strings.CutSuffix(strings.TrimRight(line, " "), n.Comment)
	if !ok {
		return ""
	}
	if n.Kind == Null {
		return strings.TrimRight(head, " ") + " " + strconv.Quote(n.Comment)
	}
	at := strings.LastIndex(head, n.Value)
	if at < 0 || strings.TrimRight(head[at:], " ") != n.Value {
		return ""
	}
	return head[:at] + strconv.Quote(strings.TrimRight(line, " ")[at:])
}

// Get gives the value of a key of a Map, nil if it is not there.
func (n *Node) Get(key string) *Node {
	if n == nil || n.Kind != Map {
		return nil
	}
	for _, e := range n.Entries {
		if e.Key.Value == key {
			return e.Value
		}
	}
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
