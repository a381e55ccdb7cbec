package match

import (
	"slices"
	"testing"

	"wxbot/bot/event"
)

// Each literal occurs in what the expression matches, and the rarest are chosen.
func TestLiterals(t *testing.T) {
	for expr, want := range map[string][]string{
		`订单(?P<no>\d+)`: {"订单"},
		`(?i)a订单b`:      {"A订单B"},
		`(?:退款|退货)吗`:    {"退"},
		`苹果|香蕉`:         {"苹果", "香蕉"},
		`苹果|.`:          nil,
		`^\d+$`:         {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
		`.*`:            nil,
		`(价格)?`:         nil,
		`(价格)*好`:        {"好"},
		`(价格)+好`:        {"价格"},
		`(?:价格){0,2}`:   nil,
		`(?:价格){2,3}`:   {"价格"},
		`[^a]`:          nil,
		`a.订单号.b`:       {"订单号"},
		`()`:            nil,
		`一二三四五六七八九十一二三四五六七八九十`: {"一二三四五六七八九十一二三四五六"},
		`(`: nil,
	} {
		if got := literals(expr); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
}

// What folding and the automaton see differently is tried all the same.
func TestIndexFindsOddOnes(t *testing.T) {
	gbk := func(string) ([]string, bool) { return []string{"\xbc\xdb"}, true }
	for name, tt := range map[string]struct {
		when map[string]any
		text string
	}{
		"a regular expression regardless of case": {map[string]any{"regex": "order no"}, "My ORDER No. 1"},
		"the sign for Kelvin is a k":              {map[string]any{"regex": "key", "fold": false}, "\u212aey"},
		"the long s is an s":                      {map[string]any{"regex": "\u017fs", "fold": false}, "SS"},
		"U+FFFD means what is no UTF-8":           {map[string]any{"regex": "\ufffd价", "fold": false}, "\xff价"},
		"a keyword that is no UTF-8":              {map[string]any{"contains": "$gbk", "fold": false}, "价\xbc\xdb格"},
		"a command that is no UTF-8":              {map[string]any{"command": "$gbk", "fold": false}, "\xbc\xdb 1"},
		"a command in full width":                 {map[string]any{"command": "help"}, "／ＨＥＬＰ me"},
		"a command without its prefix":            {map[string]any{"command": "help"}, "help"},
		"a command declared with its prefix":      {map[string]any{"command": "/help"}, "/help"},
		"white space in a command":                {map[string]any{"command": "天 气"}, "天  气北京"},
		"exact with what means nothing after it":  {map[string]any{"exact": "在吗"}, "在 吗？！"},
	} {
		t.Run(name, func(t *testing.T) {
			w, problems := FromMap(tt.when, Options{Folding: DefaultFolding, Lists: gbk})
			if w == nil {
				t.Fatal(problems)
			}
			in := Input{Event: &event.Event{Kind: event.KindMessage, Message: &event.Message{Type: event.TypeText, Text: tt.text}}, Prefixes: []string{"／", "/"}}
			if cond := w.Match(&in, nil); cond != Holds {
				t.Fatalf("does not hold: %d", cond)
			}
			x := NewIndex([]*When{w}, nil)
			f := x.Find(in, nil)
			if w.HasCommand() {
				f = x.FindCommands(in)
			}
			defer f.Release()
			if len(f.Blocks()) != 1 || !f.Match(0, nil) {
				t.Errorf("%q is not found", tt.text)
			}
		})
	}
}
