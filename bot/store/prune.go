package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"wxbot/bot/event"
)

// Mode says how much of what was said stays once it is of no more use.
type Mode string

// The modes of history.
const (
	// HistoryOff keeps nothing.
	HistoryOff Mode = "off"
	// HistoryMetadata keeps who wrote where and when, and what kind of message
	// it was.
	HistoryMetadata Mode = "metadata"
	// HistoryFull keeps the texts as well.
	HistoryFull Mode = "full"
)

// Policy says what Prune forgets. What waits is never touched, nor what a pending
// delivery answers.
type Policy struct {
	// RecallKeep is how long texts are kept for recalled messages, RecallMax for
	// how many of the newest messages.
	RecallKeep time.Duration
	RecallMax  int
	// History says what stays after that, and Keep until what age; "" is
	// HistoryOff.
	History Mode
	Keep    time.Duration
	// MaxBytes bounds the pages of the database that are in use; beyond it the
	// oldest go first. 0 is no bound.
	MaxBytes int64
	// Traces says how many traces stay. Their texts stay for a day.
	Traces event.TraceLimits
}

// keepIDs is how long ids are kept, so that what is handed out again is known.
const keepIDs = 30 * 24 * time.Hour

const (
	// pruneStep is how many rows one transaction of Prune changes at most: the
	// writer is held for about 10 ms.
	pruneStep = 500
	// pruneMost is how many rows one look for what to forget finds at most.
	pruneMost = 5000
)

// idle rows of the inbox are handled, and no pending delivery answers them. What is
// poisoned is kept for whoever looks into it.
const idle = "outcome IS NOT NULL AND outcome <> '" + event.OutcomePoisoned + "' AND id NOT IN (SELECT event FROM outbox WHERE status = 'pending')"

// What is left of a body. Rows that hold no JSON, as salvage may find them, lose
// all of it.
const (
	inboxNoTexts = `CASE WHEN json_valid(body) THEN json_remove(body, '$.message.raw', '$.message.text',
		'$.message.url', '$.message.file.name', '$.message.quote', '$.message.quote_id', '$.message.md5', '$.recalled', '$.tickled.notice',
		'$.request.text', '$.request.signature', '$.request.user', '$.request.ticket', '$.reason') END`
	inboxNoTicket = "CASE WHEN json_valid(body) THEN json_remove(body, '$.request.ticket', '$.request.user') END"
	outboxNoTexts = `CASE WHEN json_valid(body) THEN json_remove(body, '$.action.message', '$.action.ticket', '$.action.user',
		'$.action.call', '$.action.webhook') ELSE '{}' END`
	outboxNoTicket = "CASE WHEN json_valid(body) THEN json_remove(body, '$.action.ticket', '$.action.user') ELSE '{}' END"
	// What a restart reads for the pace stays: chat, kind and times.
	outboxBare = `CASE WHEN json_valid(body) THEN json_remove(body, '$.action.message', '$.action.ticket', '$.action.user',
		'$.action.call', '$.action.webhook', '$.action.to', '$.action.remark', '$.chat.name', '$.reason') ELSE '{}' END`
	resultBare = "CASE WHEN json_valid(result) THEN json_remove(result, '$.reason') ELSE '' END"
)

// To name the row's own number among what is set makes SQLite take the row out and
// put it in again: pages join and become free only when rows are taken out.
const (
	setInboxTexts  = "UPDATE inbox SET blank = 1, body = " + inboxNoTexts
	setInboxGone   = "UPDATE inbox SET seq = seq, blank = 2, body = NULL"
	setOutboxTexts = "UPDATE outbox SET blank = 1, body = " + outboxNoTexts
	setOutboxGone  = "UPDATE outbox SET id = id, blank = 2, body = " + outboxBare + ", result = " + resultBare
)

// forgetting is one kind of rows to forget: a query for their numbers, which is run
// beside the writer, and what is done to each. The query's last parameter is how
// many it may give.
type forgetting struct {
	what string
	rows string
	args []any
	set  string
}

