package wx

import (
	"strings"
	"testing"
)

func TestMembersAreComparedBetweenWholeListsOnly(t *testing.T) {
	group := func(count int, members string) Contact {
		g := Contact{UserName: "@@g", NickName: "g", MemberCount: count}
		for name := range strings.FieldsSeq(members) {
			g.Members = append(g.Members, Member{UserName: name, NickName: strings.ToUpper(name)})
		}
		return g
	}
	for _, tt := range []struct {
		name  string
		lists []Contact
		want  string // of the last list
	}{
		{"first list", []Contact{group(3, "me a b")}, ""},
		{"one left", []Contact{group(3, "me a b"), group(2, "me b")}, "-a"},
		{"one came, in another order", []Contact{group(3, "me a b"), group(4, "c b me a")}, "+c"},
		{"both", []Contact{group(3, "me a b"), group(3, "me b c")}, "+c -a"},
		{"the same", []Contact{group(3, "me a b"), group(3, "b a me")}, ""},
		{"the later one is not whole", []Contact{group(3, "me a b"), group(3, "me b")}, ""},
		{"the earlier one was not whole", []Contact{group(3, "me a"), group(3, "me a b")}, ""},
		{"no members came", []Contact{group(3, "me a b"), group(0, "")}, ""},
		{"none came between", []Contact{group(3, "me a b"), group(0, ""), group(2, "me b")}, "-a"},
		{"without the account itself", []Contact{group(3, "me a b"), group(1, "b")}, ""},
		{"after such a list", []Contact{group(3, "me a b"), group(1, "b"), group(2, "me b")}, ""},
		{"somebody twice", []Contact{group(3, "me a b"), group(3, "me a a")}, ""},
		{"everybody named anew", []Contact{group(4, "me a b c"), group(4, "me x y z")}, ""},
		{"everybody left", []Contact{group(3, "me a b"), group(1, "me")}, "-a -b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDirectory()
			d.setSelf("me")
			var last changes
			for _, g := range tt.lists {
				last = d.put(g)
			}
			var got []string
			for _, m := range last.members {
				for _, j := range m.Joined {
					got = append(got, "+"+j.UserName)
				}
				for _, l := range m.Left {
					got = append(got, "-"+l.UserName)
				}
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("got %q, want %q", s, tt.want)
			}
		})
	}
	t.Run("somebody learnt alone", func(t *testing.T) {
		d := newDirectory()
		d.setSelf("me")
		d.put(group(2, "me a"))
		d.putMember("@@g", Contact{UserName: "b", NickName: "B"})
		if got := d.put(group(2, "me a")); len(got.members) != 0 {
			t.Errorf("somebody who was in no list has left: %+v", got.members)
		}
		d.putMember("@@g", Contact{UserName: "b", NickName: "B"})
		nameless := group(3, "me a b")
		nameless.Members[2].NickName = ""
		got := d.put(nameless)
		if len(got.members) != 1 || len(got.members[0].Joined) != 1 || got.members[0].Joined[0].NickName != "B" {
			t.Errorf("got %+v", got.members)
		}
	})
}
