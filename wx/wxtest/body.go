package wxtest

import (
	"fmt"
	"strconv"
	"strings"
)

// Text is a typed text.
func Text(s string) Message { return Message{Type: typeText, Text: s} }

// Image is a picture.
func Image() Message {
	return Message{
		Type: typeImage, skew: true, Width: 120, Height: 90,
		XML: "<msg>\n<img length=\"6503\" hdlength=\"0\" />\n<commenturl></commenturl>\n</msg>",
	}
}

// Voice is a voice message of this many milliseconds.
func Voice(millis int) Message {
	return Message{
		Type: typeVoice, VoiceMillis: int64(millis), skew: true,
		XML: fmt.Sprintf(`<msg><voicemsg endflag="1" cancelflag="0" forwardflag="0" voiceformat="4" voicelength="%d" length="%d" bufid="%s" clientmsgid="%s" fromusername="" /></msg>`,
			millis, max(millis*13/10, 1), randomText(digits, 18), randomText(lowerHex, 32)),
	}
}

// Video is a video of this many seconds.
func Video(seconds int) Message { return video(typeVideo, seconds) }

// MicroVideo is a short video (小视频), MsgType 62.
func MicroVideo(seconds int) Message { return video(typeMicroVideo, seconds) }

func video(kind, seconds int) Message {
	return Message{
		Type: kind, PlaySeconds: int64(seconds), Width: 90, Height: 120, skew: true,
		XML: "<msg>\n<img length=\"6503\" hdlength=\"0\" />\n<commenturl></commenturl>\n</msg>",
	}
}

// Emoticon is an animated emoticon (动画表情).
func Emoticon(md5 string, size int) Message {
	m := Message{Type: typeEmoticon, Width: 120, Height: 120, skew: true}
	m.body = func(_ *session, w *wireMessage) string {
		return fmt.Sprintf(`<msg><emoji fromusername = "%[1]s" tousername = "%[2]s" type="2" idbuffer="media:0_0" md5="%[3]s" len = "%[4]d" productid="" androidmd5="%[3]s" androidlen="%[4]d" s60v3md5 = "%[3]s" s60v3len="%[4]d" s60v5md5 = "%[3]s" s60v5len="%[4]d" cdnurl = "http://emoji.qpic.cn/wx_emoji/%[3]s/" designerid = "" thumburl = "" encrypturl = "http://emoji.qpic.cn/wx_emoji/e%[3]s/" aeskey= "%[5]s" ></emoji> <gameext type="0" content="0" ></gameext></msg>`,
			w.FromUserName, w.ToUserName, md5, size, randomText(lowerHex, 32))
	}
	return m
}

// StoreEmoticon is an emoticon of the shop: the web protocol gives it no body
// (section 7.5).
func StoreEmoticon() Message {
	return Message{Type: typeEmoticon, HasProductID: 1, skew: true}
}

// Location is a place, as phones have sent it since about 2017: a text with
// SubMsgType 48.
func Location(x, y float64, label, name string) Message {
	return Message{
		Type: typeText, SubType: typeLocation,
		URL:        fmt.Sprintf("http://apis.map.qq.com/uri/v1/geocoder?coord=%.6f,%.6f", x, y),
		OriContent: locationXML(x, y, label, name),
		Wire:       typed(label) + ":<br/>/cgi-bin/mmwebwx-bin/webwxgetpubliclinkimg?url=xxx&msgid=" + randomText(digits, 18) + "&pictype=location",
	}
}

func locationXML(x, y float64, label, name string) string {
	return fmt.Sprintf("<?xml version=\"1.0\"?>\n<msg>\n\t<location x=\"%.6f\" y=\"%.6f\" scale=\"16\" label=\"%s\" maptype=\"0\" poiname=\"%s\" />\n</msg>\n",
		x, y, attr(label), attr(name))
}

// LocationLink is a place in the old form: a text with a link to a map.
func LocationLink() Message {
	return Text("http://weixin.qq.com/cgi-bin/redirectforward?args=" + randomText(base64Chars, 24))
}

// Location48 is the rare place with a MsgType of its own.
func Location48(x, y float64, label, name string) Message {
	return Message{Type: typeLocation, XML: locationXML(x, y, label, name)}
}

