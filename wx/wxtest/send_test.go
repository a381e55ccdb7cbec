package wxtest_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/wx/wxtest"
)

const localID = "14536706660680166"

func TestSentTextIsSeen(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	friend := s.AddFriend(wxtest.Person{NickName: "小明"})
	group := s.AddGroup("饭团", friend)
	c := newClient(t, s).online()
	out := c.send(friend.UserName(), "a < b & \"c\"\n[微笑] 😀", localID)
	if ret(out) != 0 || !regexp.MustCompile(`^\d{19}$`).MatchString(out["MsgID"].(string)) || out["LocalID"] != localID {
		t.Errorf("answer: %v", out)
	}
	c.send(group.UserName(), "alle", "14536706660680167")
	sent, err := s.AwaitSent(within(t, time.Second), 2)
	if err != nil {
		t.Fatal(err)
	}
	if m := sent[0]; m.Content != "a < b & \"c\"\n[微笑] 😀" || m.ToAccount != friend || m.MsgID != out["MsgID"] || m.Type != 1 {
		t.Errorf("first: %+v", m)
	}
	if m := sent[1]; m.ToGroup != group || m.ToAccount != nil {
		t.Errorf("second: %+v", m)
	}
	if got := c.sync(); len(got) != 0 {
		t.Errorf("own messages are echoed: %v", got)
	}
}

func TestRepeatedClientMsgIdIsOneMessage(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	c := newClient(t, s).online()
	first, second := c.send("filehelper", "eins", localID), c.send("filehelper", "eins", localID)
	if first["MsgID"] != second["MsgID"] {
		t.Errorf("MsgID %v, then %v", first["MsgID"], second["MsgID"])
	}
	if got := len(s.Sent()); got != 1 {
		t.Errorf("%d messages sent", got)
	}
}

func TestReceivers(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	stranger := s.AddStranger(wxtest.Person{NickName: "路人"})
	friend := s.AddFriend(wxtest.Person{NickName: "小明"})
	lost := s.AddGroup("往事", friend)
	old := newClient(t, s).online()
	oldName := friend.UserName()
	c := newClient(t, s).online()
	lost.RemoveSelf(friend)
	for _, tt := range []struct {
		name, to string
		ret      int
		problem  string
	}{
		{"friend", friend.UserName(), 0, ""},
		{"oneself", s.Self().UserName(), 1204, ""},
		{"stranger", stranger.UserName(), 1204, ""},
		{"group one was removed from", lost.UserName(), 1204, ""},
		{"name of an earlier login", oldName, -1, "earlier login"},
		{"name of nobody", "@0000", -1, "nobody"},
	} {
		out := c.send(tt.to, "hi", fmt.Sprintf("%017d", len(tt.name)))
		if ret(out) != tt.ret || (tt.ret != 0) != (out["MsgID"] == "") {
			t.Errorf("%s: %v, want ret %d", tt.name, out, tt.ret)
		}
		if tt.problem != "" {
			wantProblem(t, s, tt.problem)
		}
		wantNoProblem(t, s)
	}
	_ = old
}

func TestRequestsAreInspected(t *testing.T) {
	const good = `,"Msg":{"Type":1,"Content":"x","FromUserName":"SELF","ToUserName":"filehelper","LocalID":"14536706660680166","ClientMsgId":"14536706660680166"},"Scene":0`
	for _, tt := range []struct {
		name, old, new string // what is changed in the good body
		problem        string
		content        string // what the receiver sees, "" if nothing was sent
	}{
		{"good", "", "", "", "x"},
		{"unicode escape", `"x"`, `"\u4f60"`, `\u or \/`, `\u4f60`},
		{"HTML escape", `"x"`, `"\u003cb>"`, `\u or \/`, `\u003cb>`},
		{"slash escape", `"x"`, `"a\/b"`, `\u or \/`, `a\/b`},
		{"backslash and u typed", `"x"`, `"\\u4f60"`, "", `\u4f60`},
		{"control character", `"x"`, `"a\u0007\tb"`, "", "a\a\tb"},
		{"local id differs", `"LocalID":"14536706660680166"`, `"LocalID":"14536706660680167"`, "differ", "x"},
		{"13 digits", `14536706660680166`, `1453670666068`, "17 digits", "x"},
		{"sender is somebody else", "SELF", "@abc", "FromUserName", "x"},
		{"no scene", `,"Scene":0`, "", "Scene is missing", "x"},
		{"type is text", `"Type":1`, `"Type":"1"`, "Type is not a whole number", ""},
		{"empty", `"x"`, `""`, "Content is empty", ""},
		{"device id", "e123456789012345", "e12345", "DeviceID", "x"},
		{"uin as text", `"Uin":2963421588`, `"Uin":"2963421588"`, "", "x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := wxtest.NewServer(t, wxtest.Config{})
			c := newClient(t, s).online()
			body := strings.ReplaceAll("{"+c.baseRequest()+good+"}", tt.old, tt.new)
			c.postRaw("webwxsendmsg", "", strings.ReplaceAll(body, "SELF", c.self))
			if tt.problem != "" {
				wantProblemAmong(t, s, tt.problem)
			}
			wantNoProblem(t, s)
			got := ""
			for _, m := range s.Sent() {
				got = m.Content
			}
			if got != tt.content {
				t.Errorf("receiver sees %q, want %q", got, tt.content)
			}
		})
	}
}

