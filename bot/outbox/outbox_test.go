package outbox_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/event"
	"wxbot/bot/outbox"
	"wxbot/bot/store"
)

// wechat takes deliveries as the account's connection would.
type wechat struct {
	mu    sync.Mutex
	got   []arrival
	reply func(d event.Delivery, try int) error
	tries map[int64]int
	block chan struct{} // what goes to chat "slow" waits for it
}

type arrival struct {
	at   time.Duration // since the start of the bubble
	what string
	id   string
}

var bubbleStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func (w *wechat) Deliver(ctx context.Context, d event.Delivery) (event.Receipt, error) {
	if d.Chat.Key == "slow" {
		select {
		case <-w.block:
		case <-ctx.Done():
			return event.Receipt{}, ctx.Err()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tries[d.ID]++
	if w.reply != nil {
		if err := w.reply(d, w.tries[d.ID]); err != nil {
			return event.Receipt{}, err
		}
	}
	what := d.Action.Message.Text
	if what == "" {
		what = string(d.Action.Kind)
	}
	w.got = append(w.got, arrival{time.Since(bubbleStart), what, d.ClientID})
	return event.Receipt{MsgID: "m" + strconv.Itoa(len(w.got)), Time: time.Now(), Chat: d.Chat.Key}, nil
}

func (w *wechat) texts() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, a := range w.got {
		out = append(out, a.what)
	}
	return out
}

type world struct {
	t        *testing.T
	store    *store.Store
	in       outbox.Store // what the outbox writes to; nil is store
	wechat   *wechat
	settings event.Settings
	box      *outbox.Outbox
	notices  []string
	log      zerolog.Logger
	memory   outbox.Memory // nil is store
	mu       sync.Mutex
	n        int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return &world{
		t: t, store: st, wechat: &wechat{tries: map[int64]int{}, block: make(chan struct{})},
		settings: event.Settings{Mode: event.ModeLive, Location: time.UTC, Pace: event.Pace{Off: true, Stale: time.Hour}},
	}
}

// run makes an outbox on the store and runs it.
func (w *world) run() (stop func()) {
	w.t.Helper()
	var in outbox.Store = w.store
	if w.in != nil {
		in = w.in
	}
	var memory outbox.Memory = w.store
	if w.memory != nil {
		memory = w.memory
	}
	box, err := outbox.New(outbox.Options{
		Store: in, Sender: w.wechat, Settings: func() event.Settings { return w.settings },
		Notify: func(text string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.notices = append(w.notices, text)
		},
		Random: func() float64 { return 0.5 }, Memory: memory, Logger: w.log,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.box = box
	if err := box.Load(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	go func() { done <- box.Run(ctx) }()
	synctest.Wait()
	return func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("Run: %v", err)
		}
	}
}

func (w *world) close() {
	if err := w.store.Close(); err != nil {
		w.t.Error(err)
	}
}

func newID(time.Time) string { return strconv.FormatInt(time.Now().UnixNano(), 10)[:17] }

// queue commits the steps of one handler and queues them.
func (w *world) queue(chat string, steps ...event.Action) []event.Delivery {
	w.t.Helper()
	w.n++
	ev := &event.Event{ID: fmt.Sprintf("e%d", w.n), Time: time.Now(), Chat: event.Chat{Kind: event.ChatPrivate, Key: chat, Name: chat}}
	ds := outbox.Plan(ev, "rule:r", steps, time.Now(), newID, 0)
	ds, err := w.store.Append(w.t.Context(), ev.ID, false, ds)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.box != nil {
		w.box.Queue(ds...)
		synctest.Wait()
	}
	return ds
}

func (w *world) status(d event.Delivery) (event.Status, string) {
	w.t.Helper()
	got, err := w.store.Delivery(w.t.Context(), d.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return got.Status, got.Reason
}

func reply(text string) event.Action {
	return event.Action{Kind: event.ActReply, Message: event.Outgoing{Text: text}}
}

func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func inBubble(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.close()
		f(t, w)
	})
}

func TestStepsWaitForEachOther(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		defer w.run()()
		w.queue("p1", reply("one"), event.Action{Kind: event.ActWait, Wait: event.Range{Min: 3 * time.Second}}, reply("two"))
		if got := w.wechat.texts(); !slices.Equal(got, []string{"one"}) {
			t.Fatalf("sent %q before the wait was over", got)
		}
		// A waiting sequence holds up nobody else, not even in its own chat.
		w.queue("p1", reply("other"))
		pass(3 * time.Second)
		if got := w.wechat.texts(); !slices.Equal(got, []string{"one", "other", "two"}) {
			t.Errorf("sent %q", got)
		}
	})
}

