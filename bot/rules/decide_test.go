package rules_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/rules"
)

func parse(tb testing.TB, src string) *rules.Set {
	tb.Helper()
	files := map[string]string{
		"/etc/wxbot/words.txt": "# people\n苹果\n\n香蕉\n", "/etc/wxbot/more/b.yaml": "- {name: b, exact: b, reply: from b}\n",
		"/etc/wxbot/more/a.yaml": "lists: {l: [x]}\nrules:\n  - {name: a2, exact: $l, reply: from a}\n",
	}
	set, ps := rules.Parse("rules.yaml", []byte(src), rules.Options{
		Dir: "/etc/wxbot",
		ReadFile: func(path string) ([]byte, error) {
			if s, ok := files[path]; ok {
				return []byte(s), nil
			}
			return nil, fmt.Errorf("open %s: no such file", path)
		},
		Glob: func(pattern string) ([]string, error) {
			if strings.HasSuffix(pattern, "*.yaml") {
				return []string{"/etc/wxbot/more/b.yaml", "/etc/wxbot/more/a.yaml"}, nil
			}
			return []string{pattern}, nil
		},
	})
	for _, p := range ps {
		if p.Severity == 0 {
			tb.Fatalf("%s", p)
		}
	}
	return set
}

// wednesday is a Wednesday, 12:00 in UTC.
var wednesday = time.Date(2026, 1, 7, 12, 0, 0, 0, time.UTC)

func private(text string) *event.Event {
	return &event.Event{
		ID: "m", Kind: event.KindMessage, Chat: event.Chat{Kind: event.ChatPrivate, Key: "p1", Name: "小明"},
		Sender:  event.Person{Key: "p1", Nickname: "明明", Remark: "小明", IsFriend: true},
		Message: &event.Message{Type: event.TypeText, Text: text, Raw: text, Mentioned: true},
	}
}

func inGroup(group, text string) *event.Event {
	ev := private(text)
	ev.Chat = event.Chat{Kind: event.ChatGroup, Key: "g1", Name: group}
	ev.Sender.Card = "小明明"
	ev.Message.Mentioned = false
	return ev
}

func with(ev *event.Event, change func(*event.Event)) *event.Event {
	change(ev)
	return ev
}

// decide gives what the rules do, in short: rule: step text; …
func decide(s *rules.Set, in rules.Input) string {
	if in.Now.IsZero() {
		in.Now = wednesday
	}
	in.Command, _, _ = s.CommandName(in.Event)
	var out []string
	for _, f := range s.Decide(in).Firings {
		line := f.Rule + ":"
		if f.DryRun {
			line += " (dry)"
		}
		for _, a := range f.Steps {
			line += " " + string(a.Kind)
			for _, part := range []string{strings.Join(a.To, ","), strings.Join(a.Message.Mention, ","), a.Message.Text, a.Message.Sticker, a.Remark, a.Ticket} {
				if part != "" {
					line += " " + part
				}
			}
			if a.Unsolicited {
				line += " (unsolicited)"
			}
		}
		out = append(out, line)
	}
	return strings.Join(out, "; ")
}