// wantProblemAmong takes the problems and wants one with the text among them.
func wantProblemAmong(t *testing.T, s *wxtest.Server, text string) {
	t.Helper()
	got := s.TakeProblems()
	if !slices.ContainsFunc(got, func(p wxtest.Problem) bool { return strings.Contains(p.String(), text) }) {
		t.Errorf("problems = %v, want one with %q", got, text)
	}
}

func TestHeadersAreInspected(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	c := newClient(t, s).online()
	c.do("POST", c.base+cgi+"webwxinit?r=1&pass_ticket="+url.QueryEscape(c.ticket), "text/plain", "{"+c.baseRequest()+"}")
	wantProblem(t, s, "Content-Type")
	c.do("POST", c.base+cgi+"webwxinit?r=1", "application/json; charset=UTF-8", "{"+c.baseRequest()+"}")
	wantProblem(t, s, "pass_ticket is missing")
	ticket := c.ticket
	if c.ticket, _ = url.PathUnescape(c.ticket); c.ticket == ticket {
		t.Fatal("ticket is not encoded")
	}
	c.init()
	wantNoProblem(t, s)
}

func TestMalformedBodies(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	c := newClient(t, s).online()
	for _, body := range []string{"", "{", "[]", "null", `"x"`, "{}}", strings.Repeat("[", 10000)} {
		if got := ret(c.object(c.postRaw("webwxsync", "", body))); got != 1200 {
			t.Errorf("body %.10q: ret %d, want 1200", body, got)
		}
		wantProblem(t, s, "not a JSON object")
	}
	if got := c.do("POST", c.base+cgi+"webwxsync", "application/json", strings.Repeat("x", 1<<21)); got.status != http.StatusBadGateway {
		t.Errorf("huge body: status %d", got.status)
	}
	wantProblem(t, s, "longer than")
}

func TestRevoke(t *testing.T) {
	revoke := func(c *client, id, to string) int {
		return ret(c.object(c.post("webwxrevokemsg", "", fmt.Sprintf(`,"SvrMsgId":"%s","ToUserName":"%s","ClientMsgId":"1"`, id, to))))
	}
	for _, tt := range []struct {
		name    string
		wait    time.Duration
		to      func(*wxtest.Account) string
		ret     int
		problem string
	}{
		{"in time", 119 * time.Second, (*wxtest.Account).UserName, 0, ""},
		{"too late", 121 * time.Second, (*wxtest.Account).UserName, -1, ""},
		{"other receiver", 0, func(*wxtest.Account) string { return "filehelper" }, -1, "not whom"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, wxtest.Config{}, func(e env) {
				t, s := e.t, e.s
				friend := s.AddFriend(wxtest.Person{NickName: "小明"})
				c := newClient(t, s).online()
				id := c.send(friend.UserName(), "hi", localID)["MsgID"].(string)
				pass(tt.wait)
				if got := revoke(c, id, tt.to(friend)); got != tt.ret {
					t.Errorf("ret %d, want %d", got, tt.ret)
				}
				if tt.problem != "" {
					wantProblem(t, s, tt.problem)
				}
				if got := len(s.Revoked()); (got == 1) != (tt.ret == 0) {
					t.Errorf("%d revoked", got)
				}
				if got := revoke(c, "123", friend.UserName()); got != -1 {
					t.Errorf("foreign message: ret %d", got)
				}
				wantProblem(t, s, "no message that this session sent")
			})
		})
	}
}

