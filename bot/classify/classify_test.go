package classify_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"wxbot/bot/classify"
	"wxbot/bot/event"
	"wxbot/wx"
)

const (
	selfUser = "@self"
	friend   = "@friend"
	group    = "@@group"
	official = "@official"
)

// book knows one friend, one official account and one group.
type book struct{}

func (book) SelfUserName() string { return selfUser }

func (book) Chat(user string) (event.Chat, bool) {
	switch user {
	case friend:
		return event.Chat{Kind: event.ChatPrivate, Key: "p1", Name: "小明"}, true
	case group:
		return event.Chat{Kind: event.ChatGroup, Key: "g1", Name: "客户一群"}, true
	case official:
		return event.Chat{Kind: event.ChatOfficial, Key: "p2", Name: "公众号"}, true
	case wx.FileHelper:
		return event.Chat{Kind: event.ChatSelf, Key: "filehelper", Name: "文件传输助手"}, true
	}
	if wx.IsGroup(user) {
		return event.Chat{Kind: event.ChatGroup, Key: "g?" + user}, false
	}
	if wx.IsSpecial(user) {
		return event.Chat{Kind: event.ChatSpecial, Key: "s?" + user}, true
	}
	return event.Chat{Kind: event.ChatPrivate, Key: "p?" + user}, false
}

func (book) Person(chat, user string) (event.Person, bool) {
	switch user {
	case selfUser:
		p := event.Person{Key: "self", Nickname: "机器人"}
		if chat == group {
			p.Card = "小助手"
		}
		return p, true
	case friend:
		return event.Person{Key: "p1", Nickname: "明明", Remark: "小明", IsFriend: true}, true
	}
	return event.Person{Key: "p?" + user}, false
}

func (book) MemberByName(chat, name string) event.Person {
	if chat == group && name == "小明" {
		return event.Person{Key: "p1", Nickname: "明明", Remark: "小明", IsFriend: true}
	}
	return event.Person{}
}

var at = time.Unix(1_700_000_000, 0)

func one(t *testing.T, m wx.Message) event.Event {
	t.Helper()
	m.ID, m.Time = "77", at
	got := classify.Message(&m, book{})
	if len(got) != 1 {
		t.Fatalf("%d events, want one: %+v", len(got), got)
	}
	if got[0].ID != "77" || !got[0].Time.Equal(at) {
		t.Errorf("id %q, time %v", got[0].ID, got[0].Time)
	}
	return got[0]
}

func inGroup(m wx.Message) wx.Message {
	m.From, m.To, m.Chat = group, selfUser, group
	return m
}

func private(m wx.Message) wx.Message {
	m.From, m.To, m.Chat, m.Sender = friend, selfUser, friend, friend
	return m
}

func system(text string) wx.Message { return inGroup(wx.Message{Type: wx.MsgSystem, Text: text}) }

func TestChatAndSender(t *testing.T) {
	for name, tt := range map[string]struct {
		m      wx.Message
		chat   event.ChatKind
		key    string
		sender string
		bySelf bool
	}{
		"friend":          {private(wx.Message{Type: wx.MsgText, Text: "hi"}), event.ChatPrivate, "p1", "p1", false},
		"group member":    {wx.Message{Type: wx.MsgText, From: group, Chat: group, Sender: friend, Text: "hi"}, event.ChatGroup, "g1", "p1", false},
		"official":        {wx.Message{Type: wx.MsgText, From: official, Chat: official, Sender: official}, event.ChatOfficial, "p2", "p?@official", false},
		"special":         {wx.Message{Type: wx.MsgText, From: "newsapp", Chat: "newsapp", Sender: "newsapp"}, event.ChatSpecial, "s?newsapp", "p?newsapp", false},
		"own phone":       {wx.Message{Type: wx.MsgText, From: selfUser, To: friend, Chat: friend, Sender: selfUser, FromSelf: true}, event.ChatPrivate, "p1", "self", true},
		"own phone group": {wx.Message{Type: wx.MsgText, From: selfUser, To: group, Chat: group, Sender: selfUser, FromSelf: true}, event.ChatGroup, "g1", "self", true},
		"file helper":     {wx.Message{Type: wx.MsgText, From: selfUser, To: wx.FileHelper, Chat: wx.FileHelper, Sender: selfUser, FromSelf: true}, event.ChatSelf, "filehelper", "self", true},
	} {
		t.Run(name, func(t *testing.T) {
			ev := one(t, tt.m)
			if ev.Kind != event.KindMessage || ev.Chat.Kind != tt.chat || ev.Chat.Key != tt.key || ev.Sender.Key != tt.sender || ev.BySelf != tt.bySelf {
				t.Errorf("got %+v", ev)
			}
		})
	}
}

