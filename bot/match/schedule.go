package match

import (
	"slices"
	"strings"
	"time"

	"wxbot/bot/conf"
	"wxbot/bot/lang"
)

// Schedule says when a rule runs by itself. It is immutable.
type Schedule struct {
	// Spread is the longest random delay, CatchUp how late a run may be; both as
	// the rule says, with the default.
	Spread, CatchUp time.Duration

	at      []time.Duration // after midnight, ascending
	days    *days           // nil is every day
	cron    *cron           // instead of at and days
	written string
}

const (
	// defaultCatchUp is how late a run may be unless a rule says otherwise.
	defaultCatchUp = 5 * time.Minute
	// scheduleMost bounds spread and catch_up.
	scheduleMost = 7 * 24 * time.Hour
	// daysAhead is how far the next run is sought: every fifth leap day is within.
	daysAhead = 366 * 9
)

// Written tells the schedule as the file says it: two schedules that run at the same
// times by the same words are the same.
func (s *Schedule) Written() string { return s.written }

// Next gives the first time after t at which the rule is due, in t's location; zero
// if there is none within nine years. A time of day that a change of the clocks leaves
// out is when they are changed; one that comes twice is the first of them.
func (s *Schedule) Next(t time.Time) time.Time {
	day := t
	for range daysAhead {
		if s.onDay(day) {
			for _, due := range s.on(day) {
				if due.After(t) {
					return due
				}
			}
		}
		y, m, d := day.Date()
		// Noon is on the same day in every time zone, midnight is not.
		day = time.Date(y, m, d+1, 12, 0, 0, 0, t.Location())
	}
	return time.Time{}
}

// Last gives the last time at which the rule was due, after one time and not after
// another; zero if there is none.
func (s *Schedule) Last(after, until time.Time) time.Time {
	var last time.Time
	for due := s.Next(after.In(until.Location())); !due.IsZero() && !due.After(until); due = s.Next(due) {
		last = due
	}
	return last
}

func (s *Schedule) onDay(day time.Time) bool {
	if s.cron != nil {
		return s.cron.onDay(day)
	}
	return s.days == nil || s.days.contains(day)
}

// on gives the times of one day, ascending.
func (s *Schedule) on(day time.Time) []time.Time {
	var out []time.Time
	switch c := s.cron; {
	case c == nil:
		for _, at := range s.at {
			out = append(out, wall(day, int(at/time.Hour), int(at%time.Hour/time.Minute)))
		}
	case c.hourly():
		y, m, d := day.Date()
		end := wall(time.Date(y, m, d+1, 12, 0, 0, 0, day.Location()), 0, 0)
		for t := wall(day, 0, 0); t.Before(end); t = t.Add(time.Minute) {
			if c.minutes&(1<<t.Minute()) != 0 {
				out = append(out, t)
			}
		}
	default:
		for h := range 24 {
			for m := range 60 {
				if c.hours&(1<<h) != 0 && c.minutes&(1<<m) != 0 {
					out = append(out, wall(day, h, m))
				}
			}
		}
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// wall is when the clocks of a day show a time for the first time, or when they jump
// over it.
func wall(day time.Time, hour, minute int) time.Time {
	y, m, d := day.Date()
	t := time.Date(y, m, d, hour, minute, 0, 0, day.Location())
	start, end := t.ZoneBounds()
	if t.Hour() != hour || t.Minute() != minute {
		// The time is left out: t is off by the jump, to either side of it.
		if !end.IsZero() && end.Sub(t) < 24*time.Hour && end.Sub(t) < t.Sub(start) {
			return end
		}
		return start
	}
	if start.IsZero() {
		return t
	}
	_, before := start.Add(-time.Nanosecond).Zone()
	_, now := t.Zone()
	if first := t.Add(time.Duration(now-before) * time.Second); first.Before(start) && first.Before(t) {
		return first
	}
	return t
}

// schedule reads the keys of a schedule, if there are any.
func (c *compiler) schedule(key string, v *conf.Node) {
	s := c.w.Schedule
	if s == nil {
		s = &Schedule{CatchUp: defaultCatchUp}
		c.w.Schedule = s
	}
	switch key {
	case "at":
		c.clockTimes(s, v)
	case "cron":
		parsed, bad := parseCron(v.Value)
		if v.Kind != conf.Scalar || parsed == nil {
			c.fail(v, lang.T("cron: %s", bad), lang.T(`minute hour day month weekday, such as "30 8 * * mon-fri"`))
			return
		}
		s.cron = parsed
	case "spread":
		c.upTo(key, v, &s.Spread)
	case "catch_up":
		if on, ok := v.Bool(); ok && !on {
			s.CatchUp = 0
			return
		}
		c.upTo(key, v, &s.CatchUp)
	}
}

func (c *compiler) clockTimes(s *Schedule, v *conf.Node) {
	items, bad := v.Texts()
	if bad != nil {
		c.fail(bad, lang.T("at is a time of day like 08:30, here is %s", bad.Describe()))
		return
	}
	for _, i := range items {
		t, ok := conf.TimeOfDay(i.Value)
		if !ok || t >= 24*time.Hour {
			c.fail(i, lang.T("at %q is not a time of day like 08:30", i.Value))
			continue
		}
		s.at = append(s.at, t)
	}
}

func (c *compiler) upTo(key string, v *conf.Node, to *time.Duration) {
	d, ok := v.Duration()
	if !ok || d < 0 || d > scheduleMost {
		c.fail(v, lang.T("%s is a duration up to 7d, here is %s", key, v.Describe()))
		return
	}
	*to = d
}

// scheduleWhole looks at the schedule as a whole.
func (c *compiler) scheduleWhole(seen map[string]bool, n *conf.Node) {
	w, s := c.w, c.w.Schedule
	switch {
	case !c.o.Rule:
		c.fail(n, lang.T("a schedule is no condition: it makes a rule run by itself"), lang.T("at and cron stand in when: of a rule"))
		return
	case !seen["at"] && !seen["cron"]:
		c.fail(n, lang.T("spread and catch_up are for at: or cron:"))
		return
	case seen["at"] && seen["cron"]:
		c.fail(n, lang.T("a schedule has at: or cron:, not both"))
		return
	case seen["cron"] && seen["days"]:
		c.fail(n, lang.T("cron says the days itself"), lang.T("its last field is the day of the week"))
		return
	}
	allowed := []string{"at", "days", "cron", "spread", "catch_up", "probability"}
	for _, e := range n.Entries {
		if key, ok := conf.Spelled(whenKeys, e.Key.Value); ok && !slices.Contains(allowed, key) {
			c.fail(e.Key, lang.T("%s: a scheduled rule has no event to look at", e.Key.Value), lang.T("put other conditions into a rule of their own"))
		}
	}
	slices.Sort(s.at)
	s.days, w.days = w.days, nil
	s.written = s.write(n)
	if conf.HasErrors(c.problems) {
		return
	}
	// Dates end; whether they are over is no question of the file.
	if (s.days == nil || len(s.days.dates) == 0) && s.Next(time.Unix(0, 0).UTC()).IsZero() {
		c.fail(n, lang.T("this schedule never comes"))
	}
}

// write puts the words of the schedule in one order.
func (s *Schedule) write(n *conf.Node) string {
	var parts []string
	for _, e := range n.Entries {
		if key, _ := conf.Spelled(whenKeys, e.Key.Value); key == "at" || key == "cron" || key == "days" {
			parts = append(parts, key+" "+written(e.Value))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
