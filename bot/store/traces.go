package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"wxbot/bot/event"
)

// tracesMost is how many traces one transaction writes at most.
const tracesMost = 256

// PutTraces writes traces, over those of the same events. They are read again in the
// order in which the events came.
func (s *Store) PutTraces(ctx context.Context, traces []*event.Trace) error {
	for some := range slices.Chunk(traces, tracesMost) {
		bodies := make([][]byte, len(some))
		for i, t := range some {
			b, err := json.Marshal(t)
			if err != nil {
				return fmt.Errorf("encode trace of %s: %w", t.Event.ID, err)
			}
			bodies[i] = b
		}
		err := s.update(ctx, func(ctx context.Context, tx *tx) error {
			for i, t := range some {
				_, err := tx.exec(ctx, "INSERT OR REPLACE INTO traces (seq, at, chat, blank, body) VALUES (?, ?, ?, 0, ?)",
					t.Seq, t.Time.UnixMilli(), t.Event.Chat.Key, string(bodies[i]))
				if err != nil {
					return fmt.Errorf("store trace: %w", err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// TraceQuery says which traces are wanted.
type TraceQuery struct {
	// Chats are the keys by which one chat was known; none is every chat.
	Chats []string
	// ID is the id of one event; "" is any.
	ID string
	// Before, if above 0, leaves out the trace of this position and those after it.
	Before int64
	// Limit is how many traces there are at most, the newest.
	Limit int
}

// Trace is a trace as it is stored.
type Trace struct {
	event.Trace
	// Blank: the texts are gone.
	Blank bool
}

// Traces gives traces, the newest last.
func (s *Store) Traces(ctx context.Context, q TraceQuery) ([]Trace, error) {
	query, args := "SELECT seq, blank, body FROM traces WHERE 1", []any{}
	if q.ID != "" {
		query += " AND seq = (SELECT seq FROM inbox WHERE id = ?)"
		args = append(args, q.ID)
	}
	if q.Before > 0 {
		query += " AND seq < ?"
		args = append(args, q.Before)
	}
	if len(q.Chats) > 0 {
		query += " AND chat IN (" + places(len(q.Chats)) + ")"
		args = append(args, anys(q.Chats)...)
	}
	rows, err := s.read.QueryContext(ctx, query+" ORDER BY seq DESC LIMIT ?", append(args, q.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("read traces: %w", err)
	}
	defer rows.Close()
	var out []Trace
	for rows.Next() {
		var t Trace
		var seq int64
		var body []byte
		if err := rows.Scan(&seq, &t.Blank, &body); err != nil {
			return nil, fmt.Errorf("read traces: %w", err)
		}
		if err := json.Unmarshal(body, &t.Trace); err != nil {
			return nil, fmt.Errorf("read trace %d: %w", seq, err)
		}
		t.Seq = seq
		out = append(out, t)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read traces: %w", err)
	}
	slices.Reverse(out)
	return out, nil
}

// Answers gives what was decided about some events, in the order it was decided. It
// looks through what was decided since a time.
func (s *Store) Answers(ctx context.Context, events []string, since time.Time) ([]event.Delivery, error) {
	if len(events) == 0 {
		return nil, nil
	}
	return s.deliveries(ctx, "SELECT "+columns+" FROM outbox WHERE made >= ? AND event IN ("+places(len(events))+") ORDER BY id",
		append([]any{since.UnixMilli()}, anys(events)...)...)
}

// traceTexts is how long traces keep what was said.
const traceTexts = 24 * time.Hour

// Of a trace, what was said is where the event has it, and in what handlers failed
// with.
const (
	traceNoTexts = `CASE WHEN json_valid(body) THEN json_remove(body, '$.event.message.raw', '$.event.message.text',
		'$.event.message.url', '$.event.message.file.name', '$.event.message.quote', '$.event.message.quote_id', '$.event.message.md5',
		'$.event.recalled', '$.event.tickled.notice', '$.event.request.text', '$.event.request.signature', '$.event.reason', '$.errors')
		ELSE '{}' END`
	setTraceTexts = "UPDATE traces SET blank = 1, body = " + traceNoTexts + " WHERE seq = ?"
	dropTrace     = "DELETE FROM traces WHERE seq = ?"
)

// traceForgettings forget texts of traces after a day, and traces by age and number.
func traceForgettings(now time.Time, l event.TraceLimits) []forgetting {
	return []forgetting{
		{"forget traces", "SELECT seq FROM traces WHERE at < ? ORDER BY seq LIMIT ?", []any{now.Add(-l.Keep).UnixMilli()}, dropTrace},
		{
			"forget traces", "SELECT seq FROM traces WHERE seq <= (SELECT seq FROM traces ORDER BY seq DESC LIMIT 1 OFFSET ?) ORDER BY seq LIMIT ?",
			[]any{max(l.Max, 0)},
			dropTrace,
		},
		{
			"forget texts of traces", "SELECT seq FROM traces WHERE blank = 0 AND at < ? ORDER BY seq LIMIT ?",
			[]any{now.Add(-traceTexts).UnixMilli()},
			setTraceTexts,
		},
	}
}

// traces are those that tell of somebody.
func (w Somebody) traces() (query string, args []any) {
	keys, strangers, targets, _ := w.mentions()
	where, args := anyOf("body", slices.Concat(keys, strangers, targets))
	query = "SELECT seq FROM traces WHERE (" + where + " OR chat IN (" + places(len(w.Keys)) + ")) ORDER BY seq"
	return query, append(args, anys(w.Keys)...)
}

// forgetTraces takes traces out.
func forgetTraces(ctx context.Context, tx *tx, f *Forgotten, seqs []int64) error {
	for _, seq := range seqs {
		if _, err := tx.exec(ctx, dropTrace, seq); err != nil {
			return fmt.Errorf("forget traces: %w", err)
		}
	}
	f.Traces += len(seqs)
	return nil
}