func TestFailedStepEndsTheRest(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.wechat.reply = func(d event.Delivery, _ int) error {
			if d.Action.Kind == event.ActAccept {
				return fmt.Errorf("webwxverifyuser: ret 1: %w", outbox.ErrPermanent)
			}
			return nil
		}
		defer w.run()()
		ds := w.queue("p1", event.Action{Kind: event.ActAccept}, reply("hello"))
		if got := w.wechat.texts(); len(got) != 0 {
			t.Errorf("sent %q after the failure", got)
		}
		if st, why := w.status(ds[0]); st != event.StatusFailed || !strings.Contains(why, "ret 1") {
			t.Errorf("first step: %s, %q", st, why)
		}
		if st, why := w.status(ds[1]); st != event.StatusFailed || why != "step 1 ended as failed" {
			t.Errorf("second step: %s, %q", st, why)
		}
		// The operator is told, and not again and again.
		w.queue("p2", event.Action{Kind: event.ActAccept})
		if len(w.notices) != 1 || !strings.Contains(w.notices[0], "【未完成】rule:r → p1，第 1 步 通过好友") {
			t.Errorf("told %q", w.notices)
		}
	})
}

func TestUnclearTextIsRepeatedWithTheSameID(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var ids []string
		w.wechat.reply = func(d event.Delivery, try int) error {
			ids = append(ids, d.ClientID)
			if try < 4 {
				return fmt.Errorf("webwxsendmsg: no answer: %w", outbox.ErrUnknown)
			}
			return nil
		}
		defer w.run()()
		d := w.queue("p1", reply("hi"))[0]
		pass(time.Minute)
		if len(ids) != 4 || len(slices.Compact(ids)) != 1 {
			t.Errorf("tried with ids %q, want one id four times", ids)
		}
		if st, _ := w.status(d); st != event.StatusSent {
			t.Errorf("status %s", st)
		}
	})
}

func TestUnclearTextEndsAsUnknown(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.wechat.reply = func(event.Delivery, int) error { return outbox.ErrUnknown }
		defer w.run()()
		d := w.queue("p1", reply("hi"))[0]
		pass(4 * time.Minute)
		if st, _ := w.status(d); st != event.StatusPending {
			t.Errorf("after 4 minutes: %s", st)
		}
		pass(3 * time.Minute)
		if st, _ := w.status(d); st != event.StatusUnknown {
			t.Errorf("after 7 minutes: %s", st)
		}
		if n := w.wechat.tries[d.ID]; n < 6 || n > 20 {
			t.Errorf("%d tries in five minutes, want the back-off's dozen", n)
		}
	})
}

func TestUnclearAcceptIsNotRepeated(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.wechat.reply = func(event.Delivery, int) error { return outbox.ErrUnknown }
		defer w.run()()
		d := w.queue("p1", event.Action{Kind: event.ActAccept})[0]
		pass(10 * time.Minute)
		if st, _ := w.status(d); st != event.StatusUnknown || w.wechat.tries[d.ID] != 1 {
			t.Errorf("%s after %d tries, want unknown after one", st, w.wechat.tries[d.ID])
		}
	})
}

