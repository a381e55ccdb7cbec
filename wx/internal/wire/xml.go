package wire

import (
	"encoding/xml"
	"io"
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
	attrs    []xml.Attr
	text     strings.Builder
	children []*Element
}

// ParseBody reads the XML of a Content, escaped or not, as leniently as it can
// (section 12.2): raw ampersands, unclosed elements and garbage before the first
// '<' are put up with. The body that is no XML, such as the text that stands for
// kinds unknown to the web, is nil.
func ParseBody(content string) *Element {
	if len(content) > xmlBytes {
		content = content[:xmlBytes]
	}
	content = decodeEmoji(content)
	content = strings.ReplaceAll(content, "<br/>", "")
	raw := strings.IndexByte(content, '<')
	if esc := strings.Index(content, "&lt;"); esc >= 0 && (raw < 0 || esc < raw) {
		content = unescape(content)
		raw = strings.IndexByte(content, '<')
	}
	if raw < 0 {
		return nil
	}
	return parseXML(content[raw:])
}

func parseXML(text string) *Element {
	dec := xml.NewDecoder(strings.NewReader(strings.ToValidUTF8(text, "\uFFFD")))
	dec.Strict = false
	dec.Entity = xml.HTMLEntity
	dec.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	root := &Element{}
	open := []*Element{root}
	for range xmlNodes {
		tok, err := dec.RawToken()
		if err != nil {
			break // what was read until here is what there is
		}
		top := open[len(open)-1]
		switch tok := tok.(type) {
		case xml.StartElement:
			e := &Element{Name: tok.Name.Local, attrs: tok.Copy().Attr}
			top.children = append(top.children, e)
			if len(open) > xmlDepth {
				return root.first()
			}
			open = append(open, e)
		case xml.EndElement:
			// An end closes the nearest element of its name; one that closes
			// nothing is passed over.
			for i := len(open) - 1; i > 0; i-- {
				if open[i].Name == tok.Name.Local {
					open = open[:i]
					break
				}
			}
		case xml.CharData:
			top.text.Write(tok)
		}
	}
	return root.first()
}

func (e *Element) first() *Element {
	if len(e.children) == 0 {
		return nil
	}
	return e.children[0]
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
		if strings.EqualFold(a.Name.Local, name) {
			return a.Value
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
