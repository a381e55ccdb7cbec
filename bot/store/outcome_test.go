package store_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/event"
	"wxbot/bot/store"
)

func add(t *testing.T, s *store.Store, ds ...event.Delivery) []event.Delivery {
	t.Helper()
	out, err := s.Append(t.Context(), "", false, ds)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func resolve(t *testing.T, s *store.Store, r event.Result) {
	t.Helper()
	if _, err := s.Resolve(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func sent(id int64, msg, chat string) event.Result {
	return event.Result{
		ID: id, Status: event.StatusSent,
		Receipt: event.Receipt{MsgID: msg, Chat: chat, Time: time.Unix(1_700_000_001, 0)},
	}
}

func lastSent(t *testing.T, s *store.Store, chat string) string {
	t.Helper()
	d, ok, err := s.LastSent(t.Context(), chat)
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return ""
	}
	return d.Receipt.MsgID
}

// A message that an event of one chat sent to another is the last of the other.
func TestLastSentIsOfTheChatThatGotIt(t *testing.T) {
	s := open(t, t.TempDir())
	ds := add(t, s, delivery("a", 0), delivery("a", 1))
	resolve(t, s, sent(ds[0].ID, "here", "p1"))
	resolve(t, s, sent(ds[1].ID, "elsewhere", "g1"))
	if got := lastSent(t, s, "p1"); got != "here" {
		t.Errorf("last sent to p1 = %q", got)
	}
	if got := lastSent(t, s, "g1"); got != "elsewhere" {
		t.Errorf("last sent to g1 = %q", got)
	}
}

func TestLastSentPassesOverWhatWasRevoked(t *testing.T) {
	s := open(t, t.TempDir())
	byID, byChat := delivery("r", 0), delivery("r", 1)
	byID.Action, byChat.Action = event.Action{Kind: event.ActRevoke}, event.Action{Kind: event.ActRevoke}
	ds := add(t, s, delivery("a", 0), delivery("a", 1), delivery("a", 2))
	for i, d := range ds {
		resolve(t, s, sent(d.ID, "m"+string(rune('0'+i)), "p1"))
	}
	byID.Action.Revoke = "2"
	revokes := add(t, s, byID, byChat)
	withdrew := func(revocation, message int64) event.Result {
		r := sent(revocation, "", "")
		r.Receipt.Withdrawn = message
		return r
	}
	resolve(t, s, withdrew(revokes[0].ID, ds[1].ID))
	if got := lastSent(t, s, "p1"); got != "m2" {
		t.Errorf("after revoking m1 the last is %q", got)
	}
	resolve(t, s, withdrew(revokes[1].ID, ds[2].ID))
	if got := lastSent(t, s, "p1"); got != "m0" {
		t.Errorf("after revoking the last as well it is %q", got)
	}
}

func TestFailedStepFailsTheRestWithIt(t *testing.T) {
	s := open(t, t.TempDir())
	ds := add(t, s, delivery("a", 0), delivery("a", 1), delivery("b", 0))
	resolve(t, s, event.Result{ID: ds[0].ID, Status: event.StatusUnknown, Reason: "no answer", Rest: []int64{ds[1].ID}, RestReason: "step 1 ended as unknown"})
	pending, err := s.Pending(t.Context())
	if err != nil || len(pending) != 1 || pending[0].ID != ds[2].ID {
		t.Errorf("pending = %+v, %v; want the other event's only", pending, err)
	}
	if d, err := s.Delivery(t.Context(), ds[1].ID); err != nil || d.Status != event.StatusFailed || d.Reason != "step 1 ended as unknown" {
		t.Errorf("second step: %s, %q, %v", d.Status, d.Reason, err)
	}
}

func TestRecentTellsWhatWentOut(t *testing.T) {
	s := open(t, t.TempDir())
	ds := add(t, s, delivery("a", 0), delivery("a", 1), delivery("a", 2), delivery("a", 3))
	start := time.Unix(1_700_000_000, 0)
	for i, st := range []event.Status{event.StatusSent, event.StatusUnknown, event.StatusFailed, event.StatusSent} {
		resolve(t, s, event.Result{ID: ds[i].ID, Status: st, Receipt: event.Receipt{Time: start.Add(time.Duration(i) * time.Hour)}})
	}
	got, err := s.Recent(t.Context(), start.Add(30*time.Minute))
	var ids []int64
	for _, d := range got {
		ids = append(ids, d.ID)
	}
	if err != nil || !slices.Equal(ids, []int64{ds[1].ID, ds[3].ID}) {
		t.Errorf("recent = %v, %v; want what was sent or may have been in that time", ids, err)
	}
}

func TestPruneForgetsTextsAndTicketsOfWhatWasSent(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	done, waiting := delivery("a", 0), delivery("b", 0)
	for _, d := range []*event.Delivery{&done, &waiting} {
		d.Action.Message.Text, d.Action.Ticket = "private text", "secret ticket"
	}
	ds := add(t, s, done, waiting)
	resolve(t, s, sent(ds[0].ID, "m1", "p1"))
	prune(t, s, done.Created.Add(time.Hour), store.Policy{RecallKeep: 10 * time.Minute, RecallMax: 1000})
	got, err := s.Delivery(t.Context(), ds[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Action.Message.Text != "" || got.Action.Ticket != "" {
		t.Errorf("still kept: %+v", got.Action)
	}
	if got.Receipt.MsgID != "m1" || got.Action.Kind != event.ActReply || got.Chat.Key != "p1" || got.Status != event.StatusSent {
		t.Errorf("too much was forgotten: %+v", got)
	}
	if got, err := s.Delivery(t.Context(), ds[1].ID); err != nil || got.Action.Message.Text == "" || got.Action.Ticket == "" {
		t.Errorf("what still waits was forgotten: %+v, %v", got.Action, err)
	}
}

// Rows that version 1 wrote hold decision and outcome in one body.
func TestVersion1IsMigratedWithWhatItHolds(t *testing.T) {
	dir := t.TempDir()
	version1(t, dir)
	s := open(t, dir)
	d, ok, err := s.LastSent(t.Context(), "p1")
	if err != nil || !ok || d.Receipt.MsgID != "m1" || d.Action.Message.Text != "hi" || d.Status != event.StatusSent || d.Tries != 3 {
		t.Errorf("delivery = %+v, %v, %v", d, ok, err)
	}
	if got := commit(t, s, "x"); len(got) != 0 {
		t.Error("a known message is new after the migration")
	}
}

// version1 makes a database as version 1 would have.
func version1(t *testing.T, dir string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "wxbot.db"))
	if err != nil {
		t.Fatal(err)
	}
	const body = `{"event":"a","handler":"rule:r","n":0,"chat":{"key":"p1"},"action":{"kind":"reply","message":{"text":"hi"}},` +
		`"client_id":"17","status":"sent","receipt":{"msg_id":"m1","time":"2026-01-01T00:00:00Z"},"reason":"why","tries":3}`
	for _, q := range []string{
		store.Version1, "PRAGMA user_version = 1", "INSERT INTO inbox (id, at, body) VALUES ('x', 1, '{}')",
		"INSERT INTO outbox (event, handler, n, chat, status, msg_id, done_at, body) VALUES ('a', 'rule:r', 0, 'p1', 'sent', 'm1', 1, '" + body + "')",
	} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// What the server hands out late is as old as it says, but its id is new here.
func TestPruneKeepsTheIDOfAnOldMessageThatCameLately(t *testing.T) {
	s := open(t, t.TempDir())
	finish(t, s, commit(t, s, "late", "later"), "expired") // their time is years ago
	prune(t, s, time.Now(), store.Policy{RecallKeep: 10 * time.Minute, RecallMax: 1000})
	if got := commit(t, s, "late"); len(got) != 0 {
		t.Error("it came again as new")
	}
}

func TestDamagedPageIsFoundAtOpen(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for i := range 40 {
		commit(t, s, strings.Repeat("x", 20)+string(rune('a'+i)))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "wxbot.db")
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	for at := int64(4096); at+4096 <= st.Size(); at += 4096 {
		if _, err := f.WriteAt(bytes.Repeat([]byte{0x5a}, 2048), at); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s, err = store.Open(t.Context(), store.Options{Dir: dir, Logger: zerolog.New(&log)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	commit(t, s, "new")
	if aside, err := filepath.Glob(path + ".corrupt-*"); err != nil || len(aside) == 0 || !strings.Contains(log.String(), aside[0]) {
		t.Errorf("moved aside %v, %v; log: %s", aside, err, log.String())
	}
}

func TestFullDiskIsSaidAndLosesNothing(t *testing.T) {
	s := open(t, t.TempDir())
	commit(t, s, "before")
	if err := s.LimitPages(t.Context(), 1); err != nil { // SQLite takes the present size
		t.Fatal(err)
	}
	var stopped error
	acknowledged := []string{"before"}
	for i := range 1000 {
		ev := message(strings.Repeat("x", i+1))
		ev.Message.Text = strings.Repeat("长", 500)
		if _, stopped = s.Commit(t.Context(), nil, []event.Event{ev}); stopped != nil {
			break
		}
		acknowledged = append(acknowledged, ev.ID)
	}
	if stopped == nil || !strings.Contains(stopped.Error(), "disk is full") {
		t.Fatalf("full disk: %v", stopped)
	}
	if err := s.LimitPages(t.Context(), 1<<20); err != nil {
		t.Fatal(err)
	}
	if got := commit(t, s, "after"); len(got) != 1 {
		t.Error("nothing can be written after there is room again")
	}
	all, err := s.Unfinished(t.Context(), "", 0, 2000)
	if want := append(acknowledged, "after"); err != nil || !slices.Equal(idsOf(all), want) {
		t.Errorf("stored %d events, %v; want %d", len(all), err, len(want))
	}
}

// Every write that Close overtakes is either done or refused, and says so.
func TestCloseAnswersEveryWriter(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var done []string
	for i := range 64 {
		wg.Go(func() {
			for n := range 50 {
				id := string(rune('a'+i)) + string(rune('a'+n))
				if got, err := s.Commit(t.Context(), nil, []event.Event{message(id)}); err != nil || len(got) != 1 {
					return
				}
				mu.Lock()
				done = append(done, id)
				mu.Unlock()
			}
		})
	}
	commit(t, s, "first")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	s = open(t, dir)
	all, err := s.Unfinished(t.Context(), "", 0, 10000)
	if err != nil {
		t.Fatal(err)
	}
	got, want := idsOf(all), append(done, "first")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d stored, %d acknowledged", len(got), len(want))
	}
}