func TestUnfriendedPersonAnswersByNotice(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	friend := s.AddFriend(wxtest.Person{NickName: "小明"})
	c := newClient(t, s).online()
	friend.Unfriend()
	if got := ret(c.send(friend.UserName(), "hi", localID)); got != 0 {
		t.Errorf("ret %d", got)
	}
	got := c.sync()
	if len(got) != 1 || num(got[0]["MsgType"]) != 10000 || !strings.HasPrefix(got[0]["Content"].(string), "小明开启了朋友验证") {
		t.Errorf("notice: %v", got)
	}
}

// uploader sends files in chunks.
type uploader struct {
	*client
	name, mediaType, md5 string
	data                 []byte
	chunk                int // size
	request              func(chunk int, text string) string
	order                []string
}

func newUploader(c *client, name, mediaType string, size int) *uploader {
	data := bytes.Repeat([]byte("GIF89a+7"), size/8+1)[:size]
	sum := md5.Sum(data)
	return &uploader{client: c, name: name, mediaType: mediaType, md5: hex.EncodeToString(sum[:]), data: data, chunk: 524288}
}

func (u *uploader) send() (last string, status int) {
	u.t.Helper()
	chunks := max((len(u.data)+u.chunk-1)/u.chunk, 1)
	for i := range chunks {
		last, status = u.sendChunk(i, chunks)
	}
	return last, status
}

func (u *uploader) sendChunk(i, chunks int) (string, int) {
	u.t.Helper()
	request := fmt.Sprintf(`{"UploadType":2,%s,"ClientMediaId":1453670666068,"TotalLen":%d,"StartPos":0,"DataLen":%d,"MediaType":4,"FromUserName":"%s","ToUserName":"filehelper","FileMd5":"%s"}`,
		u.baseRequest(), len(u.data), len(u.data), u.self, u.md5)
	if u.request != nil {
		request = u.request(i, request)
	}
	ticket, _ := url.PathUnescape(u.ticket)
	values := map[string]string{
		"id": "WU_FILE_0", "name": u.name, "type": "image/gif", "lastModifiedDate": "Thu Mar 17 2016 14:25:28 GMT+0800 (CST)",
		"size": fmt.Sprint(len(u.data)), "chunks": fmt.Sprint(chunks), "chunk": fmt.Sprint(i), "mediatype": u.mediaType,
		"uploadmediarequest": request, "webwx_data_ticket": u.dataTicket(), "pass_ticket": ticket,
	}
	order := u.order
	if order == nil {
		order = []string{"id", "name", "type", "lastModifiedDate", "size", "chunks", "chunk", "mediatype", "uploadmediarequest", "webwx_data_ticket", "pass_ticket"}
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, name := range order {
		if chunks > 1 || name != "chunks" && name != "chunk" {
			_ = w.WriteField(name, values[name])
		}
	}
	part, _ := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {fmt.Sprintf(`form-data; name="filename"; filename="%s"`, u.name)},
		"Content-Type":        {"image/gif"},
	})
	_, _ = part.Write(u.data[min(i*u.chunk, len(u.data)):min((i+1)*u.chunk, len(u.data))])
	_ = w.Close()
	got := u.do("POST", u.file+cgi+"webwxuploadmedia?f=json", w.FormDataContentType(), body.String())
	return got.body, got.status
}

func (u *uploader) dataTicket() string {
	to, _ := url.Parse(u.file)
	for _, ck := range u.http.Jar.Cookies(to) {
		if ck.Name == "webwx_data_ticket" {
			return ck.Value
		}
	}
	return ""
}

func (u *uploader) mediaID(body string) string {
	var out struct {
		MediaID string `json:"MediaId"`
	}
	_ = json.Unmarshal([]byte(body), &out)
	return out.MediaID
}

func TestUploadedGifIsSentAsEmoticon(t *testing.T) {
	for _, size := range []int{1, 524288, 524289, 1300000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			s := wxtest.NewServer(t, wxtest.Config{})
			u := newUploader(newClient(t, s).online(), "x.gif", "doc", size)
			body, _ := u.send()
			id := u.mediaID(body)
			if !regexp.MustCompile(`^@crypt_[0-9a-f]{8}_[0-9a-f]{300,}$`).MatchString(id) {
				t.Fatalf("answer: %s", body)
			}
			out := u.object(u.post("webwxsendemoticon", "fun=sys&lang=zh_CN", fmt.Sprintf(
				`,"Msg":{"Type":47,"EmojiFlag":2,"MediaId":"%s","FromUserName":"%s","ToUserName":"filehelper","LocalID":"%s","ClientMsgId":"%s"},"Scene":0`,
				id, u.self, localID, localID)))
			if ret(out) != 0 {
				t.Errorf("send: %v", out)
			}
			sent, up := s.Sent(), s.Uploads()
			if len(sent) != 1 || sent[0].MediaID != id || sent[0].EmoticonMD5 != u.md5 {
				t.Errorf("sent: %v", sent)
			}
			if len(up) != 1 || !bytes.Equal(up[0].Data, u.data) || up[0].Chunks != max((size+524287)/524288, 1) {
				t.Errorf("%d uploads", len(up))
			}
		})
	}
}

