package wx

// changes is what the directory learnt from an answer.
type changes struct {
	contacts []Contact
	members  []MembersChanged
}

func (ch *changes) add(other changes) {
	ch.contacts = append(ch.contacts, other.contacts...)
	ch.members = append(ch.members, other.members...)
}

func (ch *changes) empty() bool { return len(ch.contacts)+len(ch.members) == 0 }

// events tells of contacts first, so that whoever hears of a member knows it.
func (ch *changes) events() []Event {
	var out []Event
	if len(ch.contacts) > 0 {
		out = append(out, ContactsChanged{Changed: ch.contacts})
	}
	return append(out, ch.moves()...)
}

func (ch *changes) moves() []Event {
	var out []Event
	for _, m := range ch.members {
		out = append(out, m)
	}
	return out
}

// isWhole reports whether a group came with everybody who is in it, self
// included: of groups that one has left the server gives lists without (section
// 5.2).
func isWhole(g *Contact, self string) bool {
	if len(g.Members) == 0 || g.MemberCount != len(g.Members) || self == "" {
		return false
	}
	seen := make(map[string]bool, len(g.Members))
	for _, m := range g.Members {
		if m.UserName == "" || seen[m.UserName] {
			return false
		}
		seen[m.UserName] = true
	}
	return seen[self]
}

// compare gives who joined and who left between two whole lists. Lists that have
// nobody but the account itself in common are of no use: that is no group whose
// members left but one that was named anew.
func compare(before, after []Member) (joined, left []Member) {
	names := make(map[string]bool, len(after))
	for _, m := range after {
		names[m.UserName] = true
	}
	for _, m := range before {
		if !names[m.UserName] {
			left = append(left, m)
		}
		delete(names, m.UserName)
	}
	for _, m := range after {
		if names[m.UserName] {
			joined = append(joined, m)
		}
	}
	if common := len(before) - len(left); common <= 1 && len(left) > 1 && len(joined) > 0 {
		return nil, nil
	}
	return joined, left
}