func TestDecide(t *testing.T) {
	for name, tt := range map[string]struct {
		src  string
		ev   *event.Event
		now  time.Time
		want string
	}{
		"exact folds and forgives the end":         {"- {name: r, exact: [你好, Hi], reply: x}", private("Ｈ\u200bＩ！ "), time.Time{}, "r: reply x"},
		"exact is not contains":                    {"- {name: r, exact: hi, reply: x}", private("hi there"), time.Time{}, ""},
		"contains any":                             {"- {name: r, contains: [价格, 多少钱], reply: x}", private("这个多 少 钱呀"), time.Time{}, "r: reply x"},
		"traditional is not simplified by itself":  {"- {name: r, contains: 价格, reply: x}", private("請問價格"), time.Time{}, ""},
		"traditional writing of a simplified word": {"settings: {match: {traditional: true}}\nrules: [{name: r, contains: 价格, reply: x}]", private("請問 價 格"), time.Time{}, "r: reply x"},
		"simplified writing of a traditional word": {"settings: {match: {traditional: true}}\nrules: [{name: r, exact: 價格, reply: x}]", private("价格？"), time.Time{}, "r: reply x"},
		"traditional group and command":            {"settings: {match: {traditional: true}}\nrules: [{name: r, group: 读书*, command: 天气, reply: '[${args}]'}]", inGroup("讀書會", "/天氣 臺北"), time.Time{}, "r: reply [臺北]"},
		"traditional text by regex":                {"settings: {match: {traditional: true}}\nrules: [{name: r, regex: '订单\\d', reply: x}]", private("訂單3"), time.Time{}, "r: reply x"},
		"traditional text with fold: false":        {"settings: {match: {traditional: true}}\nrules: [{name: r, contains: 价格, fold: false, reply: x}]", private("價格"), time.Time{}, ""},
		"contains all":                             {"- {name: r, contains_all: [苹果, 多少], reply: x}", private("多少钱一斤苹果"), time.Time{}, "r: reply x"},
		"contains all wants all":                   {"- {name: r, contains_all: [苹果, 多少], reply: x}", private("苹果"), time.Time{}, ""},
		"starts with":                              {"- {name: r, starts_with: 查, reply: x}", private("查天气"), time.Time{}, "r: reply x"},
		"ends with":                                {"- {name: r, ends_with: 吗, reply: x}", private("在吗"), time.Time{}, "r: reply x"},
		"regex with a named group":                 {`- {name: r, regex: '订单(?P<no>\d+)', reply: "${no} ok"}`, private("我的订单123呢"), time.Time{}, "r: reply 123 ok"},
		"what a regex catches goes before the placeholder of that name": {`- {name: r, regex: '(?P<date>\d+)号', reply: "${date}"}`, private("12号"), time.Time{}, "r: reply 12"},
		"command declared with its prefix":                              {"- {name: r, command: /天气, reply: '[${args}]'}", private("/天气 北京"), time.Time{}, "r: reply [北京]"},
		"two dollars in a list":                                         {"lists: {w: [$$a]}\nrules: [{name: r, exact: $w, reply: x}]", private("$a"), time.Time{}, "r: reply x"},
		"regex catches as typed":                                        {`- {name: r, regex: 'say (\w+)', reply: "${1}"}`, private("SAY HeLLo"), time.Time{}, "r: reply HeLLo"},
		"regex case sensitive":                                          {`- {name: r, regex: '(?-i)Abc', reply: x}`, private("abc"), time.Time{}, ""},
		"fold: false compares as typed":                                 {"- {name: r, contains: ABC, fold: false, reply: x}", private("abc"), time.Time{}, ""},
		"list by name":                                                  {"lists: {w: [a, b]}\nrules: [{name: r, exact: [$w, c], reply: x}]", private("b"), time.Time{}, "r: reply x"},
		"list from a file":                                              {"lists: {w: {file: words.txt}}\nrules: [{name: r, exact: $w, reply: x}]", private("香蕉"), time.Time{}, "r: reply x"},
		"two dollars are one":                                           {"- {name: r, exact: $$w, reply: x}", private("$w"), time.Time{}, "r: reply x"},
		"include in order of names":                                     {"include: more/*.yaml\nrules: [{name: r, exact: z, reply: x}]", private("x"), time.Time{}, "a2: reply from a"},
		"first of the file wins":                                        {"- {name: a, contains: x, reply: A}\n- {name: b, contains: x, reply: B}", private("x"), time.Time{}, "a: reply A"},
		"continue goes on":                                              {"- {name: a, contains: x, reply: A, continue: true}\n- {name: b, contains: x, reply: B}", private("x"), time.Time{}, "a: reply A; b: reply B"},
		"a dry run changes nothing for the others":                      {"- {name: a, contains: x, reply: A, dry_run: true}\n- {name: b, contains: x, reply: B}", private("x"), time.Time{}, "a: (dry) reply A; b: reply B"},
		"mention goes with every choice":                                {"- {name: r, contains: x, group: '*', reply: {mention: true, one_of: [y]}}", inGroup("g", "x"), time.Time{}, "r: reply 小明明 y"},
		"switched off":                                                  {"- {name: a, contains: x, reply: A, enabled: false}", private("x"), time.Time{}, ""},
		"private unless it names a chat":                                {"- {name: r, contains: x, reply: y}", inGroup("客户一群", "x"), time.Time{}, ""},
		"group by name":                                                 {"- {name: r, contains: x, group: 客户*, reply: y}", inGroup("客户一群", "x"), time.Time{}, "r: reply y"},
		"another group":                                                 {"- {name: r, contains: x, group: 客户*, reply: y}", inGroup("家庭群", "x"), time.Time{}, ""},
		"group by regex":                                                {"- {name: r, contains: x, group: {regex: '^客户.群$'}, reply: y}", inGroup("客户一群", "x"), time.Time{}, "r: reply y"},
		"group leaves private out":                                      {"- {name: r, contains: x, group: '*', reply: y}", private("x"), time.Time{}, ""},
		"chat and group":                                                {"- {name: r, contains: x, chat: [private, group], group: 客户一群, reply: y}", private("x"), time.Time{}, "r: reply y"},
		"from the remark":                                               {"- {name: r, contains: x, from: 小明, reply: y}", private("x"), time.Time{}, "r: reply y"},
		"not from the nickname of one remarked":                         {"- {name: r, contains: x, from: 明明, reply: y}", private("x"), time.Time{}, ""},
		"from the card":                                                 {"- {name: r, contains: x, group: '*', from: 小明明, reply: y}", inGroup("g", "x"), time.Time{}, "r: reply y"},
		"unless holds":                                                  {"- {name: r, contains: x, unless: {contains: z}, reply: y}", private("xz"), time.Time{}, ""},
		"unless by remark alone":                                        {"- {name: r, contains: x, group: '*', unless: {from: 小明明}, reply: y}", inGroup("g", "x"), time.Time{}, "r: reply y"},
		"when is any of several":                                        {"- {name: r, when: [{exact: a}, {exact: b}], reply: y}", private("b"), time.Time{}, "r: reply y"},
		"mentioned":                                                     {"- {name: r, contains: x, group: '*', mentioned: true, reply: y}", inGroup("g", "x"), time.Time{}, ""},
		"own phone":                                                     {"- {name: r, contains: x, reply: y}", with(private("x"), func(e *event.Event) { e.BySelf = true }), time.Time{}, ""},
		"own phone, wanted":                                             {"- {name: r, contains: x, by_self: true, reply: y}", with(private("x"), func(e *event.Event) { e.BySelf = true }), time.Time{}, "r: reply y"},
		"file helper":                                                   {"- {name: r, chat: self, contains: x, reply: y}", with(private("x"), func(e *event.Event) { e.BySelf, e.Chat.Kind = true, event.ChatSelf }), time.Time{}, "r: reply y"},
		"official only when named":                                      {"- {name: r, contains: x, reply: y}", with(private("x"), func(e *event.Event) { e.Chat.Kind = event.ChatOfficial }), time.Time{}, ""},
		"text keys look at texts only":                                  {"- {name: r, contains: x, reply: y}", with(private("x"), func(e *event.Event) { e.Message.Type = event.TypeLink }), time.Time{}, ""},
		"type":                                                          {"- {name: r, type: [图片, link], reply: y}", with(private("x"), func(e *event.Event) { e.Message.Type = event.TypeImage }), time.Time{}, "r: reply y"},
		"in time":                                                       {"- {name: r, contains: x, time: 9：00—18：00, reply: y}", private("x"), time.Time{}, "r: reply y"},
		"end of time excluded":                                          {"- {name: r, contains: x, time: 09:00-12:00, reply: y}", private("x"), time.Time{}, ""},
		"over midnight":                                                 {"- {name: r, contains: x, time: 22:00-06:00, reply: y}", private("x"), wednesday.Add(11 * time.Hour), "r: reply y"},
		"days":                                                          {"- {name: r, contains: x, days: 周一-周五, reply: y}", private("x"), time.Time{}, "r: reply y"},
		"other days":                                                    {"- {name: r, contains: x, days: [sat, sun, 2026-01-01..2026-01-03], reply: y}", private("x"), time.Time{}, ""},
		"dates":                                                         {"- {name: r, contains: x, days: 2026-01-05..2026-01-07, reply: y}", private("x"), time.Time{}, "r: reply y"},
		"time zone":                                                     {"settings: {timezone: Asia/Shanghai}\nrules: [{name: r, contains: x, time: 20:00-20:01, reply: '${time} ${weekday} ${date}'}]", private("x"), time.Time{}, "r: reply 20:00 星期三 2026-01-07"},
		"Chinese spellings":                                             {"- {名称: 规, 包含: 价, 会话: 私聊, 回复: '${发送者}：${原文}'}", private("价"), time.Time{}, "规: reply 小明：价"},
		"name after the first trigger":                                  {"- {contains: [价格], reply: x}", private("价格"), time.Time{}, "价格: reply x"},
		"placeholder with a fallback":                                   {"- {name: r, contains: x, reply: '${group|nowhere} $${x}'}", private("x"), time.Time{}, "r: reply nowhere ${x}"},
		"what is typed is no template":                                  {"- {name: r, contains: x, reply: '${text}'}", private("x ${sender} {昵称}"), time.Time{}, "r: reply x ${sender} {昵称}"},
		"escaped in a URL":                                              {"- {name: r, starts_with: q, reply: 'see https://x.cn/?q=${text} ok'}", private("q a&b"), time.Time{}, "r: reply see https://x.cn/?q=q%20a%26b ok"},
		"a long name is cut, lines go":                                  {"- {name: r, contains: x, reply: '${nickname}'}", with(private("x"), func(e *event.Event) { e.Sender.Nickname = "一\n二" + strings.Repeat("三", 30) }), time.Time{}, "r: reply 一二" + strings.Repeat("三", 18) + "…"},
		"command":                                                       {"- {name: r, command: 天气, reply: '[${args}]'}", private("/天气 北京"), time.Time{}, "r: reply [北京]"},
		"command glued":                                                 {"- {name: r, command: 天气, reply: '[${args}]'}", private("天气北京"), time.Time{}, "r: reply [北京]"},
		"command with space required":                                   {"- {name: r, command: {name: 天气, space: required}, reply: x}", private("天气北京"), time.Time{}, ""},
		"Latin command needs a blank":                                   {"- {name: r, command: ping, reply: x}", private("pingx"), time.Time{}, ""},
		"longest command":                                               {"- {name: a, command: 投, reply: A}\n- {name: b, command: 投票, reply: B}", private("投票 x"), time.Time{}, "b: reply B"},
		"friend request": {
			"- {name: r, event: friend_request, contains: 读书会, do: [{accept: {remark: '读者-${nickname}'}}, {wait: 3s}, {reply: 'hi ${nickname}'}]}",
			&event.Event{ID: "r", Kind: event.KindFriendRequest, Chat: event.Chat{Kind: event.ChatPrivate, Key: "p9"}, Sender: event.Person{Key: "p9", Nickname: "新"}, Request: &event.Request{Text: "读 书会", User: "@u", Ticket: "v4"}},
			time.Time{},
			"r: accept 读者-新 v4 wait reply hi 新",
		},
		"recalled, remembered": {
			"- {name: r, event: recalled, group: '*', do: [{forward: {to: filehelper, header: '${sender} 在「${group}」撤回了：'}}]}",
			with(inGroup("家", ""), func(e *event.Event) {
				e.Kind, e.Recalled, e.Message = event.KindRecalled, &event.Recalled{Message: &event.Message{Type: event.TypeText, Text: "秘密"}}, nil
			}),
			time.Time{},
			"r: forward filehelper 小明 在「家」撤回了：\n秘密 (unsolicited)",
		},
		"recalled picture": {
			"- {name: r, event: recalled, group: '*', do: [{forward: filehelper}]}",
			with(inGroup("家", ""), func(e *event.Event) {
				e.Kind, e.Recalled, e.Message = event.KindRecalled, &event.Recalled{Message: &event.Message{Type: event.TypeImage}}, nil
			}),
			time.Time{},
			"r: forward filehelper [图片] (unsolicited)",
		},
		"login": {"- {name: r, event: login, do: [{notify: up}]}", &event.Event{ID: "l", Kind: event.KindLogin}, time.Time{}, "r: notify up"},
		"send": {
			"settings: {admins: [老王]}\nlists: {g: [一群, 二群]}\nrules: [{name: r, contains: x, do: [{send: {to: [$g, $admins], text: y, sticker: 'md5:0123456789ABCDEF0123456789abcdef'}}, {log: z}]}]",
			private("x"),
			time.Time{},
			"r: send 一群,二群,$admins y md5:0123456789abcdef0123456789abcdef (unsolicited) log z",
		},
	} {
		t.Run(name, func(t *testing.T) {
			set := parse(t, tt.src)
			if got := decide(set, rules.Input{Event: tt.ev, Now: tt.now, BotNames: []string{"机器人"}}); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestWelcomeGathersThenNamesEverybody(t *testing.T) {
	set := parse(t, "- {name: w, event: member_joined, group: '*', reply: {mention: true, text: '欢迎 ${names}（${count}）'}}")
	ev := &event.Event{ID: "j", Kind: event.KindMemberJoined, Chat: event.Chat{Kind: event.ChatGroup, Key: "g", Name: "群"}, Members: &event.Members{}}
	for _, n := range []string{"甲", "乙", "丙", "丁", "戊", "己"} {
		ev.Members.People = append(ev.Members.People, event.Person{Nickname: n})
	}
	dec := set.Decide(rules.Input{Event: ev, Now: wednesday})
	if len(dec.Firings) != 0 || len(dec.Gather) != 1 || dec.Gather[0] != (event.Gather{Rule: "w", For: 10 * time.Second}) || !dec.Ended {
		t.Errorf("first: %+v", dec)
	}
	want := "w: reply 甲,乙,丙,丁,戊 欢迎 甲、乙、丙、丁、戊 等 6 人（6） (unsolicited)"
	if got := decide(set, rules.Input{Event: ev, Gathered: "w"}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	off := parse(t, "- {name: w, event: member_joined, group: '*', gather: off, reply: hi}")
	if got := decide(off, rules.Input{Event: ev}); got != "w: reply hi (unsolicited)" {
		t.Errorf("gather off: %q", got)
	}
}

// Two rules that gather, the first of which goes on: the event is held back once,
// nothing is remembered meanwhile, and then both fire.
func TestMergedEventWalksAllRulesOnce(t *testing.T) {
	set := parse(t, `
- {name: log, event: member_joined, group: '*', gather: off, continue: true, cooldown: 1h, notify: '${count}'}
- {name: a, event: member_joined, group: '*', gather: 5s, continue: true, probability: 0.5, reply: A}
- {name: b, event: member_joined, group: '*', gather: 20s, reply: B}
`)
	ev := &event.Event{
		ID: "j", Kind: event.KindMemberJoined, Chat: event.Chat{Kind: event.ChatGroup, Key: "g", Name: "群"},
		Members: &event.Members{People: []event.Person{{Nickname: "甲"}}},
	}
	mem := rules.NewMemory()
	lose := func() float64 { return 0.9 }
	dec := set.Decide(rules.Input{Event: ev, Now: wednesday, Memory: mem, Rand: lose})
	if len(dec.Firings) != 0 || len(dec.Gather) != 1 || dec.Gather[0] != (event.Gather{Rule: "a", For: 5 * time.Second}) {
		t.Fatalf("first: %+v", dec)
	}
	want := "log: notify 1; b: reply B (unsolicited)"
	if got := decide(set, rules.Input{Event: ev, Memory: mem, Rand: lose, Gathered: "a"}); got != want {
		t.Errorf("merged: %q, want %q", got, want)
	}
}

func TestWelcomeTellsNoRemarks(t *testing.T) {
	set := parse(t, "- {name: w, event: member_joined, group: '*', gather: off, reply: '${names}/${inviter}'}")
	ev := inGroup("群", "")
	ev.Kind, ev.Message = event.KindMemberJoined, nil
	ev.Members = &event.Members{People: []event.Person{{Nickname: "甲", Remark: "欠钱的"}}, Inviter: event.Person{Card: "乙", Remark: "老板"}}
	if got := decide(set, rules.Input{Event: ev}); got != "w: reply 甲/乙 (unsolicited)" {
		t.Errorf("%q", got)
	}
}

func TestCooldownCountsAsFired(t *testing.T) {
	set := parse(t, `
- {name: a, contains: x, reply: A, cooldown: {per: sender, every: 1m, notice: 慢点}}
- {name: b, contains: x, reply: B}
`)
	mem := rules.NewMemory()
	at := func(d time.Duration, who string) string {
		ev := private("x")
		ev.Sender.Key = who
		return decide(set, rules.Input{Event: ev, Now: wednesday.Add(d), Memory: mem})
	}
	for i, tt := range []struct {
		d         time.Duration
		who, want string
	}{
		{0, "p1", "a: reply A"},
		{time.Second, "p1", "a: reply 慢点"},
		{2 * time.Second, "p1", ""},
		{3 * time.Second, "p2", "a: reply A"},
		{time.Minute, "p1", "a: reply A"},
	} {
		if got := at(tt.d, tt.who); got != tt.want {
			t.Errorf("%d: got %q, want %q", i, got, tt.want)
		}
	}
}

func TestLimitIsByCalendarDay(t *testing.T) {
	set := parse(t, "settings: {timezone: Asia/Shanghai}\nrules: [{name: a, contains: x, reply: A, limit: 2/day}]")
	mem := rules.NewMemory()
	for i, tt := range []struct {
		d    time.Duration
		want string
	}{
		{0, "a: reply A"},
		{time.Hour, "a: reply A"},
		{2 * time.Hour, "a: notify 规则「a」到了上限 2/day，暂时不再执行。"},
		{3 * time.Hour, ""},           // told once
		{4 * time.Hour, "a: reply A"}, // midnight in Shanghai has passed
	} {
		if got := decide(set, rules.Input{Event: private("x"), Now: wednesday.Add(tt.d), Memory: mem}); got != tt.want {
			t.Errorf("%d: got %q, want %q", i, got, tt.want)
		}
	}
	sliding := parse(t, "- {name: s, contains: x, reply: A, limit: 1/10m}")
	decide(sliding, rules.Input{Event: private("x"), Memory: mem})
	if got := decide(sliding, rules.Input{Event: private("x"), Now: wednesday.Add(9 * time.Minute), Memory: mem}); strings.Contains(got, "reply") {
		t.Errorf("within the window: %q", got)
	}
	if got := decide(sliding, rules.Input{Event: private("x"), Now: wednesday.Add(10 * time.Minute), Memory: mem}); got == "" {
		t.Error("after the window: nothing")
	}
}

func TestReplyOneOfDoesNotRepeatItself(t *testing.T) {
	set := parse(t, "- {name: a, contains: x, reply_one_of: [A, {text: B, weight: 3}]}")
	mem := rules.NewMemory()
	last := ""
	for i := range 20 {
		got := decide(set, rules.Input{Event: private("x"), Memory: mem, Rand: func() float64 { return 0 }})
		if got == last {
			t.Fatalf("answer %d repeats %q", i, got)
		}
		last = got
	}
}

func TestProbability(t *testing.T) {
	set := parse(t, "- {name: a, contains: x, probability: 0.3, reply: A}\n- {name: b, contains: x, reply: B}")
	for roll, want := range map[float64]string{0.29: "a: reply A", 0.31: "b: reply B"} {
		if got := decide(set, rules.Input{Event: private("x"), Rand: func() float64 { return roll }}); got != want {
			t.Errorf("roll %v: %q, want %q", roll, got, want)
		}
	}
}

func TestExplainNamesTheFirstConditionThatFails(t *testing.T) {
	set := parse(t, `
- {name: group, contains: 价格, group: 客户一群, reply: x}
- {name: word, contains: 报价, reply: x}
- {name: off, contains: 价格, enabled: false, reply: x}
- {name: self, contains: 价格, by_self: true, reply: x}
- {name: night, contains: 价格, time: 22:00-06:00, reply: x}
- {name: fires, contains: 价格, reply: x}
- {name: later, contains: 价格, reply: x}
`)
	want := map[string]string{
		"group": "chat is private, rule wants group", "word": "contains 报价", "off": "switched off",
		"self": "the account's owner did not write it", "night": "time 12:00 is not in 22:00-06:00", "fires": "", "later": "not tried",
	}
	for _, v := range set.Explain(rules.Input{Event: private("价格"), Now: wednesday}) {
		if v.Why.String() != want[v.Rule] || v.Fired != (v.Rule == "fires") {
			t.Errorf("%s: fired %v, %q; want %q", v.Rule, v.Fired, v.Why, want[v.Rule])
		}
	}
}

func TestExplainFollowsTheCommandThatIsMeant(t *testing.T) {
	set := parse(t, "- {name: a, command: 投, reply: A}\n- {name: b, command: 投票, reply: B}\n- {name: c, command: 天气, reply: C}")
	in := rules.Input{Event: private("投票 x"), Now: wednesday}
	in.Command, _, _ = set.CommandName(in.Event)
	want := []string{"a: another command is meant", "b: fired [reply]", "c: not tried"}
	if got := told(set.Explain(in)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	in.Command = ""
	if got := set.Explain(in)[2].Why.String(); got != "command 天气" {
		t.Errorf("another text: %q", got)
	}
}

func TestSettings(t *testing.T) {
	s := parse(t, `
settings:
  mode: 试运行
  admins: [老王]
  never: 老板
  notify: none
  command_prefix: ["!"]
  pace: {reply: 1-3s, unsolicited_per_day: 5, accept: 2/min, per_chat: 3次/分, quiet: off, stale: 1小时}
  loop_guard: {answers: 3, within: 30秒, mute: 1h}
  recall: {keep: 5m, max: 10}
`).Settings()
	if s.Mode != event.ModeTrial || s.Admins[0] != "老王" || s.Never[0] != "老板" || len(s.Notify) != 0 || s.Prefixes[0] != "!" {
		t.Errorf("%+v", s)
	}
	p := s.Pace
	if p.Reply != (event.Range{Min: time.Second, Max: 3 * time.Second}) || p.UnsolicitedPerDay != 5 || p.Accept != (event.Rate{N: 2, Per: time.Minute}) ||
		p.PerChat != (event.Rate{N: 3, Per: time.Minute}) || p.Quiet != (event.DayWindow{}) || p.Stale != time.Hour || p.AcceptPerDay != 50 {
		t.Errorf("%+v", p)
	}
	if s.LoopGuard != (event.LoopGuard{Answers: 3, Within: 30 * time.Second, Mute: time.Hour}) || s.Recall != (event.Memory{Keep: 5 * time.Minute, Max: 10}) {
		t.Errorf("%+v %+v", s.LoopGuard, s.Recall)
	}
	for src, want := range map[string]event.TraceLimits{
		"[]": {Keep: 7 * 24 * time.Hour, Max: 50_000},
		"settings: {trace: {keep: 2d, max: 100}}": {Keep: 48 * time.Hour, Max: 100},
		"设置: {追踪: {最多: 100}}":                     {Keep: 7 * 24 * time.Hour, Max: 100},
		"settings: {trace: off}":                  {Keep: 7 * 24 * time.Hour},
	} {
		if got := parse(t, src).Settings().Trace; got != want {
			t.Errorf("%s: trace %+v, want %+v", src, got, want)
		}
	}
	if d := parse(t, "[]").Settings(); d.Mode != event.ModeLive || d.Pace.Reply.Min != 2*time.Second || d.Notify[0] != "filehelper" || d.Pace.Quiet.From != 23*time.Hour {
		t.Errorf("defaults %+v", d)
	}
}

func TestRevFollowsEverySource(t *testing.T) {
	a, b := parse(t, "- {name: r, exact: a, reply: x}"), parse(t, "- {name: r, exact: a, reply: y}")
	if a.Rev() == b.Rev() || len(a.Rev()) != 8 || a.Rev() != parse(t, "- {name: r, exact: a, reply: x}").Rev() {
		t.Errorf("%s, %s", a.Rev(), b.Rev())
	}
}

func TestDecidingAllocatesNothingWhenNoRuleFires(t *testing.T) {
	set := parse(t, keywordRules(benchWords(100), 1)+`
- {name: group, group: ["客户*群", VIP 1, "Vip*3"], contains: 价格, reply: x}
- {name: sender, group: "*", from: [老板, "Boss*"], reply: x}
- {name: regex, group: "*", regex: '价格(\d+)元', reply: x}
- {name: unless, group: "*", contains: 价格, unless: {contains: [多少, 一]}, reply: x}
- {name: command, group: "*", command: [帮助, help], reply: x}
`)
	for _, text := range []string{"这是一条没有任何关键词的普通消息。", "请问，iPhone 的价格是多少？我 明天过来！😀", "/hell"} {
		ev := with(inGroup("VIP 客户二群A", text), func(ev *event.Event) { ev.Sender.Remark = "Ｗang" })
		if n := testing.AllocsPerRun(100, func() {
			command, _, _ := set.CommandName(ev)
			set.Decide(rules.Input{Event: ev, Now: wednesday, Command: command})
		}); n > 0 {
			t.Errorf("%q: %v allocations", text, n)
		}
	}
}

func TestManyDecideAtOnce(t *testing.T) {
	set := parse(t, "- {name: a, contains: 价格, reply: A}\n- {name: b, regex: '订单(\\d+)', reply: '${1}'}\n- {name: c, command: 帮助, reply: C}")
	want := map[string]string{"价 格？": "a: reply A", "订单12": "b: reply 12", "/帮助": "c: reply C", "没有": ""}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				for text, want := range want {
					if got := decide(set, rules.Input{Event: private(text)}); got != want {
						t.Errorf("%q: %q, want %q", text, got, want)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestRulesSwitchedOffAreAsIfTheyWereNotThere(t *testing.T) {
	set := parse(t, `
- {name: a, command: 查, reply: A}
- {name: b, command: 查天气, reply: B}
- {name: c, event: member_joined, group: "*", reply: C}
- {name: d, event: member_joined, group: "*", gather: off, reply: D}
- {name: e, at: 08:30, do: [{send: {to: x, text: E}}]}
`)
	off := func(rule string) bool { return rule == "b" || rule == "c" || rule == "e" }
	in := rules.Input{Event: private("查天气"), Now: wednesday, Off: off}
	in.Command, _, _ = set.CommandOf(in)
	if dec := set.Decide(in); in.Command != "a" || len(dec.Firings) != 1 || dec.Firings[0].Rule != "a" {
		t.Errorf("command of %q, decided %+v", in.Command, dec)
	}
	if got := set.Explain(rules.Input{Event: private("x"), Now: wednesday, Off: off})[1].Why.String(); got != "switched off" {
		t.Errorf("explained %q", got)
	}
	join := with(inGroup("g", ""), func(e *event.Event) {
		e.Kind, e.Message, e.Members = event.KindMemberJoined, nil, &event.Members{}
	})
	if dec := set.Decide(rules.Input{Event: join, Now: wednesday, Off: off}); len(dec.Gather) > 0 || len(dec.Firings) != 1 || dec.Firings[0].Rule != "d" {
		t.Errorf("join: %+v", dec)
	}
	tick := &event.Event{Kind: event.KindTick, Tick: &event.Tick{Rule: "e"}}
	if dec := set.Decide(rules.Input{Event: tick, Now: wednesday, Off: off}); len(dec.Firings) > 0 {
		t.Errorf("tick: %+v", dec)
	}
}

func TestWordsReplaceTheTextsOfTheBot(t *testing.T) {
	set := parse(t, `
settings: {words: {到了上限: "够了：${rule} $${x}", loop_guard: ""}}
rules: [{name: "${limit}", contains: x, reply: y, limit: 1/day}]
`)
	m := rules.NewMemory()
	decide(set, rules.Input{Event: private("x"), Memory: m})
	if got, want := decide(set, rules.Input{Event: private("x"), Memory: m}), "${limit}: notify 够了：${limit} ${x}"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := set.Settings().Words.Say(event.SayLoop, "sender", "a"); got != "" {
		t.Errorf("said %q", got)
	}
}

// told puts verdicts into words.
func told(vs []event.Verdict) []string {
	var out []string
	for _, v := range vs {
		line := v.Rule + ": " + v.Why.String()
		if v.Fired {
			line = fmt.Sprintf("%s: fired %v", v.Rule, v.Steps)
		}
		out = append(out, line)
	}
	return out
}
