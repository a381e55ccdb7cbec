package luahost

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"wxbot/bot/event"
)

// Tables keeps what plugins store with bot.kv. Its methods may be called
// concurrently.
type Tables interface {
	// KVGet gives the entry of a key; ok is false if there is none that has not
	// expired.
	KVGet(ctx context.Context, plugin, key string, now time.Time) (e event.TableEntry, ok bool, err error)
	// KVScan gives entries from a key on whose keys are below another ("": all),
	// in the order of their bytes, at most so many, fewer if they are large. more
	// tells that there may be more after the last.
	KVScan(ctx context.Context, plugin, from, below string, now time.Time, most int) (es []event.TableEntry, more bool, err error)
	// KVUsage gives how many keys there are and how many bytes they take, those
	// that have expired included until KVSweep.
	KVUsage(ctx context.Context, plugin string) (keys int, bytes int64, err error)
	KVSweep(ctx context.Context, plugin string, now time.Time) error
	// KVApplied gives how many operations of a handler for an event an earlier
	// process has carried out.
	KVApplied(eventID, handler string) int
	// KVCommit carries a batch out, durably.
	KVCommit(ctx context.Context, b event.TableBatch) error
}

// queueKeeper is a World that commits an action and a batch together.
type queueKeeper interface {
	QueueKeeping(ctx context.Context, ev *event.Event, plugin string, n int, a event.Action, b event.TableBatch) (id int64, err error)
}

// MemoryTables are Tables that end with the process, for tests of plugins. All
// methods may be called concurrently.
type MemoryTables struct {
	mu      sync.Mutex
	plugins map[string]map[string]event.TableEntry
}

// NewMemoryTables makes empty tables.
func NewMemoryTables() *MemoryTables {
	return &MemoryTables{plugins: map[string]map[string]event.TableEntry{}}
}

func live(e event.TableEntry, now time.Time) bool { return e.Expires.IsZero() || e.Expires.After(now) }

// KVGet gives the entry of a key.
func (m *MemoryTables) KVGet(_ context.Context, plugin, key string, now time.Time) (event.TableEntry, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.plugins[plugin][key]
	if !ok || !live(e, now) {
		return event.TableEntry{}, false, nil
	}
	return e, true, nil
}

// KVScan gives entries in the order of their keys.
func (m *MemoryTables) KVScan(_ context.Context, plugin, from, below string, now time.Time, most int) ([]event.TableEntry, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []event.TableEntry
	for key, e := range m.plugins[plugin] {
		if key >= from && (below == "" || key < below) && live(e, now) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b event.TableEntry) int { return strings.Compare(a.Key, b.Key) })
	return out[:min(len(out), most)], len(out) > most, nil
}

// KVUsage gives the number of keys, and the bytes of keys and values.
func (m *MemoryTables) KVUsage(_ context.Context, plugin string) (int, int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	bytes := int64(0)
	for _, e := range m.plugins[plugin] {
		bytes += int64(entrySize(e.Key, e.Value))
	}
	return len(m.plugins[plugin]), bytes, nil
}

// KVSweep takes out what has expired.
func (m *MemoryTables) KVSweep(_ context.Context, plugin string, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for key, e := range m.plugins[plugin] {
		if !live(e, now) {
			delete(m.plugins[plugin], key)
		}
	}
	return nil
}

// KVApplied is 0: there was no earlier process.
func (m *MemoryTables) KVApplied(string, string) int { return 0 }

// KVCommit carries a batch out.
func (m *MemoryTables) KVCommit(_ context.Context, b event.TableBatch) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.plugins[b.Plugin]
	if t == nil {
		t = map[string]event.TableEntry{}
		m.plugins[b.Plugin] = t
	}
	for _, w := range b.Writes {
		e := event.TableEntry{Key: w.Key, Value: w.Value, Expires: w.Expires}
		old, ok := t[w.Key]
		ok = ok && live(old, b.Now)
		by, isNumber := w.Value.(float64)
		switch {
		case w.Add && isNumber && ok:
			if n, isNumber := old.Value.(float64); isNumber {
				old.Value = n + by
			}
			t[w.Key] = old
		case w.Add && isNumber:
			e.Value = w.First + by
			t[w.Key] = e
		case w.Value == nil:
			delete(t, w.Key)
		default:
			t[w.Key] = e
		}
	}
	return nil
}

// entrySize is what an entry counts for: a number for 8 bytes.
func entrySize(key string, value any) int {
	if b, ok := value.([]byte); ok {
		return len(key) + len(b)
	}
	return len(key) + 8
}
