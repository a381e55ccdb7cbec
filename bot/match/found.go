package match

import (
	"bytes"
	"slices"
)

// Found is what an Index found for one event. It is used by one goroutine, until it
// is released.
type Found struct {
	x      *Index
	in     Input
	hits   terms
	texts  [][]byte // by view
	folded []bool   // by view: the text is there
	blocks []int32
	head   []byte // of a text, folded
}

func newFound(x *Index) *Found {
	return &Found{
		x: x, hits: terms{bits: make([]uint64, x.terms/64+1)},
		texts: make([][]byte, len(x.views)), folded: make([]bool, len(x.views)),
	}
}

// Find looks for the blocks that may hold. Blocks with a command are those that the
// caller names, ascending.
func (x *Index) Find(in Input, commands []int32) *Found {
	f := x.begin(in)
	for i := range x.views {
		f.look(i)
	}
	for _, t := range f.hits.list {
		f.blocks = append(f.blocks, x.posts[x.starts[t]:x.starts[t+1]]...)
	}
	f.blocks = append(f.blocks, x.always[in.Event.Kind]...)
	f.blocks = append(f.blocks, commands...)
	slices.Sort(f.blocks)
	f.blocks = slices.Compact(f.blocks)
	return f
}

// reuse takes a released Found, if there is one. They come from a list and not from a
// sync.Pool, so that a search allocates nothing for certain.
func (x *Index) reuse() *Found {
	x.mu.Lock()
	defer x.mu.Unlock()
	last := len(x.free) - 1
	if last < 0 {
		return nil
	}
	f := x.free[last]
	x.free = x.free[:last]
	return f
}

func (x *Index) begin(in Input) *Found {
	f := x.reuse()
	if f == nil {
		f = newFound(x)
	}
	f.in = in
	return f
}

// Release gives back what the search needed; f is not used after it.
func (f *Found) Release() {
	const (
		bufferMost = 64 << 10 // bytes of a text that are kept for the next
		freeMost   = 16       // more searches than this are seldom under way
	)
	f.in = Input{}
	f.hits.clear()
	for i := range f.texts {
		if f.folded[i] = false; cap(f.texts[i]) > bufferMost {
			f.texts[i] = nil
		}
	}
	f.blocks = f.blocks[:0]
	f.x.mu.Lock()
	defer f.x.mu.Unlock()
	if len(f.x.free) < freeMost {
		f.x.free = append(f.x.free, f)
	}
}

// Blocks are the numbers of the blocks that may hold, ascending. No other block
// does.
func (f *Found) Blocks() []int32 { return f.blocks }

// Input is the event with what is known of it.
func (f *Found) Input() *Input { return &f.in }

// Match tries a block, as When.Match does: whatever its number, it holds if and
// only if that says so, and it draws if and only if that does.
func (f *Found) Match(block int32, c *Captures) bool {
	b := &f.x.blocks[block]
	w := b.when
	if b.linear {
		return w.Match(&f.in, c) == Holds
	}
	for _, n := range b.needs {
		if !f.meets(n) {
			return false
		}
	}
	return w.scope(&f.in) == Holds && (w.regexes == nil || f.regex(b, c)) && w.called(&f.in, c) && w.lucky(&f.in)
}

// meets reports whether the text has one of the terms.
func (f *Found) meets(n need) bool {
	if len(n) <= 8 || len(n) <= len(f.hits.list) {
		return slices.ContainsFunc(n, f.hits.has)
	}
	for _, t := range f.hits.list {
		if _, ok := slices.BinarySearch(n, t); ok {
			return true
		}
	}
	return false
}

// regex is When.regex for expressions whose literals occur.
func (f *Found) regex(b *indexed, c *Captures) bool {
	text := f.text(b.typed)
	for i, re := range b.when.regexes {
		if b.gates[i] != nil && !f.meets(b.gates[i]) || !re.Match(text) {
			continue
		}
		if c != nil {
			c.catch(re, re.FindStringSubmatch(string(text)))
		}
		return true
	}
	return false
}

// text is the text folded as a view wants it.
func (f *Found) text(view int) []byte {
	if !f.folded[view] {
		f.texts[view] = f.x.views[view].folding.append(f.texts[view][:0], f.in.Text())
		f.folded[view] = true
	}
	return f.texts[view]
}

// look finds the terms of a view.
func (f *Found) look(i int) {
	v := &f.x.views[i]
	if f.in.Text() == "" || v.words == nil && v.literals == nil && len(v.exact) == 0 {
		return
	}
	text := f.text(i)
	if v.words != nil {
		v.words.scan(text, &f.hits)
	}
	if v.literals != nil {
		v.literals.scan(text, &f.hits)
	}
	if len(v.exact) > 0 {
		f.hits.add(v.exact[string(bytes.TrimRight(text, trailing))])
	}
}
