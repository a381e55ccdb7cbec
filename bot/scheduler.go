package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/clock"
	"wxbot/bot/event"
	"wxbot/bot/rules"
	"wxbot/bot/store"
)

const (
	// metaSchedules is the store's name for what is remembered of schedules.
	metaSchedules = "schedules"
	// scheduleLook is how soon the scheduler looks again while there is no
	// connection, or after it could not write.
	scheduleLook = 5 * time.Second
	// scheduleMost is how long it looks away: the system's clock may be set.
	scheduleMost = 30 * time.Second
)

// scheduler makes events of scheduled rules that are due. A run whose event is stored
// takes place, and once: its id says which it is.
type scheduler struct {
	clock     clock.Clock
	store     *store.Store
	log       zerolog.Logger
	set       func() *rules.Set
	off       func(chat string) func(rule string) bool
	words     func() event.Words
	connected func() bool
	commit    func(ctx context.Context, events []event.Event) error
	notice    func(text string) // to the operator
	// changed is told when the rules are others, and of logins. One mark waits at most.
	changed chan struct{}

	// What run alone uses.
	state   rules.Scheduled
	unsaved bool
}

// kick makes the scheduler look again at once. It does not wait.
func (s *scheduler) kick() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// run works until ctx ends.
func (s *scheduler) run(ctx context.Context) error {
	text, err := s.store.Meta(ctx, metaSchedules)
	if err != nil {
		return fmt.Errorf("read schedules: %w", err)
	}
	s.state = rules.Scheduled{}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &s.state); err != nil {
			// Without it, nothing that was missed is made up for; nothing else is lost.
			s.log.Error().Err(err).Msg("stored schedules unreadable: begun anew")
			s.state = rules.Scheduled{}
		}
	}
	t := time.NewTimer(0)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.changed:
		case <-t.C:
		}
		wait, err := s.step(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Error().Err(err).Msg("scheduled rules not run: trying again")
		}
		t.Reset(s.clock.Real(wait))
	}
}

// step runs what is due and tells how long there is nothing to do.
func (s *scheduler) step(ctx context.Context) (wait time.Duration, err error) {
	now := s.clock.Now()
	due := s.set().Due(s.state, now, s.off(""))
	if !s.connected() {
		return scheduleLook, s.remember(ctx, onlyNew(due.State, s.state))
	}
	events := make([]event.Event, 0, len(due.Ticks))
	for _, t := range due.Ticks {
		events = append(events, event.Event{
			ID:   string(event.KindTick) + ":" + t.Rule + ":" + strconv.FormatInt(t.Due.Unix(), 10),
			Kind: event.KindTick, Time: now, Tick: &t,
		})
	}
	if len(events) > 0 {
		if err := s.commit(ctx, events); err != nil {
			return scheduleLook, err
		}
	}
	for _, t := range due.Ticks {
		s.log.Info().Str("rule", t.Rule).Time("due", t.Due).Msg("scheduled rule due")
	}
	for _, t := range due.Missed {
		s.log.Warn().Str("rule", t.Rule).Time("due", t.Due).Msg("scheduled rule missed: it was due too long ago")
		s.notice(s.words().Say(event.SayMissed, "rule", t.Rule, "due", t.Due.Format("01-02 15:04")))
	}
	if err := s.remember(ctx, due.State); err != nil {
		return scheduleLook, err
	}
	wait = scheduleMost
	if !due.Wake.IsZero() {
		wait = min(wait, max(due.Wake.Sub(s.clock.Now()), 0))
	}
	return wait, nil
}

// onlyNew is what is remembered while nothing runs: which schedules there are, with
// the old ones where they were.
func onlyNew(now, before rules.Scheduled) rules.Scheduled {
	out := rules.Scheduled{}
	for key, t := range now {
		if out[key] = t; !before[key].IsZero() && before[key].Before(t) {
			out[key] = before[key]
		}
	}
	return out
}

// remember writes what changed. The runs of which it tells are stored already: if it
// is not written, they are made once more, and known by their ids.
func (s *scheduler) remember(ctx context.Context, state rules.Scheduled) error {
	same := func(a, b time.Time) bool { return a.Equal(b) }
	if !s.unsaved && maps.EqualFunc(s.state, state, same) {
		return nil
	}
	s.state, s.unsaved = state, true
	text, err := json.Marshal(state)
	if err == nil {
		err = s.store.SetMeta(ctx, metaSchedules, string(text))
	}
	if err != nil {
		return fmt.Errorf("store schedules: %w", err)
	}
	s.unsaved = false
	return nil
}
