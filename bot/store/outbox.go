package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
	Step      int          `json:"step,omitempty"`
	Owner     bool         `json:"owner,omitempty"`
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
	Held      event.Brake   `json:"held,omitempty"`
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
			Event: d.Event, Handler: d.Handler, N: d.N, Step: d.Step, Owner: d.Owner, Chat: d.Chat, Action: d.Action,
			ClientID: d.ClientID, Created: d.Created, Asked: d.Asked, NotBefore: d.NotBefore,
		})
		if err != nil {
			return nil, fmt.Errorf("encode delivery: %w", err)
		}
		rows[i] = newRow{d, string(body)}
	}
	return rows, nil
}

// repeatMost is how many of the newest deliveries are looked through for one that
// was added already.
const repeatMost = 10_000

// appendTx adds deliveries and gives them as they are stored. With repeated, those
// that are there already, by event, handler and number, are left as they are.
func appendTx(ctx context.Context, tx *tx, rows []newRow, repeated bool) ([]event.Delivery, error) {
	out := make([]event.Delivery, 0, len(rows))
	for _, row := range rows {
		if repeated {
			d, err := oneTx(ctx, tx, "SELECT "+columns+` FROM outbox WHERE id > (SELECT COALESCE(max(id), 0) - ? FROM outbox)
				AND event = ? AND handler = ? AND n = ?`, repeatMost, row.Event, row.Handler, row.N)
			if err == nil {
				out = append(out, d)
				continue
			}
			if !errors.Is(err, sql.ErrNoRows) {
				return nil, err
			}
		}
		d := row.Delivery
		r, err := tx.exec(ctx, `INSERT INTO outbox (status, chat, kind, msg_id, made, done_at, event, handler, n, blank, result, body)
			VALUES (?, ?, ?, '', ?, 0, ?, ?, ?, 0, '', ?)`,
			string(d.Status), d.Chat.Key, string(d.Action.Kind), d.Created.UnixMilli(), d.Event, d.Handler, d.N, row.body)
		if err != nil {
			return nil, fmt.Errorf("store delivery: %w", err)
		}
		if d.ID, err = r.LastInsertId(); err != nil {
			return nil, fmt.Errorf("store delivery: %w", err)
		}
		out = append(out, d)
	}
	return out, nil
}

// oneTx reads one delivery; none is sql.ErrNoRows.
func oneTx(ctx context.Context, tx *tx, query string, args ...any) (event.Delivery, error) {
	d, found := event.Delivery{}, false
	err := tx.rows(ctx, query, args, func(row []driver.Value) error {
		if found {
			return nil
		}
		found = true
		var err error
		d, err = scanDelivery(func(into ...any) error { return assign(row, into) })
		return err
	})
	if err == nil && !found {
		err = sql.ErrNoRows
	}
	if err != nil {
		return d, fmt.Errorf("read delivery: %w", err)
	}
	return d, nil
}

// assign copies a row of the driver's: integers and texts.
func assign(row []driver.Value, into []any) error {
	if len(row) != len(into) {
		return fmt.Errorf("%d columns, want %d", len(row), len(into))
	}
	for i, v := range row {
		switch dst := into[i].(type) {
		case *int64:
			n, ok := v.(int64)
			if !ok {
				return fmt.Errorf("column %d is a %T, want an integer", i, v)
			}
			*dst = n
		case *string:
			switch v := v.(type) {
			case string:
				*dst = v
			case []byte:
				*dst = string(v)
			default:
				return fmt.Errorf("column %d is a %T, want a text", i, v)
			}
		default:
			return fmt.Errorf("column %d into a %T", i, dst)
		}
	}
	return nil
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
	d.Tries, d.First, d.NotBefore, d.Receipt, d.Reason, d.Held = r.Tries, r.First, r.NotBefore, r.Receipt, r.Reason, r.Held
	return d, nil
}

// Append adds deliveries of a handler that is still running. With done, the
// event's handling is not repeated after a crash from here on.
func (s *Store) Append(ctx context.Context, eventID string, done bool, ds []event.Delivery) ([]event.Delivery, error) {
	return s.appendWith(ctx, ds, func(ctx context.Context, tx *tx) error {
		if !done {
			return nil
		}
		return finishPlugin(ctx, tx, eventID)
	})
}

