package wx

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A connection that hangs, at whatever stage, ends by the deadline of the call.
func TestConnectionsThatHang(t *testing.T) {
	tests := []struct {
		name   string
		scheme string
		// serve plays the other end; nil never accepts the connection.
		serve  func(conn net.Conn)
		within time.Duration
	}{
		{name: "dial", scheme: "http", within: dialTimeout},
		{name: "TLS", scheme: "https", within: dialTimeout, serve: func(conn net.Conn) { swallow(conn) }},
		{name: "request", scheme: "http", within: 35 * time.Second, serve: func(net.Conn) {}},
		{name: "header", scheme: "http", within: 35 * time.Second, serve: func(conn net.Conn) { swallow(conn) }},
		{name: "header that trickles", scheme: "http", within: 35 * time.Second, serve: func(conn net.Conn) {
			trickle(conn, "HTTP/1.1 200 OK\r\nX-Long: "+strings.Repeat("x", 1000))
		}},
		{name: "body", scheme: "http", within: 35 * time.Second, serve: func(conn net.Conn) {
			trickle(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"+strings.Repeat("x", 1000))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				transport := newTransport(nil)
				var ends []net.Conn
				var serving sync.WaitGroup
				transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
					if tt.serve == nil {
						ctx, cancel := context.WithTimeout(ctx, dialTimeout) // as net.Dialer does
						defer cancel()
						<-ctx.Done()
						return nil, ctx.Err()
					}
					near, far := net.Pipe()
					ends = append(ends, far)
					serving.Go(func() { tt.serve(far) })
					return near, nil
				}
				c, err := New(Options{Sink: func(context.Context, Batch) error { return nil }, Transport: transport})
				if err != nil {
					t.Fatal(err)
				}
				started := time.Now()
				_, err = c.do(t.Context(), call{endpoint: "synccheck", class: classPoll, url: tt.scheme + "://wx.qq.com/"})
				if took := time.Since(started); err == nil || took > tt.within {
					t.Errorf("%v after %s", err, took)
				}
				for _, end := range ends {
					_ = end.Close()
				}
				serving.Wait()
			})
		})
	}
}

// swallow takes everything and says nothing.
func swallow(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// trickle answers a byte a second after the first 30.
func trickle(conn net.Conn, text string) {
	r, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	_ = r.Body.Close()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	head, rest := text[:min(len(text), 30)], text[min(len(text), 30):]
	if _, err := io.WriteString(conn, head); err != nil {
		return
	}
	for i := range len(rest) {
		<-tick.C
		if _, err := io.WriteString(conn, rest[i:i+1]); err != nil {
			return
		}
	}
}
