package bot

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes listens on connections in memory, which block durably in a bubble.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// told is one request at the web server of a bubble.
type told struct {
	after time.Duration // since the start
	text  string        // without the title
}

// bubble is a running alerter whose webhook is a web server in memory.
type bubble struct {
	*alerter
	t    *testing.T
	stop func()

	mu     sync.Mutex
	answer func(n int, text string) int // status of the nth request, from 1
	told   []told
}

// inBubble runs f with an alerter; answer gives the status of each request.
func inBubble(t *testing.T, answer func(n int, text string) int, f func(b *bubble)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		b := &bubble{t: t, alerter: alerterFor(t, "alerts:\n  - webhook: http://hook.example/x\n    body: \"${text}\"", nil), answer: answer}
		l := newPipes()
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			_, detail, _ := strings.Cut(string(body), "\n")
			b.mu.Lock()
			b.told = append(b.told, told{time.Since(began), detail})
			n := len(b.told)
			b.mu.Unlock()
			w.WriteHeader(b.answer(n, detail))
		})}
		var wg sync.WaitGroup
		wg.Go(func() { srv.Serve(l) })
		transport := &http.Transport{DialContext: l.dial, DisableKeepAlives: true}
		b.targets[0].client = &http.Client{Transport: transport}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		wg.Go(func() {
			defer close(ended)
			if err := b.run(ctx); err != nil {
				t.Error(err)
			}
		})
		b.stop = func() { cancel(); <-ended }
		f(b)
		b.stop()
		srv.Close()
		transport.CloseIdleConnections()
		wg.Wait()
	})
}

func (b *bubble) texts() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []string
	for _, t := range b.told {
		out = append(out, t.text)
	}
	return strings.Join(out, " ")
}

