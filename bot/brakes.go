package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/clock"
	"wxbot/bot/event"
	"wxbot/bot/store"
)

// metaBrakes is the store's name for what the brakes remember.
const metaBrakes = "brakes"

// brakes hold back what rules and plugins would do: an operator's pause, the owner
// who writes in a chat, a warning of WeChat's. They survive restarts, and are asked
// when something is decided and again when it is sent. Safe for concurrent use.
type brakes struct {
	clock clock.Clock
	store *store.Store
	log   zerolog.Logger

	writing sync.Mutex // one writer to the store at a time, so that the newest wins
	mu      sync.Mutex
	state   brakeState
}

// brakeState is what is stored.
type brakeState struct {
	// Paused holds everything, Chats one chat by key.
	Paused *hold           `json:"paused,omitempty"`
	Chats  map[string]hold `json:"chats,omitempty"`
	// Owner tells, by chat, until when the account's owner is left to talk there.
	Owner map[string]time.Time `json:"owner,omitempty"`
	// Warned is what WeChat said about restrictions; nothing unsolicited is sent
	// until an operator says so.
	Warned *warned `json:"warned,omitempty"`
	// Mode is what an admin said in a chat; it holds until the file says another.
	Mode *modeChoice `json:"mode,omitempty"`
	// Rules are those that an admin switched off, by name. The map is replaced,
	// never changed.
	Rules map[string]ruleOff `json:"rules,omitempty"`
}

type hold struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until,omitzero"` // zero until somebody resumes
	Name  string    `json:"name,omitempty"` // of the chat, for people
}

func (h hold) over(now time.Time) bool { return !h.Until.IsZero() && !now.Before(h.Until) }

type warned struct {
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

type modeChoice struct {
	Mode event.Mode `json:"mode"`
	File event.Mode `json:"file"` // what the file said then
}

// errUnstored is a change that is in force, but that a restart forgets: whoever pauses
// a daemon with a full disk needs the pause.
var errUnstored = errors.New("in force, but only until the daemon restarts")

// holdsMost bounds the tables by chat; what is over goes first.
const holdsMost = 10_000

// restore reads what the last run left.
func (b *brakes) restore(ctx context.Context) error {
	text, err := b.store.Meta(ctx, metaBrakes)
	if err != nil || text == "" {
		return err
	}
	if err := json.Unmarshal([]byte(text), &b.state); err != nil {
		return fmt.Errorf("read brakes: %w", err)
	}
	return nil
}

// change changes the state and writes it. If that fails, the change is in force all
// the same, and the error wraps errUnstored.
func (b *brakes) change(ctx context.Context, f func(s *brakeState, now time.Time)) error {
	b.writing.Lock()
	defer b.writing.Unlock()
	b.mu.Lock()
	now := b.clock.Now()
	f(&b.state, now)
	b.state.tidy(now)
	text, err := json.Marshal(&b.state)
	b.mu.Unlock()
	if err == nil {
		err = b.store.SetMeta(ctx, metaBrakes, string(text))
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errUnstored, err)
	}
	return nil
}

// tidy drops what is over.
func (s *brakeState) tidy(now time.Time) {
	if s.Paused != nil && s.Paused.over(now) {
		s.Paused = nil
	}
	for key, h := range s.Chats {
		if h.over(now) {
			delete(s.Chats, key)
		}
	}
	for key, until := range s.Owner {
		if !now.Before(until) {
			delete(s.Owner, key)
		}
	}
	if len(s.Owner) > holdsMost {
		clear(s.Owner)
	}
}

// pause holds everything, or one chat if its key is given, for d; 0 is until
// resume.
func (b *brakes) pause(ctx context.Context, chat event.Chat, d time.Duration) error {
	full := false
	err := b.change(ctx, func(s *brakeState, now time.Time) {
		h := hold{Since: now, Name: chat.Name}
		if d > 0 {
			h.Until = now.Add(d)
		}
		if chat.Key == "" {
			s.Paused = &h
			return
		}
		if s.Chats == nil {
			s.Chats = map[string]hold{}
		}
		if _, is := s.Chats[chat.Key]; !is && len(s.Chats) >= holdsMost {
			full = true
			return
		}
		s.Chats[chat.Key] = h
	})
	if full {
		return fmt.Errorf("pause %q: %d chats are paused already: resume some", chat.Name, holdsMost)
	}
	return err
}

