package bot

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/store"
	"wxbot/wx"
)

// The keys that never change: the account itself and its chat with itself.
const (
	keySelf       = "self"
	keyFileHelper = "filehelper"
)

// book keeps the daemon's own keys for people and groups. User names change with
// every login; a key is found again by the real id of a status notification, by
// a remark, or by a nickname that only one account bears (section 15). It
// implements classify.Book and is safe for concurrent use.
type book struct {
	mu     sync.RWMutex
	self   wx.Contact
	dir    *wx.Directory
	byUser map[string]*known
	byKey  map[string]*known
	// alias leads from a key that was made before an account was recognised to
	// the key it had already.
	alias map[string]string
	named map[string]string // aliases that are to be stored
	lost  map[trait][]*known
	next  int
	dirty map[string]*known
	gone  []string // keys that are to be forgotten in the store
	// accepts are people whose request was accepted and whose new user name has
	// not come yet.
	accepts []*accept
	// warn is told of names that several accounts bear.
	warn func(kind event.ChatKind, name string)
	// renamed, unless nil, is told of groups that have another name. It is called
	// under the lock.
	renamed func(old, now string)
}

// known is one account or group that the daemon has a key for.
type known struct {
	key      string
	kind     event.ChatKind
	user     string // user name in this session; "" if not met in it yet
	wxid     string
	remark   string
	nickname string
	was      string // what a group was called when this process first knew it, if not so now
	avatar   string // the number of the picture; "" if not known
	guessed  bool   // recognised in this session by the nickname alone
	bare     bool   // nothing but the user name is known
	seen     time.Time
}

// accept is one accepted friend request.
type accept struct {
	key, nickname string
	user          string // the request's user name
	bound         chan struct{}
}

func newBook(rows []store.KeyRow, warn func(event.ChatKind, string)) *book {
	b := &book{
		byUser: map[string]*known{},
		byKey:  map[string]*known{},
		alias:  map[string]string{},
		named:  map[string]string{},
		dirty:  map[string]*known{},
		warn:   warn,
	}
	for _, r := range rows {
		k := &known{
			key: r.Key, kind: event.ChatKind(r.Kind), user: r.UserName, wxid: r.WxID,
			remark: r.Remark, nickname: r.Nickname, avatar: r.Avatar, seen: r.Seen,
		}
		b.byKey[k.key] = k
		if k.user != "" {
			b.byUser[k.user] = k
		}
		if n, err := strconv.Atoi(strings.TrimLeft(k.key, "pg")); err == nil && n > b.next {
			b.next = n
		}
	}
	b.loseLocked() // nobody else has it yet
	return b
}

// login tells the book whose session this is. After a fresh login no user name of
// before means anything.
func (b *book) login(self wx.Contact, dir *wx.Directory, fresh bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.self, b.dir = self, dir
	if !fresh {
		return
	}
	for _, k := range b.byUser {
		k.user, k.guessed = "", false
		b.dirty[k.key] = k
		// Of strangers there is nothing by which to know them again.
		if k.wxid == "" && k.remark == "" && k.nickname == "" {
			delete(b.byKey, k.key)
			delete(b.dirty, k.key)
			b.gone = append(b.gone, k.key)
		}
	}
	clear(b.byUser)
	b.accepts = nil
	b.loseLocked()
}

// changes gives the rows that must be stored and the keys that must be forgotten,
// and forgets that they must.
func (b *book) changes() (rows []store.KeyRow, gone []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	gone, b.gone = b.gone, nil
	if len(b.dirty) == 0 {
		return nil, gone
	}
	rows = make([]store.KeyRow, 0, len(b.dirty))
	for _, k := range b.dirty {
		rows = append(rows, store.KeyRow{
			Key: k.key, Kind: string(k.kind), UserName: k.user, WxID: k.wxid,
			Remark: k.remark, Nickname: k.nickname, Avatar: k.avatar, Seen: k.seen,
		})
	}
	clear(b.dirty)
	return rows, gone
}

// again marks rows as not stored, after a store that failed.
func (b *book) again(rows []store.KeyRow, gone []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gone = append(b.gone, gone...)
	for _, r := range rows {
		if k := b.byKey[r.Key]; k != nil {
			b.dirty[k.key] = k
		}
	}
}

