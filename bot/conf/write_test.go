package conf

import (
	"strings"
	"testing"
)

func FuzzWritten(f *testing.F) {
	for _, s := range []string{"", "北京", "a b", " a", "a: b", "#x", "null", "007", "1.5", "1e3", "0x1f", "-", "- a", "a\nb", `"`, "${env:KEY}", "\x7f\u2028\x00", "～", ".inf", "\ufeff", "\U0001F600", "?", "a-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want := strings.ToValidUTF8(s, "\uFFFD")
		n, ps := Parse("x.yaml", []byte("a: ["+Written(s)+"]\nb: "+Written(s)+"\n"))
		if HasErrors(ps) || n == nil {
			t.Fatalf("%q written as %s: %v", s, Written(s), ps)
		}
		if a, b := n.Get("a").Items[0].Value, n.Get("b").Value; a != want || b != want {
			t.Errorf("%q written as %s, read as %q and %q", s, Written(s), a, b)
		}
	})
}
