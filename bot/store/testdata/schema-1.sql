-- A database as version 1 of the schema had it, never changed again.
CREATE TABLE inbox (
	seq     INTEGER PRIMARY KEY AUTOINCREMENT,
	id      TEXT NOT NULL UNIQUE,
	at      INTEGER NOT NULL, -- of the event, Unix milliseconds
	body    TEXT,
	outcome TEXT,
	deaths  INTEGER NOT NULL DEFAULT 0
);
INSERT INTO "inbox" VALUES(1,'done',1700000000000,'{"id":"done","kind":"message","time":"2023-11-14T22:13:20Z","chat":{"kind":"private","key":"p1","name":"小明"},"sender":{},"message":{"type":"text","raw":"你好","text":"你好"}}','rule r',0);
INSERT INTO "inbox" VALUES(2,'waits',1700000000000,'{"id":"waits","kind":"message","time":"2023-11-14T22:13:20Z","chat":{"kind":"private","key":"p1","name":"小明"},"sender":{},"message":{"type":"text","raw":"你好","text":"你好"}}',NULL,0);
CREATE TABLE keys (
	key       TEXT PRIMARY KEY,
	kind      TEXT NOT NULL,
	user_name TEXT NOT NULL DEFAULT '',
	wxid      TEXT NOT NULL DEFAULT '',
	remark    TEXT NOT NULL DEFAULT '',
	nickname  TEXT NOT NULL DEFAULT '',
	seen      INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
INSERT INTO "keys" VALUES('p1','private','@a','','老王','王',0);
CREATE TABLE meta (
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "meta" VALUES('account_uin','1001');
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
INSERT INTO "outbox" VALUES(1,'done','rule:r',0,'p1','sent','m1',1700000001000,'{"event":"done","handler":"rule:r","n":0,"chat":{"key":"p1"},"action":{"kind":"reply","message":{"text":"hi"},"wait":{},"call":{}},"client_id":"17","created":"2023-11-14T22:13:20Z","not_before":"0001-01-01T00:00:00Z","receipt":{"msg_id":"m1","time":"2023-11-14T22:13:21Z"},"status":"sent"}');
INSERT INTO "outbox" VALUES(2,'done','rule:r',1,'p1','pending','',0,'{"event":"done","handler":"rule:r","n":1,"chat":{"key":"p1"},"action":{"kind":"reply","message":{"text":"hi"},"wait":{},"call":{}},"client_id":"17","created":"2023-11-14T22:13:20Z","status":"pending"}');
CREATE TABLE session (
	id   INTEGER PRIMARY KEY CHECK (id = 1),
	body BLOB NOT NULL
);
INSERT INTO "session" VALUES(1,X'7B226B657973223A226F6620612073657373696F6E227D');
CREATE INDEX inbox_unfinished ON inbox (seq) WHERE outcome IS NULL;
CREATE INDEX inbox_body ON inbox (at) WHERE body IS NOT NULL;
CREATE INDEX outbox_pending ON outbox (id) WHERE status = 'pending';
CREATE INDEX outbox_chat ON outbox (chat, id) WHERE msg_id <> '';
PRAGMA user_version = 1;
