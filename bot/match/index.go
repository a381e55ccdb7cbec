package match

import (
	"slices"
	"sync"
	"unicode/utf8"

	"wxbot/bot/event"
)

// Index finds among many blocks those that may hold for an event, at a cost that
// follows the event's text and not the number of blocks. What it says never changes,
// and it is safe for concurrent use.
//
// A text has terms: words of the blocks that occur in it, begin it, end it, or are
// it. A block needs some of them; by the need that is the rarest it is found.
type Index struct {
	blocks   []indexed
	views    []view
	terms    uint32                 // the last of them
	starts   []uint32               // by term: where its part of posts begins
	posts    []int32                // blocks to be found by a term
	always   map[event.Kind][]int32 // blocks that need no term
	commands []commands

	mu   sync.Mutex
	free []*Found // released, to be used again
}

// indexed is a block with what it needs.
type indexed struct {
	when  *When
	needs []need
	gates []need // what its regular expressions need; nil is nothing
	typed int    // the view for regular expressions
	// linear: the block is beyond the index, and tried as it stands.
	linear bool
}

// need is a list of terms, ascending, of which the text must have one.
type need []uint32

// view is the text folded in one way, and what is sought in it.
type view struct {
	folding  Folding
	exact    map[string]uint32
	words    *automaton // nil if there are none
	literals *automaton // of regular expressions; nil if there are none
}

// NewIndex numbers blocks from 0, and the checked ones after them. Only blocks are
// found, and they name their events; both can be matched. A block with a command is
// found by the command alone.
func NewIndex(blocks, checked []*When) *Index {
	b := indexer{x: &Index{always: map[event.Kind][]int32{}}, length: make([]int, 1)}
	for _, w := range blocks {
		b.add(w)
	}
	for _, w := range checked {
		b.add(w)
	}
	for i := range b.x.views {
		for _, a := range []*automaton{b.x.views[i].words, b.x.views[i].literals} {
			if a != nil {
				a.link()
			}
		}
	}
	b.post(len(blocks))
	b.x.commands = commandsOf(blocks)
	return b.x
}

// indexer builds an Index.
type indexer struct {
	x      *Index
	length []int // of terms, in characters
}

func (b *indexer) add(w *When) {
	to := indexed{when: w}
	if !w.isUTF8() {
		to.linear = true
		b.x.blocks = append(b.x.blocks, to)
		return
	}
	v := b.view(w.folding)
	words := func(list []string, term func(*wordTerms) *uint32) need {
		var out need
		for _, word := range list {
			out = append(out, b.word(&b.x.views[v].words, false, word, term))
		}
		return out.sorted()
	}
	// The whole text is the rarest of needs and comes first.
	if w.exact != nil {
		to.needs = append(to.needs, b.exact(v, w.exact))
	}
	if w.contains != nil {
		to.needs = append(to.needs, words(w.contains, anywhere))
	}
	for i := range w.containsAll {
		to.needs = append(to.needs, words(w.containsAll[i:i+1], anywhere))
	}
	if w.starts != nil {
		to.needs = append(to.needs, words(w.starts, func(t *wordTerms) *uint32 { return &t.start }))
	}
	if w.ends != nil {
		to.needs = append(to.needs, words(w.ends, func(t *wordTerms) *uint32 { return &t.end }))
	}
	if w.regexes != nil {
		b.regexes(&to)
	}
	b.x.blocks = append(b.x.blocks, to)
}

func anywhere(t *wordTerms) *uint32 { return &t.anywhere }

// isUTF8 reports whether all words are UTF-8. A list in a file may hold anything;
// strings are compared by bytes, the automaton by characters.
func (w *When) isUTF8() bool {
	for _, list := range [][]string{w.contains, w.containsAll, w.starts, w.ends} {
		if slices.ContainsFunc(list, func(s string) bool { return !utf8.ValidString(s) }) {
			return false
		}
	}
	return true
}

func (b *indexer) view(f Folding) int {
	i := slices.IndexFunc(b.x.views, func(v view) bool { return v.folding == f })
	if i < 0 {
		i = len(b.x.views)
		b.x.views = append(b.x.views, view{folding: f, exact: map[string]uint32{}})
	}
	return i
}

func (b *indexer) newTerm(word string) uint32 {
	b.x.terms++
	b.length = append(b.length, utf8.RuneCountInString(word))
	return b.x.terms
}

func (b *indexer) exact(v int, words []string) need {
	var out need
	for _, word := range words {
		t, ok := b.x.views[v].exact[word]
		if !ok {
			t = b.newTerm(word)
			b.x.views[v].exact[word] = t
		}
		out = append(out, t)
	}
	return out.sorted()
}

func (b *indexer) word(a **automaton, anyCase bool, word string, term func(*wordTerms) *uint32) uint32 {
	if *a == nil {
		*a = newAutomaton(anyCase)
	}
	t := (*a).add(word)
	// A scan ends where it meets a word again, which it knows by this term.
	if t.anywhere == 0 {
		t.anywhere = b.newTerm(word)
	}
	asked := term(t)
	if *asked == 0 {
		*asked = b.newTerm(word)
	}
	return *asked
}

// regexes adds what regular expressions need: each of them, and so one of them.
func (b *indexer) regexes(to *indexed) {
	to.typed = b.view(to.when.folding.typed())
	some, certain := need{}, true
	for _, re := range to.when.regexes {
		var gate need
		for _, l := range literals(re.String()) {
			gate = append(gate, b.word(&b.x.views[to.typed].literals, true, l, anywhere))
		}
		to.gates = append(to.gates, gate.sorted())
		some = append(some, gate...)
		certain = certain && gate != nil
	}
	if certain {
		to.needs = append(to.needs, some.sorted())
	}
}

func (n need) sorted() need {
	slices.Sort(n)
	return slices.Compact(n)
}

// post decides by which terms the first blocks are found.
func (b *indexer) post(blocks int) {
	x := b.x
	uses := make([]int, x.terms+1)
	for _, block := range x.blocks[:blocks] {
		for _, n := range block.needs {
			for _, t := range n {
				uses[t]++
			}
		}
	}
	x.starts = make([]uint32, x.terms+2)
	keys := make([]need, blocks)
	for i, block := range x.blocks[:blocks] {
		switch {
		case block.when.command != nil:
		case block.linear || len(block.needs) == 0:
			for _, k := range block.when.Events {
				x.always[k] = append(x.always[k], int32(i))
			}
		default:
			keys[i] = b.rarest(&block, uses)
			for _, t := range keys[i] {
				x.starts[t+1]++
			}
		}
	}
	for t := range x.terms + 1 {
		x.starts[t+1] += x.starts[t]
	}
	x.posts = make([]int32, x.starts[x.terms+1])
	next := slices.Clone(x.starts)
	for i, key := range keys {
		for _, t := range key {
			x.posts[next[t]] = int32(i)
			next[t]++
		}
	}
}

// rarest is the need that the fewest texts are likely to meet: the whole text,
// else words that few blocks share, else long ones.
func (b *indexer) rarest(block *indexed, uses []int) need {
	if block.when.exact != nil {
		return block.needs[0]
	}
	best, bestUses, bestLength := need(nil), 0, 0
	for i, n := range block.needs {
		sum, length := 0, literalMost
		for _, t := range n {
			sum += uses[t]
			length = min(length, b.length[t])
		}
		if i == 0 || sum < bestUses || sum == bestUses && length > bestLength {
			best, bestUses, bestLength = n, sum, length
		}
	}
	return best
}
