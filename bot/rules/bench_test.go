package rules_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"wxbot/bot/event"
	"wxbot/bot/rules"
)

// benchWords are n different words of two to six of three thousand characters.
func benchWords(n int) []string {
	rnd := rand.New(rand.NewPCG(1, 2)) // the same words every time
	seen := map[string]bool{}
	out := make([]string, 0, n)
	for len(out) < n {
		w := someHan(rnd, 2+rnd.IntN(5))
		if !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}

func someHan(rnd *rand.Rand, n int) string {
	text := make([]rune, n)
	for i := range text {
		text[i] = rune(0x4e00 + rnd.IntN(3000))
	}
	return string(text)
}

// benchEvents are messages of sixty characters, each with two words less the last cut
// characters of them. They are many, so that a benchmark does not measure one that the processor has come to know.
func benchEvents(words []string, cut int) []*event.Event {
	rnd := rand.New(rand.NewPCG(3, 4)) // the same texts every time
	out := make([]*event.Event, 1000)
	for i := range out {
		text := ""
		for range 2 {
			word := []rune(words[rnd.IntN(len(words))])
			text += someHan(rnd, 26) + string(word[:len(word)-cut])
		}
		out[i] = private(string([]rune(text + someHan(rnd, 6))[:60]))
	}
	return out
}

// keywordRules is a file in which every rule has some of the words.
func keywordRules(words []string, each int) string {
	var b strings.Builder
	for i := 0; i < len(words); i += each {
		fmt.Fprintf(&b, "- {name: r%d, contains: [%s], reply: x}\n", i, strings.Join(words[i:min(i+each, len(words))], ", "))
	}
	return b.String()
}

// regexRules is a file with a regular expression for every word, of six shapes.
func regexRules(words []string) string {
	shapes := []string{`%s(?P<n>\d+)`, `(?:我要|想)%s`, `^%s.*吗$`, `%s\s*[:=]`, `(%s|%[1]s号)[a-z]+`, `\d{3,}%s`}
	var b strings.Builder
	for i, w := range words {
		fmt.Fprintf(&b, "- {name: r%d, regex: '"+shapes[i%len(shapes)]+"', reply: x}\n", i, w)
	}
	return b.String()
}

func each(n int) func([]string) string {
	return func(words []string) string { return keywordRules(words, n) }
}

func BenchmarkDecide(b *testing.B) {
	words := benchWords(100_000)
	for _, bench := range []struct {
		name  string
		words int // of the rules, and of the messages
		src   func(words []string) string
		cut   int
	}{
		{"keywords=10", 10, each(1), 1},
		{"keywords=10000", 10_000, each(1), 1},
		{"keywords=10000/in=one_rule", 10_000, each(10_000), 1},
		{"keywords=100000", 100_000, each(10), 1},
		{"regexes=1000", 1000, regexRules, 1},
		{"regexes=1000/tried=2", 1000, regexRules, 0},
	} {
		b.Run(bench.name, func(b *testing.B) {
			words := words[:bench.words]
			set, events := parse(b, bench.src(words)), benchEvents(words, bench.cut)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				set.Decide(rules.Input{Event: events[i%len(events)], Now: wednesday})
				i++
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	words := benchWords(10_000)
	for name, src := range map[string]string{
		"rules=10000":               keywordRules(words, 1),
		"rules=1000/keywords=10000": keywordRules(words, 10),
		"rules=1/keywords=10000":    keywordRules(words, 10_000),
		"regexes=1000":              regexRules(words[:1000]),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				parse(b, src)
			}
		})
	}
}