// Card is somebody's name card.
func Card(of *Account) Message {
	m := Message{Type: typeCard, Card: of}
	m.body = func(e *session, _ *wireMessage) string {
		p := of.person
		return fmt.Sprintf(`<?xml version="1.0"?>`+"\n"+`<msg bigheadimgurl="" smallheadimgurl="" username="%s" nickname="%s" shortpy="" alias="%s" imagestatus="3" scene="17" province="%s" city="%s" sign="%s" sex="%d" certflag="%d" certinfo="" brandIconUrl="" brandHomeUrl="" brandSubscriptConfigUrl="" brandFlags="0" regionCode="" />`,
			e.nameOf(of), attr(p.NickName), attr(p.Alias), attr(p.Province), attr(p.City), attr(p.Signature), p.Sex, p.VerifyFlag)
	}
	return m
}

// appXML is the body of an app message; extra goes inside the appmsg element.
func appXML(appID string, kind int, title, des, url, extra, appName string) string {
	return fmt.Sprintf("<msg>\n<appmsg appid=\"%s\" sdkver=\"0\">\n<title>%s</title>\n<des>%s</des>\n<action></action>\n<type>%d</type>\n<showtype>0</showtype>\n<content></content>\n<contentattr>0</contentattr>\n<url>%s</url>\n<lowurl></lowurl>\n%s<extinfo></extinfo>\n<sourceusername></sourceusername>\n<sourcedisplayname></sourcedisplayname>\n<commenturl></commenturl>\n<thumburl></thumburl>\n<md5></md5>\n</appmsg>\n<fromusername></fromusername>\n<scene>0</scene>\n<appinfo>\n<version>1</version>\n<appname>%s</appname>\n</appinfo>\n<commenturl></commenturl>\n</msg>\n",
		attr(appID), attr(title), attr(des), kind, attr(url), extra, attr(appName))
}

const noAttachment = "<appattach>\n<totallen>0</totallen>\n<attachid></attachid>\n<emoticonmd5></emoticonmd5>\n<fileext></fileext>\n</appattach>\n"

// Link is a shared link.
func Link(title, des, url string) Message {
	return Message{Type: typeApp, AppType: 5, FileName: title, URL: url, skew: true, XML: appXML("", 5, title, des, url, noAttachment, "")}
}

// GroupInvitation is the link that invites into a group of more than 40.
func GroupInvitation(by, topic string) Message {
	return Link("邀请你加入群聊", fmt.Sprintf(`"%s"邀请你加入群聊%s，进入可查看详情。`, by, topic), "https://support.weixin.qq.com/cgi-bin/mmsupport-bin/addchatroombyinvite?ticket="+randomText(base64Chars, 16))
}

// Music is a shared song.
func Music(title, artist, url, dataURL string) Message {
	const appID = "wx485a97c844086dc9"
	extra := "<dataurl>" + attr(dataURL) + "</dataurl>\n<lowdataurl>" + attr(dataURL) + "</lowdataurl>\n" + noAttachment
	return Message{
		Type: typeApp, AppType: 3, FileName: title, URL: url, AppID: appID, skew: true,
		XML: appXML(appID, 3, title, artist, url, extra, "摇一摇搜歌"),
	}
}

// File is a file attachment; its content is Data, if any.
func File(name string, size int64) Message {
	ext := ""
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		ext = name[i+1:]
	}
	id := newMediaID()
	attach := fmt.Sprintf("<appattach>\n<totallen>%d</totallen>\n<attachid>%s</attachid>\n<emoticonmd5></emoticonmd5>\n<fileext>%s</fileext>\n</appattach>\n", size, id, attr(ext))
	return Message{
		Type: typeApp, AppType: 6, FileName: name, FileSize: strconv.FormatInt(size, 10), MediaID: id,
		EncryFileName: percentEncode(name), skew: true,
		XML: appXML("wxeb7ec651dd0aefa9", 6, name, "", "", attach, ""),
	}
}

// MiniProgram is a shared mini program.
func MiniProgram(title, name, url string) Message {
	return Message{
		Type: typeApp, AppType: 33, FileName: title, URL: url, skew: true,
		XML: appXML("", 33, title, title, url, noAttachment+"<weappinfo><username>gh_"+randomText(lowerHex, 12)+"@app</username><type>2</type></weappinfo>\n", name),
	}
}

