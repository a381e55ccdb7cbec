package wx_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/wx"
	"wxbot/wx/wxtest"
)

// bot is a client on a simulated WeChat, with what its sink was told.
type bot struct {
	*wx.Client
	t      *testing.T
	srv    *wxtest.Server
	cancel context.CancelFunc
	ended  chan error

	mu       sync.Mutex
	events   []wx.Event
	session  *wx.Session
	changed  chan struct{}
	failSink error
}

func start(t *testing.T, srv *wxtest.Server, change ...func(*wx.Options)) *bot {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	b := &bot{t: t, srv: srv, cancel: cancel, ended: make(chan error, 1), changed: make(chan struct{})}
	opts := srv.Options()
	opts.Sink = b.take
	for _, f := range change {
		f(&opts)
	}
	var err error
	if b.Client, err = wx.New(opts); err != nil {
		t.Fatal(err)
	}
	go func() { b.ended <- b.Run(ctx) }() // stop and end wait for it
	return b
}

// login starts a client and has the phone confirm.
func login(t *testing.T, srv *wxtest.Server, change ...func(*wx.Options)) *bot {
	t.Helper()
	srv.Scan()
	srv.Confirm()
	b := start(t, srv, change...)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := srv.AwaitOnline(ctx); err != nil {
		t.Fatalf("not online: %v", err)
	}
	return b
}

func (b *bot) take(_ context.Context, batch wx.Batch) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failSink != nil {
		return b.failSink
	}
	b.events = append(b.events, batch.Events...)
	if batch.Session != nil {
		b.session = batch.Session
	}
	close(b.changed)
	b.changed = make(chan struct{})
	return nil
}

func (b *bot) stop() {
	b.t.Helper()
	b.cancel()
	if err := <-b.ended; err != nil {
		b.t.Errorf("Run after the end of its context: %v", err)
	}
}

func (b *bot) end() error {
	b.t.Helper()
	defer b.cancel()
	return <-b.ended
}

// texts are the messages that came so far, status notifications left out.
func (b *bot) messages() []wx.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []wx.Message
	for _, e := range b.events {
		if m, ok := e.(wx.MessageReceived); ok && m.Message.Type != wx.MsgStatusNotify {
			out = append(out, m.Message)
		}
	}
	return out
}

func (b *bot) texts() string {
	var out []string
	for _, m := range b.messages() {
		out = append(out, m.Text)
	}
	return strings.Join(out, " ")
}

// await waits until ok holds, which is asked after each batch.
func (b *bot) await(what string, ok func() bool) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	for {
		b.mu.Lock()
		changed := b.changed
		b.mu.Unlock()
		if ok() {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			b.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// elapse lets the bubble's time pass.
func elapse(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}

// everyWay runs a test against the simulator in memory, over TCP with the server
// option, and over TCP with the client pointed straight at it by redirect_uri.
func everyWay(t *testing.T, cfg wxtest.Config, f func(t *testing.T, srv *wxtest.Server)) {
	t.Helper()
	t.Run("in memory", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { f(t, wxtest.NewBubble(t, cfg)) })
	})
	t.Run("over TCP", func(t *testing.T) { f(t, wxtest.NewServer(t, cfg)) })
	t.Run("over TCP, base host is its address", func(t *testing.T) {
		cfg.RedirectHost = "self"
		f(t, wxtest.NewServer(t, cfg))
	})
}

