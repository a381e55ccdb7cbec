package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/bot/dispatch"
	"wxbot/bot/event"
)

// memory is an inbox in memory.
type memory struct {
	mu      sync.Mutex
	entries []event.Entry
	outcome map[string]string
	fired   map[string][]string // by event id
	names   map[string]string   // of the chats, by event id
	order   []string
	fail    int // Finish fails so often
	running map[int64]bool
}

func newMemory() *memory {
	return &memory{outcome: map[string]string{}, names: map[string]string{}, fired: map[string][]string{}, running: map[int64]bool{}}
}

// commit adds events and gives them as the store does.
func (m *memory) commit(evs ...event.Event) []event.Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []event.Entry
	for _, ev := range evs {
		e := event.Entry{Seq: int64(len(m.entries) + 1), Event: ev}
		m.entries = append(m.entries, e)
		out = append(out, e)
	}
	return out
}

func (m *memory) Running(seq int64) func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running[seq] = true
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.running, seq)
	}
}

func (m *memory) Unfinished(_ context.Context, chat string, after int64, limit int) ([]event.Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []event.Entry
	for _, e := range m.entries {
		if _, done := m.outcome[e.Event.ID]; e.Seq > after && !done && len(out) < limit && (chat == "" || chat == e.Event.Chat.Key) {
			out = append(out, e)
		}
	}
	return out, nil
}

func (m *memory) Finish(_ context.Context, seqs []int64, outcome string, ev *event.Event, firings []event.Firing) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail > 0 {
		m.fail--
		return errors.New("disk full")
	}
	for _, seq := range seqs {
		id := m.entries[seq-1].Event.ID
		m.outcome[id] = outcome
		m.order = append(m.order, id)
	}
	for _, f := range firings {
		text := f.Rule
		if ev.Members != nil {
			for _, p := range ev.Members.People {
				text += " " + p.Nickname
			}
		}
		m.fired[ev.ID] = append(m.fired[ev.ID], text)
		m.names[ev.ID] = ev.Chat.Name
	}
	return nil
}

func (m *memory) done(id string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.outcome[id]
}

// script decides by the text of the message.
type script struct {
	settings event.Settings
	gather   time.Duration
	command  string
	deciding func()
}

func (s *script) Settings() event.Settings { return s.settings }

func (s *script) CommandName(ev *event.Event) (rule, name string, ok bool) {
	if s.command != "" && strings.HasPrefix(ev.Message.Text, s.command) {
		return "command rule", s.command, true
	}
	return "", "", false
}

func (s *script) Decide(ev *event.Event, command, gathered string) event.Decision {
	if s.deciding != nil {
		s.deciding()
	}
	switch {
	case ev.Kind == event.KindMemberJoined && gathered == "":
		return event.Decision{Ended: true, Gather: []event.Gather{{Rule: "welcome", For: s.gather}}}
	case ev.Kind == event.KindMemberJoined:
		return event.Decision{Ended: true, Firings: []event.Firing{{Rule: gathered}}}
	case command != "":
		return event.Decision{Ended: true, Firings: []event.Firing{{Rule: command}}}
	case ev.Message.Text == "panic":
		panic("a rule panicked")
	case ev.Message.Text == "rule":
		return event.Decision{Ended: true, Firings: []event.Firing{{Rule: "rule"}}}
	case ev.Message.Text == "dry":
		return event.Decision{Firings: []event.Firing{{Rule: "dry", DryRun: true}}}
	case ev.Message.Text == "go on":
		return event.Decision{Firings: []event.Firing{{Rule: "continue"}}}
	}
	return event.Decision{}
}

// host notes who was offered what, and blocks where a test wants it.
type host struct {
	mu       sync.Mutex
	offered  []string
	block    chan struct{} // a handler of "slow" waits for it
	name     string        // of a plugin command
	claim    string        // text that "on" claims
	drop     string        // text that the filter drops
	asked    string        // chat in which a question waits; "" for none
	inFlight int
	most     int
}

