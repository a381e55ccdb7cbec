package bot_test

import (
	"strings"
	"testing"

	"wxbot/wx/wxtest"
)

func TestCardIsSent(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, `
settings: {pace: off, timezone: UTC, loop_guard: off, notify: none}
rules:
  - {name: who, exact: 谁负责, reply: {text: 找他, card: 老王}}
  - {name: news, exact: 新闻, reply: {card: 每日新闻}}
  - {name: nobody, exact: 没有, do: [{reply: {card: 无名}}, {reply: wrong}]}
  - {name: after, exact: 完, reply: 完了}
`, map[string]string{"card.lua": `
bot.plugin { name = "card", version = "1", api = 1 }
bot.command("名片", {}, function(msg) msg:reply { card = "老王" } end)`})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	wang := r.srv.AddFriend(wxtest.Person{NickName: "王五", RemarkName: "老王"})
	news := r.srv.AddOfficial(wxtest.Person{NickName: "每日新闻", VerifyFlag: 8})
	r.online()
	for i, text := range []string{"谁负责", "新闻", "名片", "没有", "完"} {
		ming.Say(text)
		r.sent([]int{2, 3, 4, 4, 5}[i])
	}
	const card = 42
	for i, want := range []struct {
		kind int
		part string
	}{{1, "找他"}, {card, wang.UserName()}, {card, news.UserName()}, {card, wang.UserName()}, {1, "完了"}} {
		if got := r.srv.Sent()[i]; got.Type != want.kind || !strings.Contains(got.Content, want.part) {
			t.Errorf("%d: sent %d %q, want %d with %q", i, got.Type, got.Content, want.kind, want.part)
		}
	}
}
