package wx

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

const sentAnswer = `{"BaseResponse":{"Ret":0,"ErrMsg":""},"MsgID":"8305824072977083003","LocalID":"17000000000001234"}`

// online runs f with a client that is logged in.
func online(t *testing.T, s *stub, f func(t *testing.T, r *running)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, s)
		elapse(t, time.Second)
		f(t, r)
		r.stop()
	})
}

func TestSendText(t *testing.T) {
	s := newStub()
	s.on("webwxsendmsg", sentAnswer)
	online(t, s, func(t *testing.T, r *running) {
		t.Helper()
		const said = "<b> & \"q\" / [微笑] 😄\u2005\nline\x00\x1b\u2028"
		sent, err := r.SendText(t.Context(), "@a", said, "17000000000001234")
		if err != nil || sent.MsgID != "8305824072977083003" || sent.ID != "17000000000001234" {
			t.Fatalf("got %+v, %v", sent, err)
		}
		q := s.calls("webwxsendmsg")[0]
		if strings.Contains(string(q.body), `\u`) || strings.Contains(string(q.body), `\/`) {
			t.Errorf("escapes that the receiver would see: %s", q.body)
		}
		f := fields(t, q.body)
		want := map[string]any{
			"Type": 1., "Content": "<b> & \"q\" / [微笑] 😄\u2005\nline\u2028", "FromUserName": "@self", "ToUserName": "@a",
			"LocalID": "17000000000001234", "ClientMsgId": "17000000000001234",
		}
		if d := cmp.Diff(want, f["Msg"]); d != "" || f["Scene"] != 0. {
			t.Errorf("%s Scene %v", d, f["Scene"])
		}
	})
}

func TestSendEmoticon(t *testing.T) {
	s := newStub()
	s.on("webwxsendemoticon", sentAnswer)
	online(t, s, func(t *testing.T, r *running) {
		t.Helper()
		if _, err := r.SendEmoticon(t.Context(), "@a", Emoticon{MD5: "abc"}, "1"); err != nil {
			t.Fatal(err)
		}
		if _, err := r.SendEmoticon(t.Context(), "@a", Emoticon{MediaID: "@crypt_x"}, "2"); err != nil {
			t.Fatal(err)
		}
		calls := s.calls("webwxsendemoticon")
		if calls[0].r.URL.Query().Get("fun") != "sys" {
			t.Errorf("%s", calls[0].r.URL)
		}
		base := map[string]any{"Type": 47., "EmojiFlag": 2., "FromUserName": "@self", "ToUserName": "@a"}
		for i, extra := range []map[string]any{
			{"EMoticonMd5": "abc", "LocalID": "1", "ClientMsgId": "1"},
			{"MediaId": "@crypt_x", "LocalID": "2", "ClientMsgId": "2"},
		} {
			maps.Copy(extra, base)
			if d := cmp.Diff(extra, fields(t, calls[i].body)["Msg"]); d != "" {
				t.Error(d)
			}
		}
	})
}

