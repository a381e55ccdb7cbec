package luahost

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/event"
)

// bot.kv. Writes of a handler are effects like what it sends: they are gathered while
// it runs and committed with the first thing that it queues, when it waits, and when
// it ends, before its event is done.

const (
	keyMost  = 512 // bytes of a key
	keysMost = 20_000
	kvMost   = 32 << 20 // bytes of a plugin's keys and values
	// Of one transaction, so that it does not hold up others.
	gatherWrites = 500
	gatherBytes  = 512 << 10
	// kvPerMinute and kvBytesPerMinute bound what one plugin has written.
	kvPerMinute      = 10_000
	kvBytesPerMinute = 32 << 20
	// kvWork is what one operation counts for, in instructions: it may read the disk.
	kvWork   = 1000
	pageMost = 100
)

// keeping is what a call has written and not committed. It is guarded by the run lock.
type keeping struct {
	turn    *turn // of the call, at the last operation
	writes  map[string]*pendingWrite
	bytes   int
	ops     int // operations so far, for the event
	applied int // of which an earlier process has carried out so many
}

// pendingWrite is a write with what it changes of the usage.
type pendingWrite struct {
	event.TableWrite
	size int // of the entry after it
}

// keep is the state of bot.kv of one version of a plugin, guarded by its run lock.
type keep struct {
	known    bool // usage was measured
	keys     int
	bytes    int64
	swept    time.Time
	rate     volume
	page     []event.TableEntry
	pageMore bool
	pageOf   *walker
}

type kvObject struct{}

func (p *plugin) kvField(name string) lua.LValue {
	f, ok := map[string]lua.LGFunction{
		"get": p.kvGet, "set": p.kvSet, "incr": p.kvIncr, "delete": p.kvDelete, "each": p.kvEach, "count": p.kvCount,
	}[name]
	if !ok {
		return lua.LNil
	}
	return p.method("kv", name, f)
}

// keeper gives the call that runs, with its table at hand, and charges for one
// operation.
func (p *plugin) keeper(l *lua.LState, what string) *call {
	receiver[*kvObject](l, "bot.kv")
	c := p.running(l, what)
	charge(l, kvWork)
	if c.keeping == nil {
		c.keeping = &keeping{writes: map[string]*pendingWrite{}}
	}
	// An answer to a question is an event of its own.
	if k := c.keeping; k.turn != c.turn {
		k.turn, k.ops, k.applied = c.turn, 0, 0
		if id := c.eventID(); id != "" {
			k.applied = p.host.opts.Tables.KVApplied(id, p.name+c.suffix)
		}
	}
	return c
}

// eventID is the event for which the writes of a call are noted: none for timers, and
// none for what rules call, whose step is noted by itself.
func (c *call) eventID() string {
	if c.ev == nil || c.wait {
		return ""
	}
	return c.ev.ID
}

func keyArg(l *lua.LState) string {
	key := l.CheckString(2)
	if key == "" || len(key) > keyMost || !utf8.ValidString(key) {
		l.ArgError(2, "a key is a text in UTF-8 of 1 to 512 bytes")
	}
	return key
}

func (p *plugin) fails(l *lua.LState, why string) int {
	l.Push(lua.LNil)
	l.Push(lua.LString(why))
	return 2
}

// entry gives what a key holds, as this call sees it.
func (c *call) entry(key string) (event.TableEntry, bool, error) {
	p := c.plugin
	now := p.host.opts.Clock.Now()
	w := c.keeping.writes[key]
	if w != nil && !w.Add {
		e := event.TableEntry{Key: key, Value: w.Value, Expires: w.Expires}
		return e, w.Value != nil && live(e, now), nil
	}
	e, ok, err := p.host.opts.Tables.KVGet(c.ctx, p.name, key, now)
	if w == nil || err != nil {
		return e, ok, err
	}
	by, _ := w.Value.(float64)
	if !ok {
		return event.TableEntry{Key: key, Value: w.First + by, Expires: w.Expires}, true, nil
	}
	if n, isNumber := e.Value.(float64); isNumber {
		e.Value = n + by
	}
	return e, true, nil
}

