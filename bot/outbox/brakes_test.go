package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/outbox"
)

// bubble is inBubble for what finds its test in the world.
func bubble(t *testing.T, f func(w *world)) {
	t.Helper()
	inBubble(t, func(_ *testing.T, w *world) {
		w.t.Helper()
		f(w)
	})
}

func unsolicited(text string) event.Action {
	a := reply(text)
	a.Unsolicited = true
	return a
}

func accept() event.Action { return event.Action{Kind: event.ActAccept} }

func TestWaitingForTheLoginUsesUpNoCap(t *testing.T) {
	bubble(t, func(w *world) {
		t := w.t
		w.settings.Pace = event.Pace{Stale: 3 * time.Hour, UnsolicitedPerDay: 3, AcceptPerDay: 3, Total: event.Rate{N: 5, Per: time.Hour}}
		var online atomic.Bool
		w.wechat.reply = func(event.Delivery, int) error {
			if !online.Load() {
				return outbox.ErrNotReady
			}
			return nil
		}
		defer w.run()()
		w.queue("g1", unsolicited("welcome"))
		w.queue("p1", accept())
		w.queue("p2", reply("hi"))
		pass(10 * time.Minute)
		online.Store(true)
		w.box.Kick()
		pass(10 * time.Second)
		got := w.wechat.texts()
		if slices.Sort(got); !slices.Equal(got, []string{"accept", "hi", "welcome"}) {
			t.Errorf("did %q after the login", got)
		}
	})
}

func TestTrialUsesUpNoCap(t *testing.T) {
	bubble(t, func(w *world) {
		t := w.t
		w.settings.Pace = event.Pace{Stale: time.Hour, UnsolicitedPerDay: 1}
		w.settings.Mode = event.ModeTrial
		defer w.run()()
		w.queue("g1", unsolicited("tried"))
		pass(time.Minute)
		w.settings.Mode = event.ModeLive
		w.queue("g1", unsolicited("meant"))
		pass(time.Minute)
		if got := w.wechat.texts(); !slices.Equal(got, []string{"meant"}) {
			t.Errorf("sent %q", got)
		}
	})
}

func TestDailyCapSurvivesARestart(t *testing.T) {
	bubble(t, func(w *world) {
		t := w.t
		w.settings.Pace = event.Pace{Stale: 48 * time.Hour, UnsolicitedPerDay: 2, AcceptPerDay: 1}
		stop := w.run()
		w.queue("g1", unsolicited("one"))
		w.queue("p1", accept())
		pass(time.Minute)
		stop()
		stop = w.run()
		w.queue("g2", unsolicited("two"))
		w.queue("g3", unsolicited("three"))
		w.queue("p2", accept())
		pass(time.Hour)
		if got := w.wechat.texts(); !slices.Equal(got, []string{"one", "accept", "two"}) {
			t.Errorf("did %q on the first day, want the cap of 2 and 1", got)
		}
		stop()
		defer w.run()()
		pass(23 * time.Hour)
		got := w.wechat.texts()
		if slices.Sort(got); !slices.Equal(got, []string{"accept", "accept", "one", "three", "two"}) {
			t.Errorf("did %q by the second day", got)
		}
	})
}

// Several deliveries under way that are throttled together are one refusal.
func TestThrottleOfParallelSendsCountsOnce(t *testing.T) {
	bubble(t, func(w *world) {
		t := w.t
		w.settings.Pace.Stale = 24 * time.Hour
		w.wechat.reply = func(event.Delivery, int) error {
			if time.Since(bubbleStart) < time.Minute {
				return outbox.ErrThrottled
			}
			return nil
		}
		for i := range 8 {
			w.queue("c"+strconv.Itoa(i), reply("a"+strconv.Itoa(i)))
		}
		defer w.run()()
		pass(31 * time.Minute)
		if got := w.wechat.texts(); len(got) != 8 {
			t.Errorf("sent %q half an hour after the refusal", got)
		}
	})
}

