package wxtest_test

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/wx/wxtest"
)

const contactFields = "Alias AppAccountFlag AttrStatus ChatRoomId City ContactFlag DisplayName EncryChatRoomId HeadImgUrl HideInputBarFlag IsOwner KeyWord MemberCount MemberList NickName OwnerUin PYInitial PYQuanPin Province RemarkName RemarkPYInitial RemarkPYQuanPin Sex Signature SnsFlag StarFriend Statues Uin UniFriend UserName VerifyFlag"

func fields(v any) string {
	o, ok := v.(map[string]any)
	if !ok {
		return ""
	}
	return strings.Join(slices.Sorted(maps.Keys(o)), " ")
}

func TestFieldSets(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	friend := s.AddFriend(wxtest.Person{NickName: "小明"})
	s.AddGroup("饭团", friend)
	c := newClient(t, s)
	c.newLogin()
	init := c.init()
	friend.Say("hi")
	sync := c.syncWith(c.key)
	for _, tt := range []struct {
		name string
		got  any
		want string
	}{
		{"webwxinit", init, "BaseResponse ChatSet ClickReportInterval ClientVersion ContactList Count GrayScale InviteStartCount MPSubscribeMsgCount MPSubscribeMsgList SKey SyncKey SystemTime User"},
		{"User", init["User"], "AppAccountFlag ContactFlag HeadImgFlag HeadImgUrl HideInputBarFlag NickName PYInitial PYQuanPin RemarkName RemarkPYInitial RemarkPYQuanPin Sex Signature SnsFlag StarFriend Uin UserName VerifyFlag WebWxPluginSwitch"},
		{"ContactList", init["ContactList"].([]any)[0], contactFields},
		{"webwxsync", sync, "AddMsgCount AddMsgList BaseResponse ContinueFlag DelContactCount DelContactList ModChatRoomMemberCount ModChatRoomMemberList ModContactCount ModContactList Profile SKey SyncCheckKey SyncKey"},
		{"AddMsgList", sync["AddMsgList"].([]any)[0], "AppInfo AppMsgType Content CreateTime EncryFileName FileName FileSize ForwardFlag FromUserName HasProductId ImgHeight ImgStatus ImgWidth MediaId MsgId MsgType NewMsgId OriContent PlayLength RecommendInfo Status StatusNotifyCode StatusNotifyUserName SubMsgType Ticket ToUserName Url VoiceLength"},
		{"RecommendInfo", sync["AddMsgList"].([]any)[0].(map[string]any)["RecommendInfo"], "Alias AttrStatus City Content NickName OpCode Province QQNum Scene Sex Signature Ticket UserName VerifyFlag"},
		{"Profile", sync["Profile"], "Alias BindEmail BindMobile BindUin BitFlag HeadImgUpdateFlag HeadImgUrl NickName PersonalCard Sex Signature Status UserName"},
	} {
		if got := fields(tt.got); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
	if num(init["InviteStartCount"]) != 40 || num(init["ClickReportInterval"]) != 600000 {
		t.Errorf("figures of webwxinit: %v", init)
	}
	if got := c.do("POST", c.base+cgi+"webwxsync?sid=x", "application/json; charset=UTF-8", "{}"); got.header.Get("Content-Type") != "text/plain" || !strings.Contains(got.body, "\"SyncKey\": {\n\"Count\": 0,\n\"List\": []\n}") {
		t.Errorf("error answer is %s: %s", got.header.Get("Content-Type"), got.body)
	}
	s.TakeProblems()
}

func contactPage(c *client, seq int64) map[string]any {
	return c.object(c.get(fmt.Sprintf("%s%swebwxgetcontact?seq=%d&r=1&skey=%s&pass_ticket=%s", c.base, cgi, seq, url.QueryEscape(c.skey), url.QueryEscape(c.ticket))))
}

func TestContactsComeInPages(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{ContactPage: 10})
	var people []*wxtest.Account
	for i := range 25 {
		people = append(people, s.AddFriend(wxtest.Person{NickName: fmt.Sprint("友", i)}))
	}
	s.AddStranger(wxtest.Person{NickName: "路人"})
	s.AddOfficial(wxtest.Person{NickName: "日报", VerifyFlag: 24})
	s.AddGroup("未保存", people[:3]...)
	s.AddGroupWith(wxtest.GroupOptions{Topic: "已保存", Members: people[:3], Saved: true})
	c := newClient(t, s).online()
	var names []string
	var pages []int64
	for seq := int64(0); ; {
		out := contactPage(c, seq)
		for _, v := range out["MemberList"].([]any) {
			m := v.(map[string]any)
			names = append(names, m["NickName"].(string))
			if m["NickName"] == "已保存" && len(m["MemberList"].([]any)) != 0 {
				t.Error("the saved group has members")
			}
		}
		pages = append(pages, num(out["MemberCount"]))
		if seq = num(out["Seq"]); seq == 0 {
			break
		}
	}
	if !slices.Equal(pages, []int64{10, 10, 10}) {
		t.Errorf("pages of %v", pages)
	}
	for name, want := range map[string]bool{"友0": true, "友24": true, "日报": true, "文件传输助手": true, "已保存": true, "未保存": false, "路人": false} {
		if slices.Contains(names, name) != want {
			t.Errorf("%s in the list: %v, want %v", name, !want, want)
		}
	}
	contactPage(c, 7)
	wantProblem(t, s, "none that the server gave")
}