// kvGet is kv:get(key, default) → value | default | nil, err.
func (p *plugin) kvGet(l *lua.LState) int {
	c := p.keeper(l, "kv:get")
	e, ok, err := c.entry(keyArg(l))
	if err != nil {
		return p.fails(l, err.Error())
	}
	if !ok {
		l.Push(l.Get(3))
		return 1
	}
	charge(l, work(16*entrySize(e.Key, e.Value)))
	v, err := decodeValue(e.Value)
	if err != nil {
		return p.fails(l, err.Error())
	}
	l.Push(v)
	return 1
}

// kvSet is kv:set(key, value, ttl) → true | nil, err.
func (p *plugin) kvSet(l *lua.LState) int {
	c := p.keeper(l, "kv:set")
	key := keyArg(l)
	if l.Get(3) == lua.LNil {
		return p.put(l, c, event.TableWrite{Key: key})
	}
	v, err := encodeValue(l.Get(3), valueMost)
	switch {
	case errors.Is(err, errValueLong):
		return p.fails(l, err.Error())
	case err != nil:
		l.ArgError(3, err.Error())
	}
	charge(l, work(16*entrySize(key, v)))
	return p.put(l, c, event.TableWrite{Key: key, Value: v, Expires: p.expiry(l, 4)})
}

// kvDelete is kv:delete(key) → true | nil, err.
func (p *plugin) kvDelete(l *lua.LState) int {
	c := p.keeper(l, "kv:delete")
	return p.put(l, c, event.TableWrite{Key: keyArg(l)})
}

// kvIncr is kv:incr(key, by, init, ttl) → number | nil, err. init is what by is added
// to where there is nothing; only then ttl counts.
func (p *plugin) kvIncr(l *lua.LState) int {
	c := p.keeper(l, "kv:incr")
	key, by, first := keyArg(l), l.OptNumber(3, 1), l.OptNumber(4, 0)
	if by != by || first != first {
		l.ArgError(3, "a number expected")
	}
	e, ok, err := c.entry(key)
	if err != nil {
		return p.fails(l, err.Error())
	}
	w := event.TableWrite{Key: key, Value: float64(by), Add: true, First: float64(first), Expires: p.expiry(l, 5)}
	sum := float64(first + by)
	if ok {
		n, isNumber := e.Value.(float64)
		if !isNumber {
			return p.fails(l, "not a number")
		}
		sum = n + float64(by)
	}
	if sum != sum {
		return p.fails(l, "not a number")
	}
	if c.repeated() {
		l.Push(lua.LNumber(sum - float64(by)))
		return 1
	}
	if n := p.put(l, c, w); n == 2 {
		return 2
	}
	l.Pop(1)
	l.Push(lua.LNumber(sum))
	return 1
}

// repeated tells whether the next operation was carried out by an earlier process,
// and if so counts it.
func (c *call) repeated() bool {
	if c.keeping.ops >= c.keeping.applied {
		return false
	}
	c.keeping.ops++
	return true
}

func (p *plugin) expiry(l *lua.LState, n int) time.Time {
	if l.Get(n) == lua.LNil {
		return time.Time{}
	}
	d := seconds(l, n)
	if d <= 0 {
		l.ArgError(n, "a time to live is above 0")
	}
	return p.host.opts.Clock.Now().Add(d)
}

// put gathers a write and pushes true, or nil and why it cannot be.
func (p *plugin) put(l *lua.LState, c *call, w event.TableWrite) int {
	if c.repeated() {
		l.Push(lua.LTrue)
		return 1
	}
	size := entrySize(w.Key, w.Value)
	if w.Value == nil {
		size = 0
	}
	why, err := p.admit(c, w.Key, size)
	if err != nil {
		why = err.Error()
	}
	if why != "" {
		return p.fails(l, why)
	}
	k := c.keeping
	k.ops++
	k.bytes += size
	k.add(w, size)
	if len(k.writes) >= gatherWrites || k.bytes >= gatherBytes {
		if err := c.keep(false); err != nil {
			return p.fails(l, err.Error())
		}
	}
	l.Push(lua.LTrue)
	return 1
}

// add joins a write with what is gathered of its key.
func (k *keeping) add(w event.TableWrite, size int) {
	old := k.writes[w.Key]
	if w.Add && old != nil {
		by, _ := w.Value.(float64)
		n, isNumber := old.Value.(float64)
		switch {
		case isNumber:
			old.Value = n + by
			return
		case old.Value == nil: // deleted before
			w = event.TableWrite{Key: w.Key, Value: w.First + by, Expires: w.Expires}
		}
	}
	k.writes[w.Key] = &pendingWrite{w, size}
}

