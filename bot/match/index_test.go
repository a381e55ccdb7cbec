package match

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"wxbot/bot/conf"
	"wxbot/bot/event"
)

// Words and texts of few characters, which meet often; among them those that
// folding changes, by width, case, space and invisibility.
var (
	someRunes = rapid.RuneFrom([]rune("ab价格AＢ 　。①1kK\u212aſsß\u200béÉ\u0301"))
	someWord  = rapid.StringOfN(someRunes, 1, 4, -1)
	someText  = rapid.StringOfN(someRunes, 0, 12, -1)
	someRegex = rapid.Custom(func(t *rapid.T) string {
		parts := rapid.SliceOfN(rapid.OneOf(
			someWord, rapid.SampledFrom([]string{".", "价*", "(?:a|格)", "(?P<n>[ab]+)", "k?", "^", "$", "[^a]", "(?-i:K)", "(s|价格|ab){1,2}", "(?i)É", `\d`, "[a价]", "()"}),
		), 1, 4).Draw(t, "parts")
		return strings.Join(parts, "")
	})
)

// someBlock draws the conditions of a block.
func someBlock(unless bool) *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		m := map[string]any{}
		keys := []string{"exact", "contains", "contains_all", "starts_with", "ends_with", "regex", "command"}
		for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom(keys), 0, 3, rapid.ID).Draw(t, "keys") {
			word := someWord
			if key == "regex" {
				word = someRegex
			}
			var list []any
			for _, w := range rapid.SliceOfN(word, 1, 12).Draw(t, key) {
				list = append(list, w)
			}
			if rapid.IntRange(0, 9).Draw(t, "odd") == 0 && key != "regex" {
				list = append(list, "$gbk")
			}
			m[key] = list
		}
		if rapid.IntRange(0, 3).Draw(t, "as typed") == 0 {
			m["fold"] = false
		}
		if rapid.IntRange(0, 3).Draw(t, "chance") == 0 {
			m["probability"] = 0.5
		}
		if !unless || rapid.Bool().Draw(t, "event") {
			m["event"] = rapid.SampledFrom([]any{"message", []any{"message", "friend_request"}, "recalled"}).Draw(t, "kind")
		}
		return m
	})
}

func someBlocks(t *rapid.T, name string, unless bool) []*When {
	lists := func(name string) ([]string, bool) { return []string{"价格", "\xbc\xdb"}, name == "gbk" }
	var out []*When
	for _, m := range rapid.SliceOfN(someBlock(unless), 0, 12).Draw(t, name) {
		w, problems := FromMap(m, Options{Folding: DefaultFolding, Rule: !unless, Unless: unless, Lists: lists})
		if !conf.HasErrors(problems) { // some words fold to nothing, some expressions are none
			out = append(out, w)
		}
	}
	return out
}

// What an index finds and matches is what trying all blocks finds, with the same
// captures and the same draws.
func TestIndexAgreesWithTryingAll(t *testing.T) {
	held := 0
	rapid.Check(t, func(t *rapid.T) {
		blocks, checked := someBlocks(t, "blocks", false), someBlocks(t, "checked", true)
		x := NewIndex(blocks, checked)
		var commands []int32
		for i, w := range blocks {
			if w.command != nil {
				commands = append(commands, int32(i))
			}
		}
		for range 3 { // a search leaves nothing to the next
			in := Input{Event: someEvent(t), Now: time.Time{}, Prefixes: []string{"/", "a"}}
			held += compare(t, x, in, slices.Concat(blocks, checked), len(blocks), commands)
		}
	})
	if held == 0 {
		t.Error("no block ever held: nothing was compared")
	}
}

func someEvent(t *rapid.T) *event.Event {
	text := someText.Draw(t, "text") + rapid.SampledFrom([]string{"", "", "", "\xbc\xdb"}).Draw(t, "rubbish")
	ev := &event.Event{Kind: event.KindMessage, Chat: event.Chat{Kind: event.ChatPrivate}, Message: &event.Message{Type: event.TypeText, Text: text}}
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		return &event.Event{Kind: event.KindFriendRequest, Request: &event.Request{Text: text}}
	case 1:
		ev.Kind, ev.Recalled, ev.Message = event.KindRecalled, &event.Recalled{Message: ev.Message}, nil
	}
	return ev
}

// compare tries all blocks both ways and returns how many hold.
func compare(t *rapid.T, x *Index, in Input, all []*When, blocks int, commands []int32) (held int) {
	drawn := 0
	in.Rand = func() float64 { drawn++; return float64(drawn%3) / 3 }
	f := x.Find(in, commands)
	defer f.Release()
	called := x.FindCommands(in)
	defer called.Release()
	for i, w := range all {
		var want, got Captures
		drawn = 0
		naive := in
		holds := w.Match(&naive, &want) == Holds
		wantDrawn := drawn
		found := i >= blocks || slices.Contains(f.Blocks(), int32(i))
		if holds && !found {
			t.Fatalf("block %d holds and is not found: %q", i, in.Text())
		}
		if drawn = 0; f.Match(int32(i), &got) != holds {
			t.Fatalf("block %d %v: holds is %v on %q", i, w.written, holds, in.Text())
		}
		if drawn != wantDrawn || wantDrawn > 0 && !found {
			t.Fatalf("block %d %v draws %d times, want %d on %q", i, w.written, drawn, wantDrawn, in.Text())
		}
		if holds {
			held++
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("block %d %v catches %v, want %v", i, w.written, got, want)
			}
		}
		if _, _, ok := w.Command(&naive); i < blocks && ok && !slices.Contains(called.Blocks(), int32(i)) {
			t.Fatalf("block %d is called and is not found: %q", i, in.Text())
		}
	}
	return held
}

// A star is any characters, as .* in a regular expression.
func TestWildNames(t *testing.T) {
	some := rapid.StringOfN(rapid.RuneFrom([]rune("a价\n")), 0, 8, -1)
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringOfN(rapid.RuneFrom([]rune("a价*")), 0, 6, -1).Draw(t, "pattern") + "*"
		var n names
		n.add(pattern, Exact)
		re := regexp.MustCompile("(?s)^" + strings.ReplaceAll(pattern, "*", ".*") + "$")
		for range 5 {
			name := some.Draw(t, "name")
			if want := name != "" && re.MatchString(name); n.match(name, Exact) != want && !n.any {
				t.Fatalf("%q is %q: %v", name, pattern, !want)
			}
		}
	})
}
