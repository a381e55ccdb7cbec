package wx

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Directory is what the client knows of contacts and groups. It is safe for
// concurrent use; what it returns are copies that share nothing writable.
type Directory struct {
	mu       sync.RWMutex
	contacts map[string]Contact // what is in it is replaced, never written to
	complete bool
	self     string
	// listed tells of groups how many members their last whole list had. They
	// stand first in Members; behind them are those learnt one by one.
	listed map[string]int
}

func newDirectory() *Directory {
	return &Directory{contacts: map[string]Contact{}, listed: map[string]int{}}
}

// Contact returns a contact or group by user name.
func (d *Directory) Contact(userName string) (Contact, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	c, ok := d.contacts[userName]
	return c.clone(), ok
}

// Member returns a member of a group.
func (d *Directory) Member(group, userName string) (Member, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, m := range d.contacts[group].Members {
		if m.UserName == userName {
			return m, true
		}
	}
	return Member{}, false
}

// GroupOf returns a group that somebody is in, without its members.
func (d *Directory) GroupOf(userName string) (Contact, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, c := range d.contacts {
		if slices.ContainsFunc(c.Members, func(m Member) bool { return m.UserName == userName }) {
			c.Members = nil
			return c, true
		}
	}
	return Contact{}, false
}

// All returns every contact and group, without group members, by user name.
func (d *Directory) All() []Contact {
	d.mu.RLock()
	defer d.mu.RUnlock()
	all := make([]Contact, 0, len(d.contacts))
	for _, c := range d.contacts {
		c.Members = nil
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Contact) int { return strings.Compare(a.UserName, b.UserName) })
	return all
}

// Complete reports whether the whole contact list has been loaded. Groups that
// are not saved to the contacts may still be missing.
func (d *Directory) Complete() bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.complete
}

func (d *Directory) setComplete() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.complete = true
}

func (d *Directory) setSelf(userName string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.self = userName
}

// put enters contacts. It gives copies of those that are new or different, and
// who joined and left the groups among them.
func (d *Directory) put(contacts ...Contact) changes {
	d.mu.Lock()
	defer d.mu.Unlock()
	var changed changes
	for _, c := range contacts {
		if c.UserName == "" {
			continue
		}
		old, known := d.contacts[c.UserName]
		changed.members = append(changed.members, d.noteListLocked(&old, &c)...)
		if known {
			c = merge(old, c)
			if reflect.DeepEqual(old, c) {
				continue
			}
		}
		d.contacts[c.UserName] = c
		changed.contacts = append(changed.contacts, c.clone())
	}
	return changed
}

// noteListLocked compares a list of members that came with the one before.
func (d *Directory) noteListLocked(old, c *Contact) []MembersChanged {
	if !IsGroup(c.UserName) || len(c.Members) == 0 {
		return nil
	}
	n := d.listed[c.UserName]
	if !isWhole(c, d.self) {
		delete(d.listed, c.UserName)
		return nil
	}
	d.listed[c.UserName] = len(c.Members)
	if n == 0 || n > len(old.Members) {
		return nil
	}
	joined, left := compare(old.Members[:n], c.Members)
	if len(joined)+len(left) == 0 {
		return nil
	}
	// Who came may have been looked up already, where lists have no names.
	for i, m := range joined {
		at := slices.IndexFunc(old.Members[n:], func(o Member) bool { return o.UserName == m.UserName })
		if at >= 0 && m.NickName == "" {
			joined[i] = old.Members[n+at]
		}
	}
	return []MembersChanged{{Group: c.UserName, Joined: joined, Left: left}}
}

// merge keeps what an answer leaves out: groups come without members from one
// endpoint and without their names from another (sections 5.1, 5.2 and 6.2).
func merge(old, c Contact) Contact {
	if c.NickName == "" {
		c.NickName = old.NickName
	}
	if c.Uin == 0 {
		c.Uin = old.Uin
	}
	if c.EncryChatRoomID == "" {
		c.EncryChatRoomID = old.EncryChatRoomID
	}
	if c.OwnerName == "" {
		c.OwnerName = old.OwnerName
	}
	if len(old.Members) == 0 {
		return c
	}
	if len(c.Members) == 0 {
		c.Members = old.Members
		c.MemberCount = old.MemberCount
		return c
	}
	byName := make(map[string]Member, len(old.Members))
	for _, m := range old.Members {
		byName[m.UserName] = m
	}
	c.Members = slices.Clone(c.Members)
	for i, m := range c.Members {
		if m.NickName == "" && m.DisplayName == "" {
			if was, ok := byName[m.UserName]; ok {
				c.Members[i].NickName, c.Members[i].DisplayName = was.NickName, was.DisplayName
			}
		}
	}
	return c
}

// putMember enters what was learnt of a member; it gives the group if that
// changed anything.
func (d *Directory) putMember(group string, c Contact) changes {
	d.mu.Lock()
	defer d.mu.Unlock()
	g, ok := d.contacts[group]
	if !ok {
		return changes{}
	}
	i := slices.IndexFunc(g.Members, func(m Member) bool { return m.UserName == c.UserName })
	now := Member{UserName: c.UserName, NickName: c.NickName, AttrStatus: c.AttrStatus}
	if i >= 0 {
		now.DisplayName = g.Members[i].DisplayName
		if now.NickName == "" || g.Members[i] == now {
			return changes{}
		}
	}
	g.Members = slices.Clone(g.Members)
	if i >= 0 {
		g.Members[i] = now
	} else {
		g.Members = append(g.Members, now)
		g.MemberCount = max(g.MemberCount, len(g.Members))
	}
	d.contacts[group] = g
	return changes{contacts: []Contact{g.clone()}}
}

// remove forgets a contact; it reports whether there was one.
func (d *Directory) remove(userName string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.contacts[userName]
	delete(d.contacts, userName)
	delete(d.listed, userName)
	return ok
}

// hasMembers reports whether a group is known together with who is in it.
func (d *Directory) hasMembers(group string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return slices.ContainsFunc(d.contacts[group].Members, func(m Member) bool { return m.NickName != "" })
}

// has reports whether a contact is known.
func (d *Directory) has(userName string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	_, ok := d.contacts[userName]
	return ok
}

// size is how many members a group has, as far as known.
func (d *Directory) size(group string) int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	c := d.contacts[group]
	return max(c.MemberCount, len(c.Members))
}

// roomID is how batch requests name a group that a member is looked up in: by
// its encrypted id, else its user name; both work (section 5.2).
func (d *Directory) roomID(group string) string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if id := d.contacts[group].EncryChatRoomID; id != "" {
		return id
	}
	return group
}

// clone is a copy that shares nothing writable.
func (c Contact) clone() Contact {
	c.Members = slices.Clone(c.Members)
	return c
}
