package bot

import (
	"slices"
	"testing"
	"time"

	"wxbot/bot/event"
	"wxbot/wx"
)

// person is a friend as the server shows them in a session.
func person(user, nick, remark, avatar string) wx.Contact {
	c := wx.Contact{UserName: user, NickName: nick, RemarkName: remark}
	if avatar != "" {
		c.HeadImgURL = "/cgi-bin/mmwebwx-bin/webwxgeticon?seq=" + avatar + "&username=" + user + "&skey="
	}
	return c
}

// Keys are found again after a login by what is left of people; what fits several
// is told and given to nobody.
func TestKeysAreFoundAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after []wx.Contact
		ids           map[string]string // real ids of the session after
		idsBefore     map[string]string
		same          []bool // whether the account at that place keeps its key
		told          []string
	}{
		"nickname": {
			before: []wx.Contact{person("@1", "明", "", ""), person("@2", "红", "", "")},
			after:  []wx.Contact{person("@3", "明", "", ""), person("@4", "红", "", "")},
			same:   []bool{true, true},
		},
		"remark over a changed nickname": {
			before: []wx.Contact{person("@1", "明", "小明", ""), person("@2", "新名", "", "")},
			after:  []wx.Contact{person("@3", "新名", "小明", ""), person("@4", "新名", "", "")},
			same:   []bool{true, true},
		},
		"one nickname, two pictures": {
			before: []wx.Contact{person("@1", "明", "", "7"), person("@2", "明", "", "8")},
			after:  []wx.Contact{person("@3", "明", "", "7"), person("@4", "明", "", "8")},
			same:   []bool{true, true},
		},
		"one nickname, nothing else": {
			before: []wx.Contact{person("@1", "明", "", ""), person("@2", "明", "", "")},
			after:  []wx.Contact{person("@3", "明", "", ""), person("@4", "明", "", "")},
			same:   []bool{false, false},
			told:   []string{"明", "明"},
		},
		"a namesake is new": {
			before: []wx.Contact{person("@1", "明", "", "")},
			after:  []wx.Contact{person("@3", "明", "", ""), person("@4", "明", "", "")},
			same:   []bool{true, false},
			told:   []string{"明"},
		},
		"another remark is another person": {
			before: []wx.Contact{person("@1", "明", "甲", "")},
			after:  []wx.Contact{person("@3", "明", "乙", "")},
			same:   []bool{false},
		},
		"the real id wins": {
			before:    []wx.Contact{person("@1", "明", "", ""), person("@2", "明", "", "")},
			idsBefore: map[string]string{"@1": "wxid_1", "@2": "wxid_2"},
			after:     []wx.Contact{person("@3", "明", "", ""), person("@4", "明", "", "")},
			ids:       map[string]string{"@3": "wxid_1", "@4": "wxid_2"},
			same:      []bool{true, true},
			told:      []string{"明", "明"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var told []string
			b := newBook(nil, func(_ event.ChatKind, name string) { told = append(told, name) })
			b.login(wx.Contact{UserName: "@self"}, nil, true)
			b.learn(c.before, time.Now())
			b.pair(c.idsBefore)
			var keys []string
			for _, p := range c.before {
				keys = append(keys, b.keyOf(p.UserName, event.ChatPrivate))
			}
			// The rows go through the store between two runs.
			rows, _ := b.changes()
			b = newBook(rows, func(_ event.ChatKind, name string) { told = append(told, name) })
			b.login(wx.Contact{UserName: "@me"}, nil, true)
			b.learn(c.after, time.Now())
			b.pair(c.ids)
			for i, p := range c.after {
				key := b.keyOf(p.UserName, event.ChatPrivate)
				was := "nobody"
				if i < len(keys) {
					was = keys[i]
				}
				if (key == was) != c.same[i] {
					t.Errorf("%s has key %s, had %s; want the same: %v", p.UserName, key, was, c.same[i])
				}
			}
			if !slices.Equal(told, c.told) {
				t.Errorf("told of %q, want %q", told, c.told)
			}
		})
	}
}