// admit reckons the usage after a write of a key, and says why it cannot be.
func (p *plugin) admit(c *call, key string, size int) (why string, err error) {
	k := &p.keep
	now := p.host.opts.Clock.Now()
	var old int
	var had bool
	if w := c.keeping.writes[key]; w != nil && !w.Add {
		old, had = w.size, w.Value != nil
	} else {
		e, ok, err := c.entry(key)
		if err != nil {
			return "", err
		}
		if had = ok; ok {
			old = entrySize(key, e.Value)
		}
	}
	if size > 0 {
		if !k.rate.take(size) {
			return "rate", nil
		}
	}
	keys := 0
	if had && size == 0 {
		keys = -1
	} else if !had && size > 0 {
		keys = 1
	}
	full := func() bool {
		return size > old && (k.keys+keys > keysMost || k.bytes+int64(size-old) > kvMost)
	}
	if !k.known {
		if err := c.measure(); err != nil {
			return "", err
		}
	}
	if full() && now.Sub(k.swept) > time.Minute {
		k.swept = now
		if err := p.host.opts.Tables.KVSweep(c.ctx, p.name, now); err != nil {
			return "", err
		}
		if err := c.measure(); err != nil {
			return "", err
		}
	}
	if full() {
		return "full", nil
	}
	k.keys += keys
	k.bytes += int64(size - old)
	return "", nil
}

// measure takes the usage from the disk. What is gathered and not there yet counts
// as new.
func (c *call) measure() error {
	k := &c.plugin.keep
	keys, bytes, err := c.host.opts.Tables.KVUsage(c.ctx, c.plugin.name)
	if err != nil {
		return err
	}
	k.known, k.keys, k.bytes = true, keys, bytes
	for _, w := range c.keeping.writes {
		k.bytes += int64(w.size)
		if w.size > 0 {
			k.keys++
		}
	}
	return nil
}

// batch takes what is gathered, or false if that is nothing. With done, its event
// is done with it.
func (c *call) batch(done bool) (event.TableBatch, bool) {
	k := c.keeping
	if k == nil || len(k.writes) == 0 {
		return event.TableBatch{}, false
	}
	b := event.TableBatch{
		Plugin: c.plugin.name, Now: c.host.opts.Clock.Now(), Event: c.eventID(), Handler: c.plugin.name + c.suffix, Ops: k.ops,
		Done: done,
	}
	if c.answered() {
		b.Event = "" // it is done already
	}
	for _, key := range slices.Sorted(maps.Keys(k.writes)) {
		b.Writes = append(b.Writes, k.writes[key].TableWrite)
	}
	return b, true
}

// kept forgets what was gathered: it is committed. Pages that were read before are
// old.
func (c *call) kept() {
	c.plugin.keep.page, c.plugin.keep.pageOf = nil, nil
	if c.keeping != nil {
		clear(c.keeping.writes)
		c.keeping.bytes = 0
	}
}

// keep commits what is gathered. With done, the event is not handled again: the
// handler has taken it.
func (c *call) keep(done bool) error {
	b, ok := c.batch(done)
	if !ok {
		return nil
	}
	// Once asked for, it is not given up: the script was told that it is kept.
	err := c.host.opts.Tables.KVCommit(context.WithoutCancel(c.ctx), b)
	if err != nil {
		return err
	}
	c.kept()
	if b.Done && b.Event != "" {
		c.answer()
	}
	return nil
}

// keepWaiting commits before a call waits, and keepRest at its end. A failure is the
// operator's concern: the script was told that its writes are kept.
func (c *call) keepWaiting() { c.keepOrReport(c.answers) }

func (c *call) keepRest(taken bool) {
	c.keepOrReport(c.answers && (taken || c.handler.command != nil || c.isClaimed()))
}

func (c *call) keepOrReport(done bool) {
	if err := c.keep(done); err != nil {
		c.host.opts.Logger.Error().Err(err).Str("plugin", c.plugin.name).Str("call", c.name).Msg("table of plugin not stored")
		c.plugin.fault(c.ctx, err)
	}
}
