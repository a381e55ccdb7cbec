package wxtest

import (
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// FaultKind is what goes wrong.
type FaultKind int

// The kinds of fault.
const (
	// FaultStatus answers with Status (default 503) and Body.
	FaultStatus FaultKind = iota + 1
	// FaultReset resets the connection in the middle of the status line, so
	// that no HTTP client takes it for an idle connection and asks again.
	FaultReset
	// FaultCutBody sends the whole header but half of the body, then closes.
	FaultCutBody
	// FaultEmpty answers 200, or Status, with Content-Length 0.
	FaultEmpty
	// FaultSlow sends the first half of the true body, waits for Delay (default
	// 1 s), and sends the rest.
	FaultSlow
	// FaultJunk sends bytes that are no HTTP answer: Body, or some of its own.
	FaultJunk
	// FaultBody answers 200 with Body.
	FaultBody
	// FaultRet answers with Ret as the endpoint's code: BaseResponse.Ret, the
	// retcode of synccheck, the code of the login poll, ret of the login page.
	FaultRet
	// FaultHang never answers; it ends with the client's patience or Close.
	FaultHang
	// FaultDelay gives the true answer after Delay.
	FaultDelay
	// FaultTrickle sends the header and then the true body a byte at a time,
	// waiting for Delay (default 1 s) after each.
	FaultTrickle
)

// Fault is something that shall go wrong.
type Fault struct {
	Endpoint string // such as "webwxsync"; "" is every endpoint
	Kind     FaultKind
	Status   int // FaultStatus, FaultEmpty
	Ret      int // FaultRet
	// Times is how many requests it strikes; 0 is one, below 0 is all until
	// ClearFaults.
	Times int
	// Skip lets this many requests pass first.
	Skip int
	// After: the request does its work before the answer goes wrong. Kinds that
	// need the true answer do the work in any case.
	After bool
	// Delay passes before the fault shows; with FaultSlow and FaultTrickle,
	// within the body.
	Delay time.Duration
	Body  []byte
}

type faults struct {
	mu   sync.Mutex
	list []*Fault
}

// Fault plans a fault. Faults of one endpoint strike in the order planned.
func (s *Server) Fault(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, &f)
}

// ClearFaults forgets all faults planned.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

func (f *faults) take(endpoint string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, p := range f.list {
		if p.Endpoint != "" && p.Endpoint != endpoint {
			continue
		}
		if p.Skip > 0 {
			p.Skip--
			continue
		}
		if p.Times > 0 {
			if p.Times--; p.Times == 0 {
				f.list = append(f.list[:i:i], f.list[i+1:]...)
			}
		}
		return *p, true
	}
	return Fault{}, false
}

// breakAnswer answers with a fault.
func (s *Server) breakAnswer(c *call, w http.ResponseWriter, ep endpoint, f Fault) {
	var ans answer
	switch f.Kind {
	case FaultCutBody, FaultSlow, FaultDelay, FaultTrickle:
		ans = s.respond(c, ep)
	case FaultStatus, FaultReset, FaultEmpty, FaultJunk, FaultBody, FaultRet, FaultHang:
		if f.After {
			ans = s.respond(c, ep)
		}
	}
	within := f.Kind == FaultSlow || f.Kind == FaultTrickle
	if !within && !s.pause(c, f.Delay) {
		return
	}
	switch f.Kind {
	case FaultStatus:
		status := f.Status
		if status == 0 {
			status = http.StatusServiceUnavailable
		}
		c.write(w, answer{status: status, kind: "text/html", body: f.Body})
	case FaultEmpty:
		c.write(w, answer{status: f.Status, kind: kindText})
	case FaultBody:
		c.write(w, answer{kind: kindText, body: f.Body})
	case FaultRet:
		c.write(w, c.refusal(ep, f.Ret))
	case FaultDelay:
		c.write(w, ans)
	case FaultSlow:
		s.writeSlowly(c, w, ans, f.Delay, (len(ans.body)+1)/2)
	case FaultTrickle:
		s.writeSlowly(c, w, ans, f.Delay, 1)
	case FaultHang:
		select {
		case <-c.r.Context().Done():
		case <-s.closing:
		}
	case FaultReset, FaultJunk, FaultCutBody:
		writeRaw(w, f, ans)
	}
}

// pause waits; it reports whether the client is still there.
func (s *Server) pause(c *call, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.r.Context().Done():
	case <-s.closing:
	}
	return false
}

// writeSlowly sends the body in pieces of that size and waits after each.
func (s *Server) writeSlowly(c *call, w http.ResponseWriter, a answer, d time.Duration, size int) {
	if d <= 0 {
		d = time.Second
	}
	w.Header().Set("Content-Type", a.kind)
	for _, ck := range a.cookies {
		w.Header().Add("Set-Cookie", ck)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	for rest := a.body; ; {
		n := min(size, len(rest))
		_, _ = w.Write(rest[:n])
		if rest = rest[n:]; len(rest) == 0 {
			return
		}
		// What cannot be flushed cannot be slow either; the rest follows all
		// the same.
		_ = http.NewResponseController(w).Flush()
		if !s.pause(c, d) {
			return
		}
	}
}

// writeRaw takes the connection over and breaks off.
func writeRaw(w http.ResponseWriter, f Fault, a answer) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	out := []byte("HTTP/1.1 2")
	switch f.Kind { //nolint:exhaustive // the other kinds do not come here
	case FaultJunk:
		if out = f.Body; out == nil {
			out = []byte("\x16\xf1\x04\x00\x00\x00\x1bjunk\r\n\r\n")
		}
	case FaultCutBody:
		out = []byte("HTTP/1.1 200 OK\r\nContent-Type: " + a.kind + "\r\nContent-Length: " + strconv.Itoa(max(len(a.body), 2)) + "\r\n\r\n")
		out = append(out, a.body[:len(a.body)/2]...)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && f.Kind == FaultReset {
		_ = tcp.SetLinger(0)
	}
	// The client is meant to see an error, so ours do not matter.
	_, _ = conn.Write(out)
	_ = conn.Close()
}
