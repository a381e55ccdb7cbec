package wx

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestBackoffGrowsToItsCap(t *testing.T) {
	b := backoff{least: time.Second, most: time.Minute}
	for i := range 100 {
		want := min(time.Second<<min(i, 10), time.Minute)
		if got := b.next(); got < want/2 || got > want {
			t.Errorf("try %d: got %s, want %s to %s", i, got, want/2, want)
		}
	}
	b.reset()
	if got := b.next(); got > time.Second {
		t.Errorf("after a reset: %s", got)
	}
}

func TestBackoffHasJitter(t *testing.T) {
	seen := map[time.Duration]bool{}
	for range 20 {
		b := backoff{least: time.Minute, most: time.Minute}
		seen[b.next()] = true
	}
	if len(seen) < 2 {
		t.Error("every wait is the same")
	}
}

func TestBackoffEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		b := backoff{least: time.Hour, most: time.Hour}
		if err := b.wait(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}

func TestBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bucket
		start := time.Now()
		var at []time.Duration
		for range 5 {
			if err := b.wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			at = append(at, time.Since(start))
		}
		if at[2] != 0 || at[3] != 2*time.Second || at[4] != 4*time.Second {
			t.Errorf("calls at %v", at)
		}
	})
}
