package conf

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"wxbot/bot/lang"
)

// The slips that beginners make, and that the YAML library reports badly. Each is
// looked for only after the file was found to be no YAML.
var (
	keyLine      = regexp.MustCompile(`^(\s*(?:- +)*)([\p{L}\p{N}_]+)(\s*):(.*)$`)
	wideColon    = regexp.MustCompile(`^\s*(?:- +)*([\p{L}\p{N}_]+)\s*：\s*`)
	noSpace      = regexp.MustCompile(`^\s*(?:- +)*([\p{L}_][\p{L}\p{N}_]*):([^\s/].*)$`)
	afterQuote   = regexp.MustCompile(`^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')\s*[^\s#,}\]]`)
	wholeQuote   = regexp.MustCompile(`^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')`)
	placeholderO = regexp.MustCompile(`^\{\{?\s*([\p{L}\p{N}_]+)\s*\}\}?`)
	inFlow       = regexp.MustCompile(`[{\[].*?(\$\{([^}]*)\})`)
	placeholders = regexp.MustCompile(`\$\{([^}]*)\}`)
	blockStart   = regexp.MustCompile(`^(\s*(?:- +)*)([^\s#-].*:\s+)?[|>][-+0-9]*\s*(?:#.*)?$`)
	yamlLine     = regexp.MustCompile(`line (\d+): `)
)

// suspect is a line that looks like a slip, with the line as it was probably meant.
type suspect struct {
	problem Problem
	mended  string
	// sure: it is told of even if mending it alone does not help.
	sure bool
	// guess: mended serves to try only, and is not what was meant.
	guess bool
}

// told is the problem with the line as it was meant.
func (s *suspect) told() *Problem {
	if !s.guess {
		s.problem.Mended = s.mended
	}
	return &s.problem
}

// rereadMost bounds how many bytes are read again to try suspects.
const rereadMost = 1 << 20

// trap finds the slip behind an error. A suspect is believed if the error goes away
// or comes later once the line is mended; full-width colons, for one, are common in
// good texts too.
func trap(name string, lines []string, err error) (Problem, bool) {
	var first *Problem
	size, reread := len(strings.Join(lines, "\n")), 0
	key := -1 // the last line with a key
	for i, l := range outsideBlocks(lines) {
		list := suspects(name, lines, i)
		if m := keyLine.FindStringSubmatch(l); m != nil {
			if key >= 0 {
				list = append(list, misplaced(name, lines, i, key)...)
			}
			key = i
		}
		for _, s := range list {
			if first == nil && s.sure {
				first = s.told()
			}
			if reread += size; reread > max(rereadMost, size) {
				continue
			}
			if better(lines, i, s.mended, err) {
				return *s.told(), true
			}
		}
	}
	if first == nil {
		return Problem{}, false
	}
	return *first, true
}

func better(lines []string, i int, mended string, was error) bool {
	src := make([]string, len(lines))
	copy(src, lines)
	src[i] = mended
	var doc yaml.Node
	err := yaml.NewDecoder(bytes.NewReader([]byte(strings.Join(src, "\n")))).Decode(&doc)
	return err == nil || errors.Is(err, io.EOF) || errorLine(err) > errorLine(was)
}

// errorLine is the line that an error of the library names, 0 if it names none.
func errorLine(err error) int {
	m := yamlLine.FindStringSubmatch(err.Error())
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return n
}

// outsideBlocks gives the lines that are neither empty, nor comments, nor inside a
// block text.
func outsideBlocks(lines []string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		block := -1 // column of the key or dash whose block text is being passed over
		for i, l := range lines {
			trimmed := strings.TrimLeft(l, " ")
			if trimmed == "" || block >= 0 && len(l)-len(trimmed) > block {
				continue
			}
			block = -1
			if strings.HasPrefix(trimmed, "#") {
				continue
			}
			if !yield(i, l) {
				return
			}
			if !strings.ContainsAny(l, "|>") {
				continue
			}
			if m := blockStart.FindStringSubmatch(l); m != nil {
				if block = len(m[1]); m[2] == "" {
					block = strings.LastIndexByte(m[1], '-')
				}
			}
		}
	}
}

func suspects(name string, lines []string, i int) []suspect {
	l := lines[i]
	if m := wideColon.FindStringSubmatchIndex(l); m != nil {
		word := l[m[2]:m[3]]
		col := len([]rune(l[:m[3]])) + len([]rune(l[m[3]:m[1]])) - len([]rune(strings.TrimLeft(l[m[3]:m[1]], " ")))
		return []suspect{{
			problem: at(name, lines, i+1, col+1, 1, lang.T("full-width colon ： after %q", word), lang.T("use : and a space")),
			mended:  l[:m[3]] + ": " + l[m[1]:], sure: true,
		}}
	}
	out := flowPlaceholder(name, lines, i)
	m := keyLine.FindStringSubmatchIndex(l)
	if m == nil {
		if trimmed := strings.TrimLeft(l, " "); strings.HasPrefix(trimmed, "- ") {
			out = append(out, valueSuspects(name, lines, i, len(l)-len(strings.TrimLeft(trimmed[1:], " ")))...)
		}
		return out
	}
	value := l[m[8]:m[9]]
	text := strings.TrimLeft(value, " ")
	if text != "" && !strings.HasPrefix(value, " ") && noSpace.MatchString(l) {
		return append(out, suspect{
			problem: at(name, lines, i+1, len([]rune(l[:m[8]])), 1, lang.T("no space after the colon of %q", l[m[4]:m[5]]), lang.T("use : and a space")),
			mended:  l[:m[8]] + " " + value, sure: true,
		})
	}
	return append(out, valueSuspects(name, lines, i, m[8]+len(value)-len(text))...)
}

