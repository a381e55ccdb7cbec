package wxtest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// selfName names the account; "filehelper" is an id like any other.
const selfName = "self"

// lookUp finds people and groups by id, remark, nickname or topic: an id hides
// everything else.
func lookUp[T any](all []T, name string, id func(T) string, names func(T) []string) ([]T, error) {
	var found []T
	for _, v := range all {
		if id(v) == name {
			return []T{v}, nil
		}
		if name != "" && slices.Contains(names(v), name) {
			found = append(found, v)
		}
	}
	if len(found) > 1 {
		return nil, fmt.Errorf("%q names %d: give the id", name, len(found))
	}
	return found, nil
}

// find finds somebody; nil without an error is nobody.
func (c *control) find(name string) (*Account, error) {
	s := c.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	if name == selfName {
		return s.world.self, nil
	}
	found, err := lookUp(s.world.accounts, name,
		func(a *Account) string { return a.wxid },
		func(a *Account) []string { return []string{a.person.NickName, a.person.RemarkName} })
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

func (c *control) account(name string) (*Account, error) {
	a, err := c.find(name)
	if a == nil && err == nil {
		err = fmt.Errorf("person %q: %w", name, errNobody)
	}
	return a, err
}

// anybody finds somebody, or makes a stranger of that name.
func (c *control) anybody(name string) (*Account, error) {
	if name == "" {
		return nil, errors.New("a person has no name")
	}
	a, err := c.find(name)
	if a == nil && err == nil {
		a = c.srv.AddStranger(Person{NickName: name})
	}
	return a, err
}

func (c *control) anybodies(names []string) ([]*Account, error) {
	out := make([]*Account, len(names))
	for i, name := range names {
		var err error
		if out[i], err = c.anybody(name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *control) room(name string) (*Group, error) {
	s := c.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := lookUp(s.world.groups, name,
		func(g *Group) string { return g.wxid },
		func(g *Group) []string { return []string{g.topic} })
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("group %q: %w", name, errNobody)
	}
	return found[0], nil
}

type logoutCall struct {
	Code int `json:"code"`
}

func (c *control) logout(in logoutCall) (any, error) {
	switch in.Code {
	case 0:
		c.srv.LogoutFromPhone()
	case retSessionGone, retSessionInvalid, retCookies:
		c.srv.Cut(in.Code)
	default:
		return nil, fmt.Errorf("code %d: want %d, %d or %d", in.Code, retSessionGone, retSessionInvalid, retCookies)
	}
	return c.srv.loginView(), nil
}

type refuseCall struct {
	Code int    `json:"code"`
	Text string `json:"text"`
}

func (c *control) refuse(in refuseCall) (any, error) {
	c.srv.RefuseLogin(in.Code, in.Text)
	return struct{}{}, nil
}

type friendCall struct {
	Name     string `json:"name"`
	Remark   string `json:"remark"`
	Alias    string `json:"alias"`
	Official bool   `json:"official"`
	Stranger bool   `json:"stranger"`
}

func (c *control) friend(in friendCall) (any, error) {
	p := Person{NickName: in.Name, RemarkName: in.Remark, Alias: in.Alias}
	switch {
	case in.Name == "":
		return nil, errors.New("name is missing")
	case in.Official && in.Stranger:
		return nil, errors.New("official and stranger exclude each other")
	case in.Official:
		return accountView(c.srv.AddOfficial(p)), nil
	case in.Stranger:
		return accountView(c.srv.AddStranger(p)), nil
	}
	return accountView(c.srv.AddFriend(p)), nil
}

type groupCall struct {
	Name    string   `json:"name"`
	Members []string `json:"members"`
	Saved   bool     `json:"saved"`
}

func (c *control) group(in groupCall) (any, error) {
	members, err := c.anybodies(in.Members)
	if err != nil {
		return nil, err
	}
	return groupView(c.srv.AddGroupWith(GroupOptions{Topic: in.Name, Members: members, Saved: in.Saved})), nil
}

type requestCall struct {
	From string `json:"from"`
	Text string `json:"text"`
}

func (c *control) request(in requestCall) (any, error) {
	a, err := c.anybody(in.From)
	if err != nil {
		return nil, err
	}
	if a.IsFriend() || a == c.srv.Self() {
		return nil, fmt.Errorf("%q is a friend already", in.From)
	}
	return c.told(func() MsgID { return a.Request(in.Text) }), nil
}

type joinCall struct {
	Group  string   `json:"group"`
	By     string   `json:"by"`
	People []string `json:"people"`
	QR     bool     `json:"qr"`
}

func (c *control) join(in joinCall) (any, error) {
	if len(in.People) == 0 {
		return nil, errors.New("people is empty")
	}
	g, err := c.room(in.Group)
	if err != nil {
		return nil, err
	}
	by, err := c.account(in.By)
	if err != nil {
		return nil, err
	}
	people, err := c.anybodies(in.People)
	if err != nil {
		return nil, err
	}
	if in.QR {
		return c.told(func() MsgID { return g.JoinByQR(by, people...) }), nil
	}
	return c.told(func() MsgID { return g.Join(by, people...) }), nil
}

// faultKinds are the names of faults.
func faultKinds() map[string]FaultKind {
	return map[string]FaultKind{
		"status": FaultStatus, "reset": FaultReset, "cut-body": FaultCutBody, "empty": FaultEmpty,
		"slow": FaultSlow, "junk": FaultJunk, "body": FaultBody, "ret": FaultRet, "hang": FaultHang,
		"delay": FaultDelay, "trickle": FaultTrickle,
	}
}

type faultCall struct {
	Endpoint string `json:"endpoint"`
	Kind     string `json:"kind"`
	Status   int    `json:"status"`
	Ret      int    `json:"ret"`
	Times    int    `json:"times"`
	Skip     int    `json:"skip"`
	After    bool   `json:"after"`
	DelayMS  int64  `json:"delay_ms"`
	Body     string `json:"body"`
}

func (c *control) fault(in faultCall) (any, error) {
	kind, known := faultKinds()[in.Kind]
	switch {
	case !known:
		return nil, fmt.Errorf("kind %q: want one of %s", in.Kind, strings.Join(slices.Sorted(maps.Keys(faultKinds())), ", "))
	case in.Status != 0 && (in.Status < 200 || in.Status > 999):
		return nil, fmt.Errorf("status %d: want 200 to 999", in.Status)
	case in.DelayMS < 0 || in.DelayMS > time.Hour.Milliseconds():
		return nil, fmt.Errorf("delay_ms %d: want 0 to %d", in.DelayMS, time.Hour.Milliseconds())
	}
	if _, known := c.srv.endpoints[in.Endpoint]; !known && in.Endpoint != "" {
		return nil, fmt.Errorf("endpoint %q: %w", in.Endpoint, errNobody)
	}
	c.srv.Fault(Fault{
		Endpoint: in.Endpoint, Kind: kind, Status: in.Status, Ret: in.Ret, Times: in.Times, Skip: in.Skip,
		After: in.After, Delay: time.Duration(in.DelayMS) * time.Millisecond, Body: []byte(in.Body),
	})
	return struct{}{}, nil
}
