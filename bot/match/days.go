package match

import (
	"strings"
	"time"

	"wxbot/bot/conf"
)

// days is a set of weekdays and dates.
type days struct {
	week  [7]bool
	dates []dateRange
}

type dateRange struct{ from, to string } // as 2006-01-02, both included

func (d *days) contains(t time.Time) bool {
	if d.week[t.Weekday()] {
		return true
	}
	day := t.Format(time.DateOnly)
	for _, r := range d.dates {
		if r.from <= day && day <= r.to {
			return true
		}
	}
	return false
}

// add reads one item: "mon-fri", "sat,sun", "2026-10-01..2026-10-07", a weekday
// or a date.
func (d *days) add(text string) bool {
	text = strings.ToLower(strings.NewReplacer("，", ",", "、", ",", "—", "-", "至", "-", "～", "-", " ", "").Replace(text))
	for part := range strings.SplitSeq(text, ",") {
		if !d.part(part) {
			return false
		}
	}
	return text != ""
}

func (d *days) part(text string) bool {
	if from, to, ok := strings.Cut(text, ".."); ok {
		return d.date(from, to)
	}
	if d.date(text, text) {
		return true
	}
	words := conf.Spellings(dayWords)
	number := func(s string) int {
		for i, w := range dayWords {
			if words[s] == w.Name() {
				return i
			}
		}
		return -1
	}
	from, to, isRange := strings.Cut(text, "-")
	a := number(from)
	if !isRange {
		to = from
	}
	// “周一-五” leaves the second 周 out.
	b := number(to)
	if b < 0 && strings.HasPrefix(from, "周") {
		b = number("周" + to)
	}
	if a < 0 || b < 0 {
		return false
	}
	for i := a; ; i = (i + 1) % 7 {
		d.week[i] = true
		if i == b {
			return true
		}
	}
}

func (d *days) date(from, to string) bool {
	if _, err := time.Parse(time.DateOnly, from); err != nil {
		return false
	}
	if _, err := time.Parse(time.DateOnly, to); err != nil || to < from {
		return false
	}
	d.dates = append(d.dates, dateRange{from, to})
	return true
}

// daysOf reads a `days` value.
func daysOf(n *conf.Node) (*days, *conf.Node) {
	items, bad := n.Texts()
	if bad != nil {
		return nil, bad
	}
	d := &days{}
	for _, i := range items {
		if !d.add(i.Value) {
			return nil, i
		}
	}
	return d, nil
}
