package outbox_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"wxbot/bot/event"
	"wxbot/bot/outbox"
)

// Nothing but line ends is lost when a text is split, and no piece is too long.
func TestSplitLosesNothingButLineEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.RuneFrom([]rune("ab好\n\u2005🙂"))).Draw(t, "text")
		most := rapid.IntRange(1, 12).Draw(t, "most")
		ev := &event.Event{ID: "e", Chat: event.Chat{Key: "p1"}}
		var got strings.Builder
		for _, d := range outbox.Plan(ev, "rule:r", []event.Action{reply(text)}, time.Unix(0, 0), newID, most) {
			piece := d.Action.Message.Text
			if n := utf8.RuneCountInString(piece); n == 0 || n > most {
				t.Errorf("piece %q has %d runes, want 1 to %d", piece, n, most)
			}
			got.WriteString(piece)
		}
		bare := func(s string) string { return strings.ReplaceAll(s, "\n", "") }
		if bare(got.String()) != bare(text) {
			t.Errorf("%q became %q", text, got.String())
		}
	})
}

func TestPartsAreSentInOrderToEachTarget(t *testing.T) {
	a := event.Action{Kind: event.ActSend, To: []string{"甲", "乙"}, Message: event.Outgoing{
		Text: "t", Image: "i", File: "f", Video: "v", Sticker: "s", RevokeAfter: time.Minute,
	}}
	var got []string
	ids := map[string]bool{}
	n := 0
	id := func(time.Time) string { n++; return strings.Repeat("1", n) }
	for _, d := range outbox.Plan(&event.Event{ID: "e"}, "rule:r", []event.Action{a}, time.Unix(0, 0), id, 0) {
		m := d.Action.Message
		got = append(got, d.Action.To[0]+m.Text+m.Image+m.File+m.Video+m.Sticker)
		ids[d.ClientID] = true
		if m.RevokeAfter != time.Minute {
			t.Errorf("part %d is not withdrawn", d.N)
		}
	}
	if want := "甲t 甲i 甲f 甲v 甲s 乙t 乙i 乙f 乙v 乙s"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if len(ids) != len(got) {
		t.Errorf("%d client ids for %d messages", len(ids), len(got))
	}
}
