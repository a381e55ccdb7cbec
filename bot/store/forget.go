package store

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"wxbot/bot/event"
)

// Somebody is a person or a group to forget: the keys that it was known by, and
// its names.
type Somebody struct {
	Keys  []string
	Names []string
}

// Forgotten tells what Forget did.
type Forgotten struct {
	Messages   int     // rows of the inbox that lost their body
	Deliveries int     // rows of the outbox that lost theirs
	Ended      []int64 // those of them that had been waiting, and have failed now
	Traces     int     // that are gone
}

// Forget takes out everything about somebody: what came from there or mentions
// the key, what was sent there, what answered it or names the person as target or
// in a notice, what plugins keep under a key that holds the person's, and the row of
// names. What waits ends. The ids of messages stay, so
// that what is handed out again is known. What the file held of it is gone after
// Scrub.
func (s *Store) Forget(ctx context.Context, who Somebody) (Forgotten, error) {
	var f Forgotten
	if len(who.Keys) == 0 {
		return f, errors.New("forget: no key is given")
	}
	for _, part := range []struct {
		which func() (string, []any)
		take  func(context.Context, *tx, *Forgotten, []int64) error
	}{{who.inbox, forgetMessages}, {who.outbox, forgetDeliveries}, {who.traces, forgetTraces}} {
		rows, err := s.numbers(ctx, part.which)
		if err != nil {
			return f, err
		}
		for some := range slices.Chunk(rows, pruneStep) {
			var step Forgotten
			err := s.securely(ctx, func(ctx context.Context, tx *tx) error {
				step = Forgotten{} // it may run twice
				return part.take(ctx, tx, &step, some)
			})
			if err != nil {
				return f, err
			}
			f.Messages += step.Messages
			f.Deliveries += step.Deliveries
			f.Traces += step.Traces
			f.Ended = append(f.Ended, step.Ended...)
		}
	}
	if err := s.forgetKept(ctx, who.Keys); err != nil {
		return f, err
	}
	err := s.securely(ctx, func(ctx context.Context, tx *tx) error {
		if err := rememberHighest(ctx, tx, who.Keys...); err != nil {
			return err
		}
		for _, k := range who.Keys {
			if _, err := tx.exec(ctx, "DELETE FROM keys WHERE key = ?", k); err != nil {
				return fmt.Errorf("forget keys: %w", err)
			}
			if _, err := tx.exec(ctx, "DELETE FROM aliases WHERE alias = ? OR key = ?", k, k); err != nil {
				return fmt.Errorf("forget keys: %w", err)
			}
		}
		return nil
	})
	return f, err
}

// inText is a text as bodies hold it.
func inText(s string) string {
	b, err := json.Marshal(s)
	if err != nil { // a text has always a form in JSON
		return `"` + s + `"`
	}
	return string(b)
}

// mentions are the parts of bodies that tell of somebody.
func (w Somebody) mentions() (keys, strangers, targets, notices []string) {
	for _, k := range w.Keys {
		keys = append(keys, keyInBody(k))
		targets = append(targets, `"to_key":`+inText(k), `"person":`+inText(k), `"chat":`+inText(k))
	}
	for _, n := range w.Names {
		if n == "" {
			continue
		}
		// Whoever joined a group and had no key yet.
		strangers = append(strangers, `{"nickname":`+inText(n))
		notices = append(notices, strings.Trim(inText(n), `"`))
	}
	return keys, strangers, targets, notices
}

// anyOf is the condition that a column holds one of some texts.
func anyOf(column string, some []string) (where string, args []any) {
	parts := []string{"0"}
	for _, s := range some {
		parts = append(parts, "instr("+column+", ?) > 0")
		args = append(args, s)
	}
	return "(" + strings.Join(parts, " OR ") + ")", args
}

func (w Somebody) inbox() (query string, args []any) {
	keys, strangers, _, _ := w.mentions()
	where, args := anyOf("body", append(keys, strangers...))
	return "SELECT seq FROM inbox WHERE body IS NOT NULL AND " + where + " ORDER BY seq", args
}

func (w Somebody) outbox() (query string, args []any) {
	keys, _, targets, notices := w.mentions()
	said, args := anyOf("body", append(keys, targets...))
	told, more := anyOf("body", notices)
	args = append(args, more...)
	query = "SELECT id FROM outbox WHERE blank < 2 AND (" + said + " OR handler = 'notice' AND " + told +
		" OR chat IN (" + places(len(w.Keys)) + ")"
	args = append(args, anys(w.Keys)...)
	if len(w.Names) > 0 {
		query += ` OR CASE WHEN json_valid(body) THEN EXISTS (SELECT 1 FROM json_each(body, '$.action.to')
			WHERE value IN (` + places(len(w.Names)) + ")) END"
		args = append(args, anys(w.Names)...)
	}
	return query + ") ORDER BY id", args
}

