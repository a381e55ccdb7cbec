package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

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
	for _, part := range []func(context.Context) error{v.session, v.meta, v.aliases, v.keys, v.outbox, v.inbox, v.kv, v.ran} {
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
	columns := v.columnsOf(ctx, "keys", [2]string{"key", ""}, [2]string{"kind", ""}, [2]string{"user_name", ""}, [2]string{"wxid", ""},
		[2]string{"remark", ""}, [2]string{"nickname", ""}, [2]string{"avatar", "''"}, [2]string{"seen", ""})
	known := map[string]bool{}
	take := func(r row) error {
		t, ok := r.texts(0, 1, 2, 3, 4, 5, 6)
		seen, isNumber := r.number(7)
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
		return v.put(ctx, "INSERT INTO keys (key, kind, user_name, wxid, remark, nickname, avatar, seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", append(anys(t), seen)...)
	}
	whole, err := v.both(ctx, "keys", "key", columns, 8, take)
	if whole || err != nil {
		return err
	}
	// Those between two damaged places are asked for one by one.
	for n := range v.highest + keyMargin {
		for _, key := range []string{"p" + strconv.Itoa(n), "g" + strconv.Itoa(n)} {
			if known[key] {
				continue
			}
			if _, fatal := v.read(ctx, "SELECT "+columns+" FROM keys WHERE key = ?", 8, []any{key}, take); fatal != nil {
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

// kv takes over what plugins keep.
func (v *salvager) kv(ctx context.Context) error {
	if v.columnsOf(ctx, "kv", [2]string{"key", ""}) == "" {
		return nil // older databases have none
	}
	return v.walk(ctx, table{"kv", "id", "id, plugin, key, expires, value", 5}, func(r row) error {
		t, ok := r.texts(1, 2)
		expires, isNumber := r.number(3)
		switch r[4].(type) {
		case float64, []byte:
		default:
			ok = false
		}
		if !ok || !isNumber {
			v.got.holes++
			return nil
		}
		return v.put(ctx, "INSERT INTO kv (plugin, key, expires, value) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", t[0], t[1], expires, r[4])
	})
}

// ran takes over how far handlers had come.
func (v *salvager) ran(ctx context.Context) error {
	if v.columnsOf(ctx, "kv_ran", [2]string{"event", ""}) == "" {
		return nil
	}
	return v.walk(ctx, table{"kv_ran", "id", "id, event, handler, n", 4}, func(r row) error {
		t, ok := r.texts(1, 2)
		n, isNumber := r.number(3)
		if !ok || !isNumber {
			v.got.holes++
			return nil
		}
		return v.put(ctx, "INSERT INTO kv_ran (event, handler, n) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", t[0], t[1], n)
	})
}
