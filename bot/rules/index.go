package rules

import "wxbot/bot/match"

// index finds the rules that may hold. Its blocks are those of the enabled rules, in
// the order of the file.
type index struct {
	blocks   *match.Index
	rules    []*rule
	owners   []int32            // by block: its rule
	first    []int32            // by rule: its first block
	unless   []int32            // by rule: its first block of unless
	commands map[string][]int32 // by rule: its blocks with a command
}

func newIndex(rules []*rule) *index {
	x := &index{commands: map[string][]int32{}}
	var blocks, unless []*match.When
	for _, r := range rules {
		if !r.enabled {
			continue
		}
		x.first, x.unless = append(x.first, count(blocks)), append(x.unless, count(unless))
		for _, w := range r.when {
			if w.HasCommand() {
				x.commands[r.name] = append(x.commands[r.name], count(blocks))
			}
			blocks = append(blocks, w)
			x.owners = append(x.owners, count(x.rules))
		}
		unless = append(unless, r.unless...)
		x.rules = append(x.rules, r)
	}
	for i := range x.unless {
		x.unless[i] += count(blocks)
	}
	x.blocks = match.NewIndex(blocks, unless)
	return x
}

// count is a length: a file has at most rulesMost rules, and fewer blocks than bytes.
func count[T any](list []T) int32 { return int32(len(list)) }

func (x *index) block(b int32) (*rule, *match.When) {
	r := x.owners[b]
	return x.rules[r], x.rules[r].when[b-x.first[r]]
}

// walk walks the rules that hold for an event, in the order of the file.
type walk struct {
	index *index
	found *match.Found
	at    int // in the blocks that may hold
	last  int32

	// The rule that next found, its block that holds, and what that caught.
	rule *rule
	when *match.When
	caps match.Captures
}

func (s *Set) walk(in Input) walk {
	return walk{index: s.index, last: -1, found: s.index.blocks.Find(
		match.Input{Event: in.Event, Now: in.Now, Prefixes: s.settings.Prefixes, Rand: in.Rand}, s.index.commands[in.Command])}
}

func (w *walk) end() { w.found.Release() }

// next finds the next rule that holds: by its first block that does, and no block of
// unless.
func (w *walk) next() bool {
	for blocks := w.found.Blocks(); w.at < len(blocks); {
		b := blocks[w.at]
		w.at++
		owner := w.index.owners[b]
		w.caps = match.Captures{}
		if owner == w.last || !w.found.Match(b, &w.caps) {
			continue
		}
		w.last = owner
		if w.rule, w.when = w.index.block(b); !w.stopped(owner) {
			return true
		}
	}
	return false
}

func (w *walk) stopped(rule int32) bool {
	for i := range w.rule.unless {
		if w.found.Match(w.index.unless[rule]+int32(i), nil) {
			return true
		}
	}
	return false
}
