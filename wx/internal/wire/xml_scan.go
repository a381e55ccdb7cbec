package wire

import (
	"encoding/xml"
	"strconv"
	"strings"
	"unicode/utf8"
)

// xmlScanner reads elements out of text that is more or less XML. The decoder of
// encoding/xml is no help here: even when told not to be strict it ends at the
// first stray '<', control character or odd comment, and what follows is lost.
// What cannot be a tag is text. It takes time in proportion to the text.
type xmlScanner struct {
	rest  string
	open  []*Element // from the root down to where text goes now
	nodes int
	deep  int // open elements beyond xmlDepth
	// unclosed marks a kind of quote that does not occur any more, so that it is
	// searched for once.
	unclosed [2]bool
}

// parseXML gives the first element of a text, nil if there is none.
func parseXML(text string) *Element {
	root := &Element{}
	s := xmlScanner{rest: text, open: []*Element{root}}
	for s.rest != "" && s.nodes < xmlNodes && s.next() {
	}
	if len(root.children) == 0 {
		return nil
	}
	return root.children[0]
}

func (s *xmlScanner) top() *Element { return s.open[len(s.open)-1] }

func (s *xmlScanner) addText(text string) { s.top().text.WriteString(text) }

// next reads one piece. It reports false where what is left is a piece that was
// cut off.
func (s *xmlScanner) next() bool {
	if s.rest[0] != '<' {
		n := strings.IndexByte(s.rest, '<')
		if n < 0 {
			n = len(s.rest)
		}
		s.addText(expandEntities(s.rest[:n]))
		s.rest = s.rest[n:]
		return true
	}
	switch {
	case strings.HasPrefix(s.rest, "<!--"):
		return s.skipPast("-->")
	case strings.HasPrefix(s.rest, "<![CDATA["):
		text, rest, _ := strings.Cut(s.rest[len("<![CDATA["):], "]]>")
		s.addText(text)
		s.rest = rest
		return true
	case strings.HasPrefix(s.rest, "<!"), strings.HasPrefix(s.rest, "<?"):
		return s.skipPast(">")
	case strings.HasPrefix(s.rest, "</"):
		name, rest, ok := strings.Cut(s.rest[2:], ">")
		s.close(strings.TrimSpace(name))
		s.rest = rest
		return ok
	case len(s.rest) > 1 && isNameByte(s.rest[1]):
		return s.tag()
	}
	s.addText("<")
	s.rest = s.rest[1:]
	return true
}

func (s *xmlScanner) skipPast(end string) bool {
	_, rest, ok := strings.Cut(s.rest, end)
	s.rest = rest
	return ok
}

// tag reads a start tag. If another '<' comes before its end it is none, and its
// own '<' is text.
func (s *xmlScanner) tag() bool {
	e := &Element{}
	e.Name, _ = cutName(s.rest[1:])
	at := s.rest[1+len(e.Name):]
	for {
		at = strings.TrimLeft(at, " \t\r\n")
		switch {
		case at == "":
			return false
		case at[0] == '<':
			s.addText("<")
			s.rest = s.rest[1:]
			return true
		case at[0] == '>':
			s.start(e, false)
			s.rest = at[1:]
			return true
		case strings.HasPrefix(at, "/>"):
			s.start(e, true)
			s.rest = at[2:]
			return true
		}
		at = s.attr(e, at)
	}
}

// attr reads an attribute at the beginning of a text and gives what follows, which
// is always shorter.
func (s *xmlScanner) attr(e *Element, at string) string {
	name, rest := cutName(at)
	if name == "" {
		return at[1:] // a stray sign
	}
	after, ok := strings.CutPrefix(strings.TrimLeft(rest, " \t\r\n"), "=")
	if !ok {
		return rest
	}
	value, after := s.value(strings.TrimLeft(after, " \t\r\n"))
	e.attrs = append(e.attrs, attr{name, expandEntities(value)})
	return after
}

// value reads what follows the sign of equality: in quotes, or up to the next blank
// or the end of the tag.
func (s *xmlScanner) value(at string) (value, rest string) {
	if at == "" {
		return "", ""
	}
	if quote := at[0]; quote == '"' || quote == '\'' {
		kind := 0
		if quote == '\'' {
			kind = 1
		}
		if !s.unclosed[kind] {
			if n := strings.IndexByte(at[1:], quote); n >= 0 {
				return at[1 : 1+n], at[2+n:]
			}
			s.unclosed[kind] = true
		}
		at = at[1:]
	}
	n := strings.IndexAny(at, " \t\r\n<>")
	if n < 0 {
		return at, ""
	}
	// The slash of "/>" is not part of it.
	if at[n] == '>' && n > 0 && at[n-1] == '/' {
		n--
	}
	return at[:n], at[n:]
}

func (s *xmlScanner) start(e *Element, closed bool) {
	s.nodes++
	parent := s.top()
	if len(s.open) > xmlDepth {
		if !closed {
			s.deep++
		}
		return
	}
	parent.children = append(parent.children, e)
	if !closed {
		s.open = append(s.open, e)
	}
}

// close closes the nearest element of the name; an end that closes nothing is
// passed over.
func (s *xmlScanner) close(name string) {
	if s.deep > 0 {
		s.deep--
		return
	}
	for i := len(s.open) - 1; i > 0; i-- {
		if strings.EqualFold(s.open[i].Name, name) {
			s.open = s.open[:i]
			return
		}
	}
}

// isNameByte tells what a name begins with. Letters of other scripts do not begin
// one: <笑脸> is an old face, and text.
func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
}

func cutName(s string) (name, rest string) {
	n := 0
	for n < len(s) && (isNameByte(s[n]) || s[n] >= '0' && s[n] <= '9' || s[n] == '-' || s[n] == '.' || s[n] == ':') {
		n++
	}
	return s[:n], s[n:]
}

// expandEntities expands entities once. An ampersand that begins none stays.
func expandEntities(s string) string {
	if !strings.Contains(s, "&") {
		return s
	}
	var b strings.Builder
	for {
		before, after, ok := strings.Cut(s, "&")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		const longest = 10
		if n := strings.IndexByte(after[:min(len(after), longest)], ';'); n > 0 {
			if text, ok := entity(after[:n]); ok {
				b.WriteString(text)
				s = after[n+1:]
				continue
			}
		}
		b.WriteByte('&')
		s = after
	}
}

func entity(name string) (string, bool) {
	switch name {
	case "lt":
		return "<", true
	case "gt":
		return ">", true
	case "amp":
		return "&", true
	case "quot":
		return `"`, true
	case "apos":
		return "'", true
	case "nbsp":
		return " ", true
	}
	digits, numeric := strings.CutPrefix(name, "#")
	if !numeric {
		text, ok := xml.HTMLEntity[name]
		return text, ok
	}
	base := 10
	if hex, ok := strings.CutPrefix(strings.ToLower(digits), "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	switch {
	case err != nil:
		return "", false
	case n == 0 || n > utf8.MaxRune || !utf8.ValidRune(rune(n)):
		return "\uFFFD", true
	}
	return string(rune(n)), true
}
