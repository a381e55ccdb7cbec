package luahost_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"wxbot/bot/event"
)

// chat offers a message as the dispatcher does, a waiting question first.
func (s *stage) chat(text string) []string { return s.tell(s.message(text)) }

func (s *stage) tell(ev *event.Event) []string {
	s.t.Helper()
	known := func() bool {
		_, ok := s.host.Resolve(ev)
		return ok && strings.HasPrefix(ev.Message.Text, "/")
	}
	if claim := s.host.Answer(s.t.Context(), ev, known); claim != event.Unclaimed {
		s.settle()
		return s.world.take()
	}
	return s.say(ev)
}

func (s *stage) takeDone() []string {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	out := s.world.done
	s.world.done = nil
	return out
}

func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// dialogueScript answers with what the question gave.
func dialogueScript(question string) string {
	return head + `
bot.command("开始", function(msg)
	local v, more = ` + question + `
	if type(more) == "userdata" then more = more.text end
	msg:reply(type(v) .. " " .. tostring(v) .. " / " .. tostring(more))
end)
bot.command("别的", function(msg) msg:reply("other command") end)
bot.fallback(function(msg) msg:reply("fallback") end)`
}

func TestDialogues(t *testing.T) {
	const wait = "..." // a minute passes
	for name, tt := range map[string]struct {
		question string
		says     []string
		want     [][]string
	}{
		"an answer": {
			`msg:ask("城市？")`,
			[]string{"开始", "广州", "后来"},
			[][]string{{"a reply 城市？"}, {"a reply string 广州 / 广州"}, {"a reply fallback"}},
		},
		"nothing said before": {
			`msg:ask()`,
			[]string{"开始", "广州"},
			[][]string{nil, {"a reply string 广州 / 广州"}},
		},
		"time is over": {
			`msg:ask("城市？")`,
			[]string{"开始", wait, "广州"},
			[][]string{{"a reply 城市？"}, {"a reply nil nil / timeout"}, {"a reply fallback"}},
		},
		"its own time": {
			`msg:ask("城市？", {timeout = "5m"})`,
			[]string{"开始", wait, "广州"},
			[][]string{{"a reply 城市？"}, nil, {"a reply string 广州 / 广州"}},
		},
		"a word that cancels": {
			`msg:ask("城市？")`,
			[]string{"开始", " 取消 "},
			[][]string{{"a reply 城市？"}, {"a reply nil nil / cancelled"}},
		},
		"a known command cancels and runs": {
			`msg:ask("城市？")`,
			[]string{"开始", "/别的"},
			[][]string{{"a reply 城市？"}, {"a reply nil nil / cancelled", "a reply other command"}},
		},
		"an unknown command is an answer": {
			`msg:ask("城市？")`,
			[]string{"开始", "/广州"},
			[][]string{{"a reply 城市？"}, {"a reply string /广州 / /广州"}},
		},
		"a bare command is an answer": {
			`msg:ask("城市？")`,
			[]string{"开始", "别的"},
			[][]string{{"a reply 城市？"}, {"a reply string 别的 / 别的"}},
		},
		"an expression": {
			`msg:ask("手机？", {match = "^1[0-9]{10}$", retry = "再说一次"})`,
			[]string{"开始", "没有", "13800000000"},
			[][]string{{"a reply 手机？"}, {"a reply 再说一次"}, {"a reply string 13800000000 / 13800000000"}},
		},
		"a number": {
			`msg:ask("几个？", {type = "int"})`,
			[]string{"开始", "三个", "３"},
			[][]string{{"a reply 几个？"}, {"a reply 请回复一个整数"}, {"a reply number 3 / ３"}},
		},
		"a duration": {
			`msg:ask("多久？", {type = "duration"})`,
			[]string{"开始", "10m"},
			[][]string{{"a reply 多久？"}, {"a reply number 600 / 10m"}},
		},
		"too many wrong answers": {
			`msg:ask("几个？", {type = "int", retry = "?"})`,
			[]string{"开始", "a", "b", "c", "d", "e", "f"},
			[][]string{
				{"a reply 几个？"},
				{"a reply ?"},
				{"a reply ?"},
				{"a reply ?"},
				{"a reply ?"},
				{"a reply nil nil / invalid"},
				{"a reply fallback"},
			},
		},
		"a choice by number": {
			`msg:choose("哪个？", {"北京", "上海", "其他"})`,
			[]string{"开始", "深圳", "第2个"},
			[][]string{{"a reply 哪个？\n1.北京\n2.上海\n3.其他"}, {"a reply 请回复序号或选项"}, {"a reply string 上海 / 第2个"}},
		},
		"a choice by text comes before the word that cancels": {
			`msg:choose("哪个？", {"确定", "取消"})`,
			[]string{"开始", "取消"},
			[][]string{{"a reply 哪个？\n1.确定\n2.取消"}, {"a reply string 取消 / 取消"}},
		},
		"a choice of numbers means the text": {
			`msg:choose("几个？", {"3", "2", "1"})`,
			[]string{"开始", "1"},
			[][]string{{"a reply 几个？\n1.3\n2.2\n3.1"}, {"a reply string 1 / 1"}},
		},
		"yes": {
			`msg:confirm("好吗？")`,
			[]string{"开始", "好的。"},
			[][]string{{"a reply 好吗？"}, {"a reply boolean true / 好的。"}},
		},
		"no": {
			`msg:confirm("好吗？")`,
			[]string{"开始", "也许", "不要"},
			[][]string{{"a reply 好吗？"}, {"a reply 请回复“是”或“否”"}, {"a reply boolean false / 不要"}},
		},
		"inside pcall": {
			`select(2, pcall(function() return msg:ask("城市？") end))`,
			[]string{"开始", "广州"},
			[][]string{{"a reply 城市？"}, {"a reply string 广州 / 广州"}},
		},
		"in a coroutine of the script": {
			`coroutine.wrap(function() return msg:ask("城市？") end)()`,
			[]string{"开始", "广州"},
			[][]string{{"a reply 城市？"}, {"a reply string 广州 / 广州"}},
		},
		"in the chat of the event": {
			`msg.chat:ask("城市？")`,
			[]string{"开始", "广州"},
			[][]string{{"a reply 城市？"}, {"a reply string 广州 / 广州"}},
		},
		"one after the other": {
			`(msg:ask("甲？") or "") .. (msg:ask("乙？") or "")`,
			[]string{"开始", "一", "二"},
			[][]string{{"a reply 甲？"}, {"a reply 乙？"}, {"a reply string 一二 / nil"}},
		},
		"a command that asks again": {
			`msg:ask("城市？", {timeout = "10m"})`,
			[]string{"开始", "/开始", "广州"},
			[][]string{
				{"a reply 城市？"},
				{"a reply nil nil / cancelled", "a reply 城市？"},
				{"a reply string 广州 / 广州"},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, map[string]string{"a.lua": dialogueScript(tt.question)})
				s.bubble = true
				s.mustLoad()
				for i, text := range tt.says {
					var got []string
					if text == wait {
						pass(61 * time.Second)
						got = s.world.take()
					} else {
						got = s.chat(text)
					}
					want := slices.Clone(tt.want[i])
					slices.Sort(got) // two handlers may be at it
					slices.Sort(want)
					if !slices.Equal(got, want) {
						t.Errorf("after %q: %q, want %q; told %q", text, got, want, s.world.notices)
					}
				}
			})
		})
	}
}

