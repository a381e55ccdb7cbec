package match

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"wxbot/bot/event"
)

// What takes all of another block holds for every event that the other holds for.
func TestTakesIsNeverWrong(t *testing.T) {
	word := rapid.StringOfN(rapid.RuneFrom([]rune("价格表a。")), 1, 3, -1)
	some := rapid.SliceOfN(word, 1, 2)
	block := rapid.Custom(func(t *rapid.T) map[string]any {
		m := map[string]any{"event": "message"}
		keys := []string{"contains", "contains_all", "exact", "starts_with", "ends_with"}
		for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom(keys), 0, 2, rapid.ID).Draw(t, "keys") {
			var words []any
			for _, w := range some.Draw(t, key) {
				if trimEnd(w) != "" { // nothing to compare is an error
					words = append(words, w)
				}
			}
			if len(words) > 0 {
				m[key] = words
			}
		}
		if rapid.Bool().Draw(t, "group") {
			m["group"] = rapid.SampledFrom([]any{"*", "客户*", "客户一群", []any{"客户一群", "家"}}).Draw(t, "name")
		}
		if rapid.Bool().Draw(t, "type") {
			m["type"] = "any"
		}
		if rapid.Bool().Draw(t, "fold") {
			m["fold"] = false
		}
		return m
	})
	text := rapid.StringOfN(rapid.RuneFrom([]rune("价格表a。A ")), 0, 8, -1)
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		blocks := [2]*When{}
		for i := range blocks {
			w, ps := FromMap(block.Draw(t, "block"), Options{Folding: DefaultFolding, Rule: true})
			if w == nil {
				t.Fatalf("%v", ps)
			}
			blocks[i] = w
		}
		if !blocks[0].Takes(blocks[1]) {
			return
		}
		for range 10 {
			ev := &event.Event{
				Kind: event.KindMessage, Chat: event.Chat{Kind: event.ChatPrivate, Key: "c"},
				Message: &event.Message{Type: event.TypeText, Text: text.Draw(t, "text")},
			}
			if rapid.Bool().Draw(t, "in group") {
				ev.Chat.Kind, ev.Chat.Name = event.ChatGroup, rapid.SampledFrom([]string{"客户一群", "客户二群", "家"}).Draw(t, "chat")
			}
			if rapid.Bool().Draw(t, "link") {
				ev.Message.Type = event.TypeLink
			}
			in := &Input{Event: ev}
			if blocks[1].Match(in, nil) != Holds {
				continue
			}
			taken++
			if cond := blocks[0].Match(in, nil); cond != Holds {
				t.Fatalf("%+v is taken, but: %s", ev.Message, blocks[0].Why(cond, in))
			}
		}
	})
	if taken == 0 {
		t.Error("no event tried anything")
	}
}

func TestTakesKnowsSupersets(t *testing.T) {
	for name, tt := range map[string]struct {
		first, second map[string]any
		want          bool
	}{
		"the same words":           {map[string]any{"contains": []any{"价格", "报价"}}, map[string]any{"contains": []any{"报价", "价格"}}, true},
		"a longer word":            {map[string]any{"contains": "价格"}, map[string]any{"exact": "价格表"}, true},
		"a shorter word":           {map[string]any{"contains": "价格表"}, map[string]any{"contains": "价格"}, false},
		"one of all":               {map[string]any{"contains": "价"}, map[string]any{"contains_all": []any{"价格", "表"}}, true},
		"a beginning":              {map[string]any{"starts_with": "查"}, map[string]any{"exact": "查天气"}, true},
		"a beginning, looked for":  {map[string]any{"starts_with": "查"}, map[string]any{"contains": "查天气"}, false},
		"another chat":             {map[string]any{"contains": "价"}, map[string]any{"contains": "价", "group": "*"}, false},
		"a group of the pattern's": {map[string]any{"contains": "价", "group": "客户*"}, map[string]any{"contains": "价", "group": "客户一群"}, true},
		"a wider pattern":          {map[string]any{"contains": "价", "group": "客户*"}, map[string]any{"contains": "价", "group": "*"}, false},
		"only at times":            {map[string]any{"contains": "价", "time": "09:00-18:00"}, map[string]any{"contains": "价"}, false},
		"by chance":                {map[string]any{"contains": "价", "probability": 0.5}, map[string]any{"contains": "价"}, false},
		"compared otherwise":       {map[string]any{"contains": "A", "fold": false}, map[string]any{"contains": "A"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := compile(t, tt.first, Options{Rule: true}), compile(t, tt.second, Options{Rule: true})
			if got := a.Takes(b); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestNumbersOfPluginsAreTextsWithoutExponents(t *testing.T) {
	w := compile(t, map[string]any{"contains": []any{float64(1000000), float64(123456789)}}, Options{})
	for text, want := range map[string]Condition{"号码123456789": Holds, "1000000元": Holds, "1e+06": CondContains} {
		in := &Input{Event: &event.Event{Kind: event.KindMessage, Chat: event.Chat{Kind: event.ChatPrivate}, Message: &event.Message{Type: event.TypeText, Text: text}}}
		if got := w.Match(in, nil); got != want {
			t.Errorf("%q: condition %d, want %d", text, got, want)
		}
	}
}

func TestCommandDeclaredWithItsPrefix(t *testing.T) {
	w := compile(t, map[string]any{"command": "/天气"}, Options{})
	for text, want := range map[string]bool{"/天气 北京": true, "天气 北京": false, "#天气": false} {
		in := &Input{Event: &event.Event{Kind: event.KindMessage, Message: &event.Message{Text: text}}, Prefixes: []string{"/", "#"}}
		if _, args, ok := w.Command(in); ok != want || ok && !strings.HasPrefix(args, "北京") {
			t.Errorf("%q: %q, %v", text, args, ok)
		}
	}
}
