package lang_test

import (
	"encoding/json"
	"testing"

	"wxbot/bot/lang"
)

func TestTextInALanguage(t *testing.T) {
	inner := lang.T("%s and %s", "甲", lang.Raw("100%"))
	for name, tc := range map[string]struct {
		text   lang.Text
		en, zh string
	}{
		"translated":   {inner, "甲 and 100%", "甲 and 100%"},
		"nested":       {lang.T("%s and %d", inner, 3), "甲 and 100% and 3", "甲 and 100% and 3"},
		"untranslated": {lang.T("no such text: %d of %q", 7, "x"), `no such text: 7 of "x"`, `no such text: 7 of "x"`},
		"raw":          {lang.Raw("%s and %s"), "%s and %s", "%s and %s"},
		"percent":      {lang.T("100%% sure"), "100% sure", "100% sure"},
		"nothing":      {lang.Text{}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := json.Marshal(tc.text)
			if err != nil {
				t.Fatal(err)
			}
			var back lang.Text
			if err := json.Unmarshal(b, &back); err != nil {
				t.Fatal(err)
			}
			for what, text := range map[string]lang.Text{"as made": tc.text, "stored and read": back} {
				if got := text.In(lang.English); got != tc.en {
					t.Errorf("%s: English %q, want %q", what, got, tc.en)
				}
				if got := text.In(lang.Chinese); got != tc.zh {
					t.Errorf("%s: Chinese %q, want %q", what, got, tc.zh)
				}
			}
		})
	}
}

func TestLanguageOfSettingAndLocale(t *testing.T) {
	for s, want := range map[string]lang.Language{"zh": lang.Chinese, "zh-CN": lang.Chinese, "zh_TW": lang.Chinese, "en": lang.English, "EN-us": lang.English} {
		if got, err := lang.Parse(s); err != nil || got != want {
			t.Errorf("Parse(%q) = %q, %v; want %q", s, got, err, want)
		}
	}
	for _, s := range []string{"", "de", "zhx", "中文"} {
		if _, err := lang.Parse(s); err == nil {
			t.Errorf("Parse(%q) gave no error", s)
		}
	}
	for s, want := range map[string]lang.Language{"zh_CN.UTF-8": lang.Chinese, "zh": lang.Chinese, "C.UTF-8": lang.English, "": lang.English, "de_DE": lang.English} {
		if got := lang.FromLocale(s); got != want {
			t.Errorf("FromLocale(%q) = %q, want %q", s, got, want)
		}
	}
}

func FuzzStoredText(f *testing.F) {
	f.Add([]byte(`{"f":"%s and %s","a":["x",{"f":"y"}]}`))
	f.Add([]byte(`{"f":"%[9]s","a":[null]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var text lang.Text
		if json.Unmarshal(b, &text) == nil {
			_ = text.In(lang.Chinese)
		}
	})
}