func TestAQuestionIsForOnePersonInOneChat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, map[string]string{"a.lua": dialogueScript(`msg:ask("城市？")`)})
		s.bubble = true
		s.mustLoad()
		s.tell(s.inGroup("/开始", false))
		other := s.inGroup("广州", true)
		other.Sender.Key = "p2"
		if got := s.tell(other); !slices.Equal(got, []string{"a reply fallback"}) {
			t.Errorf("another person: %q", got)
		}
		if got := s.chat("广州"); !slices.Equal(got, []string{"a reply fallback"}) {
			t.Errorf("another chat: %q", got)
		}
		picture := s.inGroup("", true)
		picture.Message.Type = event.TypeImage
		if got := s.tell(picture); !slices.Equal(got, []string{"a reply fallback"}) {
			t.Errorf("a picture: %q", got)
		}
		if got := s.tell(s.inGroup("广州", false)); !slices.Equal(got, []string{"a reply string 广州 / 广州"}) {
			t.Errorf("the person who was asked: %q", got)
		}
	})
}

// Questions that end at once, again and again, must not keep a processor busy.
func TestQuestionsThatEndAtOnceEnd(t *testing.T) {
	for name, script := range map[string]string{
		"they replace each other": `bot.on("tickled", function(ev) while true do ev.chat:ask() end end)`,
		"inside pcall":            `bot.on("tickled", function(ev) while true do pcall(ev.chat.ask, ev.chat) end end)`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newHostileStage(t, map[string]string{"a.lua": head + script})
			s.mustLoad()
			for _, id := range []string{"t1", "t2"} {
				ev := s.message("")
				ev.ID, ev.Kind, ev.Message, ev.Tickled = id, event.KindTickled, nil, &event.Tickled{Me: true}
				s.host.On(t.Context(), ev)
			}
			for s.host.Busy() > 1 { // the one that is left waits for its hour
				<-time.After(time.Millisecond)
			}
		})
	}
	t.Run("a version that is gone", func(t *testing.T) {
		s := newHostileStage(t, map[string]string{"a.lua": head + `bot.on("message", function(msg) while true do msg:ask() end end)`})
		s.mustLoad()
		s.host.On(t.Context(), s.message("hi"))
		s.write("a.lua", head)
		s.mustLoad()
		for s.host.Busy() > 0 {
			<-time.After(time.Millisecond)
		}
	})
}

