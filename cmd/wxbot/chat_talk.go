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
	"wxbot/bot/lang"
	"wxbot/bot/trace"
	"wxbot/wx/wxtest"
)

const (
	// handledMost is how long a line waits for the daemon to have dealt with it.
	handledMost = 10 * time.Second
	// quiet is how long nothing more must come before the next line.
	quiet = 200 * time.Millisecond
	// meName is how the account's own phone is called here.
	meName = "我"
)

// chatTalk is a talk with the daemon on a stage.
type chatTalk struct {
	*stage
	who speaker
	// handled are the outcomes of what was said, by message.
	handled map[string]string
	// why tells why a message was (not) answered; false if it is not known yet.
	why func(ctx context.Context, id string) (trace.View, bool, error)
	// last is the newest message, which can be recalled.
	last struct {
		by speaker
		id wxtest.MsgID
	}
}

// begin logs in without ado.
func (c *chatTalk) begin(ctx context.Context, as, in string) error {
	c.handled = map[string]string{}
	c.onHandled = func(h bot.Handled) { c.handled[h.ID] = h.Outcome }
	if err := c.until(ctx, patience, func() bool { return c.code.Payload != "" }); err != nil {
		return lang.Errorf("chat: the daemon did not start: %s", err)
	}
	c.srv.Scan()
	if err := c.until(ctx, patience, func() bool { return c.scanned }); err != nil {
		return lang.Errorf("chat: not logged in: %s", err)
	}
	c.srv.Confirm()
	if err := c.until(ctx, patience, func() bool { return c.loggedIn && c.online }); err != nil {
		return lang.Errorf("chat: not logged in: %s", err)
	}
	c.who = speaker{name: as, group: in}
	c.enter(c.who)
	return nil
}

// run says line after line until the input ends.
func (c *chatTalk) run(ctx context.Context, con *console) error {
	if con.inTerm {
		c.usage()
	}
	lines := readLines(ctx, con.in)
	for {
		if con.inTerm {
			fmt.Fprint(c.paper.w, c.paper.in(bold, c.who.String()+" > "))
		}
		line, ok, err := c.next(ctx, lines)
		if err != nil || !ok {
			return err
		}
		if err := c.line(ctx, strings.TrimSpace(line)); err != nil {
			return err
		}
	}
}

// next waits for a line and shows meanwhile what comes by itself.
func (c *chatTalk) next(ctx context.Context, lines <-chan string) (line string, ok bool, err error) {
	for {
		select {
		case line, ok = <-lines:
			return line, ok, nil
		case r := <-c.records:
			c.record(r)
		case n := <-c.notices:
			c.notice(n)
		case err := <-c.ended:
			c.over = true
			return "", false, errors.Join(errDaemonEnded, err)
		case <-ctx.Done():
			return "", false, nil
		}
	}
}

func (c *chatTalk) line(ctx context.Context, line string) error {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch word {
	case "":
		return nil
	case ":help", ":帮助":
		c.usage()
		return nil
	case ":as", ":我是":
		if s, ok := parseSpeaker(rest); ok {
			c.who = s
			c.enter(s)
		}
		return nil
	case ":why", ":为什么":
		return c.explain(ctx, string(c.last.id), true)
	case ":wait", ":等":
		d, ok := conf.ParseDuration(rest)
		if !ok {
			c.paper.remark(lang.T("wait how long? such as :wait 20s").In(c.lang))
			return nil
		}
		return c.pause(ctx, d)
	case ":join", ":入群", ":request", ":申请", ":recall", ":撤回", ":tickle", ":拍一拍":
		return c.happens(ctx, word, rest)
	}
	text := line
	if s, said, ok := c.prefixed(line); ok {
		c.who, text = s, said
		c.enter(s)
	}
	return c.says(ctx, text)
}

// prefixed takes "小明@客户一群: 多少钱" apart.
func (c *chatTalk) prefixed(line string) (s speaker, text string, ok bool) {
	return prefixedLine(line, func(name string) bool { return name == meName || c.people[name] != nil })
}

// prefixedLine takes "小明@客户一群: 多少钱" apart. Without a group, the name must be that
// of somebody known: a text may well have a colon.
func prefixedLine(line string, known func(name string) bool) (s speaker, text string, ok bool) {
	i := strings.IndexAny(line, ":：")
	if i <= 0 {
		return s, "", false
	}
	head := line[:i]
	text = strings.TrimLeft(strings.TrimPrefix(strings.TrimPrefix(line[i:], ":"), "："), " ")
	if strings.ContainsAny(head, " /") || text == "" {
		return s, "", false
	}
	s, ok = parseSpeaker(head)
	if ok && s.group == "" && !known(s.name) {
		return s, "", false
	}
	return s, text, ok
}

// parseSpeaker reads "小明" and "小明@客户一群".
func parseSpeaker(s string) (speaker, bool) {
	name, group, _ := strings.Cut(s, "@")
	return speaker{name: strings.TrimSpace(name), group: strings.TrimSpace(group)}, strings.TrimSpace(name) != ""
}