func batch(c *client, pairs ...string) map[string]any {
	var list []string
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, fmt.Sprintf(`{"UserName":"%s","EncryChatRoomId":"%s"}`, pairs[i], pairs[i+1]))
	}
	return c.object(c.post("webwxbatchgetcontact", "type=ex&r=1&lang=zh_CN", fmt.Sprintf(`,"Count":%d,"List":[%s]`, len(list), strings.Join(list, ","))))
}

func TestGroupDetails(t *testing.T) {
	for _, nameless := range []bool{false, true} {
		t.Run(fmt.Sprint("nameless ", nameless), func(t *testing.T) {
			s := wxtest.NewServer(t, wxtest.Config{NamelessMembers: nameless})
			a, b := s.AddFriend(wxtest.Person{NickName: "小明 😀"}), s.AddStranger(wxtest.Person{NickName: "路人<b>"})
			g := s.AddGroupWith(wxtest.GroupOptions{Topic: "饭团", Members: []*wxtest.Account{a, b}, Cards: map[*wxtest.Account]string{b: "阿B"}})
			c := newClient(t, s).online()
			out := batch(c, g.UserName(), "")
			group := out["ContactList"].([]any)[0].(map[string]any)
			members := group["MemberList"].([]any)
			if len(members) != 3 || num(group["MemberCount"]) != 3 || num(group["Statues"]) != 1 {
				t.Fatalf("group: %v", group)
			}
			want := `小明 <span class="emoji emoji1f600"></span>`
			if nameless {
				want = ""
			}
			if got := members[1].(map[string]any)["NickName"]; got != want {
				t.Errorf("name of a member = %q, want %q", got, want)
			}
			for _, room := range []string{group["EncryChatRoomId"].(string), g.UserName()} {
				m := batch(c, b.UserName(), room)["ContactList"].([]any)[0].(map[string]any)
				if !strings.HasSuffix(m["HeadImgUrl"].(string), "&skey=") {
					t.Errorf("HeadImgUrl = %v, want an empty skey", m["HeadImgUrl"])
				}
				if m["NickName"] != "路人&lt;b&gt;" || m["DisplayName"] != "阿B" || m["EncryChatRoomId"] != group["EncryChatRoomId"] {
					t.Errorf("member: %v", m)
				}
			}
		})
	}
}

func TestGroupIsKnownFromInit(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	friend := s.AddFriend(wxtest.Person{NickName: "小明"})
	shown := s.AddGroup("饭团", friend)
	hidden := s.AddGroupWith(wxtest.GroupOptions{Topic: "暗", Members: []*wxtest.Account{friend}, Hidden: true})
	c := newClient(t, s)
	c.newLogin()
	set := c.init()["ChatSet"].(string)
	if !strings.Contains(set, shown.UserName()+",") || !strings.HasSuffix(set, ",") || strings.Contains(set, hidden.UserName()) {
		t.Errorf("ChatSet = %s", set)
	}
}

