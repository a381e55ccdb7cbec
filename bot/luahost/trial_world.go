package luahost

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"wxbot/bot/clock"
	"wxbot/bot/event"
)

// botNickname is what the account is called in tests of plugins.
const botNickname = "机器人"

// trialWorld is the world of one test of a plugin: people and groups, and what the
// plugin did. It implements World.
type trialWorld struct {
	clock    clock.Clock
	settings event.Settings

	mu     sync.Mutex
	people []*event.Person
	groups []*trialGroup
	sent   []trialSent
	lines  []event.Line // what was said, for history
	log    []string
	faults []string // errors of handlers that no step has told yet
}

type trialGroup struct {
	chat    event.Chat
	members []*event.Person
}

// trialSent is one thing that the plugin did.
type trialSent struct {
	kind    event.ActionKind
	chat    string // key; "" if it goes to no chat
	name    string // of the chat or person
	text    string
	heard   bool
	revoked bool
}

func newTrialWorld(c clock.Clock, zone *time.Location) *trialWorld {
	return &trialWorld{clock: c, settings: event.Settings{Prefixes: []string{"/", "#"}, Location: zone}}
}

// trialZone is the time zone of tests, the same everywhere.
func trialZone() *time.Location { return time.FixedZone("CST", 8*60*60) }

// person gives the person of a name, who is made if need be.
func (w *trialWorld) person(name string, friend bool) *event.Person {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.people, func(p *event.Person) bool { return p.Nickname == name })
	if i < 0 {
		i = len(w.people)
		w.people = append(w.people, &event.Person{Key: fmt.Sprintf("p%d", i+1), Nickname: name})
	}
	w.people[i].IsFriend = w.people[i].IsFriend || friend
	return w.people[i]
}

// group makes a group, or adds members to it.
func (w *trialWorld) group(name string, members []*event.Person) *trialGroup {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.groups, func(g *trialGroup) bool { return g.chat.Name == name })
	if i < 0 {
		i = len(w.groups)
		w.groups = append(w.groups, &trialGroup{chat: event.Chat{Kind: event.ChatGroup, Key: fmt.Sprintf("g%d", i+1), Name: name}})
	}
	g := w.groups[i]
	for _, m := range members {
		if !slices.Contains(g.members, m) {
			g.members = append(g.members, m)
		}
	}
	return g
}

// Friends are the people of the test who are friends.
func (w *trialWorld) Friends() []event.Person {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []event.Person
	for _, p := range w.people {
		if p.IsFriend {
			out = append(out, *p)
		}
	}
	return out
}

// Officials are none: tests have people and groups.
func (w *trialWorld) Officials() []event.Person { return nil }

// Avatar is as good a picture as a test needs: the beginning of a JPEG, and a key.
func (w *trialWorld) Avatar(_ context.Context, key string, to io.Writer, _ int64) error {
	_, err := io.WriteString(to, "\xff\xd8\xff\xe0"+key)
	return err
}

// Groups are the groups of the test.
func (w *trialWorld) Groups() []event.Chat {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []event.Chat
	for _, g := range w.groups {
		out = append(out, g.chat)
	}
	return out
}

// wrote notes a message for history.
func (w *trialWorld) wrote(ev *event.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines = append(w.lines, event.Line{
		Time: ev.Time, Chat: ev.Chat, By: ev.Sender.Name(), ByKey: ev.Sender.Key,
		Kind: string(ev.Kind), Type: string(ev.Message.Type), Text: ev.Message.Text,
	})
}

// History is what was said in a chat of the test.
func (w *trialWorld) History(_ context.Context, chatKey string, n int, since time.Time) ([]event.Line, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []event.Line
	for _, line := range w.lines {
		if line.Chat.Key == chatKey && !line.Time.Before(since) {
			out = append(out, line)
		}
	}
	return out[max(0, len(out)-n):], nil
}

func privateChat(p event.Person) event.Chat {
	return event.Chat{Kind: event.ChatPrivate, Key: p.Key, Name: cmp.Or(p.Remark, p.Nickname)}
}

// Queue takes an action as done.
func (w *trialWorld) Queue(_ context.Context, ev *event.Event, _ string, _ int, a event.Action) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := trialSent{kind: a.Kind, text: spoken(a.Message)}
	if a.Forward != "" {
		s.text = strings.TrimSpace(a.Message.Header + "\n" + s.text)
	}
	switch a.Kind {
	case event.ActReply, event.ActSend, event.ActForward:
		if s.chat = a.ToKey; s.chat == "" && ev != nil && len(a.To) == 0 {
			s.chat = ev.Chat.Key
		}
		if s.chat == "" && len(a.To) > 0 {
			s.chat = w.keyLocked(a.To[0])
		}
		if s.name = w.nameLocked(s.chat); s.name == "" {
			return 0, fmt.Errorf("%s: no such chat", a.Kind)
		}
	case event.ActAccept, event.ActRemark:
		p := w.byKeyLocked(a.Person)
		if p == nil {
			return 0, fmt.Errorf("%s: no such person", a.Kind)
		}
		p.IsFriend = true
		p.Remark = cmp.Or(a.Remark, p.Remark)
		s.name, s.text = p.Nickname, a.Remark
	case event.ActRevoke:
		s.text = a.Revoke
		if err := w.revokeLocked(a.Revoke); err != nil {
			return 0, err
		}
	case event.ActInvite:
		s.name, s.text = w.nameLocked(a.Person), strings.Join(a.To, ",")
	default:
	}
	if s.chat != "" {
		w.lines = append(w.lines, event.Line{
			Time: w.clock.Now(), Out: true, Chat: event.Chat{Key: s.chat, Name: s.name}, Kind: string(a.Kind), Type: string(event.TypeText), Text: s.text,
		})
	}
	w.sent = append(w.sent, s)
	return int64(len(w.sent)), nil
}

