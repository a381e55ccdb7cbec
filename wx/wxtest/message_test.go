package wxtest_test

import (
	"encoding/xml"
	"html"
	"regexp"
	"strings"
	"testing"

	"wxbot/wx/wxtest"
)

func TestMessagesOfEveryType(t *testing.T) {
	const md5 = "e68363487d8f0519c4e1047de403b2e7"
	card := func(s *wxtest.Server) *wxtest.Account { return s.AddStranger(wxtest.Person{NickName: "路人"}) }
	for _, tt := range []struct {
		name    string
		msg     func(s *wxtest.Server) wxtest.Message
		msgType int64
		fields  map[string]string
		root    string // of the XML, "" for none
	}{
		{"text", func(*wxtest.Server) wxtest.Message { return wxtest.Text("a<br/>b\n\"c\" & 'd'") }, 1, map[string]string{"Content": `a&lt;br/&gt;b<br/>&quot;c&quot; &amp; &#39;d&#39;`}, ""},
		{"picture", func(*wxtest.Server) wxtest.Message { return wxtest.Image() }, 3, nil, "msg/img"},
		{"voice", func(*wxtest.Server) wxtest.Message { return wxtest.Voice(1580) }, 34, nil, "msg/voicemsg"},
		{"card", func(s *wxtest.Server) wxtest.Message { return wxtest.Card(card(s)) }, 42, nil, "msg"},
		{"possible friend", func(s *wxtest.Server) wxtest.Message { return wxtest.PossibleFriend(card(s)) }, 40, nil, "msg"},
		{"video", func(*wxtest.Server) wxtest.Message { return wxtest.Video(9) }, 43, nil, "msg/img"},
		{"short video", func(*wxtest.Server) wxtest.Message { return wxtest.MicroVideo(6) }, 62, nil, "msg/img"},
		{"emoticon", func(*wxtest.Server) wxtest.Message { return wxtest.Emoticon(md5, 86235) }, 47, nil, "msg/emoji"},
		{"emoticon of the shop", func(*wxtest.Server) wxtest.Message { return wxtest.StoreEmoticon() }, 47, map[string]string{"Content": ""}, ""},
		{"location", func(*wxtest.Server) wxtest.Message { return wxtest.Location(39.9, 116.4, "天安门", "广场") }, 1, nil, ""},
		{"location, old", func(*wxtest.Server) wxtest.Message { return wxtest.LocationLink() }, 1, nil, ""},
		{"location, own type", func(*wxtest.Server) wxtest.Message { return wxtest.Location48(39.9, 116.4, "天安门", "广场") }, 48, nil, "msg/location"},
		{"link", func(*wxtest.Server) wxtest.Message { return wxtest.Link("题 & 目", "述", "https://a.b/?c=1&d=2") }, 49, map[string]string{"FileName": "题 & 目", "Url": "https://a.b/?c=1&d=2"}, "msg/appmsg"},
		{"invitation", func(*wxtest.Server) wxtest.Message { return wxtest.GroupInvitation("小明", "饭团") }, 49, map[string]string{"FileName": "邀请你加入群聊"}, "msg/appmsg"},
		{"music", func(*wxtest.Server) wxtest.Message {
			return wxtest.Music("歌", "人", "https://y.qq.com/", "https://y.qq.com/a.m4a")
		}, 49, map[string]string{"FileName": "歌"}, "msg/appmsg"},
		{"file", func(*wxtest.Server) wxtest.Message { return wxtest.File("报告 1.pdf", 1234) }, 49, map[string]string{"FileName": "报告 1.pdf", "FileSize": "1234", "EncryFileName": "%E6%8A%A5%E5%91%8A%201%2Epdf"}, "msg/appmsg"},
		{"mini program", func(*wxtest.Server) wxtest.Message { return wxtest.MiniProgram("题", "名", "https://x.y") }, 49, nil, "msg/appmsg"},
		{"quote", func(*wxtest.Server) wxtest.Message { return wxtest.Quote("同意", "123", "小明", "吃饭?") }, 49, nil, "msg/appmsg/refermsg"},
		{"unsupported", func(*wxtest.Server) wxtest.Message { return wxtest.Unsupported() }, 49, map[string]string{"Content": "该类型暂不支持，请在手机上查看"}, ""},
		{"channels", func(*wxtest.Server) wxtest.Message { return wxtest.Channels() }, 49, nil, ""},
		{"history", func(*wxtest.Server) wxtest.Message { return wxtest.History("群聊的聊天记录", "小明: hi") }, 49, nil, "msg/appmsg"},
		{"transfer", func(*wxtest.Server) wxtest.Message { return wxtest.Transfer("￥0.01", "谢") }, 49, nil, "msg/appmsg/wcpayinfo"},
		{"red packet", func(*wxtest.Server) wxtest.Message { return wxtest.RedPacket() }, 10000, map[string]string{"Content": "收到红包，请在手机上查看"}, ""},
		{"red packet as app", func(*wxtest.Server) wxtest.Message { return wxtest.RedPacketApp() }, 49, nil, "msg/appmsg"},
		{"system text", func(*wxtest.Server) wxtest.Message { return wxtest.System(`"小明 😀"<x>`) }, 10000, map[string]string{"Content": `"小明 <span class="emoji emoji1f600"></span>"&lt;x&gt;`}, ""},
		{"notice", func(*wxtest.Server) wxtest.Message { return wxtest.SysNotice("维护") }, 9999, nil, ""},
		{"call", func(*wxtest.Server) wxtest.Message { return wxtest.VoIP() }, 50, nil, "voipinvitemsg"},
		{"call notify", func(*wxtest.Server) wxtest.Message { return wxtest.VoIPNotify() }, 52, nil, "voiplocalinfo"},
		{"call invite", func(*wxtest.Server) wxtest.Message { return wxtest.VoIPInvite() }, 53, nil, "voipinvitemsg"},
		{"tickle", func(s *wxtest.Server) wxtest.Message {
			return wxtest.Tickle(s.FileHelper(), s.Self(), s.FileHelper(), `"${x}" 拍了拍我`)
		}, 10002, nil, "sysmsg/pat"},
		{"raw", func(*wxtest.Server) wxtest.Message {
			return wxtest.Raw(map[string]any{"MsgType": 77, "Content": "\xff<raw>", "NewMsgId": 9077318394394722874})
		}, 77, map[string]string{"Content": "\ufffd<raw>", "NewMsgId": "9077318394394722874"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := wxtest.NewServer(t, wxtest.Config{})
			friend := s.AddFriend(wxtest.Person{NickName: "小明"})
			group := s.AddGroup("饭团", friend)
			c := newClient(t, s).online()
			id := friend.Send(tt.msg(s))
			group.Send(friend, tt.msg(s))
			got := c.sync()
			if len(got) != 2 {
				t.Fatalf("%d messages", len(got))
			}
			m := got[0]
			if num(m["MsgType"]) != tt.msgType || m["FromUserName"] != friend.UserName() || m["ToUserName"] != c.self || m["MsgId"] != string(id) {
				t.Errorf("message: %v", m)
			}
			if num(m["NewMsgId"]) <= 1<<53 {
				t.Errorf("NewMsgId %v is not above 2^53", m["NewMsgId"])
			}
			for field, want := range tt.fields {
				if got := asText(m[field]); got != want {
					t.Errorf("%s = %q, want %q", field, got, want)
				}
			}
			content := m["Content"].(string)
			if tt.root != "" {
				wantXML(t, content, tt.root)
			}
			if prefix, got := friend.UserName()+":<br/>", got[1]["Content"].(string); tt.msgType < 9999 && tt.msgType != 77 && !strings.HasPrefix(got, prefix) {
				t.Errorf("in the group: %q, want prefix %q", got, prefix)
			} else if tt.msgType >= 9999 && strings.HasPrefix(got, prefix) {
				t.Errorf("in the group: %q, want no prefix", got)
			}
		})
	}
}

