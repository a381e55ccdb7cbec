package wxtest

import (
	"encoding/json"
	"strconv"
)

// checkAnswer is the script that synccheck answers with.
func checkAnswer(retcode, selector string) answer {
	return script(`window.synccheck={retcode:"%s",selector:"%s"}`, retcode, selector)
}

// syncCheck is held until there is something to sync (section 6.1).
func (s *Server) syncCheck(c *call) answer {
	for _, name := range []string{"r", "_"} {
		if c.query.Get(name) == "" {
			c.problem("6.1", "%s is missing", name)
		}
	}
	if !deviceIDPattern.MatchString(c.query.Get("deviceid")) {
		c.problem("2.1", "deviceid is not e and 15 digits")
	}
	s.mu.Lock()
	e, ret := c.sessionLocked(c.query.Get("uin"), c.query.Get("sid"), c.query.Get("skey"))
	if ret != retOK {
		s.mu.Unlock()
		return checkAnswer(strconv.Itoa(ret), "0")
	}
	if e.inits == 0 {
		c.problem("4.3", "synccheck before webwxinit")
	}
	if !e.polled {
		e.polled = true
		s.recordLocked(Record{Kind: RecordOnline})
	}
	if !c.query.Has("synckey") {
		s.mu.Unlock()
		c.problem("6.1", "synckey is missing: nothing is held")
		return checkAnswer("0", "0")
	}
	keys, parsed := parseCheckKey(c.query.Get("synckey"))
	pos, skewed, known := e.position(keys)
	if !parsed || !known {
		s.mu.Unlock()
		c.problem("6.1", "synckey is none that the server gave")
		return checkAnswer("0", strconv.Itoa(selectorMessage))
	}
	if skewed != e.skewedAt(pos) {
		s.mu.Unlock()
		c.problem("6.1", "synckey is SyncKey where SyncCheckKey differs: selector 2 for ever")
		return checkAnswer("0", strconv.Itoa(selectorMessage))
	}
	s.mu.Unlock()
	s.hold(c.r.Context(), func() bool {
		return e.dead != 0 || e.pendingLocked(pos) != 0
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.dead != 0 {
		return checkAnswer(strconv.Itoa(e.dead), "0")
	}
	return checkAnswer("0", strconv.Itoa(e.pendingLocked(pos)))
}

// pendingLocked is the selector for a position: 0 if nothing came after it. A
// message goes before everything else.
func (e *session) pendingLocked(pos int) int {
	if e.redeliver != nil || len(e.withheld) > 0 {
		return selectorMessage
	}
	selector := 0
	for ; pos < e.head(); pos++ {
		if pos < e.pruned {
			return selectorMessage
		}
		step := e.at(pos + 1)
		if step.selector == selectorMessage {
			return selectorMessage
		}
		selector = max(selector, step.selector)
	}
	return selector
}

type syncAnswer struct {
	baseAnswer
	AddMsgCount            int
	AddMsgList             []json.RawMessage
	ModContactCount        int
	ModContactList         []wireContact
	DelContactCount        int
	DelContactList         []wireDeleted
	ModChatRoomMemberCount int
	ModChatRoomMemberList  []struct{}
	Profile                wireProfile
	ContinueFlag           int
	SyncKey                wireKeys
	SKey                   text
	SyncCheckKey           wireKeys
}

type wireDeleted struct {
	UserName    text
	ContactFlag int
}

type wireProfile struct {
	BitFlag           int
	UserName          wireBuff
	NickName          wireBuff
	BindUin           int
	BindEmail         wireBuff
	BindMobile        wireBuff
	Status            int
	Sex               int
	PersonalCard      int
	Alias             text
	HeadImgUpdateFlag int
	HeadImgURL        text `json:"HeadImgUrl"`
	Signature         text
}

func blankSync() response {
	return &syncAnswer{
		AddMsgList: []json.RawMessage{}, ModContactList: []wireContact{}, DelContactList: []wireDeleted{},
		ModChatRoomMemberList: []struct{}{},
		SyncKey:               wireKeys{List: []wireKey{}}, SyncCheckKey: wireKeys{List: []wireKey{}},
	}
}

// webwxSync hands out what came after the client's SyncKey (section 6.2), again
// and again for the same key.
func (s *Server) webwxSync(c *call, e *session, body object, out response) {
	o, ok := out.(*syncAnswer)
	if !ok {
		return
	}
	e.renewedAt = s.now()
	if c.query.Get("sid") != e.sid || !e.knows(c.query.Get("skey")) {
		c.problem("6.2", "sid or skey of the query are not the session's")
	}
	keys := c.syncKey(body)
	pos, skewed, known := e.position(keys)
	if !known {
		c.problem("6.2", "SyncKey is none that the server gave")
		o.refuse(retParameter, "")
		return
	}
	if skewed {
		c.problem("6.2", "webwxsync with SyncCheckKey, not SyncKey")
	}
	if pos < e.pruned {
		c.problem("6.2", "SyncKey is older than what the server keeps")
		pos = e.pruned
	}
	if e.skeyNext != "" {
		e.skey, e.skeyBefore, e.skeyNext = e.skeyNext, e.skey, ""
		o.SKey = text(e.skey)
	}
	next := e.collect(o, pos)
	if e.redeliver != nil {
		if pos >= e.handed { // else the message is in the answer already
			o.AddMsgList = append([]json.RawMessage{e.redeliver}, o.AddMsgList...)
		}
		e.redeliver = nil
	}
	e.handed = max(e.handed, next)
	o.AddMsgCount, o.ModContactCount, o.DelContactCount = len(o.AddMsgList), len(o.ModContactList), len(o.DelContactList)
	if next < e.head() {
		o.ContinueFlag = 1
	}
	o.SyncKey, o.SyncCheckKey = e.keysAt(next), e.checkKeysAt(next)
}

// collect fills in what came after a position and gives the position reached. A
// contact that changed several times is told once.
func (e *session) collect(o *syncAnswer, pos int) int {
	told := map[Chat]bool{}
	for ; pos < e.head() && len(o.AddMsgList) < e.srv.cfg.SyncPage; pos++ {
		switch step := e.at(pos + 1); step.kind {
		case entryMessage:
			o.AddMsgList = append(o.AddMsgList, step.raw)
		case entryModified:
			if !told[step.chat] {
				told[step.chat] = true
				o.ModContactList = append(o.ModContactList, e.contact(step.chat, membersNameless))
			}
		case entryDeleted:
			o.DelContactList = append(o.DelContactList, wireDeleted{UserName: text(e.nameOf(step.chat))})
		case entryEmpty:
		}
	}
	return pos
}

// syncKey reads the SyncKey object of a body.
func (c *call) syncKey(body object) wireKeys {
	key := c.sub(body, "SyncKey")
	var out wireKeys
	for _, pair := range c.objects(key, "List") {
		k, v := c.number(pair, "Key"), c.number(pair, "Val")
		if v < 0 || v > 1<<32-1 {
			c.problem("2.5", "Val of a sync key is not an unsigned 32-bit number")
			return wireKeys{}
		}
		out.List = append(out.List, wireKey{Key: int(k), Val: uint32(v)})
	}
	if n := c.number(key, "Count"); n != int64(len(out.List)) {
		c.problem("6.2", "Count of SyncKey is %d for %d keys", n, len(out.List))
	}
	return out
}
