package luahost

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/match"
)

const (
	// askDefault is how long a question waits, and askMost how long it may.
	askDefault = time.Minute
	askMost    = time.Hour
	askLeast   = time.Second
	// barrenMost is how many questions of one call in a row may end with neither an
	// answer nor the time they had: two that replace each other would never rest.
	barrenMost = 10
	// triesMost is how many answers that are none end a question.
	triesMost = 5
	// optionsMost and optionMost bound what choose offers.
	optionsMost = 50
	optionMost  = 200
)

// dialogue is a question as a script put it.
type dialogue struct {
	chat    string // the key of where it is asked, "" for where the event is
	person  string
	prompt  *event.Outgoing // nil: nothing is said
	timeout time.Duration
	types   []event.MessageType
	own     func(text string) bool
	// read gives what an answer means, false if it is none.
	read  func(m *event.Message) (lua.LValue, bool)
	retry string // said to an answer that is none
}

// answerKind is a value of the option type: what an answer is read as.
type answerKind struct {
	message event.MessageType // "": text
	retry   string            // said to an answer that is something else
}

func answerKinds() map[string]answerKind {
	return map[string]answerKind{
		"text": {"", "请用文字回复"}, "int": {"", "请回复一个整数"}, "number": {"", "请回复一个数字"},
		"date": {"", "请回复日期，例如 2026-01-31"}, "duration": {"", "请回复时长，例如 10m"},
		"person": {"", "请回复一个人的名字"}, "group": {"", "请回复一个群的名字"},
		"image": {event.TypeImage, "请发一张图片"}, "voice": {event.TypeVoice, "请发一段语音"},
		"video": {event.TypeVideo, "请发一段视频"}, "file": {event.TypeFile, "请发一个文件"},
		"sticker": {event.TypeSticker, "请发一个表情"}, "location": {event.TypeLocation, "请发一个位置"},
		"link": {event.TypeLink, "请发一个链接"}, "card": {event.TypeCard, "请发一张名片"},
	}
}

// dialogueMethod gives ask, choose or confirm of a message or a chat.
func (p *plugin) dialogueMethod(kind, name string) lua.LValue {
	return p.method(kind, name, func(l *lua.LState) int {
		c := p.running(l, name)
		d := &dialogue{timeout: askDefault, types: []event.MessageType{event.TypeText}}
		if problem := p.partner(l, c, d); problem != "" {
			l.Push(lua.LNil)
			l.Push(lua.LString(problem))
			return 2
		}
		if l.Get(2) != lua.LNil {
			m := outgoing(l, 2)
			d.prompt = &m
		}
		switch name {
		case "ask":
			p.readAsk(l, d)
		case "choose":
			p.readChoose(l, d)
		case "confirm":
			p.readConfirm(l, d)
		}
		return p.converse(l, c, d)
	})
}

// partner finds who is asked where; the problem is why nobody can be.
func (p *plugin) partner(l *lua.LState, c *call, d *dialogue) (problem string) {
	if c.brief {
		l.RaiseError("%s: nobody can be asked in a handler of load, unload or config", c.name)
	}
	switch o := l.CheckUserData(1).Value.(type) {
	case *eventObject:
		d.chat, d.person = o.ev.Chat.Key, o.ev.Sender.Key
	case *chatObject:
		d.chat, d.person = o.chat.Key, o.chat.Key
		if !c.mayWrite(d.chat) {
			return notGranted
		}
		if o.chat.Kind == event.ChatGroup {
			d.person = ""
			if c.origin != nil && c.origin.Chat.Key == d.chat {
				d.person = c.origin.Sender.Key
			}
		}
	default:
		l.ArgError(1, "a message or a chat expected; methods are called with a colon")
	}
	if d.person == "" {
		return "nobody to ask: nobody in particular caused this event"
	}
	return ""
}

