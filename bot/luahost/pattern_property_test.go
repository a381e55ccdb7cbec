package luahost

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMalformedPatternsSayWhy(t *testing.T) {
	for _, tt := range []struct{ src, pat, want string }{
		{"a", "[a", "missing ']'"},
		{"a", "[]", "missing ']'"},
		{"a", "%", "malformed pattern"},
		{"a", "(a", "unfinished capture"},
		{"a", "a)", "invalid pattern capture"},
		{"a", "%1", "invalid capture index"},
		{"a", "(%1)", "invalid capture index"},
		{"a", "%b", "malformed pattern"},
		{"a", "%fa", "missing '['"},
		{strings.Repeat("a", 40), strings.Repeat("(a)", 33), "too many captures"},
		{strings.Repeat("a", 400), strings.Repeat("a?", 300) + "b", "pattern"},
	} {
		steps := matchSteps
		if _, _, _, err := find(tt.src, tt.pat, 0, &steps); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("find(%.20q, %.20q): %v, want %q", tt.src, tt.pat, err, tt.want)
		}
	}
}

// Patterns without the means that Go's expressions lack mean the same there: both
// take the leftmost match, and among those the one that backtracking finds first.
func TestPatternsAgreeWithExpressions(t *testing.T) {
	classes := []struct{ lua, re string }{
		{"a", "a"}, {"b", "b"}, {".", "."}, {"%a", "[A-Za-z]"}, {"%d", "[0-9]"}, {"[ab]", "[ab]"}, {"[^b]", "[^b]"}, {"[a-c1]", "[a-c1]"}, {"%W", "[^0-9A-Za-z]"}, {"%.", `\.`},
	}
	repeats := []struct{ lua, re string }{{"", ""}, {"", ""}, {"*", "*"}, {"+", "+"}, {"-", "*?"}, {"?", "?"}}
	rapid.Check(t, func(t *rapid.T) {
		var pat, re strings.Builder
		open := 0
		if rapid.Bool().Draw(t, "anchored") {
			pat.WriteString("^")
			re.WriteString("^")
		}
		for range rapid.IntRange(1, 6).Draw(t, "items") {
			if rapid.IntRange(0, 4).Draw(t, "open") == 0 {
				open++
				pat.WriteString("(")
				re.WriteString("(")
			}
			c := rapid.SampledFrom(classes).Draw(t, "class")
			r := rapid.SampledFrom(repeats).Draw(t, "repeat")
			pat.WriteString(c.lua + r.lua)
			re.WriteString(c.re + r.re)
			if open > 0 && rapid.Bool().Draw(t, "close") {
				open--
				pat.WriteString(")")
				re.WriteString(")")
			}
		}
		pat.WriteString(strings.Repeat(")", open))
		re.WriteString(strings.Repeat(")", open))
		if rapid.IntRange(0, 3).Draw(t, "end") == 0 {
			pat.WriteString("$")
			re.WriteString("$")
		}
		src := rapid.StringMatching(`[abc1. ]{0,12}`).Draw(t, "src")
		want := regexp.MustCompile("(?s)" + re.String()).FindStringSubmatchIndex(src)
		steps := matchSteps
		s, e, caps, err := find(src, pat.String(), 0, &steps)
		if err != nil {
			t.Fatalf("find(%q, %q): %v", src, pat.String(), err)
		}
		var got []int
		if s >= 0 {
			got = []int{s, e}
			for _, c := range caps {
				got = append(got, c.start, c.start+c.length)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("find(%q, %q) = %v, %q gives %v", src, pat.String(), got, re.String(), want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("find(%q, %q) = %v, %q gives %v", src, pat.String(), got, re.String(), want)
			}
		}
	})
}