func TestRestartGoesOnWithTheSameIDs(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		ds := w.queue("p1", reply("one"), reply("two"))
		stop := w.run()
		if got := w.wechat.texts(); !slices.Equal(got, []string{"one", "two"}) {
			t.Fatalf("sent %q", got)
		}
		if w.wechat.got[0].id != ds[0].ClientID || w.wechat.got[1].id != ds[1].ClientID {
			t.Errorf("client ids changed")
		}
		stop()
		defer w.run()()
		pass(time.Minute)
		if got := w.wechat.texts(); len(got) != 2 {
			t.Errorf("after a restart sent again: %q", got)
		}
	})
}

// A kill while an accept was under way leaves its try in the store.
func TestRestartDoesNotRepeatAnAcceptUnderWay(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		d := w.queue("p1", event.Action{Kind: event.ActAccept})[0]
		if _, err := w.store.Resolve(t.Context(), event.Result{ID: d.ID, Status: event.StatusPending, Tries: 1, First: time.Now()}); err != nil {
			t.Fatal(err)
		}
		defer w.run()()
		if st, _ := w.status(d); st != event.StatusUnknown || w.wechat.tries[d.ID] != 0 {
			t.Errorf("%s after %d tries, want unknown after none", st, w.wechat.tries[d.ID])
		}
	})
}

func TestChatsDoNotWaitForASlowOne(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		defer w.run()()
		w.queue("slow", reply("s1"))
		w.queue("slow", reply("s2"))
		w.queue("p1", reply("a"))
		if got := w.wechat.texts(); !slices.Equal(got, []string{"a"}) {
			t.Errorf("sent %q while a chat was slow", got)
		}
		close(w.wechat.block)
		synctest.Wait()
		if got := w.wechat.texts(); !slices.Equal(got, []string{"a", "s1", "s2"}) {
			t.Errorf("sent %q", got)
		}
	})
}

func TestChatsTakeTurns(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.settings.Pace = event.Pace{Stale: time.Hour} // one send a second
		for i := range 3 {
			w.queue("flood", reply("f"+strconv.Itoa(i)))
		}
		w.queue("quiet", reply("q"))
		defer w.run()()
		pass(10 * time.Second)
		if got := w.wechat.texts(); !slices.Equal(got, []string{"f0", "q", "f1", "f2"}) {
			t.Errorf("sent %q", got)
		}
	})
}

func TestPace(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.settings.Pace = event.Pace{
			Reply: event.Range{Min: 2 * time.Second, Max: 6 * time.Second}, Stale: time.Hour,
			PerChat: event.Rate{N: 2, Per: time.Minute}, Total: event.Rate{N: 3, Per: time.Minute},
		}
		defer w.run()()
		for range 3 {
			w.queue("p1", reply("a"))
		}
		w.queue("p2", reply("b"))
		w.queue("p3", reply("c"))
		pass(3 * time.Minute)
		var at []string
		for _, g := range w.wechat.got {
			at = append(at, fmt.Sprintf("%s@%s", g.what, g.at))
		}
		// Pauses of 4 s, a second between sends; the second of p1 waits for the
		// minute of all, the third only for its own pause.
		want := []string{"a@4s", "b@5s", "c@6s", "a@1m4s", "a@1m8s"}
		if !slices.Equal(at, want) {
			t.Errorf("sent %v, want %v", at, want)
		}
	})
}

func TestQuietHoursHoldOnlyUnsolicited(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.settings.Pace = event.Pace{Stale: 30 * time.Minute, Quiet: event.DayWindow{From: 23 * time.Hour, To: 7*time.Hour + 30*time.Minute}}
		defer w.run()() // it is midnight
		greeting := reply("morning")
		greeting.Unsolicited = true
		d := w.queue("g1", greeting)[0]
		w.queue("p1", reply("answer"))
		pass(time.Minute)
		if got := w.wechat.texts(); !slices.Equal(got, []string{"answer"}) {
			t.Fatalf("sent %q in quiet hours", got)
		}
		pass(8 * time.Hour)
		if got := w.wechat.got; len(got) != 2 || got[1].at != 7*time.Hour+30*time.Minute {
			st, why := w.status(d)
			t.Errorf("sent %v, %s %q; want the greeting at 7:30", got, st, why)
		}
	})
}

