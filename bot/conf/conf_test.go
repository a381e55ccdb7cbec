package conf_test

import (
	"strings"
	"testing"
	"time"

	"wxbot/bot/conf"
)

func scalar(s string) *conf.Node { return &conf.Node{Kind: conf.Scalar, Value: s} }

func TestParseKeepsPlacesAndWriting(t *testing.T) {
	n, ps := conf.Parse("f.yaml", []byte("名称: 问价格 # 注\nlist: [0627, 1e3, yes, \"q\"]\nblock: |\n  a\n  b\n"))
	if n == nil || len(ps) != 0 {
		t.Fatalf("%v", ps)
	}
	name := n.Get("名称")
	if name.Line != 1 || name.Col != 5 || name.Value != "问价格" || name.Comment != "# 注" {
		t.Errorf("%+v", name)
	}
	var got []string
	for _, i := range n.Get("list").Items {
		got = append(got, i.Value)
	}
	if strings.Join(got, " ") != "0627 1e3 yes q" || !n.Get("list").Items[3].Quoted {
		t.Errorf("list %q", got)
	}
	if b := n.Get("block"); b.Value != "a\nb\n" || !b.Block {
		t.Errorf("%+v", b)
	}
	if n, ps := conf.Parse("f.yaml", []byte("- a: |\n    x\n    \ty\n  b: c\n")); n == nil || n.Items[0].Get("a").Value != "x\n\ty\n" {
		t.Errorf("a tab inside a block: %+v, %v", n, ps)
	}
	if n, ps := conf.Parse("f.yaml", []byte("- a: |\n    x\n  b:\n  \tc: d\n")); n != nil || !strings.Contains(ps[0].Text.String(), "indented with a tab") {
		t.Errorf("a tab after a block: %+v, %v", n, ps)
	}
	if n, _ := conf.Parse("f.yaml", []byte("a: x\n  y\nb: \"x\n  y\"\nc: x\n")); !n.Get("a").Joined || n.Get("b").Joined || n.Get("c").Joined {
		t.Error("unquoted text on several lines")
	}
	if e, ps := conf.Parse("f.yaml", []byte("# nothing\n")); e == nil || e.Kind != conf.Null || len(ps) != 0 {
		t.Errorf("empty file: %+v, %v", e, ps)
	}
	if n, ps := conf.Parse("f.yaml", []byte("\ufeffa: b\r\nc: d\r\n")); n == nil || n.Get("c").Value != "d" {
		t.Errorf("Windows file: %+v, %v", n, ps)
	}
}

func TestBombsAreRefused(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+",", 9) + "]\n"
	}
	for name, src := range map[string]string{
		"aliases": bomb, "depth": strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "size": strings.Repeat("a", 5<<20),
		"keys of maps": "? {a: b}\n: c\n", "tags": "a: !!binary xxx\n",
	} {
		began := time.Now()
		if n, ps := conf.Parse("f.yaml", []byte(src)); n != nil || len(ps) == 0 {
			t.Errorf("%s: accepted", name)
		}
		if d := time.Since(began); d > 5*time.Second {
			t.Errorf("%s took %s", name, d)
		}
	}
}

