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
			p.paper.remark(lang.T("wait how long? such as :wait 20s").In(p.lang))
			return nil
		}
		return p.show(p.talk.Pass(d))
	case ":join", ":入群":
		if p.who.group == "" || rest == "" {
			p.paper.remark(lang.T("who joins where? first :as NAME@GROUP, then :join NAME …").In(p.lang))
			return nil
		}
		return p.show(p.talk.Join(p.who.group, strings.Fields(rest)...))
	case ":request", ":申请":
		name, text, _ := strings.Cut(rest, " ")
		if name == "" {
			p.paper.remark(lang.T("who asks? :request NAME TEXT").In(p.lang))
			return nil
		}
		return p.show(p.talk.Request(name, text))
	case ":recall", ":撤回":
		said, err := p.talk.Recall(p.who.name, p.who.group)
		if err != nil {
			p.paper.remark(lang.T("there is nothing to recall").In(p.lang))
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
		p.paper.remark(lang.T("no answer came").In(p.lang))
	}
	return p.show(said, err)
}

// refresh loads the plugin anew after an edit.
func (p *pluginTalk) refresh() {
	switch changed, err := p.talk.Refresh(); {
	case err != nil:
		p.paper.remark(lang.T("the running version stays: ").In(p.lang) + err.Error())
	case changed:
		p.paper.remark(lang.T("loaded anew").In(p.lang))
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
			p.paper.line(s.Chat, botName, lang.T("(accepted the friend request)").In(l))
		case event.ActRemark:
			p.paper.line(s.Chat, botName, lang.T("(set the remark to ").In(l)+s.Text+lang.T(")").In(l))
		case event.ActInvite:
			p.paper.line(s.Chat, botName, lang.T("(invited to ").In(l)+s.Text+lang.T(")").In(l))
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
	for line := range strings.Lines(lang.T("小明: text             somebody writes in private\n" +
		"小明@客户一群: text     somebody writes in a group; @机器人 in the text mentions the bot\n" +
		"我: text               the account's owner writes to 文件传输助手\n" +
		":as NAME[@GROUP]       who writes what has no name before it\n" +
		":join NAME …  :request NAME TEXT  :recall  :wait 10m (at once)\n" +
		"Ctrl-D                 end\n").In(p.lang)) {
		p.paper.remark(strings.TrimRight(line, "\n"))
	}
}
