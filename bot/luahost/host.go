// Package luahost runs plugins written in Lua: it loads and reloads them, offers
// them events, and keeps each in a sandbox of its own. It is the only package that
// knows the Lua library.
//
// A plugin has one Lua state, which one call at a time may run, under the plugin's
// run lock. Calls that wait (sleep, wait) let the lock go meanwhile, so that other
// handlers of the plugin run. A slow plugin never holds up another.
package luahost

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/clock"
	"wxbot/bot/event"
	"wxbot/bot/lang"
)

// ErrNotStored is World.Queue's error where an action could not be written, as on a
// full disk. It is tried again until the call ends.
var ErrNotStored = errors.New("not stored")

// World is what plugins may do. Its methods may be called concurrently.
type World interface {
	// Queue commits one action of a handler's and returns its id. n counts the
	// actions of this handler for this event from 0. It may wait for a disk, not
	// for sending. ev is nil for timers. The event is done by it, and never queued
	// for twice, but see Repeats.
	Queue(ctx context.Context, ev *event.Event, plugin string, n int, a event.Action) (id int64, err error)
	// Done marks an event done whose handler was reported as event.Held and has
	// ended without queueing anything.
	Done(ctx context.Context, ev *event.Event) error
	// Running notes, for after a kill, that the event at a position of the inbox
	// is being handled until end is called.
	Running(seq int64) (end func())
	// Outcome waits for the end of a queued action.
	Outcome(ctx context.Context, id int64) (event.Status, string, error)
	// Find gives the chats that bear a name: people by remark or nickname,
	// groups by name.
	Find(kind event.ChatKind, name string) ([]event.Chat, error)
	Members(groupKey string) []event.Person
	Self() event.Person
	Notify(ctx context.Context, text string) error
	Settings() event.Settings
}

// Options configures a Host. Without Dir there are no plugins.
type Options struct {
	Dir     string // of the plugins
	DataDir string // below which plugins may keep files
	World   World
	Tables  Tables // of bot.kv; in memory if nil
	// Transport carries what bot.http asks for; nil is the network.
	Transport http.RoundTripper
	// Getenv gives what ${env:NAME} stands for in plugins.yaml; nil is os.Getenv.
	Getenv func(name string) string
	Clock  clock.Clock
	Logger zerolog.Logger
	Limits Limits
	// Ran, if set, is told how long a plugin ran, each time it lets its lock go; ended:
	// the call is over. Failed is told of each error of a plugin; limit: it was stopped
	// by a limit. Neither may block.
	Ran    func(plugin string, took time.Duration, ended bool)
	Failed func(plugin string, limit bool)
	// Language is that of what is told to the operator in the chat.
	Language lang.Language
	// Capabilities of the mode of login; without a Mode every handler fits.
	Capabilities event.Capabilities
	// Traced, if set, is told how far each handler has come with an event: when it
	// ends, and when it claims the event before that. It must not block.
	Traced func(event.TraceRun)
}

// EveryPlugin stands for the name in a problem of plugins.yaml or of the directory.
const EveryPlugin = "*"

// Problem is why a plugin could not be loaded.
type Problem struct {
	Plugin string // EveryPlugin if it is about all of them
	File   string
	Line   int // 0 if unknown
	Text   lang.Text
	// Off: nothing is wrong, it needs configuration before it can run.
	Off  bool
	Kept bool // an earlier version goes on
}

// String gives place and text in English, for logs.
func (p Problem) String() string { return p.All().String() }