// enter makes the person and the group, unless they are there.
func (c *chatTalk) enter(s speaker) {
	if s.name == meName && s.group == "" {
		return
	}
	p := c.people[s.name]
	if p == nil && s.name != meName {
		p = c.srv.AddFriend(wxtest.Person{NickName: s.name, RemarkName: s.name})
		c.people[s.name] = p
	}
	if s.group == "" {
		return
	}
	g := c.groups[s.group]
	switch {
	case g == nil && p == nil:
		c.groups[s.group] = c.srv.AddGroup(s.group)
	case g == nil:
		c.groups[s.group] = c.srv.AddGroup(s.group, p)
	case p != nil && !slices.Contains(g.Members(), p):
		g.Join(p, p)
	}
}

// says writes a text and waits for what comes of it.
func (c *chatTalk) says(ctx context.Context, text string) error {
	var id wxtest.MsgID
	switch g := c.groups[c.who.group]; {
	case c.who.name == meName && g != nil:
		id = c.srv.SayFromPhone(g, text)
	case c.who.name == meName:
		id = c.srv.SayFromPhone(c.srv.FileHelper(), text)
	case g != nil:
		id = g.Say(c.people[c.who.name], text)
	default:
		id = c.people[c.who.name].Say(text)
	}
	c.last.by, c.last.id = c.who, id
	return c.settle(ctx, id)
}

// settle waits until the daemon has dealt with a message and nothing more comes.
func (c *chatTalk) settle(ctx context.Context, id wxtest.MsgID) error {
	err := c.until(ctx, handledMost, func() bool {
		_, done := c.handled[string(id)]
		return done
	})
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil // a handler holds it; what it says later is shown then
	case err != nil:
		return err
	}
	delete(c.handled, string(id))
	if err := c.explain(ctx, string(id), false); err != nil {
		return err
	}
	for before := -1; before != c.shown; {
		before = c.shown
		if err := c.pause(ctx, quiet); err != nil {
			return err
		}
	}
	return nil
}

// explain tells what became of a message: in full, or where nothing answered it.
func (c *chatTalk) explain(ctx context.Context, id string, full bool) error {
	var v trace.View
	known := false
	for tries := handledMost / traceEvery; id != "" && tries > 0; tries-- {
		var err error
		if v, known, err = c.why(ctx, id); err != nil || ctx.Err() != nil {
			return err
		}
		if known {
			break
		}
		// A plugin has answered, and its handler is not done with the event.
		if err := c.pause(ctx, traceEvery); err != nil {
			return err
		}
	}
	switch {
	case id == "":
		c.paper.remark(lang.T("nothing was said yet").In(c.lang))
	case !known:
		c.paper.remark(lang.T("its handler is still at work").In(c.lang))
	case full || !v.Answered:
		for _, line := range whyLines(v)[1:] {
			c.paper.remark(line)
		}
		if !full {
			c.paper.remark(v.Outcome)
		}
	default:
		c.paper.remark(v.Outcome)
	}
	return nil
}

// traceEvery is how often it is looked whether a message's trace has come.
const traceEvery = 50 * time.Millisecond

// happens lets something else happen than a message.
func (c *chatTalk) happens(ctx context.Context, word, rest string) error {
	name, text, _ := strings.Cut(rest, " ")
	switch word {
	case ":request", ":申请":
		if name == "" {
			c.paper.remark(lang.T("who asks? :request NAME TEXT").In(c.lang))
			return nil
		}
		if c.people[name] == nil {
			c.people[name] = c.srv.AddStranger(wxtest.Person{NickName: name})
		}
		return c.settle(ctx, c.people[name].Request(text))
	case ":recall", ":撤回":
		p, g := c.people[c.last.by.name], c.groups[c.last.by.group]
		switch {
		case c.last.id == "" || p == nil:
			c.paper.remark(lang.T("there is nothing to recall").In(c.lang))
			return nil
		case g != nil:
			return c.settle(ctx, g.Recall(p, c.last.id))
		}
		return c.settle(ctx, p.Recall(c.last.id))
	}
	g, p := c.groups[c.who.group], c.people[c.who.name]
	if g == nil || p == nil {
		c.paper.remark(lang.T("that happens in groups: first :as NAME@GROUP").In(c.lang))
		return nil
	}
	if word == ":tickle" || word == ":拍一拍" {
		return c.settle(ctx, g.Tickle(p, c.srv.Self()))
	}
	var people []*wxtest.Account
	for n := range strings.FieldsSeq(rest) {
		if c.people[n] == nil {
			c.people[n] = c.srv.AddStranger(wxtest.Person{NickName: n})
		}
		people = append(people, c.people[n])
	}
	if len(people) == 0 {
		c.paper.remark(lang.T("who joins? :join NAME …").In(c.lang))
		return nil
	}
	g.Join(p, people...)
	return c.pause(ctx, quiet)
}

func (c *chatTalk) usage() {
	for line := range strings.Lines(lang.T("小明: text             somebody writes in private\n" +
		"小明@客户一群: text     somebody writes in a group; both are made if they are new\n" +
		"我: text               the account's owner writes to 文件传输助手, such as /状态\n" +
		":as NAME[@GROUP]       who writes what has no name before it\n" +
		":join NAME …  :request NAME TEXT  :recall  :tickle  :wait 20s\n" +
		":why                   why the last message was (not) answered\n" +
		"Ctrl-D                 end\n").In(c.lang)) {
		c.paper.remark(strings.TrimRight(line, "\n"))
	}
}
