package bot

import (
	"context"
	"runtime/debug"
	"sync/atomic"
	"time"
)

const (
	// tidyAfter is how long no contacts must have come; batches of them are about
	// two seconds apart.
	tidyAfter = 5 * time.Second
	// tidyFrom is how many contacts and members must have come to leave behind
	// what is worth a collection: a megabyte or so.
	tidyFrom = 1000
)

// tidier gives memory back to the system once contacts have been loaded. Reading
// the lists of an account with big groups takes several times what is kept of
// them, and the runtime would hold on to that for the life of the process, which
// never needs it again.
type tidier struct {
	came atomic.Int64  // contacts and members since the last time
	wake chan struct{} // holds one mark at most
	free func()
}

func newTidier() *tidier {
	return &tidier{wake: make(chan struct{}, 1), free: debug.FreeOSMemory}
}

// note tells that n contacts or members have come. It does not wait and may be
// called concurrently.
func (t *tidier) note(n int) {
	if t.came.Add(int64(n)) < tidyFrom {
		return
	}
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// run works until ctx ends.
func (t *tidier) run(ctx context.Context) error {
	var quiet <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.wake:
			quiet = time.After(tidyAfter)
		case <-quiet:
			quiet = nil
			t.came.Store(0)
			t.free()
		}
	}
}