// flowPlaceholder finds a placeholder between braces or brackets, where its own
// braces end what they stand in.
func flowPlaceholder(name string, lines []string, i int) []suspect {
	l := lines[i]
	m := inFlow.FindStringSubmatchIndex(l)
	if m == nil {
		return nil
	}
	written := l[m[2]:m[3]]
	return []suspect{{
		problem: at(name, lines, i+1, len([]rune(l[:m[2]]))+1, len([]rune(written)),
			lang.T("a text with %s needs quotes between { } or [ ]", written), lang.Raw(`"…`+written+`…"`)),
		mended: placeholders.ReplaceAllString(l, "$$($1)"), guess: true,
	}}
}

// misplaced finds a key that does not stand below the key of the line before it.
func misplaced(name string, lines []string, i, before int) []suspect {
	l := lines[i]
	trimmed := strings.TrimLeft(l, " ")
	above := keyLine.FindStringSubmatch(lines[before])
	want, have := len(above[1]), len(l)-len(trimmed)
	if want == have || strings.HasPrefix(trimmed, "-") {
		return nil
	}
	word := keyLine.FindStringSubmatch(trimmed)[2]
	return []suspect{{
		problem: at(name, lines, i+1, have+1, len([]rune(word)),
			lang.T("the line is not in line with the one it belongs to"), lang.T("begin it in column %d, below %q of line %d", want+1, above[2], before+1)),
		mended: strings.Repeat(" ", want) + trimmed,
	}}
}

// valueSuspects looks at the text of a value, which starts at a byte of the line.
func valueSuspects(name string, lines []string, i, from int) []suspect {
	l := lines[i]
	text := strings.TrimRight(l[from:], " ")
	if text == "" {
		return nil
	}
	col := len([]rune(l[:from])) + 1
	quoted := quote(text)
	found := func(skip, width int, what, hint lang.Text, mended string, sure bool) []suspect {
		return []suspect{{problem: at(name, lines, i+1, col+skip, width, what, hint), mended: l[:from] + mended, sure: sure, guess: !sure}}
	}
	starting := func(hint lang.Text) []suspect {
		body := stripComment(text)
		return found(0, 1, lang.T(`a text starting with "%s" needs quotes`, text[:1]), hint, quote(body)+text[len(body):], true)
	}
	switch text[0] {
	case '{':
		if m := placeholderO.FindStringSubmatch(text); m != nil {
			said := "${" + m[1] + "}" + text[len(m[0]):]
			return found(0, len([]rune(m[0])), lang.T(`a text starting with "%s" needs quotes`, "{"), lang.T("the placeholder is ${%s}", m[1]), quote(said), true)
		}
		if !balanced(text, '{', '}') {
			return starting(lang.Raw(quoted))
		}
		return nil
	case '[':
		switch end := strings.LastIndexByte(text, ']'); {
		case end < 0:
			return found(0, 1, lang.T(`a list without "]"`), lang.T("end it with ]"), text+"]", false)
		case strings.TrimSpace(stripComment(text[end+1:])) != "":
			return starting(lang.Raw(quoted))
		}
		return nil
	case '@', '`', '%', '*', '&', '!':
		return starting(lang.Raw(quoted))
	case '"', '\'':
		if loc := afterQuote.FindStringIndex(text); loc != nil {
			return found(len([]rune(text[:loc[1]]))-1, 1, lang.T("text after a closing quote"), lang.T("put all of the text into the quotes"), quoted, true)
		}
		if !wholeQuote.MatchString(text) {
			return found(0, 1, lang.T("a quote that is not closed"), lang.T("end the text with %s", text[:1]), text+text[:1], false)
		}
		return nil
	case '?':
		return starting(lang.Raw(quoted))
	case '|', '>':
		if !blockStart.MatchString(text) {
			return starting(lang.Raw(quoted))
		}
		return nil
	case '-':
		if rest := strings.TrimLeft(text[1:], " "); len(rest) < len(text)-1 && rest != "" && !strings.HasPrefix(rest, "#") {
			return starting(lang.Raw(quoted))
		}
		return nil
	}
	if j := strings.Index(text, ": "); j > 0 {
		return found(len([]rune(text[:j])), 1, lang.T(`a text with ": " needs quotes`), lang.Raw(quoted), quoted, true)
	}
	return nil
}

// quote puts a text into quotes. A \n that was typed means the end of a line.
func quote(s string) string { return strings.ReplaceAll(strconv.Quote(s), `\\n`, `\n`) }

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
