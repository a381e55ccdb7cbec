package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/control"
	"wxbot/bot/dispatch"
	"wxbot/bot/event"
	"wxbot/bot/lang"
	"wxbot/bot/luahost"
	"wxbot/bot/outbox"
	"wxbot/bot/rules"
	"wxbot/bot/store"
	"wxbot/bot/trace"
)

// Bot is one account's daemon.
type Bot struct {
	opts Options
	log  zerolog.Logger

	store    *store.Store
	acc      *account
	live     *live
	host     *luahost.Host
	outbox   *outbox.Outbox
	dispatch *dispatch.Dispatcher
	world    *world
	sender   *sender
	brakes   *brakes
	remarks  *remarks
	alerts   *alerter
	metrics  *control.Metrics
	schedule *scheduler
	recorder *trace.Recorder

	started time.Time
	notices chan string
	ready   chan struct{} // closed at the first login
	told    sync.Once

	observing sync.Mutex // Options.Observe is called by one at a time
	reloading sync.Mutex // one reload at a time
	// digesting: the texts of an outage are still needed.
	digesting atomic.Bool
	stuck     atomic.Bool // a loop makes no turns
	backingUp sync.Mutex  // one backup at a time
	poisoned  atomic.Int64

	doubtMu sync.Mutex
	doubts  []string // names that several accounts bear
	missing []control.Missing

	hits       hits
	brokenMu   sync.Mutex
	brokenErrs []error
}

// New checks the options. It reads no file and opens nothing.
func New(opts Options) (*Bot, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	b := &Bot{
		opts: opts, log: opts.Logger, ready: make(chan struct{}),
		notices: make(chan string, noticeBound),
	}
	b.metrics = control.NewMetrics(b)
	return b, nil
}

// Run logs in and works until ctx ends, which gives nil. It returns an error if
// it cannot start, or cannot go on. Call it once.
func (b *Bot) Run(ctx context.Context) (err error) {
	b.started = time.Now()
	if err := b.open(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.store.Close()) }()
	for _, p := range b.opts.Config.risks() {
		b.log.Warn().Str("problem", p.String()).Msg("this mode of login is a risk")
	}
	if err := b.live.start(); err != nil {
		return err
	}
	t := newTasks(b.log)
	if err = b.startTasks(ctx, t); err == nil {
		err = t.wait(ctx)
	} else if ctx.Err() != nil {
		err = nil // it was told to stop before it had started
	}
	err = errors.Join(err, t.stop())
	b.log.Info().Dur("uptime", time.Since(b.started)).AnErr("reason", err).Msg("stopped")
	return err
}

// startTasks starts everything; what feeds others comes after them, since they
// are stopped in the reverse order.
func (b *Bot) startTasks(ctx context.Context, t *tasks) error {
	if err := b.outbox.Load(ctx); err != nil {
		return err
	}
	if err := errors.Join(dropFetched(b.opts.Config.State), dropBackups(b.opts.Config.State)); err != nil {
		return err
	}
	t.start(ctx, "traces", b.recorder.Run)
	t.start(ctx, "outbox", b.outbox.Run)
	t.start(ctx, "plugins", b.host.Run)
	t.start(ctx, "notices", b.noticeLoop)
	if err := b.firstPlugins(ctx); err != nil {
		return err
	}
	b.loaded(ctx)
	b.keepVersion()
	if err := b.countPoisoned(ctx); err != nil {
		return err
	}
	if err := b.startControl(ctx, t); err != nil {
		return err
	}
	t.start(ctx, "dispatch", b.dispatchWhenReady)
	t.start(ctx, "schedules", b.schedule.run)
	t.start(ctx, "watch", b.watcher().run)
	t.start(ctx, "prune", b.pruneLoop)
	t.start(ctx, "outages", b.outageLoop)
	t.start(ctx, "remarks", b.remarks.run)
	t.start(ctx, "tidy", b.acc.tidy.run)
	t.start(ctx, "recall media", b.acc.keep.run)
	t.start(ctx, "systemd", b.systemdLoop)
	t.start(ctx, "alerts", b.alerts.run)
	t.start(ctx, "account", b.acc.run)
	return nil
}

// firstPlugins loads the plugins. A broken one is told and left out.
func (b *Bot) firstPlugins(ctx context.Context) error {
	problems := b.host.Reload(ctx)
	for _, p := range problems {
		level := zerolog.ErrorLevel
		if p.Off {
			level = zerolog.WarnLevel
		}
		b.log.WithLevel(level).Str("plugin", p.Plugin).Str("file", p.File).Int("line", p.Line).
			Str("problem", p.Text.String()).Msg("plugin not loaded")
		b.tell(Problem{Text: p.String()})
	}
	return ctx.Err()
}

