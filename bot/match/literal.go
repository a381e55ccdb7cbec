package match

import (
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

const (
	literalMost = 16 // characters of a literal
	choicesMost = 64 // literals of an expression
)

// literals gives words of which at least one occurs in every text that a regular
// expression matches, whatever their case; nil if there is no telling.
func literals(expr string) []string {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil
	}
	return required(re)
}

func required(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		return []string{string(re.Rune[:min(len(re.Rune), literalMost)])}
	case syntax.OpCharClass:
		return fewOf(re.Rune)
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return required(re.Sub[0])
		}
	case syntax.OpConcat:
		var best []string
		for _, sub := range re.Sub {
			if l := required(sub); rarer(l, best) {
				best = l
			}
		}
		return best
	case syntax.OpAlternate:
		var all []string
		for _, sub := range re.Sub {
			l := required(sub)
			if l == nil || len(all)+len(l) > choicesMost {
				return nil
			}
			all = append(all, l...)
		}
		return all
	default: // matches an empty text, or any character
	}
	return nil
}

// fewOf lists the characters of a class, if it is small.
func fewOf(ranges []rune) []string {
	var out []string
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if len(out) == literalMost {
				return nil
			}
			out = append(out, string(r))
		}
	}
	return out
}

// rarer guesses whether texts have one of a less often than one of b: the longer
// the shortest is, the rarer.
func rarer(a, b []string) bool {
	if a == nil || b == nil {
		return b == nil
	}
	x, y := shortest(a), shortest(b)
	return x > y || x == y && len(a) < len(b)
}

func shortest(words []string) int {
	n := literalMost
	for _, w := range words {
		n = min(n, utf8.RuneCountInString(w))
	}
	return n
}

// canonical gives one and the same character for all that regular expressions
// regardless of case take for each other.
func canonical(r rune) rune {
	switch {
	case 'a' <= r && r <= 'z':
		return r - ('a' - 'A')
	case r < utf8.RuneSelf, 0x2e80 <= r && r < 0xa640, r >= 0x1f000: // these have no case
		return r
	}
	least := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		least = min(least, other)
	}
	return least
}
