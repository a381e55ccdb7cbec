package rules

import (
	"time"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/lang"
	"wxbot/bot/match"
)

// defaults are the settings of a file that has none.
func defaults(system *time.Location) event.Settings {
	if system == nil {
		system = time.UTC
	}
	return event.Settings{
		Mode:     event.ModeLive,
		Notify:   []string{"filehelper"},
		Prefixes: []string{"/", "#"},
		Location: system,
		Pace: event.Pace{
			Reply:             event.Range{Min: 2 * time.Second, Max: 6 * time.Second},
			Unsolicited:       event.Range{Min: 15 * time.Second, Max: 35 * time.Second},
			UnsolicitedPerDay: 100,
			Accept:            event.Rate{N: 1, Per: time.Minute},
			AcceptPerDay:      50,
			InvitePerDay:      30,
			PerChat:           event.Rate{N: 12, Per: time.Minute},
			Total:             event.Rate{N: 20, Per: time.Minute},
			Quiet:             event.DayWindow{From: 23 * time.Hour, To: 7*time.Hour + 30*time.Minute},
			Stale:             30 * time.Minute,
			SplitAt:           2000,
		},
		Handover:  event.Handover{Private: 15 * time.Minute},
		LoopGuard: event.LoopGuard{Answers: 12, Within: time.Minute, Mute: 10 * time.Minute},
		Recall:    event.Memory{Keep: 10 * time.Minute, Max: 1000},
		Trace:     event.TraceLimits{Keep: 7 * 24 * time.Hour, Max: 50_000},
	}
}

func (p *parser) settings(n *conf.Node) {
	s := &p.set.settings
	*s = defaults(p.opt.System)
	p.set.folding = match.DefaultFolding
	if n == nil || n.Kind == conf.Null {
		return
	}
	if n.Kind != conf.Map {
		p.fail(n, lang.T("settings is a map of keys, here is %s", n.Describe()))
		return
	}
	p.entries(n, lang.Raw("settings"), settingKeys, func(key string, _, v *conf.Node) {
		switch key {
		case "timezone":
			loc, err := time.LoadLocation(v.Value)
			if err != nil || v.Kind != conf.Scalar || v.Value == "" {
				p.fail(v, lang.T("timezone %q is not known", v.Value), lang.T("such as Asia/Shanghai"))
				return
			}
			s.Location = loc
			p.zoned = true
		case "mode":
			w, ok := v.Word(conf.Spellings(modeWords))
			if !ok {
				p.fail(v, lang.T("mode is live or trial, here is %s", v.Describe()))
				return
			}
			s.Mode = event.Mode(w)
		case "admins":
			s.Admins = p.texts(key, v)
		case "never":
			s.Never = p.texts(key, v)
		case "notify":
			if s.Notify = p.texts(key, v); len(s.Notify) == 1 && (s.Notify[0] == "none" || s.Notify[0] == "无") {
				s.Notify = nil
			}
		case "command_prefix":
			s.Prefixes = p.texts(key, v)
		case "match":
			p.folding(v)
		case "pace":
			p.pace(v)
		case "loop_guard":
			p.guard(v)
		case "recall":
			p.recall(v)
		case "handover":
			p.handover(v)
		case "admin_in_groups":
			on, ok := v.Bool()
			if !ok {
				p.fail(v, lang.T("admin_in_groups is true or false, here is %s", v.Describe()))
			}
			s.AdminInGroups = on
		case "words":
			s.Words = p.phrases(v)
		case "trace":
			p.trace(v)
		}
	})
}

func (p *parser) texts(key string, v *conf.Node) []string {
	items, bad := v.Texts()
	if bad != nil {
		p.fail(bad, lang.T("%s is a text or a list of texts, here is %s", key, bad.Describe()))
		return nil
	}
	out := []string{}
	for _, i := range items {
		out = append(out, i.Value)
	}
	return out
}

func (p *parser) folding(v *conf.Node) {
	if v.Kind != conf.Map {
		p.fail(v, lang.T("match is a map such as {width: true, case: true}"))
		return
	}
	f := &p.set.folding
	p.entries(v, lang.Raw("match"), matchKeys, func(key string, _, v *conf.Node) {
		on, ok := v.Bool()
		if !ok {
			p.fail(v, lang.T("%s is true or false", key))
			return
		}
		switch key {
		case "width":
			f.Width = on
		case "case":
			f.Case = on
		case "space":
			f.Space = on
		case "invisible":
			f.Invisible = on
		case "traditional":
			f.Traditional = on
		}
	})
}

