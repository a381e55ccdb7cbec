package luahost

// workersMost is how many goroutines are kept for further calls. Their stacks have
// grown already to what the interpreter needs, which costs more than a small handler.
const workersMost = 4

// workers hands calls to goroutines that have run one before.
type workers struct {
	idle chan func() // taken by those that wait
	free chan struct{}
}

func newWorkers() workers {
	return workers{idle: make(chan func()), free: make(chan struct{}, workersMost)}
}

// work runs f as begin does, in a goroutine that is kept if there is one. Run waits
// for those too.
func (h *Host) work(f func()) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended {
		return false
	}
	select {
	case h.workers.idle <- f:
		return true
	default:
	}
	if h.ctx == nil { // without Run nobody would end it
		h.calls.Go(f)
		return true
	}
	h.calls.Go(func() { h.serve(f) })
	return true
}

// serve runs a call, and then others, unless enough goroutines wait for them.
func (h *Host) serve(f func()) {
	for {
		f()
		select {
		case h.workers.free <- struct{}{}:
		default:
			return
		}
		select {
		case f = <-h.workers.idle:
			<-h.workers.free
		case <-h.over:
			<-h.workers.free
			return
		}
	}
}
