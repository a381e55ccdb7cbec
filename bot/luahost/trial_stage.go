package luahost

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/clock"
	"wxbot/bot/event"
)

// trialStage is one plugin in a world of its own, for one test.
type trialStage struct {
	ctx    context.Context //nolint:containedctx // the life of the test
	src    source
	config map[string]any
	world  *trialWorld
	hand   *clock.Hand
	host   *Host
	tables *MemoryTables
	data   string // directory of the plugin's files

	set      *settings // instead of config; nil in tests
	patience time.Duration
	fault    func(error) // takes errors of handlers; nil: they fail the step

	n    int                     // events
	last map[string]*event.Event // message by sender

	cancel context.CancelFunc
	ran    chan error
}

const (
	// trialMost is how long one test may take, and settleMost how long the plugin may
	// be at work after one step of it, in real time.
	trialMost  = 30 * time.Second
	settleMost = 10 * time.Second
)

// trialOrigin is the time at which every test begins: a Wednesday at noon.
func trialOrigin() time.Time { return time.Date(2026, 1, 7, 12, 0, 0, 0, trialZone()) }

// trialSetup says how a stage differs from that of a test.
type trialSetup struct {
	origin    time.Time
	set       *settings // that the plugin has; nil: what the test sets, and it is trusted
	transport http.RoundTripper
	getenv    func(name string) string
	patience  time.Duration
	fault     func(error)
}

// testSetup is what every test begins with.
func testSetup(answers *trialHTTP) trialSetup {
	return trialSetup{origin: trialOrigin(), transport: answers, patience: settleMost}
}

func newTrialStage(ctx context.Context, src source, o trialSetup) (*trialStage, error) {
	c, hand := clock.Manual(o.origin)
	s := &trialStage{
		ctx: ctx, src: src, hand: hand, world: newTrialWorld(c, o.origin.Location()), last: map[string]*event.Event{}, ran: make(chan error, 1),
		tables: NewMemoryTables(), set: o.set, patience: o.patience, fault: o.fault,
	}
	var err error
	if s.data, err = os.MkdirTemp("", "wxbot-test-"); err != nil {
		return nil, err
	}
	s.host, err = New(Options{
		World: s.world, Clock: c, Logger: zerolog.New(s.world), Tables: s.tables, Transport: o.transport, DataDir: s.data, Getenv: o.getenv,
	})
	return s, err
}

// begin loads the plugin, unless that was done.
func (s *trialStage) begin() error {
	if s.cancel != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(s.ctx)
	s.cancel = cancel
	go func() { s.ran <- s.host.Run(ctx) }() // end waits for it
	<-s.host.started
	if err := s.host.install(ctx, s.src, s.settings()); err != nil {
		return err
	}
	return s.settle(ctx)
}

func (s *trialStage) settings() settings {
	if s.set != nil {
		return *s.set
	}
	return settings{enabled: true, config: s.config, trusted: true, text: fmt.Sprint(s.config)}
}

// end unloads the plugin.
func (s *trialStage) end() error {
	if s.cancel == nil {
		return os.RemoveAll(s.data)
	}
	s.cancel()
	return errors.Join(<-s.ran, os.RemoveAll(s.data))
}

// reload loads the plugin anew, as an edit of its file does.
func (s *trialStage) reload() error {
	if err := s.begin(); err != nil {
		return err
	}
	if err := s.host.reinstall(s.ctx, s.src, s.settings()); err != nil {
		return err
	}
	return s.settle(s.ctx)
}

// settle waits until nothing of the plugin is at work, and gives the errors of its
// handlers.
func (s *trialStage) settle(ctx context.Context) error {
	within, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	if err := s.host.quiet.wait(within); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return errors.New("the plugin is still at work after " + s.patience.String())
	}
	err := s.world.fault()
	if err != nil && s.fault != nil {
		s.fault(err)
		return nil
	}
	return err
}