func asText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return v.(interface{ String() string }).String()
}

// wantXML undoes the encoding of Content and looks for an element.
func wantXML(t *testing.T, content, path string) {
	t.Helper()
	if regexp.MustCompile(`[<>]`).MatchString(strings.ReplaceAll(content, "<br/>", "")) {
		t.Errorf("content is not escaped: %s", content)
	}
	dec := xml.NewDecoder(strings.NewReader(html.UnescapeString(strings.ReplaceAll(content, "<br/>", "\n"))))
	var at []string
	found := false
	for {
		tok, err := dec.Token()
		if err != nil {
			break
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			at = append(at, tok.Name.Local)
			found = found || strings.Join(at, "/") == path
		case xml.EndElement:
			at = at[:len(at)-1]
		}
	}
	if !found || len(at) != 0 {
		t.Errorf("no %s in %s", path, content)
	}
}

func TestRecallNamesTheMessage(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	friend := s.AddFriend(wxtest.Person{NickName: "小明"})
	group := s.AddGroup("饭团", friend)
	c := newClient(t, s).online()
	group.Recall(friend, group.Say(friend, "ups"))
	got := c.sync()
	body := html.UnescapeString(got[1]["Content"].(string))
	if num(got[1]["MsgType"]) != 10002 || between(body, "<msgid>", "</msgid>") != got[0]["MsgId"] {
		t.Errorf("recall: %s", body)
	}
	if got := between(body, "<![CDATA[", "]]>"); got != `"小明" 撤回了一条消息` {
		t.Errorf("notice: %s", got)
	}
}

