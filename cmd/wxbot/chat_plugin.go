package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"wxbot/bot"
	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/lang"
	"wxbot/bot/luahost"
)

// tick is how often the clock of a talk with a plugin follows the real one.
const tick = 200 * time.Millisecond

// pluginTalk is a talk with one plugin, without a daemon.
type pluginTalk struct {
	talk   *luahost.Talk
	paper  *paper
	lang   lang.Language
	who    speaker
	spoken []speaker // those who have said something
	last   time.Time // real time up to which the talk's clock has come
}

// withPlugin runs the command for one plugin.
func (c *chat) withPlugin(ctx context.Context, cfg bot.Config, begin time.Time) (err error) {
	if cfg.Plugins == "" {
		return noPlugins(c.con, "chat")
	}
	talk, err := luahost.OpenTalk(ctx, luahost.TalkOptions{
		Dir: cfg.Plugins, Plugin: c.plugin, Set: c.set, HTTP: c.http, Origin: begin,
	})
	if err != nil {
		return fmt.Errorf("chat: %w", err)
	}
	defer func() { err = errors.Join(err, talk.Close()) }()
	p := &pluginTalk{
		talk: talk, lang: c.con.lang(), who: speaker{name: c.as, group: c.in}, last: time.Now(),
		paper: &paper{w: c.con.out, colour: c.con.colours(c.con.outTerm), clock: talk.Clock(), zone: begin.Location()},
	}
	p.spoken = []speaker{p.who}
	if err := p.show(talk.Pass(0)); err != nil { //nolint:contextcheck // the talk lives in the context that it was opened in
		return err
	}
	if err := p.run(ctx, c.con); ctx.Err() == nil {
		return err
	}
	return nil
}

