package wxtest

import (
	"math/rand/v2"
	"strings"
)

const (
	digits      = "0123456789"
	lowerHex    = "0123456789abcdef"
	lowerDigits = "abcdefghijklmnopqrstuvwxyz0123456789"
	base64Chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// randomText makes n characters of an alphabet. Nothing here is a secret of
// anybody's, so the quick generator will do.
func randomText(alphabet string, n int) string {
	var b strings.Builder
	b.Grow(n)
	for range n {
		b.WriteByte(alphabet[rand.IntN(len(alphabet))])
	}
	return b.String()
}

// newUUID makes the id of a QR code: 12 characters that end in "==".
func newUUID() string { return randomText(base64Chars, 10) + "==" }

// newSid makes a session id with the characters that must be escaped in queries.
func newSid() string {
	return randomText(base64Chars, 7) + "/" + randomText(base64Chars, 5) + "+" + randomText(base64Chars, 2)
}

func newSkey() string {
	return "@crypt_" + randomText(lowerHex, 8) + "_" + randomText(lowerHex, 32)
}

// newPassTicket makes a pass_ticket as the login page has it, percent-encoded
// already (section 2.2).
func newPassTicket() string {
	return randomText(base64Chars, 20) + "%2F" + randomText(base64Chars, 18) + "%2B" + randomText(base64Chars, 23) + "%3D"
}

func newUserName(prefix string) string { return prefix + randomText(lowerHex, 64) }

func newMediaID() string {
	return "@crypt_" + randomText(lowerHex, 8) + "_" + randomText(lowerHex, 320)
}

// newMsgNumber makes a message number above 2^53 and of 19 digits, which fits 63
// bits.
func newMsgNumber() int64 { return 1e18 + rand.Int64N(8e18) }
