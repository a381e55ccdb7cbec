package conf

import (
	"regexp"
	"strconv"
	"strings"
)

// plainScalar is a text that YAML reads as itself without quotes, whatever it stands
// in: no sign of YAML's own, and nothing at the edges.
var plainScalar = regexp.MustCompile(`^[\p{Han}A-Za-z_./][\p{Han}A-Za-z0-9_./ -]*$|^([0-9]+(ms|s|m|h|d))+$`)

// Written writes a text so that Parse gives it back, in a map or a list in brackets.
func Written(s string) string {
	if plainScalar.MatchString(s) && strings.TrimSpace(s) == s && !isWord(s) {
		return s
	}
	if _, err := strconv.ParseFloat(s, 64); err == nil && !strings.ContainsAny(s, "xXnNiI_") {
		return s
	}
	return strconv.Quote(strings.ToValidUTF8(s, "\uFFFD"))
}

// isWord tells the texts that YAML reads as something else than a text.
func isWord(s string) bool {
	switch strings.ToLower(s) {
	case "null", "true", "false", "yes", "no", "on", "off", ".inf", ".nan":
		return true
	}
	return false
}
