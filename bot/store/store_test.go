package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wxbot/bot/event"
	"wxbot/bot/store"
)

// killDir, if set, makes this test binary a writer that is to be killed.
const killDir = "WXBOT_STORE_KILL_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		if err := writeUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func open(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func message(id string) event.Event {
	return event.Event{
		ID: id, Kind: event.KindMessage, Time: time.Unix(1_700_000_000, 0).UTC(),
		Chat:    event.Chat{Kind: event.ChatPrivate, Key: "p1", Name: "小明"},
		Message: &event.Message{Type: event.TypeText, Text: "你好", Raw: "你好"},
	}
}

func delivery(ev string, n int) event.Delivery {
	return event.Delivery{
		Event: ev, Handler: "rule:r", N: n, Chat: event.Chat{Key: "p1"}, ClientID: "17",
		Action:  event.Action{Kind: event.ActReply, Message: event.Outgoing{Text: "hi"}},
		Created: time.Unix(1_700_000_000, 0).UTC(),
	}
}

func commit(t *testing.T, s *store.Store, ids ...string) []event.Entry {
	t.Helper()
	var events []event.Event
	for _, id := range ids {
		events = append(events, message(id))
	}
	fresh, err := s.Commit(t.Context(), nil, events)
	if err != nil {
		t.Fatal(err)
	}
	return fresh
}

func seqsOf(entries []event.Entry) []int64 {
	var out []int64
	for _, e := range entries {
		out = append(out, e.Seq)
	}
	return out
}