// run takes line after line until the input ends.
func (p *pluginTalk) run(ctx context.Context, con *console) error {
	if con.inTerm {
		p.usage()
	}
	lines := readLines(ctx, con.in)
	passes := time.NewTicker(tick)
	defer passes.Stop()
	prompt := func() {
		if con.inTerm {
			fmt.Fprint(p.paper.w, p.paper.in(bold, p.who.String()+" > "))
		}
	}
	for prompt(); ; {
		select {
		case line, ok := <-lines:
			if !ok {
				return nil
			}
			if err := p.line(strings.TrimSpace(line)); err != nil { //nolint:contextcheck // the talk lives in the context that it was opened in
				return err
			}
			prompt()
		case <-passes.C:
			said, err := p.pass() //nolint:contextcheck // the talk lives in the context that it was opened in
			if len(said) > 0 && con.inTerm {
				fmt.Fprintln(p.paper.w)
			}
			if err := p.show(said, err); err != nil {
				return err
			}
			if len(said) > 0 {
				prompt()
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// pass lets the talk's clock follow the real one.
func (p *pluginTalk) pass() ([]luahost.Said, error) {
	now := time.Now()
	d := now.Sub(p.last)
	p.last = now
	return p.talk.Pass(d)
}

// line does what a line says.
func (p *pluginTalk) line(line string) error {
	if err := p.show(p.pass()); err != nil {
		return err
	}
	p.refresh()
	defer func() { p.last = time.Now() }() // what the plugin computed is no time of the talk's
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch word {
	case "":
		return nil
	case ":help", ":帮助":
		p.usage()
		return nil
	case ":as", ":我是":
		if s, ok := parseSpeaker(rest); ok {
			p.who = s
		}
		return nil
	case ":wait", ":等":
		d, ok := conf.ParseDuration(rest)
		if !ok {
			p.paper.remark(of(p.lang, "wait how long? such as :wait 20s", "等多久？例如 :等 20s"))
			return nil
		}
		return p.show(p.talk.Pass(d))
	case ":join", ":入群":
		if p.who.group == "" || rest == "" {
			p.paper.remark(of(p.lang, "who joins where? first :as NAME@GROUP, then :join NAME …", "谁进哪个群？先 :我是 名字@群，再 :入群 名字 …"))
			return nil
		}
		return p.show(p.talk.Join(p.who.group, strings.Fields(rest)...))
	case ":request", ":申请":
		name, text, _ := strings.Cut(rest, " ")
		if name == "" {
			p.paper.remark(of(p.lang, "who asks? :request NAME TEXT", "谁申请？:申请 名字 附言"))
			return nil
		}
		return p.show(p.talk.Request(name, text))
	case ":recall", ":撤回":
		said, err := p.talk.Recall(p.who.name, p.who.group)
		if err != nil {
			p.paper.remark(of(p.lang, "there is nothing to recall", "没有可撤回的消息"))
			return nil
		}
		return p.show(said, nil)
	}
	return p.says(line)
}

// says has somebody say a line.
func (p *pluginTalk) says(line string) error {
	text := line
	known := func(name string) bool {
		return name == luahost.OwnerName || slices.ContainsFunc(p.spoken, func(s speaker) bool { return s.name == name })
	}
	if s, said, ok := prefixedLine(line, known); ok {
		p.who, text = s, said
	}
	if !slices.Contains(p.spoken, p.who) {
		p.spoken = append(p.spoken, p.who)
	}
	said, err := p.talk.Say(p.who.name, p.who.group, text)
	if err == nil && len(said) == 0 {
		p.paper.remark(of(p.lang, "nothing", "没有反应"))
	}
	return p.show(said, err)
}

// refresh loads the plugin anew after an edit.
func (p *pluginTalk) refresh() {
	switch changed, err := p.talk.Refresh(); {
	case err != nil:
		p.paper.remark(of(p.lang, "the running version stays: ", "旧版本继续运行：") + err.Error())
	case changed:
		p.paper.remark(of(p.lang, "loaded anew", "已重新加载"))
	}
}

// show writes what the plugin did.
func (p *pluginTalk) show(said []luahost.Said, err error) error {
	for _, s := range said {
		l := p.lang
		switch s.Kind {
		case event.ActReply, event.ActSend, event.ActForward:
			p.paper.line(s.Chat, botName, s.Text)
		case event.ActAccept:
			p.paper.line(s.Chat, botName, of(l, "(accepted the friend request)", "（通过了好友申请）"))
		case event.ActRemark:
			p.paper.line(s.Chat, botName, of(l, "(set the remark to ", "（设置备注：")+s.Text+of(l, ")", "）"))
		case event.ActInvite:
			p.paper.line(s.Chat, botName, of(l, "(invited to ", "（邀请入群：")+s.Text+of(l, ")", "）"))
		case event.ActNotify:
			p.paper.line(fileHelper, botName, s.Text)
		case luahost.SaidLog:
			p.paper.remark(s.Text)
		case luahost.SaidFault:
			p.paper.remark(p.paper.in(bold, s.Text))
		default:
			p.paper.line(s.Chat, botName, strings.TrimSpace("("+string(s.Kind)+" "+s.Text)+")")
		}
	}
	return err
}

func (p *pluginTalk) usage() {
	for line := range strings.Lines(of(p.lang,
		`小明: text             somebody writes in private
小明@客户一群: text     somebody writes in a group; @机器人 in the text mentions the bot
我: text               the account's owner writes to 文件传输助手
:as NAME[@GROUP]       who writes what has no name before it
:join NAME …  :request NAME TEXT  :recall  :wait 10m (at once)
Ctrl-D                 end
`,
		`小明: 文字              某人私聊
小明@客户一群: 文字      某人在群里说；文字里写 @机器人 就是提到它
我: 文字                账号主人在文件传输助手里说
:我是 名字[@群]          不写名字时是谁在说
:入群 名字 …  :申请 名字 附言  :撤回  :等 10m（立刻过去）
Ctrl-D                  结束
`)) {
		p.paper.remark(strings.TrimRight(line, "\n"))
	}
}
