package wire

import "errors"

// BaseResponse stands in every JSON answer (section 2.4).
type BaseResponse struct {
	Ret    *Number
	ErrMsg Text
}

// Answer is the part that all JSON answers share.
type Answer struct {
	BaseResponse *BaseResponse
}

// Ret is the code of the answer (section 13.1).
func (a *Answer) Ret() int { return int(*a.BaseResponse.Ret) }

// ErrMsg is the text that came with the code, nearly always empty.
func (a *Answer) ErrMsg() string { return string(a.BaseResponse.ErrMsg) }

func (a *Answer) positive() bool {
	return a.BaseResponse != nil && a.BaseResponse.Ret != nil
}

// Coded is a JSON answer with a BaseResponse. The types of this file that embed
// Answer have it.
type Coded interface {
	Ret() int
	ErrMsg() string
	positive() bool
}

// Decode reads a JSON answer. One that is no JSON object, or has no Ret, is an
// error; one whose Ret is not 0 is not.
func Decode(body []byte, into Coded) error {
	if err := unmarshal(body, into); err != nil {
		return err
	}
	if !into.positive() {
		return errors.New("no Ret in the answer")
	}
	return nil
}

// InitResponse is the answer of webwxinit (section 4.1).
type InitResponse struct {
	Answer
	User        Contact
	ContactList List[Contact]
	SyncKey     SyncKey
	ChatSet     Text
	SKey        Text
	SystemTime  Number // seconds
}

// ContactsResponse is the answer of webwxgetcontact (section 5.1).
type ContactsResponse struct {
	Answer
	MemberList List[Contact]
	Seq        Number // 0 on the last page
}

// BatchResponse is the answer of webwxbatchgetcontact (section 5.2).
type BatchResponse struct {
	Answer
	ContactList List[Contact]
}

// Buff is a text in a box, as Profile has them.
type Buff struct {
	Buff Text
}

// Profile tells of a change of the own account (section 6.2).
type Profile struct {
	BitFlag   Number
	NickName  Buff
	Signature Text
}

// SyncResponse is the answer of webwxsync (section 6.2).
type SyncResponse struct {
	Answer
	AddMsgList     List[Msg]
	ModContactList List[Contact]
	DelContactList List[Deleted]
	Profile        Profile
	ContinueFlag   Number
	SyncKey        SyncKey
	SyncCheckKey   SyncKey
	SKey           Text
}

// SendResponse is the answer of the send endpoints (section 7.1).
type SendResponse struct {
	Answer
	MsgID   Text
	LocalID Text
}

// UploadResponse is the answer of webwxuploadmedia (section 8.1).
type UploadResponse struct {
	Answer
	MediaID Text `json:"MediaId"`
}

// CheckUploadResponse is the answer of webwxcheckupload (section 8.3). A MediaId
// says that the server has the file already.
type CheckUploadResponse struct {
	Answer
	MediaID   Text `json:"MediaId"`
	AESKey    Text
	Signature Text
}

// RoomMember is an entry of MemberList in a RoomResponse.
type RoomMember struct {
	UserName     Text
	MemberStatus Number
}

// RoomResponse is the answer of webwxcreatechatroom and webwxupdatechatroom
// (sections 10.3 and 10.4).
type RoomResponse struct {
	Answer
	ChatRoomName Text
	MemberList   List[RoomMember]
}

// PlainResponse is an answer of which only the code is wanted.
type PlainResponse struct {
	Answer
}