// Quote is a reply that quotes a message. Some sessions get AppMsgType 0 with it:
// add With("AppMsgType", 0).
func Quote(reply string, quoted MsgID, by, text string) Message {
	extra := fmt.Sprintf("<refermsg>\n<type>1</type>\n<svrid>%s</svrid>\n<fromusr></fromusr>\n<chatusr></chatusr>\n<displayname>%s</displayname>\n<content>%s</content>\n</refermsg>\n",
		attr(string(quoted)), attr(by), attr(text))
	return Message{Type: typeApp, AppType: 57, FileName: reply, skew: true, XML: appXML("", 57, reply, "", "", extra, "")}
}

// Unsupported is what arrives for kinds the web does not know, such as forwarded
// chat histories: MsgType 49 with a plain text and no XML (section 12.5).
func Unsupported() Message {
	return Message{Type: typeApp, Text: "该类型暂不支持，请在手机上查看", skew: true}
}

// Channels is a video of the channels (视频号), which the web shows as a plain text.
func Channels() Message {
	return Message{Type: typeApp, Text: "当前微信版本不支持展示该内容，请升级至最新版本。", skew: true}
}

// History is a forwarded chat history with its XML, as some sessions get it.
func History(title, lines string) Message {
	return Message{
		Type: typeApp, FileName: title, skew: true,
		XML: appXML("", 19, title, lines, "https://support.weixin.qq.com/cgi-bin/mmsupport-bin/readtemplate?t=page/favorite_record__w_unsupport", "", ""),
	}
}

// Transfer is a money transfer; the amount is a text such as "￥0.01".
func Transfer(amount, memo string) Message {
	extra := "<wcpayinfo>\n<paysubtype>1</paysubtype>\n<feedesc>" + attr(amount) + "</feedesc>\n<pay_memo>" + attr(memo) + "</pay_memo>\n</wcpayinfo>\n"
	return Message{
		Type: typeApp, AppType: 2000, FileName: "微信转账", skew: true,
		XML: appXML("", 2000, "微信转账", "收到转账"+amount+"元。如需收钱，请点此升级至最新版本", "https://support.weixin.qq.com/cgi-bin/mmsupport-bin/readtemplate?t=page/common_page__upgrade", extra, ""),
	}
}

// RedPacket is a red packet, which comes as a system text.
func RedPacket() Message { return System("收到红包，请在手机上查看") }

// RedPacketApp is a red packet in the form of an app message, AppMsgType 2001.
func RedPacketApp() Message {
	return Message{
		Type: typeApp, AppType: 2001, skew: true,
		XML: appXML("", 2001, "微信红包", "我给你发了一个红包，赶紧去拆!", "https://wxapp.tenpay.com/mmpayhb/wxhb_personalreceive", "", ""),
	}
}

// System is a system text (MsgType 10000).
func System(s string) Message { return Message{Type: typeSystem, Text: s, noPrefix: true} }

// SysNotice is a notice of WeChat's own (MsgType 9999).
func SysNotice(s string) Message { return Message{Type: typeSysNotice, Text: s, noPrefix: true} }

// VoIP is a call (MsgType 50); it comes without content that matters.
func VoIP() Message {
	return Message{Type: typeVoIP, XML: "<voipinvitemsg><roomid>0</roomid><key>0</key><status>1</status><invitetype>1</invitetype></voipinvitemsg>"}
}

// VoIPNotify is MsgType 52.
func VoIPNotify() Message {
	return Message{Type: typeVoIPNotify, XML: "<voiplocalinfo><wordingtype>4</wordingtype><duration>0</duration></voiplocalinfo>"}
}

// VoIPInvite is MsgType 53.
func VoIPInvite() Message {
	return Message{Type: typeVoIPInvite, XML: "<voipinvitemsg><roomid>0</roomid><key>0</key><status>1</status><invitetype>0</invitetype></voipinvitemsg>"}
}

// PossibleFriend is MsgType 40.
func PossibleFriend(of *Account) Message {
	m := Card(of)
	m.Type = typePossible
	return m
}

// Tickle is 拍一拍 in the form of a sysmsg (MsgType 10002), with real ids.
func Tickle(from, to *Account, chat Chat, template string) Message {
	id := ""
	switch c := chat.(type) {
	case *Account:
		id = c.wxid
	case *Group:
		id = c.wxid
	}
	return Message{Type: typeRecall, noPrefix: true, XML: fmt.Sprintf(
		"<sysmsg type=\"pat\"><pat><fromusername>%s</fromusername><chatusername>%s</chatusername><pattedusername>%s</pattedusername><patsuffix><![CDATA[]]></patsuffix><template><![CDATA[%s]]></template></pat></sysmsg>",
		from.wxid, id, to.wxid, template)}
}