func TestStaleAnswerExpires(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.settings.Pace.Stale = 30 * time.Minute
		w.wechat.reply = func(event.Delivery, int) error { return outbox.ErrNotReady }
		defer w.run()()
		d := w.queue("p1", reply("late"))[0]
		pass(29 * time.Minute)
		if st, _ := w.status(d); st != event.StatusPending {
			t.Fatalf("status %s before the limit", st)
		}
		pass(2 * time.Minute)
		if st, _ := w.status(d); st != event.StatusExpired || w.box.Counts().Expired != 1 {
			t.Errorf("status %s, counts %+v", st, w.box.Counts())
		}
	})
}

func TestKickEndsWaitingForTheLogin(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		online := false
		w.wechat.reply = func(event.Delivery, int) error {
			if !online {
				return outbox.ErrNotReady
			}
			return nil
		}
		defer w.run()()
		w.queue("p1", reply("hi"))
		w.wechat.mu.Lock()
		online = true
		w.wechat.mu.Unlock()
		w.box.Kick()
		synctest.Wait()
		if got := w.wechat.texts(); !slices.Equal(got, []string{"hi"}) {
			t.Errorf("sent %q at once after the kick", got)
		}
	})
}

func TestThrottleStopsTheClassAndGrows(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		var tried []time.Duration
		w.wechat.reply = func(d event.Delivery, _ int) error {
			if d.Action.Kind != event.ActReply {
				return nil
			}
			if tried = append(tried, time.Since(bubbleStart)); len(tried) < 3 {
				return fmt.Errorf("webwxsendmsg: ret 1205: %w", outbox.ErrThrottled)
			}
			return nil
		}
		w.settings.Pace.Stale = 24 * time.Hour
		defer w.run()()
		w.queue("p1", reply("hi"))
		w.queue("p2", event.Action{Kind: event.ActAccept})
		if got := w.wechat.texts(); !slices.Equal(got, []string{"accept"}) {
			t.Errorf("sent %q: another class must go on", got)
		}
		pass(3 * time.Hour)
		if want := []time.Duration{0, 30 * time.Minute, 90 * time.Minute}; !slices.Equal(tried, want) {
			t.Errorf("tried at %v, want %v", tried, want)
		}
	})
}

func TestRevokeAfter(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := reply("warning")
		a.Message.RevokeAfter = 90 * time.Second
		stop := w.run()
		w.queue("g1", a)
		// It survives a restart.
		stop()
		defer w.run()()
		pass(89 * time.Second)
		if got := w.wechat.texts(); !slices.Equal(got, []string{"warning"}) {
			t.Fatalf("did %q early", got)
		}
		pass(2 * time.Second)
		if got := w.wechat.texts(); !slices.Equal(got, []string{"warning", "revoke"}) {
			t.Errorf("did %q", got)
		}
	})
}

func TestRevokeTooLateIsNotTried(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		a := reply("warning")
		a.Message.RevokeAfter = 90 * time.Second
		stop := w.run()
		w.queue("g1", a)
		stop()
		pass(5 * time.Minute)
		defer w.run()()
		pass(time.Second)
		if got := w.wechat.texts(); !slices.Equal(got, []string{"warning"}) {
			t.Errorf("did %q", got)
		}
	})
}

func TestTrialSendsNothingAndTells(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.settings.Mode = event.ModeTrial
		defer w.run()()
		ds := w.queue("小明", event.Action{Kind: event.ActAccept}, reply("你好"))
		w.queue("", event.Action{Kind: event.ActNotify, Message: event.Outgoing{Text: "notice"}})
		if got := w.wechat.texts(); !slices.Equal(got, []string{"notice"}) {
			t.Errorf("sent %q in trial mode", got)
		}
		for _, d := range ds {
			if st, _ := w.status(d); st != event.StatusTrial {
				t.Errorf("%s: %s", d.Action.Kind, st)
			}
		}
		if want := []string{"【试运行】→ 小明：[通过好友]", "【试运行】→ 小明：你好"}; !slices.Equal(w.notices, want) {
			t.Errorf("told %q, want %q", w.notices, want)
		}
	})
}

