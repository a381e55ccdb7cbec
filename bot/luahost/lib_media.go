package luahost

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/event"
)

// downloader is a World that fetches what messages carry.
type downloader interface {
	// Download writes the picture, voice, video or file of a message, most bytes
	// at most.
	Download(ctx context.Context, eventID string, to io.Writer, most int64) error
}

// mediaLimits are the parts of a message that are files.
func mediaLimit(part string) (most int64, ok bool) {
	switch part {
	case "image":
		return imageMost, true
	case "video":
		return videoMost, true
	case "file":
		return fileMost, true
	}
	return 0, false
}

// outgoing reads a message to send whose parts may be files. It may wait for the
// network. why says why a file is not to be had.
func (p *plugin) outgoing(l *lua.LState, c *call, at int) (m event.Outgoing, why string) {
	t, ok := l.Get(at).(*lua.LTable)
	if !ok {
		return outgoing(l, at), ""
	}
	rest, parts := l.NewTable(), map[string]lua.LValue{}
	t.ForEach(func(k, v lua.LValue) {
		if _, ok := mediaLimit(k.String()); ok {
			parts[k.String()] = v
			return
		}
		rest.RawSet(k, v)
	})
	m = outgoingTable(l, rest, at)
	for _, part := range []string{"image", "file", "video"} {
		v, ok := parts[part]
		if !ok {
			continue
		}
		if why = p.attach(l, c, &m, part, v, at); why != "" {
			return m, why
		}
	}
	return m, ""
}

// attach puts a file into a message.
func (p *plugin) attach(l *lua.LState, c *call, m *event.Outgoing, part string, src lua.LValue, at int) (why string) {
	most, _ := mediaLimit(part)
	full, err := p.sourceFile(l, c, src, most, at)
	if err != nil {
		return part + ": " + p.mask(fileError(err))
	}
	switch part {
	case "image":
		m.Image = full
	case "video":
		m.Video = full
	case "file":
		m.File = full
	}
	return ""
}

// sourceFile gives the path of what a script names: a path below the plugin, a URL, or a
// table of name and bytes.
func (p *plugin) sourceFile(l *lua.LState, c *call, src lua.LValue, most int64, at int) (string, error) {
	charge(l, fileWork)
	switch v := src.(type) {
	case lua.LString:
		if strings.Contains(string(v), "://") {
			return p.sourceURL(l, c, string(v), most)
		}
		return p.ownFile(string(v), most)
	case *lua.LTable:
		name, ok1 := v.RawGetString("name").(lua.LString)
		content, ok2 := v.RawGetString("bytes").(lua.LString)
		if !ok1 || !ok2 || !properName(string(name)) || content == "" {
			l.ArgError(at, "a file is {name = \"list.txt\", bytes = text}")
		}
		if !p.fileRate.take(len(content)) {
			return "", errors.New("rate")
		}
		return p.store(string(name), func(w io.Writer) error {
			_, err := io.WriteString(w, string(content))
			return err
		})
	}
	l.ArgError(at, "a path below the plugin, a URL, or {name = , bytes = } expected")
	return "", nil
}

func (p *plugin) sourceURL(l *lua.LState, c *call, address string, most int64) (string, error) {
	u, err := url.Parse(address)
	if err != nil || len(address) > urlMost {
		return "", errNoAddress
	}
	if err := p.access.permit(u); err != nil {
		return "", err
	}
	if p.asking >= requestsMost+requestQueue || !p.fileRate.take(0) {
		return "", errors.New("busy")
	}
	p.asking++
	defer func() { p.asking-- }() // the lock is held again
	var full string
	var failed error
	err = c.pausing(l, true, func(ctx context.Context) error {
		claim := time.AfterFunc(laneHold, c.claim)
		defer claim.Stop()
		ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
		defer cancel()
		full, failed = p.fetchFile(ctx, u, most)
		return nil
	})
	return full, cmp.Or(err, failed)
}

