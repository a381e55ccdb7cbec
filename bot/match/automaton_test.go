package match

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

// An automaton finds what strings.Contains, HasPrefix and HasSuffix find.
func TestAutomatonAgreesWithStrings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("ab价格\U0001f600\ufffd")), 0, 30, -1)
		words := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune("ab价格\U0001f600\ufffd")), 1, 5, -1), 1, 20).Draw(t, "words")
		a := newAutomaton(false)
		for i, w := range words {
			*a.add(w) = wordTerms{anywhere: number(3*i + 1), start: number(3*i + 2), end: number(3*i + 3)}
		}
		a.link()
		found := &terms{bits: make([]uint64, 3*len(words)/64+1)}
		for range 2 { // the second time with what the first left
			s := text.Draw(t, "text") + rapid.SampledFrom([]string{"", "", "\xe4", "\xff价"}).Draw(t, "rubbish")
			found.clear()
			a.scan([]byte(s), found)
			for _, w := range words {
				got := a.words[a.nodes[a.walk(w)].word]
				for _, c := range []struct {
					term uint32
					want bool
					what string
				}{
					{got.anywhere, strings.Contains(s, w), "in"},
					{got.start, strings.HasPrefix(s, w), "at the beginning of"},
					{got.end, strings.HasSuffix(s, w), "at the end of"},
				} {
					if found.has(c.term) != c.want {
						t.Fatalf("%q %s %q: got %v", w, c.what, s, !c.want)
					}
				}
			}
		}
	})
}

// What unicode.SimpleFold takes for the same is the same, and nothing else.
func TestCanonicalIsOnePerOrbit(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		c := canonical(r)
		if o := canonical(unicode.SimpleFold(r)); o != c {
			t.Errorf("%U is %U, but %U is %U", r, c, unicode.SimpleFold(r), o)
		}
		if canonical(c) != c {
			t.Errorf("%U is %U, which is %U", r, c, canonical(c))
		}
	}
}

// benchWords are n different words of two to six characters, of the three thousand
// that are used most, as keywords have them.
func benchWords(n int) []string {
	rnd := rand.New(rand.NewPCG(1, 2)) // the same words every time
	seen := map[string]bool{}
	out := make([]string, 0, n)
	for len(out) < n {
		w := ""
		for range 2 + rnd.IntN(5) {
			w += string(rune(0x4e00 + rnd.IntN(3000)))
		}
		if !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}

// benchTexts are a thousand messages of sixty characters of the same kind, each with
// two of the words but for their last characters. They are many, so that a benchmark
// does not measure one that the processor has come to know.
func benchTexts(words []string) []string {
	rnd := rand.New(rand.NewPCG(3, 4)) // the same texts every time
	const length = 60
	out := make([]string, 1000)
	for i := range out {
		var text []rune
		for len(text) < length {
			for range 20 + rnd.IntN(10) {
				text = append(text, rune(0x4e00+rnd.IntN(3000)))
			}
			word := []rune(words[rnd.IntN(len(words))])
			text = append(text, word[:len(word)-1]...)
		}
		out[i] = string(text[:length])
	}
	return out
}

func BenchmarkScan(b *testing.B) {
	for _, n := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprintf("words=%d", n), func(b *testing.B) {
			words := benchWords(n)
			a := newAutomaton(false)
			for i, w := range words {
				a.add(w).anywhere = number(i + 1)
			}
			a.link()
			texts := benchTexts(words)
			found := &terms{bits: make([]uint64, n/64+1)}
			b.ReportAllocs()
			text, i := make([]byte, 0, 256), 0
			for b.Loop() {
				text = append(text[:0], texts[i%len(texts)]...)
				a.scan(text, found)
				found.clear()
				i++
			}
			b.ReportMetric(float64(a.size())/1024, "KiB")
		})
	}
}

// walk is the state that a word leads to.
func (a *automaton) walk(word string) state {
	at := state(0)
	for _, r := range word {
		at = a.lead(at, r) &^ isHit
	}
	return at
}

// Words that begin alike, and a text that repeats their beginning, are the worst case
// of a list of words by their first characters.
func BenchmarkScanAlike(b *testing.B) {
	a := newAutomaton(false)
	for i, w := range benchWords(10_000) {
		a.add("价格" + w).anywhere = number(i + 1)
	}
	a.link()
	text, found := []byte(strings.Repeat("价格", 30)), &terms{bits: make([]uint64, 10_000/64+1)}
	for b.Loop() {
		a.scan(text, found)
		found.clear()
	}
}

// size is how many bytes the automaton takes.
func (a *automaton) size() int {
	return len(a.edges.slots)*16 + len(a.pages)*2 + len(a.first)*1024 + len(a.nodes)*12 + len(a.words)*12
}