func finish(t *testing.T, s *store.Store, entries []event.Entry, outcome string, ds ...event.Delivery) []event.Delivery {
	t.Helper()
	out, err := s.Finish(t.Context(), seqsOf(entries), outcome, ds)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func idsOf(entries []event.Entry) []string {
	var out []string
	for _, e := range entries {
		out = append(out, e.Event.ID)
	}
	return out
}

func TestCommitDropsWhatIsKnownOverRestarts(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if got := idsOf(commit(t, s, "a", "b", "a")); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("fresh = %q", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if got := idsOf(commit(t, s, "b", "c")); !slices.Equal(got, []string{"c"}) {
		t.Errorf("fresh after a restart = %q", got)
	}
	all, err := s.Unfinished(t.Context(), "", 0, 10)
	if err != nil || !slices.Equal(idsOf(all), []string{"a", "b", "c"}) {
		t.Errorf("unfinished = %q, %v", idsOf(all), err)
	}
	if diff := cmp.Diff(message("a"), all[0].Event); diff != "" {
		t.Errorf("event changed in the store:\n%s", diff)
	}
}

func TestSessionIsWrittenWithTheEvents(t *testing.T) {
	s := open(t, t.TempDir())
	if b, err := s.Session(t.Context()); b != nil || err != nil {
		t.Errorf("fresh store: %q, %v", b, err)
	}
	if _, err := s.Commit(t.Context(), []byte("keys 1"), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(t.Context(), []byte("keys 2"), []event.Event{message("a")}); err != nil {
		t.Fatal(err)
	}
	commit(t, s, "b") // leaves the session alone
	if b, err := s.Session(t.Context()); string(b) != "keys 2" || err != nil {
		t.Errorf("session = %q, %v", b, err)
	}
	if err := s.ClearSession(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b, err := s.Session(t.Context()); b != nil || err != nil {
		t.Errorf("cleared: %q, %v", b, err)
	}
}

// A write whose outcome was unclear is repeated; nothing of it is there twice.
func TestFinishQueuesOnceIfRepeated(t *testing.T) {
	s := open(t, t.TempDir())
	entries := commit(t, s, "a", "b")
	first := finish(t, s, entries[:1], "rule r", delivery("a", 0), delivery("a", 1))
	again := delivery("a", 1)
	again.ClientID = "another"
	second := finish(t, s, entries[:1], "rule r", delivery("a", 0), again)
	if len(second) != 2 || second[1].ID != first[1].ID || second[1].ClientID != "17" {
		t.Errorf("repeated deliveries = %+v, want the stored ones %+v", second, first)
	}
	pending, err := s.Pending(t.Context())
	if err != nil || len(pending) != 2 {
		t.Errorf("pending = %d, %v; want 2", len(pending), err)
	}
	if left, err := s.Unfinished(t.Context(), "", 0, 10); err != nil || !slices.Equal(idsOf(left), []string{"b"}) {
		t.Errorf("unfinished = %v, %v", left, err)
	}
}

func TestResolveWritesOutcomeAndWhatFollows(t *testing.T) {
	s := open(t, t.TempDir())
	ds, err := s.Append(t.Context(), "a", false, []event.Delivery{delivery("a", 0)})
	if err != nil {
		t.Fatal(err)
	}
	follow := delivery("a", 0)
	follow.Handler = "revoke:rule:r#0"
	got, err := s.Resolve(t.Context(), event.Result{
		ID: ds[0].ID, Status: event.StatusSent, Receipt: event.Receipt{MsgID: "m1", Time: time.Unix(1_700_000_001, 0)},
		Follow: []event.Delivery{follow},
	})
	if err != nil || len(got) != 1 || got[0].ID == 0 {
		t.Fatalf("follow = %+v, %v", got, err)
	}
	pending, err := s.Pending(t.Context())
	if err != nil || len(pending) != 1 || pending[0].Handler != follow.Handler {
		t.Errorf("pending = %+v, %v", pending, err)
	}
	last, ok, err := s.LastSent(t.Context(), "p1")
	if err != nil || !ok || last.Receipt.MsgID != "m1" || last.Status != event.StatusSent {
		t.Errorf("last sent = %+v, %v, %v", last, ok, err)
	}
	if _, ok, err := s.LastSent(t.Context(), "p2"); ok || err != nil {
		t.Errorf("last sent elsewhere: %v, %v", ok, err)
	}
}

func TestAppendOfARunningHandlerFinishesTheEvent(t *testing.T) {
	s := open(t, t.TempDir())
	commit(t, s, "a", "b")
	if _, err := s.Append(t.Context(), "a", true, []event.Delivery{delivery("a", 0)}); err != nil {
		t.Fatal(err)
	}
	left, err := s.Unfinished(t.Context(), "", 0, 10)
	if err != nil || !slices.Equal(idsOf(left), []string{"b"}) {
		t.Errorf("unfinished = %q, %v", idsOf(left), err)
	}
}

func TestPruneForgetsTextsButKnowsIDs(t *testing.T) {
	s := open(t, t.TempDir())
	entries := commit(t, s, "waiting", "answering", "old")
	finish(t, s, entries[1:2], "rule r", delivery("answering", 0))
	finish(t, s, entries[2:], "nothing answered")
	now := message("old").Time.Add(time.Hour)
	prune(t, s, now, store.Policy{RecallKeep: 10 * time.Minute, RecallMax: 1000})
	for id, want := range map[string]bool{"waiting": true, "answering": true, "old": false} {
		ev, err := s.Message(t.Context(), id)
		if err != nil || (ev != nil) != want {
			t.Errorf("%s remembered: %v, %v; want %v", id, ev != nil, err, want)
		}
	}
	if got := commit(t, s, "old"); len(got) != 0 {
		t.Error("a pruned message came again as new")
	}
}

func TestPruneKeepsTheNewestOnly(t *testing.T) {
	s := open(t, t.TempDir())
	var ids []string
	for i := range 10 {
		ids = append(ids, strconv.Itoa(i))
	}
	finish(t, s, commit(t, s, ids...), "nothing answered")
	prune(t, s, message("0").Time, store.Policy{RecallKeep: time.Hour, RecallMax: 3})
	var kept []string
	for _, id := range ids {
		if ev, err := s.Message(t.Context(), id); err == nil && ev != nil {
			kept = append(kept, id)
		}
	}
	if !slices.Equal(kept, []string{"7", "8", "9"}) {
		t.Errorf("kept %q", kept)
	}
}

func TestKeysAndMeta(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	rows := []store.KeyRow{
		{Key: "g1", Kind: "group", Nickname: "群", Seen: time.UnixMilli(5)},
		{Key: "p1", Kind: "private", UserName: "@a", Remark: "甲", Seen: time.UnixMilli(6)},
	}
	if err := s.PutKeys(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	rows[1].UserName = "@b"
	if err := s.PutKeys(t.Context(), rows[1:], "g1"); err != nil {
		t.Fatal(err)
	}
	if err := s.SetMeta(t.Context(), "k", "v"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	got, err := s.Keys(t.Context())
	if diff := cmp.Diff(rows[1:], got); diff != "" || err != nil {
		t.Errorf("keys (%v):\n%s", err, diff)
	}
	if v, err := s.Meta(t.Context(), "k"); v != "v" || err != nil {
		t.Errorf("meta = %q, %v", v, err)
	}
}

func TestSecondDaemonIsRefusedWithThePID(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	_, err := store.Open(t.Context(), store.Options{Dir: dir})
	var locked *store.LockedError
	if !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Errorf("Open = %v, want LockedError with pid %d", err, os.Getpid())
	}
}

func TestNewerSchemaIsRefusedAndKept(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, "a")
	if err := s.SetVersion(t.Context(), 99); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(t.Context(), store.Options{Dir: dir})
	var newer *store.NewerError
	if !errors.As(err, &newer) || newer.Have != 99 {
		t.Errorf("Open = %v, want NewerError", err)
	}
}

func TestCorruptDatabaseIsMovedAside(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, "a")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	garbage := []byte(strings.Repeat("this is no database\n", 500))
	if err := os.WriteFile(filepath.Join(dir, "wxbot.db"), garbage, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if got := commit(t, s, "a"); len(got) != 1 {
		t.Errorf("fresh = %v in a new database", got)
	}
	aside, err := filepath.Glob(filepath.Join(dir, "wxbot.db.corrupt-*"))
	if err != nil || len(aside) != 1 {
		t.Fatalf("moved aside: %v, %v", aside, err)
	}
	if b, err := os.ReadFile(aside[0]); err != nil || string(b) != string(garbage) {
		t.Errorf("the corrupt file was changed: %v", err)
	}
}

func TestFilesArePrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := open(t, dir)
	commit(t, s, "a")
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if st, err := f.Info(); err != nil || st.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v, %v", f.Name(), st.Mode(), err)
		}
	}
	if st, err := os.Stat(dir); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("directory has mode %v, %v", st.Mode(), err)
	}
}

