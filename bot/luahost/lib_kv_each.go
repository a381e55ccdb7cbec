package luahost

import (
	"maps"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/event"
)

// walker goes through the keys with a prefix, in the order of their bytes. What
// changes meanwhile may be seen or not; what the script deletes is not. Pages are
// kept once a plugin, so that walkers that are never used up hold nothing.
type walker struct {
	from, below string
	at          int // in the page
	ended       bool
}

// above gives the first text after all that begin with a prefix, "" if there is none.
func above(prefix string) string {
	b := []byte(prefix)
	for i, c := range slices.Backward(b) {
		if c < 0xff {
			b[i]++
			return string(b[:i+1])
		}
	}
	return ""
}

func prefixArg(l *lua.LState) string {
	prefix := l.OptString(2, "")
	if len(prefix) > keyMost {
		l.ArgError(2, "a prefix is a text of at most 512 bytes")
	}
	return prefix
}

// kvEach is kv:each(prefix) → iterator over keys and values.
func (p *plugin) kvEach(l *lua.LState) int {
	p.keeper(l, "kv:each")
	prefix := prefixArg(l)
	w := &walker{from: prefix, below: above(prefix)}
	l.Push(l.NewFunction(func(l *lua.LState) int {
		c := p.running(l, "kv:each")
		charge(l, 1)
		e, err := p.next(l, c, w)
		if err != nil {
			l.RaiseError("kv:each: %s", err.Error())
		}
		if e == nil {
			l.Push(lua.LNil)
			return 1
		}
		charge(l, work(16*entrySize(e.Key, e.Value)))
		v, err := decodeValue(e.Value)
		if err != nil {
			l.RaiseError("kv:each: %s: %s", e.Key, err.Error())
		}
		l.Push(lua.LString(e.Key))
		l.Push(v)
		return 2
	}))
	return 1
}

// next gives the next entry of a walker, nil at the end.
func (p *plugin) next(l *lua.LState, c *call, w *walker) (*event.TableEntry, error) {
	k := &p.keep
	for {
		if k.pageOf != w || w.at >= len(k.page) {
			if w.ended {
				if k.pageOf == w {
					k.page, k.pageOf = nil, nil
				}
				return nil, nil
			}
			charge(l, kvWork)
			if err := p.turn(c, w); err != nil {
				return nil, err
			}
			if len(k.page) == 0 {
				continue
			}
		}
		e := k.page[w.at]
		w.at++
		w.from = e.Key + "\x00"
		w.ended = w.at == len(k.page) && !k.pageMore
		if c.keeping == nil || c.keeping.writes[e.Key] == nil {
			return &e, nil
		}
		e, ok, err := c.entry(e.Key)
		if err != nil || ok {
			return &e, err
		}
	}
}

// turn reads the next page of a walker: what is on the disk, with what the call has
// gathered.
func (p *plugin) turn(c *call, w *walker) error {
	k := &p.keep
	es, more, err := p.host.opts.Tables.KVScan(c.ctx, p.name, w.from, w.below, p.host.opts.Clock.Now(), pageMost)
	if err != nil {
		return err
	}
	end := w.below
	if more {
		end = es[len(es)-1].Key + "\x00"
	}
	for _, key := range c.gathered(w.from, end) {
		i, there := slices.BinarySearchFunc(es, key, func(e event.TableEntry, key string) int {
			switch {
			case e.Key < key:
				return -1
			case e.Key > key:
				return 1
			}
			return 0
		})
		if there {
			continue // next asks for it anew
		}
		if e, ok, err := c.entry(key); err != nil {
			return err
		} else if ok {
			es = slices.Insert(es, i, e)
		}
	}
	k.page, k.pageMore, k.pageOf, w.at = es, more, w, 0
	w.ended = len(es) == 0 && !more
	return nil
}

// gathered gives the keys of a range that the call has written, in order.
func (c *call) gathered(from, below string) []string {
	if c.keeping == nil {
		return nil
	}
	keys := slices.Sorted(maps.Keys(c.keeping.writes))
	return slices.DeleteFunc(keys, func(key string) bool { return key < from || below != "" && key >= below })
}

// kvCount is kv:count(prefix) → number | nil, err.
func (p *plugin) kvCount(l *lua.LState) int {
	c := p.keeper(l, "kv:count")
	prefix := prefixArg(l)
	w := &walker{from: prefix, below: above(prefix)}
	for n := 0; ; n++ {
		charge(l, 1)
		e, err := p.next(l, c, w)
		if err != nil {
			return p.fails(l, err.Error())
		}
		if e == nil {
			l.Push(lua.LNumber(n))
			return 1
		}
	}
}