// open makes the parts and connects them. Nothing runs yet.
func (b *Bot) open(ctx context.Context) error {
	o := b.opts
	var err error
	b.alerts, err = newAlerter(o.Config.Alerts, o.Clock, b.component("alerts"), b.nickname)
	if err != nil {
		return err
	}
	b.store, err = store.Open(ctx, store.Options{Dir: o.Config.State, Logger: b.component("store"), Failed: b.notWritten, Anew: o.NewAccount})
	if err != nil {
		return err
	}
	if err := b.connect(ctx); err != nil {
		return errors.Join(err, b.store.Close())
	}
	return nil
}

func (b *Bot) component(name string) zerolog.Logger {
	return b.log.With().Str("component", name).Logger()
}

func (b *Bot) connect(ctx context.Context) error {
	o := b.opts
	rows, err := b.store.Keys(ctx)
	if err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	aliases, err := b.store.Aliases(ctx)
	if err != nil {
		return err
	}
	highest, err := b.store.HighestKey(ctx)
	if err != nil {
		return err
	}
	b.acc = &account{
		opts: o, log: b.component("account"), clock: o.Clock, store: b.store,
		book: newBook(rows, b.ambiguous), tell: b.tell, again: make(chan struct{}), tidy: newTidier(),
	}
	b.brakes = &brakes{clock: o.Clock, store: b.store, log: b.component("brakes")}
	if err := b.brakes.restore(ctx); err != nil {
		return err
	}
	b.acc.warned = b.warned
	b.acc.book.alias = aliases
	b.acc.book.next = max(b.acc.book.next, highest)
	b.live = &live{
		file: o.Config.Rules, lastGood: filepath.Join(o.Config.State, lastGoodName),
		forceLive: o.ForceLive, unpaced: o.Unpaced, clock: o.Clock, log: b.component("rules"),
		memory: rules.NewMemory(), names: b.botNames, mode: b.brakes.mode,
		off: b.brakes.rulesOff, language: o.Config.Language(),
	}
	if err := b.live.remember(ctx, b.store); err != nil {
		return err
	}
	b.recorder, err = trace.New(trace.Options{
		Store: b.store, Logger: b.component("trace"), Limits: func() event.TraceLimits { return b.live.Settings().Trace },
	})
	if err != nil {
		return err
	}
	b.remarks = newRemarks(b.acc, b.component("account"), b.remarkMissed)
	send := &sender{
		acc: b.acc, brakes: b.brakes, remarks: b.remarks, sent: b.wasSent, plugins: b.call, http: &http.Client{},
		settings: b.live.Settings, called: map[int64]string{}, uploads: map[int64]upload{},
	}
	b.sender = send
	b.outbox, err = outbox.New(outbox.Options{
		Store: b.store, Sender: send, Settings: b.live.Settings, Clock: o.Clock,
		Logger: b.component("outbox"), Notify: b.notice, Memory: b.store, Throttled: b.throttled,
		Ended: b.deliveryEnded,
	})
	if err != nil {
		return err
	}
	b.acc.kick = b.outbox.Kick
	b.acc.alert = b.alerts.raise
	b.acc.stored = b.metrics.Received
	b.acc.complete = b.checkNames
	b.acc.book.renamed = b.groupRenamed
	b.world = &world{acc: b.acc, store: b.store, outbox: b.outbox, rules: b.live, tell: b.tell, brakes: b.brakes}
	b.host, err = luahost.New(luahost.Options{
		Dir: o.Config.Plugins, DataDir: filepath.Join(o.Config.State, "plugins"),
		World: b.world, Tables: b.store, Clock: o.Clock, Logger: b.component("lua"), Capabilities: capabilities(o.Config.Mode),
		Ran: b.metrics.PluginRan, Failed: b.metrics.PluginFailed,
		Traced: b.recorder.Ran, Language: b.inWeChat(),
	})
	if err != nil {
		return err
	}
	b.dispatch, err = dispatch.New(dispatch.Options{
		Inbox: &inbox{b}, Rules: b.live, Plugins: plugins{b.host}, Dialogues: b.host,
		Prepare: &preparer{acc: b.acc, settings: b.live.Settings, asked: map[string]time.Time{}},
		Clock:   o.Clock, Logger: b.component("dispatch"), Muted: b.muted,
		Handled: b.handled,
		Admin:   b.admin, Silent: b.brakes.silent, Owner: b.ownerWrote, Room: b.outbox.Room,
		Traced: b.recorder.Decided,
	})
	if err != nil {
		return err
	}
	b.acc.dispatch = b.dispatch
	b.acc.keep = newKeepsakes(o.Config.State, o.Clock, b.component("recall"), b.live.Settings, b.acc.wxClient)
	b.schedule = &scheduler{
		clock: o.Clock, store: b.store, log: b.component("schedules"), set: b.live.set.Load, connected: b.acc.connected,
		commit: func(ctx context.Context, events []event.Event) error { return b.acc.commit(ctx, nil, events) },
		off:    b.brakes.rulesOff, words: b.words, notice: b.notice,
		changed: make(chan struct{}, 1),
	}
	return nil
}

