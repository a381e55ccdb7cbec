package bot_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wxbot/bot"
	"wxbot/bot/store"
)

// configured loads a wxbot.yaml of this text.
func configured(t *testing.T, text string) (bot.Config, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "wxbot.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return bot.LoadConfig(bot.Config{}, bot.Environment{Getenv: func(string) string { return "" }, Dir: dir, Home: dir})
}

func TestHistoryOfTheConfiguration(t *testing.T) {
	const day = 24 * time.Hour
	for _, tc := range []struct {
		text string
		want bot.History
		err  string
	}{
		{"mode: web", bot.History{}, ""},
		{"history: off", bot.History{Keep: store.HistoryOff}, ""},
		{"history: metadata", bot.History{Keep: store.HistoryMetadata}, ""},
		{"history: {keep: full, days: 30d, max: 500MB}", bot.History{Keep: store.HistoryFull, Days: 30 * day, MaxBytes: 500 << 20}, ""},
		{"history: {days: 12h}", bot.History{Days: 12 * time.Hour}, ""},
		{"history: all", bot.History{}, "wxbot.yaml:1:10"},
		{"history: [full]", bot.History{}, "wxbot.yaml:1:10"},
		{"history: {keep: text}", bot.History{}, "wxbot.yaml:1:17"},
		{"history: {days: 7}", bot.History{}, "history.days is a duration"},
		{"history: {max: 0}", bot.History{}, "history.max is a size"},
		{"history: {day: 7d}", bot.History{}, `did you mean "days"?`},
		{"historie: full", bot.History{}, `did you mean "history"?`},
	} {
		t.Run(tc.text, func(t *testing.T) {
			c, err := configured(t, tc.text)
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("error %v, want one with %q", err, tc.err)
				}
				return
			}
			if err != nil || c.History != tc.want {
				t.Errorf("history = %+v, %v; want %+v", c.History, err, tc.want)
			}
		})
	}
}
