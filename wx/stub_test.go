package wx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// stub is a server in memory that answers with scripted bytes and keeps what was
// asked. It holds no state of an account: what WeChat does as a whole is the
// business of package wxtest. It is a transport, so that tests in a synctest
// bubble wait for nothing real.
type stub struct {
	mu      sync.Mutex
	answers map[string]func(n int, r *http.Request, body []byte) reply // by endpoint; n counts calls from 1
	asked   []request
	count   map[string]int
}

type reply struct {
	hold   time.Duration
	status int // 0 is 200
	header http.Header
	body   string
	err    error // instead of an answer
	cut    bool  // the body ends with an error
}

type request struct {
	endpoint string
	r        *http.Request
	body     []byte
	at       time.Time
}

func newStub() *stub {
	s := &stub{answers: map[string]func(int, *http.Request, []byte) reply{}, count: map[string]int{}}
	s.on("jslogin", `window.QRLogin.code = 200; window.QRLogin.uuid = "4dcaWx3uBw==";`)
	s.on("qrcode", "no picture")
	s.on("login", `window.code=200; window.redirect_uri="https://wx2.qq.com/cgi-bin/mmwebwx-bin/webwxnewloginpage?ticket=T@qrticket_0&uuid=u&lang=zh_CN&scan=1";`)
	s.answers["webwxnewloginpage"] = func(int, *http.Request, []byte) reply {
		expires := time.Now().Add(12 * time.Hour).UTC().Format("Mon, 02-Jan-2006 15:04:05 GMT")
		h := http.Header{}
		for _, c := range []string{
			"wxuin=3812345678; Domain=.qq.com", "wxsid=a/b+c=; Domain=.qq.com",
			"webwx_data_ticket=gSd+ticket; Domain=.qq.com", "mm_lang=zh_CN",
		} {
			h.Add("Set-Cookie", c+"; Path=/; Secure; Expires="+expires)
		}
		return reply{header: h, body: `<error><ret>0</ret><message>OK</message><skey>@crypt_1_2</skey><wxsid>a/b+c=</wxsid>` +
			`<wxuin>3812345678</wxuin><pass_ticket>P%2Fd%3D</pass_ticket></error>`}
	}
	s.on("webwxinit", `{"BaseResponse":{"Ret":0},"User":{"Uin":3812345678,"UserName":"@self","NickName":"Bot"},`+
		`"SyncKey":{"Count":2,"List":[{"Key":1,"Val":10},{"Key":2,"Val":20}]},"SKey":"@crypt_3_4","SystemTime":1700000000,"ContactList":[],"ChatSet":""}`)
	s.on("webwxstatusnotify", ok)
	s.on("webwxgetcontact", `{"BaseResponse":{"Ret":0},"MemberCount":0,"MemberList":[],"Seq":0}`)
	s.on("webwxbatchgetcontact", `{"BaseResponse":{"Ret":0},"Count":0,"ContactList":[]}`)
	s.answers["synccheck"] = func(int, *http.Request, []byte) reply { return reply{hold: 25 * time.Second, body: check(0, 0)} }
	s.on("webwxsync", syncAnswer(0, "", 0))
	s.on("webwxlogout", "")
	return s
}

const ok = `{"BaseResponse":{"Ret":0,"ErrMsg":""}}`

func check(retcode, selector int) string {
	return fmt.Sprintf(`window.synccheck={retcode:"%d",selector:"%d"}`, retcode, selector)
}

// syncAnswer is a webwxsync answer with messages; val 0 makes keys without entries.
func syncAnswer(val int, msgs string, more int) string {
	key := `{"Count":0,"List":[]}`
	checkKey := key
	if val > 0 {
		key = fmt.Sprintf(`{"Count":1,"List":[{"Key":1,"Val":%d}]}`, val)
		checkKey = fmt.Sprintf(`{"Count":1,"List":[{"Key":1,"Val":%d}]}`, val+1000)
	}
	return fmt.Sprintf(`{"BaseResponse":{"Ret":0},"AddMsgList":[%s],"ContinueFlag":%d,"SyncKey":%s,"SyncCheckKey":%s,"SKey":""}`, msgs, more, key, checkKey)
}

