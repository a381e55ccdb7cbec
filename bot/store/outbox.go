package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"wxbot/bot/event"
)

// columns of a row as scanDelivery wants them.
const columns = "id, status, body, result"

// decided is the part of a delivery that never changes. The names are those of
// event.Delivery.
type decided struct {
	Event     string       `json:"event"`
	Handler   string       `json:"handler"`
	N         int          `json:"n"`
	Chat      event.Chat   `json:"chat"`
	Action    event.Action `json:"action"`
	ClientID  string       `json:"client_id"`
	Created   time.Time    `json:"created"`
	Asked     time.Time    `json:"asked,omitzero"`
	NotBefore time.Time    `json:"not_before,omitzero"`
}

// became is the part that tells how far a delivery has come.
type became struct {
	Tries     int           `json:"tries,omitempty"`
	First     time.Time     `json:"first,omitzero"`
	NotBefore time.Time     `json:"not_before"` // of use though zero: it replaces that of the body
	Receipt   event.Receipt `json:"receipt"`
	Reason    string        `json:"reason,omitempty"`
}

// newRow is a delivery to be added, encoded before the writer is asked.
type newRow struct {
	event.Delivery
	body string
}

func newRows(ds []event.Delivery) ([]newRow, error) {
	rows := make([]newRow, len(ds))
	for i, d := range ds {
		d.Status = event.StatusPending
		body, err := json.Marshal(decided{
			Event: d.Event, Handler: d.Handler, N: d.N, Chat: d.Chat, Action: d.Action,
			ClientID: d.ClientID, Created: d.Created, Asked: d.Asked, NotBefore: d.NotBefore,
		})
		if err != nil {
			return nil, fmt.Errorf("encode delivery: %w", err)
		}
		rows[i] = newRow{d, string(body)}
	}
	return rows, nil
}

// appendTx adds deliveries and gives them as they are stored.
func appendTx(ctx context.Context, tx *tx, rows []newRow) ([]event.Delivery, error) {
	out := make([]event.Delivery, 0, len(rows))
	for _, row := range rows {
		d := row.Delivery
		r, err := tx.exec(ctx, `INSERT INTO outbox (event, handler, n, kind, chat, status, body) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (event, handler, n) DO NOTHING`, d.Event, d.Handler, d.N, string(d.Action.Kind), d.Chat.Key, string(d.Status), row.body)
		if err != nil {
			return nil, fmt.Errorf("store delivery: %w", err)
		}
		n, err := r.RowsAffected()
		if err != nil {
			return nil, fmt.Errorf("store delivery: %w", err)
		}
		if n == 0 {
			d, err = scanDelivery(func(into ...any) error {
				return tx.row(ctx, "SELECT "+columns+" FROM outbox WHERE event = ? AND handler = ? AND n = ?",
					[]any{d.Event, d.Handler, d.N}, into...)
			})
			if err != nil {
				return nil, err
			}
		} else if d.ID, err = r.LastInsertId(); err != nil {
			return nil, fmt.Errorf("store delivery: %w", err)
		}
		out = append(out, d)
	}
	return out, nil
}

// scanDelivery reads a row's columns. It wraps sql.ErrNoRows if there is none.
func scanDelivery(scan func(into ...any) error) (event.Delivery, error) {
	var d event.Delivery
	var id int64
	var status, body, result string
	if err := scan(&id, &status, &body, &result); err != nil {
		return d, fmt.Errorf("read delivery: %w", err)
	}
	if err := json.Unmarshal([]byte(body), &d); err != nil {
		return d, fmt.Errorf("read delivery %d: %w", id, err)
	}
	d.ID, d.Status = id, event.Status(status)
	if result == "" {
		return d, nil
	}
	var r became
	if err := json.Unmarshal([]byte(result), &r); err != nil {
		return d, fmt.Errorf("read delivery %d: %w", id, err)
	}
	d.Tries, d.First, d.NotBefore, d.Receipt, d.Reason = r.Tries, r.First, r.NotBefore, r.Receipt, r.Reason
	return d, nil
}

