package wx

import (
	"encoding/json"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"wxbot/wx/internal/wire"
)

// entry makes an AddMsgList entry from the fields that matter, by way of a whole
// sync answer as it comes.
func entry(t *testing.T, fields map[string]any) *wire.Msg {
	t.Helper()
	b, err := json.Marshal(map[string]any{
		"BaseResponse": map[string]any{"Ret": 0}, "AddMsgList": []any{fields},
	})
	if err != nil {
		t.Fatal(err)
	}
	var resp wire.SyncResponse
	if err := wire.Decode(b, &resp); err != nil {
		t.Fatal(err)
	}
	if len(resp.AddMsgList.Items) != 1 {
		t.Fatalf("%d entries, %d bad", len(resp.AddMsgList.Items), resp.AddMsgList.Bad)
	}
	return &resp.AddMsgList.Items[0]
}

const me = "@me"

func decoded(t *testing.T, fields map[string]any) Message {
	t.Helper()
	all := map[string]any{"MsgId": "1", "FromUserName": "@friend", "ToUserName": me, "CreateTime": 1454602196, "Content": ""}
	maps.Copy(all, fields)
	return decodeMessage(entry(t, all), me)
}

// base is what every message from the friend has.
func base(typ MsgType) Message {
	return Message{ID: "1", Type: typ, From: "@friend", To: me, Chat: "@friend", Sender: "@friend", Time: time.Unix(1454602196, 0)}
}

