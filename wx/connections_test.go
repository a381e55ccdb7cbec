package wx_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"wxbot/wx"
	"wxbot/wx/wxtest"
)

// Sends side by side keep their connections for the next ones: each new one costs a
// TLS handshake.
func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	const sends, rounds = 12, 6
	srv := wxtest.NewServer(t, wxtest.Config{})
	ming := srv.AddFriend(wxtest.Person{NickName: "小明"})
	var opened atomic.Int64
	front := httptest.NewUnstartedServer(srv)
	front.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	front.Start()
	defer front.Close()
	b := login(t, srv, func(o *wx.Options) { o.Transport, o.Server = nil, front.URL })
	defer b.stop()
	for range rounds {
		var all sync.WaitGroup
		for range sends {
			all.Go(func() {
				if _, err := b.SendText(t.Context(), ming.UserName(), "hi", wx.NewSendID(time.Now())); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	if got := opened.Load(); got > 2*sends {
		t.Errorf("%d connections for %d rounds of %d sends", got, rounds, sends)
	}
}
