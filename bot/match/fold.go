// Package match decides whether an event meets conditions: it folds texts, reads
// the `when` blocks of rules and plugins, and matches them. It is pure; the time
// comes in with the event. Everything compiled is immutable and safe for
// concurrent use.
package match

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Folding says which differences between texts do not count.
type Folding struct {
	Width     bool // compatibility forms: Ａ A, ① 1, … ...
	Case      bool
	Space     bool // runs of blanks, and any blank beside a Han character
	Invisible bool // zero-width and variation signs
}

// DefaultFolding is what rules compare with unless they say otherwise.
var DefaultFolding = Folding{Width: true, Case: true, Space: true, Invisible: true}

// Exact compares texts as typed, but for signs that nobody sees.
var Exact = Folding{Invisible: true}

// Fold prepares a text for comparison. Folding twice changes nothing more.
func (f Folding) Fold(s string) string {
	if f.Invisible {
		s = dropInvisible(s)
	}
	if f.Width || f.Case {
		s = f.letters(s)
	}
	if f.Space {
		s = foldSpace(s)
	}
	return s
}

// letters folds width and case. Most texts need at most lower-case ASCII.
func (f Folding) letters(s string) string {
	simple, same := true, true
	for _, r := range s {
		switch {
		case r >= 'A' && r <= 'Z':
			same = same && !f.Case
		case r < utf8.RuneSelf, r >= 0x4e00 && r <= 0x9fff, r == '。', r == '、':
		default:
			simple = false
		}
	}
	if simple && same {
		return s
	}
	if simple {
		return strings.ToLower(s)
	}
	// Folding case can undo normalisation and the other way round, so both are
	// repeated until nothing changes; two rounds are enough but for a few signs.
	for range 4 {
		before := s
		if f.Width {
			s = norm.NFKC.String(s)
		}
		if f.Case {
			s = cases.Fold().String(s)
		}
		if f.Invisible {
			s = dropInvisible(s)
		}
		if s == before {
			break
		}
	}
	return s
}

func invisible(r rune) bool {
	switch {
	case r == 0x00ad, r >= 0x200b && r <= 0x200f, r == 0x2060, r >= 0xfe00 && r <= 0xfe0f, r == 0xfeff:
		return true
	}
	return false
}

func dropInvisible(s string) string {
	if strings.IndexFunc(s, invisible) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, s)
}

func isHan(r rune) bool { return r >= 0x3007 && unicode.Is(unicode.Han, r) }

// foldSpace trims, joins blanks, and drops those beside a Han character.
func foldSpace(s string) string {
	if strings.IndexFunc(s, unicode.IsSpace) < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	last, blank := rune(-1), false
	for _, r := range s {
		if unicode.IsSpace(r) {
			blank = last >= 0
			continue
		}
		if blank && !isHan(last) && !isHan(r) {
			b.WriteByte(' ')
		}
		blank = false
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

// trimEnd cuts what people put after a word without meaning anything by it; for
// `exact`.
func trimEnd(s string) string { return strings.TrimRight(s, "。！？!?.~…，, ") }
