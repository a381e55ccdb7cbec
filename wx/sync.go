package wx

import (
	"context"
	"net/url"
	"reflect"
	"slices"
	"time"

	"wxbot/wx/internal/wire"
)

// synced is what one webwxsync answer meant.
type synced struct {
	more    bool // the server says that more is waiting
	moved   bool // the position advanced
	brought bool // something was told to the sink
}

// syncOnce calls webwxsync once, hands what came to the sink, and only then
// moves the position (section 6.2).
func (c *Client) syncOnce(ctx context.Context, a *account) (synced, error) {
	keys := a.position()
	_, before := c.jar.snapshot()
	q, err := a.call("webwxsync", url.Values{
		"sid": {a.sid}, "skey": {keys.skey}, "lang": {c.opts.Lang},
	}).withJSON(wire.SyncRequest{
		BaseRequest: a.base(), SyncKey: keys.syncKey, RR: notMillis(time.Now().UnixMilli()),
	})
	if err != nil {
		return synced{}, err
	}
	q.class = classContacts // a changed group comes with all its members
	var resp wire.SyncResponse
	if err := c.ask(ctx, q, &resp); err != nil {
		return synced{}, err
	}
	next := advance(keys, &resp)
	events := c.digest(a, &resp)
	cookies, after := c.jar.snapshot()
	moved := !reflect.DeepEqual(keys, next)
	if moved || before != after || len(events) > 0 {
		if err := c.deliver(ctx, Batch{Events: events, Session: a.session(next, cookies)}); err != nil {
			return synced{}, err
		}
	}
	a.setPosition(next)
	brought := moved && len(events) > 0
	if brought {
		c.health.noteDelivered(time.Now())
	}
	return synced{more: resp.ContinueFlag != 0, moved: moved, brought: brought}, nil
}

// advance gives the position after an answer. Keys without entries, as error
// answers carry them, are not taken over: the position would be lost.
func advance(keys position, resp *wire.SyncResponse) position {
	if len(resp.SyncKey.List) > 0 {
		keys.syncKey = resp.SyncKey
	}
	if len(resp.SyncCheckKey.List) > 0 {
		keys.checkKey = resp.SyncCheckKey
	}
	if resp.SKey != "" {
		keys.skey = string(resp.SKey)
	}
	return keys
}

// digest turns an answer into events, in the order of section 6.2: profile,
// deleted contacts, changed contacts, messages; so a group that changed is known
// anew before its messages are.
func (c *Client) digest(a *account, resp *wire.SyncResponse) []Event {
	var change ContactsChanged
	change.Changed = c.updateSelf(a, &resp.Profile)
	for _, d := range resp.DelContactList.Items {
		if c.dir.remove(string(d.UserName)) {
			change.Deleted = append(change.Deleted, string(d.UserName))
		}
	}
	mod := contactsOf(resp.ModContactList.Items)
	known := c.dir.put(mod...)
	change.Changed = append(change.Changed, known.contacts...)
	// Changed groups come without proper names (section 6.2).
	c.load.refresh(groupNames(mod)...)

	var events []Event
	if len(change.Changed)+len(change.Deleted) > 0 {
		events = append(events, change)
	}
	events = append(events, known.moves()...)
	bad := resp.AddMsgList.Bad + resp.ModContactList.Bad + resp.DelContactList.Bad
	self := a.selfContact().UserName
	for i := range resp.AddMsgList.Items {
		m := decodeMessage(&resp.AddMsgList.Items[i], self)
		if m.ID == "" {
			bad++
			continue
		}
		if c.own.has(m.ID) {
			continue // an echo of what this client sent (section 6.3)
		}
		if a.mode == ModeFileHelper && m.Chat == FileHelper {
			// Nobody but the owner can write there, whatever From says.
			m.FromSelf, m.Sender = true, self
		}
		c.learnGroups(&m)
		events = append(events, MessageReceived{Message: m})
	}
	if bad > 0 {
		c.log.Warn().Int("entries", bad).Msg("sync entries not understood")
	}
	return events
}

// learnGroups asks for groups that a message names and the directory does not
// have: those not saved to the contacts are learnt no other way (section 5.1).
func (c *Client) learnGroups(m *Message) {
	names := []string{m.From, m.To}
	if m.Notify != nil && m.Notify.Code == NotifyConversations {
		names = append(names, m.Notify.UserNames...)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !IsGroup(name) || c.dir.hasMembers(name) })
	c.load.add(names...)
}

// loadGroups asks for the members of groups that are not known with them.
func (c *Client) loadGroups(contacts []Contact) {
	c.load.add(slices.DeleteFunc(groupNames(contacts), c.dir.hasMembers)...)
}

func groupNames(contacts []Contact) []string {
	var names []string
	for i := range contacts {
		if IsGroup(contacts[i].UserName) {
			names = append(names, contacts[i].UserName)
		}
	}
	return names
}

// updateSelf takes over a changed profile; it gives the own contact if so.
func (c *Client) updateSelf(a *account, p *wire.Profile) []Contact {
	name := wire.DecodeName(string(p.NickName.Buff))
	self := a.selfContact()
	if p.BitFlag == 0 || name == "" || name == self.NickName {
		return nil
	}
	self.NickName = name
	a.setSelf(self)
	return c.dir.put(self).contacts
}