// after lets time pass until everything that is due by then is done.
func after(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func well(int, string) int { return http.StatusOK }

func TestAlertIsDeliveredOnceAndCounted(t *testing.T) {
	inBubble(t, well, func(b *bubble) {
		b.raise(alertLogout, "a")
		after(time.Hour)
		if got := b.texts(); got != "a" {
			b.t.Errorf("told %q", got)
		}
		if s := b.state(); s.Targets != 1 || s.Sent != 1 || s.Failed != 0 || s.LastFailure != nil {
			b.t.Errorf("status %+v", s)
		}
	})
}

func TestAlertIsRepeatedForAboutTenMinutes(t *testing.T) {
	inBubble(t, func(int, string) int { return http.StatusBadGateway }, func(b *bubble) {
		b.raise(alertLogout, "a")
		after(time.Second)
		if s := b.state(); s.Failed != 0 || s.LastFailure == nil || s.LastFailure.Error != "status 502" || s.LastFailure.Target != "webhook hook.example" {
			b.t.Errorf("status after the first try %+v", s)
		}
		after(3 * time.Hour)
		if s := b.state(); s.Failed != 1 || s.Sent != 0 {
			b.t.Errorf("status at the end %+v", s)
		}
		if len(b.told) != alertTries {
			b.t.Fatalf("%d tries", len(b.told))
		}
		if last := b.told[alertTries-1].after; last < 7*time.Minute || last > 13*time.Minute {
			b.t.Errorf("the last try was after %s", last)
		}
	})
}

func TestRefusedAlertIsNotRepeated(t *testing.T) {
	inBubble(t, func(int, string) int { return http.StatusNotFound }, func(b *bubble) {
		b.raise(alertLogout, "a")
		after(time.Hour)
		if s := b.state(); b.texts() != "a" || s.Failed != 1 {
			b.t.Errorf("told %q, status %+v", b.texts(), s)
		}
	})
}

func TestAlertThatFailsHoldsUpNone(t *testing.T) {
	bad := func(n int, text string) int {
		if text == "a" && n < 4 {
			return http.StatusBadGateway
		}
		return http.StatusOK
	}
	inBubble(t, bad, func(b *bubble) {
		b.raise(alertLogout, "a")
		after(time.Second)
		b.raise(alertQR, "b")
		after(time.Second)
		if got := b.texts(); got != "a b" {
			b.t.Errorf("told %q, want b while a waits", got)
		}
		after(time.Hour)
		if s := b.state(); b.texts() != "a b a a" || s.Sent != 2 || s.Failed != 0 {
			b.t.Errorf("told %q, status %+v", b.texts(), s)
		}
	})
}

func TestAlertsAreNotRepeatedAndBounded(t *testing.T) {
	inBubble(t, well, func(b *bubble) {
		for range 20 {
			b.raise(alertLogout, "a")
		}
		after(9 * time.Minute)
		b.raise(alertLogout, "a")
		after(time.Second)
		if got := b.texts(); got != "a" {
			b.t.Errorf("told %q within ten minutes", got)
		}
		after(time.Minute)
		b.raise(alertLogout, "a")
		for i := range 20 {
			b.raise(alertLogout, fmt.Sprint(i))
		}
		b.raise(alertQR, "other")
		after(time.Second)
		if got := b.texts(); got != "a a 0 1 2 3 other" {
			b.t.Errorf("told %q, want %d of a kind", got, alertHourly)
		}
		after(time.Hour)
		b.raise(alertLogout, "next hour")
		after(time.Second)
		if got := b.texts(); !strings.HasSuffix(got, "other next hour") {
			b.t.Errorf("told %q", got)
		}
	})
}

// What is raised while a target does not answer is bounded, and raise never waits.
func TestAlertsWithoutNetworkAreBounded(t *testing.T) {
	inBubble(t, func(int, string) int { return http.StatusBadGateway }, func(b *bubble) {
		for i := range 1000 {
			b.raise(alertKind(fmt.Sprint(i)), "x")
			if i%100 == 0 {
				after(time.Second)
			}
		}
		after(24 * time.Hour)
		if s := b.state(); s.Failed < alertQueueMost || s.Failed > 2*alertQueueMost {
			b.t.Errorf("status %+v", s)
		}
	})
}

func TestStopTriesOnceWhatNobodyTriedAndEndsInTime(t *testing.T) {
	inBubble(t, func(n int, _ string) int {
		if n == 1 {
			return http.StatusBadGateway
		}
		return http.StatusOK
	}, func(b *bubble) {
		b.raise(alertLogout, "tried")
		after(time.Second)
		b.raise(alertRefused, "new")
		b.stop()
		if got := b.texts(); got != "tried new" {
			b.t.Errorf("told %q, want the new one and no second try", got)
		}
	})
	inBubble(t, well, func(b *bubble) {
		release := make(chan struct{})
		b.answer = func(int, string) int { <-release; return http.StatusOK }
		b.raise(alertLogout, "stuck")
		after(time.Second)
		began := time.Now()
		b.stop()
		if d := time.Since(began); d > alertLastWait+100*time.Millisecond {
			b.t.Errorf("the stop took %s", d)
		}
		close(release)
	})
}

func TestTestTriesEveryTarget(t *testing.T) {
	good, got := hook(t, nil)
	bad, _ := hook(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	a := alerterFor(t, "alerts:\n  - {webhook: "+good+"/tok-1, on: refused}\n  - webhook: "+bad+"/tok-1\n", nil)
	results := a.test(t.Context())
	if len(results) != 2 || results[0].Error != "" || results[1].Error != "status 418" {
		t.Errorf("results %+v", results)
	}
	if r := got(); len(r) != 1 || !strings.Contains(r[0].body, `"event":"test"`) || !strings.Contains(r[0].body, "小助手") {
		t.Errorf("requests %+v", r)
	}
	if text := fmt.Sprint(results); strings.Contains(text, "tok-1") || !strings.Contains(text, strings.TrimPrefix(good, "http://")) {
		t.Errorf("results %s", text)
	}
}

func TestLongAlertIsCutAtACharacter(t *testing.T) {
	a := newAlert(alertLogout, strings.Repeat("长", 1000), "", "h", time.Now())
	if len(a.text) > alertTextMost || len(a.text) < alertTextMost-6 || strings.ToValidUTF8(a.text, "?") != a.text {
		t.Errorf("%d bytes: %q", len(a.text), a.text[len(a.text)-10:])
	}
}