func TestStepAfterALongWaitIsNotStale(t *testing.T) {
	bubble(t, func(w *world) {
		t := w.t
		w.settings.Pace.Stale = 30 * time.Minute
		stop := w.run()
		ds := w.queue("p1", reply("now"), event.Action{Kind: event.ActWait, Wait: event.Range{Min: time.Hour}}, reply("later"))
		// The time waited counts over a restart.
		pass(40 * time.Minute)
		stop()
		defer w.run()()
		pass(21 * time.Minute)
		if got := w.wechat.texts(); !slices.Equal(got, []string{"now", "later"}) {
			st, why := w.status(ds[2])
			t.Errorf("sent %q; last step: %s, %q", got, st, why)
		}
	})
}

// A restart after the wait does not know when that ended.
func TestStepAfterALongWaitIsNotStaleAfterARestart(t *testing.T) {
	bubble(t, func(w *world) {
		t := w.t
		w.settings.Pace.Stale = 30 * time.Minute
		w.wechat.reply = func(event.Delivery, int) error { return outbox.ErrNotReady }
		stop := w.run()
		ds := w.queue("p1", event.Action{Kind: event.ActWait, Wait: event.Range{Min: time.Hour}}, reply("later"))
		pass(61 * time.Minute)
		stop()
		w.wechat.reply = nil
		defer w.run()()
		pass(time.Minute)
		if st, why := w.status(ds[1]); st != event.StatusSent {
			t.Errorf("%s, %q", st, why)
		}
	})
}

func TestAnswerToAnOldEventExpires(t *testing.T) {
	bubble(t, func(w *world) {
		t := w.t
		w.settings.Pace.Stale = 30 * time.Minute
		defer w.run()()
		ev := &event.Event{ID: "old", Time: time.Now().Add(-time.Hour), Chat: event.Chat{Key: "p1"}}
		ds, err := w.store.Append(t.Context(), ev.ID, false, outbox.Plan(ev, "rule:r", []event.Action{reply("late")}, time.Now(), newID, 0))
		if err != nil {
			t.Fatal(err)
		}
		w.box.Queue(ds...)
		pass(time.Minute)
		if st, why := w.status(ds[0]); st != event.StatusExpired {
			t.Errorf("%s, %q; sent %q", st, why, w.wechat.texts())
		}
	})
}

// A step that had to wait its turn does not make the next one late.
func TestStepAfterAHeldAcceptIsNotStale(t *testing.T) {
	bubble(t, func(w *world) {
		t := w.t
		w.settings.Pace = event.Pace{Stale: 30 * time.Minute, Accept: event.Rate{N: 1, Per: time.Hour}}
		defer w.run()()
		w.queue("p1", accept(), reply("one"))
		w.queue("p2", accept(), reply("two"))
		pass(2 * time.Hour)
		if got := w.wechat.texts(); !slices.Equal(got, []string{"accept", "one", "accept", "two"}) {
			t.Errorf("did %q", got)
		}
	})
}

func TestTransientErrorKeepsTheOrderOfTheChat(t *testing.T) {
	bubble(t, func(w *world) {
		t := w.t
		w.wechat.reply = func(d event.Delivery, try int) error {
			if d.Action.Message.Text == "a" && try < 3 {
				return errors.New("webwxsendmsg: status 502")
			}
			return nil
		}
		defer w.run()()
		w.queue("p1", reply("a"))
		w.queue("p1", reply("b"))
		w.queue("p2", reply("c"))
		pass(time.Minute)
		if got := w.wechat.texts(); !slices.Equal(got, []string{"c", "a", "b"}) {
			t.Errorf("sent %q", got)
		}
	})
}

// What is sent to another chat in vain does not hold up the one that asked.
func TestFailingSendElsewhereHoldsNobodyUp(t *testing.T) {
	bubble(t, func(w *world) {
		t := w.t
		w.wechat.reply = func(d event.Delivery, _ int) error {
			if d.Action.Kind == event.ActSend {
				return errors.New("webwxsendmsg: status 502")
			}
			return nil
		}
		defer w.run()()
		w.queue("p1", event.Action{Kind: event.ActSend, To: []string{"群"}, Message: event.Outgoing{Text: "x"}})
		w.queue("p1", reply("b"))
		pass(time.Second)
		if got := w.wechat.texts(); !slices.Equal(got, []string{"b"}) {
			t.Errorf("sent %q", got)
		}
	})
}