func (p *parser) pace(v *conf.Node) {
	pace := &p.set.settings.Pace
	if off, ok := v.Bool(); ok && !off {
		pace.Off = true
		p.warn(v, lang.T("pace is off: WeChat restricts accounts that send too fast"), lang.T("for tests only"))
		return
	}
	if v.Kind != conf.Map {
		p.fail(v, lang.T("pace is a map of keys, or off"))
		return
	}
	p.entries(v, lang.Raw("pace"), paceKeys, func(key string, _, v *conf.Node) {
		switch key {
		case "reply":
			p.span(key, v, &pace.Reply)
		case "unsolicited":
			p.span(key, v, &pace.Unsolicited)
		case "unsolicited_per_day":
			p.count(key, v, &pace.UnsolicitedPerDay)
		case "accept":
			p.rate(key, v, &pace.Accept)
		case "accept_per_day":
			p.count(key, v, &pace.AcceptPerDay)
		case "invite_per_day":
			p.count(key, v, &pace.InvitePerDay)
		case "per_chat":
			p.rate(key, v, &pace.PerChat)
		case "total":
			p.rate(key, v, &pace.Total)
		case "quiet":
			if on, ok := v.Bool(); ok && !on {
				pace.Quiet = event.DayWindow{}
				return
			}
			from, to, ok := conf.TimeRange(v.Value)
			if !ok {
				p.fail(v, lang.T("quiet is like 23:00-07:30, or off, here is %s", v.Describe()))
				return
			}
			pace.Quiet = event.DayWindow{From: from, To: to}
		case "stale":
			p.duration(key, v, &pace.Stale)
		case "split_at":
			p.count(key, v, &pace.SplitAt)
		}
	})
}

func (p *parser) span(key string, v *conf.Node, to *event.Range) {
	low, high, ok := v.Range()
	if !ok {
		p.fail(v, lang.T("%s is a range like 2s-6s, here is %s", key, v.Describe()))
		return
	}
	*to = event.Range{Min: low, Max: high}
}

func (p *parser) rate(key string, v *conf.Node, to *event.Rate) {
	n, per, _, ok := v.Rate()
	if !ok {
		p.fail(v, lang.T("%s is a rate like 12/min, here is %s", key, v.Describe()))
		return
	}
	*to = event.Rate{N: n, Per: per}
}

func (p *parser) count(key string, v *conf.Node, to *int) {
	n, ok := v.Int()
	if !ok || n < 0 {
		p.fail(v, lang.T("%s is a number, here is %s", key, v.Describe()))
		return
	}
	*to = n
}

func (p *parser) duration(key string, v *conf.Node, to *time.Duration) {
	d, ok := v.Duration()
	if !ok {
		p.fail(v, lang.T("%s is a duration like 30m, here is %s", key, v.Describe()), lang.Raw("500ms 10s 5m 2h 1d 1w"))
		return
	}
	*to = d
}

// handover reads how long the daemon leaves a chat to its owner: a map by kind of
// chat, or off.
func (p *parser) handover(v *conf.Node) {
	h := &p.set.settings.Handover
	if on, ok := v.Bool(); ok && !on {
		*h = event.Handover{}
		return
	}
	if v.Kind != conf.Map {
		p.fail(v, lang.T("handover is a map such as {private: 15m, group: off}, or off"))
		return
	}
	p.entries(v, lang.Raw("handover"), handoverKeys, func(key string, _, v *conf.Node) {
		into := &h.Private
		if key == "group" {
			into = &h.Group
		}
		if on, ok := v.Bool(); ok && !on {
			*into = 0
			return
		}
		p.duration(key, v, into)
	})
}

func (p *parser) guard(v *conf.Node) {
	g := &p.set.settings.LoopGuard
	if on, ok := v.Bool(); ok && !on {
		g.Off = true
		return
	}
	if v.Kind != conf.Map {
		p.fail(v, lang.T("loop_guard is a map of keys, or off"))
		return
	}
	p.entries(v, lang.Raw("loop_guard"), guardKeys, func(key string, _, v *conf.Node) {
		switch key {
		case "answers":
			p.count(key, v, &g.Answers)
		case "within":
			p.duration(key, v, &g.Within)
		case "mute":
			p.duration(key, v, &g.Mute)
		}
	})
}

func (p *parser) recall(v *conf.Node) {
	r := &p.set.settings.Recall
	if v.Kind != conf.Map {
		p.fail(v, lang.T("recall is a map of keys"))
		return
	}
	p.entries(v, lang.Raw("recall"), recallKeys, func(key string, _, v *conf.Node) {
		switch key {
		case "keep":
			p.duration(key, v, &r.Keep)
		case "max":
			p.count(key, v, &r.Max)
		case "media":
			on, ok := v.Bool()
			if !ok {
				p.fail(v, lang.T("%s is true or false", key))
			}
			if r.Media = on; on {
				p.set.recallMedia = v
			}
		}
	})
}

// trace reads how many traces are kept, and for how long: a map, or off.
func (p *parser) trace(v *conf.Node) {
	t := &p.set.settings.Trace
	if on, ok := v.Bool(); ok && !on {
		t.Max = 0
		return
	}
	if v.Kind != conf.Map {
		p.fail(v, lang.T("trace is a map such as {keep: 7d, max: 50000}, or off"))
		return
	}
	p.entries(v, lang.Raw("trace"), traceKeys, func(key string, _, v *conf.Node) {
		switch key {
		case "keep":
			p.duration(key, v, &t.Keep)
		case "max":
			p.count(key, v, &t.Max)
		}
	})
}
