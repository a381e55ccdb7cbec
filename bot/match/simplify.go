package match

import (
	_ "embed"
	"strings"
	"sync"
	"unicode/utf8"
)

// traditionalTable is OpenCC's table of traditional characters and their simplified
// forms, as it is there; its licence stands beside it.
//
//go:embed opencc/TSCharacters.txt
var traditionalTable string

// simplified gives the simplified form of each traditional character that has
// another one. It is read when it is first needed.
var simplified = sync.OnceValue(func() map[rune]rune { //nolint:gochecknoglobals // a table that never changes once it is read
	table := make(map[rune]rune, 4<<10)
	for line := range strings.Lines(traditionalTable) {
		from, to, ok := strings.Cut(line, "\t")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		// The first of several forms is the usual one.
		f, _ := utf8.DecodeRuneInString(from)
		t, _ := utf8.DecodeRuneInString(to)
		if f != t {
			table[f] = t
		}
	}
	for f, t := range table {
		if further, ok := table[t]; ok {
			table[f] = further
		}
	}
	return table
})

// simplify replaces traditional characters, one by one: 發 and 髮 are both 发.
func simplify(s []byte) []byte {
	table := simplified()
	out := s
	changed := false
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRune(s[i:])
		to, ok := table[r]
		if ok && !changed { // what came before stays as it is
			out, changed = append(make([]byte, 0, len(s)+utf8.UTFMax), s[:i]...), true
		}
		switch {
		case ok:
			out = utf8.AppendRune(out, to)
		case changed:
			out = append(out, s[i:i+size]...)
		}
		i += size
	}
	return out
}
