package wx

import (
	"sync"
	"time"
)

const (
	// mediaLife is how long an upload is used again: longer brought others codes
	// -1 and 1205 (section 8.1).
	mediaLife = 30 * time.Minute
	maxMedia  = 256
)

// mediaKey names content as it was uploaded.
type mediaKey struct {
	sum   string // MD5
	size  int64
	media string // mediatype
}

// uploaded is content that the server has.
type uploaded struct {
	mediaID   string
	signature string // of files over 25 MB, else ""
	reused    bool   // from an earlier call
}

// mediaCache remembers the uploads of a session, which are good for any receiver.
// The zero value is empty. Safe for concurrent use.
type mediaCache struct {
	mu      sync.Mutex
	entries map[mediaKey]mediaEntry
}

type mediaEntry struct {
	uploaded
	at time.Time
}

func (m *mediaCache) get(k mediaKey, now time.Time) (uploaded, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.entries[k]
	if !ok || now.Sub(e.at) > mediaLife {
		return uploaded{}, false
	}
	e.reused = true
	return e.uploaded, true
}

func (m *mediaCache) put(k mediaKey, u uploaded, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.entries == nil {
		m.entries = map[mediaKey]mediaEntry{}
	}
	if len(m.entries) >= maxMedia {
		m.dropOldestLocked()
	}
	m.entries[k] = mediaEntry{uploaded: u, at: now}
}

func (m *mediaCache) dropOldestLocked() {
	var oldest mediaKey
	var at time.Time
	for k, e := range m.entries {
		if at.IsZero() || e.at.Before(at) {
			oldest, at = k, e.at
		}
	}
	delete(m.entries, oldest)
}

// forget drops an upload that the server did not take.
func (m *mediaCache) forget(mediaID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for k, e := range m.entries {
		if e.mediaID == mediaID {
			delete(m.entries, k)
		}
	}
}
