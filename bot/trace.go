package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"wxbot/bot/control"
	"wxbot/bot/event"
	"wxbot/bot/rules"
	"wxbot/bot/store"
	"wxbot/bot/trace"
)

const (
	// traceWait bounds the reading of traces.
	traceWait = 20 * time.Second
	// traceRules is of how many rules one trace tells.
	traceRules = 50
)

// Traces tells why messages were (not) answered, the newest last. It implements
// control.Tracer.
func (b *Bot) Traces(ctx context.Context, q control.TraceQuery) ([]trace.View, error) {
	ctx, cancel := context.WithTimeout(ctx, traceWait)
	defer cancel()
	want := store.TraceQuery{ID: q.ID, Limit: q.N}
	if q.Chat != "" {
		who, err := b.acc.book.one(q.Chat)
		if err != nil {
			return nil, fmt.Errorf("trace: %w", err)
		}
		want.Chats = who.keys
	}
	facts, err := b.traces(ctx, want)
	if err != nil {
		return nil, err
	}
	views := make([]trace.View, len(facts))
	for i := range facts {
		views[i] = facts[i].In(q.Language)
	}
	return views, nil
}

// flushTraces writes what waits, so that it is among what is read. On a full disk the
// older ones can still be read.
func (b *Bot) flushTraces(ctx context.Context) {
	if err := b.recorder.Flush(ctx); err != nil {
		b.log.Warn().Err(err).Msg("the newest traces are not written yet")
	}
}

// traces gives all that is known of some events.
func (b *Bot) traces(ctx context.Context, q store.TraceQuery) ([]trace.Facts, error) {
	b.flushTraces(ctx)
	rows, err := b.store.Traces(ctx, q)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	ids, oldest := make([]string, len(rows)), rows[0].Time
	for i := range rows {
		ids[i] = rows[i].Event.ID
		if rows[i].Time.Before(oldest) {
			oldest = rows[i].Time
		}
	}
	// What a plugin decided about an event that ran again after a kill is older than
	// the trace.
	answers, err := b.store.Answers(ctx, ids, oldest.Add(-time.Hour))
	if err != nil {
		return nil, err
	}
	byEvent := map[string][]trace.Answer{}
	for _, d := range answers {
		byEvent[d.Event] = append(byEvent[d.Event], b.answer(d))
	}
	out := make([]trace.Facts, len(rows))
	for i := range rows {
		out[i] = b.facts(&rows[i].Trace, rows[i].Blank)
		out[i].Answers = byEvent[rows[i].Event.ID]
	}
	return out, nil
}

// answer completes what the store knows of a delivery that has not ended there.
func (b *Bot) answer(d event.Delivery) trace.Answer {
	a := trace.Answer{Delivery: d}
	if d.Status != event.StatusPending {
		return a
	}
	if status, reason, ended := b.outbox.Ended(d.ID); ended {
		a.Status, a.Reason = status, reason
		a.Receipt.Time = b.opts.Clock.Now()
		return a
	}
	a.Waiting, _ = b.outbox.Waiting(d.ID)
	return a
}

// facts tells of the rules what can be told without the store. Why a rule did not
// fire follows from the event and the rules of then, and is reckoned only for who
// asks.
func (b *Bot) facts(told *event.Trace, blank bool) trace.Facts {
	own := *told // several may be told of one
	t := &own
	b.nameTrace(&t.Event)
	f := trace.Facts{Trace: *t, Blank: blank, Now: b.opts.Clock.Now(), Zone: b.live.Settings().Location}
	if t.Rules == "" || t.Outcome == event.OutcomeGathered || blank {
		f.Rules = t.Held
		return f
	}
	set := b.live.version(t.Rules)
	account := rules.Account{Decided: true, Held: t.Held, Most: traceRules}
	in := rules.Input{Event: &t.Event, Now: t.Time, Command: t.Command, Gathered: t.Gathered}
	if set == nil {
		set, account.Decided, f.Reworked = b.live.set.Load(), false, true
		in.Command, _, _ = set.CommandOf(in)
		in.Off = b.live.off(t.Event.Chat.Key)
	}
	f.Rules, f.More = set.Tell(in, account)
	if f.Reworked {
		gone := slices.DeleteFunc(slices.Clone(t.Held), func(v event.Verdict) bool {
			return slices.ContainsFunc(f.Rules, func(w event.Verdict) bool { return v.Rule == w.Rule })
		})
		f.Rules = append(gone, f.Rules...)
	}
	return f
}