// Append adds deliveries of a handler that is still running. With done, the
// event's handling is not repeated after a crash from here on.
func (s *Store) Append(ctx context.Context, eventID string, done bool, ds []event.Delivery) ([]event.Delivery, error) {
	rows, err := newRows(ds)
	if err != nil {
		return nil, err
	}
	var out []event.Delivery
	err = s.update(ctx, func(ctx context.Context, tx *tx) error {
		if done {
			if _, err := tx.exec(ctx, "UPDATE inbox SET outcome = 'plugin' WHERE id = ? AND outcome IS NULL", eventID); err != nil {
				return fmt.Errorf("finish event: %w", err)
			}
		}
		var err error
		out, err = appendTx(ctx, tx, rows)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Pending gives the deliveries that are not done, oldest first.
func (s *Store) Pending(ctx context.Context) ([]event.Delivery, error) {
	return s.deliveries(ctx, "SELECT "+columns+" FROM outbox WHERE status = 'pending' ORDER BY id")
}

func (s *Store) deliveries(ctx context.Context, query string, args ...any) ([]event.Delivery, error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	defer rows.Close()
	var out []event.Delivery
	for rows.Next() {
		d, err := scanDelivery(rows.Scan)
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

// Resolve writes what became of a delivery, fails the rest of its sequence if it
// says so, and adds the deliveries that follow from it, which come back with their
// ids.
func (s *Store) Resolve(ctx context.Context, r event.Result) ([]event.Delivery, error) {
	follow, err := newRows(r.Follow)
	if err != nil {
		return nil, err
	}
	result, err := encodeResult(r)
	if err != nil {
		return nil, err
	}
	var out []event.Delivery
	err = s.update(ctx, func(ctx context.Context, tx *tx) error {
		kind, err := setResult(ctx, tx, r, result)
		if err != nil {
			return err
		}
		rest := event.Result{Status: event.StatusFailed, Reason: r.RestReason}
		for _, id := range r.Rest {
			rest.ID = id
			result, err := encodeResult(rest)
			if err != nil {
				return err
			}
			if _, err := setResult(ctx, tx, rest, result); err != nil {
				return err
			}
		}
		if kind == event.ActRevoke && r.Status == event.StatusSent {
			if err := withdrawn(ctx, tx, r.ID); err != nil {
				return err
			}
		}
		out, err = appendTx(ctx, tx, follow)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func encodeResult(r event.Result) (string, error) {
	b, err := json.Marshal(became{Tries: r.Tries, First: r.First, NotBefore: r.NotBefore, Receipt: r.Receipt, Reason: r.Reason})
	if err != nil {
		return "", fmt.Errorf("encode outcome of delivery %d: %w", r.ID, err)
	}
	return string(b), nil
}

// setResult writes an outcome into a delivery's row, and gives what kind of step
// that is. What is sent on behalf of one chat may go to another,
// whose last message it is.
func setResult(ctx context.Context, tx *tx, r event.Result, result string) (kind event.ActionKind, err error) {
	done := int64(0)
	if r.Status != event.StatusPending {
		if done = r.Receipt.Time.UnixMilli(); r.Receipt.Time.IsZero() {
			done = time.Now().UnixMilli()
		}
	}
	err = tx.row(ctx, `UPDATE outbox SET status = ?, chat = CASE ? WHEN '' THEN chat ELSE ? END, msg_id = ?, done_at = ?, result = ?
		WHERE id = ? RETURNING kind`,
		[]any{string(r.Status), r.Receipt.Chat, r.Receipt.Chat, r.Receipt.MsgID, done, result, r.ID}, &kind)
	if err != nil {
		return "", fmt.Errorf("store outcome of delivery %d: %w", r.ID, err)
	}
	return kind, nil
}

// lastSent is the newest message that a chat has of ours.
const lastSent = "SELECT " + columns + " FROM outbox WHERE chat = ? AND msg_id <> '' ORDER BY id DESC LIMIT 1"

// withdrawn lets LastSent pass over what a revocation withdrew. The row itself
// keeps the receipt.
func withdrawn(ctx context.Context, tx *tx, revocation int64) error {
	d, err := scanDelivery(func(into ...any) error {
		return tx.row(ctx, "SELECT "+columns+" FROM outbox WHERE id = ?", []any{revocation}, into...)
	})
	if err != nil {
		return err
	}
	id := d.Action.Revoke
	if id == "" {
		last, err := scanDelivery(func(into ...any) error { return tx.row(ctx, lastSent, []any{d.Chat.Key}, into...) })
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		id = strconv.FormatInt(last.ID, 10)
	}
	if _, err := tx.exec(ctx, "UPDATE outbox SET msg_id = '' WHERE id = CAST(? AS INTEGER)", id); err != nil {
		return fmt.Errorf("store revocation: %w", err)
	}
	return nil
}

// recentMost bounds what Recent gives: more than any daily cap lets out.
const recentMost = 10_000

// Recent gives what was sent since a time, or may have been, oldest first; of
// very many the newest.
func (s *Store) Recent(ctx context.Context, since time.Time) ([]event.Delivery, error) {
	ds, err := s.deliveries(ctx, "SELECT "+columns+` FROM outbox WHERE done_at >= ? AND status IN ('sent', 'unknown')
		ORDER BY done_at DESC, id DESC LIMIT ?`, since.UnixMilli(), recentMost)
	slices.Reverse(ds)
	return ds, err
}

// Delivery gives one delivery by its id.
func (s *Store) Delivery(ctx context.Context, id int64) (event.Delivery, error) {
	return scanDelivery(s.read.QueryRowContext(ctx, "SELECT "+columns+" FROM outbox WHERE id = ?", id).Scan)
}

// LastSent gives the newest message that was sent to a chat and not withdrawn; ok
// is false if there is none.
func (s *Store) LastSent(ctx context.Context, chat string) (d event.Delivery, ok bool, err error) {
	d, err = scanDelivery(s.read.QueryRowContext(ctx, lastSent, chat).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return d, false, nil
	}
	return d, err == nil, err
}
