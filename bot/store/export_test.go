package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// SetVersion makes the database look as if a later wxbot had written it.
func (s *Store) SetVersion(ctx context.Context, v int) error {
	return s.update(ctx, func(ctx context.Context, tx *tx) error {
		_, err := tx.exec(ctx, fmt.Sprintf("PRAGMA user_version = %d", v))
		return err
	})
}

// LimitPages bounds the database as a full disk would.
func (s *Store) LimitPages(ctx context.Context, n int) error {
	_, err := s.tx.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", n))
	return err
}

// Version1 is the schema of the first version.
var Version1 = migrations[0]

// Fail is a write that always fails.
func (s *Store) Fail(ctx context.Context) error {
	return s.update(ctx, func(context.Context, *tx) error { return errors.New("bad write") })
}

// Die closes what a killed process would leave to the system, and nothing else.
func (s *Store) Die() error {
	var err error
	s.once.Do(func() {
		s.end()
		err = errors.Join(s.read.Close(), s.tx.close(), s.write.Close(), s.marks.f.Close(), s.lock.release())
	})
	return err
}

// Dump gives every body, as text.
func (s *Store) Dump(ctx context.Context) (string, error) {
	var in, out sql.NullString
	err := s.read.QueryRowContext(ctx, `SELECT (SELECT group_concat(coalesce(body, '-'), char(10)) FROM inbox),
		(SELECT group_concat(body || result, char(10)) FROM outbox)`).Scan(&in, &out)
	return in.String + "\n" + out.String, err
}

// LoseMarks closes the file of marks.
func (s *Store) LoseMarks() error { return s.marks.f.Close() }

// SetReadOnly makes the database refuse writes, or take them again.
func (s *Store) SetReadOnly(ctx context.Context, on bool) error {
	_, err := s.tx.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA query_only = %t", on))
	return err
}

// Newest is the version of the schema.
var Newest = len(migrations)

// Columns lists every column of the database with its type.
func (s *Store) Columns(ctx context.Context) (string, error) {
	var out string
	err := s.read.QueryRowContext(ctx, `SELECT group_concat(c, char(10)) FROM (
		SELECT t.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || c.pk AS c
		FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' ORDER BY 1)`).Scan(&out)
	return out, err
}
