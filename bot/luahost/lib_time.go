package luahost

import (
	"errors"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// now is the daemon's time, in the time zone of the rules.
func (p *plugin) now() time.Time {
	n := p.host.opts.Clock.Now()
	if loc := p.host.opts.World.Settings().Location; loc != nil {
		n = n.In(loc)
	}
	return n
}

// moment reads an argument that is a time in seconds since 1970, now without one.
func (p *plugin) moment(l *lua.LState, n int) time.Time {
	now := p.now()
	if l.Get(n) == lua.LNil {
		return now
	}
	return fromSeconds(l, n, now.Location())
}

// secondsMost is in the year 9999, up to which a date has four digits.
const secondsMost = 253_402_300_799

func fromSeconds(l *lua.LState, n int, loc *time.Location) time.Time {
	s := float64(l.CheckNumber(n))
	if s != s || s < -secondsMost || s > secondsMost {
		l.ArgError(n, "a time in seconds since 1970 expected")
	}
	return time.UnixMilli(int64(s * 1000)).In(loc)
}

// timeTable is bot.time, in the time zone of the rules. It replaces os.time and
// os.date, too.
func (p *plugin) timeTable() *lua.LTable {
	t := p.l.NewTable()
	p.l.SetFuncs(t, map[string]lua.LGFunction{
		"now": func(l *lua.LState) int {
			l.Push(lua.LNumber(float64(p.now().UnixMilli()) / 1000))
			return 1
		},
		"weekday": func(l *lua.LState) int { l.Push(lua.LNumber(p.moment(l, 1).Weekday())); return 1 },
		"date": func(l *lua.LState) int {
			l.Push(dateTable(l, p.moment(l, 1)))
			return 1
		},
		"format": func(l *lua.LState) int {
			at := p.moment(l, 1)
			l.Push(lua.LString(strftime(l, l.OptString(2, "%Y-%m-%d %H:%M"), at)))
			return 1
		},
		"parse": p.timeParse,
	})
	p.l.SetField(p.l.GetGlobal("os"), "time", p.l.NewFunction(p.osTime))
	p.l.SetField(p.l.GetGlobal("os"), "date", p.l.NewFunction(p.osDate))
	return t
}

// dateTable gives the parts of a time, named as in os.date("*t").
func dateTable(l *lua.LState, t time.Time) *lua.LTable {
	d := l.NewTable()
	for k, v := range map[string]int{
		"year": t.Year(), "month": int(t.Month()), "day": t.Day(), "hour": t.Hour(), "min": t.Minute(), "sec": t.Second(),
		"wday": int(t.Weekday()) + 1, "yday": t.YearDay(),
	} {
		d.RawSetString(k, lua.LNumber(v))
	}
	d.RawSetString("isdst", lua.LBool(t.IsDST()))
	return d
}

// osTime is os.time([table]).
func (p *plugin) osTime(l *lua.LState) int {
	now := p.now()
	if l.Get(1) == lua.LNil {
		l.Push(lua.LNumber(now.Unix()))
		return 1
	}
	t := l.CheckTable(1)
	part := func(name string, otherwise int) int {
		switch v := t.RawGetString(name).(type) {
		case lua.LNumber:
			if v > -1e6 && v < 1e9 {
				return int(v)
			}
		case *lua.LNilType:
			if otherwise >= 0 {
				return otherwise
			}
		}
		l.ArgError(1, "field "+name+" is missing in the date, or no number")
		return 0
	}
	at := time.Date(part("year", -1), time.Month(part("month", -1)), part("day", -1), part("hour", 12), part("min", 0), part("sec", 0), 0, now.Location())
	l.Push(lua.LNumber(at.Unix()))
	return 1
}

// osDate is os.date([format [, time]]); a leading ! is UTC, *t a table.
func (p *plugin) osDate(l *lua.LState) int {
	at := p.moment(l, 2)
	f, utc := strings.CutPrefix(l.OptString(1, "%c"), "!")
	if utc {
		at = at.UTC()
	}
	if strings.HasPrefix(f, "*t") {
		l.Push(dateTable(l, at))
		return 1
	}
	l.Push(lua.LString(strftime(l, f, at)))
	return 1
}

// layout gives the layout of a conversion of strftime.
func layout(c byte) (string, bool) {
	switch c {
	case 'Y':
		return "2006", true
	case 'm':
		return "01", true
	case 'd':
		return "02", true
	case 'H':
		return "15", true
	case 'M':
		return "04", true
	case 'S':
		return "05", true
	case 'y':
		return "06", true
	case 'a':
		return "Mon", true
	case 'A':
		return "Monday", true
	case 'b':
		return "Jan", true
	case 'B':
		return "January", true
	case 'p':
		return "PM", true
	case 'I':
		return "03", true
	case 'j':
		return "002", true
	case 'z':
		return "-0700", true
	case 'F', 'x':
		return "2006-01-02", true
	case 'T', 'X':
		return "15:04:05", true
	case 'c':
		return "2006-01-02 15:04:05", true
	}
	return "", false
}

func strftime(l *lua.LState, f string, t time.Time) string {
	charge(l, work(64*len(f)))
	var b strings.Builder
	for i := 0; i < len(f); i++ {
		if f[i] != '%' || i+1 == len(f) {
			b.WriteByte(f[i])
			continue
		}
		i++
		switch layout, ok := layout(f[i]); {
		case ok:
			b.WriteString(t.Format(layout))
		case f[i] == 'w':
			b.WriteByte('0' + byte(t.Weekday()))
		default:
			b.WriteByte(f[i])
		}
		if b.Len() > stringMost {
			l.RaiseError("format of a time: %s", errTooLong.Error())
		}
	}
	return b.String()
}

// timeParse is bot.time.parse(text [, format]) → seconds | nil, err. Without a format
// it takes a date, a date and time, or a time of today.
func (p *plugin) timeParse(l *lua.LState) int {
	s, now := strings.TrimSpace(l.CheckString(1)), p.now()
	if len(s) > 100 {
		return p.fails(l, "no time")
	}
	if f := l.OptString(2, ""); f != "" {
		at, err := parseTime(s, f, now.Location())
		if err != nil {
			return p.fails(l, err.Error())
		}
		l.Push(lua.LNumber(at.Unix()))
		return 1
	}
	for _, f := range []string{"2006-1-2 15:4:5", "2006-1-2 15:4", time.DateOnly, "2006-1-2", time.RFC3339, "2006-1-2T15:4:5", "2006/1/2 15:4:5", "2006/1/2 15:4", "2006/1/2"} {
		if at, err := time.ParseInLocation(f, s, now.Location()); err == nil {
			l.Push(lua.LNumber(at.Unix()))
			return 1
		}
	}
	for _, f := range []string{"15:4:5", "15:4"} {
		if at, err := time.Parse(f, s); err == nil {
			at = time.Date(now.Year(), now.Month(), now.Day(), at.Hour(), at.Minute(), at.Second(), 0, now.Location())
			l.Push(lua.LNumber(at.Unix()))
			return 1
		}
	}
	return p.fails(l, "no time such as 2026-10-01 08:30")
}

func parseTime(s, f string, loc *time.Location) (time.Time, error) {
	var layouts strings.Builder
	for i := 0; i < len(f); i++ {
		if f[i] != '%' || i+1 == len(f) {
			// A digit would be read as a part of the layout.
			if f[i] >= '0' && f[i] <= '9' {
				return time.Time{}, errors.New("a format has no digits")
			}
			layouts.WriteByte(f[i])
			continue
		}
		i++
		l, ok := layout(f[i])
		if !ok {
			return time.Time{}, errors.New("unknown conversion %" + f[i:i+1])
		}
		layouts.WriteString(l)
	}
	at, err := time.ParseInLocation(layouts.String(), s, loc)
	if err != nil {
		return at, errors.New("the time does not fit the format " + f)
	}
	return at, nil
}
