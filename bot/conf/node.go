// Package conf reads YAML files that people write by hand: every value keeps its
// place and the way it was written, and mistakes are told with the line, a mark
// and a hint. It is the only package that knows the YAML library.
package conf

import (
	"strings"
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

// At makes a problem at the node.
func (n *Node) At(severity Severity, text, hint string) Problem {
	p := Problem{File: n.File, Line: n.Line, Col: n.Col, Severity: severity, Text: text, Hint: hint, Width: 1}
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
func (n *Node) Inside(severity Severity, offset, length int, text, hint string) Problem {
	p := n.At(severity, text, hint)
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