func text(id, from, content string) string {
	return fmt.Sprintf(`{"MsgId":%q,"FromUserName":%q,"ToUserName":"@self","MsgType":1,"Content":%q}`, id, from, content)
}

func (s *stub) on(endpoint string, bodies ...string) {
	s.answer(endpoint, func(n int, _ *http.Request, _ []byte) reply {
		return reply{body: bodies[min(n, len(bodies))-1]}
	})
}

func (s *stub) answer(endpoint string, f func(n int, r *http.Request, body []byte) reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[endpoint] = f
}

func (s *stub) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close()
	}
	endpoint := path.Base(r.URL.Path)
	if strings.HasPrefix(r.URL.Path, "/qrcode/") {
		endpoint = "qrcode"
	}
	s.mu.Lock()
	s.asked = append(s.asked, request{endpoint, r, body, time.Now()})
	s.count[endpoint]++
	n, f := s.count[endpoint], s.answers[endpoint]
	s.mu.Unlock()
	if f == nil {
		return nil, errors.New("stub: no answer for " + r.URL.Path)
	}
	a := f(n, r, body)
	if a.hold > 0 {
		if err := pause(r.Context(), a.hold); err != nil {
			return nil, err
		}
	}
	if a.err != nil {
		return nil, a.err
	}
	rec := httptest.NewRecorder()
	maps.Copy(rec.Header(), a.header)
	rec.WriteHeader(max(a.status, http.StatusOK))
	if a.status != 0 {
		rec.Code = a.status
	}
	_, _ = rec.WriteString(a.body)
	resp := rec.Result()
	resp.Request = r
	if a.cut {
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader([]byte(a.body)), errReader{}))
	}
	return resp, nil
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// calls gives the requests to an endpoint so far.
func (s *stub) calls(endpoint string) []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.asked), func(q request) bool { return q.endpoint != endpoint })
}

// total counts the requests to an endpoint, forgotten ones included.
func (s *stub) total(endpoint string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count[endpoint]
}

func (s *stub) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = nil
}

// running is a client under test with everything its sink was told.
type running struct {
	*Client
	t      *testing.T
	stub   *stub
	cancel context.CancelFunc
	ended  chan error

	mu      sync.Mutex
	batches []Batch
	refuse  error // what the sink answers
}

// run starts a client on a stub; stop it with stop, or the bubble complains.
func run(t *testing.T, s *stub, change ...func(*Options)) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{t: t, stub: s, cancel: cancel, ended: make(chan error, 1)}
	opts := Options{Transport: s, Sink: r.take}
	for _, f := range change {
		f(&opts)
	}
	var err error
	if r.Client, err = New(opts); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- r.Run(ctx) }() // stop and end wait for it
	return r
}

func (r *running) take(_ context.Context, b Batch) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.batches = append(r.batches, b)
	return r.refuse
}

// stop ends the client, which must give nil.
func (r *running) stop() {
	r.t.Helper()
	r.cancel()
	if err := <-r.ended; err != nil {
		r.t.Errorf("Run after the end of its context: %v", err)
	}
}

// end waits for the client to end by itself.
func (r *running) end() error {
	r.t.Helper()
	defer r.cancel()
	return <-r.ended
}

func (r *running) taken() []Batch {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.batches)
}

// events gives the events of one kind.
func events[E Event](r *running) []E {
	var out []E
	for _, b := range r.taken() {
		for _, e := range b.Events {
			if e, ok := e.(E); ok {
				out = append(out, e)
			}
		}
	}
	return out
}

func ids(r *running) string {
	var out []string
	for _, m := range events[MessageReceived](r) {
		out = append(out, m.Message.ID)
	}
	return strings.Join(out, " ")
}

// lastSession is the session that a sink would have stored last.
func lastSession(r *running) *Session {
	r.t.Helper()
	for _, b := range slices.Backward(r.taken()) {
		if b.Session != nil {
			return b.Session
		}
	}
	r.t.Fatal("no session was handed to the sink")
	return nil
}

// elapse lets the bubble's time pass.
func elapse(t *testing.T, d time.Duration) {
	t.Helper()
	if err := pause(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

func fields(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatalf("request body: %v: %s", err, body)
	}
	return m
}

var errNetwork = errors.New("dial tcp: connection refused")