func (h *host) note(what string, ev *event.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	text := ""
	if ev.Message != nil {
		text = ":" + ev.Message.Text
	}
	h.offered = append(h.offered, what+text)
}

func (h *host) seen() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.offered)
}

func (h *host) Observe(_ context.Context, ev *event.Event) { h.note("observe", ev) }

func (h *host) Filter(_ context.Context, ev *event.Event) bool {
	h.note("filter", ev)
	return ev.Message != nil && ev.Message.Text == h.drop && h.drop != ""
}

// Answer holds what begins with "sleeps" and claims the rest.
func (h *host) Answer(_ context.Context, ev *event.Event, command func() bool) event.Claim {
	if h.asked == "" || ev.Chat.Key != h.asked || command() {
		return event.Unclaimed
	}
	h.note("answer", ev)
	if strings.HasPrefix(ev.Message.Text, "sleeps") {
		return event.Held
	}
	return event.Claimed
}

func (h *host) Resolve(ev *event.Event) (string, func(context.Context) event.Claim, bool) {
	if h.name == "" || !strings.HasPrefix(ev.Message.Text, h.name) {
		return "", nil, false
	}
	return h.name, func(context.Context) event.Claim { h.note("command", ev); return event.Claimed }, true
}

func (h *host) On(ctx context.Context, ev *event.Event) event.Claim {
	h.note("on", ev)
	if ev.Message != nil && strings.HasPrefix(ev.Message.Text, "slow") {
		h.mu.Lock()
		h.inFlight++
		h.most = max(h.most, h.inFlight)
		h.mu.Unlock()
		select {
		case <-h.block:
		case <-ctx.Done():
		}
		h.mu.Lock()
		h.inFlight--
		h.mu.Unlock()
	}
	switch {
	case ev.Message == nil:
	case ev.Message.Text == "sleeps":
		return event.Held
	case h.claim != "" && ev.Message.Text == h.claim:
		return event.Claimed
	}
	return event.Unclaimed
}

func (h *host) Fallback(_ context.Context, ev *event.Event) event.Claim {
	h.note("fallback", ev)
	return event.Unclaimed
}

// gate lets everything through except chats that it does not know.
type gate struct{ unknown string }

func (g gate) Prepare(_ context.Context, ev *event.Event) string {
	if ev.Chat.Key == g.unknown && g.unknown != "" {
		return "chat unknown"
	}
	ev.Chat.Name = "name of " + ev.Chat.Key
	return ""
}

type world struct {
	t     *testing.T
	inbox *memory
	rules *script
	host  *host
	d     *dispatch.Dispatcher
	n     int
}

func newWorld(t *testing.T, chatBound int, more ...func(*dispatch.Options)) *world {
	t.Helper()
	w := &world{
		t: t, inbox: newMemory(), host: &host{block: make(chan struct{})},
		rules: &script{gather: 10 * time.Second, settings: event.Settings{
			Pace:      event.Pace{Stale: time.Hour},
			Prefixes:  []string{"/"},
			LoopGuard: event.LoopGuard{Answers: 3, Within: time.Minute, Mute: 10 * time.Minute},
		}},
	}
	o := dispatch.Options{Inbox: w.inbox, Rules: w.rules, Plugins: w.host, Dialogues: w.host, Prepare: gate{unknown: "nobody"}, ChatBound: chatBound}
	for _, f := range more {
		f(&o)
	}
	d, err := dispatch.New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.d = d
	return w
}

// run starts the dispatcher and waits for it when the test ends.
func (w *world) run() (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- w.d.Run(ctx) }()
	synctest.Wait()
	return func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("Run: %v", err)
		}
	}
}

