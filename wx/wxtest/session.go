package wxtest

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// session is one login: its keys, the user names that hold in it, and the log of
// what a client has to be told. All of it is guarded by Server.mu.
type session struct {
	srv        *Server
	helper     bool // of the file transfer helper
	sid        string
	skey       string
	skeyBefore string // still understood after a renewal
	skeyNext   string // to be given out by the next webwxsync
	passTicket string // percent-encoded, as on the login page
	dataTicket string
	loadTime   int64
	loginAt    time.Time
	renewedAt  time.Time // of the cookies
	dead       int       // the retcode everything is answered with, 0 while alive

	desktop bool // logged in in desktop mode

	inits  int
	polled bool // a synccheck came since the last webwxinit

	names  map[Chat]string
	byName map[string]Chat
	rooms  map[string]*Group // by EncryChatRoomId
	roomID map[*Group]string

	log       []entry
	withheld  []entry // what waits for the phone to come back
	pruned    int     // entries before the first one kept
	handed    int     // position up to which entries were handed out
	redeliver []byte

	base    map[int]uint32 // first values of the sync keys
	sent    map[string]*Sent
	byMsgID map[string]*Sent
	order   []*Sent
	uploads map[string]*incoming  // by ClientMediaId
	media   map[string]*Upload    // by MediaId
	checks  map[string]uploadKeys // by MD5
	content map[string]Message    // received messages with something to fetch, by MsgId
}

type entryKind int

const (
	entryEmpty entryKind = iota // only moves the keys
	entryMessage
	entryModified
	entryDeleted
)

// The selectors of synccheck (section 6.1).
const (
	selectorMessage = 2
	selectorContact = 4
	selectorEnter   = 7
)

// entry is one step of the sync position.
type entry struct {
	kind     entryKind
	raw      []byte // entryMessage: the object of AddMsgList
	chat     Chat   // entryModified, entryDeleted
	selector int
	// skewed: after this step SyncCheckKey is not SyncKey. It holds until the
	// next text (section 6.1).
	skewed bool
}

// keepSessions is how many old sessions are remembered, to tell a client that is
// late from one that is wrong.
const keepSessions = 64

func (s *Server) newSessionLocked(helper bool) *session {
	now := s.now()
	e := &session{
		srv: s, helper: helper, sid: newSid(), passTicket: newPassTicket(),
		dataTicket: "gS" + randomText(base64Chars, 26), loadTime: now.Unix(), loginAt: now, renewedAt: now,
		names: map[Chat]string{}, byName: map[string]Chat{},
		rooms: map[string]*Group{}, roomID: map[*Group]string{},
		base: map[int]uint32{},
		sent: map[string]*Sent{}, byMsgID: map[string]*Sent{},
		uploads: map[string]*incoming{}, media: map[string]*Upload{}, checks: map[string]uploadKeys{}, content: map[string]Message{},
	}
	if !s.cfg.SkeyAtInit {
		e.skey = newSkey()
	}
	for _, k := range syncKeyNumbers() {
		e.base[k] = 630000000 + rand.Uint32N(80000000)*2
	}
	if len(s.bySid) > keepSessions {
		clear(s.bySid)
		clear(s.retired)
	}
	if old := s.session; old != nil {
		if old.dead == 0 {
			old.dead = retSessionInvalid
		}
		for name := range old.byName {
			s.retired[name] = true
		}
		old.log, old.withheld, old.content, old.uploads, old.media, old.checks = nil, nil, nil, nil, nil, nil
	}
	s.session = e
	s.bySid[e.sid] = e
	s.phoneAway = false // without it nobody could have confirmed the login
	return e
}

// nameOf gives the user name of a chat in this session, and makes one up the
// first time.
func (e *session) nameOf(c Chat) string {
	if name, ok := e.names[c]; ok {
		return name
	}
	var name string
	switch c := c.(type) {
	case *Group:
		name = newUserName("@@")
		room := "@" + randomText(lowerHex, 32)
		e.rooms[room], e.roomID[c] = c, room
	case *Account:
		if name = c.wxid; c.kind != kindSpecial {
			name = newUserName("@")
		}
	}
	e.names[c], e.byName[name] = name, c
	return name
}

// renamedLocked gives a person a new user name, as happens when a friend request
// is accepted.
func (s *Server) renamedLocked(a *Account) {
	if e := s.session; e != nil {
		if old, ok := e.names[a]; ok {
			delete(e.names, a)
			delete(e.byName, old)
			s.retired[old] = true
		}
	}
}

// modifiedLocked tells the session that a contact or group has changed.
func (s *Server) modifiedLocked(c Chat) {
	if e := s.session; e != nil {
		e.append(entry{kind: entryModified, chat: c, selector: selectorContact})
		s.pokeLocked()
	}
}

