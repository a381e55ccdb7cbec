package outbox_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/outbox"
	"wxbot/bot/store"
)

// lagging is a memory whose first write takes longer than the next.
type lagging struct {
	*store.Store
	wrote atomic.Bool
}

func (m *lagging) SetMeta(ctx context.Context, key, value string) error {
	if m.wrote.CompareAndSwap(false, true) {
		<-time.After(time.Second)
	}
	return m.Store.SetMeta(ctx, key, value)
}

// What is stopped last is stored last: a restart lifts none of the stops.
func TestStopsAreStoredInOrder(t *testing.T) {
	bubble(t, func(w *world) {
		w.memory = &lagging{Store: w.store}
		w.wechat.reply = func(d event.Delivery, _ int) error {
			if d.Action.Kind == event.ActAccept {
				<-time.After(100 * time.Millisecond)
			}
			return outbox.ErrThrottled
		}
		stop := w.run()
		w.queue("p1", reply("hi"))
		w.queue("p2", accept())
		pass(10 * time.Second)
		stop()
		kept, err := w.store.Meta(w.t.Context(), "throttled")
		if err != nil || !strings.Contains(kept, "accept") || !strings.Contains(kept, "message") {
			w.t.Errorf("stored %q, %v", kept, err)
		}
	})
}
