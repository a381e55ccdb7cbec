package wire

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeQRLogin(t *testing.T) {
	tests := []struct {
		name, body string
		want       QRLogin
		err        string
	}{
		{name: "answer of the server", body: `window.QRLogin.code = 200; window.QRLogin.uuid = "4dcaWx3uBw==";`, want: QRLogin{Code: 200, UUID: "4dcaWx3uBw=="}},
		{name: "refusal", body: `window.QRLogin.code = 400;`, want: QRLogin{Code: 400}},
		{name: "empty", body: ``, err: "no code in the answer"},
		{name: "page", body: `<html>502</html>`, err: "no code in the answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := DecodeQRLogin([]byte(tt.body))
			checkError(t, err, tt.err)
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestDecodeLoginPoll(t *testing.T) {
	picture := []byte{0xff, 0xd8, 0xff, 1, 2, 3}
	tests := []struct {
		name, body string
		want       LoginPoll
		err        string
	}{
		{name: "waiting", body: "window.code=408;", want: LoginPoll{Code: 408}},
		{
			name: "scanned with avatar",
			body: "window.code=201;window.userAvatar = 'data:img/jpg;base64," + base64.StdEncoding.EncodeToString(picture) + "';",
			want: LoginPoll{Code: 201, Avatar: picture},
		},
		{name: "scanned with a broken avatar", body: "window.code=201;window.userAvatar = 'data:img/jpg;base64,%%%';", want: LoginPoll{Code: 201}},
		{
			name: "confirmed",
			body: "window.code=200;\nwindow.redirect_uri=\"https://wx2.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=A@qrticket_0&uuid=u==&lang=zh_CN&scan=1\";",
			want: LoginPoll{Code: 200, RedirectURI: "https://wx2.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=A@qrticket_0&uuid=u==&lang=zh_CN&scan=1"},
		},
		{name: "empty", err: "no code in the answer"},
		{name: "word ending in code", body: "window.barcode=200;", err: "no code in the answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := DecodeLoginPoll([]byte(tt.body))
			checkError(t, err, tt.err)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestDecodeSyncCheck(t *testing.T) {
	tests := []struct {
		name, body string
		want       SyncCheck
		err        string
	}{
		{name: "nothing", body: `window.synccheck={retcode:"0",selector:"0"}`, want: SyncCheck{}},
		{name: "message", body: `window.synccheck={retcode:"0",selector:"2"}`, want: SyncCheck{Selector: 2}},
		{name: "logged out", body: `window.synccheck={retcode:"1101",selector:"0"}`, want: SyncCheck{Retcode: 1101}},
		{name: "retcode alone", body: `window.synccheck={retcode:"1102"}`, want: SyncCheck{Retcode: 1102}},
		{name: "negative", body: `window.synccheck={retcode:"-1",selector:"0"}`, want: SyncCheck{Retcode: -1}},
		{name: "bare numbers and spaces", body: `window.synccheck = { "retcode" : 0 , "selector" : 7 };`, want: SyncCheck{Selector: 7}},
		{name: "zero without selector proves nothing", body: `window.synccheck={retcode:"0"}`, err: "no selector in the answer"},
		{name: "empty", err: "no retcode in the answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := DecodeSyncCheck([]byte(tt.body))
			checkError(t, err, tt.err)
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error()
	}
	if got != want {
		t.Fatalf("got error %q, want %q", got, want)
	}
}

// What is found comes from the body: the code that decides stands in it as digits.
func FuzzDecodeScript(f *testing.F) {
	f.Add([]byte(`window.synccheck={retcode:"0",selector:"2"}`))
	f.Add([]byte(`window.code=201;window.userAvatar = 'data:img/jpg;base64,AAAA';`))
	f.Add([]byte(`window.QRLogin.code = 200; window.QRLogin.uuid = "4dcaWx3uBw==";`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if s, err := DecodeSyncCheck(body); err == nil {
			n := s.Retcode
			if n == 0 {
				n = s.Selector
			}
			if digits := strings.TrimPrefix(fmt.Sprint(n), "-"); !bytes.Contains(body, []byte(digits)) {
				t.Errorf("%d is not in %q", n, body)
			}
		}
		if p, err := DecodeLoginPoll(body); err == nil {
			if !bytes.Contains(body, []byte(p.RedirectURI)) || len(p.Avatar) > len(body) {
				t.Errorf("%+v is not in %q", p, body)
			}
			q, err := DecodeQRLogin(body)
			if err != nil || q.Code != p.Code {
				t.Errorf("code %d by one decoder, %d (%v) by the other", p.Code, q.Code, err)
			}
		}
	})
}

// A selector and a retcode survive the way the server writes them.
func FuzzSyncCheckRoundTrip(f *testing.F) {
	f.Add(0, 2)
	f.Add(1101, 0)
	f.Fuzz(func(t *testing.T, retcode, selector int) {
		retcode, selector = retcode%1e9, selector%1e9
		body := fmt.Sprintf(`window.synccheck={retcode:"%d",selector:"%d"}`, retcode, selector)
		got, err := DecodeSyncCheck([]byte(body))
		if want := (SyncCheck{Retcode: retcode, Selector: selector}); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	})
}
