package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
)

// tx is the writer's connection inside a transaction. It speaks to the driver
// itself, which halves what a statement costs, and compiles each statement once.
type tx struct {
	conn  *sql.Conn
	raw   driver.Conn // of conn, while run runs
	stmts map[string]driver.Stmt
	args  []driver.NamedValue
}

// stmt gives a statement, compiled. The queries are constants of this package, so
// there are few of them.
func (t *tx) stmt(ctx context.Context, query string) (driver.Stmt, error) {
	if s, ok := t.stmts[query]; ok {
		return s, nil
	}
	c, ok := t.raw.(driver.ConnPrepareContext)
	if !ok {
		return nil, errors.New("the driver prepares no statements")
	}
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("compile %q: %w", query, err)
	}
	t.stmts[query] = s
	return s, nil
}

// bind puts arguments into the driver's form. The result is good until the next
// call.
func (t *tx) bind(args []any) ([]driver.NamedValue, error) {
	t.args = t.args[:0]
	for i, a := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(a)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		t.args = append(t.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return t.args, nil
}

func (t *tx) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := t.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	values, err := t.bind(args)
	if err != nil {
		return nil, err
	}
	e, ok := s.(driver.StmtExecContext)
	if !ok {
		return nil, errors.New("the driver runs no statements")
	}
	return e.ExecContext(ctx, values)
}

// once runs a statement that is not kept compiled: some PRAGMAs work while they are
// compiled. It gives the first number of the first row, 0 without one.
func (t *tx) once(ctx context.Context, query string) (first int64, err error) {
	defer func() {
		if s, ok := t.stmts[query]; ok {
			err = errors.Join(err, s.Close())
			delete(t.stmts, query)
		}
	}()
	row, seen := int64(0), false
	err = t.rows(ctx, query, nil, func(values []driver.Value) error {
		if n, ok := values[0].(int64); ok && !seen {
			row, seen = n, true
		}
		return nil
	})
	return row, err
}

// changed runs a statement and tells how many rows it changed.
func (t *tx) changed(ctx context.Context, query string, args ...any) (int64, error) {
	r, err := t.exec(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// rows reads the rows of a query, one after the other, as long as each says so.
// The values are good during the call.
func (t *tx) rows(ctx context.Context, query string, args []any, each func(row []driver.Value) error) (err error) {
	s, err := t.stmt(ctx, query)
	if err != nil {
		return err
	}
	values, err := t.bind(args)
	if err != nil {
		return err
	}
	q, ok := s.(driver.StmtQueryContext)
	if !ok {
		return errors.New("the driver runs no queries")
	}
	rows, err := q.QueryContext(ctx, values)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, len(rows.Columns()))
	for {
		if err := rows.Next(row); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if err := each(row); err != nil {
			return err
		}
	}
}

// run carries jobs out in one transaction.
func (t *tx) run(ctx context.Context, jobs []*job) error {
	return t.with(func() error {
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
	})
}

// with runs f while the driver's connection is at hand.
func (t *tx) with(f func() error) error {
	return t.conn.Raw(func(c any) error {
		raw, ok := c.(driver.Conn)
		if !ok {
			return errors.New("no connection of the driver")
		}
		t.raw = raw
		return f()
	})
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
