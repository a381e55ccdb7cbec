package wire

// Contact is the part of a contact object that is used (section 5.1). Names are
// as on the wire: they hold HTML.
type Contact struct {
	Uin             Number
	UserName        Text
	NickName        Text
	HeadImgURL      Text `json:"HeadImgUrl"`
	ContactFlag     Number
	MemberCount     Number
	MemberList      List[Member]
	RemarkName      Text
	Sex             Number
	Signature       Text
	VerifyFlag      Number
	OwnerUin        Number
	ChatRoomOwner   Text   // of a group, from webwxbatchgetcontact
	Statues         Number // spelled so by the server
	AttrStatus      Number
	Province        Text
	City            Text
	Alias           Text
	DisplayName     Text
	KeyWord         Text
	EncryChatRoomID Text `json:"EncryChatRoomId"`
	IsOwner         Number
}

// Member is an entry of a group's MemberList (section 5.2).
type Member struct {
	UserName    Text
	NickName    Text
	DisplayName Text
	AttrStatus  Number
}

// Deleted is an entry of DelContactList (section 6.2).
type Deleted struct {
	UserName Text
}
