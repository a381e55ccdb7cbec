package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/store"
)

// prune forgets until there is nothing left to forget.
func prune(t *testing.T, s *store.Store, now time.Time, p store.Policy) (steps int) {
	t.Helper()
	for {
		more, err := s.Prune(t.Context(), now, p)
		if err != nil {
			t.Fatal(err)
		}
		if steps++; !more {
			return steps
		}
		if steps > 1000 {
			t.Fatal("Prune finds no end")
		}
	}
}

// base is when the events of these tests happened.
var base = time.Unix(1_700_000_000, 0).UTC()

// request is a friend request with a ticket.
func request(id string) event.Event {
	return event.Event{
		ID: id, Kind: event.KindFriendRequest, Time: base,
		Chat:    event.Chat{Kind: event.ChatPrivate, Key: "p2", Name: "陌生人"},
		Sender:  event.Person{Key: "p2", Nickname: "陌生人"},
		Request: &event.Request{Text: "我是房东", User: "@request", Ticket: "v4_secret"},
	}
}

func put(t *testing.T, s *store.Store, events ...event.Event) {
	t.Helper()
	if _, err := s.Commit(t.Context(), nil, events); err != nil {
		t.Fatal(err)
	}
}

func finishIDs(t *testing.T, s *store.Store, outcome string, ids ...string) {
	t.Helper()
	entries, err := s.Unfinished(t.Context(), "", 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	entries = slices.DeleteFunc(entries, func(e event.Entry) bool { return !slices.Contains(ids, e.Event.ID) })
	finish(t, s, entries, outcome)
}

// kept is what the database holds of texts and tickets.
func kept(t *testing.T, s *store.Store) string {
	t.Helper()
	text, err := s.Dump(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, w := range []string{"机密", "我是房东", "v4_secret", "答复", "小明"} {
		if strings.Contains(text, w) {
			found = append(found, w)
		}
	}
	return strings.Join(found, " ")
}

func TestPruneKeepsWhatThePolicySays(t *testing.T) {
	const day = 24 * time.Hour
	policy := func(m store.Mode) store.Policy {
		return store.Policy{RecallKeep: 10 * time.Minute, RecallMax: 1000, History: m, Keep: 7 * day}
	}
	for _, tc := range []struct {
		name   string
		policy store.Policy
		age    time.Duration
		want   string
	}{
		{"off, as long as a recall may come", policy(store.HistoryOff), time.Minute, "机密 我是房东 答复 小明"},
		{"off", policy(store.HistoryOff), time.Hour, ""},
		{"metadata, as long as a recall may come", policy(store.HistoryMetadata), time.Minute, "机密 我是房东 答复 小明"},
		{"metadata", policy(store.HistoryMetadata), time.Hour, "小明"},
		{"metadata, too old", policy(store.HistoryMetadata), 8 * day, ""},
		{"full", policy(store.HistoryFull), time.Hour, "机密 我是房东 答复 小明"},
		{"full, too old", policy(store.HistoryFull), 8 * day, ""},
		{"no mode is off", store.Policy{}, time.Hour, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := open(t, t.TempDir())
			ev := message("a")
			ev.Message.Text, ev.Message.Raw, ev.Message.Quote = "机密", "机密", "机密"
			put(t, s, ev, request("r"))
			finishIDs(t, s, "rule r", "a", "r")
			d := delivery("a", 0)
			d.Chat.Name = "小明"
			d.Action.Message.Text = "答复"
			acc := delivery("r", 0)
			acc.Action = event.Action{Kind: event.ActAccept, User: "@request", Ticket: "v4_secret"}
			for _, d := range add(t, s, d, acc) {
				resolve(t, s, sent(d.ID, "", "p1"))
			}
			prune(t, s, base.Add(tc.age), tc.policy)
			if got := kept(t, s); got != tc.want {
				t.Errorf("kept %q, want %q", got, tc.want)
			}
			if got := commit(t, s, "a"); len(got) != 0 {
				t.Error("the message came again as new")
			}
		})
	}
}

func TestPruneNeverTouchesWhatWaits(t *testing.T) {
	for _, mode := range []store.Mode{store.HistoryOff, store.HistoryMetadata, store.HistoryFull} {
		s := open(t, t.TempDir())
		put(t, s, message("undone"), message("answering"), request("accepting"))
		finishIDs(t, s, "rule r", "answering", "accepting")
		acc := delivery("accepting", 0)
		acc.Action = event.Action{Kind: event.ActAccept, Ticket: "v4_secret"}
		add(t, s, delivery("answering", 0), acc)
		before, err := s.Dump(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		prune(t, s, base.Add(365*24*time.Hour), store.Policy{History: mode, MaxBytes: 1})
		if after, err := s.Dump(t.Context()); err != nil || after != before {
			t.Errorf("%s: %v\nbefore %s\nafter  %s", mode, err, before, after)
		}
	}
}

func TestPruneGoesInBoundedSteps(t *testing.T) {
	s := open(t, t.TempDir())
	var ids []string
	for i := range 12_000 {
		ids = append(ids, fmt.Sprint(i))
	}
	finish(t, s, commit(t, s, ids...), "rule r")
	if n := prune(t, s, base.Add(time.Hour), store.Policy{History: store.HistoryMetadata, Keep: 24 * time.Hour}); n != 2 {
		// By age and by number, 5,000 rows each.
		t.Errorf("%d steps for 12,000 rows, want 2", n)
	}
}

func TestPruneForgetsTheOldestOfALargeDatabase(t *testing.T) {
	s := open(t, t.TempDir())
	var events []event.Event
	for i := range 4000 {
		ev := message(fmt.Sprint(i))
		ev.Time = base.Add(time.Duration(i) * time.Second)
		ev.Message.Text = strings.Repeat("字", 300)
		events = append(events, ev)
	}
	put(t, s, events...)
	var ids []string
	for i := range events {
		ids = append(ids, events[i].ID)
	}
	finishIDs(t, s, "rule r", ids...)
	before, err := s.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	most := before / 2
	prune(t, s, base, store.Policy{RecallKeep: time.Hour, RecallMax: 1 << 20, History: store.HistoryFull, Keep: time.Hour, MaxBytes: most})
	after, err := s.Size(t.Context())
	if err != nil || after > most || after < most/2 {
		t.Errorf("%d of %d bytes left, %v; want at most %d", after, before, err, most)
	}
	for id, want := range map[string]bool{"0": false, "500": false, "3999": true} {
		if ev, err := s.Message(t.Context(), id); err != nil || (ev != nil) != want {
			t.Errorf("message %s remembered: %v, %v; want %v", id, ev != nil, err, want)
		}
	}
}