func TestSimConversation(t *testing.T) {
	everyWay(t, wxtest.Config{}, func(t *testing.T, srv *wxtest.Server) {
		t.Helper()
		ann := srv.AddFriend(wxtest.Person{NickName: "Ann"})
		ben := srv.AddFriend(wxtest.Person{NickName: "Ben"})
		group := srv.AddGroup("Tea", ann, ben)
		eve := srv.AddStranger(wxtest.Person{NickName: "Eve"})
		b := login(t, srv)
		ctx := t.Context()

		ann.Say("hello <br/> & bye")
		group.Say(ben, "in the group")
		b.await("two messages", func() bool { return len(b.messages()) >= 2 })
		if got, want := b.texts(), "hello <br/> & bye in the group"; got != want {
			t.Errorf("messages: got %q, want %q", got, want)
		}

		sent, err := b.SendText(ctx, ann.UserName(), "hi <Ann> & \"all\" /微笑 😄", wx.NewSendID(time.Now()))
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Revoke(ctx, ann.UserName(), sent.MsgID); err != nil {
			t.Error(err)
		}
		id := wx.NewSendID(time.Now())
		first, err1 := b.SendText(ctx, group.UserName(), "once", id)
		again, err2 := b.SendText(ctx, group.UserName(), "once", id)
		if err1 != nil || err2 != nil || first != again {
			t.Errorf("a repeated id: %+v, %+v, %v, %v", first, again, err1, err2)
		}

		gif := append([]byte("GIF89a"), bytes.Repeat([]byte{7}, 1_100_000)...)
		media, err := b.Upload(ctx, wx.Upload{To: ann.UserName(), Name: "生日快乐.gif", Size: int64(len(gif)), Body: bytes.NewReader(gif)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.SendEmoticon(ctx, ann.UserName(), wx.Emoticon{MediaID: media}, wx.NewSendID(time.Now())); err != nil {
			t.Error(err)
		}

		eve.Request("let me in")
		b.await("the friend request", func() bool { return len(b.messages()) >= 3 })
		last := b.messages()[2]
		if last.Request == nil {
			t.Fatalf("not a friend request: %+v", last)
		}
		if err := b.AcceptFriend(ctx, last.Request.UserName, last.Request.Ticket); err != nil {
			t.Error(err)
		}
		b.await("the new friend", func() bool {
			c, ok := b.Directory().Contact(eve.UserName())
			return ok && c.NickName == "Eve"
		})
		if err := b.SetRemark(ctx, eve.UserName(), "Eve <3"); err != nil {
			t.Error(err)
		}
		b.await("the remark", func() bool {
			c, _ := b.Directory().Contact(eve.UserName())
			return c.RemarkName == "Eve <3"
		})

		all := srv.Sent()
		if len(all) != 3 || all[0].Content != "hi <Ann> & \"all\" /微笑 😄" || !all[0].Revoked || all[1].ToGroup != group || all[2].Type != 47 {
			t.Errorf("sent: %+v", all)
		}
		// The type-51 list and the messages make the group known with members.
		b.await("the members", func() bool {
			m, ok := b.Directory().Member(group.UserName(), ben.UserName())
			return ok && m.Name() == "Ben"
		})
		if err := b.Logout(ctx); err != nil {
			t.Error(err)
		}
		if err := b.end(); err != nil {
			t.Errorf("Run after an own logout: %v", err)
		}
	})
}

func TestSimLoginWays(t *testing.T) {
	t.Run("301 without Location", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := wxtest.NewBubble(t, wxtest.Config{LoginPage301: true})
			b := login(t, srv)
			elapse(t, time.Second)
			b.stop()
		})
	})
	t.Run("cancelled, expired, then confirmed", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := wxtest.NewBubble(t, wxtest.Config{})
			b := start(t, srv)
			ctx := t.Context()
			if _, err := srv.AwaitQR(ctx); err != nil {
				t.Fatal(err)
			}
			srv.Scan()
			elapse(t, 2*time.Second)
			srv.Cancel()
			elapse(t, 2*time.Second)
			srv.Expire()
			elapse(t, 2*time.Second)
			if err := srv.Login(ctx); err != nil {
				t.Fatal(err)
			}
			if err := srv.AwaitOnline(ctx); err != nil {
				t.Fatal(err)
			}
			elapse(t, time.Second)
			b.stop()
			var got []string
			for _, e := range b.events {
				switch e := e.(type) {
				case wx.QRReady:
					got = append(got, fmt.Sprint("code ", e.Attempt))
					if !bytes.HasPrefix(e.Picture, []byte{0xff, 0xd8}) {
						t.Error("no picture")
					}
				case wx.QRScanned:
					got = append(got, fmt.Sprint("scanned ", len(e.Avatar) > 0))
				case wx.QRCancelled:
					got = append(got, "cancelled")
				case wx.QRExpired:
					got = append(got, "expired")
				case wx.LoggedIn:
					got = append(got, "in")
				}
			}
			want := "code 1, scanned true, cancelled, code 2, expired, code 3, scanned true, in"
			if s := strings.Join(got, ", "); s != want {
				t.Errorf("got %s, want %s", s, want)
			}
		})
	})
	t.Run("refused", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := wxtest.NewBubble(t, wxtest.Config{})
			srv.RefuseLogin(1203, "此微信号不能登录网页微信。")
			srv.Scan()
			srv.Confirm()
			err := start(t, srv).end()
			if e, ok := errors.AsType[*wx.RefusedError](err); !ok || e.Code != 1203 || e.Text != "此微信号不能登录网页微信。" {
				t.Errorf("got %v", err)
			}
		})
	})
	t.Run("cut seconds after the login", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
			b := login(t, srv)
			elapse(t, 3*time.Second)
			srv.Cut(1102)
			err := b.end()
			if e, ok := errors.AsType[*wx.LoggedOutError](err); !ok || !e.Restricted || e.Code != 1102 {
				t.Errorf("got %v", err)
			}
		})
	})
}

