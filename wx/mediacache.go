package wx

import (
	"context"
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
	busy    map[mediaKey]chan struct{} // being uploaded; closed at the end
}

type mediaEntry struct {
	uploaded
	at time.Time
}

// claim gives content that was uploaded before, waiting for an upload of it that
// is under way. Else the caller is to upload it and to call release in any case.
func (m *mediaCache) claim(ctx context.Context, k mediaKey) (up uploaded, release func(), err error) {
	for {
		m.mu.Lock()
		if e, ok := m.entries[k]; ok && time.Since(e.at) <= mediaLife {
			m.mu.Unlock()
			e.reused = true
			return e.uploaded, nil, nil
		}
		other, taken := m.busy[k]
		if !taken {
			if m.busy == nil {
				m.busy = map[mediaKey]chan struct{}{}
			}
			m.busy[k] = make(chan struct{})
			m.mu.Unlock()
			return uploaded{}, func() { m.release(k) }, nil
		}
		m.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return uploaded{}, nil, ctx.Err()
		}
	}
}

func (m *mediaCache) release(k mediaKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	close(m.busy[k])
	delete(m.busy, k)
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
