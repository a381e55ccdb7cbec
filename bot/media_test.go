package bot_test

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"wxbot/bot/control"
	"wxbot/wx/wxtest"
)

func TestRulesSendFilesInviteAndForward(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, "rules: []\n", nil)
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"a.png": picture.Bytes(), "价目表.pdf": []byte("%PDF-1.4 prices")} {
		if err := os.WriteFile(filepath.Join(r.dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.write("rules.yaml", `
settings: {pace: off, timezone: UTC, loop_guard: off}
rules:
  - {name: picture, exact: 图, reply: {text: 看图, image: a.png}}
  - {name: file, exact: 价目表, reply: {file: 价目表.pdf}}
  - {name: in, exact: 进群, do: [{invite: [没有的群, 读书群]}, {reply: 已拉你进群}]}
  - {name: on, when: {type: image}, do: [{forward: {to: 老王, header: "${sender} 发来："}}]}
`)
	ming, hong := r.srv.AddFriend(wxtest.Person{NickName: "小明"}), r.srv.AddFriend(wxtest.Person{NickName: "小红"})
	wang := r.srv.AddFriend(wxtest.Person{NickName: "王", RemarkName: "老王"})
	g := r.srv.AddGroup("读书群", hong, wang)
	r.online()
	ming.Say("图")
	ming.Say("价目表")
	r.wantKinds(ming, 1, 3, 6)
	if up := r.srv.Uploads(); len(up) != 2 || up[0].Size != int64(picture.Len()) || up[1].MediaType != "doc" {
		t.Errorf("uploads %+v", up)
	}
	if sent := r.srv.Sent(); !strings.Contains(sent[2].Content, "价目表.pdf") {
		t.Errorf("the file goes as %q", sent[2].Content)
	}
	ming.Say("进群")
	r.wantKinds(ming, 1, 3, 6, 1)
	if !slices.Contains(g.Members(), ming) {
		t.Error("not in the group")
	}
	ming.Send(wxtest.Image())
	r.wantKinds(wang, 1, 3)
	if up := r.srv.Uploads(); len(up) != 2 {
		t.Errorf("uploaded %d times: a picture is forwarded without", len(up)-2)
	}
}

// wantKinds waits until a chat has got messages of these types on the wire.
func (r *rig) wantKinds(to *wxtest.Account, want ...int) {
	r.t.Helper()
	kinds := func() []int {
		var got []int
		for _, s := range r.srv.Sent() {
			if s.ToAccount == to {
				got = append(got, s.Type)
			}
		}
		return got
	}
	if _, err := r.srv.Await(r.ctx(), func(wxtest.Record) bool { return len(kinds()) >= len(want) }); err != nil {
		r.t.Fatalf("%v; sent %v, want %v; log:\n%s", err, kinds(), want, r.log)
	}
	got := kinds()
	for i := range want {
		if got[i] != want[i] {
			r.t.Fatalf("sent %v, want %v", got, want)
		}
	}
}

func TestWhoLeavesAGroupIsNoticed(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, `
settings: {pace: off, timezone: UTC, loop_guard: off}
rules:
  - {name: left, when: {event: member_left, group: 读书群}, do: [{send: {to: 老王, text: "${names} 走了"}}]}
  - {name: ping, exact: ping, chat: group, group: "*", reply: pong}
`, nil)
	ming, hong := r.srv.AddFriend(wxtest.Person{NickName: "小明"}), r.srv.AddFriend(wxtest.Person{NickName: "小红"})
	wang := r.srv.AddFriend(wxtest.Person{NickName: "王", RemarkName: "老王"})
	g := r.srv.AddGroup("读书群", ming, hong, wang)
	r.online()
	g.Say(ming, "ping")
	r.wantSent("pong")
	g.Remove(hong)
	if _, err := r.srv.Await(r.ctx(), func(wxtest.Record) bool { return len(r.sentTo(wang)) > 0 }); err != nil {
		t.Fatalf("%v; log:\n%s", err, r.log)
	}
	if got := r.sentTo(wang); got[0] != "小红 走了" {
		t.Errorf("sent %q", got)
	}
}

func TestPluginsSeePicturesOfPeopleAndGroups(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, "settings: {pace: off}\nrules: []\n", map[string]string{"faces.lua": `
bot.plugin { name = "faces", version = "1", api = 1 }
local function show(what, bytes, err)
  return what .. "=" .. (bytes and (bot.hex.encode(bytes:sub(1, 2)) .. bot.hash.md5(bytes):sub(1, 6)) or err)
end
bot.on("message", { group = "*" }, function(msg)
  local out = {
    show("sender", msg.sender:avatar()), show("group", msg.group:avatar()), show("self", bot.self:avatar()),
    show("ming", bot.contacts{from = "小明"}[1]:avatar()), show("news", bot.contacts{chat = "official"}[1]:avatar()),
  }
  msg:reply(table.concat(out, " "))
end)`})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	r.srv.AddOfficial(wxtest.Person{NickName: "每日新闻"})
	hong := r.srv.AddStranger(wxtest.Person{NickName: "小红"})
	g := r.srv.AddGroup("客户群", ming, hong)
	r.online()
	within(t, r, "contacts", func() bool {
		got, err := control.NewClient(r.config.Socket).Contacts(r.ctx(), "", "")
		return err == nil && got.Complete
	})
	g.Say(hong, "hi")
	got := r.sent(1)[0]
	seen := map[string]bool{}
	for part := range strings.FieldsSeq(got) {
		what, face, _ := strings.Cut(part, "=")
		if !strings.HasPrefix(face, "ffd8") || seen[face] {
			t.Errorf("%s: no picture, or another's: %s", what, got)
		}
		seen[face] = true
	}
	if len(seen) != 5 {
		t.Errorf("got %s", got)
	}
}
