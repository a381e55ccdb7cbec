package luahost_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/luahost"
)

// town is a world that knows people, groups and what they said.
type town struct {
	*world
	asked string
}

func (w *town) Friends() []event.Person {
	return []event.Person{
		{Key: "p2", Nickname: "乙", Remark: "老乙", IsFriend: true}, {Key: "p1", Nickname: "甲", IsFriend: true},
	}
}

func (w *town) Officials() []event.Person {
	return []event.Person{{Key: "p8", Nickname: "每日新闻", Kind: event.ChatOfficial}}
}

func (w *town) Avatar(_ context.Context, key string, to io.Writer, most int64) error {
	if key == "p8" {
		return errors.New("avatar: too large")
	}
	_, err := fmt.Fprintf(to, "picture of %s in %d", key, most)
	return err
}

func (w *town) Groups() []event.Chat {
	return []event.Chat{{Kind: event.ChatGroup, Key: "g2", Name: "客户/二群"}, {Kind: event.ChatGroup, Key: "g1", Name: "客户一群"}, {Kind: event.ChatGroup, Key: "g3", Name: "读书群"}}
}

func (w *town) Find(kind event.ChatKind, name string) ([]event.Chat, error) {
	if (name == "读书群") != (kind == event.ChatGroup) {
		return nil, nil
	}
	return w.world.Find(kind, name)
}

func (w *town) History(_ context.Context, chat string, n int, since time.Time) ([]event.Line, error) {
	if chat == "g9" {
		return nil, errors.New("disk is gone")
	}
	w.asked = chat
	if !since.IsZero() {
		w.asked += " " + time.Since(since).Round(time.Minute).String()
	}
	lines := []event.Line{
		{Time: time.Unix(1, 0), By: "甲", ByKey: "p1", Kind: "message", Type: "text", Text: "早"},
		{Time: time.Unix(2, 0), Out: true, Kind: "reply", Text: "早上好"},
	}
	return lines[max(len(lines)-n, 0):], nil
}

func inTown(t *testing.T, header, settings, body string) (*stage, *town) {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir(), world: &world{keys: map[string]bool{}, settings: event.Settings{Prefixes: []string{"/"}, Location: time.UTC}}}
	s.write("a.lua", `bot.plugin { name = "a", version = "1", api = 1, `+header+` }
		bot.on("message", function(msg)
			local function names(list) local out = {} for i, q in ipairs(list) do out[i] = q.name end return table.concat(out, ",") end
			`+body+`
		end)`)
	s.write("plugins.yaml", "plugins:\n  a: "+settings+"\n")
	w := &town{world: s.world}
	h, err := luahost.New(luahost.Options{Dir: s.dir, World: w})
	if err != nil {
		t.Fatal(err)
	}
	s.host = h
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return s, w
}