// askOptions reads the last argument of a question.
func askOptions(l *lua.LState, at int, d *dialogue, known ...string) map[string]lua.LValue {
	out := map[string]lua.LValue{}
	if l.Get(at) == lua.LNil {
		return out
	}
	known = append(known, "timeout", "retry")
	l.CheckTable(at).ForEach(func(k, v lua.LValue) {
		key := k.String()
		if !slices.Contains(known, key) {
			hint := ""
			if s := conf.Suggest(key, known); s != "" {
				hint = ", did you mean " + s + "?"
			}
			l.ArgError(at, "unknown option "+key+hint)
		}
		out[key] = v
	})
	if v, ok := out["timeout"]; ok {
		t, ok := toDuration(v)
		if !ok || t < askLeast || t > askMost {
			l.ArgError(at, "timeout is a duration from 1s to 1h")
		}
		d.timeout = t
	}
	if v, ok := out["retry"]; ok {
		s, ok := v.(lua.LString)
		if !ok || len(s) > messageMost {
			l.ArgError(at, "retry is a text")
		}
		d.retry = string(s)
	}
	return out
}

func (p *plugin) readAsk(l *lua.LState, d *dialogue) {
	opts := askOptions(l, 3, d, "type", "match")
	kind := "text"
	if v, ok := opts["type"]; ok {
		kind = v.String()
	}
	kinds := answerKinds()
	spec, ok := kinds[kind]
	if !ok {
		l.ArgError(3, fmt.Sprintf("unknown type %q, want one of %s", kind, strings.Join(sorted(kinds), ", ")))
	}
	var re *regexp.Regexp
	if v, ok := opts["match"]; ok {
		var err error
		if re, err = p.compiled(v.String()); err != nil {
			l.ArgError(3, "match: "+err.Error())
		}
	}
	if d.retry == "" {
		d.retry = spec.retry
		if re != nil {
			d.retry = "请重新回复"
		}
	}
	if spec.message != "" {
		d.types = nil // what is something else is answered, not passed by
	}
	d.read = func(m *event.Message) (lua.LValue, bool) {
		s := strings.TrimSpace(m.Text)
		if re != nil && !re.MatchString(s) || spec.message != "" && m.Type != spec.message {
			return nil, false
		}
		if spec.message != "" || kind == "text" {
			return lua.LString(s), true
		}
		v, err := param{kind: kind}.read(s)
		if err != nil {
			return nil, false
		}
		return toLua(l, v), true
	}
}

func sorted[V any](m map[string]V) []string {
	out := sortedKeys(m)
	slices.Sort(out)
	return out
}

func (p *plugin) readChoose(l *lua.LState, d *dialogue) {
	list := l.CheckTable(3)
	askOptions(l, 4, d)
	if d.retry == "" {
		d.retry = "请回复序号或选项"
	}
	var options []string
	for i := 1; i <= list.Len() && i <= optionsMost+1; i++ {
		options = append(options, list.RawGetInt(i).String())
	}
	if len(options) == 0 || len(options) > optionsMost {
		l.ArgError(3, fmt.Sprintf("a list of 1 to %d options expected", optionsMost))
	}
	var text strings.Builder
	if d.prompt != nil {
		text.WriteString(d.prompt.Text)
	}
	for i, o := range options {
		if len(o) > optionMost {
			l.ArgError(3, fmt.Sprintf("an option of at most %d bytes expected", optionMost))
		}
		fmt.Fprintf(&text, "\n%d.%s", i+1, o)
	}
	if d.prompt == nil {
		d.prompt = &event.Outgoing{}
	}
	d.prompt.Text = strings.TrimPrefix(text.String(), "\n")
	d.own = func(s string) bool { return chosen(options, s) >= 0 }
	d.read = func(m *event.Message) (lua.LValue, bool) {
		i := chosen(options, m.Text)
		if i < 0 {
			return nil, false
		}
		return lua.LString(options[i]), true
	}
}

// choiceNumber is what choose accepts besides the options themselves: 2, ２, 2. and 第2个.
var choiceNumber = regexp.MustCompile(`^第?\s*(\d{1,3})\s*[个项号.。、)）]?$`)

// chosen gives the index of the option that a text means, -1 for none.
func chosen(options []string, text string) int {
	s := match.DefaultFolding.Fold(strings.TrimSpace(text))
	for i, o := range options {
		if match.DefaultFolding.Fold(strings.TrimSpace(o)) == s {
			return i
		}
	}
	wide := match.Folding{Width: true}.Fold(strings.TrimSpace(text))
	if m := choiceNumber.FindStringSubmatch(wide); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil && n >= 1 && n <= len(options) {
			return n - 1
		}
	}
	return -1
}