// Every call that changes something makes one try and tells whether its outcome
// is known.
func TestOutcome(t *testing.T) {
	calls := map[string]struct {
		endpoint string
		call     func(ctx context.Context, c *Client) error
	}{
		"text": {"webwxsendmsg", func(ctx context.Context, c *Client) error { _, err := c.SendText(ctx, "@a", "x", "1"); return err }},
		"emoticon": {"webwxsendemoticon", func(ctx context.Context, c *Client) error {
			_, err := c.SendEmoticon(ctx, "@a", Emoticon{MD5: "x"}, "1")
			return err
		}},
		"revoke": {"webwxrevokemsg", func(ctx context.Context, c *Client) error { return c.Revoke(ctx, "@a", "1") }},
		"accept": {"webwxverifyuser", func(ctx context.Context, c *Client) error { return c.AcceptFriend(ctx, "@a", "v4_x@stranger") }},
		"remark": {"webwxoplog", func(ctx context.Context, c *Client) error { return c.SetRemark(ctx, "@a", "x") }},
	}
	tests := []struct {
		name    string
		answer  reply
		unknown bool
		ret     int
		text    string
	}{
		{name: "no answer", answer: reply{err: errNetwork}, unknown: true, text: "outcome unknown: dial tcp: connection refused"},
		{name: "status 502", answer: reply{status: 502}, unknown: true, text: "status 502: outcome unknown"},
		{name: "status 404", answer: reply{status: 404}, text: "status 404"},
		{name: "empty", unknown: true, text: "outcome unknown: empty answer"},
		{name: "junk", answer: reply{body: "<html>"}, unknown: true, text: "outcome unknown: answer is not a JSON object"},
		{name: "cut", answer: reply{body: `{"Base`, cut: true}, unknown: true, text: "outcome unknown: read answer: unexpected EOF"},
		{name: "hung", answer: reply{hold: time.Hour}, unknown: true, text: "outcome unknown: no answer within 15s"},
		{name: "no Ret", answer: reply{body: `{"MsgID":"1"}`}, unknown: true, text: "outcome unknown: no Ret in the answer"},
		{name: "throttled", answer: reply{body: `{"BaseResponse":{"Ret":1205,"ErrMsg":"操作太频繁，请稍后再试。"}}`}, ret: 1205, text: "ret 1205: 操作太频繁，请稍后再试。"},
		{name: "not a friend", answer: reply{body: `{"BaseResponse":{"Ret":1204}}`}, ret: 1204, text: "ret 1204"},
		{name: "session over", answer: reply{body: `{"BaseResponse":{"Ret":1101}}`}, ret: 1101, text: "ret 1101"},
	}
	for name, c := range calls {
		for _, tt := range tests {
			t.Run(name+"/"+tt.name, func(t *testing.T) {
				s := newStub()
				s.answer(c.endpoint, func(int, *http.Request, []byte) reply { return tt.answer })
				online(t, s, func(t *testing.T, r *running) {
					t.Helper()
					err := c.call(t.Context(), r.Client)
					if err == nil || err.Error() != c.endpoint+": "+tt.text {
						t.Errorf("got %v, want %s: %s", err, c.endpoint, tt.text)
					}
					if errors.Is(err, ErrUnknownOutcome) != tt.unknown {
						t.Errorf("outcome unknown: got %t, want %t", !tt.unknown, tt.unknown)
					}
					if e, ok := errors.AsType[*APIError](err); ok != (tt.ret != 0) || ok && e.Ret != tt.ret {
						t.Errorf("code: got %v, want %d", err, tt.ret)
					}
					if n := len(s.calls(c.endpoint)); n != 1 {
						t.Errorf("%d tries", n)
					}
				})
			})
		}
	}
}

func TestSendWithoutMsgIDIsUnknown(t *testing.T) {
	s := newStub()
	s.on("webwxsendmsg", ok)
	online(t, s, func(t *testing.T, r *running) {
		t.Helper()
		if _, err := r.SendText(t.Context(), "@a", "x", "1"); !errors.Is(err, ErrUnknownOutcome) {
			t.Errorf("got %v", err)
		}
	})
}

func TestSendCancelled(t *testing.T) {
	s := newStub()
	s.answer("webwxsendmsg", func(int, *http.Request, []byte) reply { return reply{hold: time.Hour} })
	online(t, s, func(t *testing.T, r *running) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := r.SendText(ctx, "@a", "x", "1")
		if !errors.Is(err, ErrUnknownOutcome) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("bytes were written: got %v", err)
		}
		_, err = r.Lookup(ctx, "", "@b")
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnknownOutcome) {
			t.Errorf("got %v, want ctx.Err()", err)
		}
	})
}