// numbers reads which rows are meant, beside the writer.
func (s *Store) numbers(ctx context.Context, which func() (string, []any)) ([]int64, error) {
	query, args := which()
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("look for what to forget: %w", err)
	}
	defer rows.Close()
	var out []int64
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, fmt.Errorf("look for what to forget: %w", err)
		}
		out = append(out, n)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("look for what to forget: %w", err)
	}
	return out, nil
}

// securely is a transaction in which SQLite overwrites what it takes out.
func (s *Store) securely(ctx context.Context, do func(context.Context, *tx) error) error {
	return s.update(ctx, func(ctx context.Context, tx *tx) error {
		if _, err := tx.once(ctx, "PRAGMA secure_delete = ON"); err != nil {
			return fmt.Errorf("overwrite what is forgotten: %w", err)
		}
		return do(ctx, tx)
	})
}

// forgetMessages forgets rows of the inbox and what answered them.
func forgetMessages(ctx context.Context, tx *tx, f *Forgotten, seqs []int64) error {
	for _, seq := range seqs {
		ids, err := tx.numbers(ctx, "SELECT o.id FROM outbox AS o JOIN inbox AS i ON o.event = i.id WHERE i.seq = ? AND o.blank < 2", seq)
		if err != nil {
			return fmt.Errorf("forget answers: %w", err)
		}
		if err := forgetDeliveries(ctx, tx, f, ids); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, setInboxGone+", outcome = coalesce(outcome, ?) WHERE seq = ?", event.ReasonForgotten, seq); err != nil {
			return fmt.Errorf("forget messages: %w", err)
		}
	}
	f.Messages += len(seqs)
	return nil
}

// forgetDeliveries forgets rows of the outbox, and ends those that wait.
func forgetDeliveries(ctx context.Context, tx *tx, f *Forgotten, ids []int64) error {
	result, err := encodeResult(event.Result{Reason: event.ReasonForgotten})
	if err != nil {
		return err
	}
	for _, id := range ids {
		n, err := tx.changed(ctx, "UPDATE outbox SET status = 'failed', done_at = ?, result = ? WHERE id = ? AND status = 'pending'",
			time.Now().UnixMilli(), result, id)
		if err != nil {
			return fmt.Errorf("end deliveries: %w", err)
		}
		if n > 0 {
			f.Ended = append(f.Ended, id)
		}
		q := setOutboxGone
		if n > 0 {
			q = setOutboxEnded
		}
		if _, err := tx.exec(ctx, q+" WHERE id = ?", id); err != nil {
			return fmt.Errorf("forget deliveries: %w", err)
		}
	}
	f.Deliveries += len(ids)
	return nil
}

// setOutboxEnded keeps the reason of what was ended.
const setOutboxEnded = "UPDATE outbox SET id = id, blank = 2, body = " + outboxBare

// numbers reads numbers inside the transaction.
func (t *tx) numbers(ctx context.Context, query string, args ...any) ([]int64, error) {
	var out []int64
	err := t.rows(ctx, query, args, func(row []driver.Value) error {
		var n int64
		if err := assign(row, []any{&n}); err != nil {
			return err
		}
		out = append(out, n)
		return nil
	})
	return out, err
}

// Scrub writes the database file anew, so that nothing of what was forgotten is
// left between its rows, and empties the log of SQLite beside it. It takes some two
// seconds for 100 MB, in which nothing else is written, and as much room on the
// disk as the database has.
func (s *Store) Scrub(ctx context.Context) error {
	return s.ask(ctx, &job{alone: true, done: make(chan error, 1), do: func(ctx context.Context, tx *tx) error {
		if _, err := tx.once(ctx, "VACUUM"); err != nil {
			return fmt.Errorf("write the database anew: %w", err)
		}
		busy, err := tx.once(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
		if err == nil {
			_, err = tx.once(ctx, "PRAGMA secure_delete = OFF")
		}
		if err != nil {
			return fmt.Errorf("write the database anew: %w", err)
		}
		if busy != 0 {
			return errors.New("write the database anew: a reader is in the way: try again")
		}
		return nil
	}})
}

// Aside gives the paths of damaged databases that were moved aside. They hold what
// Forget cannot reach.
func (s *Store) Aside() ([]string, error) {
	files, err := filepath.Glob(s.path() + ".corrupt-*")
	if err != nil {
		return nil, fmt.Errorf("look for damaged databases: %w", err)
	}
	return files, nil
}

// Senders gives the keys under which messages came from people of a nickname or a
// name in a group, as far as bodies are kept. It finds those of earlier sessions,
// of whom the keys hold nothing.
func (s *Store) Senders(ctx context.Context, name string) ([]string, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT DISTINCT json_extract(body, '$.sender.key') FROM inbox
		WHERE instr(body, ?1) > 0 AND json_valid(body) AND json_extract(body, '$.sender.key') IS NOT NULL
		AND (json_extract(body, '$.sender.nickname') = ?2 OR json_extract(body, '$.sender.card') = ?2) ORDER BY 1`, inText(name), name)
	if err != nil {
		return nil, fmt.Errorf("look for senders: %w", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, fmt.Errorf("look for senders: %w", err)
		}
		out = append(out, key)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("look for senders: %w", err)
	}
	return out, nil
}
