package bot

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
)

func TestTasksStopInReverseOrderAndInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tasks := newTasks(zerolog.Nop())
		var order []string
		release := make(chan struct{})
		for _, name := range []string{"last", "stuck", "first"} {
			tasks.start(t.Context(), name, func(ctx context.Context) error {
				<-ctx.Done()
				if name == "stuck" {
					<-release
					return nil
				}
				order = append(order, name)
				return nil
			})
		}
		began := time.Now()
		err := tasks.stop()
		if err == nil || !strings.Contains(err.Error(), "stop stuck") || strings.Contains(err.Error(), "last") {
			t.Errorf("stop = %v, want the stuck task named and no other", err)
		}
		if d := time.Since(began); d > stopBudget+time.Second {
			t.Errorf("took %s", d)
		}
		if got := strings.Join(order, " "); got != "first last" {
			t.Errorf("stopped in the order %s", got)
		}
		close(release)
	})
}

// However many tasks there are, each ends when it is stopped.
func TestManyTasksStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tasks := newTasks(zerolog.Nop())
		for range 40 {
			tasks.start(t.Context(), "one", func(ctx context.Context) error {
				<-ctx.Done()
				return nil
			})
		}
		if err := tasks.stop(); err != nil {
			t.Error(err)
		}
	})
}
