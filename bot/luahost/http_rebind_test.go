package luahost_test

import (
	"context"
	"encoding/binary"
	"net"
	"strings"
	"sync/atomic"
	"testing"
)

// nameServer answers every question for an A record with the next of some addresses,
// over and over the last, and tells how often it was asked.
func nameServer(t *testing.T, addresses ...[4]byte) (address string, asked *atomic.Int64) {
	t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	asked = &atomic.Int64{}
	go func() { // ends when the connection is closed
		b := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			end := 12
			for end < n && b[end] != 0 {
				end += int(b[end]) + 1
			}
			if end += 5; end > n {
				continue
			}
			out := append([]byte{}, b[:end]...)
			copy(out[2:12], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0})
			if binary.BigEndian.Uint16(b[end-4:]) == 1 { // A
				i := min(int(asked.Add(1)), len(addresses)) - 1
				out[7] = 1
				out = append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
				out = append(out, addresses[i][:]...)
			}
			_, _ = conn.WriteTo(out, from)
		}
	}()
	return conn.LocalAddr().String(), asked
}

// A name may stand for a public address when it is checked and for this machine when
// it is dialled: what counts is the address of the connection. It must not run beside
// tests that look up names.
func TestHTTPDoesNotReachAPrivateAddressByAnyName(t *testing.T) {
	site := newSite(t)
	_, port, _ := strings.Cut(site.host(), ":")
	old := net.DefaultResolver
	defer func() { net.DefaultResolver = old }()
	for name, addresses := range map[string][][4]byte{
		"at once":                   {{127, 0, 0, 1}},
		"at the second look":        {{192, 0, 2, 1}, {127, 0, 0, 1}},
		"the metadata of providers": {{169, 254, 169, 254}},
		"a neighbour":               {{10, 0, 0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			server, asked := nameServer(t, addresses...)
			net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, "udp", server)
			}}
			url := "http://rebind.example.com:" + port
			got := asks(t, `"rebind.example.com:`+port+`"`, "{}", `
				for _ = 1, 3 do local res, err = bot.http.get("`+url+`", {timeout = "5s"}) msg:reply(res and "reached" or err) end`)
			if len(got) != 3 || asked.Load() == 0 {
				t.Fatalf("got %q after %d questions", got, asked.Load())
			}
			for _, g := range got {
				if !strings.Contains(g, "has a private address") {
					t.Errorf("got %q", g)
				}
			}
			if log := site.take(); len(log) > 0 {
				t.Errorf("the machine was asked %q", log)
			}
		})
	}
}
