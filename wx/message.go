package wx

import "time"

// MsgType is the MsgType field of a received message (protocol section 12.4).
type MsgType int

// The message types that the web protocol delivers.
const (
	MsgText           MsgType = 1
	MsgImage          MsgType = 3
	MsgVoice          MsgType = 34
	MsgVerify         MsgType = 37 // friend request
	MsgPossibleFriend MsgType = 40
	MsgCard           MsgType = 42
	MsgVideo          MsgType = 43
	MsgEmoticon       MsgType = 47
	MsgLocation       MsgType = 48
	MsgApp            MsgType = 49
	MsgVoIP           MsgType = 50
	MsgStatusNotify   MsgType = 51
	MsgVoIPNotify     MsgType = 52
	MsgVoIPInvite     MsgType = 53
	MsgMicroVideo     MsgType = 62
	MsgSysNotice      MsgType = 9999
	MsgSystem         MsgType = 10000
	MsgRecalled       MsgType = 10002 // recalls and other sysmsg XML
)

// AppType is the kind of an app message (MsgType 49). It is read from the XML,
// since the AppMsgType field may be 0 (protocol section 12.5).
type AppType int

// The kinds of app message that clients have met.
const (
	AppText        AppType = 1
	AppImage       AppType = 2
	AppMusic       AppType = 3
	AppVideo       AppType = 4
	AppLink        AppType = 5
	AppFile        AppType = 6
	AppOpen        AppType = 7
	AppEmoticon    AppType = 8
	AppVoiceRemind AppType = 9
	AppScanGood    AppType = 10
	AppGood        AppType = 13
	AppEmotion     AppType = 15
	AppCard        AppType = 16
	AppRealtime    AppType = 17 // real-time location
	AppHistory     AppType = 19
	AppMini33      AppType = 33
	AppMini36      AppType = 36
	AppChannels    AppType = 51
	AppGroupNote   AppType = 53
	AppQuote       AppType = 57
	AppTransfer    AppType = 2000
	AppRedPacket   AppType = 2001
	AppReader      AppType = 100001
)

// Message is one entry of AddMsgList, decoded. Which of the pointer parts is set
// follows from Type and App; a body that could not be read leaves them nil and
// Text holding what there was, never an error.
type Message struct {
	ID   string // MsgId: de-duplicates, and names the message for downloads
	Type MsgType
	App  AppType // for MsgApp; 0 if the body was plain text

	From, To string // user names of this session
	// Chat is the user name of the conversation: the group, or the other side.
	Chat string
	// Sender is who wrote it: a group member, the other side, or the account
	// itself. It is empty for system texts in groups.
	Sender   string
	FromSelf bool // the account itself wrote it, on another device

	Time time.Time // CreateTime, server time, seconds

	// Text is the readable content: the decoded text of a text or system
	// message, the title of a link, the label of a location.
	Text string

	// Original is the XML of a picture, video or location as it came, without
	// which Client.Forward cannot send it on.
	Original string

	Location *Location
	Link     *Link      // links, music, mini programs, channels, anything with a title and perhaps a URL
	File     *File      // AppFile
	Quote    *Quote     // AppQuote
	Emoticon *Emoticon  // MsgEmoticon
	Media    *Media     // MsgImage, MsgVoice, MsgVideo, MsgMicroVideo
	Card     *Recommend // MsgCard
	Request  *Recommend // MsgVerify
	Recall   *Recall    // MsgRecalled with a revokemsg
	Pat      *Pat       // MsgRecalled with a pat
	Notify   *Notify    // MsgStatusNotify
	Transfer *Transfer  // AppTransfer
}

// Location is a shared place (SubMsgType 48, MsgType 48, or the old redirect link).
type Location struct {
	X, Y  float64 // latitude and longitude, 0 if not told
	Scale int
	Label string
	Name  string // poiname
	URL   string
}

// Link is an app message that shows a title and perhaps leads somewhere.
type Link struct {
	Title, Description, URL string
	DataURL                 string // music: the sound itself
	Source                  string // name of the app or account that shared it
	AppID                   string
}

// File is a received file (AppFile).
type File struct {
	Name, Ext string
	Size      int64 // bytes
	MediaID   string
	// EncryName is the EncryFileName field, needed to fetch the file (FileOf).
	EncryName string
}

// Quote is what a quoted reply answers (AppQuote). The reply itself is
// Message.Text.
type Quote struct {
	MsgID       string // svrid
	DisplayName string
	Text        string
	Type        int
}

// Emoticon names an emoticon, received or to be sent.
type Emoticon struct {
	MD5    string
	Size   int64
	CDNURL string
	// Store: it belongs to an emoticon of the shop, which the web protocol can
	// neither fetch nor send (HasProductId is not 0).
	Store bool
	// MediaID of an uploaded gif; for sending, instead of MD5.
	MediaID string
}

// Media describes a picture, voice or video. Client.Fetch gets the content.
type Media struct {
	Size     int64         // bytes, 0 if not told
	Duration time.Duration // voice: VoiceLength; video: PlayLength
	Width    int
	Height   int
}

// Recommend is a card or the person behind a friend request (RecommendInfo).
type Recommend struct {
	UserName, NickName, Alias string
	Province, City, Signature string
	Content                   string // the greeting of a friend request
	Ticket                    Secret // friend request: VerifyUserTicket for accepting
	Sex                       int
	Scene                     int
	VerifyFlag                int
}

// Recall names a message that was withdrawn.
type Recall struct {
	MsgID  string // MsgId of the withdrawn message; "0" or "" is the account's last own one
	Notice string // e.g. `"X" 撤回了一条消息`
}

// Pat is a tickle (拍一拍) by sysmsg.
type Pat struct {
	From, To, Chat string // as the body has them: user names or real ids
	Notice         string
}

// Notify is a status notification (MsgType 51).
type Notify struct {
	Code NotifyCode
	// IDs pairs user names of this session with the real ids (wxid_…,
	// …@chatroom, gh_…), the only place where the protocol shows them
	// (protocol section 12.9). Empty unless Code is NotifyConversations.
	IDs map[string]string
	// UserNames is the list of conversations in the order received.
	UserNames []string
}

// NotifyCode is the StatusNotifyCode of a status notification.
type NotifyCode int

// The status notify codes (protocol section 4.2).
const (
	NotifyRead          NotifyCode = 1
	NotifyEnter         NotifyCode = 2
	NotifyInited        NotifyCode = 3
	NotifyConversations NotifyCode = 4
	NotifyQuit          NotifyCode = 5
)

// Transfer is a money transfer notice; the amount is text as shown, and may be
// missing.
type Transfer struct {
	Amount string
	Memo   string
}
