package wx

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"time"

	"wxbot/wx/internal/wire"
)

const (
	// inviteStart is the size, with the new members, from which people are
	// invited instead of added (section 10.4).
	inviteStart = 40
	minMembers  = 2  // of a new group, without the account itself
	maxTopic    = 32 // bytes
	// createEvery and changeEvery: more brings 1205 (sections 10.3 and 16).
	createEvery = time.Minute
	changeEvery = 15 * time.Second
)

// MemberStatus of people who cannot be added (section 10.3).
const (
	statusBlocked = 3
	statusDeleted = 4
)

// Admitted tells what became of people who were to come into a group.
type Admitted struct {
	Group string // user name of the group
	// Added are in the group now; Invited have to accept an invitation first.
	Added, Invited []string
	// Refused have deleted or blocked the account.
	Refused []string
	// Partly: WeChat says that not everybody was added, and does not always tell
	// who. The next MembersChanged shows.
	Partly bool
}

// CreateGroup makes a group of the account and at least two friends
// (webwxcreatechatroom). A topic has 32 bytes at most and may be empty. WeChat has
// closed this to many web clients, which is Ret 1, and throttles it hard: calls
// are a minute apart, and for at least half an hour after 1205 every call fails at
// once with an error that Throttled knows. It makes one try; an error matching
// ErrUnknownOutcome must not be repeated.
func (c *Client) CreateGroup(ctx context.Context, topic string, people ...string) (Admitted, error) {
	a, err := c.friends("webwxcreatechatroom")
	if err != nil {
		return Admitted{}, err
	}
	people = distinct(people)
	topic = plain(topic)
	if len(people) < minMembers || len(topic) > maxTopic || !arePeople(people) || slices.Contains(people, a.selfContact().UserName) {
		return Admitted{}, fmt.Errorf("webwxcreatechatroom: needs %d other people at least and a topic of %d bytes at most: %w", minMembers, maxTopic, errUnfit)
	}
	list := make([]wire.RoomEntry, len(people))
	for i, name := range people {
		list[i].UserName = name
	}
	q, err := a.call("webwxcreatechatroom", url.Values{"r": {millis()}}).withJSON(wire.CreateRoomRequest{
		BaseRequest: a.base(), MemberCount: len(list), MemberList: list, Topic: topic,
	})
	if err != nil {
		return Admitted{}, err
	}
	resp, partly, err := c.askRoom(ctx, &a.creating, createEvery, q)
	if err != nil {
		return Admitted{}, err
	}
	group := string(resp.ChatRoomName)
	if !IsGroup(group) {
		return Admitted{}, fmt.Errorf("webwxcreatechatroom: %w: no group in the answer", ErrUnknownOutcome)
	}
	c.load.refresh(group)
	out := Admitted{Group: group, Partly: partly}
	out.Added, out.Refused = sortOut(people, resp)
	return out, nil
}

// AddMembers brings friends into a group (webwxupdatechatroom): it adds them, or
// invites them if the group has, with them, 40 members or more. Who is in it
// already is left out. The size is that of the directory; a group that is not
// known is looked up first. Calls are 15 s apart; for 1205, Ret 1 and
// ErrUnknownOutcome see CreateGroup. Ret -23 says that the group is too large.
func (c *Client) AddMembers(ctx context.Context, group string, people ...string) (Admitted, error) {
	a, err := c.friends("webwxupdatechatroom")
	if err != nil {
		return Admitted{}, err
	}
	if !IsGroup(group) || len(people) == 0 || !arePeople(people) {
		return Admitted{}, fmt.Errorf("webwxupdatechatroom: needs a group and people: %w", errUnfit)
	}
	members, size, err := c.membersOf(ctx, group)
	if err != nil {
		return Admitted{}, err
	}
	people = distinct(people)
	people = slices.DeleteFunc(people, func(name string) bool { return members[name] })
	out := Admitted{Group: group}
	if len(people) == 0 {
		return out, nil
	}
	req := wire.UpdateRoomRequest{BaseRequest: a.base(), ChatRoomName: group}
	fun, names := "addmember", strings.Join(people, ",")
	if size+len(people) >= inviteStart {
		fun, req.InviteMemberList = "invitemember", names
	} else {
		req.AddMemberList = names
	}
	resp, partly, err := c.updateRoom(ctx, a, fun, req)
	if err != nil {
		return Admitted{}, err
	}
	out.Partly = partly
	out.Added, out.Refused = sortOut(people, resp)
	if fun == "invitemember" {
		out.Added, out.Invited = nil, out.Added
	}
	return out, nil
}