// The onboarding sample of the documentation, as a conversation.
func TestOnboardingSampleTalks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, map[string]string{"a.lua": head + `
			bot.on("friend_request", function(req)
				local friend = req:accept()
				local chat = friend:chat()
				chat:send("你好")
				local name = chat:ask("怎么称呼你？", {timeout = "10m"})
				if not name then return end
				local city = chat:choose("你在哪个城市？", {"北京", "上海", "其他"}, {timeout = "10m"})
				friend:set_remark(("%s-%s"):format(city or "未知", name))
				chat:send("好了")
				return true
			end)
			bot.fallback(function(msg) msg:reply("fallback") end)`})
		s.bubble = true
		s.mustLoad()
		s.host.On(t.Context(), &event.Event{
			ID: "r1", Kind: event.KindFriendRequest, Chat: event.Chat{Kind: event.ChatPrivate, Key: "p1"},
			Sender: event.Person{Key: "p1", Nickname: "新人"}, Request: &event.Request{Text: "读书群", User: "@u", Ticket: "v4"},
		})
		pass(2 * time.Second)
		got := s.world.take()
		for _, text := range []string{"王小明", "深圳", "2"} {
			got = append(got, s.chat(text)...)
			pass(2 * time.Second)
		}
		got = append(append(got, s.world.take()...), s.chat("谢谢")...)
		want := []string{
			"a accept", "a reply 你好 p1", "a reply 怎么称呼你？", "a reply 你在哪个城市？\n1.北京\n2.上海\n3.其他",
			"a reply 请回复序号或选项", "a remark 上海-王小明", "a reply 好了 p1", "a reply fallback",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

func TestANewerQuestionReplacesTheOlder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, map[string]string{"a.lua": head + `
			bot.on("tickled", function(ev)
				local v, why = ev.chat:ask("城市？")
				ev.chat:send(tostring(v) .. " " .. tostring(why))
			end)`})
		s.bubble = true
		s.mustLoad()
		for _, id := range []string{"t1", "t2"} {
			ev := s.message("")
			ev.ID, ev.Kind, ev.Message, ev.Tickled = id, event.KindTickled, nil, &event.Tickled{Me: true}
			s.host.On(t.Context(), ev)
			synctest.Wait()
		}
		s.world.mu.Lock()
		slices.Sort(s.world.queued)
		s.world.mu.Unlock()
		if got := s.world.take(); !slices.Equal(got, []string{"a reply nil replaced p1", "a reply 城市？", "a reply 城市？"}) {
			t.Errorf("got %q", got)
		}
	})
}

