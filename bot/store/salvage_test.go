package store_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"wxbot/bot/event"
	"wxbot/bot/store"
)

// page is the size of a database page.
const page = 4096

// valuable fills a store: a session, 200 keys, 900 messages of which every third
// is unfinished, and an answer to each of the others, every second of which waits.
func valuable(t *testing.T, s *store.Store) {
	t.Helper()
	var events []event.Event
	var done []string
	var ds []event.Delivery
	for n := range 900 {
		ev := said(n, event.Chat{Kind: event.ChatPrivate, Key: "p1", Name: "甲"}, "p1", "甲", "话")
		events = append(events, ev)
		if n%3 != 0 {
			done = append(done, ev.ID)
			ds = append(ds, delivery(ev.ID, 0))
		}
	}
	if _, err := s.Commit(t.Context(), []byte(`{"session":"`+strings.Repeat("k", 3000)+`"}`), events); err != nil {
		t.Fatal(err)
	}
	finishIDs(t, s, "rule r", done...)
	out := add(t, s, ds...)
	var rows []store.KeyRow
	for n := range 200 {
		rows = append(rows, store.KeyRow{Key: fmt.Sprintf("p%d", n+1), Kind: "private", Nickname: strings.Repeat("名", 30)})
	}
	if err := s.PutKeys(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	if err := s.SetMeta(t.Context(), "account", "12345"); err != nil {
		t.Fatal(err)
	}
	for i, d := range out {
		if i%2 == 0 {
			resolve(t, s, sent(d.ID, "m", "p1"))
		}
	}
}

// saved is what a store holds of valuable's.
type saved struct {
	session                   bool
	keys, unfinished, pending int
	known                     int // messages that do not count as new
	account                   string
}

func savedIn(t *testing.T, s *store.Store) saved {
	t.Helper()
	var got saved
	b, err := s.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got.session = b != nil
	keys, err := s.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got.keys = len(keys)
	left, err := s.Unfinished(t.Context(), "", 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	got.unfinished = len(left)
	pending, err := s.Pending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got.pending = len(pending)
	for _, d := range pending {
		if d.Action.Message.Text != "hi" {
			t.Errorf("a delivery was made up: %+v", d)
		}
	}
	if got.account, err = s.Meta(t.Context(), "account"); err != nil {
		t.Fatal(err)
	}
	var events []event.Event
	for n := range 900 {
		events = append(events, said(n, event.Chat{Key: "p1"}, "p1", "甲", "话"))
	}
	fresh, err := s.Commit(t.Context(), nil, events)
	if err != nil {
		t.Fatal(err)
	}
	got.known = 900 - len(fresh)
	return got
}

var everything = saved{session: true, keys: 200, unfinished: 300, pending: 300, known: 900, account: "12345"}

// damaged opens a store whose files were damaged while it was closed.
func damaged(t *testing.T, damage func(t *testing.T, path string)) (s *store.Store, log string) {
	t.Helper()
	dir := t.TempDir()
	first, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	valuable(t, first)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	return reopened(t, dir, damage)
}

func reopened(t *testing.T, dir string, damage func(t *testing.T, path string)) (s *store.Store, log string) {
	t.Helper()
	damage(t, filepath.Join(dir, "wxbot.db"))
	var out bytes.Buffer
	s, err := store.Open(t.Context(), store.Options{Dir: dir, Logger: zerolog.New(&out)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	for _, left := range []string{"salvage", "wxbot.db.new"} {
		if _, err := os.Stat(filepath.Join(dir, left)); err == nil {
			t.Errorf("%s is left behind", left)
		}
	}
	return s, out.String()
}

// overwrite writes into a file.
func overwrite(t *testing.T, path string, at int64, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return st.Size()
}

func TestDatabaseWhoseStartIsGoneIsSavedWhole(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long, above all with the race detector")
	}
	for name, size := range map[string]int{"header": 100, "first page": page} {
		t.Run(name, func(t *testing.T) {
			s, log := damaged(t, func(t *testing.T, path string) {
				t.Helper()
				overwrite(t, path, 0, make([]byte, size))
			})
			if got := savedIn(t, s); got != everything {
				t.Errorf("saved %+v, want %+v", got, everything)
			}
			if !strings.Contains(log, "no scan is needed") || !strings.Contains(log, `"keys":200`) || !strings.Contains(log, `"pending":300`) {
				t.Errorf("log: %s", log)
			}
		})
	}
}

func TestFileThatIsNoDatabaseIsReplacedAndSaysSo(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, path string){
		"text": func(t *testing.T, path string) {
			t.Helper()
			if err := os.WriteFile(path, bytes.Repeat([]byte("no database\n"), 10_000), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"one page of it": func(t *testing.T, path string) {
			t.Helper()
			if err := os.Truncate(path, page/2); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, log := damaged(t, damage)
			if got := savedIn(t, s); got != (saved{}) {
				t.Errorf("saved %+v of nothing", got)
			}
			if !strings.Contains(log, "the account must be scanned again") || strings.Contains(log, "no scan") {
				t.Errorf("log: %s", log)
			}
		})
	}
}

// Whatever pages are hit, the rest is found, and what is found is what was stored.
func TestPagesOverwrittenInTheMiddle(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long, above all with the race detector")
	}
	for seed := range uint64(5) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			hit := 0
			s, log := damaged(t, func(t *testing.T, path string) {
				t.Helper()
				pages := sizeOf(t, path) / page
				for range 3 {
					b := make([]byte, page)
					for i := range b {
						b[i] = byte(r.Uint32())
					}
					overwrite(t, path, page*(1+r.Int64N(pages-1)), b)
					hit++
				}
			})
			got := savedIn(t, s)
			t.Logf("saved %+v", got)
			// A page of leaves holds some ten rows; one of branches may cost all of
			// a table, but not of all tables.
			if got.known < 600 && got.pending < 200 && got.keys < 100 {
				t.Errorf("saved only %+v after %d pages; log: %s", got, hit, log)
			}
			if got.session != strings.Contains(log, "no scan is needed") && log != "" {
				t.Errorf("session saved: %v; log: %s", got.session, log)
			}
		})
	}
}