// RenameGroup changes the topic of a group (webwxupdatechatroom), 1 to 32 bytes.
// For errors see AddMembers.
func (c *Client) RenameGroup(ctx context.Context, group, topic string) error {
	a, err := c.friends("webwxupdatechatroom")
	if err != nil {
		return err
	}
	if topic = plain(topic); !IsGroup(group) || topic == "" || len(topic) > maxTopic {
		return fmt.Errorf("webwxupdatechatroom: needs a group and a topic of 1 to %d bytes: %w", maxTopic, errUnfit)
	}
	_, _, err = c.updateRoom(ctx, a, "modtopic", wire.UpdateRoomRequest{BaseRequest: a.base(), ChatRoomName: group, NewTopic: topic})
	return err
}

// Refresh asks the server in the background for contacts and groups of the
// directory; what has changed comes as ContactsChanged and MembersChanged. WeChat
// does not say that somebody left a group, so whoever wants to know must ask. All
// of it goes out in requests that are two seconds apart, after any Lookup.
func (c *Client) Refresh(userNames ...string) {
	c.load.refresh(slices.DeleteFunc(slices.Clone(userNames), func(name string) bool { return !c.dir.has(name) })...)
}

// groupLoop refreshes all groups from time to time, never at the same minute of
// every hour.
func (c *Client) groupLoop(ctx context.Context, _ *account) error {
	every := c.opts.GroupRefresh
	if every == 0 {
		return nil
	}
	for {
		if err := pause(ctx, every+rand.N(every/8)); err != nil {
			return err
		}
		c.Refresh(groupNames(c.dir.All())...)
	}
}

func (c *Client) updateRoom(ctx context.Context, a *account, fun string, req wire.UpdateRoomRequest) (*wire.RoomResponse, bool, error) {
	q, err := a.call("webwxupdatechatroom", url.Values{"fun": {fun}, "lang": {c.opts.Lang}}).withJSON(req)
	if err != nil {
		return nil, false, err
	}
	resp, partly, err := c.askRoom(ctx, &a.changing, changeEvery, q)
	if err == nil {
		c.load.refresh(req.ChatRoomName)
	}
	return resp, partly, err
}

// askRoom makes a call that changes a group, in its turn. That only a part was
// done counts as success (section 13.1).
func (c *Client) askRoom(ctx context.Context, g *gate, every time.Duration, q call) (resp *wire.RoomResponse, partly bool, err error) {
	if err := g.pass(ctx, every); err != nil {
		return nil, false, err
	}
	q.effect = true
	resp = &wire.RoomResponse{}
	err = c.ask(ctx, q, resp)
	if e, ok := errors.AsType[*APIError](err); ok && e.Ret == retPartly {
		partly, err = true, nil
	}
	g.note(err)
	return resp, partly, err
}

// membersOf gives who is in a group, and its size.
func (c *Client) membersOf(ctx context.Context, group string) (map[string]bool, int, error) {
	g, ok := c.dir.Contact(group)
	if !ok || len(g.Members) == 0 {
		if _, err := c.Lookup(ctx, "", group); err != nil {
			return nil, 0, err
		}
		g, _ = c.dir.Contact(group)
	}
	if len(g.Members) == 0 {
		return nil, 0, fmt.Errorf("webwxupdatechatroom: the group is not known: %w", errUnfit)
	}
	members := make(map[string]bool, len(g.Members))
	for _, m := range g.Members {
		members[m.UserName] = true
	}
	return members, max(g.MemberCount, len(members)), nil
}

// distinct leaves out names that came before.
func distinct(names []string) []string {
	var out []string
	for _, n := range names {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// arePeople reports whether these can be user names of people.
func arePeople(names []string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return n == "" || IsGroup(n) || IsSpecial(n) || strings.Contains(n, ",") })
}

// sortOut tells who was taken from who was refused.
func sortOut(people []string, resp *wire.RoomResponse) (taken, refused []string) {
	status := map[string]int{}
	for _, m := range resp.MemberList.Items {
		status[string(m.UserName)] = int(m.MemberStatus)
	}
	for _, name := range people {
		if s := status[name]; s == statusBlocked || s == statusDeleted {
			refused = append(refused, name)
		} else {
			taken = append(taken, name)
		}
	}
	return taken, refused
}