func TestShadowGroup(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	friend := s.AddFriend(wxtest.Person{NickName: "小明"})
	g := s.AddGroup("往事", friend)
	c := newClient(t, s).online()
	g.RemoveSelf(friend)
	if got := contents(c.sync()); !slices.Equal(got, []string{`你被"小明"移出群聊`}) {
		t.Errorf("notice: %q", got)
	}
	group := batch(c, g.UserName(), "")["ContactList"].([]any)[0].(map[string]any)
	if m := group["MemberList"].([]any); len(m) != 1 || m[0].(map[string]any)["UserName"] == s.Self().UserName() {
		t.Errorf("members: %v", m)
	}
	g.Say(friend, "noch da?")
	if got := c.sync(); len(got) != 0 {
		t.Errorf("message of a group one has left: %v", got)
	}
}

func TestBatchLimits(t *testing.T) {
	bubble(t, wxtest.Config{BatchLimit: 2}, func(e env) {
		t, s := e.t, e.s
		var pairs []string
		c := newClient(t, s).online()
		for i := range 60 {
			pairs = append(pairs, s.AddFriend(wxtest.Person{NickName: fmt.Sprint(i)}).UserName(), "")
		}
		if got := num(batch(c, pairs...)["Count"]); got != 50 {
			t.Errorf("%d answers for 60 entries, want 50", got)
		}
		wantProblem(t, s, "60 entries")
		batch(c, pairs[:2]...)
		out := batch(c, pairs[:2]...)
		if ret(out) != 1205 || num(out["Count"]) != 0 {
			t.Errorf("third call within a minute: %v", out)
		}
		pass(time.Minute + time.Second)
		if got := ret(batch(c, pairs[:2]...)); got != 0 {
			t.Errorf("a minute later: ret %d", got)
		}
	})
}

func TestFriendRequestIsAccepted(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	p := s.AddStranger(wxtest.Person{NickName: "小红", Alias: "redred", Sex: 2})
	c := newClient(t, s).online()
	p.Request("暗号 & 你好")
	m := c.sync()[0]
	info := m["RecommendInfo"].(map[string]any)
	ticket, name := info["Ticket"].(string), info["UserName"].(string)
	if num(m["MsgType"]) != 37 || m["FromUserName"] != "fmessage" || info["Content"] != "暗号 &amp; 你好" || num(info["OpCode"]) != 2 {
		t.Errorf("request: %v", m)
	}
	if !strings.HasPrefix(ticket, "v4_") || !strings.HasSuffix(ticket, "@stranger") {
		t.Errorf("ticket = %s", ticket)
	}
	verify := func(ticket string) map[string]any {
		return c.object(c.post("webwxverifyuser", "r=1&lang=zh_CN", fmt.Sprintf(
			`,"Opcode":3,"VerifyUserListSize":1,"VerifyUserList":[{"Value":"%s","VerifyUserTicket":"%s"}],"VerifyContent":"","SceneListCount":1,"SceneList":[33],"skey":"%s"`,
			name, ticket, c.skey)))
	}
	if out := verify(""); ret(out) != -1 {
		t.Errorf("without ticket: %v", out)
	}
	wantProblem(t, s, "VerifyUserTicket")
	if out := verify(ticket); ret(out) != 0 {
		t.Fatalf("with ticket: %v", out)
	}
	if !p.IsFriend() || p.UserName() == name || !slices.Equal(s.Accepted(), []*wxtest.Account{p}) {
		t.Errorf("friend %v, name changed %v, accepted %v", p.IsFriend(), p.UserName() != name, s.Accepted())
	}
	out := c.syncWith(c.key)
	mod := out["ModContactList"].([]any)[0].(map[string]any)
	if mod["UserName"] != p.UserName() || mod["NickName"] != "小红" {
		t.Errorf("ModContactList: %v", mod)
	}
	if got := contents(messages(out)); !slices.Equal(got, []string{"你已添加了小红，现在可以开始聊天了。"}) {
		t.Errorf("notice: %q", got)
	}
	if out := verify(ticket); ret(out) != -1 {
		t.Errorf("second time: %v", out)
	}
	wantProblem(t, s, "nobody")
}

