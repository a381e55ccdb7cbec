package conf

import (
	"fmt"
	"strings"
)

// Shape says what a value may be, as a text that tables can hold: alternatives
// parted by |, each of which is
//
//	text bool int number duration range rate size clock window datetime off
//	any nothing
//	@name    a map with the keys of a section
//	=name    a closed value of a section
//	[shape]  a list
//	{shape}  a map with free keys
type Shape string

// form is a shape that was read.
type form struct {
	kind string // "text" and so on; "@", "=", "[" or "{"
	name string // of a section
	of   []form // of a list or map with free keys: what is in it
}

// forms reads a shape. A wrong one is a mistake in a table, which a test finds.
func (s Shape) forms() ([]form, error) {
	out, rest, err := readForms(string(s))
	if err == nil && rest != "" {
		err = fmt.Errorf("shape %q: %q is left over", s, rest)
	}
	return out, err
}

func readForms(s string) (out []form, rest string, err error) {
	for {
		f, rest, err := readForm(s)
		if err != nil {
			return nil, "", err
		}
		out = append(out, f)
		if s = rest; !strings.HasPrefix(s, "|") {
			return out, s, nil
		}
		s = s[1:]
	}
}

func readForm(s string) (f form, rest string, err error) {
	if s == "" {
		return f, "", fmt.Errorf("a shape ends too early")
	}
	switch s[0] {
	case '[', '{':
		end := map[byte]string{'[': "]", '{': "}"}[s[0]]
		f.kind = s[:1]
		f.of, rest, err = readForms(s[1:])
		if err != nil {
			return f, "", err
		}
		if !strings.HasPrefix(rest, end) {
			return f, "", fmt.Errorf("a shape without its %s", end)
		}
		return f, rest[1:], nil
	}
	end := strings.IndexAny(s, "|]}")
	if end < 0 {
		end = len(s)
	}
	word, rest := s[:end], s[end:]
	switch {
	case word == "":
		return f, "", fmt.Errorf("an empty shape before %q", rest)
	case word[0] == '@' || word[0] == '=':
		return form{kind: word[:1], name: word[1:]}, rest, nil
	}
	for _, k := range kindWords {
		if k.Name() == word {
			return form{kind: word}, rest, nil
		}
	}
	return f, "", fmt.Errorf("%q is no shape", word)
}

// kindWords are the shapes that have a name, as people are told of them. What is an
// example of one is read by the loaders.
var kindWords = []Word{
	Key("text", "", "你好", "text", "文字"),
	Key("bool", "", "true", "true or false", "是 或 否"),
	Key("int", "", "12", "a whole number", "整数"),
	Key("number", "", "0.5", "a number", "数"),
	Key("duration", "", "10s", "a duration: 500ms 10s 5m 2h 1d 1w", "时长：10秒 5分钟 2小时 1天，或 10s 5m 2h 1d"),
	Key("range", "", "2s-6s", "a duration, or a range of two: 2s-6s", "时长，或两个时长之间：2s-6s"),
	Key("rate", "", "30/day", "a rate: 12/min 30/day 5/10m", "频率：30次/天 12/min"),
	Key("size", "", "500MB", "a size: 500MB 1GB", "大小：500MB 1GB"),
	Key("clock", "", "08:30", "a time of day: 08:30", "时刻：08:30"),
	Key("window", "", "09:00-18:00", "a time of day from, to: 09:00-18:00", "时段：09:00-18:00"),
	Key("datetime", "", `"2026-01-05 20:00"`, "a date and time: 2026-01-05 20:00", "日期和时刻：2026-01-05 20:00"),
	Key("off", "", "off", "off", "关"),
	Key("any", "", "1", "anything", "任何值"),
	Key("nothing", "", "", "nothing", "不写"),
}