func TestLeafOfTheInboxLostCostsItsRowsOnly(t *testing.T) {
	s, log := damaged(t, func(t *testing.T, path string) {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// The page that holds the body of a message in the middle.
		at := int64(bytes.Index(b, []byte(`{"id":"p1-p1-450"`)))
		if at < 0 {
			t.Fatal("message not found in the file")
		}
		overwrite(t, path, at/page*page, bytes.Repeat([]byte{0xee}, page))
	})
	got := savedIn(t, s)
	if got.known < 850 || got.known >= 900 || got.keys != 200 || got.pending != 300 || !got.session {
		t.Errorf("saved %+v; log: %s", got, log)
	}
	if !strings.Contains(log, "may go unanswered") {
		t.Errorf("what was lost is not told: %s", log)
	}
}

func TestTruncatedDatabase(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long, above all with the race detector")
	}
	for _, part := range []int64{3, 2} {
		s, log := damaged(t, func(t *testing.T, path string) {
			t.Helper()
			if err := os.Truncate(path, sizeOf(t, path)/part/page*page); err != nil {
				t.Fatal(err)
			}
		})
		got := savedIn(t, s)
		t.Logf("a %dth of the file: saved %+v", part, got)
		if got.known == 0 || !strings.Contains(log, "database damaged") {
			t.Errorf("saved %+v; log: %s", got, log)
		}
	}
}

// A log of SQLite that is damaged ends where the damage begins; what was committed
// before that stays.
func TestDamagedLogOfSQLite(t *testing.T) {
	live := t.TempDir()
	s := open(t, live)
	valuable(t, s)
	dir := t.TempDir()
	for _, name := range []string{"wxbot.db", "wxbot.db-wal"} {
		b, err := os.ReadFile(filepath.Join(live, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	after, log := reopened(t, dir, func(t *testing.T, path string) {
		t.Helper()
		wal := path + "-wal"
		overwrite(t, wal, sizeOf(t, wal)/2, bytes.Repeat([]byte{0xee}, 2*page))
	})
	got := savedIn(t, after)
	t.Logf("saved %+v; log: %s", got, log)
	if got.known != 900 || !got.session {
		t.Errorf("what was committed before the damage is lost: %+v; log: %s", got, log)
	}
}

func TestKeysOfADamagedDatabaseAreNotGivenAgain(t *testing.T) {
	s, _ := damaged(t, func(t *testing.T, path string) {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		at := int64(bytes.LastIndex(b, []byte("p200private")))
		if at < 0 {
			t.Fatal("key not found in the file")
		}
		overwrite(t, path, at/page*page, bytes.Repeat([]byte{0xee}, page))
	})
	n, err := s.HighestKey(t.Context())
	if err != nil || n < 200 {
		t.Errorf("highest key = %d, %v; p200 may have been somebody", n, err)
	}
}

// A kill in the middle of a rebuilding leaves it to the next start.
func TestRebuildingIsTakenUp(t *testing.T) {
	for name, tc := range map[string]struct {
		at   func(t *testing.T, path string)
		want saved
	}{
		"before the damaged one was moved": {func(t *testing.T, path string) {
			t.Helper()
			overwrite(t, path, 0, make([]byte, 100))
			if err := os.WriteFile(path+".new", []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Join(filepath.Dir(path), "salvage"), 0o700); err != nil {
				t.Fatal(err)
			}
		}, everything},
		"after": {func(t *testing.T, path string) {
			t.Helper()
			if err := os.Rename(path, path+".new"); err != nil {
				t.Fatal(err)
			}
		}, everything},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := damaged(t, tc.at)
			if got := savedIn(t, s); got != tc.want {
				t.Errorf("saved %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestOlderDamagedDatabaseIsSaved(t *testing.T) {
	dir := t.TempDir()
	version1(t, dir)
	s, log := reopened(t, dir, func(t *testing.T, path string) {
		t.Helper()
		overwrite(t, path, 0, make([]byte, 100))
	})
	if d, ok, err := s.LastSent(t.Context(), "p1"); err != nil || !ok || d.Receipt.MsgID != "m1" {
		t.Errorf("delivery = %+v, %v, %v; log: %s", d, ok, err, log)
	}
	if got := commit(t, s, "x"); len(got) != 0 {
		t.Error("a known message is new after the rebuilding")
	}
}

// A row that can be read and makes no sense is not acted on, and is known.
func TestSavedRowsMakeSense(t *testing.T) {
	s, log := damaged(t, func(t *testing.T, path string) {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, start := range []string{`{"id":"p1-p1-450"`, `{"event":"p1-p1-452"`} { // the one unfinished, the other pending
			at := bytes.LastIndex(b, []byte(start))
			if at < 0 {
				t.Fatalf("%s not found in the file", start)
			}
			overwrite(t, path, int64(at), []byte("####"))
		}
		overwrite(t, path, 0, make([]byte, 100))
	})
	pending, err := s.Pending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := everything
	want.unfinished--
	for _, d := range pending {
		if d.Event == "p1-p1-452" {
			t.Error("a delivery that makes no sense is still pending")
		}
	}
	want.pending = len(pending)
	if got := savedIn(t, s); got != want || len(pending) < 299 {
		t.Errorf("saved %+v, want %+v; log: %s", got, want, log)
	}
	if !strings.Contains(log, `"unreadable":2`) {
		t.Errorf("log: %s", log)
	}
}
