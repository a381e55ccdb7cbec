package match

import (
	"slices"
	"unicode/utf8"
)

// commands are the commands of blocks that fold in one way, by their names.
type commands struct {
	folding Folding
	names   map[string][]int32  // blocks by a name, folded
	heads   map[string]struct{} // all beginnings of names
	longest int                 // name, in characters
	odd     []int32             // blocks with names that are no UTF-8
}

func commandsOf(blocks []*When) []commands {
	var out []commands
	for i, w := range blocks {
		if w.command == nil {
			continue
		}
		at := slices.IndexFunc(out, func(c commands) bool { return c.folding == w.folding })
		if at < 0 {
			at = len(out)
			out = append(out, commands{folding: w.folding, names: map[string][]int32{}, heads: map[string]struct{}{}})
		}
		for _, n := range w.command.names {
			out[at].add(n.folded, int32(i))
		}
	}
	return out
}

func (c *commands) add(name string, block int32) {
	if !utf8.ValidString(name) {
		c.odd = append(c.odd, block)
		return
	}
	c.names[name] = append(c.names[name], block)
	for i := range name {
		c.heads[name[:i]] = struct{}{}
	}
	c.heads[name] = struct{}{}
	c.longest = max(c.longest, utf8.RuneCountInString(name))
}

// FindCommands looks for the blocks whose command the text may call, whatever their
// other conditions.
func (x *Index) FindCommands(in Input) *Found {
	f := x.begin(in)
	typed, bare := in.callable()
	for i := range x.commands {
		c := &x.commands[i]
		f.blocks = append(f.blocks, c.odd...)
		f.heads(c, typed)
		if bare != "" {
			f.heads(c, bare)
		}
	}
	slices.Sort(f.blocks)
	f.blocks = slices.Compact(f.blocks)
	return f
}

// heads finds the names that a beginning of the text folds to.
func (f *Found) heads(c *commands, text string) {
	n := 0
	for i := range text {
		if n++; n > c.longest+foldSlack {
			return
		}
		if !f.headAt(c, text[:i]) {
			return
		}
	}
	f.headAt(c, text)
}

// headAt adds the names that a beginning folds to, and reports whether there may be
// more in a longer one.
func (f *Found) headAt(c *commands, head string) bool {
	f.head = c.folding.append(f.head[:0], head)
	f.blocks = append(f.blocks, c.names[string(f.head)]...)
	_, ok := c.heads[string(f.head)]
	return ok
}