// mute holds a chat for d, unless it is held for longer already: what an operator said
// counts for more.
func (b *brakes) mute(ctx context.Context, chat event.Chat, d time.Duration) error {
	b.mu.Lock()
	now := b.clock.Now()
	h, is := b.state.Chats[chat.Key]
	longer := is && !h.over(now) && (h.Until.IsZero() || h.Until.After(now.Add(d)))
	b.mu.Unlock()
	if longer {
		return nil
	}
	if err := b.pause(ctx, chat, d); !errors.Is(err, errUnstored) {
		return err
	}
	return nil // it is in force; that the disk is full is told elsewhere
}

// resume lets one chat go on, or everything: then also what a warning of WeChat's
// held.
func (b *brakes) resume(ctx context.Context, key string) error {
	return b.change(ctx, func(s *brakeState, _ time.Time) {
		if key != "" {
			delete(s.Chats, key)
			delete(s.Owner, key)
			return
		}
		s.Paused, s.Warned = nil, nil
		clear(s.Chats)
	})
}

// takeOver leaves a chat to the account's owner for d.
func (b *brakes) takeOver(ctx context.Context, key string, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	return b.change(ctx, func(s *brakeState, now time.Time) {
		if s.Owner == nil {
			s.Owner = map[string]time.Time{}
		}
		s.Owner[key] = now.Add(d)
	})
}

// warn holds everything unsolicited. It reports whether nothing was held so
// before.
func (b *brakes) warn(ctx context.Context, text string) (fresh bool, err error) {
	err = b.change(ctx, func(s *brakeState, now time.Time) {
		fresh = s.Warned == nil
		s.Warned = &warned{Text: text, At: now}
	})
	return fresh, err
}

// choose lets an admin's choice of mode win over the file's.
func (b *brakes) choose(ctx context.Context, mode, file event.Mode) error {
	return b.change(ctx, func(s *brakeState, _ time.Time) {
		if s.Mode = &(modeChoice{Mode: mode, File: file}); mode == file {
			s.Mode = nil
		}
	})
}

// fileSays drops an admin's choice if the file's mode is not what it was then.
func (b *brakes) fileSays(ctx context.Context, file event.Mode) {
	b.mu.Lock()
	stale := b.state.Mode != nil && b.state.Mode.File != file
	b.mu.Unlock()
	if !stale {
		return
	}
	if err := b.change(ctx, func(s *brakeState, _ time.Time) { s.Mode = nil }); err != nil {
		b.log.Error().Err(err).Msg("mode not stored")
	}
}

// mode is the mode in force if the file says file.
func (b *brakes) mode(file event.Mode) event.Mode {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.state.Mode; c != nil && c.File == file {
		return c.Mode
	}
	return file
}

// now gives a copy of the state without what is over.
func (b *brakes) now() brakeState {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.state
	s.Chats, s.Owner = maps.Clone(s.Chats), maps.Clone(s.Owner)
	s.tidy(b.clock.Now())
	return s
}

// silent tells why nothing may answer an event now; "" if something may.
func (b *brakes) silent(ev *event.Event) string {
	if ev.Chat.Key == "" {
		return ""
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	if b.pausedLocked(ev.Chat.Key, now) {
		return event.OutcomePaused
	}
	if !ev.BySelf && ev.Kind != event.KindFriendRequest && now.Before(b.state.Owner[ev.Chat.Key]) {
		return event.OutcomeHandover
	}
	return ""
}

func (b *brakes) pausedLocked(key string, now time.Time) bool {
	if p := b.state.Paused; p != nil && !p.over(now) {
		return true
	}
	h, ok := b.state.Chats[key]
	return ok && !h.over(now)
}

// braked says what a delivery to a chat must do now.
type braked int

const (
	brakeOff braked = iota
	brakeWait
	brakeDrop
)

// check is asked right before a delivery to the chat of a key is sent.
func (b *brakes) check(d event.Delivery, key string) (verdict braked, by event.Brake, why string) {
	if d.Handler == handlerAdmin || d.Action.Kind == event.ActNotify && key == keyFileHelper || d.Action.Kind == event.ActRevoke {
		return brakeOff, "", ""
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.clock.Now()
	if b.pausedLocked(key, now) {
		return brakeWait, event.BrakePaused, event.OutcomePaused
	}
	if b.state.Warned != nil && d.Action.Unsolicited {
		return brakeWait, event.BrakeWarned, "WeChat warned of a restriction"
	}
	if !d.Owner && d.Action.Kind != event.ActNotify && now.Before(b.state.Owner[key]) {
		return brakeDrop, event.BrakeHandover, event.OutcomeHandover
	}
	return brakeOff, "", ""
}
