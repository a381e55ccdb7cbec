package wire

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// LoginPage is the answer of webwxnewloginpage (section 3.5).
type LoginPage struct {
	Ret         int
	Message     string // Tencent's own words if Ret is not 0
	Skey        string // may be empty; webwxinit supplies it then
	Sid         string
	Uin         int64
	PassTicket  string // percent-encoded, as it came
	RedirectURL string // go there instead; the keys are missing
	HTML        bool   // a web page came instead of the keys
}

// Complete reports whether the keys of a session are there.
func (p LoginPage) Complete() bool {
	return p.Ret == 0 && p.Sid != "" && p.Uin != 0 && p.PassTicket != ""
}

// DecodeLoginPage reads the answer of webwxnewloginpage. It is lenient: invalid
// UTF-8 and raw ampersands occur. An answer that is cut off is an error, so that
// it is not taken for a refusal.
func DecodeLoginPage(body []byte) (LoginPage, error) {
	low := bytes.ToLower(body)
	if !bytes.Contains(low, []byte("<error>")) {
		if bytes.Contains(low, []byte("<html")) && bytes.Contains(low, []byte("<head")) {
			return LoginPage{HTML: true}, nil
		}
		return LoginPage{}, errors.New("no keys in the answer")
	}
	if !bytes.Contains(low, []byte("</error>")) {
		return LoginPage{}, errors.New("answer is cut off")
	}
	// ToLower may change the length of invalid UTF-8, so offsets found in low
	// would not fit body.
	text := strings.ToValidUTF8(string(body), "\uFFFD")
	p := LoginPage{
		Message:     element(text, "message"),
		Skey:        element(text, "skey"),
		Sid:         element(text, "wxsid"),
		PassTicket:  element(text, "pass_ticket"),
		RedirectURL: element(text, "redirecturl"),
	}
	ret := element(text, "ret")
	n, err := strconv.Atoi(ret)
	if err != nil && (ret != "" || p.RedirectURL == "") {
		return LoginPage{}, errors.New("no ret in the answer")
	}
	p.Ret = n
	if uin := element(text, "wxuin"); uin != "" {
		p.Uin, err = strconv.ParseInt(uin, 10, 64)
		if err != nil {
			return LoginPage{}, errors.New("wxuin is not a number")
		}
	}
	return p, nil
}

// element gives the text of the first element of that name, without CDATA marks
// and with the five predefined entities resolved.
func element(text, name string) string {
	_, rest, ok := strings.Cut(text, "<"+name+">")
	if !ok {
		return ""
	}
	inner, _, ok := strings.Cut(rest, "</"+name+">")
	if !ok {
		return ""
	}
	inner = strings.TrimSpace(inner)
	if cdata, ok := strings.CutPrefix(inner, "<![CDATA["); ok {
		return strings.TrimSpace(strings.TrimSuffix(cdata, "]]>"))
	}
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&#39;", "'", "&amp;", "&").Replace(inner)
}