// All gives place and text.
func (p Problem) All() lang.Text {
	place := p.File
	if p.Line > 0 {
		place = fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	text := p.Text
	if p.Plugin != EveryPlugin {
		text = lang.T("plugin %s: %s", p.Plugin, text)
	}
	text = lang.T("%s: %s", lang.Raw(place), text)
	if p.Kept {
		text = lang.T("%s (the running version stays)", text)
	}
	return text
}

// Info describes a plugin for people.
type Info struct {
	Name, Version, About string
	Running              bool
	Paused               lang.Text // why it is passed over since it ran; none if it is not
	Problem              lang.Text // why not, or why a newer file does not run
	Commands             []string
	Exports              []string
	Reaches              []string    // hosts that bot.http may speak to
	Off                  bool        // it needs configuration before it can run
	Unfit                []lang.Text // handlers that can never run in the mode of login, and why
}

// Host holds the plugins. All methods may be called concurrently; Run once.
type Host struct {
	opts  Options
	calls sync.WaitGroup

	requests chan struct{} // holds a token for each request of bot.http

	busy atomic.Int64  // calls that have not ended
	over chan struct{} // closed when Run ends
	// started is closed when Run lets timers go.
	started chan struct{}

	questions questions
	workers   workers
	quiet     quiet

	loading sync.Mutex // one Reload at a time
	plugins atomic.Pointer[[]*plugin]

	mu       sync.Mutex
	ended    bool             // Run waits for what has begun; nothing may begin
	ctx      context.Context  //nolint:containedctx // the life of Run, under which handlers that have claimed an event go on
	tried    map[string]tried // tests that new versions failed; guarded by loading
	problems map[string]Problem
	rev      string
	told     map[string]time.Time // errors told to the operator, by place
}

// New checks the options. It loads nothing.
func New(o Options) (*Host, error) {
	if o.World == nil {
		return nil, errors.New("luahost: World is required")
	}
	o.Limits.setDefaults()
	if o.Tables == nil {
		o.Tables = NewMemoryTables()
	}
	limitArrays()
	if o.Ran == nil {
		o.Ran = func(string, time.Duration, bool) {}
	}
	if o.Failed == nil {
		o.Failed = func(string, bool) {}
	}
	h := &Host{opts: o, requests: make(chan struct{}, requestsAll), over: make(chan struct{}), started: make(chan struct{}), tried: map[string]tried{}, problems: map[string]Problem{}, told: map[string]time.Time{}}
	h.workers = newWorkers()
	h.questions.quiet = &h.quiet
	h.questions.most, h.questions.open = o.Limits.Waits, map[asked]*question{}
	h.plugins.Store(&[]*plugin{})
	return h, nil
}

// unloadMost is how long unload handlers may take together when the host stops.
const unloadMost = 2 * time.Second

// Run keeps handlers and timers going until ctx ends; then plugins are unloaded
// and every call has ended when it returns.
func (h *Host) Run(ctx context.Context) error {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	h.mu.Lock()
	h.ctx = own
	h.mu.Unlock()
	close(h.started)
	for _, p := range h.list() {
		p.startTimers(own)
	}
	<-ctx.Done()
	stop, stopped := context.WithTimeout(own, unloadMost)
	for _, p := range h.list() {
		p.unload(stop)
	}
	stopped()
	// Calls that wait are ended by this first: what they were at is not done.
	cancel()
	for _, p := range h.list() {
		p.stopped()
	}
	close(h.over)
	h.mu.Lock()
	h.ended = true
	h.mu.Unlock()
	h.calls.Wait()
	return nil
}

// begin runs f in a goroutine that Run waits for, unless Run is over.
func (h *Host) begin(f func()) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return false
	}
	h.calls.Go(f)
	return true
}

// life is the context of Run, or nil before it.
func (h *Host) life() context.Context {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ctx
}

// ending reports whether Run is over or about to be.
func (h *Host) ending() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ended || h.ctx != nil && h.ctx.Err() != nil
}

func (h *Host) list() []*plugin { return *h.plugins.Load() }

// Plugins describes the plugins in their order.
func (h *Host) Plugins() []Info {
	var out []Info
	seen := map[string]bool{}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.list() {
		i := p.info()
		i.Running, i.Paused = true, p.faults.why()
		if problem, ok := h.problems[p.name]; ok {
			i.Problem, i.Off = problem.All(), problem.Off
		}
		seen[p.name] = true
		out = append(out, i)
	}
	var rest []Info
	for name, problem := range h.problems {
		if !seen[name] {
			rest = append(rest, Info{Name: name, Problem: problem.All(), Off: problem.Off})
		}
	}
	slices.SortFunc(rest, func(a, b Info) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return append(out, rest...)
}

// Busy is how many calls into plugins have not ended, those that wait included.
func (h *Host) Busy() int { return int(h.busy.Load()) }

// Rev is a short hash of the running plugins' sources.
func (h *Host) Rev() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rev
}

// Exports names the functions that rules may call, as plugin.function.
func (h *Host) Exports() []string {
	var out []string
	for _, p := range h.list() {
		for _, name := range p.info().Exports {
			out = append(out, p.name+"."+name)
		}
	}
	return out
}