func TestUnclearTextIsUnknownWhateverComesLater(t *testing.T) {
	bubble(t, func(w *world) {
		t := w.t
		w.wechat.reply = func(_ event.Delivery, try int) error {
			if try == 1 {
				return outbox.ErrUnknown
			}
			return errors.New("dial: connection refused")
		}
		defer w.run()()
		d := w.queue("p1", reply("hi"))[0]
		pass(7 * time.Minute)
		if st, _ := w.status(d); st != event.StatusUnknown {
			t.Errorf("after 7 minutes: %s after %d tries", st, w.wechat.tries[d.ID])
		}
	})
}

// The five minutes of an unclear outcome count over a restart: the server may
// have forgotten the client message id after that.
func TestUnclearTextAfterARestart(t *testing.T) {
	for name, tt := range map[string]struct {
		down time.Duration
		want event.Status
		sent int
	}{
		"soon": {time.Minute, event.StatusSent, 1},
		"late": {10 * time.Minute, event.StatusUnknown, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(w *world) {
				t := w.t
				w.wechat.reply = func(_ event.Delivery, try int) error {
					if try == 1 {
						return outbox.ErrUnknown
					}
					return nil
				}
				stop := w.run()
				d := w.queue("p1", reply("hi"))[0]
				stop()
				pass(tt.down)
				defer w.run()()
				pass(time.Minute)
				if st, _ := w.status(d); st != tt.want || len(w.wechat.got) != tt.sent {
					t.Errorf("%s, sent %v; want %s", st, w.wechat.got, tt.want)
				}
				for _, a := range w.wechat.got {
					if a.id != d.ClientID {
						t.Error("sent under another client message id")
					}
				}
			})
		})
	}
}

func TestAcceptThatWaitedForTheLoginIsDoneAfterARestart(t *testing.T) {
	for name, cause := range map[string]error{
		"not ready": outbox.ErrNotReady, "not done": errors.New("dial: connection refused"), "throttled": outbox.ErrThrottled,
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(w *world) {
				t := w.t
				w.settings.Pace.Stale = 0
				failing := true
				w.wechat.reply = func(event.Delivery, int) error {
					if failing {
						return cause
					}
					return nil
				}
				stop := w.run()
				d := w.queue("p1", accept())[0]
				pass(10 * time.Second)
				stop()
				failing = false
				defer w.run()()
				pass(31 * time.Minute) // a restart lifts no throttle
				if st, why := w.status(d); st != event.StatusSent {
					t.Errorf("%s, %q", st, why)
				}
			})
		})
	}
}

func TestUnsolicitedHoldsUpNoReplyOfItsChat(t *testing.T) {
	bubble(t, func(w *world) {
		t := w.t
		w.settings.Pace = event.Pace{Stale: time.Hour, Unsolicited: event.Range{Min: 30 * time.Second}}
		defer w.run()()
		w.queue("p1", unsolicited("u1"), unsolicited("u2"), unsolicited("u3"))
		w.queue("p1", reply("a"))
		pass(2 * time.Second)
		if got := w.wechat.texts(); !slices.Equal(got, []string{"u1", "a"}) {
			t.Errorf("sent %q within two seconds", got)
		}
	})
}

// dying is a store that fails every write after the first that ends a delivery,
// as if the process had been killed there.
type dying struct {
	outbox.Store
	dead bool
}

func (s *dying) Resolve(ctx context.Context, r event.Result) ([]event.Delivery, error) {
	if s.dead {
		return nil, errors.New("killed")
	}
	s.dead = r.Status != event.StatusPending
	return s.Store.Resolve(ctx, r)
}

func TestKillAfterAFailedStepDoesNotReviveTheRest(t *testing.T) {
	bubble(t, func(w *world) {
		t := w.t
		w.wechat.reply = func(d event.Delivery, _ int) error {
			if d.Action.Message.Text == "one" {
				return fmt.Errorf("webwxsendmsg: ret 1204: %w", outbox.ErrPermanent)
			}
			return nil
		}
		w.in = &dying{Store: w.store}
		stop := w.run()
		ds := w.queue("p1", reply("one"), reply("two"))
		stop()
		w.in = nil
		defer w.run()()
		pass(time.Minute)
		if got := w.wechat.texts(); len(got) != 0 {
			t.Errorf("sent %q after the restart", got)
		}
		if st, why := w.status(ds[1]); st != event.StatusFailed || why != "step 1 ended as failed" {
			t.Errorf("second step: %s, %q", st, why)
		}
	})
}

