package match

import (
	"slices"
	"unicode/utf8"
)

// automaton finds which of many words occur in a text, reading the text once: it is
// the automaton of Aho and Corasick over characters. Its edges lie in one hash
// table; those of the root, which has very many and to which most characters come
// back, in pages by character. Once linked it is immutable.
type automaton struct {
	// anyCase: words and texts are compared by canonical characters, as regular
	// expressions see them.
	anyCase bool

	edges  edges
	second state        // the first state of two characters
	pairs  filter       // of the edges that lead from one character to two
	pages  []uint16     // by the upper bits of a character: its part of first; 0 is none
	first  [][256]state // where characters lead from the root
	nodes  []node       // by state; 0 is the root
	words  []wordTerms  // by number; 0 is none

	trail []step // by state: how it is reached; until linked
}

// state numbers a node: the longest end of what was read that begins a word.
type state = uint32

type node struct {
	fail state  // the next shorter such end
	hit  state  // the longest such end that is a word; 0 is none
	word uint32 // the word that is this node; 0 is none
}

type step struct {
	from state
	char rune
}

// wordTerms are the terms that stand for a word occurring anywhere, at the
// beginning and at the end of a text; 0 if nobody asks.
type wordTerms struct{ anywhere, start, end uint32 }

func newAutomaton(anyCase bool) *automaton {
	return &automaton{
		anyCase: anyCase, first: make([][256]state, 1), nodes: make([]node, 1),
		words: make([]wordTerms, 1), trail: make([]step, 1), edges: newEdges(0),
	}
}

// add gives the terms of a word for the caller to fill in, before the next is
// added. The word is not empty and is valid UTF-8.
func (a *automaton) add(word string) *wordTerms {
	at := state(0)
	for _, r := range word {
		if a.anyCase {
			r = canonical(r)
		}
		next := a.lead(at, r)
		if next == 0 {
			next = number(len(a.nodes))
			a.nodes, a.trail = append(a.nodes, node{}), append(a.trail, step{at, r})
			a.connect(at, r, next)
		}
		at = next
	}
	n := &a.nodes[at]
	if n.word == 0 {
		n.word = number(len(a.words))
		a.words = append(a.words, wordTerms{})
	}
	return &a.words[n.word]
}

// number makes a number of a length: no file holds 2^32 of anything.
func number(n int) uint32 { return uint32(n) }

func (a *automaton) connect(from state, r rune, to state) {
	if from != 0 {
		a.edges.put(edge(from, r), to)
		return
	}
	page := int(r >> 8)
	if page >= len(a.pages) {
		a.pages = append(a.pages, make([]uint16, page+1-len(a.pages))...)
	}
	if a.pages[page] == 0 {
		a.pages[page] = uint16(len(a.first)) // of 4352 pages of Unicode
		a.first = append(a.first, [256]state{})
	}
	a.first[a.pages[page]][r&0xff] = to
}

// lead is where a character leads from a node, 0 if nowhere.
func (a *automaton) lead(from state, r rune) state {
	if from != 0 {
		return a.edges.get(edge(from, r))
	}
	return a.begin(r)
}

// begin is where a character leads from the root, 0 if to it.
func (a *automaton) begin(r rune) state {
	if page := int(r >> 8); page < len(a.pages) {
		return a.first[a.pages[page]][r&0xff]
	}
	return 0
}

// link makes the automaton ready, after the last word.
func (a *automaton) link() {
	a.renumber()
	for n := 1; n < len(a.nodes); n++ {
		at, to := a.trail[n].from, state(0)
		for to == 0 && at != 0 {
			at = a.nodes[at].fail
			to = a.lead(at, a.trail[n].char)
		}
		a.nodes[n].fail = to
		a.nodes[n].hit = a.nodes[to].hit
		if a.nodes[n].word != 0 {
			a.nodes[n].hit = number(n)
		}
	}
	for i, s := range a.edges.slots {
		a.edges.slots[i].to = a.marked(s.to)
	}
	for i := range a.first {
		for c, s := range a.first[i] {
			a.first[i][c] = a.marked(s)
		}
	}
	a.trail = nil
}