// dispatchWhenReady hands events out once the account is known: before that,
// nobody's name is.
func (b *Bot) dispatchWhenReady(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-b.ready:
	}
	return b.dispatch.Run(ctx)
}

// finish ends events and queues what the rules decided about them.
func (b *Bot) finish(ctx context.Context, seqs []int64, outcome string, ev *event.Event, firings []event.Firing) error {
	now := b.opts.Clock.Now()
	settings := b.live.Settings()
	var ds []event.Delivery
	var notes []event.Note
	for _, f := range firings {
		notes = append(notes, f.Notes...)
		if f.DryRun {
			b.log.Info().Str("rule", f.Rule).Str("msg", ev.ID).Msg("dry run: rule fired")
			continue
		}
		steps := withTargets(f.Steps, settings)
		handler := f.Handler
		if handler == "" {
			handler = "rule:" + f.Rule
		}
		ds = append(ds, outbox.Plan(ev, handler, steps, now, newSendID, settings.Pace.SplitAt)...)
		b.log.Info().Str("rule", f.Rule).Str("chat", ev.Chat.Key).Str("msg", ev.ID).Msg("rule fired")
	}
	ds, err := b.store.FinishNoting(ctx, seqs, outcome, ds, notes)
	if err != nil {
		return err
	}
	for _, f := range firings {
		if f.Handler == "" && !f.DryRun {
			b.hits.add(f.Rule)
			b.metrics.RuleFired(f.Rule)
		}
	}
	b.outbox.Queue(ds...)
	b.tell(Handled{ID: ev.ID, Outcome: outcome})
	return nil
}

// withTargets fills in whom a notice goes to and who the admins are.
func withTargets(steps []event.Action, s event.Settings) []event.Action {
	out := make([]event.Action, 0, len(steps))
	for _, a := range steps {
		if a.Kind == event.ActNotify && len(a.To) == 0 && a.ToKey == "" {
			if a.To = s.Notify; len(a.To) == 0 {
				continue
			}
		}
		var to []string
		for _, name := range a.To {
			if name == "$admins" {
				to = append(to, s.Admins...)
			} else {
				to = append(to, name)
			}
		}
		a.To = to
		out = append(out, a)
	}
	return out
}

// tell hands a notice to whoever looks at a terminal.
func (b *Bot) tell(n Notice) {
	if _, ok := n.(LoggedIn); ok {
		b.told.Do(func() { close(b.ready) })
		b.schedule.kick()
	}
	if b.opts.Observe == nil {
		return
	}
	b.observing.Lock()
	defer b.observing.Unlock()
	b.opts.Observe(n)
}

// Reload loads rules and plugins anew. What is broken keeps its running version;
// the error says what and where, and so does the status until it is mended.
func (b *Bot) Reload(ctx context.Context) error {
	b.reloading.Lock()
	defer b.reloading.Unlock()
	changed, err := b.live.reload()
	var errs []error
	if err != nil {
		errs = append(errs, err)
	}
	before := b.host.Rev()
	for _, p := range b.host.Reload(ctx) {
		if p.Off && !p.Kept {
			continue // no mistake: status and check tell
		}
		errs = append(errs, p.All().Err())
	}
	err = errors.Join(errs...)
	if changed || b.host.Rev() != before {
		b.loaded(ctx)
		if err == nil {
			b.keepVersion()
		}
	}
	if b.setBroken(errs) && err != nil {
		b.log.Error().Err(err).Msg("new files invalid: the running ones stay")
		b.tell(Problem{Text: err.Error()})
		b.notice(b.say(event.SayReloadFailed, "why", firstLines(b.broken(b.inWeChat()), noticeLines)))
	}
	return err
}

const noticeLines = 6

func firstLines(text string, n int) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[:min(n, len(lines))], "\n")
}