// A send that never reached the server has a known outcome: none.
func TestSendNotWrittenIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStub()
		var refuse atomic.Bool
		r := run(t, s, func(o *Options) {
			o.Transport = transportFunc(func(q *http.Request) (*http.Response, error) {
				if refuse.Load() && strings.HasSuffix(q.URL.Path, "webwxsendmsg") {
					_ = q.Body.Close()
					return nil, errNetwork
				}
				return s.RoundTrip(q)
			})
		})
		elapse(t, time.Second)
		refuse.Store(true)
		_, err := r.SendText(t.Context(), "@a", "x", "1")
		if err == nil || errors.Is(err, ErrUnknownOutcome) || err.Error() != "webwxsendmsg: dial tcp: connection refused" {
			t.Errorf("got %v", err)
		}
		r.stop()
	})
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestUnfitArguments(t *testing.T) {
	online(t, newStub(), func(t *testing.T, r *running) {
		t.Helper()
		ctx := t.Context()
		_, noText := r.SendText(ctx, "@a", "\x00", "1")
		_, noID := r.SendText(ctx, "@a", "x", "")
		_, both := r.SendEmoticon(ctx, "@a", Emoticon{MD5: "a", MediaID: "b"}, "1")
		_, neither := r.SendEmoticon(ctx, "@a", Emoticon{}, "1")
		_, noSize := r.Upload(ctx, Upload{To: "@a", Name: "x.gif", Body: strings.NewReader("")})
		_, tooBig := r.Upload(ctx, Upload{To: "@a", Name: "x.gif", Body: strings.NewReader(""), Size: 25<<20 + 1})
		for i, err := range []error{
			noText, noID, both, neither, noSize, tooBig,
			r.Revoke(ctx, "@a", ""), r.AcceptFriend(ctx, "@a", ""), r.SetRemark(ctx, "", "x"),
		} {
			if Dispose(err) != Stop || errors.Is(err, ErrUnknownOutcome) || err == nil {
				t.Errorf("%d: %v", i, err)
			}
		}
	})
}

func TestRevokeAcceptRemark(t *testing.T) {
	s := newStub()
	s.on("webwxrevokemsg", ok)
	s.on("webwxverifyuser", ok)
	s.on("webwxoplog", ok)
	online(t, s, func(t *testing.T, r *running) {
		t.Helper()
		if err := errors.Join(
			r.Revoke(t.Context(), "@a", "8305824072977083003"),
			r.AcceptFriend(t.Context(), "@b", "v4_x@stranger"),
			r.SetRemark(t.Context(), "@c", "老王 <3"),
		); err != nil {
			t.Fatal(err)
		}
		f := fields(t, s.calls("webwxrevokemsg")[0].body)
		if f["SvrMsgId"] != "8305824072977083003" || f["ToUserName"] != "@a" || f["ClientMsgId"] == "" {
			t.Errorf("revoke: %v", f)
		}
		f = fields(t, s.calls("webwxverifyuser")[0].body)
		delete(f, "BaseRequest")
		want := map[string]any{
			"Opcode": 3., "VerifyUserListSize": 1., "VerifyContent": "", "SceneListCount": 1., "SceneList": []any{33.}, "skey": "@crypt_3_4",
			"VerifyUserList": []any{map[string]any{"Value": "@b", "VerifyUserTicket": "v4_x@stranger"}},
		}
		if d := cmp.Diff(want, f); d != "" {
			t.Error(d)
		}
		f = fields(t, s.calls("webwxoplog")[0].body)
		if f["CmdId"] != 2. || f["RemarkName"] != "老王 <3" || f["UserName"] != "@c" {
			t.Errorf("remark: %v", f)
		}
	})
}

func TestCallsBeforeLogin(t *testing.T) {
	c, err := New(Options{Sink: (&running{}).take})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	_, text := c.SendText(ctx, "@a", "x", "1")
	_, emo := c.SendEmoticon(ctx, "@a", Emoticon{MD5: "x"}, "1")
	_, up := c.Upload(ctx, Upload{})
	for i, err := range []error{text, emo, up, c.Revoke(ctx, "@a", "1"), c.AcceptFriend(ctx, "@a", "t"), c.SetRemark(ctx, "@a", "x"), c.Logout(ctx)} {
		if !errors.Is(err, ErrNotReady) {
			t.Errorf("%d: got %v", i, err)
		}
	}
	if d := cmp.Diff(Contact{}, c.Self()); d != "" {
		t.Error(d)
	}
}

