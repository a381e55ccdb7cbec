package wire

import (
	"strconv"
	"strings"
)

// BaseRequest stands in every JSON request (section 2.1).
type BaseRequest struct {
	Uin      int64
	Sid      string
	Skey     string
	DeviceID string
}

// KeyValue is one entry of a SyncKey.
type KeyValue struct {
	Key Number
	Val Number
}

// SyncKey is a position of the sync loop (section 6.2).
type SyncKey struct {
	Count Number
	List  []KeyValue
}

// Param gives the position as synccheck wants it: k_v|k_v, not yet
// percent-encoded.
func (k SyncKey) Param() string {
	var b strings.Builder
	for i, kv := range k.List {
		if i > 0 {
			b.WriteByte('|')
		}
		b.WriteString(strconv.FormatInt(int64(kv.Key), 10))
		b.WriteByte('_')
		b.WriteString(strconv.FormatInt(int64(kv.Val), 10))
	}
	return b.String()
}

// InitRequest is the body of webwxinit (section 4.1).
type InitRequest struct {
	BaseRequest BaseRequest
}

// StatusNotifyRequest is the body of webwxstatusnotify (section 4.2).
type StatusNotifyRequest struct {
	BaseRequest  BaseRequest
	Code         int
	FromUserName string
	ToUserName   string
	ClientMsgID  int64 `json:"ClientMsgId"`
}

// BatchEntry names one contact for webwxbatchgetcontact.
type BatchEntry struct {
	UserName        string
	EncryChatRoomID string `json:"EncryChatRoomId"`
}

// BatchRequest is the body of webwxbatchgetcontact (section 5.2).
type BatchRequest struct {
	BaseRequest BaseRequest
	Count       int
	List        []BatchEntry
}

// SyncRequest is the body of webwxsync (section 6.2).
type SyncRequest struct {
	BaseRequest BaseRequest
	SyncKey     SyncKey
	RR          int32 `json:"rr"`
}

// TextMsg is the message of webwxsendmsg (section 7.2).
type TextMsg struct {
	Type         int
	Content      string
	FromUserName string
	ToUserName   string
	LocalID      string
	ClientMsgID  string `json:"ClientMsgId"`
}

// EmoticonMsg is the message of webwxsendemoticon (section 7.5): with either
// EMoticonMd5 or MediaId.
type EmoticonMsg struct {
	Type         int
	EmojiFlag    int
	EMoticonMd5  string `json:"EMoticonMd5,omitempty"`
	MediaID      string `json:"MediaId,omitempty"`
	FromUserName string
	ToUserName   string
	LocalID      string
	ClientMsgID  string `json:"ClientMsgId"`
}

// MediaMsg is the message of webwxsendmsgimg and webwxsendvideomsg (sections 7.3
// and 7.4): with either MediaId or, to forward, the Content received.
type MediaMsg struct {
	Type         int
	MediaID      string `json:"MediaId,omitempty"`
	Content      string
	FromUserName string
	ToUserName   string
	LocalID      string
	ClientMsgID  string `json:"ClientMsgId"`
}

// AppMsg is the message of webwxsendappmsg (section 7.6). Signature is that of
// webwxcheckupload.
type AppMsg struct {
	Type         int
	Content      string
	Signature    string `json:",omitempty"`
	FromUserName string
	ToUserName   string
	LocalID      string
	ClientMsgID  string `json:"ClientMsgId"`
}

// SendRequest is the body of the send endpoints (section 7.1).
type SendRequest[M TextMsg | EmoticonMsg | MediaMsg | AppMsg] struct {
	BaseRequest BaseRequest
	Msg         M
	Scene       int
}

// RevokeRequest is the body of webwxrevokemsg (section 7.7).
type RevokeRequest struct {
	BaseRequest BaseRequest
	SvrMsgID    string `json:"SvrMsgId"`
	ToUserName  string
	ClientMsgID string `json:"ClientMsgId"`
}

// VerifyUser names a person in webwxverifyuser.
type VerifyUser struct {
	Value            string
	VerifyUserTicket string
}

// VerifyRequest is the body of webwxverifyuser (section 10.1).
type VerifyRequest struct {
	BaseRequest        BaseRequest
	Opcode             int
	VerifyUserListSize int
	VerifyUserList     []VerifyUser
	VerifyContent      string
	SceneListCount     int
	SceneList          []int
	Skey               string `json:"skey"`
}

// RemarkRequest is the body of webwxoplog with CmdId 2 (section 10.2).
type RemarkRequest struct {
	BaseRequest BaseRequest
	CmdID       int `json:"CmdId"`
	RemarkName  string
	UserName    string
}

// PinRequest is the body of webwxoplog with CmdId 3 (section 10.2). RemarkName is
// the remark that holds: an empty one takes it away.
type PinRequest struct {
	BaseRequest BaseRequest
	CmdID       int `json:"CmdId"`
	OP          int // 1 pins, 0 unpins
	RemarkName  string
	UserName    string
}

// RoomEntry names somebody for webwxcreatechatroom.
type RoomEntry struct {
	UserName string
}

// CreateRoomRequest is the body of webwxcreatechatroom (section 10.3).
type CreateRoomRequest struct {
	BaseRequest BaseRequest
	MemberCount int
	MemberList  []RoomEntry
	Topic       string
}

// UpdateRoomRequest is the body of webwxupdatechatroom (section 10.4), with one of
// the last three fields. Lists are joined by commas.
type UpdateRoomRequest struct {
	BaseRequest      BaseRequest
	ChatRoomName     string
	AddMemberList    string `json:",omitempty"`
	InviteMemberList string `json:",omitempty"`
	NewTopic         string `json:",omitempty"`
}

// UploadMediaRequest is the form field uploadmediarequest (section 8.1); it is
// the same text for every chunk.
type UploadMediaRequest struct {
	UploadType    int
	BaseRequest   BaseRequest
	ClientMediaID int64 `json:"ClientMediaId"`
	TotalLen      int64
	StartPos      int64
	DataLen       int64
	MediaType     int
	FromUserName  string
	ToUserName    string
	FileMd5       string
	AESKey        string `json:",omitempty"` // of webwxcheckupload
	Signature     string `json:",omitempty"`
}

// CheckUploadRequest is the body of webwxcheckupload (section 8.3).
type CheckUploadRequest struct {
	BaseRequest  BaseRequest
	FileMd5      string
	FileName     string
	FileSize     int64
	FileType     int
	FromUserName string
	ToUserName   string
}
