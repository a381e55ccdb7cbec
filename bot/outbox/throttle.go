package outbox

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// stop is a class that the server has throttled.
type stop struct {
	Until time.Time     `json:"until"`
	Pause time.Duration `json:"pause"`
}

// throttled stops a class: for half an hour, then for twice as long each time.
// What was under way when the class was stopped already adds nothing.
func (p *pacer) throttled(c class, now time.Time) (wait time.Duration, fresh bool) {
	s := p.stopped[c]
	if s.Until.After(now) {
		return s.Until.Sub(now), false
	}
	s.Pause = min(max(2*s.Pause, throttleFirst), throttleMost)
	s.Until = now.Add(s.Pause)
	p.stopped[c] = s
	return s.Pause, true
}

// worked forgets the stop of a class that the server lets through again.
func (p *pacer) worked(c class, now time.Time) (lifted bool) {
	s, ok := p.stopped[c]
	if !ok || s.Until.After(now) {
		return false
	}
	delete(p.stopped, c)
	return true
}

// stops are the classes that do not go at a time.
func (p *pacer) stops(now time.Time) []Stop {
	var out []Stop
	for c, s := range p.stopped {
		if s.Until.After(now) {
			out = append(out, Stop{Class: string(c), Until: s.Until})
		}
	}
	slices.SortFunc(out, func(a, b Stop) int { return cmp.Compare(a.Class, b.Class) })
	return out
}

// throttled stops the class of a delivery that the server said comes too often.
func (o *Outbox) throttled(ctx context.Context, c class, why error) {
	o.mu.Lock()
	wait, fresh := o.pacer.throttled(c, o.opts.Clock.Now())
	o.mu.Unlock()
	if !fresh {
		return
	}
	o.opts.Logger.Error().Err(why).Str("action", string(c)).Dur("wait", wait).Msg("WeChat says too often: this kind of action stops")
	o.keepStops(ctx)
	if o.opts.Throttled != nil {
		o.opts.Throttled(string(c), wait)
	}
}

// metaStops is the name under which the stops are kept: a restart must not lift
// them.
const metaStops = "throttled"

// keepStops writes what is stopped.
func (o *Outbox) keepStops(ctx context.Context) {
	if o.opts.Memory == nil {
		return
	}
	o.keeping <- struct{}{}
	defer func() { <-o.keeping }()
	o.mu.Lock()
	text, err := json.Marshal(o.pacer.stopped)
	o.mu.Unlock()
	if err == nil {
		err = o.opts.Memory.SetMeta(context.WithoutCancel(ctx), metaStops, string(text))
	}
	if err != nil {
		o.opts.Logger.Error().Err(err).Msg("what WeChat stopped is not stored: a restart will lift it")
	}
}

func (o *Outbox) readStops(ctx context.Context) (map[class]stop, error) {
	out := map[class]stop{}
	if o.opts.Memory == nil {
		return out, nil
	}
	text, err := o.opts.Memory.Meta(ctx, metaStops)
	if err != nil || text == "" {
		return out, err
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, fmt.Errorf("read what is stopped: %w", err)
	}
	return out, nil
}
