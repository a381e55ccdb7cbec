package store

import (
	"context"
	"fmt"
)

// SetVersion makes the database look as if a later wxbot had written it.
func (s *Store) SetVersion(ctx context.Context, v int) error {
	return s.update(ctx, func(ctx context.Context, tx *tx) error {
		_, err := tx.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", v))
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
