package wxtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/wx/wxtest"
)

// client is a WeChat client of a few lines, independent of package wx: it puts
// its requests together from strings.
type client struct {
	t    testing.TB
	srv  *wxtest.Server
	http *http.Client

	login, base, file, push string // scheme and host

	uin, sid, skey, ticket string
	self                   string
	key, check             string // SyncKey as JSON, SyncCheckKey as k_v|k_v
	n                      int
}

func newClient(tb testing.TB, s *wxtest.Server) *client {
	tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return &client{
		t: tb, srv: s,
		http: &http.Client{
			Transport: s.Transport(), Jar: jar,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		login: "https://login.weixin.qq.com", base: "https://wx2.qq.com",
		file: "https://file.wx2.qq.com", push: "https://webpush.wx2.qq.com",
	}
}

// reply is what came back, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

// try makes one request and gives what came, however far that was.
func (c *client) try(req *http.Request) (reply, error) {
	if req.UserAgent() == "" {
		req.Header.Set("User-Agent", "Mozilla/5.0 (test)")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(body)}, err
}

func (c *client) do(method, to, kind, body string) reply {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, to, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	out, err := c.try(req)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, req.URL.Path, err)
	}
	return out
}

func (c *client) get(to string) string {
	c.t.Helper()
	return c.do(http.MethodGet, to, "", "").body
}

const cgi = "/cgi-bin/mmwebwx-bin/"

// post sends JSON to an endpoint; body goes after the BaseRequest.
func (c *client) post(endpoint, query, body string) string {
	c.t.Helper()
	return c.postRaw(endpoint, query, "{"+c.baseRequest()+body+"}")
}

func (c *client) postRaw(endpoint, query, body string) string {
	c.t.Helper()
	return c.do(http.MethodPost, c.base+cgi+endpoint+"?"+query+"&pass_ticket="+url.QueryEscape(c.ticket), "application/json; charset=UTF-8", body).body
}

func (c *client) baseRequest() string {
	return fmt.Sprintf(`"BaseRequest":{"Uin":%s,"Sid":"%s","Skey":"%s","DeviceID":"e123456789012345"}`, c.uin, c.sid, c.skey)
}

var (
	uuidPattern     = regexp.MustCompile(`^window\.QRLogin\.code = 200; window\.QRLogin\.uuid = "([A-Za-z0-9]{10}==)";$`)
	redirectPattern = regexp.MustCompile(`^window\.code=200;\nwindow\.redirect_uri="(https?://[^"]+)";$`)
)

func (c *client) newCode() string {
	c.t.Helper()
	m := uuidPattern.FindStringSubmatch(c.get(c.jslogin()))
	if m == nil {
		c.t.Fatal("jslogin gave no uuid")
	}
	return m[1]
}

func (c *client) jslogin() string {
	return c.login + "/jslogin?appid=wx782c26e4c19acffb&redirect_uri=" + url.QueryEscape(c.base+cgi+"webwxnewloginpage") + "&fun=new&lang=zh_CN&_=1"
}

func (c *client) poll(uuid string, tip int) string {
	c.t.Helper()
	return c.get(fmt.Sprintf("%s%slogin?loginicon=true&uuid=%s&tip=%d&r=-1&_=1", c.login, cgi, url.QueryEscape(uuid), tip))
}

// confirmed goes as far as the redirect_uri.
func (c *client) confirmed() string {
	c.t.Helper()
	uuid := c.newCode()
	c.srv.Scan()
	c.srv.Confirm()
	if got := c.poll(uuid, 1); !strings.HasPrefix(got, "window.code=201;") {
		c.t.Fatalf("first poll = %.60q, want 201", got)
	}
	m := redirectPattern.FindStringSubmatch(c.poll(uuid, 0))
	if m == nil {
		c.t.Fatal("second poll gave no redirect_uri")
	}
	return m[1]
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}

func (c *client) newLogin() {
	c.t.Helper()
	c.takeKeys(c.get(c.confirmed() + "&fun=new&version=v2"))
}

func (c *client) takeKeys(page string) {
	c.t.Helper()
	c.uin, c.sid = between(page, "<wxuin>", "<"), between(page, "<wxsid>", "<")
	c.skey, c.ticket = between(page, "<skey>", "<"), between(page, "<pass_ticket>", "<")
	if c.uin == "" || c.sid == "" || c.skey == "" || c.ticket == "" {
		c.t.Fatalf("login page has no keys: %s", page)
	}
}

// online logs in and initialises.
func (c *client) online() *client {
	c.t.Helper()
	c.newLogin()
	c.init()
	return c
}