func TestEveryMsgTypeIsDecoded(t *testing.T) {
	const emoji = `<msg><emoji fromusername = "" tousername = "" type="2" md5="e68363487d8f0519c4e1047de403b2e7" len = "86235" productid="com.x" cdnurl = "http://emoji.example/x/" ></emoji><gameext type="0" content="0" ></gameext></msg>`
	const music = `<msg><appmsg appid="wx485a97c844086dc9" sdkver="0"><title>歌</title><des>手</des><type>3</type><url>http://a</url><dataurl>http://b?x=1&y=2</dataurl><appattach><totallen>0</totallen></appattach></appmsg><appinfo><version>29</version><appname>摇一摇搜歌</appname></appinfo></msg>`
	for name, tt := range map[string]struct {
		fields map[string]any
		typ    MsgType
		want   func(m *Message)
	}{
		"1 text": {map[string]any{"MsgType": 1, "Content": "a<br/>&lt;b&gt;"}, 1, func(m *Message) { m.Text = "a\n<b>" }},
		"1 location": {
			map[string]any{
				"MsgType": 1, "SubMsgType": 48, "Url": "http://apis.map.qq.com/x", "Content": "天安门:<br/>/cgi-bin/mmwebwx-bin/webwxgetpubliclinkimg?url=xxx&msgid=1&pictype=location",
				"OriContent": `<?xml version="1.0"?><msg><location x="39.9" y="116.4" scale="16" label="北京 &amp; 东城" maptype="0" poiname="天安门" /></msg>`,
			},
			1, func(m *Message) {
				m.Text = "北京 & 东城"
				m.Location = &Location{X: 39.9, Y: 116.4, Scale: 16, Label: "北京 & 东城", Name: "天安门", URL: "http://apis.map.qq.com/x"}
			},
		},
		"1 location without its XML": {
			map[string]any{"MsgType": 1, "SubMsgType": 48, "Content": "天安门:<br/>/cgi-bin/x"},
			1, func(m *Message) { m.Text, m.Location = "天安门", &Location{Label: "天安门"} },
		},
		"1 location, old": {
			map[string]any{"MsgType": 1, "Content": "http://weixin.qq.com/cgi-bin/redirectforward?args=abc"},
			1, func(m *Message) {
				m.Text = "http://weixin.qq.com/cgi-bin/redirectforward?args=abc"
				m.Location = &Location{URL: m.Text}
			},
		},
		"3 picture": {map[string]any{"MsgType": 3, "ImgWidth": 10, "ImgHeight": 20, "Content": `<msg><img length="6503" hdlength="0" /><commenturl></commenturl></msg>`}, 3, func(m *Message) { m.Media = &Media{Size: 6503, Width: 10, Height: 20} }},
		"34 voice":  {map[string]any{"MsgType": 34, "VoiceLength": 1580, "Content": `<msg><voicemsg endflag="1" voicelength="1580" length="2026" /></msg>`}, 34, func(m *Message) { m.Media = &Media{Size: 2026, Duration: 1580 * time.Millisecond} }},
		"34 by XML": {map[string]any{"MsgType": 34, "Content": `<msg><voicemsg voicelength="1580" length="2026" /></msg>`}, 34, func(m *Message) { m.Media = &Media{Size: 2026, Duration: 1580 * time.Millisecond} }},
		"43 video":  {map[string]any{"MsgType": 43, "PlayLength": 7, "Content": `<msg><videomsg length="9" playlength="7" /></msg>`}, 43, func(m *Message) { m.Media = &Media{Size: 9, Duration: 7 * time.Second} }},
		"62 small":  {map[string]any{"MsgType": 62, "Content": `<msg><img length="6503" hdlength="0" /></msg>`}, 62, func(m *Message) { m.Media = &Media{Size: 6503} }},
		"47 sticker": {map[string]any{"MsgType": 47, "Content": emoji}, 47, func(m *Message) {
			m.Emoticon = &Emoticon{MD5: "e68363487d8f0519c4e1047de403b2e7", Size: 86235, CDNURL: "http://emoji.example/x/"}
		}},
		"47 of the shop": {map[string]any{"MsgType": 47, "HasProductId": 1}, 47, func(m *Message) { m.Emoticon = &Emoticon{Store: true} }},
		"37 friend request": {
			map[string]any{
				"MsgType": 37, "FromUserName": "fmessage", "Content": `&lt;msg fromusername="wxid_x" content="hi" ticket="v9" scene="14" /&gt;`,
				"RecommendInfo": map[string]any{"UserName": "@new", "NickName": `新<span class="emoji emoji1f604"></span>`, "Content": "我想加入&amp;读书会", "Ticket": "v4_x@stranger", "Scene": 30, "Sex": 1},
			},
			37, func(m *Message) {
				m.From, m.Chat, m.Sender = "fmessage", "fmessage", "fmessage"
				m.Text = "我想加入&读书会"
				m.Request = &Recommend{UserName: "@new", NickName: "新😄", Content: m.Text, Ticket: "v4_x@stranger", Scene: 30, Sex: 1}
			},
		},
		"37 by XML alone": {
			map[string]any{"MsgType": 37, "FromUserName": "fmessage", "Content": `&lt;msg fromusername="wxid_x" fromnickname="新" content="hi" ticket="v9" scene="14" sex="2" alias="al" /&gt;`},
			37, func(m *Message) {
				m.From, m.Chat, m.Sender, m.Text = "fmessage", "fmessage", "fmessage", "hi"
				m.Request = &Recommend{UserName: "wxid_x", NickName: "新", Content: "hi", Ticket: "v9", Scene: 14, Sex: 2, Alias: "al"}
			},
		},
		"40 possible friend": {map[string]any{"MsgType": 40, "RecommendInfo": map[string]any{"NickName": "某"}}, 40, func(m *Message) { m.Text, m.Card = "某", &Recommend{NickName: "某"} }},
		"42 card": {map[string]any{"MsgType": 42, "Content": `<?xml version="1.0"?><msg username="u" nickname="某人" alias="a" province="p" city="c" sex="1" certflag="0" />`}, 42, func(m *Message) {
			m.Text, m.Card = "某人", &Recommend{UserName: "u", NickName: "某人", Alias: "a", Province: "p", City: "c", Sex: 1}
		}},
		"48 location": {map[string]any{"MsgType": 48, "Content": `<msg><location x="1" y="2" label="L" /></msg>`}, 48, func(m *Message) { m.Text, m.Location = "L", &Location{X: 1, Y: 2, Label: "L"} }},
		"49 link":     {map[string]any{"MsgType": 49, "AppMsgType": 5, "Url": "http://u", "FileName": "F", "Content": `<msg><appmsg appid="" sdkver="0"><title>T</title><des>D</des><type>5</type><url></url></appmsg><appinfo><appname></appname></appinfo></msg>`}, 49, func(m *Message) { m.App, m.Text, m.Link = 5, "T", &Link{Title: "T", Description: "D", URL: "http://u"} }},
		"49 music": {map[string]any{"MsgType": 49, "AppMsgType": 3, "Content": music}, 49, func(m *Message) {
			m.App, m.Text, m.Link = 3, "歌", &Link{Title: "歌", Description: "手", URL: "http://a", DataURL: "http://b?x=1&y=2", Source: "摇一摇搜歌", AppID: "wx485a97c844086dc9"}
		}},
		"49 type in the XML only": {map[string]any{"MsgType": 49, "AppMsgType": 0, "Content": `<msg><appmsg><title>r</title><type>57</type><refermsg><type>1</type><svrid>99</svrid><displayname>甲</displayname><content>q</content></refermsg></appmsg></msg>`}, 49, func(m *Message) {
			m.App, m.Text, m.Quote = 57, "r", &Quote{MsgID: "99", DisplayName: "甲", Text: "q", Type: 1}
		}},
		"49 reply with typed markup": {map[string]any{"MsgType": 49, "Content": `&lt;msg&gt;&lt;appmsg&gt;&lt;title&gt;&amp;lt;span class=&amp;quot;emoji emoji1f604&amp;quot;&amp;gt;&amp;lt;/span&amp;gt;<br/>&amp;amp;lt;&lt;/title&gt;&lt;type&gt;57&lt;/type&gt;&lt;/appmsg&gt;&lt;/msg&gt;`}, 49, func(m *Message) {
			m.App, m.Text, m.Quote = 57, `<span class="emoji emoji1f604"></span>`+"\n&lt;", &Quote{}
		}},
		"49 quoted link": {map[string]any{"MsgType": 49, "Content": `<msg><appmsg><title>r</title><type>57</type><refermsg><type>49</type><svrid>9</svrid><content>&lt;msg&gt;&lt;appmsg&gt;&lt;title&gt;inner&lt;/title&gt;&lt;/appmsg&gt;&lt;/msg&gt;</content></refermsg></appmsg></msg>`}, 49, func(m *Message) { m.App, m.Text, m.Quote = 57, "r", &Quote{MsgID: "9", Text: "inner", Type: 49} }},
		"49 file": {map[string]any{"MsgType": 49, "AppMsgType": 6, "FileName": "报告.pdf", "FileSize": "1024", "MediaId": "@m", "EncryFileName": "%E6.pdf", "Content": `<msg><appmsg><title>报告.pdf</title><type>6</type><appattach><totallen>1024</totallen><fileext>pdf</fileext></appattach></appmsg></msg>`}, 49, func(m *Message) {
			m.App, m.Text, m.File = 6, "报告.pdf", &File{Name: "报告.pdf", Ext: "pdf", Size: 1024, MediaID: "@m", EncryName: "%E6.pdf"}
		}},
		"49 transfer": {map[string]any{"MsgType": 49, "AppMsgType": 2000, "FileName": "微信转账", "Content": `<msg><appmsg><title>微信转账</title><type>2000</type><wcpayinfo><feedesc>￥0.01</feedesc><pay_memo>茶</pay_memo></wcpayinfo></appmsg></msg>`}, 49, func(m *Message) {
			m.App, m.Text, m.Transfer = 2000, "微信转账", &Transfer{Amount: "￥0.01", Memo: "茶"}
		}},
		"49 red packet": {map[string]any{"MsgType": 49, "AppMsgType": 2001}, 49, func(m *Message) { m.App = 2001 }},
		"49 channels": {map[string]any{"MsgType": 49, "Content": `<msg><appmsg><title>当前版本不支持</title><type>51</type><finderFeed><nickname>号</nickname><desc>说</desc></finderFeed></appmsg></msg>`}, 49, func(m *Message) {
			m.App, m.Text, m.Link = 51, "当前版本不支持", &Link{Title: "说", Description: "说", Source: "号"}
		}},
		"49 plain text": {map[string]any{"MsgType": 49, "Content": "该类型暂不支持，请在手机上查看"}, 49, func(m *Message) { m.Text = "该类型暂不支持，请在手机上查看" }},
		"49 articles": {map[string]any{"MsgType": 49, "AppMsgType": 5, "Content": `<msg><mmreader><category><item><title>文</title><url>http://m</url><digest>摘</digest></item></category></mmreader></msg>`}, 49, func(m *Message) {
			m.App, m.Text, m.Link = 5, "文", &Link{Title: "文", URL: "http://m", Description: "摘"}
		}},
		"50 voip":        {map[string]any{"MsgType": 50, "Content": "x"}, 50, func(*Message) {}},
		"52 voip notify": {map[string]any{"MsgType": 52}, 52, func(*Message) {}},
		"53 voip invite": {map[string]any{"MsgType": 53}, 53, func(*Message) {}},
		"9999 notice":    {map[string]any{"MsgType": 9999, "Content": "n"}, 9999, func(m *Message) { m.Text = "n" }},
		"10000 system":   {map[string]any{"MsgType": 10000, "Content": `你已添加了 xxx ,<a href="weixin://x">现在</a>可以开始聊天了。`}, 10000, func(m *Message) { m.Text = "你已添加了 xxx ,现在可以开始聊天了。" }},
		"10002 recall": {map[string]any{"MsgType": 10002, "Content": `&lt;sysmsg type="revokemsg"&gt;<br/>&lt;revokemsg&gt;&lt;session&gt;x&lt;/session&gt;&lt;oldmsgid&gt;1&lt;/oldmsgid&gt;&lt;msgid&gt;9077318394394722874&lt;/msgid&gt;&lt;replacemsg&gt;&lt;![CDATA["甲" 撤回了一条消息]]&gt;&lt;/replacemsg&gt;&lt;/revokemsg&gt;&lt;/sysmsg&gt;`}, 10002, func(m *Message) {
			m.Text, m.Recall = `"甲" 撤回了一条消息`, &Recall{MsgID: "9077318394394722874", Notice: `"甲" 撤回了一条消息`}
		}},
		"10002 tickle": {map[string]any{"MsgType": 10002, "Content": `<sysmsg type="pat"><pat><fromusername>a</fromusername><chatusername>c</chatusername><pattedusername>b</pattedusername><template><![CDATA["甲" 拍了拍我]]></template></pat></sysmsg>`}, 10002, func(m *Message) {
			m.Text, m.Pat = `"甲" 拍了拍我`, &Pat{From: "a", To: "b", Chat: "c", Notice: `"甲" 拍了拍我`}
		}},
		"unknown type": {map[string]any{"MsgType": 4242, "Content": "?"}, 4242, func(m *Message) { m.Text = "?" }},
	} {
		t.Run(name, func(t *testing.T) {
			want := base(tt.typ)
			tt.want(&want)
			got := decoded(t, tt.fields)
			got.Original = "" // TestOriginalBody
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOriginalBody(t *testing.T) {
	const place = "<?xml version=\"1.0\"?>\n<msg><location x=\"1\" y=\"2\" label=\"A &amp; B\" /></msg>"
	for name, tt := range map[string]struct {
		fields map[string]any
		want   string
	}{
		"escaped picture":       {map[string]any{"MsgType": 3, "Content": `&lt;msg&gt;<br/>&lt;img length="6503" /&gt;<br/>&lt;/msg&gt;`}, "<msg>\n<img length=\"6503\" />\n</msg>"},
		"picture in a group":    {map[string]any{"MsgType": 3, "FromUserName": "@@g", "Content": `@x:<br/>&lt;msg&gt;&lt;img aeskey="a&amp;amp;b" /&gt;&lt;/msg&gt;`}, `<msg><img aeskey="a&amp;b" /></msg>`},
		"video":                 {map[string]any{"MsgType": 43, "Content": `<msg><videomsg length="9" /></msg>`}, `<msg><videomsg length="9" /></msg>`},
		"location":              {map[string]any{"MsgType": 1, "SubMsgType": 48, "Content": "A:<br/>/cgi-bin/x", "OriContent": place}, place},
		"location of its type":  {map[string]any{"MsgType": 48, "Content": `&lt;msg&gt;&lt;location x="1" /&gt;&lt;/msg&gt;`}, `<msg><location x="1" /></msg>`},
		"picture without XML":   {map[string]any{"MsgType": 3, "Content": "?"}, ""},
		"voices need none":      {map[string]any{"MsgType": 34, "Content": "<msg><voicemsg /></msg>"}, ""},
		"text that is like XML": {map[string]any{"MsgType": 1, "Content": "&lt;msg&gt;"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := decoded(t, tt.fields).Original; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestStatusNotifyPairsIDs(t *testing.T) {
	body := "&lt;msg&gt;<br/>&lt;op id='4'&gt;<br/>&lt;username&gt;<br/>filehelper,1@chatroom,wxid_a<br/>&lt;/username&gt;<br/>&lt;/op&gt;<br/>&lt;/msg&gt;"
	m := decoded(t, map[string]any{"MsgType": 51, "FromUserName": me, "StatusNotifyCode": 4, "StatusNotifyUserName": "filehelper,@@g,@a", "Content": body})
	want := map[string]string{"filehelper": "filehelper", "@@g": "1@chatroom", "@a": "wxid_a"}
	if diff := cmp.Diff(want, m.Notify.IDs); diff != "" {
		t.Error(diff)
	}
	m = decoded(t, map[string]any{"MsgType": 51, "FromUserName": me, "StatusNotifyCode": 4, "StatusNotifyUserName": "filehelper,@@g", "Content": body})
	if m.Notify.IDs != nil || len(m.Notify.UserNames) != 2 {
		t.Errorf("lists of different lengths were paired: %+v", m.Notify)
	}
	m = decoded(t, map[string]any{"MsgType": 51, "FromUserName": me, "StatusNotifyCode": 5, "StatusNotifyUserName": "@a"})
	if m.Notify.Code != NotifyQuit || m.Notify.IDs != nil {
		t.Errorf("%+v", m.Notify)
	}
}

func TestWhoWroteWhere(t *testing.T) {
	for name, tt := range map[string]struct {
		fields             map[string]any
		chat, sender, text string
		fromSelf           bool
	}{
		"friend":               {map[string]any{"Content": "hi"}, "@friend", "@friend", "hi", false},
		"group member":         {map[string]any{"FromUserName": "@@g", "Content": "@abc:<br/>a<br/>b"}, "@@g", "@abc", "a\nb", false},
		"group system text":    {map[string]any{"FromUserName": "@@g", "MsgType": 10000, "Content": "sys"}, "@@g", "", "sys", false},
		"group system prefix":  {map[string]any{"FromUserName": "@@g", "MsgType": 10000, "Content": "Notice:<br/>sys"}, "@@g", "", "Notice:\nsys", false},
		"own phone to friend":  {map[string]any{"FromUserName": me, "ToUserName": "@friend", "Content": "hi"}, "@friend", me, "hi", true},
		"own phone to a group": {map[string]any{"FromUserName": me, "ToUserName": "@@g", "Content": "@abc:<br/>hi"}, "@@g", me, "@abc:\nhi", true},
		"own phone to itself":  {map[string]any{"FromUserName": me, "ToUserName": "filehelper", "Content": "hi"}, "filehelper", me, "hi", true},
		"empty sender is self": {map[string]any{"FromUserName": "", "ToUserName": "@friend", "Content": "hi"}, "@friend", me, "hi", true},
		"typed prefix":         {map[string]any{"FromUserName": "@@g", "Content": "@abc:<br/>@def:&lt;br/&gt;x"}, "@@g", "@abc", "@def:<br/>x", false},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.fields["MsgType"] == nil {
				tt.fields["MsgType"] = 1
			}
			m := decoded(t, tt.fields)
			if m.Chat != tt.chat || m.Sender != tt.sender || m.Text != tt.text || m.FromSelf != tt.fromSelf {
				t.Errorf("chat %q, sender %q, text %q, self %v", m.Chat, m.Sender, m.Text, m.FromSelf)
			}
		})
	}
}

func TestLooseFields(t *testing.T) {
	m := decoded(t, map[string]any{"MsgId": json.Number("9077318394394722874"), "MsgType": "1", "Content": "x", "CreateTime": "1454602196", "NewMsgId": "", "FileSize": 5})
	if m.ID != "9077318394394722874" || m.Type != MsgText || m.Time.Unix() != 1454602196 {
		t.Errorf("%+v", m)
	}
	m = decoded(t, map[string]any{"MsgId": "", "NewMsgId": json.Number("9223372036854775807"), "MsgType": 1})
	if m.ID != "9223372036854775807" {
		t.Errorf("id %q", m.ID)
	}
}

func FuzzDecodeMessage(f *testing.F) {
	f.Add(1, 0, "hi", "@a", "x")
	f.Add(49, 5, "<msg><appmsg><title>t</title><type>6</type></appmsg></msg>", "@@g", "")
	f.Add(51, 4, "&lt;msg&gt;&lt;op id='4'&gt;&lt;username&gt;a,b&lt;/username&gt;", me, "@a,@b")
	f.Add(10002, 0, `<sysmsg type="revokemsg"><revokemsg><msgid>1</msgid></revokemsg></sysmsg>`, "@a", "")
	f.Fuzz(func(t *testing.T, typ, app int, content, from, list string) {
		m := decodeMessage(&wire.Msg{
			MsgID: "1", MsgType: wire.Number(typ), AppMsgType: wire.Number(app), Content: wire.Text(content),
			FromUserName: wire.Text(from), ToUserName: me, StatusNotifyCode: 4, StatusNotifyUserName: wire.Text(list),
		}, me)
		if m.Type == MsgVerify && m.Request == nil || m.Type == MsgStatusNotify && m.Notify == nil || m.Type == MsgEmoticon && m.Emoticon == nil {
			t.Errorf("type %d lacks its part: %+v", typ, m)
		}
		if m.Notify != nil && m.Notify.IDs != nil && len(m.Notify.IDs) > len(m.Notify.UserNames) {
			t.Errorf("more ids than names: %+v", m.Notify)
		}
		if from == "" && !m.FromSelf {
			t.Error("an empty sender is the account itself")
		}
	})
}
