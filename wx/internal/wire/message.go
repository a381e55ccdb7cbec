package wire

// Msg is an entry of AddMsgList (section 12.1), of which the parts that are used.
// Content and names are as on the wire.
type Msg struct {
	MsgID                Text `json:"MsgId"`
	NewMsgID             Text `json:"NewMsgId"` // a number up to 2^63, kept digit by digit
	FromUserName         Text
	ToUserName           Text
	MsgType              Number
	Content              Text
	CreateTime           Number
	VoiceLength          Number // milliseconds
	PlayLength           Number // seconds
	FileName             Text
	FileSize             Text
	MediaID              Text `json:"MediaId"`
	URL                  Text `json:"Url"`
	AppMsgType           Number
	StatusNotifyCode     Number
	StatusNotifyUserName Text
	RecommendInfo        RecommendInfo
	HasProductID         Number `json:"HasProductId"`
	Ticket               Text
	ImgHeight            Number
	ImgWidth             Number
	SubMsgType           Number
	OriContent           Text
	EncryFileName        Text
	AppInfo              AppInfo
}

// RecommendInfo is the person of a card or friend request.
type RecommendInfo struct {
	UserName   Text
	NickName   Text
	Province   Text
	City       Text
	Content    Text
	Signature  Text
	Alias      Text
	Scene      Number
	VerifyFlag Number
	Sex        Number
	Ticket     Text
}

// AppInfo is the application that shared an app message.
type AppInfo struct {
	AppID Text
	Type  Number
}
