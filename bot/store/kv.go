package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"wxbot/bot/event"
)

// What plugins keep. A number is stored as a REAL and everything else as a BLOB,
// so that a sum is made where nobody else can come between.

const (
	kvLive = "(expires = 0 OR expires > ?)"
	kvSize = "CASE typeof(value) WHEN 'blob' THEN length(value) ELSE 8 END"
	// kvPage bounds the bytes of values that one KVScan gives.
	kvPage = 1 << 20
)

// KVCommit carries a batch out and notes how far its handler has come.
func (s *Store) KVCommit(ctx context.Context, b event.TableBatch) error {
	return s.update(ctx, func(ctx context.Context, tx *tx) error { return kvTx(ctx, tx, b) })
}

// KVAppend carries a batch out together with Append of its event, which is done.
func (s *Store) KVAppend(ctx context.Context, eventID string, ds []event.Delivery, b event.TableBatch) ([]event.Delivery, error) {
	b.Event, b.Done = eventID, true
	return s.appendWith(ctx, ds, func(ctx context.Context, tx *tx) error { return kvTx(ctx, tx, b) })
}

func kvTx(ctx context.Context, tx *tx, b event.TableBatch) error {
	for _, w := range b.Writes {
		if err := kvWrite(ctx, tx, b, w); err != nil {
			return fmt.Errorf("store table of plugin %s: %w", b.Plugin, err)
		}
	}
	var err error
	switch {
	case b.Event == "":
	case b.Done:
		err = finishPlugin(ctx, tx, b.Event)
	default:
		_, err = tx.exec(ctx, `INSERT INTO kv_ran (event, handler, n) VALUES (?, ?, ?)
			ON CONFLICT (event, handler) DO UPDATE SET n = excluded.n`, b.Event, b.Handler, b.Ops)
	}
	if err != nil {
		return fmt.Errorf("note handler: %w", err)
	}
	return nil
}

func kvWrite(ctx context.Context, tx *tx, b event.TableBatch, w event.TableWrite) error {
	expires := int64(0)
	if !w.Expires.IsZero() {
		expires = w.Expires.UnixMilli()
	}
	if w.Add {
		n, ok := w.Value.(float64)
		if !ok {
			return fmt.Errorf("add a %T", w.Value)
		}
		now := b.Now.UnixMilli()
		_, err := tx.exec(ctx, `INSERT INTO kv (plugin, key, expires, value) VALUES (?, ?, ?, ?) ON CONFLICT (plugin, key) DO UPDATE SET
			value = CASE WHEN NOT `+kvLive+` THEN excluded.value WHEN typeof(value) = 'real' THEN value + ? ELSE value END,
			expires = CASE WHEN `+kvLive+` THEN expires ELSE excluded.expires END`,
			b.Plugin, w.Key, expires, w.First+n, now, n, now)
		return err
	}
	if w.Value == nil {
		_, err := tx.exec(ctx, "DELETE FROM kv WHERE plugin = ? AND key = ?", b.Plugin, w.Key)
		return err
	}
	_, err := tx.exec(ctx, `INSERT INTO kv (plugin, key, expires, value) VALUES (?, ?, ?, ?)
		ON CONFLICT (plugin, key) DO UPDATE SET expires = excluded.expires, value = excluded.value`, b.Plugin, w.Key, expires, w.Value)
	return err
}

// KVGet gives the entry of a key; ok is false if there is none, or it has expired.
func (s *Store) KVGet(ctx context.Context, plugin, key string, now time.Time) (e event.TableEntry, ok bool, err error) {
	e, err = scanEntry(s.read.QueryRowContext(ctx, "SELECT key, expires, value FROM kv WHERE plugin = ? AND key = ? AND "+kvLive,
		plugin, key, now.UnixMilli()).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return e, false, nil
	}
	return e, err == nil, err
}

func scanEntry(scan func(...any) error) (e event.TableEntry, err error) {
	var expires int64
	if err := scan(&e.Key, &expires, &e.Value); err != nil {
		return e, fmt.Errorf("read table: %w", err)
	}
	if expires > 0 {
		e.Expires = time.UnixMilli(expires)
	}
	return e, nil
}

