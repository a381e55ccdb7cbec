package wire

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// emojiSpan is how the server writes emoji in names and in texts of older phones;
// the last '>' is missing now and then (section 12.2).
var emojiSpan = regexp.MustCompile(`<span class="emoji emoji([0-9a-fA-F]{4,10})"></span>?`)

// wrongCodes are code points that the server mixes up, and what was meant.
var wrongCodes = map[string]string{
	"1f63c": "1f601", "1f639": "1f602", "1f63a": "1f603", "1f4ab": "1f616", "1f64d": "1f614",
	"1f63b": "1f60d", "1f63d": "1f618", "1f64e": "1f621", "1f63f": "1f622",
}

func decodeEmoji(s string) string {
	if !strings.Contains(s, `<span class="emoji`) {
		return s
	}
	return emojiSpan.ReplaceAllStringFunc(s, func(span string) string {
		hex := strings.ToLower(emojiSpan.FindStringSubmatch(span)[1])
		if right, ok := wrongCodes[hex]; ok {
			hex = right
		}
		if text, ok := emojiText(hex); ok {
			return text
		}
		return span
	})
}

// emojiText reads the hexadecimal digits of one or two code points: ten are two of
// five (flags), eight are one of two or four digits and a keycap's or variation
// sign's four, four to six are one.
func emojiText(hex string) (string, bool) {
	switch len(hex) {
	case 4, 5, 6:
		return codePoint(hex)
	case 8:
		first, ok1 := codePoint(hex[:4])
		second, ok2 := codePoint(hex[4:])
		return first + second, ok1 && ok2
	case 10:
		first, ok1 := codePoint(hex[:5])
		second, ok2 := codePoint(hex[5:])
		return first + second, ok1 && ok2
	}
	return "", false
}

func codePoint(hex string) (string, bool) {
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil || n == 0 || n > utf8.MaxRune || !utf8.ValidRune(rune(n)) {
		// Six digits may also be a keycap: two digits, then U+20E3.
		if len(hex) == 6 {
			first, ok1 := codePoint(hex[:2])
			second, ok2 := codePoint(hex[2:])
			return first + second, ok1 && ok2
		}
		return "", false
	}
	return string(rune(n)), true
}