func TestEchoesAreDropped(t *testing.T) {
	s := newStub()
	s.on("webwxsendmsg", sentAnswer)
	checks(s, reply{hold: 5 * time.Second, body: check(0, 2)})
	s.on("webwxsync", syncAnswer(11, text("8305824072977083003", "@self", "echo")+","+text("m2", "@a", "x"), 0))
	online(t, s, func(t *testing.T, r *running) {
		t.Helper()
		if _, err := r.SendText(t.Context(), "@a", "echo", "1"); err != nil {
			t.Fatal(err)
		}
		elapse(t, 10*time.Second)
		if got := ids(r); got != "m2" {
			t.Errorf("messages: got %q", got)
		}
	})
}

func TestRecentIsBounded(t *testing.T) {
	r := newRecent(3)
	for i := range 10 {
		r.add(fmt.Sprint(i))
		r.add(fmt.Sprint(i))
	}
	if len(r.set) != 3 || !r.has("9") || !r.has("7") || r.has("6") {
		t.Errorf("%v", r.set)
	}
}

func TestNewSendID(t *testing.T) {
	now := time.UnixMilli(1700000000123)
	seen := map[SendID]bool{}
	for range 20_000 {
		id := NewSendID(now)
		if len(id) != 17 || seen[id] {
			t.Fatalf("id %s twice or too long", id)
		}
		seen[id] = true
	}
	if id := NewSendID(now.Add(time.Hour)); !strings.HasPrefix(string(id), "1700003600123") {
		t.Errorf("id %s does not begin with the milliseconds", id)
	}
}

func TestUpload(t *testing.T) {
	tests := []struct {
		name, file string
		size       int
		wantName   string
		mime       string
		media      string
		chunks     int
	}{
		{name: "gif in one chunk", file: "cat.gif", size: 1000, wantName: "cat.gif", mime: "image/gif", media: "doc", chunks: 1},
		{name: "exactly one chunk", file: "a.png", size: 524288, wantName: "a.png", mime: "image/png", media: "pic", chunks: 1},
		{name: "one byte more", file: "a.JPG", size: 524289, wantName: "a.JPG", mime: "image/jpeg", media: "pic", chunks: 2},
		{name: "three chunks, Chinese name", file: "/tmp/生日快乐.gif", size: 1200000, wantName: "upload.gif", mime: "image/gif", media: "doc", chunks: 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			content := bytes.Repeat([]byte("0123456789abcde\n"), tt.size/16+1)[:tt.size]
			s := newStub()
			s.answer("webwxuploadmedia", func(n int, _ *http.Request, _ []byte) reply {
				id := ""
				if n == tt.chunks {
					id = "@crypt_media"
				}
				return reply{body: fmt.Sprintf(`{"BaseResponse":{"Ret":0},"MediaId":%q,"StartPos":0}`, id)}
			})
			online(t, s, func(t *testing.T, r *running) {
				t.Helper()
				id, err := r.Upload(t.Context(), Upload{To: "@a", Name: tt.file, Size: int64(tt.size), Body: bytes.NewReader(content)})
				if err != nil || id != "@crypt_media" {
					t.Fatalf("got %q, %v", id, err)
				}
				calls := s.calls("webwxuploadmedia")
				if len(calls) != tt.chunks {
					t.Fatalf("%d chunks, want %d", len(calls), tt.chunks)
				}
				sum := md5.Sum(content)
				var whole []byte
				requests := map[string]bool{}
				for i, q := range calls {
					if q.r.URL.Host != "file.wx2.qq.com" || q.r.URL.Query().Get("f") != "json" || q.r.ContentLength != int64(len(q.body)) {
						t.Errorf("%s, length %d of %d", q.r.URL, q.r.ContentLength, len(q.body))
					}
					names, values, file := readForm(t, q)
					want := []string{"id", "name", "type", "lastModifiedDate", "size", "mediatype", "uploadmediarequest", "webwx_data_ticket", "pass_ticket", "filename"}
					if tt.chunks > 1 {
						want = []string{"id", "name", "type", "lastModifiedDate", "size", "chunks", "chunk", "mediatype", "uploadmediarequest", "webwx_data_ticket", "pass_ticket", "filename"}
						if values["chunk"] != fmt.Sprint(i) || values["chunks"] != fmt.Sprint(tt.chunks) {
							t.Errorf("chunk %s of %s", values["chunk"], values["chunks"])
						}
					}
					if d := cmp.Diff(want, names); d != "" {
						t.Error(d)
					}
					if values["id"] != "WU_FILE_0" || values["name"] != tt.wantName || values["type"] != tt.mime || values["mediatype"] != tt.media ||
						values["size"] != fmt.Sprint(tt.size) || values["webwx_data_ticket"] != "gSd+ticket" || values["pass_ticket"] != "P/d=" {
						t.Errorf("fields: %v", values)
					}
					requests[values["uploadmediarequest"]] = true
					whole = append(whole, file...)
				}
				if !bytes.Equal(whole, content) {
					t.Error("the chunks do not make the file")
				}
				if len(requests) != 1 {
					t.Errorf("uploadmediarequest differs between chunks: %v", requests)
				}
				for text := range requests {
					f := fields(t, []byte(text))
					if f["FileMd5"] != hex.EncodeToString(sum[:]) || f["TotalLen"] != float64(tt.size) || f["DataLen"] != float64(tt.size) ||
						f["StartPos"] != 0. || f["MediaType"] != 4. || f["UploadType"] != 2. || f["FromUserName"] != "@self" || f["ToUserName"] != "@a" {
						t.Errorf("uploadmediarequest: %s", text)
					}
				}
			})
		})
	}
}