func TestRemark(t *testing.T) {
	for _, ignored := range []bool{false, true} {
		s := wxtest.NewServer(t, wxtest.Config{IgnoreRemarks: ignored})
		p := s.AddFriend(wxtest.Person{NickName: "小红"})
		c := newClient(t, s).online()
		out := c.object(c.post("webwxoplog", "lang=zh_CN", fmt.Sprintf(`,"CmdId":2,"UserName":"%s","RemarkName":"红"`, p.UserName())))
		if ret(out) != 0 {
			t.Errorf("ret %d", ret(out))
		}
		if got := s.Remarks(); len(got) != 1 || got[0].Text != "红" || got[0].Account != p {
			t.Errorf("remarks: %v", got)
		}
		if got := p.RemarkName() == "红"; got == ignored {
			t.Errorf("ignored %v: remark is %q", ignored, p.RemarkName())
		}
		if got := num(c.syncWith(c.key)["ModContactCount"]); (got == 1) == ignored {
			t.Errorf("ignored %v: %d contacts changed", ignored, got)
		}
	}
}

func TestDeletedContact(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	p := s.AddFriend(wxtest.Person{NickName: "小红"})
	c := newClient(t, s).online()
	s.DeleteFromPhone(p)
	out := c.syncWith(c.key)
	if del := out["DelContactList"].([]any); len(del) != 1 || del[0].(map[string]any)["UserName"] != p.UserName() {
		t.Errorf("DelContactList: %v", del)
	}
}

func TestGroupNotices(t *testing.T) {
	for _, tt := range []struct {
		name             string
		do               func(s *wxtest.Server, g *wxtest.Group, a, b *wxtest.Account)
		chinese, english string
	}{
		{"X invites", func(_ *wxtest.Server, g *wxtest.Group, a, b *wxtest.Account) { g.Join(a, b) }, `"阿A"邀请"小红"加入了群聊`, `阿A invited 小红 to the group chat`},
		{"I invite", func(s *wxtest.Server, g *wxtest.Group, _, b *wxtest.Account) { g.Join(s.Self(), b) }, `你邀请"小红"加入了群聊  `, `You invited 小红 to the group chat.   `},
		{"X invites me and others", func(s *wxtest.Server, g *wxtest.Group, a, b *wxtest.Account) { g.Join(a, b, s.Self()) }, `"阿A"邀请你和"小红"加入了群聊`, `阿A invited you and 小红 to the group chat`},
		{"X invites me", func(s *wxtest.Server, g *wxtest.Group, a, _ *wxtest.Account) { g.Join(a, s.Self()) }, `"阿A"邀请你加入了群聊，群聊参与人还有：小刚`, `阿A invited you to a group chat with 小刚`},
		{"X's code", func(_ *wxtest.Server, g *wxtest.Group, a, b *wxtest.Account) { g.JoinByQR(a, b) }, `" 小红"通过扫描"阿A"分享的二维码加入群聊`, `"小红" joined the group chat via the QR Code shared by "阿A".`},
		{"my code", func(s *wxtest.Server, g *wxtest.Group, _, b *wxtest.Account) { g.JoinByQR(s.Self(), b) }, `"小红"通过扫描你分享的二维码加入群聊  `, `"小红" joined group chat via the QR code you shared.  `},
		{"X renames", func(_ *wxtest.Server, g *wxtest.Group, a, _ *wxtest.Account) { g.Rename(a, "新") }, `"阿A"修改群名为“新”`, `"阿A" changed the group name to "新"`},
		{"I remove", func(_ *wxtest.Server, g *wxtest.Group, a, _ *wxtest.Account) { g.RemoveFromPhone(a) }, `你将"阿A"移出了群聊`, `You removed "阿A" from the group chat`},
		{"X leaves", func(_ *wxtest.Server, g *wxtest.Group, a, _ *wxtest.Account) { g.Remove(a) }, "", ""},
		{"tickle", func(s *wxtest.Server, g *wxtest.Group, a, _ *wxtest.Account) { g.Tickle(a, s.Self()) }, `"阿A" 拍了拍我`, `"阿A" tickled me`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for lang, want := range map[string]string{"zh_CN": tt.chinese, "en_US": tt.english} {
				s := wxtest.NewServer(t, wxtest.Config{Lang: lang})
				a, b, d := s.AddFriend(wxtest.Person{NickName: "小明"}), s.AddStranger(wxtest.Person{NickName: "小红"}), s.AddFriend(wxtest.Person{NickName: "小刚"})
				g := s.AddGroup("饭团", a, d)
				g.SetCard(a, "阿A")
				c := newClient(t, s).online()
				tt.do(s, g, a, b)
				got := c.sync()
				if want == "" {
					if len(got) != 0 {
						t.Errorf("%s: %v, want no message", lang, got)
					}
					continue
				}
				if len(got) != 1 || got[0]["Content"] != want || num(got[0]["MsgType"]) != 10000 || got[0]["FromUserName"] != g.UserName() {
					t.Errorf("%s: %q, want %q", lang, contents(got), want)
				}
			}
		})
	}
}

