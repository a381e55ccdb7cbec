package wxtest_test

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"wxbot/wx/wxtest"
)

// A server for programs: any HTTP client, in any language, can be pointed at its
// URL.
func ExampleStart() {
	srv, err := wxtest.Start(wxtest.Config{RedirectHost: "self"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	resp, err := http.Get(srv.URL() + "/jslogin?appid=wx782c26e4c19acffb&fun=new&redirect_uri=https%3A%2F%2Fwx.qq.com%2Fcgi-bin%2Fmmwebwx-bin%2Fwebwxnewloginpage")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(string(body[:31]), resp.Header.Get("Content-Type"))
	// Output: window.QRLogin.code = 200; wind text/javascript
}

// A test of a client: a friend writes, the client must answer.
func ExampleNewServer() {
	// In a test function of yours, with its t.
	_ = func(t *testing.T) {
		t.Helper()
		srv := wxtest.NewServer(t, wxtest.Config{})
		ming := srv.AddFriend(wxtest.Person{NickName: "小明"})
		go runYourClient(srv.URL())
		if err := srv.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := srv.AwaitOnline(t.Context()); err != nil {
			t.Fatal(err)
		}
		ming.Say("ping")
		sent, err := srv.AwaitSent(t.Context(), 1)
		if err != nil || sent[0].Content != "pong" {
			t.Errorf("sent %v, %v", sent, err)
		}
	}
}

func runYourClient(string) {}
