package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wxbot/bot/event"
	"wxbot/bot/store"
)

// talk stores two messages of one chat, one of a group and what answered them.
func talk(t *testing.T, s *store.Store) {
	t.Helper()
	first, second, group := message("a"), message("b"), message("c")
	first.Sender = event.Person{Key: "p1", Nickname: "小明"}
	second.Time, group.Time = base.Add(time.Minute), base.Add(2*time.Minute)
	second.Message.Raw = "在吗"
	group.Chat = event.Chat{Kind: event.ChatGroup, Key: "g1", Name: "群"}
	group.Sender = event.Person{Key: "p1", Nickname: "小明"}
	put(t, s, first, second, group)
	finishIDs(t, s, "rule r", "a")
	d := add(t, s, delivery("a", 0))
	r := sent(d[0].ID, "m1", "p1")
	r.Receipt.Time = base.Add(time.Second)
	resolve(t, s, r)
	elsewhere := delivery("c", 0)
	elsewhere.Created = base.Add(3 * time.Minute)
	elsewhere.Chat = event.Chat{Key: "g1"}
	add(t, s, elsewhere)
}

func texts(lines []event.Line) []string {
	out := []string{}
	for _, l := range lines {
		way := "< "
		if l.Out {
			way = "> "
		}
		out = append(out, way+l.Chat.Key+" "+l.By+" "+l.Kind+" "+l.Type+" "+l.Text+" "+l.Outcome)
	}
	return out
}

func TestHistoryTellsWhatCameAndWhatWasAnswered(t *testing.T) {
	s := open(t, t.TempDir())
	talk(t, s)
	all := []string{
		"< p1 小明 message text 你好 rule r",
		"> p1 rule:r reply text hi sent",
		"< p1  message text 在吗 ",
		"< g1 小明 message text 你好 ",
		"> g1 rule:r reply text hi pending",
	}
	for _, tc := range []struct {
		name string
		q    store.HistoryQuery
		want []string
	}{
		{"everything", store.HistoryQuery{}, all},
		{"one chat", store.HistoryQuery{Chats: []string{"p1"}}, all[:3]},
		{"a group", store.HistoryQuery{Chats: []string{"g1"}}, all[3:]},
		{"a chat under two keys", store.HistoryQuery{Chats: []string{"p1", "g1"}}, all},
		{"an unknown chat", store.HistoryQuery{Chats: []string{"p"}}, []string{}},
		{"the newest", store.HistoryQuery{Limit: 2}, all[3:]},
		{"page before", store.HistoryQuery{Limit: 2, Before: base.Add(2 * time.Minute)}, all[1:3]},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := s.History(t.Context(), tc.q)
			if diff := cmp.Diff(tc.want, texts(got)); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestHistoryShowsWhatIsLeftAfterPrune(t *testing.T) {
	s := open(t, t.TempDir())
	talk(t, s)
	prune(t, s, base.Add(time.Hour), store.Policy{History: store.HistoryMetadata, Keep: 24 * time.Hour})
	got, err := s.History(t.Context(), store.HistoryQuery{})
	want := []string{
		"< p1 小明 message text  rule r",
		"> p1 rule:r reply   sent",
		"< p1  message text 在吗 ", // not handled yet
		"< g1 小明 message text 你好 ",
		"> g1 rule:r reply text hi pending",
	}
	if diff := cmp.Diff(want, texts(got)); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
}
