package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"wxbot/bot/event"
)

// salvager copies rows that make sense from a damaged database. Errors of the
// damaged one are holes; those of the new one end it.
type salvager struct {
	from    *sql.DB
	to      *sql.Tx
	history bool // of what is done, too
	now     time.Time

	got     salvaged
	answers map[string]bool // events that a pending delivery answers
	highest int             // number of a key
}

const (
	reasonDamaged = "damaged"
	// paceMost is how much of what was sent the pace needs after a start.
	paceMost = 25 * time.Hour
	// keyMargin is how far new keys stay off those that may have been lost.
	keyMargin = 1000
)

func (v *salvager) all(ctx context.Context) error {
	v.answers = map[string]bool{}
	for _, part := range []func(context.Context) error{v.session, v.meta, v.aliases, v.keys, v.outbox, v.inbox} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	if v.got.holes > 0 {
		v.highest += keyMargin
	}
	if v.highest > 0 {
		return v.put(ctx, setHighest, strconv.Itoa(v.highest))
	}
	return nil
}

func (v *salvager) put(ctx context.Context, query string, args ...any) error {
	if _, err := v.to.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("write what was read: %w", err)
	}
	return nil
}

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

func (v *salvager) session(ctx context.Context) error {
	whole, fatal := v.read(ctx, "SELECT body FROM session", 1, nil, func(r row) error {
		body, ok := r.text(0)
		if !ok || body == "" || !json.Valid([]byte(body)) {
			v.got.holes++
			return nil
		}
		v.got.session = true
		return v.put(ctx, "INSERT INTO session (id, body) VALUES (1, ?) ON CONFLICT (id) DO NOTHING", []byte(body))
	})
	if !whole {
		v.got.holes++
	}
	return fatal
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

func (v *salvager) meta(ctx context.Context) error {
	_, err := v.both(ctx, "meta", "key", "key, value", 2, func(r row) error {
		t, ok := r.texts(0, 1)
		if !ok {
			v.got.holes++
			return nil
		}
		if t[0] == highestKey {
			if n, err := strconv.Atoi(t[1]); err == nil {
				v.highest = max(v.highest, n)
			}
		}
		v.got.meta++
		return v.put(ctx, "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING", t[0], t[1])
	})
	return err
}

func (v *salvager) aliases(ctx context.Context) error {
	if v.columnsOf(ctx, "aliases", [2]string{"alias", ""}) == "" {
		return nil // older databases have none
	}
	_, err := v.both(ctx, "aliases", "alias", "alias, key, since", 3, func(r row) error {
		t, ok := r.texts(0, 1)
		since, isNumber := r.number(2)
		if !ok || !isNumber {
			v.got.holes++
			return nil
		}
		v.seen(t[0], t[1])
		return v.put(ctx, "INSERT INTO aliases (alias, key, since) VALUES (?, ?, ?) ON CONFLICT (alias) DO NOTHING", t[0], t[1], since)
	})
	return err
}

// seen notes keys, so that nobody else gets them.
func (v *salvager) seen(keys ...string) {
	for _, k := range keys {
		v.highest = max(v.highest, keyNumber(k))
	}
}

func (v *salvager) keys(ctx context.Context) error {
	const columns = "key, kind, user_name, wxid, remark, nickname, seen"
	known := map[string]bool{}
	take := func(r row) error {
		t, ok := r.texts(0, 1, 2, 3, 4, 5)
		seen, isNumber := r.number(6)
		if !ok || !isNumber || t[0] == "" || t[1] == "" {
			v.got.holes++
			return nil
		}
		if known[t[0]] {
			return nil
		}
		known[t[0]] = true
		v.seen(t[0])
		v.got.keys++
		return v.put(ctx, "INSERT INTO keys ("+columns+") VALUES (?, ?, ?, ?, ?, ?, ?)", append(anys(t), seen)...)
	}
	whole, err := v.both(ctx, "keys", "key", columns, 7, take)
	if whole || err != nil {
		return err
	}
	// Those between two damaged places are asked for one by one.
	for n := range v.highest + keyMargin {
		for _, key := range []string{"p" + strconv.Itoa(n), "g" + strconv.Itoa(n)} {
			if known[key] {
				continue
			}
			if _, fatal := v.read(ctx, "SELECT "+columns+" FROM keys WHERE key = ?", 7, []any{key}, take); fatal != nil {
				return fatal
			}
		}
	}
	return nil
}

func (v *salvager) outbox(ctx context.Context) error {
	columns := v.columnsOf(ctx, "outbox", [2]string{"id", ""}, [2]string{"event", ""}, [2]string{"handler", ""}, [2]string{"n", ""},
		[2]string{"chat", ""}, [2]string{"status", ""}, [2]string{"msg_id", ""}, [2]string{"done_at", ""}, [2]string{"body", ""},
		[2]string{"kind", "''"}, [2]string{"result", "''"}, [2]string{"blank", "0"}, [2]string{"made", "done_at"})
	return v.walk(ctx, table{"outbox", "id", columns, 13}, func(r row) error {
		t, ok := r.texts(1, 2, 4, 5, 6, 8, 9, 10)
		n, isNumber := r.number(3)
		done, isTime := r.number(7)
		blank, isBlank := r.number(11)
		made, isMade := r.number(12)
		if !ok || !isNumber || !isTime || !isBlank || !isMade || !isStatus(t[3]) {
			v.got.unreadable++
			return nil
		}
		d := stored{
			id: r[0], event: t[0], handler: t[1], n: n, chat: t[2], status: t[3], msgID: t[4], made: made, done: done,
			body: t[5], kind: t[6], result: t[7], blank: blank,
		}
		return v.delivery(ctx, d)
	})
}

func isStatus(s string) bool {
	switch event.Status(s) {
	case event.StatusPending, event.StatusSent, event.StatusFailed, event.StatusUnknown, event.StatusExpired, event.StatusTrial:
		return true
	}
	return false
}

// stored is a row of the outbox.
type stored struct {
	id                  any
	event, handler      string
	n                   int64
	chat, status, msgID string
	made, done          int64
	body, kind, result  string
	blank               int64
}

// sound tells whether body and result are what was written for this row.
func (d stored) sound() bool {
	var body decided
	if json.Unmarshal([]byte(d.body), &body) != nil {
		return false
	}
	if body.Event != d.event || body.Handler != d.handler || int64(body.N) != d.n {
		return false
	}
	var result became
	return d.result == "" || json.Unmarshal([]byte(d.result), &result) == nil
}

func (v *salvager) delivery(ctx context.Context, d stored) error {
	pending := d.status == string(event.StatusPending)
	switch {
	case pending && !d.sound():
		v.got.unreadable++
		if err := v.fail(&d); err != nil {
			return err
		}
	case pending:
		v.got.pending++
		v.answers[d.event] = true
	case !d.sound(), !v.history && v.now.Sub(time.UnixMilli(d.done)) > paceMost:
		return nil
	}
	v.seen(d.chat)
	v.got.deliveries++
	return v.put(ctx, `INSERT INTO outbox (id, event, handler, n, chat, status, msg_id, made, done_at, body, kind, result, blank)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		d.id, d.event, d.handler, d.n, d.chat, d.status, d.msgID, d.made, d.done, d.body, d.kind, d.result, d.blank)
}

// fail ends a delivery that cannot be carried out because it makes no sense, so
// that it shows and its handler does not queue it again.
func (v *salvager) fail(d *stored) error {
	body, err := json.Marshal(decided{Event: d.event, Handler: d.handler, N: int(d.n), Chat: event.Chat{Key: d.chat}, Created: v.now})
	if err != nil {
		return fmt.Errorf("encode delivery: %w", err)
	}
	d.result, err = encodeResult(event.Result{Reason: reasonDamaged})
	d.body, d.status, d.done, d.blank = string(body), string(event.StatusFailed), v.now.UnixMilli(), 2
	return err
}

func (v *salvager) inbox(ctx context.Context) error {
	columns := v.columnsOf(ctx, "inbox", [2]string{"seq", ""}, [2]string{"id", ""}, [2]string{"at", ""}, [2]string{"body", ""},
		[2]string{"outcome", ""}, [2]string{"deaths", ""}, [2]string{"came", "0"}, [2]string{"blank", "CASE WHEN body IS NULL THEN 2 ELSE 0 END"})
	return v.walk(ctx, table{"inbox", "seq", columns, 8}, func(r row) error {
		id, ok := r.text(1)
		at, isTime := r.number(2)
		deaths, isNumber := r.number(5)
		came, isCame := r.number(6)
		blank, isBlank := r.number(7)
		outcome, isText := r.text(4)
		done := r[4] != nil
		if !ok || id == "" || !isTime || !isNumber || !isCame || !isBlank || done && !isText {
			v.got.unreadable++
			return nil
		}
		var body any
		chat := ""
		text, _ := r.text(3)
		var ev event.Event
		sound := text != "" && json.Unmarshal([]byte(text), &ev) == nil && ev.ID == id
		switch {
		case sound && (!done || v.history || v.answers[id]):
			v.seen(ev.Chat.Key, ev.Sender.Key)
			body, chat = text, ev.Chat.Key
		case !done:
			v.got.unreadable++
			outcome, done, blank = reasonDamaged, true, 2
		default:
			blank = 2
		}
		if !done {
			v.got.unfinished++
		}
		v.got.messages++
		return v.put(ctx, `INSERT INTO inbox (seq, id, at, chat, body, outcome, deaths, came, blank) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO NOTHING`, r[0], id, at, chat, body, sql.NullString{String: outcome, Valid: done}, deaths, came, blank)
	})
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
