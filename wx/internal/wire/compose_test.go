package wire

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzFileBody: what a file message tells is read back as it was.
func FuzzFileBody(f *testing.F) {
	f.Add("合同 <1> & 'a' \"b\".pdf", "@crypt_1", int64(50<<20))
	f.Add("", "", int64(0))
	f.Add("&amp;", "<br/>", int64(-1))
	f.Fuzz(func(t *testing.T, title, mediaID string, size int64) {
		for _, s := range []string{title, mediaID} {
			if !utf8.ValidString(s) || s != strings.TrimSpace(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }) || len(s) > 1000 {
				return
			}
			// A span in a name is an emoji of the server's own.
			if strings.Contains(s, "emoji") {
				return
			}
		}
		app := ParseBody(FileBody(FileApp{AppID: "wx1", Title: title, Size: size, MediaID: mediaID, Ext: "pdf"}))
		if app.Name != "appmsg" || app.Attr("appid") != "wx1" || app.Text("type") != "6" || app.Text("appattach", "fileext") != "pdf" {
			t.Errorf("not a file message: %+v", app)
		}
		if got := app.Text("title"); got != title {
			t.Errorf("title %q, want %q", got, title)
		}
		if got := app.Text("appattach", "attachid"); got != mediaID {
			t.Errorf("attachid %q, want %q", got, mediaID)
		}
		if got := Int(app.Text("appattach", "totallen")); got != size {
			t.Errorf("totallen %d, want %d", got, size)
		}
	})
}

func TestCardBody(t *testing.T) {
	e := ParseBody(CardBody("@a", `B<e>n & "Co" 'x'`))
	if e.Name != "msg" || e.Attr("username") != "@a" || e.Attr("nickname") != `B<e>n & "Co" 'x'` {
		t.Errorf("got %+v", e)
	}
}

// FuzzRawBody: escapes are undone once, and what comes out is XML or nothing.
func FuzzRawBody(f *testing.F) {
	f.Add(`<msg a="&lt;">x</msg>`)
	f.Add("<msg>\n<img/>\n</msg>")
	f.Add("no XML")
	f.Add("&lt;")
	f.Fuzz(func(t *testing.T, body string) {
		got := RawBody(body)
		if got != "" && !strings.HasPrefix(got, "<") {
			t.Errorf("no XML came out: %q", got)
		}
		if !strings.HasPrefix(body, "<") || body != strings.TrimSpace(body) || strings.Contains(body, "<br/>") {
			return
		}
		if got != body {
			t.Errorf("XML as it stands: %q from %q", got, body)
		}
		escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\n", "<br/>").Replace(body)
		if got := RawBody(escaped); got != body && !strings.HasPrefix(strings.TrimSpace(escaped), "<") {
			t.Errorf("escaped XML: %q from %q", got, body)
		}
	})
}
