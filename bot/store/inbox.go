package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"wxbot/bot/event"
)

// Commit writes what one answer of the server meant: the session, unless nil, and
// the events, together. It returns those events whose id was not known, in order.
func (s *Store) Commit(ctx context.Context, session []byte, events []event.Event) ([]event.Entry, error) {
	bodies := make([]string, len(events))
	for i := range events {
		b, err := json.Marshal(&events[i])
		if err != nil {
			return nil, fmt.Errorf("encode event %s: %w", events[i].ID, err)
		}
		bodies[i] = string(b)
	}
	came := time.Now().UnixMilli()
	var fresh []event.Entry
	err := s.update(ctx, func(ctx context.Context, tx *tx) error {
		fresh = fresh[:0]
		if session != nil {
			_, err := tx.exec(ctx, "INSERT INTO session (id, body) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body", session)
			if err != nil {
				return fmt.Errorf("store session: %w", err)
			}
		}
		for i := range events {
			r, err := tx.exec(ctx, "INSERT INTO inbox (id, at, came, chat, deaths, blank, body) VALUES (?, ?, ?, ?, 0, 0, ?) ON CONFLICT (id) DO NOTHING",
				events[i].ID, events[i].Time.UnixMilli(), came, events[i].Chat.Key, bodies[i])
			if err != nil {
				return fmt.Errorf("store event: %w", err)
			}
			if n, err := r.RowsAffected(); err != nil || n == 0 {
				if err != nil {
					return fmt.Errorf("store event: %w", err)
				}
				continue
			}
			seq, err := r.LastInsertId()
			if err != nil {
				return fmt.Errorf("store event: %w", err)
			}
			fresh = append(fresh, event.Entry{Seq: seq, Event: events[i]})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return fresh, nil
}

// Session gives the stored session, nil if there is none.
func (s *Store) Session(ctx context.Context) ([]byte, error) {
	var body []byte
	err := s.read.QueryRowContext(ctx, "SELECT body FROM session").Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read session: %w", err)
	}
	return body, nil
}

// ClearSession forgets the session, and the one that ended before it.
func (s *Store) ClearSession(ctx context.Context) error {
	return s.update(ctx, func(ctx context.Context, tx *tx) error {
		if _, err := tx.exec(ctx, "DELETE FROM meta WHERE key = ?", metaEnded); err != nil {
			return err
		}
		_, err := tx.exec(ctx, "DELETE FROM session")
		return err
	})
}

// EndSession takes the session, which is over, out of use. It is kept for one push
// login, which TakeEnded hands out.
func (s *Store) EndSession(ctx context.Context) error {
	return s.update(ctx, func(ctx context.Context, tx *tx) error {
		_, err := tx.exec(ctx, `INSERT INTO meta (key, value) SELECT ?, body FROM session WHERE id = 1
			ON CONFLICT (key) DO UPDATE SET value = excluded.value`, metaEnded)
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		_, err = tx.exec(ctx, "DELETE FROM session")
		return err
	})
}

// DropSession removes the session, and the one that ended before it: their keys are
// of no more use.
func (s *Store) DropSession(ctx context.Context) error {
	return s.update(ctx, func(ctx context.Context, tx *tx) error {
		if _, err := tx.exec(ctx, "DELETE FROM meta WHERE key = ?", metaEnded); err != nil {
			return fmt.Errorf("remove session: %w", err)
		}
		if _, err := tx.exec(ctx, "DELETE FROM session"); err != nil {
			return fmt.Errorf("remove session: %w", err)
		}
		return nil
	})
}

// metaEnded is where the session that ended last is kept.
const metaEnded = "ended_session"

// TakeEnded gives the session that ended last, once; nil if there is none.
func (s *Store) TakeEnded(ctx context.Context) ([]byte, error) {
	var body []byte
	err := s.update(ctx, func(ctx context.Context, tx *tx) error {
		body = nil
		err := tx.rows(ctx, "SELECT value FROM meta WHERE key = ?", []any{metaEnded}, func(row []driver.Value) error {
			var text string
			err := assign(row, []any{&text})
			body = []byte(text)
			return err
		})
		if err == nil {
			_, err = tx.exec(ctx, "DELETE FROM meta WHERE key = ?", metaEnded)
		}
		if err != nil {
			return fmt.Errorf("take the session that ended: %w", err)
		}
		return nil
	})
	return body, err
}

// Unfinished gives, in the order they came, at most limit events after a position
// that are not done: those of one chat, or of all with chat "".
func (s *Store) Unfinished(ctx context.Context, chat string, after int64, limit int) ([]event.Entry, error) {
	query := "SELECT seq, body, deaths FROM inbox WHERE outcome IS NULL AND seq > ? ORDER BY seq LIMIT ?"
	args := []any{max(after, s.doneSeq.Load()), limit}
	if chat != "" {
		query = "SELECT seq, body, deaths FROM inbox WHERE outcome IS NULL AND seq > ? AND chat = ? ORDER BY seq LIMIT ?"
		args = []any{args[0], chat, limit}
	}
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read inbox: %w", err)
	}
	defer rows.Close()
	var out []event.Entry
	for rows.Next() {
		var e event.Entry
		var body sql.NullString
		if err := rows.Scan(&e.Seq, &body, &e.Deaths); err != nil {
			return nil, fmt.Errorf("read inbox: %w", err)
		}
		if err := json.Unmarshal([]byte(body.String), &e.Event); err != nil {
			return nil, fmt.Errorf("read inbox: event %d: %w", e.Seq, err)
		}
		out = append(out, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read inbox: %w", err)
	}
	return out, nil
}

// Finish marks events done with an outcome and adds deliveries, together. The
// deliveries come back with their ids. If all of the events were done already, as
// after a write whose outcome was unclear, what was added then for the same event
// and handler is not added again and comes back as it is stored.
func (s *Store) Finish(ctx context.Context, seqs []int64, outcome string, ds []event.Delivery) ([]event.Delivery, error) {
	return s.FinishNoting(ctx, seqs, outcome, ds, nil)
}

// FinishNoting is Finish that writes notes with it.
func (s *Store) FinishNoting(ctx context.Context, seqs []int64, outcome string, ds []event.Delivery, notes []event.Note) ([]event.Delivery, error) {
	rows, err := newRows(ds)
	if err != nil {
		return nil, err
	}
	var out []event.Delivery
	err = s.update(ctx, func(ctx context.Context, tx *tx) error {
		fresh := len(seqs) == 0
		for _, seq := range seqs {
			n, err := tx.changed(ctx, "UPDATE inbox SET outcome = ? WHERE seq = ? AND outcome IS NULL", outcome, seq)
			if err != nil {
				return fmt.Errorf("finish event: %w", err)
			}
			fresh = fresh || n > 0
		}
		for _, n := range notes {
			if err := setMeta(ctx, tx, n.Key, n.Value); err != nil {
				return err
			}
		}
		var err error
		out, err = appendTx(ctx, tx, rows, !fresh)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// FinishID marks one event done by its id, unless it is.
func (s *Store) FinishID(ctx context.Context, id, outcome string) error {
	return s.update(ctx, func(ctx context.Context, tx *tx) error {
		if _, err := tx.exec(ctx, "UPDATE inbox SET outcome = ? WHERE id = ? AND outcome IS NULL", outcome, id); err != nil {
			return fmt.Errorf("finish event: %w", err)
		}
		return nil
	})
}

// Known reports whether an event of this id has come before.
func (s *Store) Known(ctx context.Context, id string) (bool, error) {
	var n int
	if err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM inbox WHERE id = ?", id).Scan(&n); err != nil {
		return false, fmt.Errorf("read event: %w", err)
	}
	return n > 0, nil
}

// Message gives an event that is still remembered with its texts, nil if it is not.
func (s *Store) Message(ctx context.Context, id string) (*event.Event, error) {
	var body sql.NullString
	err := s.read.QueryRowContext(ctx, "SELECT body FROM inbox WHERE id = ? AND blank = 0", id).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !body.Valid {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	ev := &event.Event{}
	if err := json.Unmarshal([]byte(body.String), ev); err != nil {
		return nil, fmt.Errorf("read event %s: %w", id, err)
	}
	return ev, nil
}

// Handled is an event and what came of it; Outcome is "" while nothing has.
type Handled struct {
	Event   event.Event
	Outcome string
}

// betweenMost is how many of the newest events Between looks through.
const betweenMost = 20_000

// Between gives the events that happened from a time until another, in the order
// they came, as far as their texts are kept, among the newest 20,000.
func (s *Store) Between(ctx context.Context, from, to time.Time) ([]Handled, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT body, COALESCE(outcome, '') FROM inbox WHERE seq > (SELECT COALESCE(max(seq), 0) - ? FROM inbox)
		AND at >= ? AND at < ? AND body IS NOT NULL ORDER BY seq`, betweenMost, from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("read inbox: %w", err)
	}
	defer rows.Close()
	var out []Handled
	for rows.Next() {
		var h Handled
		var body string
		if err := rows.Scan(&body, &h.Outcome); err != nil {
			return nil, fmt.Errorf("read inbox: %w", err)
		}
		if err := json.Unmarshal([]byte(body), &h.Event); err != nil {
			return nil, fmt.Errorf("read inbox: %w", err)
		}
		out = append(out, h)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read inbox: %w", err)
	}
	return out, nil
}

// Waiting tells how many events nobody has dealt with yet.
func (s *Store) Waiting(ctx context.Context) (n int, err error) {
	if err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM inbox WHERE outcome IS NULL AND seq > ?", s.doneSeq.Load()).Scan(&n); err != nil {
		return 0, fmt.Errorf("read inbox: %w", err)
	}
	return n, nil
}

// Poisoned tells how many events ended so and are still kept. It looks through the
// whole inbox.
func (s *Store) Poisoned(ctx context.Context) (n int, err error) {
	if err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM inbox WHERE outcome = ?", event.OutcomePoisoned).Scan(&n); err != nil {
		return 0, fmt.Errorf("read inbox: %w", err)
	}
	return n, nil
}

// findFloor finds the rows before which nothing is to be done, so that what waits
// is found without an index over all rows.
func (s *Store) findFloor(ctx context.Context) error {
	for query, floor := range map[string]interface{ Store(int64) }{
		"SELECT COALESCE(min(seq) - 1, (SELECT COALESCE(max(seq), 0) FROM inbox)) FROM inbox WHERE outcome IS NULL":    &s.doneSeq,
		"SELECT COALESCE(min(id) - 1, (SELECT COALESCE(max(id), 0) FROM outbox)) FROM outbox WHERE status = 'pending'": &s.doneID,
	} {
		var n int64
		if err := s.read.QueryRowContext(ctx, query).Scan(&n); err != nil {
			return fmt.Errorf("read the queue: %w", err)
		}
		floor.Store(n)
	}
	return nil
}