// A question does not outlive the process, so that its event and its answers are done
// as soon as they had their effect.
func TestWhatAQuestionClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, map[string]string{"a.lua": head + `
			bot.on("message", {contains = "开始"}, function(msg)
				local a = msg:ask() bot.sleep(5) local b = msg:ask("乙？") bot.sleep(5)
			end)`})
		s.mustLoad()
		step := func(name string, ev *event.Event, claim event.Claim, queued, done []string) {
			t.Helper()
			got := s.host.Answer(t.Context(), ev, func() bool { return false })
			if got == event.Unclaimed {
				got = s.host.On(t.Context(), ev)
			}
			if got != claim {
				t.Errorf("%s: claim %v, want %v", name, got, claim)
			}
			synctest.Wait()
			if got := s.takeDone(); !slices.Equal(got, done) {
				t.Errorf("%s: done %q, want %q", name, got, done)
			}
			pass(6 * time.Second)
			if got := s.world.take(); !slices.Equal(got, queued) {
				t.Errorf("%s: queued %q, want %q", name, got, queued)
			}
		}
		first := s.message("开始")
		step("asks without a word", first, event.Answered, nil, []string{first.ID})
		second := s.message("一")
		step("sleeps, then asks", second, event.Held, []string{"a reply 乙？"}, nil)
		third := s.message("二")
		step("sleeps, then ends", third, event.Held, nil, nil)
		if got := s.takeDone(); !slices.Equal(got, []string{third.ID}) {
			t.Errorf("in the end done: %q", got)
		}
	})
}

func TestQuestionsEndAtAReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, map[string]string{"a.lua": dialogueScript(`msg:ask("城市？")`)})
		s.bubble = true
		s.mustLoad()
		s.chat("开始")
		s.write("a.lua", head+`bot.fallback(function(msg) msg:reply("v2") end)`)
		s.mustLoad()
		synctest.Wait()
		if got := s.world.take(); !slices.Equal(got, []string{"a reply nil nil / reload"}) {
			t.Errorf("at the reload: %q", got)
		}
		if got := s.chat("广州"); !slices.Equal(got, []string{"a reply v2"}) {
			t.Errorf("after it: %q", got)
		}
	})
}

func TestNobodyIsAskedAtAWrongTime(t *testing.T) {
	for name, tt := range map[string]struct{ script, want string }{
		"in a load handler": {
			`bot.on("message", function(msg) bot.state.m = nil end) local m bot.on("load", function() bot.contact("x") bot.self:chat():ask("?") end)`,
			"nobody can be asked in a handler of load",
		},
		"at the top level": {`bot.self:chat():ask("?")`, "not while the plugin is being loaded"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, map[string]string{"a.lua": head + tt.script})
			if ps := s.load(); len(ps) != 1 || !strings.Contains(ps[0].String(), tt.want) {
				t.Errorf("problems %v, want %q", ps, tt.want)
			}
		})
	}
}

// The limit of 500 questions, all of them waiting, takes less than 10 MB.
func TestManyQuestions(t *testing.T) {
	// Nothing is said before, since 30 texts a minute are the limit of a plugin.
	s := newStage(t, map[string]string{"a.lua": dialogueScript(`msg:ask(nil, {timeout = "1h"})`)})
	s.mustLoad()
	from := func(i int, text string) *event.Event {
		ev := s.message(text)
		ev.Sender.Key = fmt.Sprintf("p%d", i)
		ev.Chat.Key = ev.Sender.Key
		return ev
	}
	memory := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse + m.StackInuse
	}
	const most = 500
	before := memory()
	for i := range most {
		c, ok := s.host.Resolve(from(i, "开始"))
		if !ok {
			t.Fatal("no command")
		}
		s.host.Command(t.Context(), from(i, "开始"), c)
	}
	for s.host.Waiting() < most {
		<-time.After(time.Millisecond)
	}
	after := memory()
	t.Logf("%d questions take %d KB", most, (int64(after)-int64(before))>>10)
	if after > before+10<<20 && raceFactor == 1 {
		t.Error("they take more than 10 MB")
	}
	c, _ := s.host.Resolve(from(most, "开始"))
	s.host.Command(t.Context(), from(most, "开始"), c)
	for len(s.notices()) == 0 {
		<-time.After(time.Millisecond)
	}
	if got := s.notices(); !strings.Contains(got[0], "more than 500 questions are waiting") {
		t.Errorf("told %q", got)
	}
}
