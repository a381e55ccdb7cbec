package event_test

import (
	"regexp"
	"slices"
	"testing"

	"wxbot/bot/event"
	"wxbot/bot/lang"
)

var placeholder = regexp.MustCompile(`\$\{\w+\}`)

// Each phrase has a text in English, with the same placeholders; a text of the
// operator's own stays as it is.
func TestPhrasesInEnglish(t *testing.T) {
	own := event.Words{event.SayReloaded: "好了", event.SayResumed: ""}
	english := own.In(lang.English)
	for _, row := range event.Phrases() {
		text, ok := english[row.Key]
		if !ok {
			t.Errorf("%s: no English text", row.Key)
			continue
		}
		if want, replaced := own[row.Key]; replaced {
			if text != want {
				t.Errorf("%s: %q, want the operator's %q", row.Key, text, want)
			}
			continue
		}
		got, want := placeholders(text), placeholders(row.Text)
		if !slices.Equal(got, want) {
			t.Errorf("%s: placeholders %v, in Chinese %v", row.Key, got, want)
		}
	}
	if got := own.In(lang.Chinese); len(got) != len(own) {
		t.Errorf("Chinese adds words: %v", got)
	}
	if got := event.Words(nil).In("").Say(event.SayReloaded); got != "已重新载入。" {
		t.Errorf("without a language: %q", got)
	}
}

func placeholders(s string) []string {
	out := placeholder.FindAllString(s, -1)
	slices.Sort(out)
	return slices.Compact(out)
}