func TestWhatGrantsOpen(t *testing.T) {
	const refused = "nil not the chat of this event: that needs grant: {send: any} in plugins.yaml"
	send := `allow = {send = "any"}`
	for name, tt := range map[string]struct{ header, settings, body, want string }{
		"contacts":                 {``, `{}`, `msg:reply(names(bot.contacts()))`, "a reply 甲,老乙"},
		"contacts by conditions":   {``, `{}`, `msg:reply(names(bot.contacts({from = "老*"})))`, "a reply 老乙"},
		"contacts by nickname":     {``, `{}`, `msg:reply(names(bot.contacts({from = "甲"})))`, "a reply 甲"},
		"friends by chat":          {``, `{}`, `msg:reply(names(bot.contacts({chat = "private"})))`, "a reply 甲,老乙"},
		"official accounts":        {``, `{}`, `local o = bot.contacts({chat = "official"}) msg:reply(names(o) .. o[1].kind .. o[1]:chat().kind .. msg.sender.kind)`, "a reply 每日新闻officialofficialprivate"},
		"official of a name":       {``, `{}`, `msg:reply(#bot.contacts({["会话"] = "公众号", from = "早*"}) .. #bot.contacts({chat = {"private", "official"}, from = {"每日*", "老*"}}))`, "a reply 02"},
		"avatars":                  {``, `{}`, `msg:reply(bot.contacts()[1]:avatar() .. " " .. bot.group("读书群"):avatar())`, "a reply picture of p1 in 1048576 picture of g9 in 1048576"},
		"avatar that fails":        {``, `{}`, `msg:reply(tostring(bot.contacts({chat = "official"})[1]:avatar()) .. select(2, bot.contacts({chat = "official"})[1]:avatar()))`, "a reply nilavatar: too large"},
		"groups":                   {``, `{}`, `msg:reply(names(bot.groups()))`, "a reply 客户/二群,客户一群,读书群"},
		"groups by name":           {``, `{}`, `msg:reply(names(bot.groups("客户*群")))`, "a reply 客户/二群,客户一群"},
		"send without the grant":   {send, `{}`, `msg:reply(table.concat({tostring(nil), select(2, bot.send("读书群", "x"))}, " "))`, "a reply " + refused},
		"send with the grant":      {send, `{grant: {send: any}}`, `bot.send("读书群", "x")`, "a send x g9"},
		"send to an object":        {send, `{grant: {send: any}}`, `bot.groups("客户一群")[1]:send("x") bot.send(bot.contacts()[2], "y", {mention = {"甲"}})`, "a send x g1|a send 甲 y p2"},
		"send to the chat itself":  {``, `{}`, `bot.send(msg.chat, "x")`, "a reply x p1"},
		"send to one of many":      {send, `{grant: {send: any}}`, `msg:reply(select(2, bot.send("小明", "x")))`, "a reply ambiguous: 2 chats named 小明; set a remark"},
		"send to nobody":           {send, `{grant: {send: any}}`, `msg:reply(select(2, bot.send("无", "x")))`, "a reply not found"},
		"invite the sender":        {``, `{}`, `bot.group("读书群"):invite(msg.sender)`, "a invite p1 读书群"},
		"invite somebody else":     {``, `{}`, `msg:reply(select(2, bot.group("读书群"):invite("小红")))`, "a reply not found"},
		"invite another":           {``, `{}`, `msg:reply(select(2, bot.group("读书群"):invite(bot.contacts()[2])))`, "a reply not a person of this event: that needs grant: {send: any} in plugins.yaml"},
		"forward elsewhere":        {``, `{}`, `msg:reply(select(2, msg:forward("读书群")))`, "a reply not the chat of this event: that needs grant: {send: any} in plugins.yaml"},
		"forward a text":           {send, `{grant: {send: any}}`, `msg:forward("读书群", {header = "转："})`, "a forward 转：\nhi g9"},
		"grant nobody asked for":   {``, `{grant: {send: any}}`, ``, "plugins.yaml:2: plugin a does not ask for send"},
		"unknown grant":            {``, `{grant: {sned: any}}`, ``, `plugins.yaml:2: unknown grant "sned" (did you mean "send"?)`},
		"history without a grant":  {`allow = {history = true}`, `{}`, `msg:reply(select(2, msg.chat:history()))`, "a reply that needs grant: {history: true} in plugins.yaml"},
		"history":                  {`allow = {history = true}`, `{grant: {history: true}}`, `local h = msg.chat:history() msg:reply(#h .. h[1].name .. h[1].text .. tostring(h[2].out) .. h[2].text)`, "a reply 2甲早true早上好"},
		"history of the last line": {`allow = {history = true}`, `{grant: {history: true}}`, `local h = msg.chat:history{n = 1, since = "1h"} msg:reply(#h .. h[1].text)`, "a reply 1早上好"},
		"history that fails":       {`allow = {history = true}`, `{grant: {history: true}}`, `msg:reply(select(2, bot.group("读书群"):history()))`, "a reply history: disk is gone"},
		"unknown request":          {`allow = {hisory = true}`, `{}`, ``, `unknown key "hisory" in allow, did you mean "history"?`},
	} {
		t.Run(name, func(t *testing.T) {
			s, w := inTown(t, tt.header, tt.settings, tt.body)
			var got []string
			for _, p := range s.load() {
				got = append(got, strings.TrimPrefix(p.String(), s.dir+"/"))
			}
			if len(got) > 0 {
				if !strings.Contains(strings.ReplaceAll(got[0], "plugin a: ", ""), strings.ReplaceAll(tt.want, "plugin a: ", "")) && !strings.Contains(got[0], strings.TrimPrefix(tt.want, "plugins.yaml:2: ")) {
					t.Errorf("problems %q, want %q", got, tt.want)
				}
				return
			}
			s.host.On(t.Context(), s.message("hi"))
			for s.host.Busy() > 0 {
				<-time.After(time.Millisecond)
			}
			if got := s.world.take(); !slices.Equal(got, strings.Split(tt.want, "|")) {
				t.Errorf("got %q, want %q; notices %q", got, tt.want, s.world.notices)
			}
			if name == "history of the last line" && w.asked != "p1 1h0m0s" {
				t.Errorf("asked for %q", w.asked)
			}
		})
	}
}