func (b *Bot) watcher() *watcher {
	return &watcher{
		dirs: func() []string { return watchDirs(b.opts.Config) },
		changed: func(ctx context.Context) {
			// Reload has told what is wrong, once; a line for each look would, with
			// the log beside the rules, lead to the next look.
			_ = b.Reload(ctx)
		},
		log: b.component("watch"),
	}
}

// loaded tells what is in force now.
func (b *Bot) loaded(ctx context.Context) {
	set := b.live.set.Load()
	b.brakes.fileSays(ctx, set.Settings().Mode)
	b.checkNames()
	b.schedule.kick()
	plugins := b.host.Plugins()
	running := 0
	for _, p := range plugins {
		if p.Running {
			running++
		}
	}
	for _, p := range b.opts.Config.unfitFor(set, plugins) {
		b.log.Warn().Str("problem", p.String()).Msg("not served in this mode of login")
		b.tell(Problem{Text: p.String()})
	}
	n := RulesLoaded{Rules: len(set.Rules()), Plugins: running, Rev: set.Rev()}
	b.log.Info().Int("rules", n.Rules).Int("plugins", n.Plugins).Str("rev", n.Rev).
		Str("mode", string(b.live.Settings().Mode)).Str("state_dir", b.opts.Config.State).Msg("rules and plugins loaded")
	b.tell(n)
}

// inWeChat is the language that the bot speaks in WeChat: Chinese unless it is told
// otherwise.
func (b *Bot) inWeChat() lang.Language { return cmp.Or(b.opts.Config.Language(), lang.Chinese) }

// words are the texts that replace the daemon's own.
func (b *Bot) words() event.Words { return b.live.set.Load().Settings().Words }

// say gives the text of a phrase, with pairs of a name and a value.
func (b *Bot) say(p event.Phrase, pairs ...string) string { return b.words().Say(p, pairs...) }

// noticeBound is how many notices wait to be written; more are only logged.
const noticeBound = 64

// notice tells the operator in WeChat, where settings.notify says. It does not
// wait.
func (b *Bot) notice(text string) {
	if text == "" {
		return // settings.words silenced it
	}
	select {
	case b.notices <- text:
	default:
		b.log.Warn().Msg("too many notices: one left out")
	}
}

func (b *Bot) noticeLoop(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case text := <-b.notices:
			if err := b.world.Notify(ctx, text); err != nil {
				b.log.Error().Err(err).Msg("operator not told")
			}
		}
	}
}

func (b *Bot) muted(ev *event.Event) {
	b.notice(b.say(event.SayLoop, "sender", ev.Sender.Name(), "chat", ev.Chat.Name))
}

// doubtsMost bounds the names that are told to be borne by several.
const doubtsMost = 20

// ambiguous is told of a name that several accounts bear, so that it is not clear
// which of them is which after a login. It is called under the book's lock.
func (b *Bot) ambiguous(kind event.ChatKind, name string) {
	b.doubtMu.Lock()
	known := slices.Contains(b.doubts, name) || len(b.doubts) >= doubtsMost
	if !known {
		b.doubts = append(b.doubts, name)
	}
	b.doubtMu.Unlock()
	if known {
		return
	}
	b.log.Warn().Str("kind", string(kind)).Msg("several accounts bear one name: set remarks to keep them apart over logins")
	b.notice(b.say(event.SayAmbiguous, "name", name))
}

func (b *Bot) remarkMissed(name, remark string) {
	b.notice(b.say(event.SayRemarkMissed, "name", name, "remark", remark))
}

func (b *Bot) wasSent(chat string, at time.Time) { b.dispatch.Sent(chat, at) }

func (b *Bot) botNames() []string { return b.acc.book.selfNames("") }

func (b *Bot) call(ctx context.Context, q luahost.Calling) (string, error) {
	return b.host.Call(ctx, q)
}

// plugins adapts the plugin host to the dispatcher.
type plugins struct{ *luahost.Host }

func (p plugins) Resolve(ev *event.Event) (string, func(context.Context) event.Claim, bool) {
	c, ok := p.Host.Resolve(ev)
	if !ok {
		return "", nil, false
	}
	return c.Name, func(ctx context.Context) event.Claim { return p.Command(ctx, ev, c) }, true
}

var (
	_ dispatch.Rules    = (*live)(nil)
	_ dispatch.Plugins  = plugins{}
	_ dispatch.Inbox    = (*inbox)(nil)
	_ dispatch.Preparer = (*preparer)(nil)
	_ outbox.Sender     = (*sender)(nil)
	_ luahost.World     = (*world)(nil)
	_ luahost.Tables    = (*store.Store)(nil)
	_ outbox.Store      = (*store.Store)(nil)
)
