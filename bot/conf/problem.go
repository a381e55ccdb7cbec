package conf

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/width"

	"wxbot/bot/lang"
)

// Severity says whether a problem keeps a file from being used.
type Severity int

// The severities.
const (
	Error Severity = iota
	Warning
)

// Problem is something wrong in a file, with its place.
type Problem struct {
	File     string
	Line     int // from 1; 0 if it is about the file as a whole
	Col      int // from 1, in characters
	Width    int // characters to be marked, at least 1
	Severity Severity
	Text     lang.Text // what is wrong
	Hint     lang.Text // what to write instead; may be empty
	Excerpt  string    // the line
	// Mended is the line as it was surely meant; "" if a person must decide.
	Mended string
}

// Mend puts the mended lines of a file's problems into it, one for each line, and
// tells how many. Lines that are not what the problems were found in are left alone.
func Mend(name string, src []byte, problems []Problem) (out []byte, mended int) {
	lines := strings.Split(string(src), "\n")
	done := map[int]bool{}
	for _, p := range problems {
		if p.File != name || p.Mended == "" || p.Mended == p.Excerpt || p.Line < 1 || p.Line > len(lines) || done[p.Line] {
			continue
		}
		old := lines[p.Line-1]
		body := strings.TrimSuffix(old, "\r")
		head := ""
		if p.Line == 1 {
			if rest, marked := strings.CutPrefix(body, "\ufeff"); marked {
				head, body = "\ufeff", rest
			}
		}
		if body != p.Excerpt {
			continue
		}
		end := strings.TrimPrefix(old, head+body)
		lines[p.Line-1] = head + p.Mended + end
		done[p.Line] = true
	}
	return []byte(strings.Join(lines, "\n")), len(done)
}

// String gives the problem in English, for logs.
func (p Problem) String() string { return p.In(lang.English) }

// In gives the problem as an editor and a person expect it: place and text, the
// line, and a mark below it with the hint. The mark is placed by display width, in
// which a Han character counts two.
func (p Problem) In(l lang.Language) string {
	var b strings.Builder
	b.WriteString(p.Place())
	b.WriteString(": ")
	text := p.Text
	if p.Severity == Warning {
		text = lang.T("warning: %s", text)
	}
	b.WriteString(text.In(l))
	if p.Excerpt == "" {
		if !p.Hint.IsZero() {
			b.WriteString("\n  " + lang.T("hint: %s", p.Hint).In(l))
		}
		return b.String()
	}
	number := fmt.Sprint(p.Line)
	line, from, to := p.excerpt()
	fmt.Fprintf(&b, "\n  %s | %s\n", number, strings.ReplaceAll(string(line), "\t", " "))
	mark := max(DisplayWidth(string(line[from:to])), 1)
	fmt.Fprintf(&b, "  %s | %s%s", strings.Repeat(" ", len(number)),
		strings.Repeat(" ", DisplayWidth(string(line[:from]))), strings.Repeat("^", mark))
	if !p.Hint.IsZero() {
		b.WriteString(" " + p.Hint.In(l))
	}
	return b.String()
}

// Plain gives what is wrong, and what to write instead, in one text without a place.
func (p Problem) Plain() lang.Text {
	if p.Hint.IsZero() {
		return p.Text
	}
	return lang.List(p.Text, p.Hint)
}

// excerptMost is how many characters of a line are shown; excerptBefore how many
// of them stand before the mark in a longer line.
const (
	excerptMost   = 120
	excerptBefore = 40
)

// excerpt gives the line, or the part of a long one around the mark, and what of
// it is marked.
func (p Problem) excerpt() (line []rune, from, to int) {
	line = []rune(p.Excerpt)
	from = min(max(p.Col-1, 0), len(line))
	to = min(from+max(p.Width, 1), len(line))
	if len(line) <= excerptMost {
		return line, from, to
	}
	var out []rune
	start := 0
	if from > excerptBefore {
		start = from - excerptBefore
		out = append(out, '…')
	}
	end := min(start+excerptMost, len(line))
	shift := len(out) - start
	out = append(out, line[start:end]...)
	if end < len(line) {
		out = append(out, '…')
	}
	return out, from + shift, min(to, end) + shift
}

// Place is file:line:col, as far as it is known.
func (p Problem) Place() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// DisplayWidth is how many cells a terminal needs for a text.
func DisplayWidth(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case r == 0x200b || r == 0x200d || r >= 0xfe00 && r <= 0xfe0f:
		case r >= 0x1f300 && r <= 0x1faff:
			n += 2
		default:
			switch width.LookupRune(r).Kind() {
			case width.EastAsianWide, width.EastAsianFullwidth:
				n += 2
			case width.Neutral, width.EastAsianAmbiguous, width.EastAsianNarrow, width.EastAsianHalfwidth:
				n++
			}
		}
	}
	return n
}

// Sort orders problems by their places.
func Sort(ps []Problem) {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
}

// HasErrors reports whether a problem is more than a warning.
func HasErrors(ps []Problem) bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return p.Severity == Error })
}

// Suggest gives the one of some words that was probably meant, "" if none is near.
func Suggest(got string, words []string) string {
	best, bestAt := "", 3
	for _, w := range words {
		d := distance([]rune(strings.ToLower(got)), []rune(w))
		limit := 2
		if n := len([]rune(w)); n <= 4 {
			limit = 1
		}
		if d <= limit && d < bestAt {
			best, bestAt = w, d
		}
	}
	return best
}

// distance counts edits: insertions, deletions, substitutions, and neighbours
// that changed places (Damerau-Levenshtein, optimal string alignment).
func distance(a, b []rune) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// DidYouMean is the hint that another word was probably meant; no hint if it is "".
func DidYouMean(word string) lang.Text {
	if word == "" {
		return lang.Text{}
	}
	return lang.T("did you mean %q?", word)
}
