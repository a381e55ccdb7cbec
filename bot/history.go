package bot

import (
	"context"
	"time"

	"wxbot/bot/conf"
	"wxbot/bot/lang"
	"wxbot/bot/store"
)

// History says what is kept of what was said. The zero value is the default:
// metadata for 7 days, in at most 1 GB.
type History struct {
	Keep     store.Mode
	Days     time.Duration // age until which it is kept
	MaxBytes int64         // of the database
}

const (
	historyKey   = "history"
	historyDays  = 7 * 24 * time.Hour
	historyBytes = 1 << 30
)

func (h History) withDefaults() History {
	if h.Keep == "" {
		h.Keep = store.HistoryMetadata
	}
	if h.Days == 0 {
		h.Days = historyDays
	}
	if h.MaxBytes == 0 {
		h.MaxBytes = historyBytes
	}
	return h
}

// historyModes are the spellings of a mode in wxbot.yaml. YAML's own "off" is
// among them.
func historyModes() map[string]string {
	return map[string]string{
		"off": string(store.HistoryOff), "metadata": string(store.HistoryMetadata), "full": string(store.HistoryFull),
	}
}

// fill reads "history: metadata" or "history: {keep: full, days: 7d, max: 1GB}".
func (h *History) fill(n *conf.Node) []conf.Problem {
	switch n.Kind {
	case conf.Scalar:
		return h.fillMode(n)
	case conf.Map:
	case conf.Null, conf.List:
		return []conf.Problem{n.At(conf.Error, lang.T("history is off, metadata or full, or a map of keep, days and max, here is %s", n.Describe()))}
	}
	var problems []conf.Problem
	for _, e := range n.Entries {
		switch e.Key.Value {
		case "keep":
			problems = append(problems, h.fillMode(e.Value)...)
		case "days":
			d, ok := e.Value.Duration()
			if !ok || d <= 0 {
				problems = append(problems, e.Value.At(conf.Error, lang.T("history.days is a duration above zero, here is %s", e.Value.Describe()), lang.T("write it like 7d")))
			}
			h.Days = d
		case "max":
			b, ok := e.Value.Size()
			if !ok || b <= 0 {
				problems = append(problems, e.Value.At(conf.Error, lang.T("history.max is a size above zero, here is %s", e.Value.Describe()), lang.T("write it like 500MB or 1GB")))
			}
			h.MaxBytes = b
		default:
			problems = append(problems, e.Key.At(conf.Error, lang.T("unknown key %q of history", e.Key.Value), conf.DidYouMean(conf.Suggest(e.Key.Value, conf.Names(historyWords())))))
		}
	}
	return problems
}

func (h *History) fillMode(n *conf.Node) []conf.Problem {
	w, ok := n.Word(historyModes())
	if !ok {
		return []conf.Problem{n.At(conf.Error, lang.T("history is off, metadata or full, here is %s", n.Describe()))}
	}
	h.Keep = store.Mode(w)
	return nil
}

const pruneEvery = 5 * time.Minute

// pruneLoop lets the store forget what recalls no longer need and the history does
// not keep.
func (b *Bot) pruneLoop(ctx context.Context) error {
	t := time.NewTicker(pruneEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			if b.digesting.Load() {
				continue // the digest of an outage still shows texts
			}
			if err := b.prune(ctx); err != nil && ctx.Err() == nil {
				b.log.Error().Err(err).Msg("old messages not forgotten")
			}
		}
	}
}

// prune forgets in steps, so that whoever writes in between waits for one only.
func (b *Bot) prune(ctx context.Context) error {
	if err := b.live.forget(ctx, b.store); err != nil {
		return err
	}
	h := b.opts.Config.History.withDefaults()
	for more := true; more; {
		settings := b.live.Settings()
		recall := settings.Recall
		var err error
		more, err = b.store.Prune(ctx, b.opts.Clock.Now(), store.Policy{
			RecallKeep: recall.Keep, RecallMax: recall.Max,
			History: h.Keep, Keep: h.Days, MaxBytes: h.MaxBytes,
			Traces: settings.Trace,
		})
		if err != nil {
			return err
		}
	}
	return b.countPoisoned(ctx)
}

// countPoisoned counts them anew: the oldest may be forgotten. It is too slow to do
// for every status.
func (b *Bot) countPoisoned(ctx context.Context) error {
	n, err := b.store.Poisoned(ctx)
	if err != nil {
		return err
	}
	b.poisoned.Store(int64(n))
	return nil
}
