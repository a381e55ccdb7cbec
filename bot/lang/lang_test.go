package lang_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wxbot/bot/lang"
)

func TestTextInALanguage(t *testing.T) {
	inner := lang.T("%s and %s", "甲", lang.Raw("100%"))
	hint := lang.T("did you mean %q?", "reply")
	for name, tc := range map[string]struct {
		text   lang.Text
		en, zh string
	}{
		"translated":            {inner, "甲 and 100%", "甲 and 100%"},
		"nested":                {lang.T("%s and %d", inner, 3), "甲 and 100% and 3", "甲 and 100% and 3"},
		"of the catalogue":      {hint, `did you mean "reply"?`, "是不是想写“reply”？"},
		"within an unknown one": {lang.T("so: %s", hint), `so: did you mean "reply"?`, "so: 是不是想写“reply”？"},
		"untranslated":          {lang.T("no such text: %d of %q", 7, "x"), `no such text: 7 of "x"`, `no such text: 7 of "x"`},
		"raw":                   {lang.Raw("%s and %s"), "%s and %s", "%s and %s"},
		"percent":               {lang.T("100%% sure"), "100% sure", "100% sure"},
		"nothing":               {lang.Text{}, "", ""},
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

func TestErrorsInALanguage(t *testing.T) {
	_, missing := os.Open(filepath.Join(t.TempDir(), "none"))
	inner := lang.Errorf("did you mean %q?", "reply")
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"of the catalogue": {inner, "是不是想写“reply”？"},
		"a file":           {missing, "没有这个文件"},
		"any other":        {errors.New("boom"), "boom"},
	} {
		if got := lang.Cause(tc.err).In(lang.Chinese); !strings.Contains(got, tc.want) {
			t.Errorf("%s: %q, want %q in it", name, got, tc.want)
		}
	}
	if got := lang.Say(fmt.Errorf("check: %w", inner), lang.Chinese); !strings.Contains(got, "是不是想写“reply”？") || !errors.Is(fmt.Errorf("x: %w", inner), inner) {
		t.Errorf("wrapped: %q", got)
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