// Prune forgets, in one round of at most a few thousand rows, what a policy does
// not keep: tickets of friend requests that were dealt with, then texts, then
// bodies, then ids of very old rows. more tells that there is more to forget and
// Prune is to be called again. It looks through all rows, which takes some 10 ms
// for 100,000 and holds nobody up. An error is one of the database.
func (s *Store) Prune(ctx context.Context, now time.Time, p Policy) (more bool, err error) {
	for _, f := range slices.Concat(p.forgettings(now), kvForgettings(now), traceForgettings(now, p.Traces)) {
		n, err := s.forget(ctx, f)
		if err != nil {
			return false, err
		}
		more = more || n == pruneMost
	}
	if !more && p.MaxBytes > 0 {
		if more, err = s.shrink(ctx, p.MaxBytes); err != nil {
			return false, err
		}
	}
	return more, s.findFloor(ctx)
}

func (p Policy) forgettings(now time.Time) []forgetting {
	const bySeq, byID = " WHERE seq = ?", " WHERE id = ?"
	fs := []forgetting{
		{
			"forget tickets", `SELECT seq FROM inbox WHERE blank < 2 AND instr(body, '"ticket":"') > 0 AND ` + idle + " LIMIT ?", nil,
			"UPDATE inbox SET body = " + inboxNoTicket + bySeq,
		},
		{
			"forget tickets", `SELECT id FROM outbox WHERE kind = 'accept' AND status <> 'pending' AND instr(body, '"ticket":"') > 0 LIMIT ?`, nil,
			"UPDATE outbox SET body = " + outboxNoTicket + byID,
		},
	}
	recall := now.Add(-p.RecallKeep).UnixMilli()
	kept := min(now.Add(-p.Keep).UnixMilli(), recall)
	switch p.History {
	case HistoryFull:
	case HistoryMetadata:
		fs = append(fs, p.textsOf(setInboxTexts+bySeq, setOutboxTexts+byID, recall)...)
	case HistoryOff:
		fallthrough
	default:
		fs = append(fs, p.textsOf(setInboxGone+bySeq, setOutboxGone+byID, recall)...)
		kept = recall
	}
	old := now.Add(-keepIDs).UnixMilli()
	// The newest row of a table stays: its number must not be given to another.
	return append(fs,
		forgetting{"forget messages", "SELECT seq FROM inbox WHERE blank < 2 AND at < ? AND " + idle + " LIMIT ?", []any{kept}, setInboxGone + bySeq},
		forgetting{"forget deliveries", "SELECT id FROM outbox WHERE blank < 2 AND status <> 'pending' AND done_at < ? LIMIT ?", []any{kept}, setOutboxGone + byID},
		forgetting{
			"forget ids", "SELECT seq FROM inbox WHERE came < ? AND at < ? AND outcome IS NOT NULL AND seq < (SELECT max(seq) FROM inbox) LIMIT ?",
			[]any{old, old},
			"DELETE FROM inbox" + bySeq,
		},
		forgetting{
			"forget deliveries", "SELECT id FROM outbox WHERE status <> 'pending' AND done_at < ? AND id < (SELECT max(id) FROM outbox) LIMIT ?",
			[]any{old},
			"DELETE FROM outbox" + byID,
		},
		forgetting{"forget aliases", "SELECT rowid FROM aliases WHERE since < ? LIMIT ?", []any{min(old, kept)}, "DELETE FROM aliases WHERE rowid = ?"},
	)
}