// pass lets time go by.
func (s *trialStage) pass(d time.Duration) error {
	if err := s.begin(); err != nil {
		return err
	}
	return s.hand.Pass(s.ctx, d, s.settle)
}

func (s *trialStage) event(kind event.Kind, chat event.Chat, sender *event.Person) *event.Event {
	s.n++
	ev := &event.Event{ID: fmt.Sprintf("m%d", s.n), Kind: kind, Time: s.hand.Now(), Chat: chat}
	if sender != nil {
		ev.Sender = *sender
	}
	return ev
}

// say makes a person say something in a chat. In a group, @机器人 is a mention.
func (s *trialStage) say(chat event.Chat, sender *event.Person, text string) error {
	return s.deliver(s.textEvent(chat, sender, text))
}

// show makes a person send something that is no text.
func (s *trialStage) show(chat event.Chat, sender *event.Person, kind event.MessageType) error {
	ev := s.textEvent(chat, sender, "")
	ev.Message.Type = kind
	return s.deliver(ev)
}

func (s *trialStage) textEvent(chat event.Chat, sender *event.Person, raw string) *event.Event {
	ev := s.event(event.KindMessage, chat, sender)
	text, mentioned := raw, chat.Kind == event.ChatPrivate
	if before, after, ok := strings.Cut(raw, "@"+botNickname); ok {
		text, mentioned = strings.TrimSpace(before+strings.TrimLeft(after, " \u2005")), true
	}
	ev.Message = &event.Message{Type: event.TypeText, Raw: raw, Text: text, Mentioned: mentioned}
	s.last[sender.Key+" "+chat.Key] = ev
	s.world.wrote(ev)
	return ev
}

// join has people join a group.
func (s *trialStage) join(group string, people []string) error {
	if err := s.begin(); err != nil {
		return err
	}
	g := s.world.group(group, nil)
	ev := s.event(event.KindMemberJoined, g.chat, nil)
	ev.Members = &event.Members{Via: event.ViaInvite}
	for _, name := range people {
		p := s.world.person(name, false)
		s.world.group(group, []*event.Person{p})
		ev.Members.People = append(ev.Members.People, *p)
	}
	return s.deliver(ev)
}

// request has somebody ask to be a friend.
func (s *trialStage) request(p *event.Person, text string) error {
	if err := s.begin(); err != nil {
		return err
	}
	p.IsFriend = false
	ev := s.event(event.KindFriendRequest, privateChat(*p), p)
	ev.Request = &event.Request{Text: text, User: "@test", Ticket: "test"}
	return s.deliver(ev)
}

// recall withdraws a person's last message in a chat.
func (s *trialStage) recall(chat event.Chat, sender *event.Person) error {
	last := s.last[sender.Key+" "+chat.Key]
	if last == nil {
		return errors.New("recalls: nothing was said yet")
	}
	ev := s.event(event.KindRecalled, chat, sender)
	ev.Recalled = &event.Recalled{MessageID: last.ID, Message: last.Message}
	return s.deliver(ev)
}

// deliver offers an event in the order that the daemon does, without rules.
func (s *trialStage) deliver(ev *event.Event) error {
	if err := s.begin(); err != nil {
		return err
	}
	s.offer(ev)
	return s.settle(s.ctx)
}

func (s *trialStage) offer(ev *event.Event) {
	h, ctx := s.host, s.ctx
	h.Observe(ctx, ev)
	known := func() bool {
		_, ok := h.Resolve(ev)
		return ok && hasPrefix(h.input(ev))
	}
	if h.Answer(ctx, ev, known) != event.Unclaimed || h.Filter(ctx, ev) {
		return
	}
	claim := event.Unclaimed
	if c, ok := h.Resolve(ev); ok {
		claim = h.Command(ctx, ev, c)
	}
	if claim == event.Unclaimed {
		claim = h.On(ctx, ev)
	}
	if claim == event.Unclaimed {
		h.Fallback(ctx, ev)
	}
}