// learn takes in contacts as the server shows them now.
func (b *book) learn(contacts []wx.Contact, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range contacts {
		b.learnLocked(&contacts[i], now)
	}
}

func (b *book) learnLocked(c *wx.Contact, now time.Time) {
	if c.UserName == "" || c.UserName == b.self.UserName || c.UserName == wx.FileHelper {
		return
	}
	kind := chatKind(*c)
	k := b.byUser[c.UserName]
	if k == nil || k.bare {
		if kind == event.ChatPrivate {
			b.bindAcceptLocked(c)
			k = b.byUser[c.UserName]
		}
		if k == nil || k.bare {
			k = b.recogniseLocked(k, c, kind)
		}
	}
	avatar := avatarOf(c)
	if avatar == "" {
		avatar = k.avatar // some answers come without
	}
	if kind == event.ChatGroup && k.kind == kind {
		b.renameLocked(k, c.NickName)
	}
	if k.kind != kind || k.remark != c.RemarkName || k.nickname != c.NickName || k.avatar != avatar || k.bare {
		k.kind, k.remark, k.nickname, k.avatar, k.bare = kind, c.RemarkName, c.NickName, avatar, false
		k.seen = now
		b.dirty[k.key] = k
	}
}

// renameLocked remembers what a group was called before it got another name.
func (b *book) renameLocked(k *known, now string) {
	if k.nickname == "" || now == "" || now == k.nickname {
		return
	}
	if k.was == "" {
		k.was = k.nickname
	}
	if k.was == now {
		k.was = "" // and back
	}
	if b.renamed != nil {
		b.renamed(k.nickname, now)
	}
}

// avatarOf is the number that WeChat gives a picture: it stays until the picture is
// another (section 15). Groups have none that means anything.
func avatarOf(c *wx.Contact) string {
	_, query, _ := strings.Cut(c.HeadImgURL, "?")
	q, err := url.ParseQuery(query)
	if seq := q.Get("seq"); err == nil && seq != "0" && !wx.IsGroup(c.UserName) {
		return seq
	}
	return ""
}

// recogniseLocked finds the key that an account had in an earlier session, or
// makes one: by the remark, the picture, or a nickname that only one bore. bare is
// the key that it was given in this session before its names were known, or nil.
func (b *book) recogniseLocked(bare *known, c *wx.Contact, kind event.ChatKind) *known {
	fits := func(k *known) bool { return k.remark == "" || c.RemarkName == "" || k.remark == c.RemarkName }
	old := b.lostLocked(trait{kind, byRemark, c.RemarkName}, fits)
	if old == nil {
		old = b.lostLocked(trait{kind, byAvatar, avatarOf(c)}, fits)
	}
	guessed := false
	if old == nil {
		old = b.lostLocked(trait{kind, byNickname, c.NickName}, fits)
		guessed = old != nil
	}
	if old == nil {
		b.doubtLocked(kind, c.NickName)
		if bare != nil {
			return bare
		}
		return b.makeLocked(c.UserName, kind)
	}
	b.joinLocked(old, bare, c.UserName)
	old.guessed = guessed
	return old
}

// doubtLocked tells of somebody new whose name another was recognised by: it may be
// the other way round.
func (b *book) doubtLocked(kind event.ChatKind, name string) {
	for _, k := range b.lost[trait{kind, byNickname, name}] {
		if k.guessed && b.warn != nil {
			b.warn(kind, name)
			return
		}
	}
}

// trait is something by which an account of an earlier session is known again.
type trait struct {
	kind  event.ChatKind
	by    byTrait
	value string
}

type byTrait int

const (
	byRemark byTrait = iota
	byAvatar
	byNickname
)

// loseLocked notes the traits of those who have not been met in this session.
func (b *book) loseLocked() {
	b.lost = map[trait][]*known{}
	for _, k := range b.byKey {
		if k.user != "" {
			continue
		}
		for by, value := range map[byTrait]string{byRemark: k.remark, byAvatar: k.avatar, byNickname: k.nickname} {
			if t := (trait{k.kind, by, value}); value != "" {
				b.lost[t] = append(b.lost[t], k)
			}
		}
	}
}

