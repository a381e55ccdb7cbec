package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"wxbot/bot/event"
)

// marks tell, after a kill, what the process was doing when it died: which events
// were being handled, which deliveries were on their way or had just been accepted
// by the server. They are written to a file without waiting for the disk, which
// costs a microsecond and survives the death of the process, not that of the
// machine; the database alone decides what is durable.
type marks struct {
	f *os.File

	died bool // the process before this one was killed

	// failed is told of the first of several writes in a row that failed. Without
	// marks a kill may repeat a message; nothing else depends on them.
	failed func(error)

	mu      sync.Mutex
	free    []int64 // slots that are not in use
	next    int64   // the first slot that was never used
	failing bool
}

// A slot: its kind in the first byte, the lengths of the two texts in the next
// two, then the number, the time in Unix milliseconds, the id that the server gave
// and the key of the chat.
const (
	slotSize   = 128
	slotNumber = 8
	slotTime   = 16
	slotMsgID  = 24
	slotChat   = 76
	slotText   = 52 // bytes of either text at most
)

// kindMark says what was under way.
type kindMark byte

const (
	markNothing kindMark = iota
	markEvent            // an event is being handled
	markSending          // a delivery was handed to the server
	markSent             // the server accepted it
)

const marksName = "running"

// slot is one mark as it is read back.
type slot struct {
	kind   kindMark
	number int64
	at     time.Time
	msgID  string
	chat   string
}

// openMarks reads what the last process left and begins anew.
func openMarks(dir string) (*marks, []slot, error) {
	path := filepath.Join(dir, marksName)
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("state directory: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, fileMode)
	if err != nil {
		return nil, nil, fmt.Errorf("state directory: %w", err)
	}
	return &marks{f: f, died: len(old) > 0}, readSlots(old), nil
}

// readSlots takes the marks apart. What makes no sense is passed over: a mark only
// adds to what the database says.
func readSlots(b []byte) []slot {
	var out []slot
	for ; len(b) >= slotSize; b = b[slotSize:] {
		s := slot{
			kind:   kindMark(b[0]),
			number: int64(binary.LittleEndian.Uint64(b[slotNumber:])),
			at:     time.UnixMilli(int64(binary.LittleEndian.Uint64(b[slotTime:]))),
		}
		if s.kind == markNothing || s.kind > markSent || b[1] > slotText || b[2] > slotText {
			continue
		}
		s.msgID, s.chat = string(b[slotMsgID:slotMsgID+int(b[1])]), string(b[slotChat:slotChat+int(b[2])])
		out = append(out, s)
	}
	return out
}

// begun tells the next process, by a file that is not empty, that this one has not
// stopped by itself.
func (m *marks) begun() error {
	m.next = 1
	if err := m.put(0, slot{}); err != nil {
		return fmt.Errorf("state directory: %w", hint(err))
	}
	return nil
}

// clear forgets what the last process left, once it is in the database.
func (m *marks) clear() error {
	if err := m.f.Truncate(0); err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	return nil
}

// close ends a clean run: nothing is under way, unless an outcome could not be
// written.
func (m *marks) close() error {
	m.mu.Lock()
	used := m.next - 1 - int64(len(m.free)) // the first one only says that there was a start
	m.mu.Unlock()
	if used > 0 {
		return m.f.Close()
	}
	return errors.Join(m.clear(), m.f.Close())
}

func (m *marks) take() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.free); n > 0 {
		at := m.free[n-1]
		m.free = m.free[:n-1]
		return at
	}
	m.next++
	return m.next - 1
}

func (m *marks) write(at int64, s slot) {
	err := m.put(at, s)
	m.mu.Lock()
	first := err != nil && !m.failing
	m.failing = err != nil
	m.mu.Unlock()
	if first {
		m.failed(err)
	}
}