func TestContent(t *testing.T) {
	for name, tt := range map[string]struct {
		m    wx.Message
		kind event.Kind
		want event.Message
	}{
		"text":        {wx.Message{Type: wx.MsgText, Text: "你好"}, event.KindMessage, event.Message{Type: event.TypeText, Raw: "你好", Text: "你好"}},
		"image":       {wx.Message{Type: wx.MsgImage, Media: &wx.Media{}}, event.KindMessage, event.Message{Type: event.TypeImage}},
		"voice":       {wx.Message{Type: wx.MsgVoice, Media: &wx.Media{}}, event.KindMessage, event.Message{Type: event.TypeVoice}},
		"video":       {wx.Message{Type: wx.MsgVideo, Media: &wx.Media{}}, event.KindMessage, event.Message{Type: event.TypeVideo}},
		"micro video": {wx.Message{Type: wx.MsgMicroVideo, Media: &wx.Media{}}, event.KindMessage, event.Message{Type: event.TypeVideo, Detail: "micro_video"}},
		"sticker":     {wx.Message{Type: wx.MsgEmoticon, Emoticon: &wx.Emoticon{MD5: "ab"}}, event.KindMessage, event.Message{Type: event.TypeSticker, MD5: "ab"}},
		"card":        {wx.Message{Type: wx.MsgCard, Text: "某人", Card: &wx.Recommend{}}, event.KindMessage, event.Message{Type: event.TypeCard, Raw: "某人", Text: "某人"}},
		"location by text": {
			wx.Message{Type: wx.MsgText, Text: "天安门", Location: &wx.Location{Label: "天安门", URL: "http://x"}},
			event.KindMessage,
			event.Message{Type: event.TypeLocation, Raw: "天安门", Text: "天安门", URL: "http://x"},
		},
		"location 48": {wx.Message{Type: wx.MsgLocation, Location: &wx.Location{}}, event.KindMessage, event.Message{Type: event.TypeLocation}},
		"link": {
			wx.Message{Type: wx.MsgApp, App: wx.AppLink, Text: "标题", Link: &wx.Link{Title: "标题", URL: "http://x"}},
			event.KindMessage,
			event.Message{Type: event.TypeLink, Raw: "标题", Text: "标题", URL: "http://x"},
		},
		"music": {
			wx.Message{Type: wx.MsgApp, App: wx.AppMusic, Text: "歌", Link: &wx.Link{Title: "歌"}},
			event.KindMessage,
			event.Message{Type: event.TypeLink, Raw: "歌", Text: "歌", Detail: "music"},
		},
		"file": {
			wx.Message{Type: wx.MsgApp, App: wx.AppFile, Text: "a.pdf", File: &wx.File{Name: "a.pdf", Size: 3}},
			event.KindMessage,
			event.Message{Type: event.TypeFile, Raw: "a.pdf", Text: "a.pdf", File: &event.File{Name: "a.pdf", Size: 3}},
		},
		"mini program": {wx.Message{Type: wx.MsgApp, App: wx.AppMini36, Text: "程序", Link: &wx.Link{Title: "程序"}}, event.KindMessage, event.Message{Type: event.TypeMiniProgram, Raw: "程序", Text: "程序"}},
		"quote": {
			wx.Message{Type: wx.MsgApp, App: wx.AppQuote, Text: "对", Quote: &wx.Quote{Text: "是吗"}},
			event.KindMessage,
			event.Message{Type: event.TypeText, Raw: "对", Text: "对", Quote: "是吗", Detail: "quote"},
		},
		"chat history":    {wx.Message{Type: wx.MsgApp, App: wx.AppHistory, Text: "记录", Link: &wx.Link{Title: "记录"}}, event.KindMessage, event.Message{Type: event.TypeLink, Raw: "记录", Text: "记录", Detail: "chat_history"}},
		"plain body":      {wx.Message{Type: wx.MsgApp, Text: "该类型暂不支持，请在手机上查看"}, event.KindMessage, event.Message{Type: event.TypeOther, Raw: "该类型暂不支持，请在手机上查看", Text: "该类型暂不支持，请在手机上查看", Detail: "unsupported"}},
		"transfer":        {wx.Message{Type: wx.MsgApp, App: wx.AppTransfer, Transfer: &wx.Transfer{Amount: "￥1.00"}}, event.KindTransfer, event.Message{Type: event.TypeOther, Raw: "￥1.00", Text: "￥1.00"}},
		"red packet":      {wx.Message{Type: wx.MsgApp, App: wx.AppRedPacket}, event.KindRedPacket, event.Message{Type: event.TypeOther}},
		"red packet 1":    {wx.Message{Type: wx.MsgText, App: wx.AppRedPacket}, event.KindRedPacket, event.Message{Type: event.TypeText}},
		"unknown type":    {wx.Message{Type: 12345, Text: "?"}, event.KindMessage, event.Message{Type: event.TypeOther, Raw: "?", Text: "?", Detail: "msg_type_12345"}},
		"unknown app":     {wx.Message{Type: wx.MsgApp, App: 999, Text: "x", Link: &wx.Link{Title: "x"}}, event.KindMessage, event.Message{Type: event.TypeLink, Raw: "x", Text: "x", Detail: "app_type_999"}},
		"app emoticon":    {wx.Message{Type: wx.MsgApp, App: wx.AppEmoticon}, event.KindMessage, event.Message{Type: event.TypeSticker}},
		"voip":            {wx.Message{Type: wx.MsgVoIP}, event.KindSystem, event.Message{Type: event.TypeOther, Detail: "voip"}},
		"possible friend": {wx.Message{Type: wx.MsgPossibleFriend}, event.KindSystem, event.Message{Type: event.TypeOther, Detail: "possible_friend"}},
		"system notice":   {wx.Message{Type: wx.MsgSysNotice, Text: "n"}, event.KindSystem, event.Message{Type: event.TypeOther, Raw: "n", Text: "n", Detail: "system_notice"}},
	} {
		t.Run(name, func(t *testing.T) {
			ev := one(t, private(tt.m))
			if ev.Kind == event.KindMessage || ev.Kind == event.KindTransfer || ev.Kind == event.KindRedPacket {
				tt.want.Mentioned = true
			}
			if ev.Kind != tt.kind {
				t.Errorf("kind %s, want %s", ev.Kind, tt.kind)
			}
			if diff := cmp.Diff(&tt.want, ev.Message); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestStatusNotifyIsNoEvent(t *testing.T) {
	if got := classify.Message(&wx.Message{ID: "1", Type: wx.MsgStatusNotify}, book{}); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestFriendRequest(t *testing.T) {
	ev := one(t, wx.Message{Type: wx.MsgVerify, From: "fmessage", Chat: "fmessage", Sender: "fmessage", Request: &wx.Recommend{
		UserName: "@new", NickName: "新人", Content: "我想加入读书会", Ticket: "v4_x@stranger", Scene: 14,
	}})
	want := event.Event{
		ID: "77", Kind: event.KindFriendRequest, Time: at,
		Chat:    event.Chat{Kind: event.ChatPrivate, Key: "p?@new", Name: "新人"},
		Sender:  event.Person{Key: "p?@new", Nickname: "新人"},
		Request: &event.Request{Text: "我想加入读书会", Source: "group", User: "@new", Ticket: "v4_x@stranger"},
	}
	if diff := cmp.Diff(want, ev); diff != "" {
		t.Error(diff)
	}
}

func TestRecall(t *testing.T) {
	for name, tt := range map[string]struct {
		m      wx.Message
		sender event.Person
		bySelf bool
	}{
		"friend":           {private(wx.Message{Recall: &wx.Recall{MsgID: "5", Notice: `"小明" 撤回了一条消息`}}), event.Person{Key: "p1", Nickname: "明明", Remark: "小明", IsFriend: true}, false},
		"group member":     {inGroup(wx.Message{Recall: &wx.Recall{MsgID: "5", Notice: `"小明" 撤回了一条消息`}}), event.Person{Key: "p1", Nickname: "明明", Remark: "小明", IsFriend: true}, false},
		"unknown member":   {inGroup(wx.Message{Recall: &wx.Recall{MsgID: "5", Notice: `"路人" 撤回了一条消息`}}), event.Person{Nickname: "路人"}, false},
		"the owner":        {inGroup(wx.Message{Recall: &wx.Recall{MsgID: "5", Notice: "你撤回了一条消息"}}), event.Person{Key: "self", Nickname: "机器人", Card: "小助手"}, true},
		"English":          {inGroup(wx.Message{Recall: &wx.Recall{MsgID: "5", Notice: `"小明" recalled a message`}}), event.Person{Key: "p1", Nickname: "明明", Remark: "小明", IsFriend: true}, false},
		"owner, English":   {inGroup(wx.Message{Recall: &wx.Recall{MsgID: "5", Notice: "You recalled a message"}}), event.Person{Key: "self", Nickname: "机器人", Card: "小助手"}, true},
		"has recalled":     {inGroup(wx.Message{Recall: &wx.Recall{MsgID: "5", Notice: `"路人" has recalled a message.`}}), event.Person{Nickname: "路人"}, false},
		"traditional":      {inGroup(wx.Message{Recall: &wx.Recall{MsgID: "5", Notice: `「路人」收回了一則訊息`}}), event.Person{Nickname: "路人"}, false},
		"verb in the name": {inGroup(wx.Message{Recall: &wx.Recall{MsgID: "5", Notice: `"他撤回了" 撤回了一条消息`}}), event.Person{Nickname: "他撤回了"}, false},
		"without a notice": {inGroup(wx.Message{Recall: &wx.Recall{MsgID: "5"}}), event.Person{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			tt.m.Type = wx.MsgRecalled
			ev := one(t, tt.m)
			if ev.Kind != event.KindRecalled || ev.Recalled.MessageID != "5" || ev.BySelf != tt.bySelf {
				t.Errorf("got %+v", ev)
			}
			if diff := cmp.Diff(tt.sender, ev.Sender); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSystemTexts(t *testing.T) {
	type sys = classify.System
	joined := func(by, via string, me bool, names ...string) sys {
		return sys{Kind: event.KindMemberJoined, By: by, Via: via, Me: me, Names: names}
	}
	for text, want := range map[string]sys{
		`你邀请"甲、乙"加入了群聊  `:                                                           joined("", "invite", true, "甲", "乙"),
		`你邀请"甲"加入了群聊  $revoke$`:                                                     joined("", "invite", true, "甲"),
		`"X"邀请"甲、乙"加入了群聊`:                                                           joined("X", "invite", false, "甲", "乙"),
		`"X"邀請"甲"加入了群聊`:                                                             joined("X", "invite", false, "甲"),
		`「X」邀請「甲、乙」加入了群組`:                                                           joined("X", "invite", false, "甲", "乙"),
		`「X」邀請你加入了群組，群組參與人還有：甲、乙`:                                                   {Kind: event.KindJoined, By: "X", Me: true, Via: "invite"},
		`「X」邀請你和「甲」加入了群組`:                                                           {Kind: event.KindJoined, By: "X", Me: true, Via: "invite", Names: []string{"甲"}},
		`「甲」透過掃描「X」分享的QR碼加入群組`:                                                      joined("X", "qrcode", false, "甲"),
		`「甲」透過掃描你分享的行動條碼加入群組`:                                                       joined("", "qrcode", true, "甲"),
		`「X」修改群組名稱為「新名」`:                                                            {Kind: event.KindGroupRenamed, By: "X", Topic: "新名"},
		`你已被「X」移出群組`:                                                                {Kind: event.KindRemoved, By: "X", Me: true},
		`你將「甲」移出了群組`:                                                                {Kind: event.KindMemberLeft, Names: []string{"甲"}, Me: true},
		`你已新增甲，現在可以開始聊天了。`:                                                          {Kind: event.KindFriendAdded, Names: []string{"甲"}},
		"You invited A、B to the group chat.   ":                                     joined("", "invite", true, "A", "B"),
		`X invited A、B to the group chat`:                                           joined("X", "invite", false, "A", "B"),
		`"X" invited "A" to the group chat`:                                         joined("X", "invite", false, "A"),
		`"X"邀请你加入了群聊，群聊参与人还有：A、B`:                                                   {Kind: event.KindJoined, By: "X", Me: true, Via: "invite"},
		`X invited you to a group chat with A、B`:                                    {Kind: event.KindJoined, By: "X", Me: true, Via: "invite"},
		`"X"邀请你和"A"加入了群聊`:                                                           {Kind: event.KindJoined, By: "X", Names: []string{"A"}, Me: true, Via: "invite"},
		`X invited you and A to the group chat`:                                     {Kind: event.KindJoined, By: "X", Names: []string{"A"}, Me: true, Via: "invite"},
		`"A"通过扫描你分享的二维码加入群聊  `:                                                      joined("", "qrcode", true, "A"),
		`" A"通过扫描你分享的二维码加入群聊`:                                                       joined("", "qrcode", true, "A"),
		`" A"通过扫描"X"分享的二维码加入群聊`:                                                     joined("X", "qrcode", false, "A"),
		`"A" joined group chat via the QR code you shared.  `:                       joined("", "qrcode", true, "A"),
		`"A" joined the group chat via the QR Code shared by "X".`:                  joined("X", "qrcode", false, "A"),
		`你将"A"移出了群聊`:                                                                {Kind: event.KindMemberLeft, Names: []string{"A"}, Me: true},
		`You removed "A" from the group chat`:                                       {Kind: event.KindMemberLeft, Names: []string{"A"}, Me: true},
		`你被"X"移出群聊`:                                                                 {Kind: event.KindRemoved, By: "X", Me: true},
		`You were removed from the group chat by "X"`:                               {Kind: event.KindRemoved, By: "X", Me: true},
		`"X"修改群名为“新群”`:                                                              {Kind: event.KindGroupRenamed, By: "X", Topic: "新群"},
		`你修改群名为“新群”`:                                                                {Kind: event.KindGroupRenamed, Topic: "新群", Me: true},
		`"X" changed the group name to "New"`:                                       {Kind: event.KindGroupRenamed, By: "X", Topic: "New"},
		`You changed the group name to "New"`:                                       {Kind: event.KindGroupRenamed, Topic: "New", Me: true},
		`你已添加了小红，现在可以开始聊天了。`:                                                        {Kind: event.KindFriendAdded, Names: []string{"小红"}},
		`你已添加了 xxx ,现在可以开始聊天了。`:                                                     {Kind: event.KindFriendAdded, Names: []string{"xxx"}},
		`You have added X as your WeChat contact. Start chatting!`:                  {Kind: event.KindFriendAdded, Names: []string{"X"}},
		`小红刚刚把你添加到通讯录，现在可以开始聊天了。`:                                                   {Kind: event.KindFriendAdded, Names: []string{"小红"}},
		`X just added you to his/her contacts list. Send a message to him/her now!`: {Kind: event.KindFriendAdded, Names: []string{"X"}},
		`我通过了你的朋友验证请求，现在我们可以开始聊天了`:                                                  {Kind: event.KindFriendAdded},
		`I've accepted your friend request. Now let's chat!`:                        {Kind: event.KindFriendAdded},
		`X开启了朋友验证，你还不是他（她）朋友。请先发送朋友验证请求，对方验证通过后，才能聊天。`:              {Kind: event.KindFriendLost, Names: []string{"X"}},
		`X has enabled Friend Confirmation. Please send a request.`: {Kind: event.KindFriendLost, Names: []string{"X"}},
		`消息已发出，但被对方拒收了。`:                                            {Kind: event.KindFriendLost},
		`收到红包，请在手机上查看`:                                              {Kind: event.KindRedPacket},
		`发出红包，请在手机上查看`:                                              {Kind: event.KindRedPacket, Me: true},
		`你拍了拍 "B"`:                                                  {Kind: event.KindTickled, Names: []string{"B"}},
		`“收到红包，” 拍了拍我`:                                              {Kind: event.KindTickled, By: "收到红包，", Me: true},
		// A group's name may look like any other text.
		`"X"修改群名为“"Y"邀请"Z"加入了群聊”`:                                       {Kind: event.KindGroupRenamed, By: "X", Topic: `"Y"邀请"Z"加入了群聊`},
		`"X"修改群名为“Y邀请你加入了群聊，来”`:                                         {Kind: event.KindGroupRenamed, By: "X", Topic: "Y邀请你加入了群聊，来"},
		`"X" changed the group name to "Y invited Z to the group chat"`: {Kind: event.KindGroupRenamed, By: "X", Topic: "Y invited Z to the group chat"},
		`"A" 拍了拍 "B"`: {Kind: event.KindTickled, By: "A", Names: []string{"B"}},
		`"A" 拍了拍我`:    {Kind: event.KindTickled, By: "A", Me: true},
		`"A"拍拍你的肩膀`:   {Kind: event.KindTickled, By: "A", Me: true},
		`如果陌生人主动添加你为朋友，请谨慎核实对方身份。`:   {},
		`xxx与群里其他人都不是微信朋友关系，请注意隐私安全`: {},
		`发送消息过于频繁，可稍后再试。`:            {},
		``: {},
	} {
		if diff := cmp.Diff(want, classify.ParseSystemText(text)); diff != "" {
			t.Errorf("%q:\n%s", text, diff)
		}
	}
}

func TestSystemMessagesBecomeEvents(t *testing.T) {
	ming := event.Person{Key: "p1", Nickname: "明明", Remark: "小明", IsFriend: true}
	chat := event.Chat{Kind: event.ChatGroup, Key: "g1", Name: "客户一群"}
	me := event.Person{Key: "self", Nickname: "机器人", Card: "小助手"}
	for text, want := range map[string]event.Event{
		`"小明"邀请"丙、丁"加入了群聊`: {Kind: event.KindMemberJoined, Members: &event.Members{
			People: []event.Person{{Nickname: "丙"}, {Nickname: "丁"}}, Inviter: ming, Via: "invite",
		}},
		`"丙"修改群名为“新”`:  {Kind: event.KindGroupRenamed, Renamed: &event.Renamed{Name: "新"}, Sender: event.Person{Nickname: "丙"}},
		`你修改群名为“新”`:    {Kind: event.KindGroupRenamed, Renamed: &event.Renamed{Name: "新"}, BySelf: true},
		`你被"小明"移出群聊`:   {Kind: event.KindRemoved, Members: &event.Members{Inviter: ming}},
		`"小明" 拍了拍我`:    {Kind: event.KindTickled, Tickled: &event.Tickled{Notice: `"小明" 拍了拍我`, Me: true}, Sender: ming},
		`我拍了拍 "小明"`:    {Kind: event.KindTickled, Tickled: &event.Tickled{Notice: `我拍了拍 "小明"`}, Sender: me, BySelf: true},
		`发出红包，请在手机上查看`: {Kind: event.KindRedPacket, Sender: me, BySelf: true, Message: &event.Message{Type: event.TypeOther, Raw: "发出红包，请在手机上查看", Text: "发出红包，请在手机上查看"}},
		`随便什么`:         {Kind: event.KindSystem, Message: &event.Message{Type: event.TypeOther, Raw: "随便什么", Text: "随便什么"}},
	} {
		want.ID, want.Time, want.Chat = "77", at, chat
		if diff := cmp.Diff(want, one(t, system(text))); diff != "" {
			t.Errorf("%q:\n%s", text, diff)
		}
	}
}

// A person may type what WeChat's own texts say; only WeChat's count.
func TestTypedSystemTextIsAMessage(t *testing.T) {
	ev := one(t, wx.Message{Type: wx.MsgText, From: group, Chat: group, Sender: friend, Text: `"X"邀请"甲"加入了群聊`})
	if ev.Kind != event.KindMessage {
		t.Errorf("kind %s", ev.Kind)
	}
}

func TestAcceptedRequestIsAMessageAndAnEvent(t *testing.T) {
	m := private(wx.Message{ID: "9", Type: wx.MsgText, Text: "我通过了你的朋友验证请求，现在我们可以开始聊天了"})
	got := classify.Message(&m, book{})
	if len(got) != 2 || got[0].Kind != event.KindMessage || got[1].Kind != event.KindFriendAdded || got[1].ID != "9#2" {
		t.Errorf("got %+v", got)
	}
}

func TestTickleBySysmsg(t *testing.T) {
	for name, tt := range map[string]struct {
		pat    wx.Pat
		notice string
		sender string
		nick   string
		me     bool
		bySelf bool
	}{
		"names of the session": {wx.Pat{From: friend, To: selfUser, Notice: `"小明" 拍了拍 "机器人"`}, `"小明" 拍了拍 "机器人"`, "p1", "明明", true, false},
		"real ids":             {wx.Pat{From: "wxid_a", To: "wxid_me", Notice: `"路人" 拍了拍我`}, `"路人" 拍了拍我`, "", "路人", true, false},
		"ids in the notice":    {wx.Pat{From: "wxid_a", To: "wxid_me", Notice: `"${wxid_a}" 拍了拍我`}, `"…" 拍了拍我`, "", "", true, false},
		"name in the notice":   {wx.Pat{From: friend, To: "wxid_x", Notice: `"${@friend}" 拍了拍 "${wxid_x}"`}, `"小明" 拍了拍 "…"`, "p1", "明明", false, false},
		"by the account":       {wx.Pat{From: "wxid_me", To: "wxid_a", Notice: `我拍了拍 "路人"`}, `我拍了拍 "路人"`, "self", "机器人", false, true},
		"by the account's id":  {wx.Pat{From: selfUser, To: friend}, "", "self", "机器人", false, true},
		"nothing told":         {wx.Pat{}, "", "", "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			ev := one(t, inGroup(wx.Message{Type: wx.MsgRecalled, Pat: &tt.pat}))
			if ev.Kind != event.KindTickled || ev.Tickled.Notice != tt.notice || ev.Tickled.Me != tt.me || ev.BySelf != tt.bySelf ||
				ev.Sender.Key != tt.sender || ev.Sender.Nickname != tt.nick {
				t.Errorf("got %+v, %+v", ev, ev.Tickled)
			}
		})
	}
}

func TestMention(t *testing.T) {
	names := []string{"小助手", "机器人"}
	for raw, want := range map[string]struct {
		text string
		ok   bool
	}{
		"@小助手\u2005多少钱":       {"多少钱", true},
		"@小助手 多少钱":            {"多少钱", true},
		"@机器人\u2005多少钱":       {"多少钱", true},
		"多少钱 @小助手":            {"多少钱", true},
		"请问@小助手\u2005多少钱":     {"请问多少钱", true},
		"@小助手\u2005@机器人 hi":   {"hi", true},
		"@小助手":                {"", true},
		"@小助手二号\u2005hi":      {"@小助手二号\u2005hi", false},
		"@小助手二号\u2005@小助手 hi": {"@小助手二号\u2005hi", true},
		"@所有人\u2005开会":        {"@所有人\u2005开会", false},
		"小助手 在吗":              {"小助手 在吗", false},
		"a@小助手.com":           {"a@小助手.com", false},
		"":                    {"", false},
	} {
		text, ok := classify.Mention(raw, names...)
		if text != want.text || ok != want.ok {
			t.Errorf("Mention(%q) = %q, %v; want %q, %v", raw, text, ok, want.text, want.ok)
		}
	}
	if _, ok := classify.Mention("@所有人 开会", "所有人"); ok {
		t.Error("@所有人 taken for a mention of a bot of that name")
	}
	if text, ok := classify.Mention("@Mr. 🤖 Bot\u2005hi", "Mr. 🤖 Bot"); !ok || text != "hi" {
		t.Errorf("name with blanks and emoji: %q, %v", text, ok)
	}
}

func TestMentionTakesTheLongerName(t *testing.T) {
	if text, ok := classify.Mention("@小助 手\u2005hi", "小助", "小助 手"); !ok || text != "hi" {
		t.Errorf("%q, %v", text, ok)
	}
}

func TestMentionWhateverTheVariation(t *testing.T) {
	for _, typed := range []string{"@❤Bot hi", "@❤\uFE0FBot hi", "@❤Bot\uFE0F hi"} {
		for _, name := range []string{"❤Bot", "❤\uFE0FBot"} {
			if text, ok := classify.Mention(typed, name); !ok || text != "hi" {
				t.Errorf("Mention(%q, %q) = %q, %v", typed, name, text, ok)
			}
		}
	}
	if _, ok := classify.Mention("@❤Bots hi", "❤Bot"); ok {
		t.Error("a longer name was taken for ours")
	}
}

func FuzzMention(f *testing.F) {
	f.Add("@小助手\u2005多少钱", "小助手", "a ")
	f.Add("x@@a@a b", "a", "")
	f.Fuzz(func(t *testing.T, text, name, before string) {
		left, ok := classify.Mention(text, name)
		if !ok && left != text {
			t.Errorf("no mention, yet %q became %q", text, left)
		}
		if len(left) > len(text) {
			t.Errorf("%q grew to %q", text, left)
		}
		if name == "" || name == "all" || name == "所有人" || strings.Trim(name, "\uFE0F") == "" || !utf8.ValidString(name) {
			return
		}
		if _, ok := classify.Mention(before+"@"+name+"\u2005"+text, name); !ok {
			t.Errorf("%q is not found after %q", name, before)
		}
	})
}

func TestMentionInGroupMessage(t *testing.T) {
	ev := one(t, wx.Message{Type: wx.MsgText, From: group, Chat: group, Sender: friend, Text: "@小助手\u2005多少钱"})
	if m := ev.Message; !m.Mentioned || m.Text != "多少钱" || m.Raw != "@小助手\u2005多少钱" {
		t.Errorf("got %+v", m)
	}
}

func TestWarns(t *testing.T) {
	system := func(text string) event.Event {
		return event.Event{Kind: event.KindSystem, Chat: event.Chat{Kind: event.ChatPrivate}, Message: &event.Message{Raw: text}}
	}
	from := func(kind event.ChatKind, name, text string) event.Event {
		return event.Event{Kind: event.KindMessage, Chat: event.Chat{Kind: kind, Name: name}, Message: &event.Message{Raw: text}}
	}
	inGroup := func(text string) event.Event {
		ev := system(text)
		ev.Chat.Kind = event.ChatGroup
		return ev
	}
	const cheating = "你的微信账号因使用外挂被限制登录"
	for name, c := range map[string]struct {
		ev   event.Event
		want [2]bool // restricted, too often
	}{
		"restricted":                {system(cheating), [2]bool{true, false}},
		"unofficial client":         {system("检测到你使用非官方客户端"), [2]bool{true, false}},
		"too often":                 {system("操作过于频繁，可稍后再试。"), [2]bool{false, true}},
		"traditional":               {system("發送訊息過於頻繁"), [2]bool{false, true}},
		"other notice":              {system("收到红包，请在手机上查看"), [2]bool{false, false}},
		"the WeChat team":           {from(event.ChatSpecial, "微信团队", cheating), [2]bool{true, false}},
		"WeChat's official account": {from(event.ChatOfficial, "微信安全中心", cheating), [2]bool{true, false}},
		"any official account":      {from(event.ChatOfficial, "游戏周刊", "外挂的违规与限制"), [2]bool{false, false}},
		"a friend":                  {from(event.ChatPrivate, "小明", cheating), [2]bool{false, false}},
		"a group":                   {inGroup("你的帐号被限制"), [2]bool{true, false}},
		"a member's name":           {inGroup("\"外挂限制\"与群里其他人都不是微信朋友关系，请注意隐私安全"), [2]bool{false, false}},
	} {
		if r, f := classify.Warns(&c.ev); [2]bool{r, f} != c.want {
			t.Errorf("%s: %v, want %v", name, [2]bool{r, f}, c.want)
		}
	}
}

// WeChat says so in the chat that was written to; an answer would make it worse.
func TestTooFastInTheChatIsNoMessage(t *testing.T) {
	m := wx.Message{ID: "1", Type: wx.MsgText, Text: "发送消息过于频繁，可稍后再试。", From: "@friend", Chat: "@friend", Sender: "@friend"}
	evs := classify.Message(&m, book{})
	if len(evs) != 1 || evs[0].Kind != event.KindSystem {
		t.Errorf("events %+v", evs)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(1, 0, "hi", "@friend", "@self", "@friend")
	f.Add(10000, 0, `"X"邀请"甲"加入了群聊`, "@@group", "@self", "")
	f.Add(49, 2001, "", "", "@@group", "@self")
	f.Fuzz(func(t *testing.T, typ, app int, text, from, to, sender string) {
		m := wx.Message{ID: "1", Type: wx.MsgType(typ), App: wx.AppType(app), Text: text, From: from, To: to, Sender: sender, Chat: from}
		seen := []string{}
		for _, ev := range classify.Message(&m, book{}) {
			if ev.Kind == "" || ev.Chat.Key == "" {
				t.Errorf("event without kind or chat: %+v", ev)
			}
			if slices.Contains(seen, ev.ID) {
				t.Errorf("two events with id %s", ev.ID)
			}
			seen = append(seen, ev.ID)
			if ev.Kind == event.KindMessage && ev.Message.Raw != text {
				t.Errorf("raw text %q became %q", text, ev.Message.Raw)
			}
		}
	})
}

func ExampleMention() {
	text, mentioned := classify.Mention("@小助手\u2005多少钱", "小助手")
	fmt.Println(text, mentioned)
	// Output: 多少钱 true
}
