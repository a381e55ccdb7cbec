package bot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/clock"
)

// alerterFor makes an alerter as a daemon with this wxbot.yaml has it.
func alerterFor(t *testing.T, yaml string, vars map[string]string) *alerter {
	t.Helper()
	c, err := loadAlerts(t, yaml, vars)
	if err != nil {
		t.Fatal(err)
	}
	a, err := newAlerter(c.Alerts, clock.Clock{}, zerolog.Nop(), func() string { return "小助手" })
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// hookRequest is what a webhook got.
type hookRequest struct {
	path, query, body string
	header            http.Header
}

// hook is a web server that keeps what it gets.
func hook(t *testing.T, answer http.HandlerFunc) (base string, got func() []hookRequest) {
	t.Helper()
	requests := make(chan hookRequest, 100)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		requests <- hookRequest{r.URL.Path, r.URL.RawQuery, string(b), r.Header}
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL, func() []hookRequest {
		var out []hookRequest
		for len(requests) > 0 {
			out = append(out, <-requests)
		}
		return out
	}
}

// nasty is a text that is none of: JSON, a URL, a form, a header line.
const nasty = "引号\" 反斜\\ 新行\n&x=1?#${text} </script>\r\nX-Evil: 1"

func sampleAlert() *alert {
	return &alert{kind: alertRefused, text: nasty, account: "小助手", host: "h", at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func TestWebhookSendsWhatTheFileSays(t *testing.T) {
	tests := []struct {
		name, yaml  string
		contentType string
		check       func(r hookRequest) error
	}{
		{"default", "", "application/json; charset=utf-8", func(r hookRequest) error {
			return sameJSON(r.body, map[string]any{"event": "refused", "text": nasty, "account": "小助手", "time": "2026-01-02T03:04:05Z"})
		}},
		{
			"json", `
    json: {msgtype: text, text: {content: "${text}", n: 3, ok: true, none: , quoted: "3", list: ["${event}", 0627]}}`,
			"application/json; charset=utf-8", func(r hookRequest) error {
				return sameJSON(r.body, map[string]any{"msgtype": "text", "text": map[string]any{
					"content": nasty, "n": 3.0, "ok": true, "none": nil, "quoted": "3", "list": []any{"refused", "0627"},
				}})
			},
		},
		{"form", `
    form: {title: "wxbot ${event}", desp: "${text}"}`, "application/x-www-form-urlencoded", func(r hookRequest) error {
			v, err := url.ParseQuery(r.body)
			if err == nil && (len(v) != 2 || v.Get("title") != "wxbot refused" || v.Get("desp") != nasty) {
				err = fmt.Errorf("form %v", v)
			}
			return err
		}},
		{"body and headers", `
    headers: {Title: "${text}", Authorization: "Bearer ${env:TOKEN}", content-type: text/markdown}
    body: "${text}"`, "text/markdown", func(r hookRequest) error {
			if r.body != nasty || r.header.Get("Authorization") != "Bearer s3cret" || r.header.Get("X-Evil") != "" ||
				!strings.Contains(r.header.Get("Title"), "X-Evil: 1") {
				return fmt.Errorf("%+v", r)
			}
			return nil
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			base, got := hook(t, nil)
			a := alerterFor(t, "alerts:\n  - webhook: "+base+"/hook"+tt.yaml, map[string]string{"TOKEN": "s3cret"})
			if err := a.targets[0].send(t.Context(), sampleAlert()); err != nil {
				t.Fatal(err)
			}
			rs := got()
			if len(rs) != 1 || rs[0].path != "/hook" {
				t.Fatalf("requests %+v", rs)
			}
			if got := rs[0].header.Get("Content-Type"); got != tt.contentType {
				t.Errorf("Content-Type %q", got)
			}
			if err := tt.check(rs[0]); err != nil {
				t.Error(err)
			}
		})
	}
}

func sameJSON(got string, want map[string]any) error {
	var v map[string]any
	if err := json.Unmarshal([]byte(got), &v); err != nil {
		return fmt.Errorf("%w in %s", err, got)
	}
	if g, w := fmt.Sprintf("%#v", v), fmt.Sprintf("%#v", want); g != w {
		return fmt.Errorf("got  %s\nwant %s", g, w)
	}
	return nil
}

func TestWebhookAddressIsFilledEscaped(t *testing.T) {
	base, got := hook(t, nil)
	a := alerterFor(t, "alerts:\n  - webhook: \"${env:BASE}/${env:KEY}/${text}?t=${text}&e=${event}\"", map[string]string{"BASE": base, "KEY": "k/1"})
	if err := a.targets[0].send(t.Context(), sampleAlert()); err != nil {
		t.Fatal(err)
	}
	r := got()[0]
	q, err := url.ParseQuery(r.query)
	if err != nil || r.path != "/k/1/"+nasty || q.Get("t") != nasty || q.Get("e") != "refused" {
		t.Errorf("path %q, query %v, %v", r.path, q, err)
	}
}

func TestWebhookAnswers(t *testing.T) {
	say := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			io.WriteString(w, body)
		}
	}
	redirect := func(to string, code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/hook" {
				http.Redirect(w, r, to, code)
			}
		}
	}
	elsewhere, lured := hook(t, nil)
	tests := []struct {
		name    string
		answer  http.HandlerFunc
		want    string // error; "" for none
		refused bool
	}{
		{"empty", nil, "", false},
		{"text", say(204, ""), "", false},
		{"企业微信 well", say(200, `{"errcode":0,"errmsg":"ok"}`), "", false},
		{"企业微信 no", say(200, `{"errcode":93000,"errmsg":"invalid webhook url https://x/tok-1"}`), "answered errcode 93000", false},
		{"飞书 no", say(200, `{"code":19001,"msg":"param invalid"}`), "answered code 19001", true},
		{"Bark well", say(200, `{"code":200,"message":"success"}`), "", false},
		{"other JSON", say(200, `{"code":"fine"}`), "", false},
		{"not found", say(404, "tok-1"), "status 404", true},
		{"overload", say(503, ""), "status 503", false},
		{"too many", say(429, ""), "status 429", false},
		{"endless", func(w http.ResponseWriter, _ *http.Request) {
			for range 100 {
				io.WriteString(w, strings.Repeat(" ", 64<<10))
			}
		}, "", false},
		{"moved here", redirect("/other", http.StatusTemporaryRedirect), "", false},
		{"moved here as GET", redirect("/other", http.StatusFound), "loses the text", true},
		{"moved elsewhere", redirect(elsewhere+"/lure", http.StatusTemporaryRedirect), "redirected to another host", true},
		{"cut", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "closed without an answer", false},
		{"bad place", redirect("http://[::tok-1/", http.StatusTemporaryRedirect), "request not done", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			base, _ := hook(t, tt.answer)
			a := alerterFor(t, "alerts:\n  - webhook: "+base+"/hook?key=tok-1", nil)
			err := a.targets[0].send(t.Context(), sampleAlert())
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want %q", err, tt.want)
			}
			if err == nil {
				return
			}
			if _, refused := errors.AsType[*refusedAlertError](err); refused != tt.refused {
				t.Errorf("%v: refused %v, want %v", err, refused, tt.refused)
			}
			if strings.Contains(err.Error(), "tok-1") {
				t.Errorf("error shows the token: %v", err)
			}
		})
	}
	if got := lured(); len(got) > 0 {
		t.Errorf("the alert went to another host: %+v", got)
	}
}

func TestErrorsOfTheNetworkShowNoAddress(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + l.Addr().String()
	l.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	plain, _ := hook(t, nil)
	tls := httptest.NewTLSServer(http.NotFoundHandler())
	defer tls.Close()
	tests := []struct{ name, base, want string }{
		{"closed port", closed, "dial: connection refused"},
		{"silent", "http://" + silent.Addr().String(), "no answer in time"},
		{"http on https", strings.Replace(plain, "http:", "https:", 1), "answers http, not https"},
		{"unknown certificate", tls.URL, "certificate: "},
		{"no such host", "http://no..host", "look up the host: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := alerterFor(t, "alerts:\n  - webhook: "+tt.base+"/tok-1?key=tok-1\n    timeout: 1s", nil)
			err := a.targets[0].send(t.Context(), sampleAlert())
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "tok-1") {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}