func TestOwnMessagesOfThePhone(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	friend := s.AddFriend(wxtest.Person{NickName: "小明"})
	group := s.AddGroup("饭团", friend)
	c := newClient(t, s).online()
	s.SayFromPhone(friend, "eins")
	s.SayFromPhone(group, "zwei")
	s.SayFromPhone(s.FileHelper(), "drei")
	got := c.sync()
	for i, want := range []struct{ to, text string }{{friend.UserName(), "eins"}, {group.UserName(), "zwei"}, {"filehelper", "drei"}} {
		if m := got[i]; m["FromUserName"] != c.self || m["ToUserName"] != want.to || m["Content"] != want.text {
			t.Errorf("message %d: %v", i, m)
		}
	}
}

func TestMentionUsesTheCard(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	friend := s.AddFriend(wxtest.Person{NickName: "小明"})
	group := s.AddGroup("饭团", friend)
	group.SetCard(s.Self(), "机器人")
	c := newClient(t, s).online()
	group.Mention(friend, "天气")
	if got, want := contents(c.sync())[0], friend.UserName()+":<br/>@机器人\u2005天气"; got != want {
		t.Errorf("content = %q, want %q", got, want)
	}
}

func TestNamesAreMarkup(t *testing.T) {
	for name, want := range map[string]string{
		"小明😀":       `小明<span class="emoji emoji1f600"></span>`,
		"🇨🇳 flag":   `<span class="emoji emoji1f1e81f1f3"></span> flag`,
		`<a> & "b"`: `&lt;a&gt; &amp; &quot;b&quot;`,
		"☀":         `<span class="emoji emoji2600"></span>`,
	} {
		s := wxtest.NewServer(t, wxtest.Config{Self: wxtest.Person{NickName: name}})
		c := newClient(t, s)
		c.newLogin()
		if got := c.init()["User"].(map[string]any)["NickName"]; got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestBrokenBytesStayBroken(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{Self: wxtest.Person{NickName: "x\xf0\x9f"}})
	c := newClient(t, s)
	c.newLogin()
	if body := c.post("webwxinit", "r=1", ""); !strings.Contains(body, "\"NickName\": \"x\xf0\x9f\"") {
		t.Error("the cut emoji was repaired")
	}
}
