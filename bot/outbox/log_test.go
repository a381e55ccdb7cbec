package outbox_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/event"
	"wxbot/bot/outbox"
)

// Names are for the operator in WeChat, not for the log.
func TestNoNamesInTheLog(t *testing.T) {
	bubble(t, func(w *world) {
		var log bytes.Buffer
		w.log = zerolog.New(&log)
		w.settings.Never = []string{"小红"}
		w.wechat.reply = func(d event.Delivery, try int) error {
			if try == 1 {
				return fmt.Errorf("send to %q: contacts are still being loaded: %w", d.Action.To[0], outbox.ErrNotReady)
			}
			return fmt.Errorf("send to %q: no such friend: %w", d.Action.To[0], outbox.ErrPermanent)
		}
		stop := w.run()
		for _, to := range []string{"小明", "小红"} {
			w.queue("p1", event.Action{Kind: event.ActSend, To: []string{to}, Message: event.Outgoing{Text: "hi"}})
		}
		pass(time.Minute)
		stop()
		if !strings.Contains(log.String(), "delivery ended") || strings.Contains(log.String(), "小") {
			w.t.Errorf("log:\n%s", log.String())
		}
		if notices := strings.Join(w.notices, "\n"); !strings.Contains(notices, `"小红" is`) {
			w.t.Errorf("told %q", notices)
		}
	})
}