func (c *client) init() map[string]any {
	c.t.Helper()
	out := c.object(c.post("webwxinit", "r=-1&lang=zh_CN", ""))
	if ret(out) != 0 {
		c.t.Fatalf("webwxinit: ret %d", ret(out))
	}
	user := out["User"].(map[string]any)
	c.self = user["UserName"].(string)
	c.key, c.check = keyJSON(out["SyncKey"]), keyText(out["SyncKey"])
	return out
}

func (c *client) object(body string) map[string]any {
	c.t.Helper()
	dec := json.NewDecoder(strings.NewReader(body))
	dec.UseNumber()
	var out map[string]any
	if err := dec.Decode(&out); err != nil {
		c.t.Fatalf("answer is no JSON object: %v: %.200s", err, body)
	}
	return out
}

func ret(o map[string]any) int {
	n, _ := o["BaseResponse"].(map[string]any)["Ret"].(json.Number).Int64()
	return int(n)
}

func num(v any) int64 {
	n, _ := v.(json.Number).Int64()
	return n
}

func keyJSON(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func keyText(v any) string {
	var parts []string
	for _, k := range v.(map[string]any)["List"].([]any) {
		pair := k.(map[string]any)
		parts = append(parts, fmt.Sprintf("%v_%v", pair["Key"], pair["Val"]))
	}
	return strings.Join(parts, "|")
}

func (c *client) syncCheckURL(key string) string {
	c.n++
	return fmt.Sprintf("%s%ssynccheck?r=1&skey=%s&sid=%s&uin=%s&deviceid=e%015d&synckey=%s&_=%d", c.push, cgi,
		url.QueryEscape(c.skey), url.QueryEscape(c.sid), c.uin, c.n, url.QueryEscape(key), c.n)
}

func (c *client) syncCheck() string {
	c.t.Helper()
	return c.get(c.syncCheckURL(c.check))
}

const checkNothing, checkMessage, checkContact = `window.synccheck={retcode:"0",selector:"0"}`,
	`window.synccheck={retcode:"0",selector:"2"}`, `window.synccheck={retcode:"0",selector:"4"}`

func (c *client) syncWith(key string) map[string]any {
	c.t.Helper()
	query := "sid=" + url.QueryEscape(c.sid) + "&skey=" + url.QueryEscape(c.skey)
	return c.object(c.post("webwxsync", query, `,"SyncKey":`+key+`,"rr":-1`))
}

// sync advances the position and gives the messages.
func (c *client) sync() []map[string]any {
	c.t.Helper()
	out := c.syncWith(c.key)
	if ret(out) != 0 {
		c.t.Fatalf("webwxsync: ret %d", ret(out))
	}
	c.key, c.check = keyJSON(out["SyncKey"]), keyText(out["SyncCheckKey"])
	return messages(out)
}

func messages(o map[string]any) []map[string]any {
	var out []map[string]any
	for _, m := range o["AddMsgList"].([]any) {
		out = append(out, m.(map[string]any))
	}
	return out
}

func contents(list []map[string]any) []string {
	out := []string{}
	for _, m := range list {
		out = append(out, m["Content"].(string))
	}
	return out
}

// send sends a text and gives the answer.
func (c *client) send(to, text, id string) map[string]any {
	c.t.Helper()
	content := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text)
	return c.object(c.post("webwxsendmsg", "lang=zh_CN", fmt.Sprintf(
		`,"Msg":{"Type":1,"Content":"%s","FromUserName":"%s","ToUserName":"%s","LocalID":"%s","ClientMsgId":"%s"},"Scene":0`,
		content, c.self, to, id, id)))
}

// wantProblem takes the problems so far and wants one that contains the text,
// and no other.
func wantProblem(t *testing.T, s *wxtest.Server, text string) {
	t.Helper()
	got := s.TakeProblems()
	if len(got) != 1 || !strings.Contains(got[0].String(), text) {
		t.Errorf("problems = %v, want one with %q", got, text)
	}
}

func wantNoProblem(t *testing.T, s *wxtest.Server) {
	t.Helper()
	if got := s.TakeProblems(); len(got) != 0 {
		t.Errorf("problems = %v, want none", got)
	}
}

// env is what a test runs on: in a bubble, its t is not that of the caller.
type env struct {
	t *testing.T
	s *wxtest.Server
}

// everywhere runs a test over TCP and in a bubble.
func everywhere(t *testing.T, cfg wxtest.Config, test func(env)) {
	t.Helper()
	t.Run("tcp", func(t *testing.T) { test(env{t, wxtest.NewServer(t, cfg)}) })
	t.Run("bubble", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { test(env{t, wxtest.NewBubble(t, cfg)}) })
	})
}

// bubble runs a test in memory, where time passes at once.
func bubble(t *testing.T, cfg wxtest.Config, test func(env)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(env{t, wxtest.NewBubble(t, cfg)}) })
}

// pass lets time pass, which inside a bubble takes none.
func pass(d time.Duration) { <-time.After(d) }

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}
