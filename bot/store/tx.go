package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// tx is the writer's connection inside a transaction. It compiles each statement
// once: that costs several times what running it does.
type tx struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// stmt gives a statement, compiled. The queries are constants of this package, so
// there are few of them.
func (t *tx) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := t.stmts[query]; ok {
		return s, nil
	}
	s, err := t.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("compile %q: %w", query, err)
	}
	t.stmts[query] = s
	return s, nil
}

func (t *tx) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := t.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

// row reads one row; no row is sql.ErrNoRows.
func (t *tx) row(ctx context.Context, query string, args []any, into ...any) error {
	s, err := t.stmt(ctx, query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(ctx, args...).Scan(into...)
}

// run carries jobs out in one transaction.
func (t *tx) run(ctx context.Context, jobs []*job) error {
	if _, err := t.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return hint(err)
	}
	for _, j := range jobs {
		if err := j.do(ctx, t); err != nil {
			return errors.Join(hint(err), t.rollback(ctx))
		}
	}
	if _, err := t.exec(ctx, "COMMIT"); err != nil {
		return errors.Join(hint(err), t.rollback(ctx))
	}
	return nil
}

// rollback undoes a transaction, unless SQLite has done so by itself, as it does
// when the disk is full.
func (t *tx) rollback(ctx context.Context) error {
	_, err := t.exec(ctx, "ROLLBACK")
	return rolledBack(err)
}

func rolledBack(err error) error {
	if err != nil && (errors.Is(err, sql.ErrTxDone) || strings.Contains(err.Error(), "no transaction is active")) {
		return nil
	}
	return err
}

func (t *tx) close() error {
	var errs []error
	for _, s := range t.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, t.conn.Close())...)
}
