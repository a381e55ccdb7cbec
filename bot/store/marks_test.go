package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/event"
	"wxbot/bot/store"
)

func die(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Die(); err != nil {
		t.Fatal(err)
	}
}

func deaths(t *testing.T, s *store.Store) map[string]int {
	t.Helper()
	entries, err := s.Unfinished(t.Context(), "", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, e := range entries {
		out[e.Event.ID] = e.Deaths
	}
	return out
}

func TestDeathsCountInARowAndOnlyWhileRunning(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	entries := commit(t, s, "running", "waiting", "ended", "done", "once")
	// Where no process has died, nothing is noted.
	s.Running(entries[0].Seq)
	die(t, s)
	s = open(t, dir)
	if n := deaths(t, s)["running"]; n != 0 {
		t.Errorf("%d deaths after the first, want none noted", n)
	}
	for range 2 {
		s.Running(entries[0].Seq)
		s.Running(entries[2].Seq)()
		s.Running(entries[3].Seq)
		finish(t, s, entries[3:4], "rule r")
		s.Running(entries[4].Seq)
		die(t, s)
		s = open(t, dir)
	}
	s.Running(entries[0].Seq)
	die(t, s)
	s = open(t, dir)
	got := deaths(t, s)
	want := map[string]int{"running": 3, "waiting": 0, "ended": 0, "once": 0}
	for id, n := range want {
		if got[id] != n {
			t.Errorf("%s: %d deaths, want %d", id, got[id], n)
		}
	}
	if _, ok := got["done"]; ok {
		t.Error("what was done is to be handled again")
	}
}

func TestCleanStopIsNoDeath(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	entries := commit(t, s, "a")
	s.Running(entries[0].Seq)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if n := deaths(t, s)["a"]; n != 0 {
		t.Errorf("%d deaths", n)
	}
}

func TestDeliveryUnderWayAtDeath(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	ds := add(t, s, delivery("a", 0), delivery("a", 1), delivery("a", 2), delivery("a", 3))
	at := time.Unix(1_700_000_123, 0)
	s.Sending(ds[0].ID, at)
	sent, _ := s.Sending(ds[1].ID, at)
	sent(event.Receipt{MsgID: "m1", Time: at.Add(time.Second), Chat: "g7"})
	_, end := s.Sending(ds[2].ID, at)
	end(false)
	die(t, s)
	s = open(t, dir)
	get := func(i int) event.Delivery {
		t.Helper()
		d, err := s.Delivery(t.Context(), ds[i].ID)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := get(0); d.Status != event.StatusPending || d.Tries != 1 || !d.First.Equal(at) {
		t.Errorf("on its way: %s, %d tries, first %v", d.Status, d.Tries, d.First)
	}
	if d := get(1); d.Status != event.StatusSent || d.Receipt.MsgID != "m1" || d.Receipt.Chat != "g7" || !d.Receipt.Time.Equal(at.Add(time.Second)) {
		t.Errorf("accepted by the server: %+v", d)
	}
	if got := lastSent(t, s, "g7"); got != "m1" {
		t.Errorf("last sent to the chat that got it: %q", got)
	}
	for _, i := range []int{2, 3} {
		if d := get(i); d.Status != event.StatusPending || d.Tries != 0 {
			t.Errorf("delivery %d: %s, %d tries", i, d.Status, d.Tries)
		}
	}
	// The marks are used up.
	die(t, s)
	s = open(t, dir)
	if d := get(0); d.Tries != 1 {
		t.Errorf("after another death: %d tries", d.Tries)
	}
}

func TestJunkMarksAreNoHarm(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	commit(t, s, "a")
	die(t, s)
	junk := make([]byte, 1000)
	for i := range junk {
		junk[i] = byte(i * 7)
	}
	if err := os.WriteFile(filepath.Join(dir, "running"), junk, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	if n := deaths(t, s)["a"]; n != 0 {
		t.Errorf("%d deaths", n)
	}
}

// A message that is to be withdrawn is withdrawn although the process died between
// the server's answer and the write of it.
func TestRevocationOutlivesADeath(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	d := delivery("a", 0)
	d.Action.Message.RevokeAfter = time.Minute
	ds := add(t, s, d)
	at := time.Now().Truncate(time.Millisecond)
	sent, _ := s.Sending(ds[0].ID, at)
	sent(event.Receipt{MsgID: "m1", Time: at, Chat: "g7"})
	for range 2 {
		die(t, s)
		s = open(t, dir)
		got, err := s.Pending(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got[0].Action.Kind != event.ActRevoke || got[0].Action.Revoke != strconv.FormatInt(ds[0].ID, 10) ||
			!got[0].NotBefore.Equal(at.Add(time.Minute)) || got[0].Chat.Key != "g7" {
			t.Errorf("to be done: %+v", got)
		}
	}
}

func TestMarksThatCannotBeWrittenAreToldOnce(t *testing.T) {
	var log strings.Builder
	var failed []error
	s, err := store.Open(t.Context(), store.Options{
		Dir: t.TempDir(), Logger: zerolog.New(&log), Failed: func(err error) { failed = append(failed, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.LoseMarks(); err != nil {
		t.Fatal(err)
	}
	for i := range int64(3) {
		_, end := s.Sending(i, time.Now())
		end(false)
	}
	if n := strings.Count(log.String(), "a kill may repeat a message"); n != 1 || len(failed) != 1 {
		t.Errorf("told %d times, %v; log %s", n, failed, log.String())
	}
	if err := s.Die(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed with %v", err)
	}
}