// keepLog is how many handed-out entries are kept for clients that repeat an
// older key.
const keepLog = 4096

// maxWithheld bounds what waits for the phone.
const maxWithheld = 4 * keepLog

func (e *session) append(step entry) {
	if e.dead != 0 || e.helper && (step.kind == entryModified || step.kind == entryDeleted) {
		return
	}
	if e.srv.phoneAway {
		// Nothing is handed out without the phone, and a waiting list that long
		// stands for any longer one.
		if len(e.withheld) < maxWithheld {
			e.withheld = append(e.withheld, step)
		}
		return
	}
	e.push(step)
}

// push makes a step part of what the client is told.
func (e *session) push(step entry) {
	if step.kind == entryModified || step.kind == entryDeleted {
		step.skewed = e.skewedAt(e.head())
	}
	e.log = append(e.log, step)
	if len(e.log) > 4*keepLog {
		if n := min(e.handed, e.head()-keepLog) - e.pruned; n > 0 {
			e.log = append([]entry(nil), e.log[n:]...)
			e.pruned += n
		}
	}
}

// head is the position after the newest entry.
func (e *session) head() int { return e.pruned + len(e.log) }

func (e *session) at(pos int) entry { return e.log[pos-1-e.pruned] }

func (e *session) skewedAt(pos int) bool { return pos > e.pruned && e.at(pos).skewed }

// messageKey is the sync key whose value is the position among the messages.
const messageKey = 2

// syncKeyNumbers are the keys of a session that has been synced; at first there
// are only the first three and 1000 (section 4.1).
func syncKeyNumbers() [8]int { return [...]int{1, messageKey, 3, 11, 201, 203, 1000, 1001} }

// keysAt gives the SyncKey of a position. Its value of the message key goes by
// two, so that there is room for a SyncCheckKey between.
func (e *session) keysAt(pos int) wireKeys {
	var out wireKeys
	for _, k := range syncKeyNumbers() {
		if pos == 0 && k > 3 && k != 1000 {
			continue
		}
		val := e.base[k]
		switch k {
		case messageKey:
			val += uint32(2 * pos)
		case 3, 201:
			val += uint32(pos)
		}
		out.List = append(out.List, wireKey{Key: k, Val: val})
	}
	out.Count = len(out.List)
	return out
}

// checkKeysAt gives the SyncCheckKey of a position.
func (e *session) checkKeysAt(pos int) wireKeys {
	keys := e.keysAt(pos)
	if e.skewedAt(pos) {
		for i := range keys.List {
			if keys.List[i].Key == messageKey {
				keys.List[i].Val++
			}
		}
	}
	return keys
}

// position tells which position a client's keys stand for, and whether they are
// the SyncCheckKey of one. It knows only keys that the session has given out.
func (e *session) position(keys wireKeys) (pos int, skewed, ok bool) {
	for _, k := range keys.List {
		if k.Key == messageKey {
			step := int64(k.Val) - int64(e.base[messageKey])
			pos, skewed = int(step/2), step%2 == 1
			ok = step >= 0 && pos <= e.head()
		}
	}
	if !ok {
		return 0, false, false
	}
	want := e.keysAt(pos)
	if len(want.List) != len(keys.List) {
		return pos, skewed, false
	}
	for i, k := range keys.List {
		if w := want.List[i]; k != w && k.Key != messageKey {
			return pos, skewed, false
		}
	}
	return pos, skewed, true
}

// parseCheckKey reads the synckey parameter: k_v|k_v|…
func parseCheckKey(s string) (wireKeys, bool) {
	var out wireKeys
	for part := range strings.SplitSeq(s, "|") {
		k, v, found := strings.Cut(part, "_")
		key, err := strconv.Atoi(k)
		val, err2 := strconv.ParseUint(v, 10, 32)
		if !found || err != nil || err2 != nil {
			return wireKeys{}, false
		}
		out.List = append(out.List, wireKey{Key: key, Val: uint32(val)})
	}
	out.Count = len(out.List)
	return out, true
}

// RenewSkey lets the next webwxsync answer carry a new SKey. The one before is
// still understood, since not every client takes the new one (section 6.2).
func (s *Server) RenewSkey() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != nil {
		s.session.skeyNext = newSkey()
	}
}

// knows reports whether a Skey is the session's.
func (e *session) knows(skey string) bool {
	return skey == e.skey || skey == e.skeyBefore && skey != ""
}

// expired reports whether the cookies have run out.
func (e *session) expired(now time.Time) bool {
	return now.After(e.renewedAt.Add(e.srv.cfg.SessionLife))
}
