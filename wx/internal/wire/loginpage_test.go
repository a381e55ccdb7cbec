package wire

import (
	"encoding/xml"
	"strings"
	"testing"
	"unicode/utf8"
)

const keysPage = `<error><ret>0</ret><message>OK</message><skey>@crypt_8b1a_0f</skey><wxsid>a/b+c=</wxsid>` +
	`<wxuin>3812345678</wxuin><pass_ticket>AbC%2Fd%3D</pass_ticket><isgrayscale>1</isgrayscale></error>`

func TestDecodeLoginPage(t *testing.T) {
	tests := []struct {
		name, body string
		want       LoginPage
		complete   bool
		err        string
	}{
		{
			name: "keys", body: keysPage, complete: true,
			want: LoginPage{Message: "OK", Skey: "@crypt_8b1a_0f", Sid: "a/b+c=", Uin: 3812345678, PassTicket: "AbC%2Fd%3D"},
		},
		{
			name: "no skey yet", complete: true,
			body: `<error><ret>0</ret><message></message><skey></skey><wxsid>s</wxsid><wxuin>1</wxuin><pass_ticket>p</pass_ticket></error>`,
			want: LoginPage{Sid: "s", Uin: 1, PassTicket: "p"},
		},
		{
			name: "refused, with markup and a raw ampersand",
			body: `<error><ret>1203</ret><message>此微信号不能登录网页微信。<a href="x?a=1&b=2">详情</a></message></error>`,
			want: LoginPage{Ret: 1203, Message: `此微信号不能登录网页微信。<a href="x?a=1&b=2">详情</a>`},
		},
		{
			name: "refused in CDATA and invalid UTF-8",
			body: "<error><ret>1203</ret><message><![CDATA[不能\xff登录]]></message></error>",
			want: LoginPage{Ret: 1203, Message: "不能\uFFFD登录"},
		},
		{
			name: "sent elsewhere",
			body: `<error><ret>0</ret><message></message><redirecturl>https://wx2.qq.com/x?a=1&amp;b=2&lang=zh_CN</redirecturl></error>`,
			want: LoginPage{RedirectURL: "https://wx2.qq.com/x?a=1&b=2&lang=zh_CN"},
		},
		{name: "web page", body: "<!DOCTYPE html><HTML><head></head><body>hello</body></html>", want: LoginPage{HTML: true}},
		{name: "cut in the middle", body: keysPage[:len(keysPage)/2], err: "answer is cut off"},
		{name: "empty", err: "no keys in the answer"},
		{name: "something else", body: "<nothing/>", err: "no keys in the answer"},
		{name: "no ret", body: "<error><message>x</message></error>", err: "no ret in the answer"},
		{name: "ret is no number", body: "<error><ret>many</ret></error>", err: "no ret in the answer"},
		{name: "uin is no number", body: "<error><ret>0</ret><wxuin>me</wxuin></error>", err: "wxuin is not a number"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := DecodeLoginPage([]byte(tt.body))
			checkError(t, err, tt.err)
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if got.Complete() != tt.complete {
				t.Errorf("complete: got %t, want %t", got.Complete(), tt.complete)
			}
		})
	}
}

// Every beginning of a page with keys is an error: never a refusal, never keys.
func TestDecodeLoginPageCut(t *testing.T) {
	for n := range len(keysPage) {
		if got, err := DecodeLoginPage([]byte(keysPage[:n])); err == nil {
			t.Errorf("%d bytes: got %+v", n, got)
		}
	}
}

// Texts come out as they went in, whatever they hold.
func FuzzLoginPageRoundTrip(f *testing.F) {
	f.Add("sid+/=", "pass%3D", "OK", int64(1))
	f.Add("&amp;", "<a>", "]]>", int64(1<<32))
	f.Fuzz(func(t *testing.T, sid, ticket, message string, uin int64) {
		for _, s := range []string{sid, ticket, message} {
			if !utf8.ValidString(s) || strings.TrimSpace(s) != s || strings.ContainsAny(s, "\r\n\t") ||
				strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0xFFFE || r == 0xFFFF }) {
				return
			}
		}
		escape := func(s string) string {
			var b strings.Builder
			if err := xml.EscapeText(&b, []byte(s)); err != nil {
				t.Fatal(err)
			}
			return strings.NewReplacer("&#34;", "&quot;").Replace(b.String())
		}
		type page struct {
			XMLName xml.Name `xml:"error"`
			Uin     int64    `xml:"wxuin"`
		}
		uinXML, err := xml.Marshal(page{Uin: uin})
		if err != nil {
			t.Fatal(err)
		}
		body := strings.Replace(string(uinXML), "</error>", "<ret>0</ret><message>"+escape(message)+"</message><wxsid>"+
			escape(sid)+"</wxsid><pass_ticket>"+escape(ticket)+"</pass_ticket></error>", 1)
		got, err := DecodeLoginPage([]byte(body))
		want := LoginPage{Message: message, Sid: sid, PassTicket: ticket, Uin: uin}
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	})
}

// Whatever comes, keys that look complete were in the body.
func FuzzDecodeLoginPage(f *testing.F) {
	f.Add([]byte(keysPage))
	f.Add([]byte("<html><head>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := DecodeLoginPage(body)
		if err != nil {
			return
		}
		if !p.HTML && !strings.Contains(strings.ToLower(string(body)), "</error>") {
			t.Errorf("accepted without an end: %q", body)
		}
		if n := len(p.Sid) + len(p.PassTicket) + len(p.Skey); n > 3*3*len(body) {
			t.Errorf("%d bytes of keys from %d", n, len(body))
		}
	})
}
