package store_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/store"
)

// inFiles tells which words stand in the files of a state directory.
func inFiles(t *testing.T, dir string, words ...string) []string {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range words {
			if bytes.Contains(b, []byte(w)) {
				found = append(found, f.Name()+": "+w)
			}
		}
	}
	return found
}

// said makes the n-th message of somebody in a chat, of a length that makes rows
// move between pages.
func said(n int, chat event.Chat, key, name, word string) event.Event {
	text := strings.Repeat(word, 5+n%97)
	return event.Event{
		ID: fmt.Sprintf("%s-%s-%d", chat.Key, key, n), Kind: event.KindMessage, Time: base.Add(time.Duration(n) * time.Second),
		Chat: chat, Sender: event.Person{Key: key, Nickname: name},
		Message: &event.Message{Type: event.TypeText, Raw: text, Text: text},
	}
}

// crowd fills a store with talk of two people, alone and in a group, and with
// answers; every third message waits for its end and every fifth answer too.
func crowd(t *testing.T, s *store.Store) {
	t.Helper()
	group := event.Chat{Kind: event.ChatGroup, Key: "g1", Name: "工作群"}
	for n := range 150 {
		var ds []event.Delivery
		var ids []string
		for _, ev := range []event.Event{
			said(n, event.Chat{Kind: event.ChatPrivate, Key: "p1", Name: "甲乙丙"}, "p1", "甲乙丙", "秘密"),
			said(n, event.Chat{Kind: event.ChatPrivate, Key: "p12", Name: "路人"}, "p12", "路人", "平常"),
			said(n, group, "p1", "甲乙丙", "秘密"),
			said(n, group, "p12", "路人", "平常"),
		} {
			put(t, s, ev)
			ids = append(ids, ev.ID)
			d := delivery(ev.ID, 0)
			d.Chat, d.Action.Message.Text = ev.Chat, "答："+ev.Message.Text
			ds = append(ds, d)
		}
		if n%3 == 0 {
			add(t, s, ds...)
			continue
		}
		finishIDs(t, s, "rule r", ids...)
		for _, d := range add(t, s, ds...) {
			if n%5 != 0 {
				resolve(t, s, sent(d.ID, "m", d.Chat.Key))
			}
		}
	}
	to, notice, request := delivery("x", 0), delivery("y", 0), request("z")
	to.Chat, to.Action.To, to.Action.Message.Text = event.Chat{}, []string{"甲乙丙"}, "秘密"
	notice.Handler, notice.Chat, notice.Action.Message.Text = "notice", event.Chat{}, "防循环：甲乙丙"
	request.Sender.Key, request.Chat.Key, request.Request.Text = "p7", "p7", "秘密"
	joined := event.Event{
		ID: "j", Kind: event.KindMemberJoined, Time: base, Chat: group,
		Members: &event.Members{People: []event.Person{{Nickname: "甲乙丙"}}},
	}
	add(t, s, to, notice)
	put(t, s, request, joined)
	err := s.PutKeys(t.Context(), []store.KeyRow{
		{Key: "p1", Kind: "private", WxID: "wxid_jia", Nickname: "甲乙丙"}, {Key: "p12", Kind: "private", Nickname: "路人"},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestForgottenSomebodyIsInNoFile(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long, above all with the race detector")
	}
	dir := t.TempDir()
	s := open(t, dir)
	crowd(t, s)
	traces := []string{"秘密", "甲乙丙", "wxid_jia"}
	if got := inFiles(t, dir, traces...); len(got) == 0 {
		t.Fatal("the test would find nothing anyway")
	}
	f, err := s.Forget(t.Context(), store.Somebody{Keys: []string{"p1", "p7"}, Names: []string{"", "甲乙丙"}})
	if err != nil || f.Messages != 302 || f.Deliveries != 302 || len(f.Ended) == 0 {
		t.Errorf("forgot %d messages, %d deliveries, %d of them waiting: %v", f.Messages, f.Deliveries, len(f.Ended), err)
	}
	if err := s.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := inFiles(t, dir, traces...); len(got) != 0 {
		t.Errorf("still there: %q", got)
	}
	if got := inFiles(t, dir, "平常", "路人"); len(got) != 2 {
		t.Errorf("of the other person there is %q", got)
	}
	pending, err := s.Pending(t.Context())
	if err != nil || slices.ContainsFunc(pending, func(d event.Delivery) bool { return d.Chat.Key == "p1" }) {
		t.Errorf("something still waits to be sent: %v", err)
	}
	if d, err := s.Delivery(t.Context(), f.Ended[0]); err != nil || d.Status != event.StatusFailed || d.Reason != event.ReasonForgotten {
		t.Errorf("delivery ended as %s, %q, %v", d.Status, d.Reason, err)
	}
	again := said(0, event.Chat{Key: "p1"}, "p1", "甲乙丙", "秘密")
	if fresh, err := s.Commit(t.Context(), nil, []event.Event{again}); err != nil || len(fresh) != 0 {
		t.Errorf("a forgotten message came again as new: %v", err)
	}
	left, err := s.Unfinished(t.Context(), "", 0, 10_000)
	if err != nil || slices.ContainsFunc(left, func(e event.Entry) bool { return e.Event.Sender.Key == "p1" }) {
		t.Errorf("a forgotten message is still to be handled: %v", err)
	}
}

func TestForgottenGroupTakesItsMessagesOnly(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long, above all with the race detector")
	}
	dir := t.TempDir()
	s := open(t, dir)
	crowd(t, s)
	if _, err := s.Forget(t.Context(), store.Somebody{Keys: []string{"g1"}, Names: []string{"工作群"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := inFiles(t, dir, "工作群"); len(got) != 0 {
		t.Errorf("still there: %q", got)
	}
	lines, err := s.History(t.Context(), store.HistoryQuery{Chats: []string{"p1"}, Limit: 10_000})
	if err != nil || len(lines) != 300 {
		t.Errorf("%d lines of a member's own chat, %v; want 300", len(lines), err)
	}
}