func (m *marks) put(at int64, s slot) error {
	var b [slotSize]byte
	b[0] = byte(s.kind)
	b[1], b[2] = byte(copy(b[slotMsgID:slotMsgID+slotText], s.msgID)), byte(copy(b[slotChat:slotChat+slotText], s.chat))
	binary.LittleEndian.PutUint64(b[slotNumber:], uint64(s.number))
	binary.LittleEndian.PutUint64(b[slotTime:], uint64(s.at.UnixMilli()))
	_, err := m.f.WriteAt(b[:], at*slotSize)
	return err
}

// giveBack lets a slot be used again. What stands in it stays until then: it tells
// nothing that the database does not know better.
func (m *marks) giveBack(at int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free = append(m.free, at)
}

// Running marks an event as being handled until end is called, once. If the process
// dies meanwhile, the event's count of deaths grows. That is of use only where a
// process has died before: until then it does nothing.
func (s *Store) Running(seq int64) (end func()) {
	m := s.marks
	if !m.died {
		return func() {}
	}
	at := m.take()
	m.write(at, slot{kind: markEvent, number: seq, at: time.Now()})
	return func() {
		m.write(at, slot{})
		m.giveBack(at)
	}
}

// Sending marks a delivery as handed to the server at a time until end is called,
// once: with written, when its outcome is in the database, else when it is known
// that it was not done. If the process dies meanwhile, the next one knows that it
// may have been done, or, after sent, that it was.
func (s *Store) Sending(id int64, at time.Time) (sent func(event.Receipt), end func(written bool)) {
	m := s.marks
	place := m.take()
	m.write(place, slot{kind: markSending, number: id, at: at})
	sent = func(r event.Receipt) {
		m.write(place, slot{kind: markSent, number: id, at: r.Time, msgID: r.MsgID, chat: r.Chat})
	}
	end = func(written bool) {
		if !written {
			m.write(place, slot{})
		}
		m.giveBack(place)
	}
	return sent, end
}

// recover writes what the marks of a process that died say into the database.
func (s *Store) recover(ctx context.Context, left []slot) error {
	if len(left) == 0 {
		return nil
	}
	err := s.update(ctx, func(ctx context.Context, tx *tx) error {
		// Deaths count in a row: an event that was not running this time begins anew.
		if _, err := tx.exec(ctx, "UPDATE inbox SET deaths = -deaths WHERE outcome IS NULL AND deaths > 0 AND seq > ?", s.doneSeq.Load()); err != nil {
			return err
		}
		for _, l := range left {
			if err := recoverSlot(ctx, tx, l); err != nil {
				return err
			}
		}
		_, err := tx.exec(ctx, "UPDATE inbox SET deaths = 0 WHERE outcome IS NULL AND deaths < 0 AND seq > ?", s.doneSeq.Load())
		return err
	})
	if err != nil {
		return fmt.Errorf("take up what was under way: %w", err)
	}
	return nil
}

func recoverSlot(ctx context.Context, tx *tx, l slot) error {
	if l.kind == markEvent {
		_, err := tx.exec(ctx, "UPDATE inbox SET deaths = abs(deaths) + 1 WHERE outcome IS NULL AND seq = ?", l.number)
		return err
	}
	d, err := oneTx(ctx, tx, "SELECT "+columns+" FROM outbox WHERE id = ? AND status = 'pending'", l.number)
	if err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	}
	r := event.Result{ID: d.ID, Status: event.StatusPending, Tries: max(d.Tries, 1), First: d.First, NotBefore: d.NotBefore}
	if r.First.IsZero() {
		r.First = l.at
	}
	if l.kind == markSent {
		r.Status, r.Receipt = event.StatusSent, event.Receipt{MsgID: l.msgID, Time: l.at, Chat: l.chat}
		r.Follow = d.Follow(r.Receipt)
	}
	follow, err := newRows(r.Follow)
	if err != nil {
		return err
	}
	result, err := encodeResult(r)
	if err != nil {
		return err
	}
	if _, err = setResult(ctx, tx, r, result); err == nil {
		_, err = appendTx(ctx, tx, follow, false)
	}
	return err
}