func recallMessage(chat string, id MsgID, notice string) Message {
	return Message{Type: typeRecall, noPrefix: true, XML: fmt.Sprintf(
		"<sysmsg type=\"revokemsg\"><revokemsg><session>%s</session><oldmsgid>%s</oldmsgid><msgid>%s</msgid><replacemsg><![CDATA[%s]]></replacemsg></revokemsg></sysmsg>",
		attr(chat), randomText("123456789", 10), attr(string(id)), notice)}
}

// requestMessage is a friend request (section 12.4, type 37).
func requestMessage(a *Account, greeting string) Message {
	m := Message{Type: typeRequest}
	m.body = func(e *session, w *wireMessage) string {
		p := a.person
		w.RecommendInfo = e.recommend(a, 30)
		w.RecommendInfo.Content, w.RecommendInfo.Ticket, w.RecommendInfo.OpCode = named(greeting), text(a.ticket), 2
		w.Ticket = text(a.ticket)
		return fmt.Sprintf(`<msg fromusername="%s" encryptusername="v3_%s@stranger" fromnickname="%s" content="%s" fullpy="" shortpy="" imagestatus="3" scene="30" country="CN" province="%s" city="%s" sign="%s" percard="1" sex="%d" alias="%s" weibo="" weibonickname="" albumflag="0" albumstyle="0" albumbgimgid="" snsflag="1" snsbgimgid="" snsbgobjectid="0" mhash="%s" mfullhash="%s" bigheadimgurl="" smallheadimgurl="" ticket="%s" opcode="2" googlecontact="" qrticket="" chatroomusername="" sourceusername="" sourcenickname=""><brandlist count="0" ver="0"></brandlist></msg>`,
			attr(a.wxid), randomText(lowerHex, 64), attr(p.NickName), attr(greeting), attr(p.Province), attr(p.City), attr(p.Signature),
			p.Sex, attr(p.Alias), randomText(lowerHex, 32), randomText(lowerHex, 32), a.ticket)
	}
	return m
}

// recommend is the RecommendInfo of a person.
func (e *session) recommend(a *Account, scene int) wireRecommend {
	p := a.person
	return wireRecommend{
		UserName: text(e.nameOf(a)), NickName: named(p.NickName), Province: text(p.Province), City: text(p.City),
		Signature: named(p.Signature), Alias: text(p.Alias), Scene: scene, VerifyFlag: p.VerifyFlag,
		AttrStatus: a.attrStatus(), Sex: p.Sex,
	}
}

// statusNotify is what a type-51 message lists.
type statusNotify struct {
	code  int
	chats []Chat
}

func (n *statusNotify) names(e *session) []string {
	out := make([]string, len(n.chats))
	for i, c := range n.chats {
		out[i] = e.nameOf(c)
	}
	return out
}

func (n *statusNotify) ids() []string {
	out := make([]string, len(n.chats))
	for i, c := range n.chats {
		switch c := c.(type) {
		case *Account:
			out[i] = c.wxid
		case *Group:
			out[i] = c.wxid
		}
	}
	return out
}

// StatusNotify is a type-51 message. With code 4 it lists chats by their user
// names and, in its body and in the same order, by their real ids (section
// 12.9); with 2 and 5 it tells that the phone entered or left a chat.
func StatusNotify(code int, chats ...Chat) Message {
	n := &statusNotify{code: code, chats: chats}
	m := Message{Type: typeStatusNotify, notify: n, noPrefix: true}
	if code != 4 {
		m.selector = selectorEnter
	}
	m.XML = fmt.Sprintf("<msg>\n<op id='%d'>\n<username>\n%s\n</username>\n<unreadchatlist>\n</unreadchatlist>\n<unreadfunctionlist>\n</unreadfunctionlist>\n</op>\n</msg>", code, strings.Join(n.ids(), ","))
	return m
}

// Raw is a message made of fields of the wire object alone; those not named have
// their empty values.
func Raw(fields map[string]any) Message {
	return Message{Type: typeText}.With("Status", 3).merge(fields)
}

func (m Message) merge(fields map[string]any) Message {
	for k, v := range fields {
		m = m.With(k, v)
	}
	return m
}

func percentEncode(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; strings.IndexByte(lowerDigits, c|0x20) >= 0 && c < 128 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
