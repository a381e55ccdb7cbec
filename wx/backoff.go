package wx

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/rs/zerolog"
)

const (
	retryMin = time.Second
	retryMax = 60 * time.Second
	idleMin  = 200 * time.Millisecond
	idleMax  = 2 * time.Second
	// noticeAfter is the failure in a row that is worth a warning.
	noticeAfter = 5
)

// backoff is a growing wait: doubled each time, capped, with jitter. It is used
// by one goroutine.
type backoff struct {
	least, most time.Duration
	tries       int
}

// next is how long to wait now: between half and all of the doubled minimum.
func (b *backoff) next() time.Duration {
	d := b.most
	if b.tries < 20 {
		d = min(b.least<<b.tries, b.most)
	}
	b.tries++
	return d/2 + rand.N(d/2+1)
}

// wait waits and returns ctx.Err() if the context ended meanwhile.
func (b *backoff) wait(ctx context.Context) error {
	return pause(ctx, b.next())
}

func (b *backoff) reset() { b.tries = 0 }

// pause waits for d or the end of the context.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// retryLater tells of a failure that repeats and waits. It returns only what
// ends Run.
func (c *Client) retryLater(ctx context.Context, retry *backoff, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e, ok := errors.AsType[*sinkError](cause); ok {
		return e
	}
	c.health.noteTurned(time.Now())
	d := retry.next()
	level := zerolog.DebugLevel
	if retry.tries == noticeAfter {
		level = zerolog.WarnLevel
	}
	c.log.WithLevel(level).Err(cause).Int("attempt", retry.tries).Dur("wait", d).Msg("request failed, trying again")
	if retry.tries >= 2 {
		if err := c.enter(ctx, StateRetrying, cause); err != nil {
			return err
		}
	}
	return pause(ctx, d)
}