func (p *plugin) readConfirm(l *lua.LState, d *dialogue) {
	askOptions(l, 3, d)
	if d.retry == "" {
		d.retry = "请回复“是”或“否”"
	}
	d.read = func(m *event.Message) (lua.LValue, bool) {
		yes, ok := yesOrNo(m.Text)
		return lua.LBool(yes), ok
	}
}

// yesOrNo reads an answer to a question that has only these two.
func yesOrNo(text string) (yes, ok bool) {
	s := match.DefaultFolding.Fold(strings.TrimSpace(text))
	switch strings.TrimRight(s, "。.!！~～吧的了呀啊") {
	case "是", "好", "对", "嗯", "嗯嗯", "可以", "确定", "确认", "同意", "要", "行", "没问题", "y", "yes", "ok", "1":
		return true, true
	case "否", "不", "不是", "不好", "不对", "不可以", "不确定", "不同意", "不要", "不用", "不行", "算", "没有", "n", "no", "2":
		return false, true
	}
	return false, false
}

// converse asks until there is an answer, and pushes what it means and the message,
// or nil and the reason.
func (p *plugin) converse(l *lua.LState, c *call, d *dialogue) int {
	if c.barren >= barrenMost {
		l.RaiseError("more than %d questions in a row ended at once", barrenMost)
	}
	say := d.prompt
	for range triesMost {
		q := &question{asked: asked{d.chat, d.person}, plugin: p, types: d.types, own: d.own}
		if err := p.host.questions.ask(q); err != nil {
			l.RaiseError("%s", err.Error())
		}
		if say != nil {
			a := event.Action{Kind: event.ActReply, ToKey: c.elsewhere(d.chat), Message: *say}
			if _, ok := p.queue(l, c, a); !ok {
				p.drop(c, q)
				return 2
			}
		}
		p.await(l, c, d, q)
		if c.barren++; q.turn != nil || q.reason == endTimeout {
			c.barren = 0
		}
		if q.turn == nil || q.reason != "" {
			l.Push(lua.LNil)
			l.Push(lua.LString(q.reason))
			return 2
		}
		charge(l, work(len(c.ev.Message.Text)))
		if v, ok := d.read(c.ev.Message); ok {
			l.Push(v)
			l.Push(p.wrap(l, "message", &eventObject{c, c.ev}))
			return 2
		}
		say = &event.Outgoing{Text: d.retry}
	}
	l.Push(lua.LNil)
	l.Push(lua.LString(endInvalid))
	return 2
}

// await waits for the end of a question. The message that answers it is what the
// call handles from then on, whatever becomes of the call.
func (p *plugin) await(l *lua.LState, c *call, d *dialogue, q *question) {
	began := time.Now()
	c.settle(c.ctx)
	p.gas.pause(time.Since(began))
	waits := false
	defer func() {
		if !waits { // the call may wait no more, and has been ended
			p.drop(c, q)
		}
	}()
	err := c.waiting(l, false, func(ctx context.Context) error {
		waits = true
		p.host.questions.wait(ctx, q, p.host.opts.Clock, d.timeout)
		if q.turn != nil {
			c.turn = q.turn
		}
		return nil
	})
	if err != nil {
		l.RaiseError("%s", err.Error())
	}
}

// drop takes a question back that nobody waits for. A message that answered it
// meanwhile is the call's all the same.
func (p *plugin) drop(c *call, q *question) {
	p.host.questions.end(q, nil, endCancelled)
	p.host.quiet.add(-1) // what the end counted
	if q.turn != nil {
		c.turn = q.turn
	}
}

// elsewhere gives the key of a chat that an answer to the present event would not go
// to by itself.
func (c *call) elsewhere(chat string) string {
	if c.ev != nil && c.ev.Chat.Key == chat {
		return ""
	}
	return chat
}

// own tells whether a chat is that of the call's event, or of the person whose event
// it is.
func (c *call) own(chat string) bool {
	return c.origin != nil && (chat == c.origin.Chat.Key || chat == c.origin.Sender.Key)
}

// mayWrite tells whether a call may write to a chat: others than its own need a grant.
func (c *call) mayWrite(chat string) bool { return c.plugin.access.send || c.own(chat) }

const notGranted = "not the chat of this event: that needs grant: {send: any} in plugins.yaml"
