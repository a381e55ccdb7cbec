package rules_test

import (
	"strings"
	"testing"

	"wxbot/bot/event"
	"wxbot/bot/rules"
)

func TestUnfitNamesWhatAModeCannotServe(t *testing.T) {
	helper := event.Capabilities{
		Mode: "filehelper", Chats: []event.ChatKind{event.ChatSelf}, SelfIsPrivate: true, Unsolicited: true,
		Media: []event.MessageType{event.TypeSticker},
	}
	bare := helper
	bare.Media, bare.SelfIsPrivate = nil, false
	all := event.Capabilities{
		Mode: "web", Chats: []event.ChatKind{event.ChatPrivate, event.ChatGroup, event.ChatSelf},
		Friends: true, Groups: true, Revoke: true, Media: []event.MessageType{event.TypeSticker},
	}
	for name, tt := range map[string]struct {
		rule string
		caps event.Capabilities
		want string // "" if it fits
	}{
		"private rule":             {`{exact: x, reply: y}`, helper, ""},
		"private rule, not there":  {`{exact: x, reply: y}`, bare, "never fires: there is no private chat"},
		"self rule":                {`{chat: self, exact: x, reply: y}`, bare, ""},
		"group rule":               {`{group: 家, exact: x, reply: y}`, helper, "never fires: there is no group chat"},
		"group or private":         {`{chat: [private, group], exact: x, reply: y}`, helper, ""},
		"official rule":            {`{chat: official, exact: x, reply: y}`, helper, "no official chat"},
		"one of several blocks":    {`{when: [{group: 家, exact: x}, {exact: x}], reply: y}`, helper, ""},
		"friend request":           {`{event: friend_request, do: [accept]}`, helper, "never fires: friend_request does not happen"},
		"newcomers":                {`{event: member_joined, group: "*", reply: y}`, helper, "never fires: member_joined does not happen"},
		"one of several events":    {`{event: [message, friend_request], reply: y}`, helper, ""},
		"login":                    {`{event: login, do: [{notify: y}]}`, bare, ""},
		"remark":                   {`{exact: x, do: [{remark: y}]}`, helper, "remark comes to nothing"},
		"send to a person":         {`{exact: x, do: [{send: {to: 小明, text: y}}]}`, helper, `send to "小明" comes to nothing`},
		"send to the file helper":  {`{exact: x, do: [{send: {to: filehelper, text: y}}]}`, helper, ""},
		"revoke after":             {`{exact: x, reply: {text: y, revoke_after: 1m}}`, helper, "revoke_after comes to nothing"},
		"sticker":                  {`{exact: x, reply: {sticker: "md5:00000000000000000000000000000000"}}`, helper, ""},
		"sticker that cannot be":   {`{chat: self, exact: x, reply: {sticker: "md5:00000000000000000000000000000000"}}`, bare, "sticker comes to nothing"},
		"scheduled":                {`{name: s, at: 08:30, do: [{send: {to: filehelper, text: y}}]}`, bare, ""},
		"scheduled, for a group":   {`{name: s, at: 08:30, do: [{send: {to: 家, text: y}}]}`, helper, `send to "家" comes to nothing`},
		"invite":                   {`{exact: x, do: [{invite: 家}]}`, helper, "invite comes to nothing"},
		"picture":                  {`{exact: x, reply: {image: https://example.com/a.png}}`, helper, "image comes to nothing"},
		"a rule that is off":       {`{enabled: false, group: 家, exact: x, reply: y}`, helper, ""},
		"everything can be served": {`{group: 家, exact: x, do: [{send: {to: 小明, text: y}}]}`, all, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := parse(t, "- "+tt.rule).Unfit(tt.caps)
			switch {
			case tt.want == "" && len(got) != 0:
				t.Errorf("%s", got)
			case tt.want != "" && (len(got) != 1 || !strings.Contains(got[0].Text.String(), "in mode "+tt.caps.Mode) || !strings.Contains(got[0].Text.String(), tt.want)):
				t.Errorf("got %s, want one with %q", got, tt.want)
			case tt.want != "" && got[0].Line != 1:
				t.Errorf("line %d", got[0].Line)
			}
		})
	}
}

func TestUnfitNamesContentThatIsNeverKept(t *testing.T) {
	set := parse(t, "settings: {recall: {media: true}}\nrules: [{exact: x, reply: y}]\n")
	helper := event.Capabilities{Mode: "filehelper", Chats: []event.ChatKind{event.ChatSelf}, SelfIsPrivate: true}
	if got := set.Unfit(helper); len(got) != 1 || !strings.Contains(got[0].Text.String(), "recall.media: in mode filehelper") || got[0].Line != 1 {
		t.Errorf("got %v", got)
	}
	web := event.Capabilities{Mode: "web", Chats: []event.ChatKind{event.ChatPrivate, event.ChatSelf}}
	if got := set.Unfit(web); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

// In a mode that has no other chat, what the owner writes to oneself is answered
// by rules for private chats; they would answer nobody else.
func TestChatWithOneselfCountsAsPrivateIfMarked(t *testing.T) {
	set := parse(t, "- {name: private, exact: a, reply: x}\n- {name: self, chat: self, exact: b, reply: x}\n"+
		"- {name: own, by_self: true, exact: c, reply: x}\n- {name: group, group: '*', exact: d, reply: x}\n")
	for _, tt := range []struct {
		text, plain, marked string
	}{
		{"a", "", "private"}, {"b", "self", "self"}, {"c", "", "own"}, {"d", "", ""},
	} {
		for _, marked := range []bool{false, true} {
			ev := private(tt.text)
			ev.Chat = event.Chat{Kind: event.ChatSelf, Key: "filehelper"}
			ev.BySelf, ev.AsPrivate = true, marked
			got := strings.Join(fired(set, ev), ",")
			if want := map[bool]string{false: tt.plain, true: tt.marked}[marked]; got != want {
				t.Errorf("%q, marked %v: fired %q, want %q", tt.text, marked, got, want)
			}
		}
	}
}

func fired(set *rules.Set, ev *event.Event) []string {
	var out []string
	for _, f := range set.Decide(rules.Input{Event: ev, Now: wednesday}).Firings {
		out = append(out, f.Rule)
	}
	return out
}