func TestValues(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"500ms": 500 * time.Millisecond, "10s": 10 * time.Second, "5m": 5 * time.Minute, "1.5h": 90 * time.Minute, "1d": 24 * time.Hour,
		"1w": 7 * 24 * time.Hour, "1h30m": 90 * time.Minute, "30秒": 30 * time.Second, "２小时": 2 * time.Hour, "1 分钟": time.Minute, "0": 0,
	} {
		if d, ok := scalar(s).Duration(); !ok || d != want {
			t.Errorf("%q = %s, %v; want %s", s, d, ok, want)
		}
	}
	for _, s := range []string{"", "5", "m", "-5s", "5x", "1e9h", "99999999d", "5s5"} {
		if d, ok := scalar(s).Duration(); ok {
			t.Errorf("%q read as %s", s, d)
		}
	}
	for s, want := range map[string][2]time.Duration{
		"1s-3s": {time.Second, 3 * time.Second}, "2-6s": {2 * time.Second, 6 * time.Second}, "2s": {2 * time.Second, 2 * time.Second}, "1秒～2秒": {time.Second, 2 * time.Second},
	} {
		if a, b, ok := scalar(s).Range(); !ok || a != want[0] || b != want[1] {
			t.Errorf("%q = %s, %s, %v", s, a, b, ok)
		}
	}
	for s, want := range map[string]int{"30/day": 30, "12/min": 12, "5/10m": 5, "30次/天": 30, "1/小时": 1} {
		n, per, day, ok := scalar(s).Rate()
		if !ok || n != want || per <= 0 || day != (s == "30/day" || s == "30次/天") {
			t.Errorf("%q = %d, %s, %v, %v", s, n, per, day, ok)
		}
	}
	for _, s := range []string{"3", "0/day", "-1/min", "x/min", "3/", "3/fortnight"} {
		if n, per, _, ok := scalar(s).Rate(); ok {
			t.Errorf("%q read as %d per %s", s, n, per)
		}
	}
	for s, want := range map[string]bool{"true": true, "是": true, "关": false, "OFF": false} {
		if b, ok := scalar(s).Bool(); !ok || b != want {
			t.Errorf("%q = %v, %v", s, b, ok)
		}
	}
	if from, to, ok := conf.TimeRange("9：00—24：00"); !ok || from != 9*time.Hour || to != 24*time.Hour {
		t.Errorf("%s-%s, %v", from, to, ok)
	}
	for _, s := range []string{"9-18", "25:00-26:00", "09:60-10:00", "09:00"} {
		if _, _, ok := conf.TimeRange(s); ok {
			t.Errorf("%q read", s)
		}
	}
}

func TestSuggest(t *testing.T) {
	words := []string{"contains", "reply", "name", "do"}
	for got, want := range map[string]string{"contain": "contains", "repyl": "reply", "namee": "name", "colour": "", "di": "do"} {
		if s := conf.Suggest(got, words); s != want {
			t.Errorf("Suggest(%q) = %q, want %q", got, s, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("a: b\nc: [d, {e: f}]\n"))
	f.Add([]byte("a： b\n\t- x\n"))
	f.Add([]byte("- \"x\" y\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		n, ps := conf.Parse("f.yaml", src)
		if (n == nil) != conf.HasErrors(ps) {
			t.Fatalf("node %v with problems %v", n, ps)
		}
		lines := strings.Count(strings.ReplaceAll(string(src), "\r", "\n"), "\n") + 1
		for _, p := range ps {
			if p.Line < 0 || p.Line > lines || p.String() == "" {
				t.Errorf("line %d of %d: %s", p.Line, lines, p)
			}
		}
	})
}

func TestMendPutsInWhatWasMeantAndNothingElse(t *testing.T) {
	src := "\ufeffa：1\r\nb：2\nc：3\n"
	problems := []conf.Problem{
		{File: "f", Line: 1, Excerpt: "a：1", Mended: "a: 1"},
		{File: "f", Line: 1, Excerpt: "a：1", Mended: "a: 9"},  // one for each line
		{File: "f", Line: 2, Excerpt: "b：x", Mended: "b: x"},  // the file was edited meanwhile
		{File: "g", Line: 3, Excerpt: "c：3", Mended: "c: 3"},  // another file
		{File: "f", Line: 30, Excerpt: "c：3", Mended: "c: 3"}, // no such line
		{File: "f", Line: 3, Excerpt: "c：3"},
	}
	out, n := conf.Mend("f", []byte(src), problems)
	if want := "\ufeffa: 1\r\nb：2\nc：3\n"; string(out) != want || n != 1 {
		t.Errorf("%d lines: %q, want %q", n, out, want)
	}
}
