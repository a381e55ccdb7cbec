package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/lang"
	"wxbot/bot/store"
)

// traced is the trace of a message that is said in a chat.
func traced(seq int64, chat, text string, at time.Time) *event.Trace {
	return &event.Trace{
		Seq: seq, Time: at, Outcome: event.OutcomeNothing, Rules: "0123abcd",
		Event: event.Event{
			ID: fmt.Sprintf("m%d", seq), Kind: event.KindMessage, Time: at,
			Chat: event.Chat{Kind: event.ChatPrivate, Key: chat}, Sender: event.Person{Key: chat, Nickname: chat},
			Message: &event.Message{Type: event.TypeText, Raw: text, Text: text, Quote: text},
		},
		Held:    []event.Verdict{{Rule: "r", Why: lang.T("in cooldown: %s", "1m"), Ends: true}},
		Plugins: []event.Ran{{Plugin: "dice", Handler: "on message", Failed: 1}},
		Errors:  []string{"dice.lua:1: " + text},
	}
}

func textsOf(t *testing.T, s *store.Store, q store.TraceQuery) string {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	got, err := s.Traces(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, tr := range got {
		text := fmt.Sprintf("%d:%s", tr.Seq, tr.Event.Message.Raw)
		if tr.Blank {
			text += "-"
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func TestTracesAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	a, b := traced(1, "p1", "一", base), traced(2, "p2", "二", base.Add(time.Second))
	if err := s.PutTraces(t.Context(), []*event.Trace{b, a}); err != nil {
		t.Fatal(err)
	}
	changed := traced(2, "p2", "贰", base.Add(time.Second))
	if err := s.PutTraces(t.Context(), []*event.Trace{changed}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		q    store.TraceQuery
		want string
	}{
		{store.TraceQuery{}, "1:一 2:贰"},
		{store.TraceQuery{Limit: 1}, "2:贰"},
		{store.TraceQuery{Before: 2}, "1:一"},
		{store.TraceQuery{Chats: []string{"p0", "p1"}}, "1:一"},
		{store.TraceQuery{ID: "m1"}, ""}, // the inbox knows no such event
	} {
		if got := textsOf(t, s, tt.q); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.q, got, tt.want)
		}
	}
	got, err := s.Traces(t.Context(), store.TraceQuery{Limit: 1})
	if err != nil || len(got[0].Held) != 1 || got[0].Held[0].Why.In(lang.Chinese) != "冷却中：1m" || got[0].Plugins[0] != changed.Plugins[0] {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestTracesAreForgottenByAgeAndNumber(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	for i := range 6 {
		if err := s.PutTraces(t.Context(), []*event.Trace{traced(int64(i+1), "p1", "秘密", base.Add(time.Duration(i)*10*time.Hour))}); err != nil {
			t.Fatal(err)
		}
	}
	now := base.Add(51 * time.Hour)
	week := event.TraceLimits{Keep: 7 * 24 * time.Hour, Max: 100}
	for _, tt := range []struct {
		limits event.TraceLimits
		want   string
	}{
		{week, "1:- 2:- 3:- 4:秘密 5:秘密 6:秘密"},
		{event.TraceLimits{Keep: 45 * time.Hour, Max: 100}, "2:- 3:- 4:秘密 5:秘密 6:秘密"},
		{event.TraceLimits{Keep: week.Keep, Max: 2}, "5:秘密 6:秘密"},
		{event.TraceLimits{Keep: week.Keep}, ""},
	} {
		prune(t, s, now, store.Policy{Traces: tt.limits, History: store.HistoryFull, Keep: week.Keep})
		if got := textsOf(t, s, store.TraceQuery{}); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.limits, got, tt.want)
		}
		blank, err := s.Traces(t.Context(), store.TraceQuery{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, tr := range blank {
			if tr.Blank && (len(tr.Errors) > 0 || strings.Contains(tr.Event.Message.Quote, "秘密") || tr.Held[0].Rule != "r") {
				t.Errorf("without texts: %+v", tr)
			}
		}
	}
}

func TestTracesOfSomebodyAreForgotten(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	in := traced(3, "g1", "群里", base)
	in.Event.Sender = event.Person{Key: "p1", Nickname: "p1"}
	for _, tr := range []*event.Trace{traced(1, "p1", "一", base), traced(2, "p2", "二", base), in, traced(4, "g1", "四", base)} {
		if err := s.PutTraces(t.Context(), []*event.Trace{tr}); err != nil {
			t.Fatal(err)
		}
	}
	f, err := s.Forget(t.Context(), store.Somebody{Keys: []string{"p1"}, Names: []string{"小明"}})
	if err != nil || f.Traces != 2 {
		t.Errorf("forgot %+v, %v", f, err)
	}
	if got := textsOf(t, s, store.TraceQuery{}); got != "2:二 4:四" {
		t.Errorf("left %q", got)
	}
}

func TestAnswersOfEvents(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	now := time.Now()
	row := func(id, handler string, n int) event.Delivery {
		return event.Delivery{
			Event: id, Handler: handler, N: n, Chat: event.Chat{Key: "p1"}, ClientID: id + handler, Created: now,
			Action: event.Action{Kind: event.ActReply, Message: event.Outgoing{Text: "x"}},
		}
	}
	ds, err := s.Append(t.Context(), "", false, []event.Delivery{row("m1", "rule:a", 0), row("m2", "rule:a", 0), row("m1", "rule:a", 1)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Resolve(t.Context(), event.Result{ID: ds[0].ID, Status: event.StatusSent, Held: event.BrakeQuiet, Receipt: event.Receipt{MsgID: "900", Time: now, Chat: "p1"}}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Answers(t.Context(), []string{"m1", "m3"}, now.Add(-time.Minute))
	if err != nil || len(got) != 2 || got[0].Status != event.StatusSent || got[0].Held != event.BrakeQuiet || got[1].N != 1 {
		t.Errorf("answers %+v, %v", got, err)
	}
	if got, err := s.Answers(t.Context(), []string{"m1"}, now.Add(time.Minute)); err != nil || len(got) != 0 {
		t.Errorf("answers of later %+v, %v", got, err)
	}
	for msgID, want := range map[string]string{"900": "m1", "901": ""} {
		if got, err := s.EventOf(t.Context(), msgID); err != nil || got != want {
			t.Errorf("EventOf(%s) = %q, %v; want %q", msgID, got, err, want)
		}
	}
}
