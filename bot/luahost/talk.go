package luahost

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"wxbot/bot/clock"
	"wxbot/bot/conf"
	"wxbot/bot/event"
)

// TalkOptions say which plugin to talk to, and how. Dir and Plugin are required.
type TalkOptions struct {
	Dir, Plugin string
	// Set are options of the plugin as key=value, instead of what plugins.yaml says;
	// a key that comes twice is a list.
	Set []string
	// HTTP lets bot.http reach the network, as far as header and plugins.yaml let it.
	HTTP   bool
	Origin time.Time // when it begins, in the zone that the plugin lives in
	Getenv func(name string) string
}

// Talk is a conversation with one plugin in the world that tests of plugins have:
// people and groups are there when they are named, nothing is kept, and time passes
// when Pass says so. What the plugin may do, plugins.yaml says. One goroutine at a
// time may use it.
type Talk struct {
	opts   TalkOptions
	stage  *trialStage
	sent   int // of the world's, which were told
	logged int
	faults []string
}

// Said is one thing that a plugin did.
type Said struct {
	Kind event.ActionKind // or SaidLog, SaidFault
	Chat string           // the name of the chat or person; "" if it is for nobody
	Text string
}

// The kinds of what is for the plugin's author.
const (
	SaidLog   event.ActionKind = "log"
	SaidFault event.ActionKind = "fault"
)

// OwnerName is the name under which the account's owner speaks, to the file helper.
const OwnerName = "我"

// OpenTalk loads a plugin. Close must be called in the end.
func OpenTalk(ctx context.Context, o TalkOptions) (*Talk, error) {
	src, set, err := o.load()
	if err != nil {
		return nil, err
	}
	t := &Talk{opts: o}
	setup := trialSetup{origin: o.Origin, set: &set, transport: noNetwork{}, getenv: o.Getenv, patience: requestTimeMost + settleMost}
	if o.HTTP {
		setup.transport = nil
	}
	setup.fault = func(err error) { t.faults = append(t.faults, err.Error()) }
	if t.stage, err = newTrialStage(ctx, src, setup); err != nil {
		return nil, err
	}
	if err := t.stage.begin(); err != nil {
		return nil, errors.Join(err, t.stage.end())
	}
	return t, nil
}

// load reads the plugin and its settings as they are now.
func (o TalkOptions) load() (source, settings, error) {
	src, err := sourceOf(o.Dir, o.Plugin)
	if err != nil {
		return source{}, settings{}, err
	}
	cfg, bad := readConfig(o.Dir)
	if conf.HasErrors(bad) {
		return source{}, settings{}, errors.New(bad[0].String())
	}
	set := cfg.of(o.Plugin)
	values := map[string]any{}
	for _, s := range o.Set {
		key, v, ok := strings.Cut(s, "=")
		if !ok || key == "" {
			return source{}, settings{}, fmt.Errorf("%q is not like city=上海", s)
		}
		switch was := values[key].(type) {
		case nil:
			values[key] = v
		case []any:
			values[key] = append(was, v)
		default:
			values[key] = []any{was, v}
		}
	}
	for key, v := range set.config {
		if _, ok := values[key]; !ok {
			values[key] = v
		}
	}
	if set.config = values; len(o.Set) > 0 {
		set.text += fmt.Sprint(o.Set)
	}
	return src, set, nil
}

// noNetwork answers nothing.
type noNetwork struct{}

func (noNetwork) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &refusedError{"there is no network here without --http"}
}

// Close unloads the plugin and throws away what it kept.
func (t *Talk) Close() error { return t.stage.end() }

// Clock is the talk's own.
func (t *Talk) Clock() clock.Clock { return t.stage.world.clock }

// Refresh loads the plugin anew if its files have changed; with any error the running
// version stays.
func (t *Talk) Refresh() (changed bool, err error) {
	src, set, err := t.opts.load()
	if err != nil || t.stage.src.same(src) && t.stage.set.text == set.text {
		return false, err
	}
	err = t.stage.host.reinstall(t.stage.ctx, src, set)
	t.stage.src, t.stage.set = src, &set // what failed is not tried again
	return err == nil, err
}

// Say has somebody say something, in private if group is "".
func (t *Talk) Say(name, group, text string) ([]Said, error) {
	w := t.stage.world
	if name == OwnerName && group == "" {
		self := w.Self()
		ev := t.stage.textEvent(selfChat(), &self, text)
		ev.BySelf = true
		return t.told(t.stage.deliver(ev))
	}
	p := w.person(name, group == "")
	if group == "" {
		return t.told(t.stage.say(privateChat(*p), p, text))
	}
	return t.told(t.stage.say(w.group(group, []*event.Person{p}).chat, p, text))
}

// Join has people join a group.
func (t *Talk) Join(group string, people ...string) ([]Said, error) {
	return t.told(t.stage.join(group, people))
}

// Request has somebody ask to be a friend.
func (t *Talk) Request(name, text string) ([]Said, error) {
	return t.told(t.stage.request(t.stage.world.person(name, false), text))
}

// Recall withdraws what somebody said last.
func (t *Talk) Recall(name, group string) ([]Said, error) {
	p := t.stage.world.person(name, false)
	chat := privateChat(*p)
	if group != "" {
		chat = t.stage.world.group(group, nil).chat
	}
	return t.told(t.stage.recall(chat, p))
}

// Pass lets time go by.
func (t *Talk) Pass(d time.Duration) ([]Said, error) { return t.told(t.stage.pass(d)) }

// told gives what the plugin did since the last call.
func (t *Talk) told(err error) ([]Said, error) {
	w := t.stage.world
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Said
	for _, s := range w.sent[t.sent:] {
		out = append(out, Said{Kind: s.kind, Chat: s.name, Text: s.text})
	}
	for _, line := range w.log[t.logged:] {
		out = append(out, Said{Kind: SaidLog, Text: line})
	}
	for _, text := range t.faults {
		out = append(out, Said{Kind: SaidFault, Text: text})
	}
	t.sent, t.logged, t.faults = len(w.sent), len(w.log), nil
	return slices.Clip(out), err
}
