package wx_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"wxbot/wx"
	"wxbot/wx/wxtest"
)

// A program that answers every text, and needs no scan when it is started again: it
// keeps the session in a file.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	srv, err := wxtest.Start(wxtest.Config{Lenient: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	ming := srv.AddFriend(wxtest.Person{NickName: "小明"})
	dir, err := os.MkdirTemp("", "wx-example-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	store := wx.FileStore{Path: filepath.Join(dir, "session.json")}

	seen := map[string]bool{} // a true program stores it: WeChat may hand a message out again
	start := func(began func()) {
		session, err := store.Load() // nil at first: a scan is needed
		if err != nil {
			fmt.Println(err)
			return
		}
		texts := make(chan wx.Message, 16)
		opts := srv.Options() // wx.Options{} to talk to WeChat
		opts.Session = session
		opts.Sink = func(_ context.Context, b wx.Batch) error {
			if b.Session != nil { // nil: nothing of it changed
				if err := store.Save(b.Session); err != nil {
					return err
				}
			}
			for _, e := range b.Events {
				switch e := e.(type) {
				case wx.QRReady:
					fmt.Println("scan:", e.Payload) // a true program draws e.Payload.Reveal()
				case wx.LoggedIn:
					fmt.Println("logged in, by a scan:", e.Fresh)
				case wx.MessageReceived:
					if e.Message.Type == wx.MsgText && !e.Message.FromSelf && !seen[e.Message.ID] {
						seen[e.Message.ID] = true
						texts <- e.Message
					}
				}
			}
			return nil
		}
		client, err := wx.New(opts)
		if err != nil {
			fmt.Println(err)
			return
		}
		running, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- client.Run(running) }() // waited for below
		began()
		var m wx.Message
		select {
		case m = <-texts:
		case <-ctx.Done():
		}
		if _, err := client.SendText(ctx, m.Chat, "got: "+m.Text, wx.NewSendID(time.Now())); err != nil {
			fmt.Println(err)
		}
		stop()
		if err := <-ended; err != nil {
			fmt.Println(err)
		}
	}
	start(func() {
		if err := srv.Login(ctx); err != nil { // the phone scans and confirms
			fmt.Println(err)
		}
		if err := srv.AwaitOnline(ctx); err != nil {
			fmt.Println(err)
		}
		ming.Say("one")
	})
	start(func() { ming.Say("two") })
	for _, s := range srv.Sent() {
		fmt.Println(s.Content)
	}
	// Output:
	// scan: [redacted]
	// logged in, by a scan: true
	// logged in, by a scan: false
	// got: one
	// got: two
}

// A program that answers every text with a file, here on a simulated WeChat. With
// Server and Transport left out of the options, it talks to the true one.
func ExampleClient_SendFile() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	srv, err := wxtest.Start(wxtest.Config{Lenient: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	ming := srv.AddFriend(wxtest.Person{NickName: "小明"})

	texts := make(chan wx.Message, 16)
	opts := srv.Options()
	opts.Sink = func(ctx context.Context, b wx.Batch) error {
		for _, e := range b.Events {
			if m, ok := e.(wx.MessageReceived); ok && m.Message.Type == wx.MsgText {
				texts <- m.Message // a real program stores it, and the session with it
			}
		}
		return nil
	}
	client, err := wx.New(opts)
	if err != nil {
		fmt.Println(err)
		return
	}
	ended := make(chan error, 1)
	go func() { ended <- client.Run(ctx) }() // waited for below

	// What the people do.
	srv.Scan()
	srv.Confirm()
	if err := srv.AwaitOnline(ctx); err != nil {
		fmt.Println(err)
		return
	}
	ming.Say("报告呢？")

	m := <-texts
	report := "all is well\n"
	_, err = client.SendFile(ctx, wx.Upload{
		To: m.Chat, Name: "季度报告.txt", Size: int64(len(report)), Body: strings.NewReader(report),
		Progress: func(sent, total int64) { fmt.Println(sent, "of", total) },
	}, wx.NewSendID(time.Now()))
	fmt.Println("sent:", err == nil, srv.Sent()[0].FileName)

	cancel()
	fmt.Println("end:", <-ended)
	// Output:
	// 12 of 12
	// sent: true 季度报告.txt
	// end: <nil>
}