// appendWith adds deliveries and does something more in the same transaction.
func (s *Store) appendWith(ctx context.Context, ds []event.Delivery, more func(context.Context, *tx) error) ([]event.Delivery, error) {
	rows, err := newRows(ds)
	if err != nil {
		return nil, err
	}
	var out []event.Delivery
	err = s.update(ctx, func(ctx context.Context, tx *tx) error {
		if err := more(ctx, tx); err != nil {
			return err
		}
		var err error
		out, err = appendTx(ctx, tx, rows, false)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// finishPlugin marks an event done that a plugin deals with.
func finishPlugin(ctx context.Context, tx *tx, eventID string) error {
	if _, err := tx.exec(ctx, "UPDATE inbox SET outcome = 'plugin' WHERE id = ? AND outcome IS NULL", eventID); err != nil {
		return fmt.Errorf("finish event: %w", err)
	}
	return nil
}

// AppendOnce adds deliveries of a handler that may run again. Those that are there
// already, by event, handler and number among the newest 10,000, are left as they are
// and come back as they are stored.
func (s *Store) AppendOnce(ctx context.Context, ds []event.Delivery) ([]event.Delivery, error) {
	rows, err := newRows(ds)
	if err != nil {
		return nil, err
	}
	var out []event.Delivery
	err = s.update(ctx, func(ctx context.Context, tx *tx) error {
		var err error
		out, err = appendTx(ctx, tx, rows, true)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Pending gives the deliveries that are not done, oldest first.
func (s *Store) Pending(ctx context.Context) ([]event.Delivery, error) {
	return s.deliveries(ctx, "SELECT "+columns+" FROM outbox WHERE id > ? AND status = 'pending' ORDER BY id", s.doneID.Load())
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
// ids. What has ended stays as it is.
func (s *Store) Resolve(ctx context.Context, r event.Result) ([]event.Delivery, error) {
	var out []event.Delivery
	j, err := resolving(r, &out)
	if err != nil {
		return nil, err
	}
	if err := s.ask(ctx, j); err != nil {
		return nil, err
	}
	return out, nil
}

// ResolveSoon is Resolve without waiting: wait waits, and is to be called once. What
// is asked of the store later comes after it.
func (s *Store) ResolveSoon(r event.Result) (wait func() error) {
	var out []event.Delivery
	j, err := resolving(r, &out)
	if err == nil {
		err = s.enqueue(j)
	}
	if err != nil {
		return func() error { return err }
	}
	return func() error { return <-j.done }
}

// Sync waits until everything that was asked for is written.
func (s *Store) Sync(ctx context.Context) error {
	return s.update(ctx, func(context.Context, *tx) error { return nil })
}

// resolving makes the write of an outcome.
func resolving(r event.Result, out *[]event.Delivery) (*job, error) {
	follow, err := newRows(r.Follow)
	if err != nil {
		return nil, err
	}
	result, err := encodeResult(r)
	if err != nil {
		return nil, err
	}
	return &job{done: make(chan error, 1), do: func(ctx context.Context, tx *tx) error {
		*out = nil
		fresh, err := setResult(ctx, tx, r, result)
		if err != nil {
			return err
		}
		if !fresh { // it had ended; so the rest was written then
			*out, err = appendTx(ctx, tx, follow, true)
			return err
		}
		rest := event.Result{Status: event.StatusFailed, Reason: r.RestReason, Held: event.BrakeStep}
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
		if r.Receipt.Withdrawn != 0 {
			// The row itself keeps the receipt.
			if _, err := tx.exec(ctx, "UPDATE outbox SET msg_id = '' WHERE id = ?", r.Receipt.Withdrawn); err != nil {
				return fmt.Errorf("store revocation: %w", err)
			}
		}
		*out, err = appendTx(ctx, tx, follow, false)
		return err
	}}, nil
}

func encodeResult(r event.Result) (string, error) {
	b, err := json.Marshal(became{Tries: r.Tries, First: r.First, NotBefore: r.NotBefore, Receipt: r.Receipt, Reason: r.Reason, Held: r.Held})
	if err != nil {
		return "", fmt.Errorf("encode outcome of delivery %d: %w", r.ID, err)
	}
	return string(b), nil
}

// setResult writes an outcome into a delivery's row, and tells whether the row was
// still waiting for one. What is sent on behalf of one chat may go to another,
// whose last message it is.
func setResult(ctx context.Context, tx *tx, r event.Result, result string) (fresh bool, err error) {
	done := int64(0)
	if r.Status != event.StatusPending {
		if done = r.Receipt.Time.UnixMilli(); r.Receipt.Time.IsZero() {
			done = time.Now().UnixMilli()
		}
	}
	n, err := tx.changed(ctx, `UPDATE outbox SET status = ?, chat = CASE ? WHEN '' THEN chat ELSE ? END, msg_id = ?, done_at = ?, result = ?
		WHERE id = ? AND status = 'pending'`,
		string(r.Status), r.Receipt.Chat, r.Receipt.Chat, r.Receipt.MsgID, done, result, r.ID)
	if err != nil {
		return false, fmt.Errorf("store outcome of delivery %d: %w", r.ID, err)
	}
	return n > 0, nil
}

// recentMost bounds what Recent gives: more than any daily cap lets out.
const recentMost = 10_000

// Recent gives what was sent since a time, or may have been, oldest first, among
// the newest 10,000 deliveries.
func (s *Store) Recent(ctx context.Context, since time.Time) ([]event.Delivery, error) {
	ds, err := s.deliveries(ctx, "SELECT "+columns+` FROM outbox WHERE id > (SELECT COALESCE(max(id), 0) - ? FROM outbox)
		AND done_at >= ? AND status IN ('sent', 'unknown')`, recentMost, since.UnixMilli())
	slices.SortStableFunc(ds, func(a, b event.Delivery) int { return a.Receipt.Time.Compare(b.Receipt.Time) })
	return ds, err
}

// Revocable gives what was sent since a time and not withdrawn, newest first, among
// the newest 10,000 deliveries.
func (s *Store) Revocable(ctx context.Context, since time.Time) ([]event.Delivery, error) {
	return s.deliveries(ctx, "SELECT "+columns+` FROM outbox WHERE id > (SELECT COALESCE(max(id), 0) - ? FROM outbox)
		AND msg_id <> '' AND done_at >= ? ORDER BY id DESC`, lastMost, since.UnixMilli())
}

// Delivery gives one delivery by its id.
func (s *Store) Delivery(ctx context.Context, id int64) (event.Delivery, error) {
	return scanDelivery(s.read.QueryRowContext(ctx, "SELECT "+columns+" FROM outbox WHERE id = ?", id).Scan)
}

// lastMost is how many of the newest deliveries LastSent looks through. What is
// older cannot be withdrawn any more.
const lastMost = 10_000

// LastSent gives the newest message that was sent to a chat and not withdrawn; ok
// is false if there is none.
func (s *Store) LastSent(ctx context.Context, chat string) (d event.Delivery, ok bool, err error) {
	d, err = scanDelivery(s.read.QueryRowContext(ctx, "SELECT "+columns+` FROM outbox WHERE id > (SELECT COALESCE(max(id), 0) - ? FROM outbox)
		AND chat = ? AND msg_id <> '' ORDER BY id DESC LIMIT 1`, lastMost, chat).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return d, false, nil
	}
	return d, err == nil, err
}

// EventOf gives the id of the event that a message of the daemon's own answered, by
// the id that the server gave the message, among the newest 10,000 deliveries; "" if
// there is none.
func (s *Store) EventOf(ctx context.Context, msgID string) (string, error) {
	var id string
	err := s.read.QueryRowContext(ctx, `SELECT event FROM outbox WHERE id > (SELECT COALESCE(max(id), 0) - ? FROM outbox)
		AND msg_id = ? ORDER BY id DESC LIMIT 1`, lastMost, msgID).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read outbox: %w", err)
	}
	return id, nil
}
