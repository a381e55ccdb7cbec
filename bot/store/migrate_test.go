package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wxbot/bot/event"
	"wxbot/bot/store"
)

// earlier makes a state directory with the database of an earlier version, as
// testdata has it. Every version has its file, the newest too: it is there before the next.
func earlier(t *testing.T, version int) (dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", fmt.Sprintf("schema-%d.sql", version)))
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(string(text)); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestEveryEarlierVersionIsMigratedWithWhatItHolds(t *testing.T) {
	fresh, err := open(t, t.TempDir()).Columns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join("testdata", "schema-*.sql"))
	if err != nil || len(files) < store.Newest {
		t.Fatalf("%d files for %d versions, %v", len(files), store.Newest, err)
	}
	for version := range len(files) {
		version++
		t.Run(fmt.Sprintf("version %d", version), func(t *testing.T) {
			s := open(t, earlier(t, version))
			got, err := s.Columns(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(fresh, "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("columns differ from those of a new database:\n%s", diff)
			}
			holds(t, s, version)
		})
	}
}

// holds checks what the files of testdata hold.
func holds(t *testing.T, s *store.Store, version int) {
	t.Helper()
	ctx := t.Context()
	if b, err := s.Session(ctx); err != nil || string(b) != `{"keys":"of a session"}` {
		t.Errorf("session %q, %v", b, err)
	}
	if v, err := s.Meta(ctx, "account_uin"); err != nil || v != "1001" {
		t.Errorf("account %q, %v", v, err)
	}
	all, err := s.Unfinished(ctx, "", 0, 10)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d unfinished, %v", len(all), err)
	}
	if diff := cmp.Diff(message("waits"), all[0].Event); diff != "" {
		t.Errorf("what waits:\n%s", diff)
	}
	if got := commit(t, s, "done", "waits", "new"); len(got) != 1 {
		t.Errorf("new after the migration: %q", idsOf(got))
	}
	pending, err := s.Pending(ctx)
	if err != nil || len(pending) != 1 || pending[0].N != 1 || pending[0].Action.Message.Text != "hi" || pending[0].ClientID != "17" {
		t.Errorf("pending %+v, %v", pending, err)
	}
	d, ok, err := s.LastSent(ctx, "p1")
	if err != nil || !ok || d.Status != event.StatusSent || d.Receipt.MsgID != "m1" || d.Handler != "rule:r" {
		t.Errorf("sent %+v, %v, %v", d, ok, err)
	}
	rows, err := s.Keys(ctx)
	if err != nil || len(rows) != 1 || rows[0].Remark != "老王" {
		t.Errorf("keys %+v, %v", rows, err)
	}
	if version >= 3 {
		if a, err := s.Aliases(ctx); err != nil || a["p7"] != "p1" {
			t.Errorf("aliases %v, %v", a, err)
		}
	}
	if version >= 4 {
		if _, ok, err := s.KVGet(ctx, "dice", "rolls", time.Now()); err != nil || !ok {
			t.Errorf("what a plugin keeps: %v, %v", ok, err)
		}
	}
	if version >= 5 {
		got, err := s.Traces(ctx, store.TraceQuery{ID: "done", Limit: 10})
		if err != nil || len(got) != 1 || got[0].Event.Message.Text != "你好" || got[0].Rules != "0123abcd" || len(got[0].Held) != 1 {
			t.Errorf("traces %+v, %v", got, err)
		}
	}
}