func TestNeverIsCheckedAtSending(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.settings.Never = []string{"老板"}
		defer w.run()()
		d := w.queue("老板", reply("hi"))[0]
		w.queue("p1", event.Action{Kind: event.ActSend, To: []string{"老板", "小明"}, Message: event.Outgoing{Text: "all"}}, reply("done"))
		if got := w.wechat.texts(); !slices.Equal(got, []string{"all"}) {
			// One target fails, and with it the steps that follow, not the other.
			t.Errorf("sent %q", got)
		}
		if st, why := w.status(d); st != event.StatusFailed || !strings.Contains(why, "never") {
			t.Errorf("%s, %q", st, why)
		}
	})
}

func TestWaitTellsTheEnd(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		defer w.run()()
		d := w.queue("slow", reply("hi"))[0]
		type end struct {
			st  event.Status
			err error
		}
		got := make(chan end, 1)
		go func() {
			st, _, err := w.box.Wait(t.Context(), d.ID)
			got <- end{st, err}
		}()
		synctest.Wait()
		select {
		case e := <-got:
			t.Fatalf("Wait returned early: %+v", e)
		default:
		}
		close(w.wechat.block)
		if e := <-got; e.st != event.StatusSent || e.err != nil {
			t.Errorf("Wait = %+v", e)
		}
	})
}

func TestPlan(t *testing.T) {
	long := strings.Repeat("一二三四五六七八九十", 3) // 30 runes
	for name, tt := range map[string]struct {
		steps []event.Action
		split int
		want  []string
	}{
		"a text":                     {steps: []event.Action{reply("hi")}, want: []string{"reply hi"}},
		"split at a line end":        {steps: []event.Action{reply("aaaa\nbbbb\ncccc")}, split: 10, want: []string{"reply aaaa\nbbbb", "reply cccc"}},
		"a long line is cut":         {steps: []event.Action{reply(long)}, split: 20, want: []string{"reply " + string([]rune(long)[:20]), "reply " + string([]rune(long)[20:])}},
		"exactly as long":            {steps: []event.Action{reply("aaaa\nb")}, split: 6, want: []string{"reply aaaa\nb"}},
		"line end right at the cut":  {steps: []event.Action{reply("aaaa\nb")}, split: 4, want: []string{"reply aaaa", "reply b"}},
		"text and sticker":           {steps: []event.Action{{Kind: event.ActReply, Message: event.Outgoing{Text: "t", Sticker: "md5:x"}}}, want: []string{"reply t", "reply md5:x"}},
		"mention":                    {steps: []event.Action{{Kind: event.ActReply, Message: event.Outgoing{Text: "t", Mention: []string{"甲", "乙"}}}}, want: []string{"reply @甲\u2005@乙\u2005t"}},
		"one for each target":        {steps: []event.Action{{Kind: event.ActSend, To: []string{"甲", "乙"}, Message: event.Outgoing{Text: "t"}}}, want: []string{"send t to 甲", "send t to 乙"}},
		"nothing to say is no step":  {steps: []event.Action{reply("")}, want: nil},
		"other steps are left alone": {steps: []event.Action{{Kind: event.ActAccept, Remark: "r"}, {Kind: event.ActWait}}, want: []string{"accept ", "wait "}},
	} {
		t.Run(name, func(t *testing.T) {
			ev := &event.Event{ID: "e1", Time: bubbleStart}
			var got []string
			for i, d := range outbox.Plan(ev, "rule:r", tt.steps, bubbleStart, newID, tt.split) {
				text := string(d.Action.Kind) + " " + d.Action.Message.Text + d.Action.Message.Sticker
				if len(d.Action.To) > 0 {
					text += " to " + strings.Join(d.Action.To, ",")
				}
				got = append(got, text)
				if d.N != i || d.Event != "e1" || d.ClientID == "" {
					t.Errorf("delivery %d: %+v", i, d)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
