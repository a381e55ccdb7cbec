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
	// Traditional: traditional characters are their simplified forms. A table of
	// some hundred kilobytes is made for it.
	Traditional bool
}

// DefaultFolding is what rules compare with unless they say otherwise, and plugins
// always: how a plugin behaves hangs on no setting of a file it does not know.
var DefaultFolding = Folding{Width: true, Case: true, Space: true, Invisible: true}

// Exact compares texts as typed, but for signs that nobody sees.
var Exact = Folding{Invisible: true}

// Fold prepares a text for comparison. Folding twice changes nothing more. A text
// that is folded already costs no allocation, an ordinary Chinese or English one
// costs one.
func (f Folding) Fold(s string) string {
	var buf [256]byte
	out, ok := f.plain(buf[:0], s)
	if !ok {
		out = append(buf[:0], f.full(s)...)
	}
	if f.Traditional {
		out = simplify(out)
	}
	switch {
	case string(out) == s:
		return s
	}
	return string(out)
}

// append is Fold into a buffer, after what is there.
func (f Folding) append(dst []byte, s string) []byte {
	out, ok := f.plain(dst, s)
	if !ok {
		out = append(dst, f.full(s)...)
	}
	if f.Traditional {
		return append(dst, simplify(out[len(dst):])...)
	}
	return out
}

// plain folds in one pass a text that is made of ordinary characters only: none of
// them joins with its neighbours, so each is folded by itself. ok is false for any
// other text.
func (f Folding) plain(dst []byte, s string) (out []byte, ok bool) {
	last, blank := rune(-1), false
	for i := 0; i < len(s); {
		if n := leadingHan(s[i:]); n > 0 {
			dst = append(dst, s[i:i+n]...)
			last, blank = firstHan, false
			i += n
			continue
		}
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		i += size
		switch {
		case r < utf8.RuneSelf:
			if f.Case && 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
		case f.Width && 0xff01 <= r && r <= 0xff5e: // ！ to ～
			if r -= 0xff01 - '!'; f.Case && 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
		case isOrdinary(r):
		case f.Width && r == 0x3000: // the blank as wide as a Han character
			r = ' '
		case f.Invisible && invisible(r):
			continue
		default:
			return dst, false
		}
		if f.Space {
			if r == ' ' || '\t' <= r && r <= '\r' { // no other blank comes here
				blank = last >= 0
				continue
			}
			if blank && !isHan(last) && !isHan(r) {
				dst = append(dst, ' ')
			}
			last, blank = r, false
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst, true
}

const firstHan, lastHan = 0x4e00, 0x9fff // of the block that nearly all are in

// leadingHan is how many bytes of Han characters a text begins with. They are most
// of Chinese, and folding leaves them as they are.
func leadingHan(s string) int {
	n := 0
	for n+2 < len(s) && 0xe4 <= s[n] && s[n] <= 0xe9 && s[n+1]&0xc0 == 0x80 && s[n+2]&0xc0 == 0x80 &&
		(s[n] > 0xe4 || s[n+1] >= 0xb8) {
		n += 3
	}
	return n
}

// isOrdinary reports whether r, which is no ASCII, is its own folded form and joins
// with no neighbour.
func isOrdinary(r rune) bool {
	switch {
	case firstHan <= r && r <= lastHan:
	case 0x3001 <= r && r <= 0x3003, 0x3008 <= r && r <= 0x3011: // 、。〃 and brackets
	case 0x2018 <= r && r <= 0x2019, 0x201c <= r && r <= 0x201d, r == 0x2014: // quotes, dash
	case 0x1f300 <= r && r <= 0x1f64f, 0x1f900 <= r && r <= 0x1f9ff: // emoji
	default:
		return false
	}
	return true
}

// full folds any text.
func (f Folding) full(s string) string {
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

// letters folds width and case.
func (f Folding) letters(s string) string {
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

func isHan(r rune) bool {
	return firstHan <= r && r <= lastHan || r >= 0x2e80 && unicode.Is(unicode.Han, r)
}

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
func trimEnd(s string) string { return strings.TrimRight(s, trailing) }

const trailing = "。！？!?.~…，, "
