package bot_test

import (
	"strings"
	"testing"

	"wxbot/bot/control"
	"wxbot/bot/lang"
	"wxbot/wx/wxtest"
)

// A broken edit is told in WeChat in Chinese unless the configuration says English, and
// over the socket in the language of who asks.
func TestBrokenEditIsToldInTheLanguageOfItsReader(t *testing.T) {
	t.Parallel()
	const inEnglish, inChinese = `unknown key "repyl"`, "没有“repyl”这个键"
	for said, want := range map[string][]string{
		"":   {"新文件有误", inChinese},
		"en": {"The new files have errors", inEnglish},
	} {
		t.Run("language "+said, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, wxtest.Config{}, baseRules, nil)
			r.config.Speaks = said
			r.online()
			r.write("rules.yaml", "rules:\n  - name: ping\n    exact: ping\n    repyl: pong\n")
			if err := r.bot.Reload(r.ctx()); err == nil {
				t.Fatal("a broken file was taken")
			}
			got := strings.Join(r.sent(1), "\n")
			for _, part := range want {
				if !strings.Contains(got, part) {
					t.Errorf("the notice lacks %q: %s", part, got)
				}
			}
			for l, part := range map[lang.Language]string{"": inEnglish, lang.English: inEnglish, lang.Chinese: inChinese} {
				c := control.NewClient(r.config.Socket)
				c.Language = l
				st, err := c.Status(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(st.Broken, part) {
					t.Errorf("status for language %q lacks %q: %s", l, part, st.Broken)
				}
			}
		})
	}
}
