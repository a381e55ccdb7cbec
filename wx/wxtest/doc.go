// Package wxtest is a simulated WeChat for tests of clients of the web protocol
// ("webwx"), in the manner of net/http/httptest: a server with one account, its
// phone, its friends and groups, and faults on demand. It speaks the protocol in
// bytes of its own making and shares no codec with package wx, so that it can
// test clients of any make.
//
//	srv := wxtest.NewServer(t, wxtest.Config{})   // NewBubble inside testing/synctest
//	ming := srv.AddFriend(wxtest.Person{NickName: "小明"})
//	… start the client with srv.Options(), or point it at srv.URL() …
//	err := srv.Login(ctx)                         // wait for the QR code, scan, confirm
//	err = srv.AwaitOnline(ctx)
//	ming.Say("ping")
//	sent, err := srv.AwaitSent(ctx, 1)            // what the client sent
//	srv.Fault(wxtest.Fault{Endpoint: "webwxsync", Kind: wxtest.FaultCutBody})
//
// Requests are inspected as they come, and what is wrong with them is kept as
// Problems, which fail the test when the server closes. Where it is known how
// WeChat refuses a wrong request, so does the server. Section numbers in comments
// and problems are those of the project's protocol notes.
//
// # Hosts
//
// WeChat uses four hosts (section 1.1); one listener plays them all and tells them
// apart by the Host header. A client that can send its connections elsewhere (a
// transport below its cookie jar, a proxy, /etc/hosts) keeps the real names, and
// the server checks that each request goes to the right one. A client that can
// only be given a base URL is pointed straight at the server, with
// Config.RedirectHost "self": a Host that is an IP address or localhost plays
// every role, cookies then come without Domain and, over HTTP, without Secure, as
// no jar would keep or send them otherwise. Clients that insist on https need
// Config.TLS.
//
// A client that logs in with the appid of the file transfer helper (section 18.1)
// is led to that one's hosts, and its session knows nobody but 文件传输助手.
//
// # Time and sessions
//
// Config.Now is the clock of messages, cookies and limits; polls are held in real
// time. A session begins with webwxnewloginpage and ends by Cut, LogoutFromPhone,
// webwxlogout, a new login, or 12 hours without webwxsync. What people say while
// there is no session is lost, as with WeChat; while the phone is away (PhoneAway)
// it waits. User names are new with every
// login; Account and Group are handles that outlive it.
package wxtest
