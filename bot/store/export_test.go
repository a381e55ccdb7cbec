package store

import (
	"context"
	"database/sql"
	"fmt"
)

// SetVersion makes the database look as if a later wxbot had written it.
func (s *Store) SetVersion(ctx context.Context, v int) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(fmt.Sprintf("PRAGMA user_version = %d", v))
		return err
	})
}
