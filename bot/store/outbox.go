package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"wxbot/bot/event"
)

// appendTx adds deliveries and gives them as they are stored.
func appendTx(tx *sql.Tx, ds []event.Delivery) ([]event.Delivery, error) {
	out := make([]event.Delivery, 0, len(ds))
	for _, d := range ds {
		d.Status = event.StatusPending
		body, err := json.Marshal(&d)
		if err != nil {
			return nil, fmt.Errorf("encode delivery: %w", err)
		}
		r, err := tx.Exec(`INSERT INTO outbox (event, handler, n, chat, status, body) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (event, handler, n) DO NOTHING`, d.Event, d.Handler, d.N, d.Chat.Key, d.Status, string(body))
		if err != nil {
			return nil, fmt.Errorf("store delivery: %w", err)
		}
		n, err := r.RowsAffected()
		if err != nil {
			return nil, fmt.Errorf("store delivery: %w", err)
		}
		if n == 0 {
			row := tx.QueryRow("SELECT id, body FROM outbox WHERE event = ? AND handler = ? AND n = ?", d.Event, d.Handler, d.N)
			if d, err = scanDelivery(row); err != nil {
				return nil, err
			}
		} else if d.ID, err = r.LastInsertId(); err != nil {
			return nil, fmt.Errorf("store delivery: %w", err)
		}
		out = append(out, d)
	}
	return out, nil
}

type scanner interface{ Scan(dest ...any) error }

func scanDelivery(row scanner) (event.Delivery, error) {
	var d event.Delivery
	var id int64
	var body string
	if err := row.Scan(&id, &body); err != nil {
		return d, fmt.Errorf("read delivery: %w", err)
	}
	if err := json.Unmarshal([]byte(body), &d); err != nil {
		return d, fmt.Errorf("read delivery %d: %w", id, err)
	}
	d.ID = id
	return d, nil
}

// Append adds deliveries of a handler that is still running. With done, the
// event's handling is not repeated after a crash from here on.
func (s *Store) Append(ctx context.Context, eventID string, done bool, ds []event.Delivery) ([]event.Delivery, error) {
	var out []event.Delivery
	err := s.update(ctx, func(tx *sql.Tx) error {
		if done {
			if _, err := tx.Exec("UPDATE inbox SET outcome = 'plugin' WHERE id = ? AND outcome IS NULL", eventID); err != nil {
				return fmt.Errorf("finish event: %w", err)
			}
		}
		var err error
		out, err = appendTx(tx, ds)
		return err
	})
	return out, err
}

// Pending gives the deliveries that are not done, oldest first.
func (s *Store) Pending(ctx context.Context) ([]event.Delivery, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT id, body FROM outbox WHERE status = 'pending' ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	defer rows.Close()
	var out []event.Delivery
	for rows.Next() {
		d, err := scanDelivery(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	return out, nil
}

// Resolve writes what became of a delivery, and the deliveries that follow from
// it, which come back with their ids.
func (s *Store) Resolve(ctx context.Context, r event.Result) ([]event.Delivery, error) {
	var out []event.Delivery
	err := s.update(ctx, func(tx *sql.Tx) error {
		d, err := scanDelivery(tx.QueryRow("SELECT id, body FROM outbox WHERE id = ?", r.ID))
		if err != nil {
			return err
		}
		d.Status, d.Receipt, d.Reason = r.Status, r.Receipt, r.Reason
		d.Tries, d.First, d.NotBefore = r.Tries, r.First, r.NotBefore
		body, err := json.Marshal(&d)
		if err != nil {
			return fmt.Errorf("encode delivery: %w", err)
		}
		done := int64(0)
		if r.Status != event.StatusPending {
			done = max(r.Receipt.Time.UnixMilli(), d.Created.UnixMilli())
		}
		if _, err := tx.Exec("UPDATE outbox SET status = ?, msg_id = ?, done_at = ?, body = ? WHERE id = ?",
			r.Status, r.Receipt.MsgID, done, string(body), r.ID); err != nil {
			return fmt.Errorf("store outcome: %w", err)
		}
		out, err = appendTx(tx, r.Follow)
		return err
	})
	return out, err
}

// Delivery gives one delivery by its id.
func (s *Store) Delivery(ctx context.Context, id int64) (event.Delivery, error) {
	return scanDelivery(s.read.QueryRowContext(ctx, "SELECT id, body FROM outbox WHERE id = ?", id))
}

// LastSent gives the newest message that was sent to a chat; ok is false if there
// is none.
func (s *Store) LastSent(ctx context.Context, chat string) (d event.Delivery, ok bool, err error) {
	row := s.read.QueryRowContext(ctx, "SELECT id, body FROM outbox WHERE chat = ? AND msg_id <> '' ORDER BY id DESC LIMIT 1", chat)
	d, err = scanDelivery(row)
	if errors.Is(err, sql.ErrNoRows) {
		return d, false, nil
	}
	return d, err == nil, err
}
