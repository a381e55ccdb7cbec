package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// still is a daemon that nothing may be done to.
type still struct {
	Daemon
	panics bool
}

func (s still) Status(context.Context) (Status, error) {
	if s.panics {
		panic("oh")
	}
	return Status{State: "online"}, nil
}

// pipes is a listener of connections in memory, whose peers are who the test says.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

type pipe struct {
	net.Conn
	from peer
}

func (p pipe) peer() (peer, error) { return p.from, nil }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{} }

// inBubble serves in a synctest bubble and gives connections of a peer.
func inBubble(t *testing.T, d Daemon, test func(t *testing.T, dial func(from peer) net.Conn)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Options{Path: "-", Daemon: d})
		if err != nil {
			t.Fatal(err)
		}
		s.allowed = allow(77)
		l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.serve(ctx, l) }()
		test(t, func(from peer) net.Conn {
			ours, theirs := net.Pipe()
			l.conns <- pipe{theirs, from}
			t.Cleanup(func() { ours.Close() })
			return ours
		})
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
}

func ask(t *testing.T, c net.Conn, request string) (int, Failure) {
	t.Helper()
	go c.Write([]byte(request)) // the pipe ends it
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var f Failure
	if err := json.NewDecoder(resp.Body).Decode(&f); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, f
}

const askStatus = "GET /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

func TestOtherUsersAreRefused(t *testing.T) {
	own := os.Getuid()
	inBubble(t, still{}, func(t *testing.T, dial func(peer) net.Conn) {
		for name, c := range map[string]struct {
			from peer
			want int
		}{
			"own user":         {peer{known: true, uid: own}, http.StatusOK},
			"root":             {peer{known: true, uid: 0}, http.StatusOK},
			"member":           {peer{known: true, uid: own + 1000, groups: []int{5, 77}}, http.StatusOK},
			"other":            {peer{known: true, uid: own + 1000, groups: []int{5}}, http.StatusForbidden},
			"where none knows": {peer{}, http.StatusOK},
		} {
			got, f := ask(t, dial(c.from), askStatus)
			if got != c.want || (got == http.StatusForbidden) != (f.Hint != "") {
				t.Errorf("%s: status %d (%+v), want %d", name, got, f, c.want)
			}
		}
	})
}

func TestSlowClientsAreCutOff(t *testing.T) {
	for name, sent := range map[string]string{
		"nothing":     "",
		"half a line": "GET /v1/sta",
		"half a head": "GET /v1/status HTTP/1.1\r\nHost: x\r\n",
		"half a body": "POST /v1/pause HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, still{}, func(t *testing.T, dial func(peer) net.Conn) {
				c := dial(peer{})
				began := time.Now()
				if _, err := c.Write([]byte(sent)); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadAll(c); err != nil { // until the server closes it
					t.Fatal(err)
				}
				if took := time.Since(began); took > readWait+time.Second {
					t.Errorf("cut off after %v, want %v", took, readWait)
				}
			})
		})
	}
}

func TestClientThatDoesNotReadIsCutOff(t *testing.T) {
	inBubble(t, still{}, func(t *testing.T, dial func(peer) net.Conn) {
		c := dial(peer{})
		if _, err := c.Write([]byte(askStatus)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(writeWait + time.Second) //nolint:forbidigo // the bubble's clock
		if b, err := io.ReadAll(c); err != nil || len(b) > 0 {
			t.Errorf("read %q, %v after the time was over", b, err)
		}
	})
}

func TestPanicEndsOneRequest(t *testing.T) {
	inBubble(t, still{panics: true}, func(t *testing.T, dial func(peer) net.Conn) {
		for range 2 {
			if code, f := ask(t, dial(peer{}), askStatus); code != http.StatusInternalServerError || f.Error == "" {
				t.Errorf("answer = %d %+v", code, f)
			}
		}
	})
}

func TestPeerThatIsNotKnownIsRefused(t *testing.T) {
	s, err := New(Options{Path: "-", Daemon: still{}})
	if err != nil {
		t.Fatal(err)
	}
	s.allowed = allow(-1)
	w := httptest.NewRecorder()
	s.guard(s.handler()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/status", http.NoBody))
	if w.Code != http.StatusForbidden {
		t.Errorf("status %d", w.Code)
	}
}

func TestSocketTakesSoManyConnections(t *testing.T) {
	l, err := listen(t.Context(), t.TempDir()+"/s", -1)
	if err != nil {
		t.Fatal(err)
	}
	var served []net.Conn
	for range connectionsMost {
		c, err := net.Dial("unix", l.(*socket).path)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		a, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		served = append(served, a)
	}
	next := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		next <- err
	}()
	if c, err := net.Dial("unix", l.(*socket).path); err != nil {
		t.Fatal(err)
	} else {
		defer c.Close()
	}
	select {
	case err := <-next:
		t.Fatalf("one more was taken (%v) than may be open", err)
	case <-time.After(50 * time.Millisecond):
	}
	served[0].Close()
	served[0].Close()
	if err := <-next; err != nil {
		t.Errorf("after one had ended: %v", err)
	}
	go func() {
		_, err := l.Accept()
		next <- err
	}()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-next; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v", err)
	}
}

