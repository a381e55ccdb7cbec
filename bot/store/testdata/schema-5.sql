-- A database as version 5 of the schema had it, never changed again.
CREATE TABLE aliases (
	alias TEXT PRIMARY KEY,
	key   TEXT NOT NULL,
	since INTEGER NOT NULL -- Unix milliseconds
);
INSERT INTO "aliases" VALUES('p7','p1',1700000000000);
CREATE TABLE "inbox" (
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
INSERT INTO "inbox" VALUES(1,'done',1700000000000,1700000000000,'p1','rule r',0,0,'{"id":"done","kind":"message","time":"2023-11-14T22:13:20Z","chat":{"kind":"private","key":"p1","name":"小明"},"sender":{},"message":{"type":"text","raw":"你好","text":"你好"}}');
INSERT INTO "inbox" VALUES(2,'waits',1700000000000,1700000000000,'p1',NULL,0,0,'{"id":"waits","kind":"message","time":"2023-11-14T22:13:20Z","chat":{"kind":"private","key":"p1","name":"小明"},"sender":{},"message":{"type":"text","raw":"你好","text":"你好"}}');
CREATE TABLE keys (
	key       TEXT PRIMARY KEY,
	kind      TEXT NOT NULL,
	user_name TEXT NOT NULL DEFAULT '',
	wxid      TEXT NOT NULL DEFAULT '',
	remark    TEXT NOT NULL DEFAULT '',
	nickname  TEXT NOT NULL DEFAULT '',
	seen      INTEGER NOT NULL DEFAULT 0
, avatar TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
INSERT INTO "keys" VALUES('p1','private','@a','','老王','王',0,'');
CREATE TABLE kv (
	id      INTEGER PRIMARY KEY,
	plugin  TEXT NOT NULL,
	key     TEXT NOT NULL,
	expires INTEGER NOT NULL, -- Unix milliseconds; 0: never
	value   NOT NULL,
	UNIQUE (plugin, key)
);
INSERT INTO "kv" VALUES(1,'dice','rolls',0,3.0);
CREATE TABLE kv_ran (
	id      INTEGER PRIMARY KEY,
	event   TEXT NOT NULL,
	handler TEXT NOT NULL,
	n       INTEGER NOT NULL,
	UNIQUE (event, handler)
);
CREATE TABLE meta (
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "meta" VALUES('account_uin','1001');
CREATE TABLE "outbox" (
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
INSERT INTO "outbox" VALUES(1,'sent','p1','reply','m1',1700000000000,1700000001000,'done','rule:r',0,0,'{"not_before":"0001-01-01T00:00:00Z","receipt":{"msg_id":"m1","time":"2023-11-14T22:13:21Z"}}','{"event":"done","handler":"rule:r","n":0,"chat":{"key":"p1"},"action":{"kind":"reply","message":{"text":"hi"},"wait":{},"call":{}},"client_id":"17","created":"2023-11-14T22:13:20Z"}');
INSERT INTO "outbox" VALUES(2,'pending','p1','reply','',1700000000000,0,'done','rule:r',1,0,'','{"event":"done","handler":"rule:r","n":1,"chat":{"key":"p1"},"action":{"kind":"reply","message":{"text":"hi"},"wait":{},"call":{}},"client_id":"17","created":"2023-11-14T22:13:20Z"}');
CREATE TABLE session (
	id   INTEGER PRIMARY KEY CHECK (id = 1),
	body BLOB NOT NULL
);
INSERT INTO "session" VALUES(1,X'7B226B657973223A226F6620612073657373696F6E227D');
CREATE TABLE traces (
	seq   INTEGER PRIMARY KEY,
	at    INTEGER NOT NULL, -- Unix milliseconds
	chat  TEXT NOT NULL,
	blank INTEGER NOT NULL, -- 1: without texts
	body  TEXT NOT NULL
);
INSERT INTO "traces" VALUES(1,1700000000000,'p1',0,'{"time":"2023-11-14T22:13:20Z","event":{"id":"done","kind":"message","time":"2023-11-14T22:13:20Z","chat":{"kind":"private","key":"p1","name":"小明"},"sender":{},"message":{"type":"text","raw":"你好","text":"你好"}},"outcome":"rule r","rules":"0123abcd","held":[{"rule":"r"}],"plugins":[{"plugin":"dice","handler":"on message"}]}');
PRAGMA user_version = 5;
