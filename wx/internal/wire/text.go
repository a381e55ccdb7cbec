package wire

import (
	"regexp"
	"strings"
)

// DecodeText turns Content of a text message, after its sender prefix was cut,
// into what the person typed (section 12.2): emoji spans become Unicode, <br/> a
// line end, and then escapes are undone once. What a person types arrives
// escaped, so a typed “<br/>” or span comes out as typed.
func DecodeText(s string) string {
	s = decodeEmoji(s)
	s = strings.ReplaceAll(s, "<br/>", "\n")
	return strings.ToValidUTF8(unescape(s), "\uFFFD")
}

// DecodeName decodes a nickname, remark, card or group name. Unlike texts, names
// have no line ends.
func DecodeName(s string) string {
	return strings.ToValidUTF8(unescape(decodeEmoji(s)), "\uFFFD")
}

// unescape undoes the server's escapes once; it knows only those that the server
// makes, so an ampersand of other kinds stays.
func unescape(s string) string {
	if !strings.Contains(s, "&") {
		return s
	}
	return escapes.Replace(s)
}

var escapes = strings.NewReplacer(
	"&lt;", "<", "&gt;", ">", "&amp;", "&", "&quot;", `"`, "&#39;", "'", "&apos;", "'", "&nbsp;", " ",
)

// senderPrefix is what a group message of somebody else starts with: a member's
// user name, or the name of a bot account.
var senderPrefix = regexp.MustCompile(`^(@[0-9a-zA-Z]+|[0-9a-zA-Z_-]+):<br/>`)

// CutSender cuts the sender off the Content of a group message. ok is false if it
// has none, as system messages have not.
func CutSender(content string) (sender, rest string, ok bool) {
	m := senderPrefix.FindStringSubmatchIndex(content)
	if m == nil {
		return "", content, false
	}
	return content[m[2]:m[3]], content[m[1]:], true
}

// links are the tags that the server puts into system texts.
var links = regexp.MustCompile(`(?is)</?(?:a|img|_wc_custom_link_)(?:\s[^<>]*)?/?>`)

// DecodeSystem decodes the text of a system message and strips the links in it.
func DecodeSystem(s string) string {
	return StripLinks(DecodeText(s))
}

// StripLinks drops the links and pictures of a decoded system text; what a link
// says stays (section 12.6).
func StripLinks(s string) string {
	return links.ReplaceAllString(s, "")
}
