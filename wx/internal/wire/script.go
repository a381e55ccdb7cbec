package wire

import (
	"encoding/base64"
	"errors"
	"regexp"
	"strconv"
)

// Script answers are JavaScript assignments, not JSON; they are read by pattern
// (sections 3.1, 3.3 and 6.1).
var (
	scriptCode     = regexp.MustCompile(`\bcode\s*=\s*["']?(-?\d{1,9})`)
	scriptUUID     = regexp.MustCompile(`\buuid\s*=\s*["']([^"']+)["']`)
	scriptRedirect = regexp.MustCompile(`\bredirect_uri\s*=\s*["']([^"']+)["']`)
	scriptAvatar   = regexp.MustCompile(`\buserAvatar\s*=\s*["']data:[^,"']*,([^"']*)["']`)
	scriptRetcode  = regexp.MustCompile(`\bretcode["']?\s*:\s*["']?(-?\d{1,9})`)
	scriptSelector = regexp.MustCompile(`\bselector["']?\s*:\s*["']?(-?\d{1,9})`)
)

func match(re *regexp.Regexp, body []byte) string {
	m := re.FindSubmatch(body)
	if m == nil {
		return ""
	}
	return string(m[1])
}

func matchInt(re *regexp.Regexp, body []byte) (int, bool) {
	n, err := strconv.Atoi(match(re, body))
	return n, err == nil
}

// QRLogin is the answer of jslogin (section 3.1).
type QRLogin struct {
	Code int
	UUID string
}

// DecodeQRLogin reads the answer of jslogin. An answer without a code is an
// error; one with another code than 200 is not.
func DecodeQRLogin(body []byte) (QRLogin, error) {
	code, ok := matchInt(scriptCode, body)
	if !ok {
		return QRLogin{}, errors.New("no code in the answer")
	}
	return QRLogin{Code: code, UUID: match(scriptUUID, body)}, nil
}

// LoginPoll is the answer of the login poll (section 3.3).
type LoginPoll struct {
	Code        int
	RedirectURI string // with code 200
	Avatar      []byte // with code 201: a JPEG, nil if none came
}

// DecodeLoginPoll reads the answer of the login poll. An answer without a code is
// an error.
func DecodeLoginPoll(body []byte) (LoginPoll, error) {
	code, ok := matchInt(scriptCode, body)
	if !ok {
		return LoginPoll{}, errors.New("no code in the answer")
	}
	p := LoginPoll{Code: code, RedirectURI: match(scriptRedirect, body)}
	if picture, err := base64.StdEncoding.DecodeString(match(scriptAvatar, body)); err == nil && len(picture) > 0 {
		p.Avatar = picture
	}
	return p, nil
}

// SyncCheck is the answer of synccheck (section 6.1).
type SyncCheck struct {
	Retcode  int
	Selector int
}

// DecodeSyncCheck reads the answer of synccheck. An answer with a retcode other
// than 0 needs no selector.
func DecodeSyncCheck(body []byte) (SyncCheck, error) {
	retcode, ok := matchInt(scriptRetcode, body)
	if !ok {
		return SyncCheck{}, errors.New("no retcode in the answer")
	}
	selector, ok := matchInt(scriptSelector, body)
	if !ok && retcode == 0 {
		return SyncCheck{}, errors.New("no selector in the answer")
	}
	return SyncCheck{Retcode: retcode, Selector: selector}, nil
}
