package match

import (
	"regexp/syntax"

	"wxbot/bot/lang"
)

// regexSaid gives what the regexp library says as a text.
func regexSaid(code syntax.ErrorCode) lang.Text {
	for _, known := range []lang.Text{
		lang.T("invalid character class"),
		lang.T("invalid character class range"),
		lang.T("invalid escape sequence"),
		lang.T("invalid named capture"),
		lang.T("invalid or unsupported Perl syntax"),
		lang.T("invalid nested repetition operator"),
		lang.T("invalid repeat count"),
		lang.T("missing closing ]"),
		lang.T("missing closing )"),
		lang.T("missing argument to repetition operator"),
		lang.T("trailing backslash at end of expression"),
		lang.T("unexpected )"),
	} {
		if known.String() == string(code) {
			return known
		}
	}
	return lang.Raw(string(code))
}
