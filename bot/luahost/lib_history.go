package luahost

import (
	"context"
	"time"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/event"
)

// historian is a World that remembers what was said.
type historian interface {
	// History gives the newest lines of a chat, at most n and none before since,
	// the newest last. It is empty where none is kept.
	History(ctx context.Context, chatKey string, n int, since time.Time) ([]event.Line, error)
}

const (
	historyLines = 20
	historyMost  = 200
	historyWork  = 100_000 // in instructions
)

// history is chat:history{n, since} → list | nil, err: the oldest first.
func (p *plugin) history(l *lua.LState) int {
	c := p.running(l, "chat:history")
	chat := receiver[*chatObject](l, "chat").chat
	if !p.access.history {
		return p.fails(l, "that needs grant: {history: true} in plugins.yaml")
	}
	n, since := historyLines, time.Time{}
	if o := l.OptTable(2, nil); o != nil {
		n, since = p.historyOptions(l, o)
	}
	charge(l, historyWork)
	w, ok := p.host.opts.World.(historian)
	if !ok {
		l.Push(l.NewTable())
		return 1
	}
	// Reading may take a while, which is not the script's.
	var lines []event.Line
	var failed error
	err := c.pausing(l, true, func(ctx context.Context) error {
		claim := time.AfterFunc(laneHold, c.claim)
		defer claim.Stop()
		ctx, cancel := context.WithTimeout(ctx, requestTime)
		defer cancel()
		lines, failed = w.History(ctx, chat.Key, n, since)
		return nil
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return p.fails(l, "history: "+err.Error())
	}
	charge(l, listWork*len(lines))
	out := l.NewTable()
	for _, line := range lines {
		out.Append(historyLine(l, line))
	}
	l.Push(out)
	return 1
}

func (p *plugin) historyOptions(l *lua.LState, o *lua.LTable) (n int, since time.Time) {
	n = historyLines
	switch v := o.RawGetString("n").(type) {
	case *lua.LNilType:
	case lua.LNumber:
		if v < 1 || v > historyMost {
			l.ArgError(2, "n is a number from 1 to 200")
		}
		n = int(v)
	default:
		l.ArgError(2, "n is a number from 1 to 200")
	}
	if v := o.RawGetString("since"); v != lua.LNil {
		d, ok := toDuration(v)
		if !ok {
			l.ArgError(2, `since is how long ago, such as "1h"`)
		}
		since = p.now().Add(-d)
	}
	return n, since
}

// historyLine is one line as scripts see it.
func historyLine(l *lua.LState, line event.Line) *lua.LTable {
	t := l.NewTable()
	t.RawSetString("time", lua.LNumber(line.Time.Unix()))
	t.RawSetString("out", lua.LBool(line.Out))
	for name, v := range map[string]string{"kind": line.Kind, "type": line.Type, "text": line.Text, "name": line.By, "key": line.ByKey} {
		if v != "" {
			t.RawSetString(name, lua.LString(v))
		}
	}
	return t
}
