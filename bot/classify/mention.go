package classify

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// everybody is how phones address a whole group; it is no mention of the bot.
var everybody = []string{"所有人", "all"}

// variation asks for the coloured form of a sign. Phones send it or not, and the
// server leaves it out of names (section 12.3).
const variation = '\uFE0F'

// Mention tells whether a text addresses one of the names with @ (section 12.3),
// and gives the text without that. A name must be followed by U+2005, a blank or
// the end of the text, so a longer name that begins alike is not taken for it.
// @所有人 is no mention.
func Mention(raw string, names ...string) (text string, mentioned bool) {
	text = raw
	// Of two names of which one begins with the other, the longer is meant.
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int { return len(b) - len(a) })
	for _, name := range names {
		if name == "" || name == everybody[0] || name == everybody[1] {
			continue
		}
		for {
			before, after, ok := cutMention(text, name)
			if !ok {
				break
			}
			mentioned = true
			text = before + after
		}
	}
	if mentioned {
		text = strings.TrimSpace(text)
	}
	return text, mentioned
}

// cutMention finds "@name" with its end.
func cutMention(text, name string) (before, after string, ok bool) {
	for from := 0; ; {
		i := strings.IndexByte(text[from:], '@')
		if i < 0 {
			return "", "", false
		}
		i += from
		from = i + 1
		rest, ok := cutName(text[from:], name)
		if !ok {
			continue
		}
		if rest == "" {
			return text[:i], "", true
		}
		r, size := utf8.DecodeRuneInString(rest)
		switch r {
		case '\u2005', ' ', '\u00a0', '\n':
			return text[:i], rest[size:], true
		}
	}
}

// cutName cuts a name off the beginning of a text, whatever variations either has.
func cutName(text, name string) (rest string, ok bool) {
	for _, want := range name {
		if want == variation {
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		for r == variation {
			text = text[size:]
			r, size = utf8.DecodeRuneInString(text)
		}
		if size == 0 || r != want {
			return "", false
		}
		text = text[size:]
	}
	return strings.TrimLeft(text, string(variation)), true
}