// nameTrace fills in the names of today where there were none.
func (b *Bot) nameTrace(ev *event.Event) {
	l := event.Line{Chat: ev.Chat, By: ev.Sender.Name(), ByKey: ev.Sender.Key}
	b.acc.book.fillNames(&l)
	ev.Chat = l.Chat
	if ev.Sender.Name() == "" {
		ev.Sender.Nickname = l.By
	}
}

// FollowTraces begins to follow what happens. It implements control.Tracer.
func (b *Bot) FollowTraces(q control.TraceQuery) (*trace.Follower, func(trace.Item) (trace.Record, bool), error) {
	var keys []string
	if q.Chat != "" {
		who, err := b.acc.book.one(q.Chat)
		if err != nil {
			return nil, nil, fmt.Errorf("trace: %w", err)
		}
		keys = who.keys
	}
	meant := func(key string) bool { return keys == nil || slices.Contains(keys, key) }
	f, err := b.recorder.Follow()
	if err != nil {
		return nil, nil, err
	}
	return f, func(i trace.Item) (trace.Record, bool) {
		switch {
		case i.Trace != nil && meant(i.Trace.Event.Chat.Key):
			facts := b.facts(i.Trace, false)
			view := facts.In(q.Language)
			return trace.Record{Trace: &view}, true
		case i.Answer != nil && (meant(i.Answer.Chat.Key) || meant(i.Answer.Receipt.Chat)):
			l := event.Line{Chat: i.Answer.Chat}
			if to := i.Answer.Receipt.Chat; to != "" && to != l.Chat.Key {
				l.Chat = event.Chat{Key: to}
			}
			b.acc.book.fillNames(&l)
			done := trace.DoneIn(*i.Answer, l.Chat.Name, b.live.Settings().Location, q.Language)
			return trace.Record{Action: &done}, true
		}
		return trace.Record{}, false
	}, nil
}

const (
	// whyLines is how many lines an answer in a chat has at most.
	whyLines = 12
	// whyBack is among how many of the latest events of a chat a quoted text is
	// looked for.
	whyBack = 200
)

// adminWhy tells in a chat why a message was (not) answered: the one that the
// command quotes, or the last one before it, of this chat or of one that is named.
func (b *Bot) adminWhy(ctx context.Context, ev *event.Event, name string) string {
	ctx, cancel := context.WithTimeout(ctx, traceWait)
	defer cancel()
	f, err := b.why(ctx, ev, name)
	switch {
	case err != nil:
		return b.say(event.SayWhyFailed, "why", err.Error())
	case f == nil:
		return b.say(event.SayWhyNone)
	}
	v := f.In(b.inWeChat())
	lines := []string{v.Title}
	for _, l := range v.Lines {
		if l.Minor {
			continue
		}
		if len(lines) > whyLines {
			lines = append(lines, "……")
			break
		}
		text := l.Text
		if l.Name != "" {
			text = l.Name + "：" + text
		}
		lines = append(lines, text)
	}
	if v.Note != "" {
		lines = append(lines, v.Note)
	}
	return strings.Join(lines, "\n")
}

// why finds the message that is asked about; nil if there is none.
func (b *Bot) why(ctx context.Context, ev *event.Event, name string) (*trace.Facts, error) {
	q := store.TraceQuery{Chats: []string{ev.Chat.Key}, Before: ev.Seq, Limit: whyBack}
	if name != "" {
		who, err := b.acc.book.one(name)
		if err != nil {
			return nil, err
		}
		q.Chats = who.keys
	}
	if m := ev.Message; m.QuoteID != "" {
		f, err := b.quoted(ctx, m.QuoteID)
		if f != nil || err != nil {
			return f, err
		}
	}
	b.flushTraces(ctx)
	rows, err := b.store.Traces(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, t := range slices.Backward(rows) {
		quote := ev.Message.Quote
		if quote != "" && (t.Event.Message == nil || t.Event.Message.Raw != quote) || quote == "" && t.Outcome == event.OutcomeAdmin {
			continue
		}
		facts, err := b.traces(ctx, store.TraceQuery{ID: t.Event.ID, Limit: 1})
		if err != nil || len(facts) == 0 {
			return nil, err
		}
		return &facts[0], nil
	}
	return nil, nil
}

// quoted finds a message by its id, or what an answer of ours by its id answered.
func (b *Bot) quoted(ctx context.Context, id string) (*trace.Facts, error) {
	answered, err := b.store.EventOf(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, id := range []string{id, answered} {
		if id == "" {
			continue
		}
		facts, err := b.traces(ctx, store.TraceQuery{ID: id, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(facts) > 0 {
			return &facts[0], nil
		}
	}
	return nil, nil
}

var _ control.Tracer = (*Bot)(nil)
