package conf

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"

	"wxbot/bot/lang"
)

// fold prepares a closed value for reading: full-width signs become narrow, case
// and blanks go.
func fold(s string) string {
	s = strings.ToLower(width.Narrow.String(s))
	return strings.Map(func(r rune) rune {
		switch r {
		case '—', '–', '～', '~':
			return '-'
		}
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// Word reads a closed value: one of some words in any spelling of theirs. words
// leads from every spelling to the word itself.
func (n *Node) Word(words map[string]string) (string, bool) {
	if n.Kind != Scalar {
		return "", false
	}
	w, ok := words[fold(n.Value)]
	return w, ok
}

// The spellings of yes and no.
var (
	yesWords = []string{"true", "yes", "on", "是", "开", "启用"}
	noWords  = []string{"false", "no", "off", "否", "关", "停用"}
)

// Bool reads yes or no, in English or Chinese.
func (n *Node) Bool() (value, ok bool) {
	if n.Kind != Scalar {
		return false, false
	}
	switch word := fold(n.Value); {
	case slices.Contains(yesWords, word):
		return true, true
	case slices.Contains(noWords, word):
		return false, true
	}
	return false, false
}

// Int reads a whole number.
func (n *Node) Int() (int, bool) {
	if n.Kind != Scalar {
		return 0, false
	}
	v, err := strconv.Atoi(fold(n.Value))
	return v, err == nil
}

// Float reads a number.
func (n *Node) Float() (float64, bool) {
	if n.Kind != Scalar {
		return 0, false
	}
	v, err := strconv.ParseFloat(fold(n.Value), 64)
	return v, err == nil && v == v
}

// Duration reads "500ms", "10s", "5m", "2h", "1d", "1w" or several of them in a
// row; units may be Chinese.
func (n *Node) Duration() (time.Duration, bool) {
	if n.Kind != Scalar {
		return 0, false
	}
	return ParseDuration(n.Value)
}

// units in the order in which they must be tried.
var units = []struct {
	names []string
	value time.Duration
}{
	{[]string{"ms", "毫秒"}, time.Millisecond},
	{[]string{"min", "分钟", "分", "m"}, time.Minute},
	{[]string{"秒钟", "秒", "sec", "s"}, time.Second},
	{[]string{"小时", "hour", "h", "时"}, time.Hour},
	{[]string{"天", "日", "day", "d"}, 24 * time.Hour},
	{[]string{"周", "星期", "week", "w"}, 7 * 24 * time.Hour},
}

// ParseDuration reads a duration as people write it; it is never negative.
func ParseDuration(s string) (time.Duration, bool) {
	s = fold(s)
	switch s {
	case "":
		return 0, false
	case "0":
		return 0, true
	}
	const most = 10 * 366 * 24 * time.Hour
	var total time.Duration
	for s != "" {
		i := strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if i <= 0 {
			return 0, false
		}
		v, err := strconv.ParseFloat(s[:i], 64)
		if err != nil {
			return 0, false
		}
		unit, rest, ok := cutUnit(s[i:])
		if !ok || v*float64(unit) > float64(most) {
			return 0, false
		}
		total += time.Duration(v * float64(unit))
		s = rest
	}
	return total, total >= 0 && total <= most
}

func cutUnit(s string) (time.Duration, string, bool) {
	for _, u := range units {
		for _, name := range u.names {
			if rest, ok := strings.CutPrefix(s, name); ok && (rest == "" || rest[0] >= '0' && rest[0] <= '9') {
				return u.value, rest, true
			}
		}
	}
	return 0, "", false
}

// Range reads "2s-6s", or one duration, which is both ends. A unit may stand at
// the end alone.
func (n *Node) Range() (low, high time.Duration, ok bool) {
	if n.Kind != Scalar {
		return 0, 0, false
	}
	s := fold(n.Value)
	a, b, two := strings.Cut(s, "-")
	if !two {
		d, ok := ParseDuration(s)
		return d, d, ok
	}
	high, ok2 := ParseDuration(b)
	low, ok1 := ParseDuration(a)
	if !ok1 && a != "" && strings.Trim(a, "0123456789.") == "" {
		low, ok1 = ParseDuration(a + strings.TrimLeft(b, "0123456789."))
	}
	return low, high, ok1 && ok2 && low <= high
}

// Rate reads "12/min", "30/day", "5/10m"; day tells that the window is the
// calendar day.
func (n *Node) Rate() (count int, per time.Duration, day, ok bool) {
	if n.Kind != Scalar {
		return 0, 0, false, false
	}
	a, b, two := strings.Cut(fold(n.Value), "/")
	if !two {
		return 0, 0, false, false
	}
	a = strings.TrimSuffix(strings.TrimSuffix(a, "次"), "条")
	count, err := strconv.Atoi(a)
	if err != nil || count <= 0 {
		return 0, 0, false, false
	}
	if b != "" && !strings.ContainsAny(b[:1], "0123456789") {
		b = "1" + b
	}
	per, ok = ParseDuration(b)
	return count, per, per == 24*time.Hour, ok && per > 0
}

// TimeOfDay reads "09:00", "9：00" or "24:00" as a duration after midnight.
func TimeOfDay(s string) (time.Duration, bool) {
	h, m, ok := strings.Cut(fold(s), ":")
	if !ok {
		return 0, false
	}
	hour, err1 := strconv.Atoi(h)
	minute, err2 := strconv.Atoi(m)
	if err1 != nil || err2 != nil || len(m) != 2 || hour < 0 || hour > 24 || minute < 0 || minute > 59 || hour == 24 && minute != 0 {
		return 0, false
	}
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute, true
}

// TimeRange reads "09:00-18:00".
func TimeRange(s string) (from, to time.Duration, ok bool) {
	a, b, two := strings.Cut(fold(s), "-")
	if !two {
		return 0, 0, false
	}
	from, ok1 := TimeOfDay(a)
	to, ok2 := TimeOfDay(b)
	return from % (24 * time.Hour), to, ok1 && ok2
}

// Texts reads a text or a list of texts. bad is the first node that is neither.
func (n *Node) Texts() (texts []*Node, bad *Node) {
	if n.Kind == Scalar {
		return []*Node{n}, nil
	}
	if n.Kind != List {
		return nil, n
	}
	for _, i := range n.Items {
		if i.Kind != Scalar {
			return nil, i
		}
	}
	return n.Items, nil
}

// Describe names the kind of a node for people.
func (n *Node) Describe() lang.Text {
	switch n.Kind {
	case Null:
		return lang.T("nothing")
	case Scalar:
		return lang.T("the text %q", firstLine(n.Value))
	case List:
		return lang.T("a list")
	case Map:
		return lang.T("a map")
	}
	return lang.T("something")
}
