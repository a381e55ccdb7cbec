package match

// terms is a set of terms, with a list of them. Term 0 is never in it.
type terms struct {
	bits []uint64
	list []uint32
}

// add reports whether the term is new.
func (t *terms) add(term uint32) bool {
	word, bit := term/64, uint64(1)<<(term%64)
	if term == 0 || t.bits[word]&bit != 0 {
		return false
	}
	t.bits[word] |= bit
	t.list = append(t.list, term)
	return true
}

func (t *terms) has(term uint32) bool { return t.bits[term/64]&(1<<(term%64)) != 0 }

// clear empties the set in the time that filling it took.
func (t *terms) clear() {
	for _, term := range t.list {
		t.bits[term/64] = 0
	}
	t.list = t.list[:0]
}
