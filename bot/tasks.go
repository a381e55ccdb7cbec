package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"
)

// stopBudget is how long all tasks together may take to stop.
const stopBudget = 5 * time.Second

// tasks are the goroutines of a Run. They are stopped one after the other, the
// last started first, so that what feeds others stops before them.
type tasks struct {
	log   zerolog.Logger
	list  []*task
	ended chan *task
}

type task struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

func newTasks(log zerolog.Logger) *tasks {
	return &tasks{log: log, ended: make(chan *task)}
}

// start runs f until it returns. Its context ends at its turn in stop, not with
// ctx.
func (t *tasks) start(ctx context.Context, name string, f func(context.Context) error) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	k := &task{name: name, cancel: cancel, done: make(chan struct{})}
	t.list = append(t.list, k)
	go func() { // waited for in stop
		k.err = f(own)
		t.log.Debug().Str("task", name).AnErr("err", k.err).Msg("task ended")
		close(k.done)
		select {
		case t.ended <- k:
		case <-own.Done(): // nobody waits for failures any more
		}
	}()
}

// wait returns when ctx ends or a task has failed.
func (t *tasks) wait(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case k := <-t.ended:
			if k.err != nil {
				return fmt.Errorf("%s: %w", k.name, k.err)
			}
		}
	}
}

// lastChance is what a task gets to stop when those before it used up the budget.
const lastChance = 200 * time.Millisecond

// stop ends the tasks in the reverse order of their start. The error names those
// that did not end.
func (t *tasks) stop() error {
	var errs []error
	until := time.Now().Add(stopBudget)
	for _, k := range slices.Backward(t.list) {
		k.cancel()
		limit := time.NewTimer(max(time.Until(until), lastChance))
		select {
		case <-k.done:
		case <-limit.C:
			errs = append(errs, fmt.Errorf("stop %s: did not end in time", k.name))
		}
		limit.Stop()
	}
	return errors.Join(errs...)
}
