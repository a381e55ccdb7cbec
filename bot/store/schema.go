package store

import (
	"context"
	"errors"
	"fmt"
)

// migrations bring a database from one version to the next. A migration that was
// released is never changed.
var migrations = []string{
	`
CREATE TABLE meta (
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;

-- At most one row: what is needed to take the session up without a scan.
CREATE TABLE session (
	id   INTEGER PRIMARY KEY CHECK (id = 1),
	body BLOB NOT NULL
);

-- Everything that came. A row without outcome is still to be handled. The body
-- is dropped when it is of no more use; the id stays for a while, so that what
-- the server hands out again is known.
CREATE TABLE inbox (
	seq     INTEGER PRIMARY KEY AUTOINCREMENT,
	id      TEXT NOT NULL UNIQUE,
	at      INTEGER NOT NULL, -- of the event, Unix milliseconds
	body    TEXT,
	outcome TEXT,
	deaths  INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX inbox_unfinished ON inbox (seq) WHERE outcome IS NULL;
CREATE INDEX inbox_body ON inbox (at) WHERE body IS NOT NULL;

-- Everything that was decided. (event, handler, n) keeps a handler that runs
-- again from deciding a thing twice.
CREATE TABLE outbox (
	id      INTEGER PRIMARY KEY AUTOINCREMENT,
	event   TEXT NOT NULL,
	handler TEXT NOT NULL,
	n       INTEGER NOT NULL,
	chat    TEXT NOT NULL,
	status  TEXT NOT NULL,
	msg_id  TEXT NOT NULL DEFAULT '',
	done_at INTEGER NOT NULL DEFAULT 0, -- Unix milliseconds
	body    TEXT NOT NULL,
	UNIQUE (event, handler, n)
);
CREATE INDEX outbox_pending ON outbox (id) WHERE status = 'pending';
CREATE INDEX outbox_chat ON outbox (chat, id) WHERE msg_id <> '';

-- The daemon's own keys for people and groups.
CREATE TABLE keys (
	key       TEXT PRIMARY KEY,
	kind      TEXT NOT NULL,
	user_name TEXT NOT NULL DEFAULT '',
	wxid      TEXT NOT NULL DEFAULT '',
	remark    TEXT NOT NULL DEFAULT '',
	nickname  TEXT NOT NULL DEFAULT '',
	seen      INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
`,
	`
-- When an event came here, Unix milliseconds: its id is kept from then on,
-- however old the server says it is.
ALTER TABLE inbox ADD COLUMN came INTEGER NOT NULL DEFAULT 0;

-- The body of a delivery is what was decided and does not change; the result is
-- what became of it. Bodies of version 1 hold both.
ALTER TABLE outbox ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN result TEXT NOT NULL DEFAULT '';

-- What was said is dropped from a row that is done and of no more use.
ALTER TABLE outbox ADD COLUMN blank INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_body ON outbox (done_at) WHERE blank = 0 AND status <> 'pending';
`,
	`
-- An index costs as much as the row at every write. What is looked for here is
-- near the end, by the row's number; only ids are looked up.
CREATE TABLE inbox_3 (
	seq     INTEGER PRIMARY KEY,
	id      TEXT NOT NULL UNIQUE,
	at      INTEGER NOT NULL, -- of the event, Unix milliseconds
	came    INTEGER NOT NULL, -- here, Unix milliseconds
	chat    TEXT NOT NULL,
	outcome TEXT,
	deaths  INTEGER NOT NULL, -- of the process, in a row, while it was handled
	blank   INTEGER NOT NULL, -- 0: all of it is there, 1: no texts, 2: nothing but what later rows are compared with
	body    TEXT
);
INSERT INTO inbox_3 SELECT seq, id, at, came, COALESCE(json_extract(body, '$.chat.key'), ''), outcome, deaths, CASE WHEN body IS NULL THEN 2 ELSE 0 END, body FROM inbox;
DROP TABLE inbox;
ALTER TABLE inbox_3 RENAME TO inbox;

CREATE TABLE outbox_3 (
	id      INTEGER PRIMARY KEY,
	status  TEXT NOT NULL,
	chat    TEXT NOT NULL,
	kind    TEXT NOT NULL,
	msg_id  TEXT NOT NULL,
	made    INTEGER NOT NULL, -- Unix milliseconds
	done_at INTEGER NOT NULL, -- Unix milliseconds
	event   TEXT NOT NULL,
	handler TEXT NOT NULL,
	n       INTEGER NOT NULL,
	blank   INTEGER NOT NULL,
	result  TEXT NOT NULL,
	body    TEXT NOT NULL
);
INSERT INTO outbox_3 SELECT id, status, chat, kind, msg_id, done_at, done_at, event, handler, n, blank, result, body FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_3 RENAME TO outbox;

-- What changes only with the picture.
ALTER TABLE keys ADD COLUMN avatar TEXT NOT NULL DEFAULT '';

-- Keys that were made before an account was recognised, and the keys that it had
-- already: rows of that time bear the former.
CREATE TABLE aliases (
	alias TEXT PRIMARY KEY,
	key   TEXT NOT NULL,
	since INTEGER NOT NULL -- Unix milliseconds
);
`,
	`
-- What plugins keep: a REAL is a number, a BLOB anything else.
CREATE TABLE kv (
	id      INTEGER PRIMARY KEY,
	plugin  TEXT NOT NULL,
	key     TEXT NOT NULL,
	expires INTEGER NOT NULL, -- Unix milliseconds; 0: never
	value   NOT NULL,
	UNIQUE (plugin, key)
);

-- How many of its writes a handler has committed for an event that is not done: if
-- it runs again, it must not repeat them.
CREATE TABLE kv_ran (
	id      INTEGER PRIMARY KEY,
	event   TEXT NOT NULL,
	handler TEXT NOT NULL,
	n       INTEGER NOT NULL,
	UNIQUE (event, handler)
);
`,
	`
-- What became of each event, for whoever asks why. The position is that of the inbox.
CREATE TABLE traces (
	seq   INTEGER PRIMARY KEY,
	at    INTEGER NOT NULL, -- Unix milliseconds
	chat  TEXT NOT NULL,
	blank INTEGER NOT NULL, -- 1: without texts
	body  TEXT NOT NULL
);
`,
}

// NewerError tells that a later version of wxbot wrote the database.
type NewerError struct{ Have, Know int }

func (e *NewerError) Error() string {
	return fmt.Sprintf("its version %d is newer than %d, the newest that this wxbot knows: use the wxbot that wrote it, or restore a backup", e.Have, e.Know)
}

// migrate brings the database to the newest version, each step in a transaction.
func (s *Store) migrate(ctx context.Context) error {
	var have int
	if err := s.write.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return hint(err)
	}
	if have > len(migrations) {
		return &NewerError{Have: have, Know: len(migrations)}
	}
	for v := have; v < len(migrations); v++ {
		tx, err := s.write.BeginTx(ctx, nil)
		if err != nil {
			return hint(err)
		}
		_, err = tx.ExecContext(ctx, migrations[v])
		if err == nil {
			_, err = tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", v+1))
		}
		if err != nil {
			return errors.Join(fmt.Errorf("migrate to version %d: %w", v+1, hint(err)), rolledBack(tx.Rollback()))
		}
		if err := tx.Commit(); err != nil {
			return fmt.Errorf("migrate to version %d: %w", v+1, hint(err))
		}
	}
	return nil
}