// A process that dies and comes back with the session it stored last gets every
// message, and each once if its daemon drops ids it has seen.
func TestSimRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Lenient: a client that stops may leave a request half written.
		srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
		ann := srv.AddFriend(wxtest.Person{NickName: "Ann"})
		b := login(t, srv)
		seen := map[string]int{}
		var want []string
		for i := range 20 {
			text := fmt.Sprint("m", i)
			want = append(want, text)
			ann.Say(text)
			elapse(t, time.Duration(i%3)*time.Second)
			if i%4 != 3 {
				continue
			}
			// The sink fails, as when the process is killed before the commit.
			if i%8 == 7 {
				b.mu.Lock()
				b.failSink = errors.New("killed")
				b.mu.Unlock()
				ann.Say(text + "b")
				want = append(want, text+"b")
				if err := b.end(); err == nil || err.Error() != "killed" {
					t.Fatalf("got %v", err)
				}
			} else {
				b.stop()
			}
			for _, m := range b.messages() {
				seen[m.Text]++
			}
			raw, err := b.session.Encode()
			if err != nil {
				t.Fatal(err)
			}
			stored, err := wx.DecodeSession(raw)
			if err != nil {
				t.Fatal(err)
			}
			b = start(t, srv, func(o *wx.Options) { o.Session = stored })
			elapse(t, time.Second)
		}
		elapse(t, time.Minute)
		b.stop()
		for _, m := range b.messages() {
			seen[m.Text]++
		}
		for _, w := range want {
			if seen[w] == 0 {
				t.Errorf("%s was lost", w)
			}
		}
	})
}

// A session taken up after the cookies have died is over, and no code is shown.
func TestSimRestoredTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
		b := login(t, srv)
		elapse(t, time.Second)
		b.stop()
		elapse(t, 13*time.Hour)
		late := start(t, srv, func(o *wx.Options) { o.Session = b.session })
		if err := late.end(); !errors.Is(err, wx.ErrLoggedOut) {
			t.Errorf("got %v", err)
		}
		for _, e := range late.events {
			if _, ok := e.(wx.QRReady); ok {
				t.Error("a QR code was shown")
			}
		}
	})
}