func readForm(t *testing.T, q request) (names []string, values map[string]string, file []byte) {
	t.Helper()
	_, params, err := mime.ParseMediaType(q.r.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	values = map[string]string{}
	for form := multipart.NewReader(bytes.NewReader(q.body), params["boundary"]); ; {
		p, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return names, values, file
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, p.FormName())
		if p.FormName() == "filename" {
			file = b
		} else {
			values[p.FormName()] = string(b)
		}
	}
}

func TestUploadRetriesAChunk(t *testing.T) {
	good := `{"BaseResponse":{"Ret":0},"MediaId":"@crypt_media"}`
	tests := []struct {
		name    string
		answers []reply
		calls   int
		err     string
	}{
		{name: "second try", answers: []reply{{err: errNetwork}, {body: good}}, calls: 2},
		{name: "third try", answers: []reply{{status: 502}, {body: ""}, {body: good}}, calls: 3},
		{name: "never", answers: []reply{{status: 502}}, calls: 3, err: "webwxuploadmedia: status 502"},
		{name: "server says no", answers: []reply{{body: `{"BaseResponse":{"Ret":1}}`}}, calls: 1, err: "webwxuploadmedia: ret 1"},
		{name: "no MediaId", answers: []reply{{body: ok}}, calls: 1, err: "webwxuploadmedia: no MediaId after the last chunk"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStub()
			s.answer("webwxuploadmedia", func(n int, _ *http.Request, _ []byte) reply { return tt.answers[min(n, len(tt.answers))-1] })
			online(t, s, func(t *testing.T, r *running) {
				t.Helper()
				_, err := r.Upload(t.Context(), Upload{To: "@a", Name: "x.gif", Size: 3, Body: strings.NewReader("GIF")})
				got := ""
				if err != nil {
					got = err.Error()
				}
				if n := len(s.calls("webwxuploadmedia")); got != tt.err || n != tt.calls {
					t.Errorf("%d tries: %s; want %d: %s", n, got, tt.calls, tt.err)
				}
				for _, q := range s.calls("webwxuploadmedia") {
					if _, _, file := readForm(t, q); string(file) != "GIF" {
						t.Errorf("body of a repeated chunk: %q", file)
					}
				}
			})
		})
	}
}

func TestUploadOfAShortFile(t *testing.T) {
	online(t, newStub(), func(t *testing.T, r *running) {
		t.Helper()
		_, err := r.Upload(t.Context(), Upload{To: "@a", Name: "d/x.gif", Size: 10, Body: strings.NewReader("GIF")})
		if !errors.Is(err, io.ErrUnexpectedEOF) || err.Error() != `upload "x.gif": unexpected EOF` {
			t.Errorf("got %v", err)
		}
	})
}
