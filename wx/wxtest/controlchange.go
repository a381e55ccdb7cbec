package wxtest

import (
	"errors"
	"fmt"
	"slices"
)

// What else happens to people and groups: the calls of the control API that change
// them.

// member finds somebody in a group.
func (c *control) member(group, person string) (*Group, *Account, error) {
	g, err := c.room(group)
	if err != nil {
		return nil, nil, err
	}
	a, err := c.account(person)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Contains(g.Members(), a) {
		return nil, nil, fmt.Errorf("%q is not in the group", person)
	}
	return g, a, nil
}

type leaveCall struct {
	Group  string `json:"group"`
	Person string `json:"person"`
	By     string `json:"by"`
}

// leave takes somebody out of a group: by nobody it is going by itself, of which no
// message tells.
func (c *control) leave(in leaveCall) (any, error) {
	g, who, err := c.member(in.Group, in.Person)
	if err != nil {
		return nil, err
	}
	self := c.srv.Self()
	var by *Account
	if in.By != "" {
		if by, err = c.account(in.By); err != nil {
			return nil, err
		}
	}
	switch {
	case who == self && (by == nil || by == self):
		return nil, errors.New("by is missing: the account is removed by somebody else")
	case who == self:
		return c.told(func() MsgID { return g.RemoveSelf(by) }), nil
	case by == self:
		return c.told(func() MsgID { return g.RemoveFromPhone(who) }), nil
	}
	g.Remove(who)
	return struct{}{}, nil
}

type renameCall struct {
	Group  string `json:"group"`
	Person string `json:"person"`
	Name   string `json:"name"`
	By     string `json:"by"`
}

// rename gives a group another topic, or a person another nickname.
func (c *control) rename(in renameCall) (any, error) {
	switch {
	case in.Name == "":
		return nil, errors.New("name is missing")
	case (in.Group == "") == (in.Person == ""):
		return nil, errors.New("want either group or person")
	case in.Person != "":
		a, err := c.account(in.Person)
		if err != nil {
			return nil, err
		}
		a.Rename(in.Name)
		return struct{}{}, nil
	}
	g, err := c.room(in.Group)
	if err != nil {
		return nil, err
	}
	by := c.srv.Self()
	if in.By != "" {
		if by, err = c.account(in.By); err != nil {
			return nil, err
		}
	}
	return c.told(func() MsgID { return g.Rename(by, in.Name) }), nil
}

type tickleCall struct {
	Group string `json:"group"`
	From  string `json:"from"`
	To    string `json:"to"`
}

// tickle is 拍一拍 in a group, of the account unless told otherwise.
func (c *control) tickle(in tickleCall) (any, error) {
	g, from, err := c.member(in.Group, in.From)
	if err != nil {
		return nil, err
	}
	to := c.srv.Self()
	if in.To != "" {
		if to, err = c.account(in.To); err != nil {
			return nil, err
		}
	}
	return c.told(func() MsgID { return g.Tickle(from, to) }), nil
}

type unfriendCall struct {
	Person string `json:"person"`
}

// unfriend lets somebody delete the account.
func (c *control) unfriend(in unfriendCall) (any, error) {
	a, err := c.account(in.Person)
	if err != nil {
		return nil, err
	}
	if a == c.srv.Self() {
		return nil, errors.New("the account is no friend of its own")
	}
	a.Unfriend()
	return struct{}{}, nil
}

type phoneCall struct {
	Away bool `json:"away"`
}

// phone switches the owner's phone off and on: without it polls announce what comes
// and nothing is handed out.
func (c *control) phone(in phoneCall) (any, error) {
	if in.Away {
		c.srv.PhoneAway()
	} else {
		c.srv.PhoneBack()
	}
	return struct{}{}, nil
}