func (w *world) message(chat, text string) event.Event {
	w.n++
	return event.Event{
		ID: fmt.Sprintf("m%d", w.n), Kind: event.KindMessage, Time: time.Now(),
		Chat:   event.Chat{Kind: event.ChatPrivate, Key: chat},
		Sender: event.Person{Key: chat}, Message: &event.Message{Type: event.TypeText, Text: text},
	}
}

// say commits a message, offers it and waits until nothing moves.
func (w *world) say(chat, text string) string {
	ev := w.message(chat, text)
	w.d.Offer(w.inbox.commit(ev))
	synctest.Wait()
	return ev.ID
}

// pass lets the bubble's time go on and waits until nothing moves.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestOrderOfOneMessage(t *testing.T) {
	for name, tt := range map[string]struct {
		text    string
		setup   func(*world)
		offered []string
		outcome string
	}{
		"nobody answers": {
			text:    "hi",
			offered: []string{"observe:hi", "filter:hi", "on:hi", "fallback:hi"}, outcome: "nothing answered",
		},
		"rule ends it": {
			text:    "rule",
			offered: []string{"observe:rule", "filter:rule"}, outcome: "rule rule",
		},
		"rule with continue lets plugins see it but no fallback": {
			text:    "go on",
			offered: []string{"observe:go on", "filter:go on", "on:go on"}, outcome: "rule continue",
		},
		"a dry run answers nothing": {
			text:    "dry",
			offered: []string{"observe:dry", "filter:dry", "on:dry", "fallback:dry"}, outcome: "nothing answered",
		},
		"filter drops it before the rules": {
			text: "rule", setup: func(w *world) { w.host.drop = "rule" },
			offered: []string{"observe:rule", "filter:rule"}, outcome: "dropped by a filter",
		},
		"an answer comes before filters and rules": {
			text: "rule", setup: func(w *world) { w.host.asked, w.host.drop = "p1", "rule" },
			offered: []string{"observe:rule", "answer:rule"}, outcome: "answer to a plugin",
		},
		"a question in another chat": {
			text: "hi", setup: func(w *world) { w.host.asked = "p2" },
			offered: []string{"observe:hi", "filter:hi", "on:hi", "fallback:hi"}, outcome: "nothing answered",
		},
		"an answer that goes on is marked done by the plugin": {
			text: "sleeps", setup: func(w *world) { w.host.asked = "p1" },
			offered: []string{"observe:sleeps", "answer:sleeps"}, outcome: "",
		},
		"a known command with a prefix is no answer": {
			text: "/dice 2", setup: func(w *world) { w.host.asked, w.host.name = "p1", "/dice" },
			offered: []string{"observe:/dice 2", "filter:/dice 2", "command:/dice 2"}, outcome: "plugin command",
		},
		"an unknown command is an answer": {
			text: "/dice 2", setup: func(w *world) { w.host.asked = "p1" },
			offered: []string{"observe:/dice 2", "answer:/dice 2"}, outcome: "answer to a plugin",
		},
		"a command without a prefix is an answer": {
			text: "dice 2", setup: func(w *world) { w.host.asked, w.host.name = "p1", "dice" },
			offered: []string{"observe:dice 2", "answer:dice 2"}, outcome: "answer to a plugin",
		},
		"plugin command before on": {
			text: "dice 2", setup: func(w *world) { w.host.name = "dice" },
			offered: []string{"observe:dice 2", "filter:dice 2", "command:dice 2"}, outcome: "plugin command",
		},
		"longer command name wins": {
			text: "dice 2", setup: func(w *world) { w.host.name, w.rules.command = "dice", "di" },
			offered: []string{"observe:dice 2", "filter:dice 2", "command:dice 2"}, outcome: "plugin command",
		},
		"a tie goes to the rules": {
			text: "dice 2", setup: func(w *world) { w.host.name, w.rules.command = "dice", "dice" },
			offered: []string{"observe:dice 2", "filter:dice 2"}, outcome: "rule command rule",
		},
		"on claims, fallback does not see it": {
			text: "mine", setup: func(w *world) { w.host.claim = "mine" },
			offered: []string{"observe:mine", "filter:mine", "on:mine"}, outcome: "plugin",
		},
		"a panic ends the event, not the daemon": {
			text:    "panic",
			offered: []string{"observe:panic", "filter:panic"}, outcome: "handler panicked",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 0)
				if tt.setup != nil {
					tt.setup(w)
				}
				defer w.run()()
				id := w.say("p1", tt.text)
				if got := w.host.seen(); !slices.Equal(got, tt.offered) {
					t.Errorf("offered %q, want %q", got, tt.offered)
				}
				if got := w.inbox.done(id); got != tt.outcome {
					t.Errorf("outcome %q, want %q", got, tt.outcome)
				}
			})
		})
	}
}

func TestUnknownChatIsObservedOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		defer w.run()()
		id := w.say("nobody", "rule")
		if got := w.inbox.done(id); got != "chat unknown" {
			t.Errorf("outcome %q", got)
		}
		if got := w.host.seen(); !slices.Equal(got, []string{"observe:rule"}) {
			t.Errorf("offered %q", got)
		}
	})
}

func TestStaleMessageIsNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		defer w.run()()
		ev := w.message("p1", "rule")
		ev.Time = time.Now().Add(-2 * time.Hour)
		w.d.Offer(w.inbox.commit(ev))
		synctest.Wait()
		if got := w.inbox.done(ev.ID); got != "expired" || len(w.inbox.fired[ev.ID]) != 0 {
			t.Errorf("outcome %q, fired %v", got, w.inbox.fired[ev.ID])
		}
	})
}

func TestSlowHandlerHoldsItsChatOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		defer w.run()()
		first := w.say("p1", "slow")
		second := w.say("p1", "rule")
		other := w.say("p2", "rule")
		if got := w.inbox.done(other); got != "rule rule" {
			t.Errorf("other chat: %q, want it answered", got)
		}
		if got := w.inbox.done(second); got != "" {
			t.Errorf("same chat: %q, want it to wait", got)
		}
		close(w.host.block)
		synctest.Wait()
		if got := w.inbox.order; !slices.Equal(got, []string{other, first, second}) {
			t.Errorf("done in order %v", got)
		}
	})
}

func TestWhatWaitsInTheInboxIsHandledAtStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		w.inbox.commit(w.message("p1", "a"), w.message("p1", "b"), w.message("p2", "c"))
		// What is offered before Run must not overtake it, nor come twice.
		w.d.Offer(w.inbox.commit(w.message("p1", "d")))
		defer w.run()()
		synctest.Wait()
		got := slices.DeleteFunc(slices.Clone(w.inbox.order), func(id string) bool { return id == "m3" })
		if !slices.Equal(got, []string{"m1", "m2", "m4"}) {
			t.Errorf("done in order %v", got)
		}
	})
}

func TestFloodBeyondTheBoundIsReadLaterInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const bound, flood = 8, 100
		w := newWorld(t, bound)
		defer w.run()()
		w.say("p1", "slow")
		var want []string
		for range flood {
			want = append(want, w.say("p1", "x"))
		}
		close(w.host.block)
		synctest.Wait()
		if got := w.inbox.order[1:]; !slices.Equal(got, want) {
			t.Errorf("%d of %d done, or out of order: %v", len(got), flood, got)
		}
	})
}

func TestFinishIsRepeatedUntilWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		defer w.run()()
		w.inbox.fail = 3
		id := w.say("p1", "rule")
		if got := w.inbox.done(id); got != "" {
			t.Fatalf("outcome %q although the disk was full", got)
		}
		pass(time.Minute)
		if got := w.inbox.fired[id]; !slices.Equal(got, []string{"rule"}) {
			t.Errorf("fired %v, want once", got)
		}
	})
}