func TestOneBadWriteDoesNotFailOthersOfItsGroup(t *testing.T) {
	s := open(t, t.TempDir())
	var wg sync.WaitGroup
	errs := make([]error, 64)
	for i := range errs {
		wg.Go(func() {
			if i%8 == 0 {
				errs[i] = s.Fail(t.Context())
				return
			}
			_, errs[i] = s.Commit(t.Context(), nil, []event.Event{message(strconv.Itoa(i))})
		})
	}
	wg.Wait()
	for i, err := range errs {
		if (err != nil) != (i%8 == 0) {
			t.Errorf("writer %d: %v", i, err)
		}
	}
	if got, err := s.Unfinished(t.Context(), "", 0, 100); err != nil || len(got) != 56 {
		t.Errorf("%d events stored, %v; want 56", len(got), err)
	}
}

func TestWritesAfterCloseAreRefused(t *testing.T) {
	s, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(t.Context(), nil, []event.Event{message("a")}); err == nil {
		t.Error("Commit after Close succeeded")
	}
}

// writeUntilKilled commits events and says so after each.
func writeUntilKilled(dir string) error {
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{Dir: dir})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		id := fmt.Sprintf("%d-%d", os.Getpid(), i)
		entries, err := s.Commit(ctx, []byte(id), []event.Event{message(id)})
		if err != nil {
			return err
		}
		if _, err := s.Finish(ctx, seqsOf(entries), "rule r", []event.Delivery{delivery(id, 0)}); err != nil {
			return err
		}
		fmt.Fprintln(os.Stdout, id)
	}
}

func TestNothingAcknowledgedIsLostByKill(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	acknowledged := 0
	for round := range 5 {
		cmd := exec.CommandContext(t.Context(), exe)
		cmd.Env = append(os.Environ(), killDir+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var last string
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			last = lines.Text()
			acknowledged++
			if n == 20+round*37 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the writer was not killed")
		}
		checkAfterKill(t, dir, last, acknowledged)
	}
}

func checkAfterKill(t *testing.T, dir, last string, acknowledged int) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := commit(t, s, last); len(got) != 0 {
		t.Errorf("the last acknowledged event %s is lost", last)
	}
	pending, err := s.Pending(t.Context())
	if err != nil || len(pending) < acknowledged {
		t.Errorf("%d deliveries, %v; %d were acknowledged", len(pending), err, acknowledged)
	}
}

func BenchmarkCommitAndFinish(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s, err := store.Open(b.Context(), store.Options{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			var n sync.Mutex
			next := 0
			b.SetParallelism(max(callers/2, 1))
			b.ReportAllocs()
			one := func() {
				n.Lock()
				next++
				id := strconv.Itoa(next)
				n.Unlock()
				entries, err := s.Commit(b.Context(), []byte(id), []event.Event{message(id)})
				if err != nil {
					b.Error(err)
				}
				if _, err := s.Finish(b.Context(), seqsOf(entries), "rule r", []event.Delivery{delivery(id, 0)}); err != nil {
					b.Error(err)
				}
			}
			if callers == 1 {
				for b.Loop() {
					one()
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					one()
				}
			})
		})
	}
}
