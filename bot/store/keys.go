package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"wxbot/bot/event"
)

// Meta gives a value of the daemon's own, "" if it was never set.
func (s *Store) Meta(ctx context.Context, key string) (string, error) {
	var v string
	err := s.read.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", key).Scan(&v)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read %s: %w", key, err)
	}
	return v, nil
}

// SetMeta sets a value of the daemon's own.
func (s *Store) SetMeta(ctx context.Context, key, value string) error {
	return s.update(ctx, func(ctx context.Context, tx *tx) error { return setMeta(ctx, tx, key, value) })
}

func setMeta(ctx context.Context, tx *tx, key, value string) error {
	_, err := tx.exec(ctx, "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value)
	if err != nil {
		return fmt.Errorf("store %s: %w", key, err)
	}
	return nil
}

// Notes gives the values whose keys begin with a prefix, which ends in "/".
func (s *Store) Notes(ctx context.Context, prefix string) ([]event.Note, error) {
	// "0" follows "/".
	rows, err := s.read.QueryContext(ctx, "SELECT key, value FROM meta WHERE key >= ? AND key < ?", prefix, strings.TrimSuffix(prefix, "/")+"0")
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", prefix, err)
	}
	defer rows.Close()
	var out []event.Note
	for rows.Next() {
		var n event.Note
		if err := rows.Scan(&n.Key, &n.Value); err != nil {
			return nil, fmt.Errorf("read %s: %w", prefix, err)
		}
		out = append(out, n)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", prefix, err)
	}
	return out, nil
}

// DropNotes forgets notes, but for those that have another value meanwhile.
func (s *Store) DropNotes(ctx context.Context, notes []event.Note) error {
	if len(notes) == 0 {
		return nil
	}
	return s.update(ctx, func(ctx context.Context, tx *tx) error {
		for _, n := range notes {
			if _, err := tx.exec(ctx, "DELETE FROM meta WHERE key = ? AND value = ?", n.Key, n.Value); err != nil {
				return fmt.Errorf("forget %s: %w", n.Key, err)
			}
		}
		return nil
	})
}

// KeyRow is what is remembered of a person or group, to know it again after a
// login.
type KeyRow struct {
	Key, Kind string
	UserName  string // of the present session
	WxID      string
	Remark    string
	Nickname  string
	Avatar    string // tells one picture from another; "" if not known
	Seen      time.Time
}

// Keys gives all rows.
func (s *Store) Keys(ctx context.Context) ([]KeyRow, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT key, kind, user_name, wxid, remark, nickname, avatar, seen FROM keys")
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	defer rows.Close()
	var out []KeyRow
	for rows.Next() {
		var r KeyRow
		var seen int64
		if err := rows.Scan(&r.Key, &r.Kind, &r.UserName, &r.WxID, &r.Remark, &r.Nickname, &r.Avatar, &seen); err != nil {
			return nil, fmt.Errorf("read keys: %w", err)
		}
		r.Seen = time.UnixMilli(seen)
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	return out, nil
}

// PutKeys writes rows, and forgets those keys.
func (s *Store) PutKeys(ctx context.Context, rows []KeyRow, forget ...string) error {
	return s.update(ctx, func(ctx context.Context, tx *tx) error {
		for _, r := range rows {
			_, err := tx.exec(ctx, `INSERT INTO keys (key, kind, user_name, wxid, remark, nickname, avatar, seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, user_name = excluded.user_name, wxid = excluded.wxid,
				remark = excluded.remark, nickname = excluded.nickname, avatar = excluded.avatar, seen = excluded.seen`,
				r.Key, r.Kind, r.UserName, r.WxID, r.Remark, r.Nickname, r.Avatar, r.Seen.UnixMilli())
			if err != nil {
				return fmt.Errorf("store keys: %w", err)
			}
		}
		if err := rememberHighest(ctx, tx, forget...); err != nil {
			return err
		}
		for _, key := range forget {
			if _, err := tx.exec(ctx, "DELETE FROM keys WHERE key = ?", key); err != nil {
				return fmt.Errorf("forget keys: %w", err)
			}
		}
		return nil
	})
}

// Aliases gives the keys that stand for others: those made for somebody before the
// account was recognised.
func (s *Store) Aliases(ctx context.Context) (map[string]string, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT alias, key FROM aliases")
	if err != nil {
		return nil, fmt.Errorf("read aliases: %w", err)
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var alias, key string
		if err := rows.Scan(&alias, &key); err != nil {
			return nil, fmt.Errorf("read aliases: %w", err)
		}
		out[alias] = key
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read aliases: %w", err)
	}
	return out, nil
}

// PutAliases adds aliases. They last as long as the rows that bear them.
func (s *Store) PutAliases(ctx context.Context, aliases map[string]string, now time.Time) error {
	return s.update(ctx, func(ctx context.Context, tx *tx) error {
		for alias, key := range aliases {
			_, err := tx.exec(ctx, "INSERT INTO aliases (alias, key, since) VALUES (?, ?, ?) ON CONFLICT (alias) DO UPDATE SET key = excluded.key",
				alias, key, now.UnixMilli())
			if err != nil {
				return fmt.Errorf("store aliases: %w", err)
			}
		}
		return nil
	})
}

// highestKey is the number of the highest key that was ever forgotten. Rows that
// bear it may outlive it, so that nobody else must get it.
const (
	highestKey = "highest_key"
	setHighest = "INSERT INTO meta (key, value) VALUES ('" + highestKey + "', ?) ON CONFLICT (key) DO UPDATE SET value = max(CAST(value AS INTEGER), CAST(excluded.value AS INTEGER))"
)

// keyNumber is the number in a key such as "p12", 0 if there is none.
func keyNumber(key string) int {
	n, err := strconv.Atoi(strings.TrimLeft(key, "pg"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func rememberHighest(ctx context.Context, tx *tx, keys ...string) error {
	n := 0
	for _, k := range keys {
		n = max(n, keyNumber(k))
	}
	if n == 0 {
		return nil
	}
	if _, err := tx.exec(ctx, setHighest, strconv.Itoa(n)); err != nil {
		return fmt.Errorf("remember highest key: %w", err)
	}
	return nil
}

// HighestKey is the number of the highest key that was forgotten, 0 if none was.
func (s *Store) HighestKey(ctx context.Context) (int, error) {
	v, err := s.Meta(ctx, highestKey)
	if err != nil || v == "" {
		return 0, err
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", highestKey, err)
	}
	return n, nil
}
