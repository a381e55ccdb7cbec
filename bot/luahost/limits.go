package luahost

import (
	"slices"
	"time"

	"wxbot/bot/conf"
	"wxbot/bot/lang"
)

// Limits bound what plugins may use. Zero fields are the defaults; plugins.yaml may
// set most of them, for all plugins or for one.
type Limits struct {
	Run    time.Duration // of holding the lock at a stretch; 1 s
	Call   time.Duration // of a whole call, questions and bot.sleep left out; 10 min
	Memory int64         // bytes that a stretch may take and a plugin may keep; 64 MB
	Sends  int           // actions for one event; 10
	Minute int           // actions of one plugin within a minute; 30
	Timers int           // 100
	Waits  int           // questions that wait for an answer, of all plugins together; 500
}

func (l *Limits) setDefaults() { *l = l.over(defaultLimits()) }

func defaultLimits() Limits {
	return Limits{
		Run: time.Second, Call: 10 * time.Minute, Memory: 64 << 20, Sends: 10, Minute: 30, Timers: 100, Waits: 500,
	}
}

// over fills the fields that are not set from others.
func (l Limits) over(under Limits) Limits {
	out := under
	set(&out.Run, l.Run)
	set(&out.Call, l.Call)
	set(&out.Memory, l.Memory)
	set(&out.Sends, l.Sends)
	set(&out.Minute, l.Minute)
	set(&out.Timers, l.Timers)
	set(&out.Waits, l.Waits)
	return out
}

func set[T int | int64 | time.Duration](to *T, v T) {
	if v > 0 {
		*to = v
	}
}

// What plugins.yaml may set at most: beyond these a limit protects nobody.
const (
	runMost     = 10 * time.Second
	callMost    = 2 * time.Hour
	memoryLeast = 4 << 20
	memoryMost  = 1 << 30
	minuteMost  = 600
	timersMost  = 1000
	waitsMost   = 5000
)

// readLimits reads the map limits of plugins.yaml: of the whole file, or of one
// plugin.
func readLimits(n *conf.Node, whole bool) (l Limits, problems []conf.Problem) {
	fail := func(n *conf.Node, text lang.Text, hint ...lang.Text) {
		problems = append(problems, n.At(conf.Error, text, hint...))
	}
	if n.Kind != conf.Map {
		fail(n, lang.T("limits is a map such as {run: 1s, memory: 64MB}"))
		return l, problems
	}
	known := limitKeys
	if whole {
		known = slices.Concat(limitKeys, waitsKeys)
	}
	for _, e := range n.Entries {
		key, ok := conf.Spelled(known, e.Key.Value)
		v := e.Value
		if !ok {
			fail(e.Key, lang.T("unknown limit %q", e.Key.Value), meant(e.Key.Value, conf.Names(known)))
			continue
		}
		if problem := l.read(key, v); !problem.IsZero() {
			fail(v, problem)
		}
	}
	return l, problems
}

// read sets one limit from plugins.yaml; problem is what is wrong with the value.
func (l *Limits) read(key string, v *conf.Node) (problem lang.Text) {
	duration := func(to *time.Duration, most time.Duration) lang.Text {
		d, ok := v.Duration()
		if !ok || d <= 0 || d > most {
			return lang.T("%s is a duration up to %s", key, most)
		}
		*to = d
		return lang.Text{}
	}
	count := func(to *int, most int) lang.Text {
		n, ok := v.Int()
		if !ok || n < 1 || n > most {
			return lang.T("%s is a number from 1 to %d", key, most)
		}
		*to = n
		return lang.Text{}
	}
	switch key {
	case "run":
		return duration(&l.Run, runMost)
	case "call":
		return duration(&l.Call, callMost)
	case "memory":
		size, ok := v.Size()
		if !ok || size < memoryLeast || size > memoryMost {
			return lang.T("memory is a size from %d MB to %d MB", memoryLeast>>20, memoryMost>>20)
		}
		l.Memory = size
	case "sends":
		return count(&l.Minute, minuteMost)
	case "timers":
		return count(&l.Timers, timersMost)
	case "waits":
		return count(&l.Waits, waitsMost)
	}
	return lang.Text{}
}