func TestLongPathIsExplained(t *testing.T) {
	_, err := listen(t.Context(), "/tmp/"+strings.Repeat("a", 120), -1)
	if err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("listen: %v", err)
	}
}

func TestUnknownGroupIsExplained(t *testing.T) {
	s, err := New(Options{Path: t.TempDir() + "/s", Group: "no-such-group", Daemon: still{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(t.Context()); err == nil || !strings.Contains(err.Error(), "socket_group: ") {
		t.Errorf("Listen: %v", err)
	}
}

// Whatever is asked, the answer is JSON, a refusal or one that the daemon gave, and
// a request that is refused has done nothing.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		askStatus,
		"POST /v1/pause HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{\"for\": 1}",
		"POST /v1/send HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
		"GET /v1/history?n=9&chat=%E5%B0%8F HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /v1/send?id=99999999999999999999 HTTP/1.0\r\n\r\n",
		"DELETE /v1/../../etc HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /v1/qr HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil || strings.HasPrefix(r.URL.Path, "/debug/") { // a profile takes its time
			return
		}
		if r.RequestURI == "*" { // net/http refuses it, without a word
			return
		}
		d := &counting{}
		s, err := New(Options{Path: "-", Daemon: d})
		if err != nil {
			t.Fatal(err)
		}
		s.allowed = allow(-1)
		r = r.WithContext(context.WithValue(t.Context(), peerKey{}, connPeer{}))
		w := httptest.NewRecorder()
		s.guard(s.handler()).ServeHTTP(w, r)
		switch {
		case w.Code >= http.StatusInternalServerError:
			t.Errorf("%q: status %d: %s", raw, w.Code, w.Body)
		case w.Code >= http.StatusBadRequest:
			var got Failure
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Error == "" {
				t.Errorf("%q: refused with %q", raw, w.Body)
			}
			if d.n != 0 {
				t.Errorf("%q: refused with %d, and the daemon was asked", raw, w.Code)
			}
		case w.Code >= http.StatusMultipleChoices: // a path is cleaned by a redirect
		case d.n != 1:
			t.Errorf("%q: status %d, and the daemon was asked %d times", raw, w.Code, d.n)
		}
	})
}

// counting counts what it is asked and does it all.
type counting struct{ n int }

func (c *counting) Status(context.Context) (Status, error)     { c.n++; return Status{}, nil }
func (c *counting) Reload(context.Context) error               { c.n++; return nil }
func (c *counting) QR(context.Context, bool) (QR, error)       { c.n++; return QR{}, nil }
func (c *counting) Resume(context.Context, string) error       { c.n++; return nil }
func (c *counting) ResumePlugin(context.Context, string) error { c.n++; return nil }
func (c *counting) Settings() []Setting                        { c.n++; return nil }
func (c *counting) Pause(context.Context, time.Duration, string) (Pause, error) {
	c.n++
	return Pause{}, nil
}
func (c *counting) TestAlerts(context.Context) ([]AlertResult, error) { c.n++; return nil, nil }
func (c *counting) Send(context.Context, SendRequest) (Sending, error) {
	c.n++
	return Sending{}, nil
}
func (c *counting) Sending(context.Context, int64) (Sending, error) { c.n++; return Sending{}, nil }
