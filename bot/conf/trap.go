package conf

import (
	"fmt"
	"regexp"
	"strings"
)

// The slips that beginners make, and that the YAML library reports badly. Each is
// looked for only after the file was found to be no YAML.
var (
	keyLine      = regexp.MustCompile(`^(\s*(?:- +)*)([\p{L}\p{N}_]+)(\s*):(.*)$`)
	wideColon    = regexp.MustCompile(`^\s*(?:- +)*([\p{L}\p{N}_]+)\s*：`)
	noSpace      = regexp.MustCompile(`^\s*(?:- +)*([\p{L}_][\p{L}\p{N}_]*):([^\s/].*)$`)
	afterQuote   = regexp.MustCompile(`^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*[^\s#,}\]]`)
	placeholderO = regexp.MustCompile(`^\{\{?\s*([\p{L}\p{N}_]+)\s*\}\}?`)
)

func trap(name string, lines []string) (Problem, bool) {
	block := -1 // indentation of the key whose block text is being passed over
	for i, l := range lines {
		trimmed := strings.TrimLeft(l, " ")
		indent := len(l) - len(trimmed)
		if trimmed == "" {
			continue
		}
		if block >= 0 {
			if indent > block {
				continue
			}
			block = -1
		}
		if strings.HasPrefix(trimmed, "#") {
			continue
		}
		if p, ok := lineTrap(name, lines, i); ok {
			return p, true
		}
		if m := keyLine.FindStringSubmatch(l); m != nil {
			if v := strings.TrimSpace(m[4]); strings.HasPrefix(v, "|") || strings.HasPrefix(v, ">") {
				block = indent
			}
		}
	}
	return Problem{}, false
}

func lineTrap(name string, lines []string, i int) (Problem, bool) {
	l := lines[i]
	if m := wideColon.FindStringSubmatchIndex(l); m != nil {
		word := l[m[2]:m[3]]
		col := len([]rune(l[:m[1]]))
		return at(name, lines, i+1, col, 1, fmt.Sprintf("full-width colon ： after %q", word), "use : and a space"), true
	}
	m := keyLine.FindStringSubmatchIndex(l)
	if m == nil {
		return itemTrap(name, lines, i)
	}
	value := l[m[8]:m[9]]
	text := strings.TrimLeft(value, " ")
	at0 := m[8] + len(value) - len(text)
	if text != "" && !strings.HasPrefix(value, " ") && noSpace.MatchString(l) {
		col := len([]rune(l[:m[8]]))
		return at(name, lines, i+1, col, 1, fmt.Sprintf("no space after the colon of %q", l[m[4]:m[5]]), "use : and a space"), true
	}
	return valueTrap(name, lines, i, at0)
}

// itemTrap looks at an item of a list that is a plain text.
func itemTrap(name string, lines []string, i int) (Problem, bool) {
	l := lines[i]
	trimmed := strings.TrimLeft(l, " ")
	if !strings.HasPrefix(trimmed, "- ") {
		return Problem{}, false
	}
	text := strings.TrimLeft(trimmed[1:], " ")
	return valueTrap(name, lines, i, len(l)-len(text))
}

// valueTrap looks at the text of a value, which starts at a byte of the line.
func valueTrap(name string, lines []string, i, from int) (Problem, bool) {
	l := lines[i]
	text := l[from:]
	if text == "" {
		return Problem{}, false
	}
	col := len([]rune(l[:from])) + 1
	problem := func(width int, what, hint string) (Problem, bool) {
		return at(name, lines, i+1, col, width, what, hint), true
	}
	quoted := fmt.Sprintf("%q", strings.TrimSpace(text))
	switch text[0] {
	case '{':
		if m := placeholderO.FindStringSubmatch(text); m != nil {
			return problem(len([]rune(m[0])), `a text starting with "{" needs quotes`, fmt.Sprintf("the placeholder is ${%s}", m[1]))
		}
		if !balanced(text, '{', '}') {
			return problem(1, `a text starting with "{" needs quotes`, quoted)
		}
	case '[':
		if end := strings.LastIndexByte(text, ']'); end < 0 || strings.TrimSpace(stripComment(text[end+1:])) != "" {
			return problem(1, `a text starting with "[" needs quotes`, quoted)
		}
	case '@', '`', '%':
		return problem(1, fmt.Sprintf("a text starting with %q needs quotes", text[:1]), quoted)
	case '*', '&', '!':
		return problem(1, fmt.Sprintf("a text starting with %q needs quotes", text[:1]), quoted)
	case '"', '\'':
		if loc := afterQuote.FindStringIndex(text); loc != nil {
			col += len([]rune(text[:loc[1]])) - 1
			return problem(1, "text after a closing quote", "put all of the text into the quotes")
		}
		return Problem{}, false
	case '|', '>':
		return Problem{}, false
	}
	if j := strings.Index(text, ": "); j > 0 && text[0] != '{' && text[0] != '[' {
		col += len([]rune(text[:j]))
		return problem(1, `a text with ": " needs quotes`, quoted)
	}
	return Problem{}, false
}

func stripComment(s string) string {
	if before, _, ok := strings.Cut(s, " #"); ok {
		return before
	}
	return s
}

func balanced(s string, open, closing rune) bool {
	n := 0
	for _, r := range s {
		switch r {
		case open:
			n++
		case closing:
			n--
		}
	}
	return n == 0
}
