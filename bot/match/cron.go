package match

import (
	"strconv"
	"strings"
	"time"

	"wxbot/bot/lang"
)

// cron is a set of minutes by the five fields of cron: minute, hour, day of the
// month, month, day of the week. Bit n of a field is the value n.
type cron struct {
	minutes, hours, monthDays, months, weekDays uint64
	// eachMonthDay and eachWeekDay: the field says *. If neither does, a day of
	// either field is meant.
	eachMonthDay, eachWeekDay bool
}

// cronField is one of the five.
type cronField struct {
	name     lang.Text
	min, max int
	words    []string // by value, from min
}

func cronFields() [5]cronField {
	return [5]cronField{
		{lang.T("minute"), 0, 59, nil},
		{lang.T("hour"), 0, 23, nil},
		{lang.T("day of the month"), 1, 31, nil},
		{lang.T("month"), 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
		{lang.T("day of the week"), 0, 7, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
	}
}

// parseCron reads five fields; bad names what is wrong.
func parseCron(text string) (c *cron, bad lang.Text) {
	table := cronFields()
	fields := strings.Fields(strings.ToLower(text))
	if len(fields) != len(table) {
		return nil, lang.T("has %d fields, not 5", len(fields))
	}
	var bits [len(table)]uint64
	for i, f := range table {
		b, ok := f.parse(fields[i])
		if !ok {
			return nil, lang.T("%s %q", f.name, fields[i])
		}
		bits[i] = b
	}
	const sunday = 1 << 7 // as 7; it is 0 as well
	if bits[4]&sunday != 0 {
		bits[4] = bits[4]&^sunday | 1
	}
	c = &cron{
		minutes: bits[0], hours: bits[1], monthDays: bits[2], months: bits[3], weekDays: bits[4],
		eachMonthDay: strings.HasPrefix(fields[2], "*"), eachWeekDay: strings.HasPrefix(fields[4], "*"),
	}
	return c, lang.Text{}
}

// parse reads "*", "5", "1-5", "*/15", "10-30/5", and several of them with commas.
func (f cronField) parse(text string) (bits uint64, ok bool) {
	for part := range strings.SplitSeq(text, ",") {
		span, every, stepped := strings.Cut(part, "/")
		step := 1
		if stepped {
			n, err := strconv.Atoi(every)
			if err != nil || n < 1 || n > f.max {
				return 0, false
			}
			step = n
		}
		from, to := f.min, f.max
		if span != "*" {
			a, b, ranged := strings.Cut(span, "-")
			if from, ok = f.value(a); !ok {
				return 0, false
			}
			switch {
			case ranged:
				if to, ok = f.value(b); !ok {
					return 0, false
				}
			case !stepped:
				to = from
			}
		}
		if from > to {
			return 0, false
		}
		for v := from; v <= to; v += step {
			bits |= 1 << v
		}
	}
	return bits, true
}

func (f cronField) value(text string) (int, bool) {
	for i, w := range f.words {
		if text == w {
			return f.min + i, true
		}
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= f.min && n <= f.max && text[0] != '+'
}

// onDay reports whether the fields mean the day of t.
func (c *cron) onDay(t time.Time) bool {
	if c.months&(1<<t.Month()) == 0 {
		return false
	}
	monthDay, weekDay := c.monthDays&(1<<t.Day()) != 0, c.weekDays&(1<<t.Weekday()) != 0
	if c.eachMonthDay || c.eachWeekDay {
		return monthDay && weekDay
	}
	return monthDay || weekDay
}

// hourly reports whether every hour is meant: such a schedule goes by real time when
// the clocks are changed.
func (c *cron) hourly() bool { return c.hours == 1<<24-1 }
