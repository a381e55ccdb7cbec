package rules_test

import (
	"errors"
	"strings"
	"testing"

	"wxbot/bot/event"
	"wxbot/bot/rules"
)

// sizes says how large the files of a rules directory are.
func sizes(path string) (int64, error) {
	switch {
	case strings.HasSuffix(path, "missing.png"):
		return 0, errors.New("no such file")
	case strings.HasSuffix(path, "empty.png"):
		return 0, nil
	case strings.HasSuffix(path, "big.mp4"):
		return 30 << 20, nil
	}
	return 1000, nil
}

func TestFilesAreCheckedAtLoad(t *testing.T) {
	for reply, want := range map[string]string{
		"{image: a.png}":                 "",
		"{image: sub/a.JPG, text: hi}":   "",
		"{file: 价目表.xlsx}":               "",
		"{video: a.mp4}":                 "",
		"{image: 'https://x.example/a'}": "",
		"{image: a.pdf}":                 "ending in .jpg",
		"{image: missing.png}":           "no such file",
		"{image: empty.png}":             "is empty",
		"{video: big.mp4}":               "has 30 MB; WeChat takes 19 MB at most",
		"{file: ../a}":                   "not below the directory",
		"{file: /etc/passwd}":            "not below the directory",
		"{image: 'http://x.example/a'}":  "only https",
		"{image: 'a${text}.png'}":        "no placeholder",
		"{image: [a.png]}":               "a file beside the rules",
	} {
		src := "- {name: r, exact: x, reply: " + reply + "}\n"
		set, problems := rules.Parse("rules.yaml", []byte(src), rules.Options{Dir: "/etc/wxbot", Size: sizes})
		switch {
		case want == "" && set == nil:
			t.Errorf("%s: %v", reply, problems)
		case want != "" && (set != nil || !strings.Contains(problems[0].String(), want)):
			t.Errorf("%s: %v, want %q", reply, problems, want)
		}
	}
}

func TestForwardCarriesTheMessageItself(t *testing.T) {
	set, problems := rules.Parse("rules.yaml", []byte(`
- {name: r, when: {type: [image, text]}, do: [{forward: {to: 老王, header: "${sender}："}}]}
`), rules.Options{})
	if set == nil {
		t.Fatal(problems)
	}
	for typ, want := range map[event.MessageType]event.Action{
		event.TypeText:  {Message: event.Outgoing{Text: "小明：\nhi"}},
		event.TypeImage: {Forward: "m1", Message: event.Outgoing{Header: "小明：", Text: "[图片] hi"}},
	} {
		ev := &event.Event{
			ID: "m1", Kind: event.KindMessage, Chat: event.Chat{Kind: event.ChatPrivate, Key: "p1"},
			Sender: event.Person{Key: "p1", Nickname: "小明"}, Message: &event.Message{Type: typ, Text: "hi", Raw: "hi"},
		}
		d := set.Decide(rules.Input{Event: ev, Rand: func() float64 { return 0 }})
		if len(d.Firings) != 1 {
			t.Fatalf("%s: %+v", typ, d)
		}
		a := d.Firings[0].Steps[0]
		if a.Forward != want.Forward || a.Message.Header != want.Message.Header || a.Message.Text != want.Message.Text {
			t.Errorf("%s: %+v", typ, a)
		}
	}
}
