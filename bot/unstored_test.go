package bot

import (
	"errors"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/clock"
	"wxbot/bot/event"
	"wxbot/bot/store"
)

// Whoever pauses a daemon that cannot write needs the pause, and the truth about it.
func TestPauseThatCannotBeStoredIsInForce(t *testing.T) {
	s, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b := &brakes{clock: clock.Clock{}, store: s, log: zerolog.Nop()}
	ev := &event.Event{Kind: event.KindMessage, Chat: event.Chat{Key: "a"}}
	if err := b.pause(t.Context(), event.Chat{}, 0); !errors.Is(err, errUnstored) || !errors.Is(err, store.ErrClosed) {
		t.Errorf("pause: %v", err)
	}
	if why := b.silent(ev); why != event.OutcomePaused {
		t.Errorf("not stored, and held by %q", why)
	}
	if err := b.resume(t.Context(), ""); !errors.Is(err, errUnstored) {
		t.Errorf("resume: %v", err)
	}
	if why := b.silent(ev); why != "" {
		t.Errorf("resumed, and held by %q", why)
	}
}

func TestPausesOfChatsAreBounded(t *testing.T) {
	s, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	b := &brakes{clock: clock.Clock{}, store: s, log: zerolog.Nop()}
	b.state.Chats = map[string]hold{}
	for i := range holdsMost {
		b.state.Chats[string(rune(0x4e00+i))] = hold{}
	}
	if err := b.pause(t.Context(), event.Chat{Key: "one more"}, 0); err == nil || errors.Is(err, errUnstored) {
		t.Errorf("pause of one chat too many: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// What an operator said about a chat counts for more than a plugin's mute_bot.
func TestMuteEndsNoPause(t *testing.T) {
	s, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	b := &brakes{clock: clock.Clock{}, store: s, log: zerolog.Nop()}
	paused, free := event.Chat{Key: "paused"}, event.Chat{Key: "free"}
	if err := b.pause(t.Context(), paused, 0); err != nil {
		t.Fatal(err)
	}
	for _, chat := range []event.Chat{paused, free} {
		if err := b.mute(t.Context(), chat, time.Minute); err != nil {
			t.Errorf("mute %s: %v", chat.Key, err)
		}
	}
	if h := b.state.Chats["paused"]; !h.Until.IsZero() {
		t.Errorf("the pause ends at %s", h.Until)
	}
	if h := b.state.Chats["free"]; h.Until.IsZero() {
		t.Error("the mute has no end")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.mute(t.Context(), free, time.Hour); err != nil {
		t.Errorf("in force, but not stored: %v", err)
	}
}
