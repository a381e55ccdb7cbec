package store_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wxbot/bot/event"
	"wxbot/bot/store"
)

func write(t *testing.T, s *store.Store, b event.TableBatch) {
	t.Helper()
	if b.Plugin == "" {
		b.Plugin = "a"
	}
	if b.Now.IsZero() {
		b.Now = base
	}
	if err := s.KVCommit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// all gives what a plugin keeps, in pages of two.
func all(t *testing.T, s *store.Store, plugin, from, below string, now time.Time) map[string]any {
	t.Helper()
	out := map[string]any{}
	for {
		es, more, err := s.KVScan(t.Context(), plugin, from, below, now, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range es {
			if b, ok := e.Value.([]byte); ok {
				e.Value = string(b)
			}
			out[e.Key] = e.Value
		}
		if !more {
			return out
		}
		from = es[len(es)-1].Key + "\x00"
	}
}

func TestTablesSurviveARestartExactly(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	write(t, s, event.TableBatch{Writes: []event.TableWrite{
		{Key: "n", Value: 1.0}, {Key: "s", Value: []byte("x\x00\xff")}, {Key: "gone", Value: 2.0}, {Key: "late", Value: 3.0, Expires: base.Add(time.Minute)},
	}})
	write(t, s, event.TableBatch{Plugin: "b", Writes: []event.TableWrite{{Key: "n", Value: 9.0}}})
	write(t, s, event.TableBatch{Writes: []event.TableWrite{
		{Key: "gone"}, {Key: "n", Value: 2.0, Add: true, First: 100}, {Key: "new", Value: 2.0, Add: true, First: 100}, {Key: "s", Value: 1.0, Add: true},
	}})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	want := map[string]any{"n": 3.0, "s": "x\x00\xff", "new": 102.0, "late": 3.0}
	if diff := cmp.Diff(want, all(t, s, "a", "", "", base)); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	delete(want, "late")
	if diff := cmp.Diff(want, all(t, s, "a", "", "", base.Add(time.Minute))); diff != "" {
		t.Errorf("kept after a minute (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"n": 3.0, "new": 102.0}, all(t, s, "a", "n", "o", base)); diff != "" {
		t.Errorf("from n to o (-want +got):\n%s", diff)
	}
	if _, ok, err := s.KVGet(t.Context(), "a", "late", base.Add(time.Minute)); ok || err != nil {
		t.Errorf("expired key: %t, %v, want none", ok, err)
	}
	if e, ok, err := s.KVGet(t.Context(), "b", "n", base); !ok || err != nil || e.Value != 9.0 {
		t.Errorf("key of another plugin: %v, %t, %v", e, ok, err)
	}
}

func TestACountThatExpiredBeginsAnew(t *testing.T) {
	s := open(t, t.TempDir())
	for i, want := range []float64{1, 2, 1} {
		now := base.Add(time.Duration(i) * 40 * time.Second)
		write(t, s, event.TableBatch{Now: now, Writes: []event.TableWrite{{Key: "n", Value: 1.0, Add: true, Expires: now.Add(time.Minute)}}})
		if e, _, err := s.KVGet(t.Context(), "a", "n", now); err != nil || e.Value != want {
			t.Errorf("count %d: %v, %v, want %v", i, e.Value, err, want)
		}
	}
}

func TestUsageIsMeasuredAndSwept(t *testing.T) {
	s := open(t, t.TempDir())
	write(t, s, event.TableBatch{Writes: []event.TableWrite{
		{Key: "键", Value: []byte("1234"), Expires: base.Add(time.Second)}, {Key: "n", Value: 1.0},
	}})
	usage := func(wantKeys int, wantBytes int64) {
		t.Helper()
		keys, bytes, err := s.KVUsage(t.Context(), "a")
		if err != nil || keys != wantKeys || bytes != wantBytes {
			t.Errorf("usage %d keys, %d bytes, %v, want %d and %d", keys, bytes, err, wantKeys, wantBytes)
		}
	}
	usage(2, 3+4+1+8)
	if err := s.KVSweep(t.Context(), "a", base.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	usage(1, 1+8)
	write(t, s, event.TableBatch{Writes: []event.TableWrite{{Key: "x", Value: 1.0, Expires: base.Add(time.Second)}}})
	prune(t, s, base.Add(time.Hour), store.Policy{})
	usage(1, 1+8)
}

func TestHandlersOfUnfinishedEventsAreKnownAfterAKill(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	entries := commit(t, s, "1", "2", "3", "4")
	for i, n := range []int{1, 4} {
		write(t, s, event.TableBatch{Event: "1", Handler: "a.0", Ops: n, Writes: []event.TableWrite{{Key: fmt.Sprint(i), Value: 1.0}}})
	}
	write(t, s, event.TableBatch{Event: "2", Handler: "a.0", Ops: 1})
	write(t, s, event.TableBatch{Event: "3", Handler: "a.0", Ops: 1, Done: true, Writes: []event.TableWrite{{Key: "k", Value: 1.0}}})
	if _, err := s.KVAppend(t.Context(), "4", []event.Delivery{delivery("4", 0)}, event.TableBatch{Plugin: "a", Now: base, Writes: []event.TableWrite{{Key: "q", Value: 1.0}}}); err != nil {
		t.Fatal(err)
	}
	finish(t, s, entries[1:2], "rule")
	if err := s.Die(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	left, err := s.Unfinished(t.Context(), "", 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1"}, idsOf(left)); diff != "" {
		t.Errorf("to be handled again (-want +got):\n%s", diff)
	}
	for id, want := range map[string]int{"1": 4, "2": 0, "3": 0, "4": 0} {
		if n := s.KVApplied(id, "a.0"); n != want {
			t.Errorf("event %s: %d operations carried out, want %d", id, n, want)
		}
	}
	if diff := cmp.Diff(map[string]any{"0": 1.0, "1": 1.0, "k": 1.0, "q": 1.0}, all(t, s, "a", "", "", base)); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	if ds, err := s.Pending(t.Context()); err != nil || len(ds) != 1 || ds[0].Event != "4" {
		t.Errorf("to be sent: %v, %v, want the answer to 4", ds, err)
	}
	prune(t, s, base, store.Policy{})
	if err := s.Die(); err != nil {
		t.Fatal(err)
	}
	if s = open(t, dir); s.KVApplied("1", "a.0") != 4 {
		t.Error("Prune forgot what a handler did for an event that waits")
	}
}

func TestTablesOfADamagedDatabaseAreSaved(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	b := event.TableBatch{Plugin: "vote"}
	for i := range 100 {
		w := event.TableWrite{Key: fmt.Sprint("k", i), Value: []byte("seven\xff")}
		if i%2 == 0 {
			w.Value = float64(i)
		}
		b.Writes = append(b.Writes, w)
	}
	write(t, s, b)
	commit(t, s, "1")
	write(t, s, event.TableBatch{Event: "1", Handler: "a.0", Ops: 2})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, _ = reopened(t, dir, func(t *testing.T, path string) {
		t.Helper()
		overwrite(t, path, 0, make([]byte, 100))
	})
	got := all(t, s, "vote", "", "", base)
	if len(got) != 100 || got["k7"] != "seven\xff" || got["k8"] != 8.0 {
		t.Errorf("saved %d entries, k7 %q, k8 %v", len(got), got["k7"], got["k8"])
	}
	if n := s.KVApplied("1", "a.0"); n != 2 {
		t.Errorf("%d operations carried out, want 2", n)
	}
}

func TestForgetTakesOutWhatPluginsKeepOfSomebody(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	var b event.TableBatch
	for _, key := range []string{"p1", "day:p1", "p1/name", "n:p12", "xp1", "vote:g1", "p1号"} {
		b.Writes = append(b.Writes, event.TableWrite{Key: key, Value: []byte("kept of " + key + ".")})
	}
	write(t, s, b)
	if _, err := s.Forget(t.Context(), store.Somebody{Keys: []string{"p1", "p7"}}); err != nil {
		t.Fatal(err)
	}
	got := slices.Sorted(maps.Keys(all(t, s, "a", "", "", base)))
	if want := []string{"n:p12", "p1号", "vote:g1", "xp1"}; !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q", got, want)
	}
	if err := s.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found := inFiles(t, dir, "kept of p1.", "kept of day:p1."); len(found) > 0 {
		t.Errorf("still in the files: %q", found)
	}
}