// Sessions last for days although nothing happens: webwxsync renews the cookies.
func TestSimQuietWeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{})
		ann := srv.AddFriend(wxtest.Person{NickName: "Ann"})
		b := login(t, srv)
		elapse(t, 7*24*time.Hour)
		ann.Say("still there?")
		elapse(t, time.Second)
		b.stop()
		if b.texts() != "still there?" {
			t.Errorf("messages: %q", b.texts())
		}
	})
}

// Whatever goes wrong with whichever request, every message comes, once, in
// order, and nothing is sent twice.
func TestSimFaults(t *testing.T) {
	kinds := map[string]wxtest.Fault{
		"status": {Kind: wxtest.FaultStatus, Status: 503},
		"reset":  {Kind: wxtest.FaultReset},
		"empty":  {Kind: wxtest.FaultEmpty},
		"slow":   {Kind: wxtest.FaultSlow, Delay: 10 * time.Second},
		"junk":   {Kind: wxtest.FaultJunk},
		"body":   {Kind: wxtest.FaultBody, Body: []byte("<html>gateway</html>")},
		"ret -1": {Kind: wxtest.FaultRet, Ret: -1},
		"hang":   {Kind: wxtest.FaultHang},
	}
	endpoints := []string{
		"jslogin", "login", "webwxnewloginpage", "webwxinit", "webwxstatusnotify", "webwxgetcontact", "webwxbatchgetcontact",
		"synccheck", "webwxsync",
	}
	for name, fault := range kinds {
		for _, endpoint := range endpoints {
			for _, after := range []bool{false, true} {
				if fault.Kind == wxtest.FaultRet && (endpoint == "webwxnewloginpage" || endpoint == "login") {
					continue // a refusal, and a code that gives a new QR code
				}
				t.Run(fmt.Sprintf("%s of %s, after %t", name, endpoint, after), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						srv := wxtest.NewBubble(t, wxtest.Config{Lenient: true})
						ann := srv.AddFriend(wxtest.Person{NickName: "Ann"})
						group := srv.AddGroup("Tea", ann)
						f := fault
						f.Endpoint, f.After, f.Times = endpoint, after, 2
						if fault.Kind == wxtest.FaultRet && (endpoint == "webwxinit" || endpoint == "webwxbatchgetcontact") {
							f.Times = 1 // after the second no, they give up
						}
						srv.Fault(f)
						srv.Scan()
						srv.Confirm()
						b := start(t, srv)
						ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
						defer cancel()
						if err := srv.AwaitOnline(ctx); err != nil {
							t.Fatalf("not online: %v", err)
						}
						var want []string
						for i := range 6 {
							want = append(want, fmt.Sprint("m", i))
							if i%2 == 0 {
								ann.Say(want[i])
							} else {
								group.Say(ann, want[i])
							}
							elapse(t, 7*time.Second)
						}
						elapse(t, 10*time.Minute)
						b.stop()
						var got []string
						seen := map[string]bool{}
						for _, m := range b.messages() {
							if !seen[m.ID] {
								got = append(got, m.Text)
							}
							seen[m.ID] = true
						}
						if !slices.Equal(got, want) {
							t.Errorf("messages: got %v, want %v", got, want)
						}
						if m, ok := b.Directory().Member(group.UserName(), ann.UserName()); !ok || m.Name() != "Ann" {
							t.Errorf("the group is not known: %+v", m)
						}
					})
				})
			}
		}
	}
}

// Own media make SyncKey and SyncCheckKey part; a client that mixes them polls
// for ever.
func TestSimMediaMakesNoLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := wxtest.NewBubble(t, wxtest.Config{})
		ann := srv.AddFriend(wxtest.Person{NickName: "Ann"})
		b := login(t, srv)
		ann.Send(wxtest.Image())
		elapse(t, time.Second)
		before := srv.Count("synccheck")
		elapse(t, 10*time.Minute)
		if n := srv.Count("synccheck") - before; n > 26 {
			t.Errorf("%d polls in 10 minutes", n)
		}
		b.stop()
	})
}
