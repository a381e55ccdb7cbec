package wx_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"wxbot/wx"
	"wxbot/wx/wxtest"
)

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