// KVScan gives entries from a key on whose keys are below another, in the order of
// their bytes, at most so many and about 1 MiB. more tells that there may be more
// after the last.
func (s *Store) KVScan(ctx context.Context, plugin, from, below string, now time.Time, most int) (es []event.TableEntry, more bool, err error) {
	query := "SELECT key, expires, value FROM kv WHERE plugin = ? AND key >= ? AND (? = '' OR key < ?) AND " + kvLive + " ORDER BY key LIMIT ?"
	rows, err := s.read.QueryContext(ctx, query, plugin, from, below, below, now.UnixMilli(), most)
	if err != nil {
		return nil, false, fmt.Errorf("read table: %w", err)
	}
	defer rows.Close()
	bytes := 0
	for bytes < kvPage && rows.Next() {
		e, err := scanEntry(rows.Scan)
		if err != nil {
			return nil, false, err
		}
		if b, ok := e.Value.([]byte); ok {
			bytes += len(b)
		}
		es = append(es, e)
	}
	if err := rows.Err(); err != nil {
		return nil, false, fmt.Errorf("read table: %w", err)
	}
	return es, bytes >= kvPage || len(es) == most, nil
}

// KVUsage gives how many keys a plugin has and how many bytes they take with their
// values, those included that have expired and are not swept yet.
func (s *Store) KVUsage(ctx context.Context, plugin string) (keys int, bytes int64, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT count(*), COALESCE(sum(length(CAST(key AS BLOB)) + "+kvSize+"), 0) FROM kv WHERE plugin = ?",
		plugin).Scan(&keys, &bytes)
	if err != nil {
		return 0, 0, fmt.Errorf("measure table: %w", err)
	}
	return keys, bytes, nil
}

// KVSweep takes out what has expired of a plugin.
func (s *Store) KVSweep(ctx context.Context, plugin string, now time.Time) error {
	return s.update(ctx, func(ctx context.Context, tx *tx) error {
		if _, err := tx.exec(ctx, "DELETE FROM kv WHERE plugin = ? AND NOT "+kvLive, plugin, now.UnixMilli()); err != nil {
			return fmt.Errorf("sweep table: %w", err)
		}
		return nil
	})
}

// KVApplied gives how many operations of a handler for an event an earlier process
// has committed. They must not be carried out again.
func (s *Store) KVApplied(eventID, handler string) int { return s.ran[ran{eventID, handler}] }

// ran is a handler of one event.
type ran struct{ event, handler string }

// findRan reads how far handlers had come whose events are handled again.
func (s *Store) findRan(ctx context.Context) error {
	rows, err := s.read.QueryContext(ctx, `SELECT event, handler, n FROM kv_ran
		WHERE event IN (SELECT id FROM inbox WHERE outcome IS NULL AND seq > ?)`, s.doneSeq.Load())
	if err != nil {
		return fmt.Errorf("read handlers: %w", err)
	}
	defer rows.Close()
	s.ran = map[ran]int{}
	for rows.Next() {
		var r ran
		var n int
		if err := rows.Scan(&r.event, &r.handler, &n); err != nil {
			return fmt.Errorf("read handlers: %w", err)
		}
		s.ran[r] = n
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read handlers: %w", err)
	}
	return nil
}

// kvForgettings are what Prune takes out of the tables of plugins.
func kvForgettings(now time.Time) []forgetting {
	return []forgetting{
		{"forget what expired", "SELECT id FROM kv WHERE expires > 0 AND expires <= ? LIMIT ?", []any{now.UnixMilli()}, "DELETE FROM kv WHERE id = ?"},
		{
			"forget handlers", "SELECT id FROM kv_ran WHERE event NOT IN (SELECT id FROM inbox WHERE outcome IS NULL) LIMIT ?", nil,
			"DELETE FROM kv_ran WHERE id = ?",
		},
	}
}

// forgetKept takes out what plugins keep under keys that hold one of somebody's: it
// stands alone, or between signs that are no letters and digits, as in "day:p12".
func (s *Store) forgetKept(ctx context.Context, keys []string) error {
	where, args := anyOf("key", keys)
	rows, err := s.read.QueryContext(ctx, "SELECT id, key FROM kv WHERE "+where, args...)
	if err != nil {
		return fmt.Errorf("look for what to forget: %w", err)
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		var key string
		if err := rows.Scan(&id, &key); err != nil {
			return fmt.Errorf("look for what to forget: %w", err)
		}
		words := strings.FieldsFunc(key, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if slices.ContainsFunc(words, func(w string) bool { return slices.Contains(keys, w) }) {
			ids = append(ids, id)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("look for what to forget: %w", err)
	}
	for some := range slices.Chunk(ids, pruneStep) {
		err := s.securely(ctx, func(ctx context.Context, tx *tx) error {
			for _, id := range some {
				if _, err := tx.exec(ctx, "DELETE FROM kv WHERE id = ?", id); err != nil {
					return fmt.Errorf("forget what plugins keep: %w", err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
