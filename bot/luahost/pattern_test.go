package luahost

import (
	"errors"
	"strings"
	"testing"
)

func TestPatternsAsInLua(t *testing.T) {
	for _, tt := range []struct {
		src, pat string
		want     string // the match and its captures, joined by |; "-" is no match
	}{
		{"hello", "l+", "ll"},
		{"hello", "^h", "h"},
		{"hello", "^e", "-"},
		{"hello", "o$", "o"},
		{"hello", "l$", "-"},
		{"a.b", "%.", "."},
		{"a.b", ".", "a"},
		{"abc", "[bc]+", "bc"},
		{"abc", "[^a]+", "bc"},
		{"a-b", "[a%-]+", "a-"},
		{"x]y", "[]]", "]"},
		{"a1", "%a%d", "a1"},
		{"a1", "%A", "1"},
		{" x", "%s*x", " x"},
		{"key = val", "(%w+)%s*=%s*(%w+)", "key = val|key|val"},
		{"<<a>>", "<(.-)>", "<<a>|<a"},
		{"f(a(b)c)d", "%b()", "(a(b)c)"},
		{"THE (quick) fox", "%f[%a]%a+", "THE"},
		{"THE (quick) fox", "%((%a+)%)", "(quick)|quick"},
		{"abcabc", "(abc)%1", "abcabc|abc"},
		{"", "", ""},
		{"abc", "b()", "b|3"},
		{"aaa", "a-", ""},
		{"aaab", "a-b", "aaab"},
		{"ab", "a?b", "ab"},
		{"b", "a?b", "b"},
		{"2026-01-05", "(%d+)-(%d+)-(%d+)", "2026-01-05|2026|01|05"},
		{"价格：5", "%d", "5"},
		{"价格", "价(.+)", "价格|格"},
		{"a\x00b", "%z", "\x00"},
		{"a^b", "a^b", "a^b"},
		{"a$b", "a$b", "a$b"},
		{"x", "[a-z]", "x"},
		{"-", "[a-]", "-"},
		{"]", "[^a]", "]"},
		{"aXb", "%u", "X"},
		{"0x1F", "%x+$", "1F"},
	} {
		steps := matchSteps
		s, e, caps, err := find(tt.src, tt.pat, 0, &steps)
		got := "-"
		if err != nil {
			got = err.Error()
		} else if s >= 0 {
			parts := []string{tt.src[s:e]}
			for _, c := range caps {
				parts = append(parts, capture(tt.src, c).String())
			}
			got = strings.Join(parts, "|")
		}
		if got != tt.want {
			t.Errorf("%q in %q: %q, want %q", tt.pat, tt.src, got, tt.want)
		}
	}
}

func TestMalformedPatternsAreErrors(t *testing.T) {
	for _, pat := range []string{"%", "[", "[^", "[a", "[%", "(", "(a", ")", "%1", "%b", "%bx", "%f", "%fa", strings.Repeat("(", 40), "[]"} {
		steps := matchSteps
		if s, _, _, err := find("aaa", pat, 0, &steps); err == nil && s >= 0 {
			t.Errorf("%q matched", pat)
		}
	}
}

func TestBudgetEndsBadPatterns(t *testing.T) {
	steps := matchSteps
	_, _, _, err := find(strings.Repeat("a", 3000), ".-.-.-.-.-b", 0, &steps)
	if !errors.Is(err, errPatternBudget) && !errors.Is(err, errPatternDepth) {
		t.Errorf("err = %v", err)
	}
}

// A plain text as a pattern is found where strings.Index finds it, and nothing
// panics or exceeds the budget by much whatever the pattern.
func FuzzPattern(f *testing.F) {
	f.Add("hello world", "l+")
	f.Add("f(a(b)c)d", "%b()")
	f.Add("aaa", "(a*(.)%w(%s*))")
	f.Fuzz(func(t *testing.T, src, pat string) {
		if len(src) > 1000 || len(pat) > 100 {
			return
		}
		steps := 100_000
		s, e, caps, err := find(src, pat, 0, &steps)
		if err != nil || s < 0 {
			return
		}
		if s > e || e > len(src) {
			t.Fatalf("match %d to %d of %d", s, e, len(src))
		}
		for _, c := range caps {
			if c.length != capPosition && (c.start < 0 || c.length < 0 || c.start+c.length > len(src)) {
				t.Fatalf("capture %+v", c)
			}
		}
		if !strings.ContainsAny(pat, "^$*+?.([%-])") && s != strings.Index(src, pat) {
			t.Errorf("%q found at %d, want %d", pat, s, strings.Index(src, pat))
		}
	})
}
