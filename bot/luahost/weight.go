package luahost

import (
	"context"
	"fmt"
	"time"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// What a plugin keeps from call to call is weighed by walking its state: no single
// stretch need grow the heap much for the sum to. A plugin over the limit is started
// anew, without what it kept.

const (
	// A walk takes some 50 ns a value, under the run lock. So the process's heap is
	// looked at first, heapEvery at most, and only where it has grown by growthLeast
	// since the last walk, or keptEvery has passed, the plugin is walked over.
	heapEvery   = 10 * time.Millisecond
	growthLeast = 32 << 20
	keptEvery   = 5 * time.Second
)

// Rough sizes in bytes, of what the interpreter allocates for one of a kind.
const (
	sizeTable    = 112
	sizeArray    = 16
	sizeKey      = 105 // an entry of a table with other keys is in three maps
	sizeFunction = 120
	sizeUserdata = 64
	sizeThread   = 8 << 10
	// longText is the length from which a text is counted once, however many
	// tables hold it.
	longText = 256
)

// scale walks over values.
type scale struct {
	seen  map[any]struct{} // tables, functions, userdata, threads
	texts map[*byte]struct{}
	todo  []lua.LValue
	bytes int
	most  int
}

// weight estimates what can be reached from the values given, and stops counting
// above most.
func weight(most int, from ...lua.LValue) int {
	s := &scale{seen: map[any]struct{}{}, texts: map[*byte]struct{}{}, most: most, todo: from}
	for len(s.todo) > 0 && s.bytes <= s.most {
		v := s.todo[len(s.todo)-1]
		s.todo = s.todo[:len(s.todo)-1]
		s.visit(v)
	}
	return s.bytes
}

func (s *scale) visit(v lua.LValue) {
	switch v := v.(type) {
	case lua.LString:
		s.text(string(v))
	case *lua.LTable:
		if v != nil && s.first(v) {
			s.table(v)
		}
	case *lua.LFunction:
		if v == nil || !s.first(v) {
			return
		}
		s.bytes += sizeFunction
		for _, u := range v.Upvalues {
			if u != nil {
				s.todo = append(s.todo, u.Value())
			}
		}
		s.todo = append(s.todo, v.Env)
	case *lua.LUserData:
		if s.first(v) {
			s.bytes += sizeUserdata
			s.todo = append(s.todo, v.Metatable)
		}
	case *lua.LState:
		if s.first(v) {
			s.bytes += sizeThread
		}
	}
}

func (s *scale) first(v any) bool {
	if _, ok := s.seen[v]; ok {
		return false
	}
	s.seen[v] = struct{}{}
	return true
}

func (s *scale) text(t string) {
	if len(t) >= longText {
		at := unsafe.StringData(t)
		if _, ok := s.texts[at]; ok {
			return
		}
		s.texts[at] = struct{}{}
	}
	s.bytes += len(t) + sizeArray
}

func (s *scale) table(t *lua.LTable) {
	s.bytes += sizeTable
	if t.Metatable != nil {
		s.todo = append(s.todo, t.Metatable)
	}
	t.ForEach(func(k, v lua.LValue) {
		if s.bytes > s.most {
			return
		}
		if _, ok := k.(lua.LNumber); ok {
			s.bytes += sizeArray
		} else {
			s.bytes += sizeKey
			s.visit(k)
		}
		switch v.(type) {
		case *lua.LTable, *lua.LFunction, *lua.LUserData, *lua.LState:
			s.todo = append(s.todo, v)
		default:
			s.visit(v)
		}
	})
}

// kept estimates what the plugin holds, under the run lock. What only the stacks of
// waiting calls hold is not seen.
func (p *plugin) kept() int {
	from := []lua.LValue{p.l.G.Global, p.l.G.Registry, p.state}
	for _, list := range p.handlers {
		for _, hd := range list {
			from = append(from, hd.fn)
		}
	}
	for _, t := range p.pending() {
		from = append(from, t.fn)
	}
	for _, fn := range p.exports {
		from = append(from, fn)
	}
	for _, m := range p.modules {
		if m.value != nil {
			from = append(from, m.value)
		}
	}
	for _, fns := range p.life {
		for _, fn := range fns {
			from = append(from, fn)
		}
	}
	return weight(int(p.limits.Memory), from...)
}

// weighKept looks, now and then, whether the plugin keeps too much, and has it
// started anew. It is called under the run lock at the end of a call.
func (p *plugin) weighKept() {
	now := time.Now()
	if p.renewing || now.Sub(p.looked) < heapEvery {
		return
	}
	p.looked = now
	heap := p.gas.objects()
	if heap < p.heapAt+growthLeast && now.Sub(p.weighed) < keptEvery {
		p.heapAt = min(p.heapAt, heap)
		return
	}
	p.weighed, p.heapAt = now, heap
	if int64(p.kept()) <= p.limits.Memory {
		return
	}
	life := p.host.life()
	if life == nil {
		return
	}
	p.renewing = true
	p.host.begin(func() { p.host.renew(life, p) })
}

// renew starts a plugin anew that kept too much.
func (h *Host) renew(ctx context.Context, was *plugin) {
	h.loading.Lock()
	defer h.loading.Unlock()
	err := fmt.Errorf("kept more than %d MB and was started anew", was.limits.Memory>>20)
	h.opts.Logger.Error().Str("plugin", was.name).Str("problem", err.Error()).Msg("plugin renewed")
	was.fault(ctx, err)
	p, err := h.load(was.src, was.config, nil)
	if err == nil {
		p.faults = was.faults
		err = p.begin(ctx, "resume", was.header.version)
	}
	was.stopTimers()
	if !h.swap(was, p, err == nil) {
		return
	}
	h.questions.leave(was)
	was.stopped()
	if err != nil {
		h.opts.Logger.Error().Err(err).Str("plugin", was.name).Msg("plugin not renewed")
		return
	}
	if p.count(ctx, true); !p.paused.Load() {
		p.startTimers(ctx)
	}
}

// swap puts a new version in the old one's place, or takes the old one out. It
// reports false if the old one is not in force any more. The caller holds loading.
func (h *Host) swap(was, p *plugin, good bool) bool {
	var next []*plugin
	found := false
	for _, q := range h.list() {
		switch {
		case q != was:
			next = append(next, q)
		case good:
			next = append(next, p)
			found = true
		default:
			found = true
		}
	}
	if found {
		h.plugins.Store(&next)
	}
	return found
}
