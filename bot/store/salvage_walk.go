package store

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"
)

// row is what a damaged database says of a row; any type may stand in any column.
type row []any

func (r row) text(i int) (string, bool) {
	switch t := r[i].(type) {
	case string:
		return t, utf8.ValidString(t)
	case []byte:
		return string(t), utf8.Valid(t)
	}
	return "", false
}

func (r row) texts(at ...int) ([]string, bool) {
	out := make([]string, len(at))
	for n, i := range at {
		t, ok := r.text(i)
		if !ok {
			return nil, false
		}
		out[n] = t
	}
	return out, true
}

func (r row) number(i int) (int64, bool) {
	n, ok := r[i].(int64)
	return n, ok
}

// read gives rows until the end, which is whole, or the first damage. An error is
// take's or that of ctx.
func (v *salvager) read(ctx context.Context, query string, width int, args []any, take func(row) error) (whole bool, fatal error) {
	rows, err := v.from.QueryContext(ctx, query, args...)
	if err != nil {
		return false, nil
	}
	defer rows.Close()
	for rows.Next() {
		r := make(row, width)
		into := make([]any, width)
		for i := range r {
			into[i] = &r[i]
		}
		if err := rows.Scan(into...); err != nil {
			return false, nil
		}
		if err := take(r); err != nil {
			return false, err
		}
	}
	return rows.Err() == nil, ctx.Err()
}

// columnsOf gives the wanted columns of a table as an older version may have made
// it: what is missing is its default.
func (v *salvager) columnsOf(ctx context.Context, table string, wanted ...[2]string) string {
	have := map[string]bool{}
	_, _ = v.read(ctx, "SELECT name FROM pragma_table_info(?)", 1, []any{table}, func(r row) error {
		name, _ := r.text(0)
		have[name] = true
		return nil
	})
	var out []string
	for _, w := range wanted {
		if have[w[0]] {
			out = append(out, w[0])
		} else {
			out = append(out, w[1])
		}
	}
	return strings.Join(out, ", ")
}

// both reads a small table from its start and, past damage, from its end.
func (v *salvager) both(ctx context.Context, table, key, columns string, width int, take func(row) error) (whole bool, err error) {
	for _, way := range []string{"", " DESC"} {
		whole, fatal := v.read(ctx, "SELECT "+columns+" FROM "+table+" ORDER BY "+key+way, width, nil, take)
		if fatal != nil || whole {
			return whole, fatal
		}
	}
	v.got.holes++
	return false, nil
}

// table is one with numbered rows.
type table struct {
	name, key, columns string
	width              int
}

// holesMost bounds how often a table is taken up again past damage.
const holesMost = 10_000

// errOrder tells that rows do not come in order: a page belongs elsewhere.
var errOrder = errors.New("rows out of order")

// walk reads a table row by row. Past damage it goes on where rows can be read
// again.
func (v *salvager) walk(ctx context.Context, t table, take func(row) error) error {
	last := int64(0)
	query := "SELECT " + t.columns + " FROM " + t.name + " NOT INDEXED WHERE " + t.key + " > ? ORDER BY " + t.key
	for range holesMost {
		whole, fatal := v.read(ctx, query, t.width, []any{last}, func(r row) error {
			key, ok := r.number(0)
			if !ok || key <= last {
				return errOrder
			}
			last = key
			return take(r)
		})
		if fatal != nil && !errors.Is(fatal, errOrder) {
			return fatal
		}
		if whole {
			break
		}
		v.got.holes++
		next, ok := v.past(ctx, t, last)
		if !ok {
			break
		}
		last = next
	}
	return nil
}

// past finds the first number past damage after which a row can be read.
func (v *salvager) past(ctx context.Context, t table, last int64) (int64, bool) {
	query := "SELECT " + t.columns + " FROM " + t.name + " NOT INDEXED WHERE " + t.key + " > ? ORDER BY " + t.key + " LIMIT 1"
	readable := func(after int64) bool {
		whole, _ := v.read(ctx, query, t.width, []any{after}, func(r row) error {
			if key, ok := r.number(0); !ok || key <= after {
				return errOrder
			}
			return nil
		})
		return whole
	}
	top := max(v.number(ctx, "SELECT max("+t.key+") FROM "+t.name+" NOT INDEXED"), last+1<<16)
	bad, step := last, int64(1)
	for !readable(last + step) {
		if ctx.Err() != nil || last+step > top {
			return 0, false
		}
		bad, step = last+step, 2*step
	}
	good := last + step
	for good-bad > 1 {
		if mid := bad + (good-bad)/2; readable(mid) {
			good = mid
		} else {
			bad = mid
		}
	}
	return good, true
}

// number reads one number, 0 if it cannot.
func (v *salvager) number(ctx context.Context, query string) int64 {
	var n int64
	_, _ = v.read(ctx, query, 1, nil, func(r row) error {
		n, _ = r.number(0)
		return nil
	})
	return n
}
