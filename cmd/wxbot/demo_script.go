package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"wxbot/bot/lang"
	"wxbot/wx/wxtest"
)

// scene is one part of the play: what people do, and what the bot shall do.
type scene struct {
	title lang.Text // without one it goes on with the scene before
	act   func(context.Context, *stage) error
	want  []expectation
}

// say lets a friend write to the bot.
func say(who, text string) func(context.Context, *stage) error {
	return func(_ context.Context, st *stage) error {
		st.paper.line(who, who, text)
		st.people[who].Say(text)
		return nil
	}
}

// sayIn lets a member write in a group.
func sayIn(group, who, text string) func(context.Context, *stage) error {
	return func(_ context.Context, st *stage) error {
		st.paper.line(group, who, text)
		st.groups[group].Say(st.people[who], text)
		return nil
	}
}

// cast puts the people of the play on the stage.
func (st *stage) cast() {
	for _, name := range []string{"小明", "老王", "妈妈"} {
		st.people[name] = st.srv.AddFriend(wxtest.Person{NickName: name})
	}
	for _, name := range []string{"小红", "阿强", "丽丽", "路人甲"} {
		st.people[name] = st.srv.AddStranger(wxtest.Person{NickName: name})
	}
	st.groups["客户一群"] = st.srv.AddGroup("客户一群", st.people["老王"], st.people["小明"], st.people["路人甲"])
	st.groups["家庭群"] = st.srv.AddGroup("家庭群", st.people["妈妈"])
}

// scenes is the play on the shipped rules and plugins. What takes the bot long
// comes early and is waited for at the end.
func scenes() []scene {
	const sent = wxtest.RecordSent
	return []scene{
		{
			title: lang.T("a keyword, by a rule"),
			act:   say("小明", "这个多少钱？"),
			want:  []expectation{{kind: sent, chat: "小明", text: "价目表"}},
		},
		{
			title: lang.T("an advertisement: a warning, withdrawn after 90 seconds, and a note to the owner"),
			act:   sayIn("客户一群", "路人甲", "日结兼职，加微信详聊"),
			want: []expectation{
				{kind: sent, chat: "客户一群", text: "请不要发广告"},
				{kind: sent, chat: fileHelper, text: "疑似发广告"},
				{kind: wxtest.RecordRevoked, chat: "客户一群", text: "请不要发广告", later: true},
			},
		},
		{
			title: lang.T("a reminder, by a Lua plugin that reads plain Chinese"),
			act:   say("小明", "90秒后提醒我关火"),
			want: []expectation{
				{kind: sent, chat: "小明", text: "提醒你：关火"},
				{kind: sent, chat: "小明", text: "⏰ 关火", later: true},
			},
		},
		{
			title: lang.T("newcomers: one welcome for all who come within 20 seconds"),
			act:   newcomers,
			// On a busy machine a name may be looked up too late for the common
			// welcome, since the client spaces look-ups in real time.
			want: []expectation{
				{kind: sent, chat: "客户一群", text: "阿强", later: true},
				{kind: sent, chat: "客户一群", text: "丽丽", later: true},
			},
		},
		{
			title: lang.T("a command, by a Lua plugin"),
			act:   say("小明", "掷骰子"),
			want:  []expectation{{kind: sent, chat: "小明", text: "掷出了"}},
		},
		{
			title: lang.T("a vote in a group, by a Lua plugin"),
			act:   sayIn("家庭群", "妈妈", "/投票 年夜饭吃什么 火锅 饺子"),
			want:  []expectation{{kind: sent, chat: "家庭群", text: "1. 火锅　0 票"}},
		},
		{
			act:  sayIn("家庭群", "妈妈", "投 2"),
			want: []expectation{{kind: sent, chat: "家庭群", text: "2. 饺子　1 票"}},
		},
		{
			title: lang.T("a friend request with the secret word"),
			act: func(_ context.Context, st *stage) error {
				const greeting = "我想加入读书会"
				st.paper.line("小红", "小红", lang.T("(friend request) ").In(st.lang)+greeting)
				st.people["小红"].Request(greeting)
				return nil
			},
			want: []expectation{
				{kind: wxtest.RecordAccepted, chat: "小红"},
				{kind: wxtest.RecordRemarked, chat: "小红", text: "读者-小红"},
				{kind: sent, chat: "小红", text: "欢迎加入读书会"},
			},
		},
		{
			title: lang.T("an emoticon"),
			act:   say("老王", "谢谢！"),
			want:  []expectation{{kind: sent, chat: "老王", text: "e68363487d8f0519c4e1047de403b2e7"}},
		},
		{
			title: lang.T("a message withdrawn by its writer, kept for the owner"),
			act:   withdrawn,
			want: []expectation{
				{kind: sent, chat: fileHelper, text: "撤回了"},
				{kind: sent, chat: fileHelper, text: "密码是六个八"},
			},
		},
		{
			title: lang.T("rules.yaml edited while the bot runs"),
			act:   edited,
			want:  []expectation{{kind: sent, chat: "小明", text: "周末照常营业"}},
		},
	}
}

// newcomers lets two people come one after the other.
func newcomers(ctx context.Context, st *stage) error {
	g, by := st.groups["客户一群"], st.people["老王"]
	for _, name := range []string{"阿强", "丽丽"} {
		st.paper.line(g.Topic(), "老王", lang.T("(invited %s)", name).In(st.lang))
		g.Join(by, st.people[name])
		if err := st.pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// withdrawn lets somebody write and think better of it.
func withdrawn(ctx context.Context, st *stage) error {
	const text = "密码是六个八"
	g, mum := st.groups["家庭群"], st.people["妈妈"]
	st.paper.line(g.Topic(), "妈妈", text)
	id := g.Say(mum, text)
	if err := st.pause(ctx, 300*time.Millisecond); err != nil {
		return err
	}
	st.paper.line(g.Topic(), "妈妈", lang.T("(recalls the message)").In(st.lang))
	g.Recall(mum, id)
	return nil
}

// edited asks what no rule answers, adds a rule to the file and asks again.
func edited(ctx context.Context, st *stage) error {
	ask := say("小明", "周末营业吗？")
	if err := ask(ctx, st); err != nil {
		return err
	}
	if err := st.pause(ctx, 500*time.Millisecond); err != nil {
		return err
	}
	const before, rule = "\nrules:\n", `  - name: 周末营业
    contains: 周末营业
    reply: 周末照常营业，10 点到 18 点。
`
	src, err := os.ReadFile(st.rules)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	head, rest, ok := strings.Cut(string(src), before)
	if !ok {
		return lang.Errorf("demo: %s has no rules", st.rules)
	}
	for line := range strings.Lines(rule) {
		st.paper.remark("+ " + strings.TrimRight(line, "\n"))
	}
	loads := st.loads
	if err := os.WriteFile(st.rules, []byte(head+before+rule+rest), 0o600); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if err := st.until(ctx, patience, func() bool { return st.loads > loads || st.problem != "" }); err != nil {
		return lang.Errorf("demo: reload of rules.yaml: %s", err)
	}
	if st.problem != "" {
		return lang.Errorf("demo: reload of rules.yaml: %s", st.problem)
	}
	return ask(ctx, st)
}