// lostLocked finds the one account with a trait that was known before, has not been
// met in this session and fits. Several that fit are told by name and none is
// taken.
func (b *book) lostLocked(t trait, fits func(*known) bool) *known {
	var found *known
	for _, k := range b.lost[t] {
		if k.user != "" || b.byKey[k.key] != k || !fits(k) {
			continue
		}
		if found != nil {
			if b.warn != nil && t.by != byAvatar {
				b.warn(t.kind, t.value)
			}
			return nil
		}
		found = k
	}
	return found
}

// joinLocked gives a user name of this session to a key of before.
func (b *book) joinLocked(old, bare *known, user string) {
	if bare != nil && bare != old {
		b.alias[bare.key], b.named[bare.key] = old.key, old.key
		delete(b.byKey, bare.key)
		delete(b.dirty, bare.key)
		b.gone = append(b.gone, bare.key)
	}
	old.user = user
	b.byUser[user] = old
	b.dirty[old.key] = old
}

func (b *book) makeLocked(user string, kind event.ChatKind) *known {
	b.next++
	prefix := "p"
	if kind == event.ChatGroup {
		prefix = "g"
	}
	k := &known{key: prefix + strconv.Itoa(b.next), kind: kind, user: user, bare: true}
	b.byKey[k.key] = k
	b.byUser[user] = k
	b.dirty[k.key] = k
	return k
}

// pair takes in the real ids that a status notification shows.
func (b *book) pair(ids map[string]string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for user, wxid := range ids {
		if user == "" || wxid == "" || user == wxid {
			continue
		}
		k := b.byUser[user]
		if k == nil {
			kind := event.ChatPrivate
			if wx.IsGroup(user) {
				kind = event.ChatGroup
			}
			k = b.makeLocked(user, kind)
		}
		if k.wxid == wxid {
			continue
		}
		for _, old := range b.byKey {
			if old != k && old.wxid == wxid && old.user == "" {
				b.joinLocked(old, k, user)
				k = old
				break
			}
		}
		k.wxid = wxid
		b.dirty[k.key] = k
	}
}

// expectAccept notes that a request was accepted: a friend of that nickname whose
// user name is new is the same person. The channel is closed when it has come.
func (b *book) expectAccept(key, nickname, user string) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	const most = 100
	if len(b.accepts) >= most {
		b.accepts = b.accepts[1:]
	}
	a := &accept{key: key, nickname: nickname, user: user, bound: make(chan struct{})}
	b.accepts = append(b.accepts, a)
	return a.bound
}

// accepting reports whether the new user name of an accepted person is awaited.
func (b *book) accepting(key string) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return slices.ContainsFunc(b.accepts, func(a *accept) bool { return a.key == b.canonLocked(key) })
}

// dropAccept stops waiting for a new user name: the old one is used.
func (b *book) dropAccept(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.accepts = slices.DeleteFunc(b.accepts, func(a *accept) bool { return a.key == key })
}

func (b *book) bindAcceptLocked(c *wx.Contact) {
	i := slices.IndexFunc(b.accepts, func(a *accept) bool {
		return a.user == c.UserName || a.nickname == c.NickName
	})
	if i < 0 {
		return
	}
	a := b.accepts[i]
	k := b.byKey[a.key]
	if k == nil {
		return
	}
	b.accepts = slices.Delete(b.accepts, i, i+1)
	delete(b.byUser, k.user)
	b.joinLocked(k, b.byUser[c.UserName], c.UserName)
	close(a.bound)
}

func (b *book) canonLocked(key string) string {
	if k, ok := b.alias[key]; ok {
		return k
	}
	return key
}

// canon gives the key that an account is known by now.
func (b *book) canon(key string) string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.canonLocked(key)
}

// user gives the user name that a key has in this session.
func (b *book) user(key string) (string, bool) {
	if key == keyFileHelper {
		return wx.FileHelper, true
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	if key == keySelf {
		return b.self.UserName, b.self.UserName != ""
	}
	k := b.byKey[b.canonLocked(key)]
	if k == nil || k.user == "" {
		return "", false
	}
	return k.user, true
}

// newAliases gives the aliases that must be stored, and forgets that they must.
func (b *book) newAliases() map[string]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.named) == 0 {
		return nil
	}
	named := b.named
	b.named = map[string]string{}
	return named
}

// aliasesAgain marks aliases as not stored, after a store that failed.
func (b *book) aliasesAgain(named map[string]string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.Copy(b.named, named)
}