// replyFile is msg:reply_image(src), reply_file and reply_video.
func (p *plugin) replyFile(part string) lua.LGFunction {
	return func(l *lua.LState) int {
		c := p.running(l, "msg:reply_"+part)
		o := receiver[*eventObject](l, "msg")
		var m event.Outgoing
		if why := p.attach(l, c, &m, part, l.CheckAny(2), 2); why != "" {
			return p.fails(l, why)
		}
		return p.sent(l, c, event.Action{Kind: event.ActReply, ToKey: c.elsewhere(o.ev.Chat.Key), Message: m})
	}
}

// forward is msg:forward(to, {header = text}) → sent | nil, err.
func (p *plugin) forward(l *lua.LState) int {
	c := p.running(l, "msg:forward")
	ev := receiver[*eventObject](l, "msg").ev
	key, why := p.recipient(l, 2)
	if why != "" {
		return p.fails(l, why)
	}
	if !c.mayWrite(key) {
		return p.fails(l, notGranted)
	}
	header := ""
	if o := l.OptTable(3, nil); o != nil {
		if h, ok := o.RawGetString("header").(lua.LString); ok && len(h) <= messageMost {
			header = string(h)
		}
	}
	a := event.Action{Kind: event.ActForward, ToKey: key, Unsolicited: true}
	if ev.Message.Type == event.TypeText {
		a.Message.Text = strings.TrimSpace(header + "\n" + ev.Message.Text)
	} else {
		a.Forward, a.Message.Header = ev.ID, header
		a.Message.Text = ev.Message.Standing()
	}
	return p.sent(l, c, a)
}

// invite is group:invite(contact | name) → true | nil, err.
func (p *plugin) invite(l *lua.LState) int {
	c := p.running(l, "group:invite")
	g := receiver[*chatObject](l, "group").chat
	if g.Kind != event.ChatGroup || g.Name == "" {
		return p.fails(l, "a group with a name is needed")
	}
	key, why := p.recipient(l, 2)
	if why != "" {
		return p.fails(l, why)
	}
	if !c.mayWrite(key) {
		return p.fails(l, "not a person of this event: that needs grant: {send: any} in plugins.yaml")
	}
	id, ok := p.queue(l, c, event.Action{Kind: event.ActInvite, Person: key, To: []string{g.Name}})
	if !ok {
		return 2
	}
	return p.outcome(l, c, id)
}

// download is msg:download() → bytes | nil, err.
func (p *plugin) download(l *lua.LState) int {
	c := p.running(l, "msg:download")
	ev := receiver[*eventObject](l, "msg").ev
	w, ok := p.host.opts.World.(downloader)
	if !ok {
		return p.fails(l, "the content is not to be had")
	}
	return p.fetched(l, c, func(ctx context.Context, to io.Writer) error { return w.Download(ctx, ev.ID, to, stringMost) })
}

// portrayer is a World that has the pictures of people and groups.
type portrayer interface {
	// Avatar writes the picture of the person or group of a key, most bytes at most.
	Avatar(ctx context.Context, key string, to io.Writer, most int64) error
}

// avatar is contact:avatar() and group:avatar() → bytes | nil, err.
func (p *plugin) avatar(l *lua.LState, key string) int {
	c := p.running(l, "avatar")
	w, ok := p.host.opts.World.(portrayer)
	if !ok {
		return p.fails(l, "the picture is not to be had")
	}
	return p.fetched(l, c, func(ctx context.Context, to io.Writer) error { return w.Avatar(ctx, key, to, stringMost) })
}

// fetched waits for content, 1 MiB at most, and gives it to the script.
func (p *plugin) fetched(l *lua.LState, c *call, get func(ctx context.Context, to io.Writer) error) int {
	charge(l, fileWork)
	if p.asking >= requestsMost+requestQueue {
		return p.fails(l, "busy")
	}
	p.asking++
	defer func() { p.asking-- }() // the lock is held again
	var b bytes.Buffer
	var failed error
	err := c.pausing(l, true, func(ctx context.Context) error {
		claim := time.AfterFunc(laneHold, c.claim)
		defer claim.Stop()
		ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
		defer cancel()
		failed = p.taking(ctx, func() error { return get(ctx, &b) })
		return nil
	})
	if err = cmp.Or(err, failed); err != nil {
		return p.fails(l, err.Error())
	}
	charge(l, work(16*b.Len()))
	l.Push(lua.LString(b.String()))
	return 1
}
