package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"wxbot/bot/conf"
	"wxbot/bot/lang"
)

// template is a text with placeholders, read once and filled in one pass: what is
// put in is never looked at again.
type template []piece

type piece struct {
	text     string // literal, if name is ""
	name     string
	fallback string
	query    bool // inside a URL: what is put in is escaped for a query
}

func (t template) literal() (string, bool) {
	switch len(t) {
	case 0:
		return "", true
	case 1:
		return t[0].text, t[0].name == ""
	}
	return "", false
}

// fill puts the values in. value gives "" for what is empty.
func (t template) fill(value func(name string) string) string {
	if s, ok := t.literal(); ok {
		return s
	}
	var b strings.Builder
	for _, p := range t {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		v := value(p.name)
		if v == "" {
			v = p.fallback
		}
		if p.query {
			v = queryEscape(v)
		}
		b.WriteString(v)
	}
	return b.String()
}

// queryEscape keeps what is put into a URL from being more than a value.
func queryEscape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-_.~", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// foreign are placeholders as other programs write them; one with the name of a
// placeholder, of this event or not, is an error, since nobody is to be greeted as
// “{昵称}”.
var foreign = regexp.MustCompile(`\{\{\s*([\p{L}\p{N}_]+)\s*\}\}|\{\s*([\p{L}\p{N}_]+)\s*\}|%([\p{L}\p{N}_]+)%|\$([\p{L}_][\p{L}\p{N}_]*)`)

// readTemplate reads a text. known are the names that exist where it stands, from
// spelling to name.
func readTemplate(n *conf.Node, known map[string]string) (template, []conf.Problem) {
	var out template
	var problems []conf.Problem
	s := n.Value
	literal := func(from, to int) {
		if from < to {
			text := s[from:to]
			problems = append(problems, foreignIn(n, from, text, known)...)
			out = append(out, piece{text: text})
		}
	}
	from := 0
	for i := 0; i < len(s); {
		switch {
		case strings.HasPrefix(s[i:], "$${"):
			literal(from, i)
			out = append(out, piece{text: "${"})
			i += 3
			from = i
		case strings.HasPrefix(s[i:], "${"):
			literal(from, i)
			end := strings.IndexByte(s[i:], '}')
			if end < 0 {
				problems = append(problems, n.Inside(conf.Error, i, len(s)-i, lang.T(`"${" without "}"`), lang.T(`a literal "${" is written "$${"`)))
				return out, problems
			}
			name, fallback, _ := strings.Cut(s[i+2:i+end], "|")
			p, problem := placeholder(n, i+2, strings.TrimSpace(name), known)
			if problem != nil {
				problems = append(problems, *problem)
			}
			p.fallback = fallback
			p.query = inURL(s[:i])
			out = append(out, p)
			i += end + 1
			from = i
		default:
			i++
		}
	}
	literal(from, len(s))
	return out, problems
}

func placeholder(n *conf.Node, at int, name string, known map[string]string) (piece, *conf.Problem) {
	if canonical, ok := known[name]; ok {
		return piece{name: canonical}, nil
	}
	var hint lang.Text
	words := make([]string, 0, len(known))
	for w := range known {
		words = append(words, w)
	}
	if s := conf.Suggest(name, sorted(words)); s != "" {
		hint = conf.DidYouMean(s)
	} else if _, exists := conf.Spelled(placeholderWords, name); exists {
		hint = lang.T("it has no meaning for this event")
	}
	p := n.Inside(conf.Error, at, len(name), lang.T("unknown placeholder %q", name), hint)
	return piece{text: ""}, &p
}

func foreignIn(n *conf.Node, at int, text string, known map[string]string) []conf.Problem {
	var out []conf.Problem
	for _, m := range foreign.FindAllStringSubmatchIndex(text, -1) {
		for g := 2; g < len(m); g += 2 {
			if m[g] < 0 {
				continue
			}
			name := text[m[g]:m[g+1]]
			if !foreignName(name, known) {
				continue
			}
			written := text[m[0]:m[1]]
			hint := lang.T("the placeholder is ${%s}", name)
			if _, here := known[name]; !here {
				hint = lang.Text{}
				if here := eventPlaceholders(known); here != "" {
					hint = lang.T("placeholders here: %s", here)
				}
			}
			out = append(out, n.Inside(conf.Error, at+m[0], len(written), lang.T("%s is sent as it stands", written), hint))
		}
	}
	return out
}

// foreignWords are what other programs call people; here no placeholder has these
// names.
var foreignWords = []string{"name", "nick", "user", "username", "member", "姓名", "名字", "名称", "用户", "用户名", "用户昵称", "新成员", "成员"}

// foreignName tells whether a word between foreign brackets was meant as a
// placeholder.
func foreignName(word string, known map[string]string) bool {
	if unicode.IsDigit([]rune(word)[0]) {
		return false
	}
	if _, ok := known[word]; ok || slices.Contains(foreignWords, word) {
		return true
	}
	_, ok := conf.Spelled(placeholderWords, word)
	return ok
}

// eventPlaceholders lists the placeholders that tell of the event, in the order of
// the table.
func eventPlaceholders(known map[string]string) string {
	var out []string
	for _, w := range placeholderWords {
		if _, ok := known[w.Name()]; ok && !slices.Contains(commonWords, w.Name()) {
			out = append(out, "${"+w.Name()+"}")
		}
	}
	return strings.Join(out, " ")
}

// inURL tells whether a text ends inside a URL.
func inURL(before string) bool {
	i := max(strings.LastIndex(before, "http://"), strings.LastIndex(before, "https://"))
	return i >= 0 && strings.IndexFunc(before[i:], func(r rune) bool {
		return unicode.IsSpace(r) || r == '，' || r == '。' || unicode.Is(unicode.Han, r)
	}) < 0
}