func TestStopLeavesAnUnfinishedHandlerForTheNextRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		stop := w.run()
		id := w.say("p1", "slow")
		stop()
		if got := w.inbox.done(id); got != "" {
			t.Errorf("outcome %q, want it undone", got)
		}
	})
}

func TestGatherMergesJoins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		defer w.run()()
		join := func(id, name string) {
			w.d.Offer(w.inbox.commit(event.Event{
				ID: id, Kind: event.KindMemberJoined, Time: time.Now(),
				Chat:    event.Chat{Kind: event.ChatGroup, Key: "g1"},
				Members: &event.Members{People: []event.Person{{Nickname: name}}},
			}))
			synctest.Wait()
		}
		join("j1", "甲")
		pass(6 * time.Second)
		join("j2", "乙")
		if got := w.inbox.done("j1"); got != "" {
			t.Fatalf("fired before the time was over: %q", got)
		}
		pass(5 * time.Second)
		synctest.Wait()
		if got := w.inbox.fired["j1"]; !slices.Equal(got, []string{"welcome 甲 乙"}) {
			t.Errorf("fired %q", got)
		}
		if w.inbox.done("j2") == "" {
			t.Error("the second join is not done")
		}
	})
}

func TestLoopGuardMutesAMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		defer w.run()()
		var last string
		for range 5 {
			last = w.say("p1", "rule")
			w.d.Sent("p1", time.Now())
			pass(time.Second)
		}
		if got := w.inbox.done(last); got != "loop guard" {
			t.Errorf("outcome %q, want the loop guard", got)
		}
		if got := w.inbox.done(w.say("p2", "rule")); got != "rule rule" {
			t.Errorf("another person: %q", got)
		}
		pass(11 * time.Minute)
		if got := w.inbox.done(w.say("p1", "rule")); got != "rule rule" {
			t.Errorf("after the mute: %q", got)
		}
	})
}

func TestFloodOfOneChatLeavesRoomForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 4, func(o *dispatch.Options) { o.Bound = 16 })
		for range 500 {
			w.inbox.commit(w.message("flood", "slow"))
		}
		late := w.message("p2", "rule")
		w.inbox.commit(late)
		defer w.run()()
		if got := w.inbox.done(late.ID); got != "rule rule" {
			t.Errorf("behind a flood that was there at the start: %q", got)
		}
		for range 500 {
			w.d.Offer(w.inbox.commit(w.message("flood", "slow")))
		}
		if got := w.inbox.done(w.say("p3", "rule")); got != "rule rule" {
			t.Errorf("during a flood: %q", got)
		}
		close(w.host.block)
		synctest.Wait()
		w.inbox.mu.Lock()
		defer w.inbox.mu.Unlock()
		for _, e := range w.inbox.entries {
			if w.inbox.outcome[e.Event.ID] == "" {
				t.Fatalf("%s was never handled", e.Event.ID)
			}
		}
		if n := len(w.inbox.order); n != 1002 {
			t.Errorf("%d events were finished, want each once", n)
		}
	})
}

func TestFullLaneWaitsInTheInbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := make(chan struct{})
		w := newWorld(t, 4, func(o *dispatch.Options) {
			o.Room = func(ctx context.Context, chat string) {
				if chat == "p1" {
					select {
					case <-room:
					case <-ctx.Done():
					}
				}
			}
		})
		defer w.run()()
		held := w.say("p1", "rule")
		if got := w.inbox.done(w.say("p2", "rule")); got != "rule rule" {
			t.Errorf("the other chat: %q", got)
		}
		if got := w.inbox.done(held); got != "" {
			t.Errorf("without room: %q", got)
		}
		close(room)
		synctest.Wait()
		if got := w.inbox.done(held); got != "rule rule" {
			t.Errorf("with room: %q", got)
		}
	})
}

func TestPoisonedEventIsSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		ev := w.message("p1", "panic")
		for _, e := range w.inbox.commit(ev) {
			w.inbox.entries[e.Seq-1].Deaths = 3
		}
		defer w.run()()
		if got := w.inbox.done(ev.ID); got != "poisoned" {
			t.Errorf("outcome %q", got)
		}
		if got := w.host.seen(); len(got) != 0 {
			t.Errorf("offered to %v", got)
		}
	})
}

// Only what can end the process counts against an event, not what waits.
func TestEventIsMarkedWhileTheRulesAreAtIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		running := func() int {
			w.inbox.mu.Lock()
			defer w.inbox.mu.Unlock()
			return len(w.inbox.running)
		}
		during := 0
		w.rules.deciding = func() { during = running() }
		defer w.run()()
		w.say("p1", "slow")
		if during != 1 || running() != 0 {
			t.Errorf("%d marked while deciding, %d while a plugin has it; want 1 and 0", during, running())
		}
		close(w.host.block)
	})
}

// A handler that sleeps before it has done anything is run again after a crash, so
// its event is not done; the chat goes on meanwhile.
func TestHeldEventIsNotDoneAndHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		defer w.run()()
		held := w.say("p1", "sleeps")
		next := w.say("p1", "rule")
		if got := w.inbox.done(held); got != "" {
			t.Errorf("held event: %q", got)
		}
		if got := w.inbox.done(next); got != "rule rule" {
			t.Errorf("next event: %q", got)
		}
	})
}

func TestRulesThatFiredAreCommittedBeforePluginsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		defer w.run()()
		id := w.say("p1", "go on")
		if got, fired := w.inbox.done(id), w.inbox.fired[id]; got != "rule continue" || !slices.Equal(fired, []string{"continue"}) {
			t.Errorf("outcome %q, fired %q", got, fired)
		}
		if got := w.host.seen(); !slices.Contains(got, "on:go on") || slices.Contains(got, "fallback:go on") {
			t.Errorf("offered %q", got)
		}
		if len(w.inbox.order) != 1 {
			t.Errorf("finished %d times", len(w.inbox.order))
		}
	})
}

func TestAdminCommandsWorkWhileTheRestIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := "paused"
		w := newWorld(t, 0, func(o *dispatch.Options) {
			o.Silent = func(*event.Event) string { return silent }
			o.Admin = func(_ context.Context, ev *event.Event) ([]event.Firing, bool) {
				return []event.Firing{{Rule: "answer"}}, ev.Message.Text == "/go"
			}
		})
		defer w.run()()
		if got := w.inbox.done(w.say("p1", "rule")); got != "paused" {
			t.Errorf("while paused: %q", got)
		}
		id := w.say("p1", "/go")
		if got := w.inbox.done(id); got != "admin command" || !slices.Equal(w.inbox.fired[id], []string{"answer"}) {
			t.Errorf("admin command: %q, %q", got, w.inbox.fired[id])
		}
		silent = ""
		if got := w.inbox.done(w.say("p1", "rule")); got != "rule rule" {
			t.Errorf("afterwards: %q", got)
		}
	})
}

func TestOwnerIsToldOfUnlessARuleTookIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		w := newWorld(t, 0, func(o *dispatch.Options) {
			o.Owner = func(_ context.Context, ev *event.Event) { told = append(told, ev.Message.Text) }
		})
		defer w.run()()
		for _, text := range []string{"rule", "hello"} {
			ev := w.message("p1", text)
			ev.BySelf = true
			w.d.Offer(w.inbox.commit(ev))
			synctest.Wait()
		}
		w.say("p1", "from the friend")
		if !slices.Equal(told, []string{"hello"}) {
			t.Errorf("told of %q", told)
		}
	})
}

func TestWhatWasPreparedIsWhatIsFinished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		defer w.run()()
		if id := w.say("p1", "rule"); w.inbox.names[id] != "name of p1" {
			t.Errorf("finished in the chat %q", w.inbox.names[id])
		}
	})
}