func TestUploadsAreInspected(t *testing.T) {
	for _, tt := range []struct {
		name    string
		change  func(*uploader)
		status  int
		problem string
	}{
		{"gif as picture", func(u *uploader) { u.mediaType = "pic" }, 200, `mediatype of .gif is "pic"`},
		{"one part above 512 KiB", func(u *uploader) { u.chunk = 1 << 20 }, 502, "more than 524288"},
		{"small chunks", func(u *uploader) { u.chunk = 400000 }, 402, "not 524288"},
		{"wrong MD5", func(u *uploader) { u.md5 = strings.Repeat("0", 32) }, 200, "FileMd5"},
		{"media id differs by chunk", func(u *uploader) {
			u.request = func(i int, text string) string {
				return strings.Replace(text, "1453670666068", fmt.Sprint(1453670666068+i), 1)
			}
		}, 402, "chunk 1 came where 0 should"},
		{"request differs by chunk", func(u *uploader) {
			u.request = func(i int, text string) string {
				return strings.Replace(text, `"StartPos":0`, fmt.Sprintf(`"StartPos":%d`, i*u.chunk), 1)
			}
		}, 402, "differs between the chunks"},
		{"order of fields", func(u *uploader) {
			u.order = []string{"name", "id", "type", "lastModifiedDate", "size", "chunks", "chunk", "mediatype", "uploadmediarequest", "webwx_data_ticket", "pass_ticket"}
		}, 200, "fields are name id"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := wxtest.NewServer(t, wxtest.Config{})
			u := newUploader(newClient(t, s).online(), "x.gif", "doc", 800000)
			tt.change(u)
			if _, status := u.send(); status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			wantProblemAmong(t, s, tt.problem)
		})
	}
}

func TestRepeatedChunkIsTakenOnce(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	u := newUploader(newClient(t, s).online(), "x.gif", "doc", 800000)
	u.sendChunk(0, 2)
	u.sendChunk(0, 2)
	first, _ := u.sendChunk(1, 2)
	second, _ := u.sendChunk(1, 2)
	if id := u.mediaID(first); id == "" || id != u.mediaID(second) {
		t.Errorf("answers: %s, %s", first, second)
	}
	if up := s.Uploads(); len(up) != 1 || up[0].MD5 != u.md5 {
		t.Errorf("uploads: %v", len(up))
	}
}

func TestPictureAndFile(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	c := newClient(t, s).online()
	u := newUploader(c, "x.png", "pic", 100)
	body, _ := u.send()
	out := c.object(c.post("webwxsendmsgimg", "fun=async&f=json", fmt.Sprintf(
		`,"Msg":{"Type":3,"MediaId":"%s","Content":"","FromUserName":"%s","ToUserName":"filehelper","LocalID":"%s","ClientMsgId":"%s"},"Scene":0`,
		u.mediaID(body), c.self, localID, localID)))
	if ret(out) != 0 {
		t.Errorf("picture: %v", out)
	}
	app := fmt.Sprintf(`<appmsg appid='wxeb7ec651dd0aefa9' sdkver=''><title>x.txt</title><type>6</type><appattach><totallen>100</totallen><attachid>%s</attachid><fileext>txt</fileext></appattach></appmsg>`, u.mediaID(body))
	out = c.object(c.post("webwxsendappmsg", "fun=async&f=json", fmt.Sprintf(
		`,"Msg":{"Type":6,"Content":"%s","FromUserName":"%s","ToUserName":"filehelper","LocalID":"14536706660680169","ClientMsgId":"14536706660680169"},"Scene":0`,
		app, c.self)))
	if ret(out) != 0 || len(s.Sent()) != 2 {
		t.Errorf("file: %v, %d sent", out, len(s.Sent()))
	}
}