// isHit marks an edge that leads where a word ends: a scan sees most states only
// through the edges to them.
const isHit state = 1 << 31

func (a *automaton) marked(s state) state {
	if a.nodes[s].hit != 0 {
		return s | isHit
	}
	return s
}

// renumber numbers the states by their depth. So a shorter end is linked before a
// longer one, and the states of one character, where a scan mostly is, lie side by
// side.
func (a *automaton) renumber() {
	to, ends := byDepth(a.trail)
	old := *a
	a.nodes, a.trail, a.edges = make([]node, len(to)), make([]step, len(to)), newEdges(old.edges.used)
	a.second, a.pairs = ends[1], newFilter(int(ends[2]-ends[1]))
	for n := 1; n < len(to); n++ {
		s := step{to[old.trail[n].from], old.trail[n].char}
		a.nodes[to[n]], a.trail[to[n]] = old.nodes[n], s
		a.connect(s.from, s.char, to[n])
		if s.from != 0 && s.from < a.second {
			a.pairs.add(edge(s.from, s.char))
		}
	}
}

// byDepth gives states numbers by their depth, and for each depth the number after
// its last; for the first two in any case.
func byDepth(trail []step) (to, ends []state) {
	depth, ends := make([]int, len(trail)), []state{1, 0, 0}
	for n := 1; n < len(trail); n++ { // what leads to a state was added before it
		d := depth[trail[n].from] + 1
		if depth[n] = d; d == len(ends) {
			ends = append(ends, 0)
		}
		ends[d]++
	}
	for d := 1; d < len(ends); d++ {
		ends[d] += ends[d-1]
	}
	next := slices.Clone(ends)
	to = make([]state, len(trail))
	for n := 1; n < len(trail); n++ {
		to[n] = next[depth[n]-1]
		next[depth[n]-1]++
	}
	return to, ends
}

// notUTF8 stands for a byte that is no UTF-8: no word has it.
const notUTF8 = utf8.MaxRune + 1

// scan adds the terms of the words that occur in a text.
func (a *automaton) scan(text []byte, found *terms) {
	at, whole := state(0), true // whole: at is all that was read
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			// A regular expression takes such a byte for U+FFFD, a word does not.
			if r, size = decode(text[i:]); size == 1 && !a.anyCase {
				r = notUTF8
			}
		}
		i += size
		if a.anyCase {
			r = canonical(r)
		}
		next := state(0)
		for at != 0 {
			key := edge(at, r)
			if at >= a.second || a.pairs.has(key) {
				if next = a.edges.get(key); next != 0 {
					break
				}
			}
			at, whole = a.nodes[at].fail, false
		}
		if at == 0 {
			next = a.begin(r)
		}
		at, whole = next&^isHit, whole && next != 0
		if next&isHit != 0 {
			a.collect(at, whole, found)
		}
	}
	for s := a.nodes[at].hit; s != 0; s = a.nodes[a.nodes[s].fail].hit {
		found.add(a.words[a.nodes[s].word].end)
	}
}

// decode reads a character: nearly all of Chinese faster than utf8.DecodeRune.
func decode(s []byte) (rune, int) {
	if len(s) > 2 && 0xe1 <= s[0] && s[0] < 0xed && s[1]&0xc0 == 0x80 && s[2]&0xc0 == 0x80 {
		return rune(s[0]&0xf)<<12 | rune(s[1]&0x3f)<<6 | rune(s[2]&0x3f), 3
	}
	return utf8.DecodeRune(s)
}

// collect adds what ends at a state. Ends of a word that was met before were met
// with it.
func (a *automaton) collect(at state, whole bool, found *terms) {
	if w := a.nodes[at].word; whole && w != 0 {
		found.add(a.words[w].start)
	}
	for s := a.nodes[at].hit; s != 0; s = a.nodes[a.nodes[s].fail].hit {
		if !found.add(a.words[a.nodes[s].word].anywhere) {
			return
		}
	}
}