// textsOf forgets texts that no recall needs any more, by age and by number.
func (p Policy) textsOf(setInbox, setOutbox string, before int64) []forgetting {
	return []forgetting{
		{"forget texts", "SELECT seq FROM inbox WHERE blank = 0 AND at < ? AND " + idle + " LIMIT ?", []any{before}, setInbox},
		{"forget texts", `SELECT seq FROM inbox WHERE blank = 0 AND seq <= (
			SELECT seq FROM inbox WHERE blank = 0 ORDER BY seq DESC LIMIT 1 OFFSET ?) AND ` + idle + " LIMIT ?", []any{max(p.RecallMax, 0)}, setInbox},
		{"forget what was said", "SELECT id FROM outbox WHERE blank = 0 AND status <> 'pending' AND done_at < ? LIMIT ?", []any{before}, setOutbox},
	}
}

// forget does one kind of forgetting and tells to how many rows.
func (s *Store) forget(ctx context.Context, f forgetting) (int, error) {
	args := append(slices.Clip(f.args), pruneMost)
	rows, err := s.numbers(ctx, func() (string, []any) { return f.rows, args })
	if err != nil {
		return 0, fmt.Errorf("%s: %w", f.what, err)
	}
	return len(rows), s.each(ctx, f.what, f.set, rows)
}

// each runs a statement for each row, some in a transaction.
func (s *Store) each(ctx context.Context, what, set string, rows []int64) error {
	for some := range slices.Chunk(rows, pruneStep) {
		err := s.update(ctx, func(ctx context.Context, tx *tx) error {
			for _, n := range some {
				if _, err := tx.exec(ctx, set, n); err != nil {
					return fmt.Errorf("%s: %w", what, err)
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

// Size is how many bytes of the database are in use. The file may be larger.
func (s *Store) Size(ctx context.Context) (int64, error) {
	var n int64
	err := s.read.QueryRowContext(ctx, `SELECT (page_count - freelist_count) * page_size
		FROM pragma_page_count, pragma_freelist_count, pragma_page_size`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("size of the database: %w", err)
	}
	return n, nil
}

// shrink forgets the oldest bodies by one round if the database is too large.
func (s *Store) shrink(ctx context.Context, most int64) (more bool, err error) {
	size, err := s.Size(ctx)
	if err != nil || size <= most {
		return false, err
	}
	const what = "forget the oldest messages"
	rows, err := s.numbers(ctx, func() (string, []any) {
		return "SELECT seq FROM inbox WHERE blank < 2 AND " + idle + " ORDER BY at, seq LIMIT ?", []any{pruneStep}
	})
	if err != nil {
		return false, fmt.Errorf("%s: %w", what, err)
	}
	until := int64(math.MaxInt64) // nothing but deliveries is left
	if len(rows) > 0 {
		newest := "SELECT max(at) FROM inbox WHERE seq IN (" + places(len(rows)) + ")"
		if err := s.read.QueryRowContext(ctx, newest, anyNumbers(rows)...).Scan(&until); err != nil {
			return false, fmt.Errorf("%s: %w", what, err)
		}
	}
	sent, err := s.numbers(ctx, func() (string, []any) {
		return "SELECT id FROM outbox WHERE blank < 2 AND status <> 'pending' AND done_at <= ? ORDER BY done_at, id LIMIT ?", []any{until, pruneStep}
	})
	if err != nil {
		return false, fmt.Errorf("%s: %w", what, err)
	}
	traces, err := s.numbers(ctx, func() (string, []any) {
		return "SELECT seq FROM traces WHERE at <= ? ORDER BY seq LIMIT ?", []any{until, pruneStep}
	})
	if err != nil {
		return false, fmt.Errorf("%s: %w", what, err)
	}
	if err := errors.Join(s.each(ctx, what, setInboxGone+" WHERE seq = ?", rows), s.each(ctx, what, dropTrace, traces)); err != nil {
		return false, err
	}
	return len(rows)+len(sent)+len(traces) > 0, s.each(ctx, what, setOutboxGone+" WHERE id = ?", sent)
}

func anyNumbers(numbers []int64) []any {
	out := make([]any, len(numbers))
	for i, n := range numbers {
		out[i] = n
	}
	return out
}
