package clock_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"wxbot/bot/clock"
)

func TestPassFiresInOrderAndWaitsForTheWakened(t *testing.T) {
	origin := time.Date(2026, 1, 7, 12, 0, 0, 0, time.UTC)
	c, hand := clock.Manual(origin)
	woken := make(chan string, 10)
	sleeper := func(name string, d time.Duration) {
		timer := c.NewTimer(d)
		go func() {
			<-timer.C
			woken <- name + " " + c.Now().Sub(origin).String()
			timer.Stop()
		}()
	}
	sleeper("late", 2*time.Minute)
	sleeper("early", time.Minute)
	sleeper("never", time.Hour)
	stopped := c.NewTimer(time.Second)
	stopped.Stop()
	stopped.Stop()
	settled := 0
	settle := func(context.Context) error {
		if settled++; settled == 1 {
			sleeper("later", 2*time.Minute)
		}
		return nil
	}
	if err := hand.Pass(t.Context(), 5*time.Minute, settle); err != nil {
		t.Fatal(err)
	}
	close(woken)
	var got []string
	for w := range woken {
		got = append(got, w)
	}
	if want := []string{"early 1m0s", "late 2m0s", "later 3m0s"}; !slices.Equal(got, want) {
		t.Errorf("woken %q, want %q", got, want)
	}
	if now := c.Now().Sub(origin); now != 5*time.Minute || settled != 3 {
		t.Errorf("at %s after %d", now, settled)
	}
}

func TestPassEndsWithTheContextAndWithAnError(t *testing.T) {
	c, hand := clock.Manual(time.Unix(0, 0))
	timer := c.NewTimer(time.Second) // nobody stops it
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := hand.Pass(ctx, time.Minute, func(context.Context) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	timer.Stop()
	bad := errors.New("bad")
	timer = c.NewTimer(time.Second)
	go func() { <-timer.C; timer.Stop() }()
	if err := hand.Pass(t.Context(), time.Minute, func(context.Context) error { return bad }); !errors.Is(err, bad) {
		t.Errorf("got %v", err)
	}
}