func (w *trialWorld) revokeLocked(id string) error {
	var n int
	if _, err := fmt.Sscan(id, &n); err != nil || n < 1 || n > len(w.sent) {
		return errors.New("revoke: no such message")
	}
	w.sent[n-1].revoked, w.sent[n-1].heard = true, true
	return nil
}

// spoken is a message as the person sees it.
func spoken(m event.Outgoing) string {
	text := m.Text
	for _, name := range slices.Backward(m.Mention) {
		text = "@" + name + " " + text
	}
	for _, file := range []string{m.Image, m.File, m.Video} {
		if file != "" {
			text = strings.TrimSpace(text + " [" + filepath.Base(file) + "]")
		}
	}
	for _, part := range []string{m.Sticker, m.Card} {
		if part != "" {
			text = strings.TrimSpace(text + " [" + part + "]")
		}
	}
	return text
}

func (w *trialWorld) byKeyLocked(key string) *event.Person {
	for _, p := range w.people {
		if p.Key == key {
			return p
		}
	}
	return nil
}

// selfChat is where the account's owner talks to the bot.
func selfChat() event.Chat {
	return event.Chat{Kind: event.ChatSelf, Key: "self", Name: "文件传输助手"}
}

func (w *trialWorld) nameLocked(key string) string {
	if key == selfChat().Key {
		return selfChat().Name
	}
	if p := w.byKeyLocked(key); p != nil {
		return privateChat(*p).Name
	}
	for _, g := range w.groups {
		if g.chat.Key == key {
			return g.chat.Name
		}
	}
	if key == ownerChat {
		return ownerChatName
	}
	return ""
}

func (w *trialWorld) keyLocked(name string) string {
	for _, p := range w.people {
		if privateChat(*p).Name == name {
			return p.Key
		}
	}
	for _, g := range w.groups {
		if g.chat.Name == name {
			return g.chat.Key
		}
	}
	return ""
}

// hear finds the next message in a chat that was not heard yet and contains a text;
// those before it count as heard. Otherwise it gives what there was.
func (w *trialWorld) hear(chat, want string) (found bool, others []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.sent {
		s := &w.sent[i]
		if s.chat != chat || s.heard {
			continue
		}
		if want != "" && strings.Contains(s.text, want) {
			for j := range i + 1 {
				if w.sent[j].chat == chat {
					w.sent[j].heard = true
				}
			}
			return true, nil
		}
		others = append(others, s.text)
	}
	return false, others
}

// Done has nothing to mark.
func (w *trialWorld) Done(context.Context, *event.Event) error { return nil }

// Running has nothing to mark.
func (w *trialWorld) Running(int64) func() { return func() {} }

// Outcome is always good.
func (w *trialWorld) Outcome(context.Context, int64) (event.Status, string, error) {
	return event.StatusSent, "", nil
}

// Find gives the people or groups that bear a name.
func (w *trialWorld) Find(kind event.ChatKind, name string) ([]event.Chat, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []event.Chat
	if kind == event.ChatGroup {
		for _, g := range w.groups {
			if g.chat.Name == name {
				out = append(out, g.chat)
			}
		}
		return out, nil
	}
	for _, p := range w.people {
		if p.IsFriend && (p.Remark == name || p.Nickname == name) {
			out = append(out, privateChat(*p))
		}
	}
	return out, nil
}

// Members gives the people of a group.
func (w *trialWorld) Members(groupKey string) []event.Person {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []event.Person
	for _, g := range w.groups {
		if g.chat.Key == groupKey {
			for _, p := range g.members {
				out = append(out, *p)
			}
		}
	}
	return out
}

// Mute takes it as done.
func (w *trialWorld) Mute(_ context.Context, chat event.Chat, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, trialSent{kind: "mute", name: chat.Name, text: d.String()})
	return nil
}

// Self is the account.
func (w *trialWorld) Self() event.Person { return event.Person{Key: "self", Nickname: botNickname} }

// Notify takes what the operator is told.
func (w *trialWorld) Notify(_ context.Context, text string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, trialSent{kind: event.ActNotify, text: text})
	return nil
}

// Settings are the same for all tests.
func (w *trialWorld) Settings() event.Settings { return w.settings }

// Write takes the host's log: what the plugin logs, and the errors of its handlers.
func (w *trialWorld) Write(line []byte) (int, error) {
	var e struct{ Level, Message, Text, Problem, Error string }
	if err := json.Unmarshal(line, &e); err != nil {
		return len(line), nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e.Message {
	case "plugin log":
		w.log = append(w.log, e.Level+": "+e.Text)
	case "plugin handler failed", "unload handler failed", "load handler failed":
		w.faults = append(w.faults, cmp.Or(e.Problem, e.Error))
	}
	return len(line), nil
}

// fault gives the errors of handlers since the last call.
func (w *trialWorld) fault() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.faults) == 0 {
		return nil
	}
	err := errors.New("the plugin failed: " + strings.Join(w.faults, "; "))
	w.faults = nil
	return err
}