func TestStatusNotifyBringsRealIDs(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	a := s.AddFriend(wxtest.Person{NickName: "小明", WxID: "wxid_ming"})
	g := s.AddGroup("饭团", a)
	c := newClient(t, s).online()
	out := c.object(c.post("webwxstatusnotify", "lang=zh_CN", fmt.Sprintf(`,"Code":3,"FromUserName":"%s","ToUserName":"%s","ClientMsgId":1453670666068`, c.self, c.self)))
	if ret(out) != 0 || out["MsgID"] == "" {
		t.Errorf("answer: %v", out)
	}
	m := c.sync()[0]
	names := strings.Split(m["StatusNotifyUserName"].(string), ",")
	ids := strings.Split(between(m["Content"].(string), "&lt;username&gt;<br/>", "<br/>&lt;/username&gt;"), ",")
	if num(m["MsgType"]) != 51 || num(m["StatusNotifyCode"]) != 4 || m["FromUserName"] != c.self || m["ToUserName"] != c.self {
		t.Errorf("message: %v", m)
	}
	pairs := map[string]string{}
	for i := range min(len(names), len(ids)) {
		pairs[names[i]] = ids[i]
	}
	if len(names) != len(ids) || pairs[a.UserName()] != "wxid_ming" || pairs[g.UserName()] != g.WxID() || pairs["filehelper"] != "filehelper" {
		t.Errorf("pairs: %v", pairs)
	}
}

func TestRoomCalls(t *testing.T) {
	s := wxtest.NewServer(t, wxtest.Config{})
	a, b, d := s.AddFriend(wxtest.Person{NickName: "小明"}), s.AddFriend(wxtest.Person{NickName: "小红"}), s.AddFriend(wxtest.Person{NickName: "小刚"})
	c := newClient(t, s).online()
	out := c.object(c.post("webwxcreatechatroom", "r=1", fmt.Sprintf(`,"MemberCount":2,"MemberList":[{"UserName":"%s"},{"UserName":"%s"}],"Topic":"饭团"`, a.UserName(), b.UserName())))
	room, ok := out["ChatRoomName"].(string)
	if !ok || ret(out) != 0 || !strings.HasPrefix(room, "@@") {
		t.Fatalf("create: %v", out)
	}
	out = c.object(c.post("webwxupdatechatroom", "fun=addmember", fmt.Sprintf(`,"ChatRoomName":"%s","AddMemberList":"%s"`, room, d.UserName())))
	if ret(out) != 0 || num(out["MemberCount"]) != 4 {
		t.Errorf("add: %v", out)
	}
	if got := contents(c.sync()); !slices.Equal(got, []string{`你邀请"小明、小红"加入了群聊  `, `你邀请"小刚"加入了群聊  `}) {
		t.Errorf("notices: %q", got)
	}
}
