package wx

import "testing"

func TestKind(t *testing.T) {
	tests := []struct {
		contact  Contact
		kind     string
		official string
	}{
		{Contact{UserName: "@0123"}, "person", "none"},
		{Contact{UserName: "@0123", VerifyFlag: 16}, "person", "none"},
		{Contact{UserName: "@@0123"}, "group", "none"},
		{Contact{UserName: "1@chatroom", VerifyFlag: 0}, "group", "none"},
		{Contact{UserName: "@0123", VerifyFlag: 8}, "official", "subscription"},
		{Contact{UserName: "@0123", VerifyFlag: 24}, "official", "service"},
		{Contact{UserName: "@0123", VerifyFlag: 56}, "official", "team"},
		{Contact{UserName: "@0123", VerifyFlag: 136}, "official", "other"},
		{Contact{UserName: "filehelper"}, "special", "none"},
		{Contact{UserName: "fmessage"}, "special", "none"},
		{Contact{UserName: "weixin", VerifyFlag: 56}, "special", "team"},
		{Contact{UserName: "x@lbsroom"}, "special", "none"},
	}
	for _, tt := range tests {
		if kind, official := tt.contact.Kind().String(), tt.contact.Official().String(); kind != tt.kind || official != tt.official {
			t.Errorf("%s %d: got %s, %s, want %s, %s", tt.contact.UserName, tt.contact.VerifyFlag, kind, official, tt.kind, tt.official)
		}
	}
}

func TestNames(t *testing.T) {
	if got := (Contact{NickName: "nick", RemarkName: "remark"}).Name(); got != "remark" {
		t.Errorf("got %s", got)
	}
	if got := (Contact{NickName: "nick"}).Name(); got != "nick" {
		t.Errorf("got %s", got)
	}
	if got := (Member{NickName: "nick", DisplayName: "card"}).Name(); got != "card" {
		t.Errorf("got %s", got)
	}
	if got := (Member{NickName: "nick"}).Name(); got != "nick" {
		t.Errorf("got %s", got)
	}
}
