package match

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"wxbot/bot/event"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Ａ１！？，　ｂ": "a1!?, b", "App": "app", "ａｐｐ": "app", "①": "1", "㎏": "kg", "…": "...",
		"价 格": "价格", "价\u3000格": "价格", "hello  world": "hello world", " 你好 ": "你好", "a 价 b": "a价b",
		"多\u200b少\ufe0f钱": "多少钱", "。“”【】": "。“”【】", "İ": "i̇", "ß": "ss", "ﬁ": "fi", "": "", " \t\n": "",
	} {
		if got := DefaultFolding.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
	if got := Exact.Fold("Ａ\u200b b"); got != "Ａ b" {
		t.Errorf("exact: %q", got)
	}
	if got := (Folding{Width: true, Space: true, Invisible: true}).Fold("ＡＢ c"); got != "AB c" {
		t.Errorf("without case: %q", got)
	}
}

func TestFoldTraditional(t *testing.T) {
	f := DefaultFolding
	if f.Fold("價格") == "价格" {
		t.Error("traditional characters are folded without being asked")
	}
	f.Traditional = true
	for in, want := range map[string]string{
		"價格": "价格", "价格": "价格", "請問 多少錢？": "请问多少钱?", "頭髮發財": "头发发财", "Ａ臺ab": "a台ab", "乾燥": "干燥",
		"薴": "苎", "": "", "hello": "hello", "ß價": "ss价",
	} {
		if got := f.Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
		if got := string(f.append([]byte("價"), in)); got != "價"+want {
			t.Errorf("append of %q: %q", in, got)
		}
	}
	for from, to := range simplified() {
		if again := f.Fold(string(to)); again != string(to) {
			t.Errorf("%c becomes %c, which becomes %s", from, to, again)
		}
	}
}

func FuzzFoldTwiceIsFoldOnce(f *testing.F) {
	for _, s := range []string{"Ａ１！", "价 格", "İ", "ŉ", "ΐ", "\u1e9e", "a\u0345", "ﾞ か"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		how := DefaultFolding
		for _, how.Traditional = range []bool{false, true} {
			once := how.Fold(s)
			if twice := how.Fold(once); twice != once {
				t.Errorf("%q folds to %q and then to %q", s, once, twice)
			}
			if strings.IndexFunc(once, invisible) >= 0 {
				t.Errorf("something invisible is left in %q", once)
			}
		}
	})
}

// The quick way through ordinary texts gives what the full way gives, for every
// folding.
func FuzzPlainFoldsLikeFull(f *testing.F) {
	for _, s := range []string{"Ａ１！， 价　格 x", "“你好”——《书》…", "a \u200b b", "价 Ａ 格", "😀 A", "\u3000", "か\u3099", "A\r\nB\u0085"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		for i := range 16 {
			how := Folding{Width: i&1 > 0, Case: i&2 > 0, Space: i&4 > 0, Invisible: i&8 > 0}
			if got, ok := how.plain(nil, s); ok && string(got) != how.full(s) {
				t.Errorf("%+v of %q: quickly %q, fully %q", how, s, got, how.full(s))
			}
		}
	})
}

// Each ordinary character is tried alone and between neighbours of every kind.
func TestPlainFoldsEveryCharacterLikeFull(t *testing.T) {
	plain := 0
	for r := rune(0); r <= 0x1ffff; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		for _, s := range []string{string(r), "a" + string(r) + "b", "价 " + string(r) + " 格", string(r) + string(r), "A\u200b" + string(r)} {
			got, ok := DefaultFolding.plain(nil, s)
			if !ok {
				continue
			}
			plain++
			if want := DefaultFolding.full(s); string(got) != want {
				t.Fatalf("%U in %q: quickly %q, fully %q", r, s, got, want)
			}
		}
	}
	if plain < 5*20_000 {
		t.Errorf("only %d texts went the quick way", plain)
	}
}

func TestFoldingOrdinaryTextAllocatesAtMostOnce(t *testing.T) {
	for s, most := range map[string]float64{"价格多少。": 0, "hello world": 0, "你好，请问 iPhone 多少钱？": 1, "价 格": 1} {
		if n := testing.AllocsPerRun(100, func() { DefaultFolding.Fold(s) }); n > most {
			t.Errorf("%q: %v allocations, at most %v wanted", s, n, most)
		}
	}
}

func compile(t *testing.T, m map[string]any, o Options) *When {
	t.Helper()
	if o.Folding == (Folding{}) {
		o.Folding = DefaultFolding
	}
	w, ps := FromMap(m, o)
	if w == nil {
		t.Fatalf("%v", ps)
	}
	return w
}

