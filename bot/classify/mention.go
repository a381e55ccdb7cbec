package classify

import (
	"strings"
	"unicode/utf8"
)

// everybody is how phones address a whole group; it is no mention of the bot.
var everybody = []string{"所有人", "all"}

// Mention tells whether a text addresses one of the names with @ (section 12.3),
// and gives the text without that. A name must be followed by U+2005, a blank or
// the end of the text, so a longer name that begins alike is not taken for it.
// @所有人 is no mention.
func Mention(raw string, names ...string) (text string, mentioned bool) {
	text = raw
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
		i := strings.Index(text[from:], "@"+name)
		if i < 0 {
			return "", "", false
		}
		i += from
		rest := text[i+1+len(name):]
		if rest == "" {
			return text[:i], "", true
		}
		r, size := utf8.DecodeRuneInString(rest)
		switch r {
		case '\u2005', ' ', '\u00a0', '\n':
			return text[:i], rest[size:], true
		}
		from = i + 1
	}
}
