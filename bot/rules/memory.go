package rules

import (
	"sync"
	"time"
)

// Memory is what rules remember between events: when they fired, and what they
// said last. It is kept by rule name, so that a reload changes nothing, and is
// safe for concurrent use.
type Memory struct {
	mu     sync.Mutex
	cools  map[memoryKey]cooling
	fired  map[string][]time.Time
	told   map[string]bool // of rules at their limit: that they are
	spoken map[memoryKey]int
}

type memoryKey struct{ rule, what string }

type cooling struct {
	since  time.Time
	until  time.Time
	count  int
	warned bool
}

// memoryCap bounds each table.
const memoryCap = 50_000

// NewMemory makes an empty memory.
func NewMemory() *Memory {
	return &Memory{cools: map[memoryKey]cooling{}, fired: map[string][]time.Time{}, told: map[string]bool{}, spoken: map[memoryKey]int{}}
}

// verdict of a brake.
type brake int

const (
	free brake = iota
	cold
	coldFirst // cold, and nobody was told yet
	full
	fullFirst // at its limit, and nobody was told yet
)

// pass asks whether a rule may fire now, and notes that it does.
func (m *Memory) pass(r *rule, key string, now time.Time) brake {
	if m == nil || r.cooldown == nil && r.limit == nil {
		return free
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if r.limit != nil {
		if m.fullLocked(r, now) {
			if m.told[r.name] {
				return full
			}
			m.told[r.name] = true
			return fullFirst
		}
		delete(m.told, r.name)
	}
	if r.cooldown != nil {
		if b := m.coolLocked(r, memoryKey{r.name, key}, now); b != free {
			return b
		}
	}
	if r.limit != nil {
		m.fired[r.name] = append(m.fired[r.name], now)
	}
	return free
}

func (m *Memory) coolLocked(r *rule, key memoryKey, now time.Time) brake {
	c := m.cools[key]
	if !now.Before(c.until) {
		if len(m.cools) >= memoryCap {
			m.forgetLocked(now)
		}
		c = cooling{since: now, until: now.Add(r.cooldown.every)}
	}
	if c.count >= r.cooldown.most {
		warned := c.warned
		c.warned = true
		m.cools[key] = c
		if !warned {
			return coldFirst
		}
		return cold
	}
	c.count++
	m.cools[key] = c
	return free
}

func (m *Memory) forgetLocked(now time.Time) {
	for k, c := range m.cools {
		if !now.Before(c.until) {
			delete(m.cools, k)
		}
	}
	if len(m.cools) >= memoryCap {
		clear(m.cools)
	}
}

// fullLocked counts the firings of the window: a sliding one, or the calendar day.
func (m *Memory) fullLocked(r *rule, now time.Time) bool {
	keep := m.fired[r.name][:0]
	for _, t := range m.fired[r.name] {
		inside := now.Sub(t) < r.limit.per
		if r.limit.day {
			inside = t.In(now.Location()).Format(time.DateOnly) == now.Format(time.DateOnly)
		}
		if inside {
			keep = append(keep, t)
		}
	}
	m.fired[r.name] = keep
	return len(keep) >= r.limit.n
}

// choose picks one of several by weight, another than the last under the same key
// if there is another.
func (m *Memory) choose(key memoryKey, weights []float64, draw func() float64) int {
	last := -1
	if m != nil {
		m.mu.Lock()
		if v, ok := m.spoken[key]; ok && len(weights) > 1 {
			last = v
		}
		m.mu.Unlock()
	}
	total := 0.0
	for i, w := range weights {
		if i != last {
			total += w
		}
	}
	point := 0.0
	if draw != nil {
		point = draw() * total
	}
	pick := -1
	for i, w := range weights {
		if i == last {
			continue
		}
		pick = i
		if point -= w; point < 0 {
			break
		}
	}
	if m != nil {
		m.mu.Lock()
		if len(m.spoken) >= memoryCap {
			clear(m.spoken)
		}
		m.spoken[key] = pick
		m.mu.Unlock()
	}
	return pick
}