func TestFromMapReadsPlainValues(t *testing.T) {
	w := compile(t, map[string]any{"contains": []any{"价格"}, "群": "客户*", "mentioned": true, "probability": 0.5}, Options{})
	ev := &event.Event{
		Kind: event.KindMessage, Chat: event.Chat{Kind: event.ChatGroup, Key: "g", Name: "客户一群"},
		Message: &event.Message{Type: event.TypeText, Text: "价格", Mentioned: true},
	}
	in := func(roll float64) *Input {
		return &Input{Event: ev, Now: time.Now(), Rand: func() float64 { return roll }}
	}
	if got := w.Match(in(0.4), nil); got != Holds {
		t.Errorf("condition %d fails", got)
	}
	if got := w.Match(in(0.6), nil); got != CondProbability {
		t.Errorf("condition %d, want chance", got)
	}
	ev.Message.Mentioned = false
	if got := w.Match(in(0.4), nil); got != CondMentioned {
		t.Errorf("condition %d, want mentioned", got)
	}
	if _, ps := FromMap(map[string]any{"contans": "x"}, Options{Folding: DefaultFolding}); len(ps) != 1 || !strings.Contains(ps[0].String(), `did you mean "contains"?`) {
		t.Errorf("problems %v", ps)
	}
}

// A command's arguments are cut from the text as typed, whatever folding does to
// the name before them.
func TestCommandArguments(t *testing.T) {
	w := compile(t, map[string]any{"command": []any{"天气", "Ping", "投", "投票"}}, Options{})
	for text, want := range map[string][2]string{
		"天气 北京":          {"天气", "北京"},
		"天 气　北京":         {"天气", "北京"},
		"天气北京":           {"天气", "北京"},
		"／ping x":        {"", ""}, // a full-width slash is no prefix
		"/ＰＩＮＧ  Ａ b":     {"Ping", "Ａ b"},
		"PING":           {"Ping", ""},
		"pingx":          {"", ""},
		"投票 吃什么":         {"投票", "吃什么"},
		"投2":             {"投", "2"},
		"#投 2":           {"投", "2"},
		"看天气":            {"", ""},
		"":               {"", ""},
		"天\u200b气 上海\nx": {"天气", "上海\nx"},
	} {
		in := &Input{Event: &event.Event{Kind: event.KindMessage, Message: &event.Message{Text: text}}, Prefixes: []string{"/", "#"}}
		name, args, ok := w.Command(in)
		if name != want[0] || args != want[1] || ok != (want[0] != "") {
			t.Errorf("%q: %q, %q, %v; want %q", text, name, args, ok, want)
		}
	}
}

func TestDays(t *testing.T) {
	monday := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"mon-fri": "1111100", "周一-周五": "1111100", "周一-五": "1111100", "sat,sun": "0000011", "周六、周日": "0000011",
		"fri-mon": "1000111", "星期三": "0010000", "2026-01-06": "0100000", "2026-01-06..2026-01-08": "0111000",
	} {
		d := &days{}
		if !d.add(text) {
			t.Errorf("%q not read", text)
			continue
		}
		got := ""
		for i := range 7 {
			if d.contains(monday.AddDate(0, 0, i)) {
				got += "1"
			} else {
				got += "0"
			}
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"", "x", "2026-13-01", "2026-01-08..2026-01-06", "mon-", "-"} {
		if (&days{}).add(text) {
			t.Errorf("%q read", text)
		}
	}
}

func BenchmarkFold(b *testing.B) {
	for name, s := range map[string]string{
		"han":   strings.Repeat("这是六十个字的普通消息", 6),
		"mixed": strings.Repeat("价 格，ＡＢＣ abc！", 5),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				DefaultFolding.Fold(s)
			}
		})
		b.Run(name+"/into a buffer", func(b *testing.B) {
			b.ReportAllocs()
			var buf []byte
			for b.Loop() {
				buf = DefaultFolding.append(buf[:0], s)
			}
		})
	}
}

// What plugins watch is watched in every chat, and by whatever name people have.
func TestEverywhereTakesAnyChatAndNicknames(t *testing.T) {
	from := event.Person{Nickname: "小明"}
	request := &event.Event{Kind: event.KindFriendRequest, Sender: from}
	message := &event.Event{
		Kind: event.KindMessage, Sender: from, Chat: event.Chat{Kind: event.ChatOfficial}, Message: &event.Message{Type: event.TypeText},
	}
	for _, o := range []Options{{Everywhere: true}, {Unless: true}} {
		o.Folding, o.AnySelf = DefaultFolding, true
		for kind, ev := range map[string]*event.Event{"friend_request": request, "message": message} {
			w, problems := FromMap(map[string]any{"event": kind, "from": "小明"}, o)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			if got := w.InChat(&Input{Event: ev}); got != o.Everywhere {
				t.Errorf("unless %v, %s: holds %v, want %v", o.Unless, kind, got, o.Everywhere)
			}
		}
	}
}
