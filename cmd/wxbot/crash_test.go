//go:build unix

package main

import (
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"wxbot/wx/wxtest"
)

// crashPlan is how much a crash test does.
type crashPlan struct {
	messages, kills int
	life, down      time.Duration // the longest between a start and its kill, and from there to the next start
	seed            uint64
}

const (
	crashShort, crashFull = 2_000, 20_000
	crashShortKills       = 10
	crashFullKills        = 100
	// crashSettle is how long the login, and what is open after the last start,
	// may take; crashPatience is how long it may take from one answer to the next.
	crashSettle   = 30 * time.Second
	crashPatience = 8 * time.Second
	// crashQuiet is longer than anything that rules and plugins of this test wait
	// for: what has not come after it does not come.
	crashQuiet = 2 * time.Second
)

// readCrashPlan takes WXBOT_CRASH and WXBOT_CRASH_SEED from the environment.
func readCrashPlan(t *testing.T) crashPlan {
	t.Helper()
	p := crashPlan{crashShort, crashShortKills, 1200 * time.Millisecond, 200 * time.Millisecond, rand.Uint64()}
	if os.Getenv("WXBOT_CRASH") == "full" {
		p.messages, p.kills = crashFull, crashFullKills
	}
	if s := os.Getenv("WXBOT_CRASH_SEED"); s != "" {
		seed, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("WXBOT_CRASH_SEED: %v", err)
		}
		p.seed = seed
	}
	return p
}

// The daemon is killed at random instants while people write to it, and started
// again, over and over. Afterwards the simulated WeChat is asked who was
// answered: everybody once, in order, without another scan.
//
// A plain run sends 2,000 messages and kills 10 times. The full one, 20,000 and
// 100, takes about three minutes:
//
//	WXBOT_CRASH=full go test -run Killed -count=1 -v ./cmd/wxbot/
//
// WXBOT_CRASH_SEED sets the seed, which draws messages and instants; what is under
// way at an instant is the machine's choice. With -artifacts the daemon's log is
// kept.
func TestKilledAtAnyInstantItAnswersEverybodyOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes 20 s")
	}
	p := readCrashPlan(t)
	t.Logf("seed %d: WXBOT_CRASH_SEED=%d", p.seed, p.seed)
	limit := time.Duration(p.kills)*(p.life+p.down) + 2*crashSettle
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	r := newCrashRig(t, p)
	r.logIn(ctx)
	each := p.messages / p.kills
	for range p.kills {
		r.cycle(ctx, each)
	}
	if ctx.Err() != nil {
		r.fatal("the kills took too long")
	}
	r.start(ctx)
	r.settle(ctx)
	quiet := r.requestsDuring(ctx, crashQuiet)
	r.stop(ctx)
	r.judge(quiet)
}

// cycle lets people write n messages while the daemon starts, works, is killed, and
// is down.
func (r *crashRig) cycle(ctx context.Context, n int) {
	life, down := r.drawLife(), r.drawUpTo(r.plan.down)
	instants := make([]time.Duration, n)
	for i := range instants {
		instants[i] = r.drawUpTo(life + down)
	}
	slices.Sort(instants)
	began := time.Now()
	if r.daemon == nil {
		r.start(ctx)
	}
	for _, at := range instants {
		if at >= life && r.daemon != nil {
			waitUntil(ctx, began.Add(life))
			r.kill(ctx)
		}
		waitUntil(ctx, began.Add(at))
		r.ask()
	}
	if r.daemon != nil {
		waitUntil(ctx, began.Add(life))
		r.kill(ctx)
	}
	waitUntil(ctx, began.Add(life+down))
}

// drawLife gives the time from a start to its kill. One in four dies while it
// starts; every third is granted a long one, since an event whose handler is
// running at three deaths in a row is given up by design.
func (r *crashRig) drawLife() time.Duration {
	r.lives++
	switch {
	case r.lives%3 == 0:
		return r.plan.life/2 + r.drawUpTo(r.plan.life/2)
	case r.random.IntN(4) == 0:
		return r.drawUpTo(r.plan.life / 8)
	}
	return r.drawUpTo(r.plan.life)
}

func (r *crashRig) drawUpTo(most time.Duration) time.Duration {
	return time.Duration(r.random.Int64N(int64(most)))
}

// waitUntil returns at an instant, or when ctx ends.
func waitUntil(ctx context.Context, at time.Time) {
	t := time.NewTimer(time.Until(at))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// settle waits until everything has been answered that is answered at all, or
// nothing has come for a while.
func (r *crashRig) settle(ctx context.Context) {
	due := r.ledger()
	all, cursor := len(due), 0
	for len(due) > 0 {
		// Nothing here takes longer than crashPatience; the daemon's pauses after a
		// failure are shorter, too.
		next, cancel := context.WithTimeout(ctx, crashPatience)
		rec, err := r.srv.AwaitAfter(next, cursor, func(rec wxtest.Record) bool { return rec.Kind == wxtest.RecordSent })
		cancel()
		if err != nil {
			r.t.Errorf("%d of %d answers are missing: %v", len(due), all, err)
			return
		}
		delete(due, rec.Sent.Content)
		if _, label, ok := strings.Cut(rec.Sent.Content, " "); ok {
			delete(due, anyAnswer+label)
		}
		cursor = rec.Seq
	}
}

// anyAnswer stands before the label of a message in the ledger to which either answer
// is right.
const anyAnswer = "A or B "

// ledger gives the texts that must be sent, each once.
func (r *crashRig) ledger() map[string]bool {
	due := map[string]bool{}
	for _, q := range r.asked {
		if q.kind == askTalk {
			due[anyAnswer+q.label] = true
		}
		for _, text := range q.due() {
			due[text] = true
		}
	}
	return due
}

// requestsDuring counts what a daemon asks that has nothing to do.
func (r *crashRig) requestsDuring(ctx context.Context, d time.Duration) int {
	before := r.allRequests()
	waitUntil(ctx, time.Now().Add(d))
	return r.allRequests() - before
}

func (r *crashRig) allRequests() int {
	n := 0
	for _, e := range crashEndpoints {
		n += r.srv.Count(e)
	}
	return n
}
