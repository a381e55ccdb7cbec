package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"wxbot/bot/event"
)

// HistoryQuery says which lines of the history are wanted.
type HistoryQuery struct {
	// Chats are the keys by which one chat was known; none is every chat.
	Chats []string
	// Limit is how many lines there are at most, the newest; 0 is 100.
	Limit int
	// Before, unless zero, leaves out what is not older, to page backwards.
	Before time.Time
}

const historyLimit = 100

// History gives what is kept of what came and of what was decided, the newest
// last.
func (s *Store) History(ctx context.Context, q HistoryQuery) ([]event.Line, error) {
	if q.Limit <= 0 {
		q.Limit = historyLimit
	}
	var lines []event.Line
	for _, part := range q.parts() {
		got, err := s.lines(ctx, part)
		if err != nil {
			return nil, err
		}
		lines = append(lines, got...)
	}
	slices.SortStableFunc(lines, func(a, b event.Line) int {
		// What came stands before what answers it within a millisecond.
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(side(a), side(b)))
	})
	return lines[max(len(lines)-q.Limit, 0):], nil
}

func side(l event.Line) int {
	if l.Out {
		return 1
	}
	return 0
}

// historyPart is one query of the history. Each goes by an index, newest first.
type historyPart struct {
	query string
	args  []any
	line  func(*sql.Rows) (event.Line, error)
}

func (q HistoryQuery) parts() []historyPart {
	before := int64(1)<<62 - 1
	if !q.Before.IsZero() {
		before = q.Before.UnixMilli()
	}
	const (
		// The server tells whole seconds, and its clock may be ahead: nothing
		// comes after its answer.
		since = "min(at, CASE came WHEN 0 THEN at ELSE came END)"
	)
	inbox := func(where string) historyPart {
		p := historyPart{line: inboxLine, args: []any{before}}
		p.query = "SELECT " + since + ", body, coalesce(outcome, '') FROM inbox WHERE " + where + " AND " + since + " < ?"
		if len(q.Chats) > 0 {
			p.query += " AND chat IN (" + places(len(q.Chats)) + ")"
			p.args = append(p.args, anys(q.Chats)...)
		}
		p.query += " ORDER BY at DESC, seq DESC LIMIT ?"
		p.args = append(p.args, q.Limit)
		return p
	}
	outbox := func(where, when string) historyPart {
		p := historyPart{line: outboxLine, args: []any{before}}
		p.query = "SELECT " + columns + ", chat, " + when + " FROM outbox WHERE " + where + " AND " + when + " < ?"
		if len(q.Chats) > 0 {
			p.query += " AND chat IN (" + places(len(q.Chats)) + ")"
			p.args = append(p.args, anys(q.Chats)...)
		}
		p.query += " ORDER BY " + when + " DESC, id DESC LIMIT ?"
		p.args = append(p.args, q.Limit)
		return p
	}
	return []historyPart{
		inbox("blank = 0"), inbox("blank = 1"),
		outbox("status = 'pending'", "made"),
		outbox("blank = 0 AND status <> 'pending'", "done_at"), outbox("blank = 1", "done_at"),
	}
}

// keyInBody is how a body mentions a chat or a person.
func keyInBody(key string) string {
	b, err := json.Marshal(key)
	if err != nil { // a text has always a form in JSON
		b = []byte(`"` + key + `"`)
	}
	return `"key":` + string(b)
}

// places are the marks of a list of parameters.
func places(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

func anys(texts []string) []any {
	out := make([]any, len(texts))
	for i, t := range texts {
		out[i] = t
	}
	return out
}

func (s *Store) lines(ctx context.Context, p historyPart) ([]event.Line, error) {
	rows, err := s.read.QueryContext(ctx, p.query, p.args...)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	defer rows.Close()
	var out []event.Line
	for rows.Next() {
		l, err := p.line(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	return out, nil
}

func inboxLine(rows *sql.Rows) (event.Line, error) {
	var at int64
	var body, outcome string
	if err := rows.Scan(&at, &body, &outcome); err != nil {
		return event.Line{}, fmt.Errorf("read history: %w", err)
	}
	var ev event.Event
	if err := json.Unmarshal([]byte(body), &ev); err != nil {
		return event.Line{}, fmt.Errorf("read history: %w", err)
	}
	l := event.Line{
		Time: time.UnixMilli(at), Chat: ev.Chat, By: ev.Sender.Name(), ByKey: ev.Sender.Key, Kind: string(ev.Kind),
		Outcome: outcome, Reason: ev.Reason,
	}
	switch {
	case ev.Message != nil:
		l.Type, l.Text = string(ev.Message.Type), ev.Message.Raw
	case ev.Request != nil:
		l.Text = ev.Request.Text
	}
	return l, nil
}

func outboxLine(rows *sql.Rows) (event.Line, error) {
	var chat string
	var at int64
	d, err := scanDelivery(func(into ...any) error { return rows.Scan(append(into, &chat, &at)...) })
	if err != nil {
		return event.Line{}, err
	}
	l := event.Line{
		Time: time.UnixMilli(at), Out: true, Chat: d.Chat, By: d.Handler, Kind: string(d.Action.Kind),
		Outcome: string(d.Status), Reason: d.Reason,
	}
	if l.Chat.Key != chat { // it went elsewhere than where it was decided
		l.Chat = event.Chat{Key: chat}
	}
	l.Type, l.Text = content(d.Action.Message)
	return l, nil
}

// content is the type of a message and what there is to read of it.
func content(m event.Outgoing) (kind, text string) {
	for _, part := range []struct {
		kind event.MessageType
		text string
	}{
		{event.TypeText, m.Text},
		{event.TypeImage, m.Image},
		{event.TypeFile, m.File},
		{event.TypeVideo, m.Video},
		{event.TypeSticker, m.Sticker},
		{event.TypeCard, m.Card},
	} {
		if part.text != "" {
			return string(part.kind), part.text
		}
	}
	return "", ""
}
