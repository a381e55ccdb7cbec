package rules

import (
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"time"

	"wxbot/bot/event"
)

// Memory is what rules remember between events: when they fired, and what they
// said last. It is kept by rule name, so that a reload changes nothing, and is
// safe for concurrent use.
//
// What brakes a rule also goes into the notes of its firings: stored with them and
// given to Restore, it outlives the process. Of two firings of one rule at the same
// moment the older tally may be the one that is stored.
type Memory struct {
	mu     sync.Mutex
	cools  map[memoryKey]cooling
	fired  map[string]tally
	spoken map[memoryKey]int
}

type memoryKey struct{ rule, what string }

type cooling struct {
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`
	Count  int       `json:"count"`
	Warned bool      `json:"warned,omitempty"`
}

// tally counts the firings of a rule: of one calendar day, or by their times.
type tally struct {
	Day   string      `json:"day,omitempty"`
	N     int         `json:"n,omitempty"`
	Times []time.Time `json:"times,omitempty"`
	Told  bool        `json:"told,omitempty"` // that the limit is reached

	Last time.Time `json:"last"` // when it was counted last
}

const (
	// memoryCap bounds each table.
	memoryCap = 50_000
	// tallyKeep is longer than any window of a limit that people write.
	tallyKeep = 32 * 24 * time.Hour

	// NotePrefix begins the keys of all notes.
	NotePrefix = "rule/"
	coolPrefix = NotePrefix + "cool/"
	firePrefix = NotePrefix + "fired/"
)

// NewMemory makes an empty memory.
func NewMemory() *Memory {
	return &Memory{cools: map[memoryKey]cooling{}, fired: map[string]tally{}, spoken: map[memoryKey]int{}}
}

// Restore takes up what the notes of former firings tell. It returns those that are of
// no use any more.
func (m *Memory) Restore(notes []event.Note, now time.Time) (useless []event.Note) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range notes {
		if !m.restoreLocked(n) {
			useless = append(useless, n)
		}
	}
	return append(useless, m.forgetLocked(now)...)
}

func (m *Memory) restoreLocked(n event.Note) bool {
	if name, ok := strings.CutPrefix(n.Key, firePrefix); ok {
		rule, err := url.PathUnescape(name)
		var t tally
		if err != nil || json.Unmarshal([]byte(n.Value), &t) != nil || len(m.fired) >= memoryCap {
			return false
		}
		m.fired[rule] = t
		return true
	}
	name, ok := strings.CutPrefix(n.Key, coolPrefix)
	rule, what, two := strings.Cut(name, "/")
	rule, err := url.PathUnescape(rule)
	what, err2 := url.PathUnescape(what)
	var c cooling
	if !ok || !two || err != nil || err2 != nil || json.Unmarshal([]byte(n.Value), &c) != nil || len(m.cools) >= memoryCap {
		return false
	}
	m.cools[memoryKey{rule, what}] = c
	return true
}

// Forget drops what is over and returns its notes.
func (m *Memory) Forget(now time.Time) []event.Note {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.forgetLocked(now)
}

func (m *Memory) forgetLocked(now time.Time) (over []event.Note) {
	for k, c := range m.cools {
		if !now.Before(c.Until) {
			delete(m.cools, k)
			over = append(over, noteOf(k.note(), c))
		}
	}
	for rule, t := range m.fired {
		if now.Sub(t.Last) > tallyKeep {
			delete(m.fired, rule)
			over = append(over, noteOf(firePrefix+url.PathEscape(rule), t))
		}
	}
	return over
}

func (k memoryKey) note() string {
	return coolPrefix + url.PathEscape(k.rule) + "/" + url.PathEscape(k.what)
}

// noteOf gives what is to be stored; of these types, nothing fails to encode.
func noteOf(key string, value any) event.Note {
	text, err := json.Marshal(value)
	if err != nil {
		text = []byte("{}")
	}
	return event.Note{Key: key, Value: string(text)}
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
func (m *Memory) pass(r *rule, key string, now time.Time) (brake, []event.Note) {
	if m == nil || r.cooldown == nil && r.limit == nil {
		return free, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var notes []event.Note
	fired := m.fired[r.name]
	if r.limit != nil && r.limit.full(&fired, now) {
		told := fired.Told
		fired.Told = true
		m.fired[r.name] = fired
		if told {
			return full, nil
		}
		return fullFirst, []event.Note{noteOf(firePrefix+url.PathEscape(r.name), fired)}
	}
	if r.cooldown != nil {
		k := memoryKey{r.name, key}
		b := m.coolLocked(r, k, now)
		if b == cold {
			return b, nil
		}
		notes = append(notes, noteOf(k.note(), m.cools[k]))
		if b != free {
			return b, notes
		}
	}
	if r.limit != nil {
		r.limit.count(&fired, now)
		m.fired[r.name] = fired
		notes = append(notes, noteOf(firePrefix+url.PathEscape(r.name), fired))
	}
	return free, notes
}

func (m *Memory) coolLocked(r *rule, key memoryKey, now time.Time) brake {
	c := m.cools[key]
	if !now.Before(c.Until) {
		if len(m.cools) >= memoryCap {
			if m.forgetLocked(now); len(m.cools) >= memoryCap {
				clear(m.cools)
			}
		}
		c = cooling{Since: now, Until: now.Add(r.cooldown.every)}
	}
	if c.Count >= r.cooldown.most {
		warned := c.Warned
		c.Warned = true
		m.cools[key] = c
		if !warned {
			return coldFirst
		}
		return cold
	}
	c.Count++
	m.cools[key] = c
	return free
}

// full tells whether the window is used up: a sliding one, or the calendar day.
// What is before it is dropped.
func (l *limit) full(t *tally, now time.Time) bool {
	n := 0
	if l.day {
		if t.Day == now.Format(time.DateOnly) {
			n = t.N
		}
	} else {
		// Another copy of the slice may be on its way to the disk.
		var keep []time.Time
		for _, at := range t.Times {
			if now.Sub(at) < l.per {
				keep = append(keep, at)
			}
		}
		t.Times, n = keep, len(keep)
	}
	if n < l.n {
		t.Told = false
	}
	return n >= l.n
}

// count counts a firing.
func (l *limit) count(t *tally, now time.Time) {
	t.Last = now
	if !l.day {
		t.Times, t.Day, t.N = append(t.Times, now), "", 0
		return
	}
	if day := now.Format(time.DateOnly); t.Day != day {
		t.Day, t.N = day, 0
	}
	t.N++
	t.Times = nil
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