// slowRead hands out a delivery as it was before it was carried out.
type slowRead struct {
	outbox.Store
	carryOut func(event.Delivery)
}

func (s *slowRead) Delivery(ctx context.Context, id int64) (event.Delivery, error) {
	d, err := s.Store.Delivery(ctx, id)
	if err == nil && d.Status == event.StatusPending {
		s.carryOut(d)
	}
	return d, err
}

func TestWaitDoesNotReviveWhatIsDone(t *testing.T) {
	bubble(t, func(w *world) {
		t := w.t
		w.in = &slowRead{Store: w.store, carryOut: func(d event.Delivery) {
			w.box.Queue(d)
			synctest.Wait()
		}}
		defer w.run()()
		ev := &event.Event{ID: "e", Time: time.Now(), Chat: event.Chat{Key: "p1"}}
		ds, err := w.store.Append(t.Context(), ev.ID, false, outbox.Plan(ev, "rule:r", []event.Action{reply("hi")}, time.Now(), newID, 0))
		if err != nil {
			t.Fatal(err)
		}
		if st, _, err := w.box.Wait(t.Context(), ds[0].ID); st != event.StatusSent || err != nil {
			t.Errorf("Wait = %s, %v", st, err)
		}
		// Nor does a second hand-over of the row as it was.
		w.box.Queue(ds...)
		pass(time.Minute)
		if got := w.wechat.texts(); !slices.Equal(got, []string{"hi"}) {
			t.Errorf("sent %q", got)
		}
	})
}

func TestThrottleSurvivesARestart(t *testing.T) {
	bubble(t, func(w *world) {
		t := w.t
		w.wechat.reply = func(_ event.Delivery, try int) error {
			if try == 1 {
				return fmt.Errorf("webwxsendmsg: ret 1205: %w", outbox.ErrThrottled)
			}
			return nil
		}
		w.settings.Pace.Stale = 0
		stop := w.run()
		w.queue("p1", reply("a"))
		stop()
		defer w.run()()
		if got := w.box.Stops(); len(got) != 1 || got[0].Class != "message" || time.Until(got[0].Until) != 30*time.Minute {
			t.Errorf("stops after a restart: %+v", got)
		}
		pass(29 * time.Minute)
		if got := w.wechat.texts(); len(got) != 0 {
			t.Errorf("sent %q before the time was over", got)
		}
		pass(2 * time.Minute)
		if got := w.wechat.texts(); len(got) != 1 {
			t.Errorf("sent %q, want the answer", got)
		}
		if got := w.box.Stops(); len(got) != 0 {
			t.Errorf("stops %+v although it works again", got)
		}
	})
}

func TestObsoleteDeliveryEndsWithoutFuss(t *testing.T) {
	bubble(t, func(w *world) {
		t := w.t
		w.wechat.reply = func(event.Delivery, int) error { return fmt.Errorf("owner took over: %w", outbox.ErrObsolete) }
		defer w.run()()
		ds := w.queue("p1", reply("a"), reply("b"))
		if st, _ := w.status(ds[0]); st != event.StatusExpired {
			t.Errorf("status %s", st)
		}
		if st, _ := w.status(ds[1]); st != event.StatusFailed {
			t.Errorf("next step %s", st)
		}
		if len(w.notices) != 0 {
			t.Errorf("the operator was told %q", w.notices)
		}
	})
}

func TestRoomWaitsForAFloodedChat(t *testing.T) {
	bubble(t, func(w *world) {
		t := w.t
		defer w.run()()
		for range 32 {
			w.queue("slow", reply("a"))
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w.box.Room(ctx, "p1") // returns at once
		passed := make(chan struct{})
		go func() {
			w.box.Room(ctx, "slow")
			close(passed)
		}()
		synctest.Wait()
		select {
		case <-passed:
			t.Error("a flooded chat has room")
		default:
		}
		close(w.wechat.block)
		synctest.Wait()
		<-passed
	})
}
