package outbox_test

import (
	"context"
	"testing"
	"time"

	"wxbot/bot/event"
)

// What nobody asked for waits for the morning, or for tomorrow; the answers of its
// chat do not.
func TestRoomDoesNotCountWhatWaitsForItsHour(t *testing.T) {
	for name, pace := range map[string]event.Pace{
		"quiet hours": {Stale: time.Hour, Quiet: event.DayWindow{From: 23 * time.Hour, To: 7 * time.Hour}},
		"daily cap":   {Stale: 48 * time.Hour, UnsolicitedPerDay: 1},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(w *world) {
				w.settings.Pace = pace
				defer w.run()()
				for range 40 {
					w.queue("g1", unsolicited("forwarded"))
				}
				pass(time.Minute)
				ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
				defer cancel()
				w.box.Room(ctx, "g1")
				if ctx.Err() != nil {
					w.t.Error("the chat's next events wait for what nobody asked for")
				}
			})
		})
	}
}
