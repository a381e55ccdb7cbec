package bot

import (
	"errors"
	"testing"

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
