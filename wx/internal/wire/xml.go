package wire

import (
	"strconv"
	"strings"
)

// The limits of a body: what is beyond them is cut off, not an error.
const (
	xmlBytes = 1 << 20
	xmlDepth = 32
	xmlNodes = 10_000
)

// Element is an element of a message body. A nil Element is one that is not
// there: its methods give zero values.
type Element struct {
	Name     string
	attrs    []attr
	text     strings.Builder
	children []*Element
}

type attr struct{ name, value string }

// ParseBody reads the XML of a Content, escaped or not, as leniently as it can
// (section 12.2): whatever is broken in one place costs only that place. Names and
// texts in it come out decoded. A body that is no XML, such as the text that
// stands for kinds unknown to the web, is nil.
//
// A <br/> is what the server makes of a line end, so it becomes one again: between
// elements that means nothing, and a quoted reply keeps its lines.
func ParseBody(content string) *Element {
	if len(content) > xmlBytes {
		content = content[:xmlBytes]
	}
	content = decodeEmoji(content)
	content = strings.ReplaceAll(content, "<br/>", "\n")
	// Some bodies are escaped twice.
	for range 2 {
		raw, esc := strings.IndexByte(content, '<'), strings.Index(content, "&lt;")
		if esc < 0 && raw < 0 {
			esc = strings.Index(content, "&amp;lt;")
		}
		if esc < 0 || raw >= 0 && raw < esc {
			break
		}
		content = unescape(content)
	}
	raw := strings.IndexByte(content, '<')
	if raw < 0 {
		return nil
	}
	return parseXML(strings.ToValidUTF8(content[raw:], "\uFFFD"))
}

// At follows a path of element names down, the first of each name; nil if there
// is no such element.
func (e *Element) At(path ...string) *Element {
	for _, name := range path {
		e = e.child(name)
	}
	return e
}

func (e *Element) child(name string) *Element {
	if e == nil {
		return nil
	}
	for _, c := range e.children {
		if strings.EqualFold(c.Name, name) {
			return c
		}
	}
	return nil
}

// All gives the elements of a name right below.
func (e *Element) All(name string) []*Element {
	if e == nil {
		return nil
	}
	var out []*Element
	for _, c := range e.children {
		if strings.EqualFold(c.Name, name) {
			out = append(out, c)
		}
	}
	return out
}

// Text is the text of an element at a path, trimmed.
func (e *Element) Text(path ...string) string {
	at := e.At(path...)
	if at == nil {
		return ""
	}
	return strings.TrimSpace(at.text.String())
}

// Attr is an attribute, "" if it is not there.
func (e *Element) Attr(name string) string {
	if e == nil {
		return ""
	}
	for _, a := range e.attrs {
		if strings.EqualFold(a.name, name) {
			return a.value
		}
	}
	return ""
}

// Int reads a number leniently; 0 if there is none.
func Int(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// Float reads a number leniently; 0 if there is none.
func Float(s string) float64 {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || f != f {
		return 0
	}
	return f
}
