package match

// edge is the key of an edge: a state and a character. No edge from the root is
// kept by its key, so none is 0.
func edge(from state, r rune) uint64 { return uint64(from)<<32 | uint64(uint32(r)) }

// spread makes of a key bits that look random, the upper ones most so.
func spread(key uint64) uint64 {
	const golden = 0x9e3779b97f4a7c15 // 2^64 divided by the golden ratio
	return (key ^ key>>29) * golden
}

// edges is a hash table from edges to the states they lead to, with linear probing.
type edges struct {
	slots []slot
	used  int
	shift uint8 // of a spread key, to a slot
}

type slot struct {
	key uint64 // 0 is free
	to  state
}

// newEdges makes room for n edges; it grows by itself.
func newEdges(n int) edges {
	size, shift := 16, uint8(60)
	for ; size*3 < n*4; size *= 2 {
		shift--
	}
	return edges{slots: make([]slot, size), shift: shift}
}

func (e *edges) get(key uint64) state {
	mask := uint64(len(e.slots) - 1)
	for i := spread(key) >> (e.shift & 63); ; i++ {
		switch s := &e.slots[i&mask]; s.key {
		case key:
			return s.to
		case 0:
			return 0
		}
	}
}

// put adds an edge that is not there yet.
func (e *edges) put(key uint64, to state) {
	if e.used++; e.used*4 > len(e.slots)*3 {
		old := *e
		*e = newEdges(2 * e.used)
		e.used = old.used
		for _, s := range old.slots {
			if s.key != 0 {
				e.set(s)
			}
		}
	}
	e.set(slot{key, to})
}

func (e *edges) set(s slot) {
	mask := uint64(len(e.slots) - 1)
	i := spread(s.key) >> (e.shift & 63)
	for e.slots[i&mask].key != 0 {
		i++
	}
	e.slots[i&mask] = s
}

// filter tells that an edge is not there, nearly always, from much less memory than
// the table takes: at most one bit in sixteen is set.
type filter struct {
	bits  []uint64
	shift uint8 // of a spread key, to a bit
}

func newFilter(n int) filter {
	size, shift := 64, uint8(58)
	for ; size < 16*n; size *= 2 {
		shift--
	}
	return filter{bits: make([]uint64, size/64), shift: shift}
}

func (f *filter) add(key uint64) {
	bit := spread(key) >> (f.shift & 63)
	f.bits[bit/64] |= 1 << (bit % 64)
}

func (f *filter) has(key uint64) bool {
	bit := spread(key) >> (f.shift & 63)
	return f.bits[bit/64]&(1<<(bit%64)) != 0
}
