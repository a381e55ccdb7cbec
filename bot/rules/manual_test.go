package rules_test

import (
	"fmt"
	"reflect"
	"testing"

	"wxbot/bot/conf"
	"wxbot/bot/event"
	"wxbot/bot/rules"
)

func settingsOf(t *testing.T, src string) event.Settings {
	t.Helper()
	set, problems := rules.Parse("rules.yaml", []byte(src), rules.Options{})
	if conf.HasErrors(problems) {
		t.Fatalf("%s\n%v", src, problems)
	}
	s := set.Settings()
	if len(s.Admins) == 0 {
		s.Admins = nil
	}
	if len(s.Never) == 0 {
		s.Never = nil
	}
	s.Words = nil
	return s
}

// What the tables call the default of a setting is what holds without it.
func TestDefaultsOfTheTablesHold(t *testing.T) {
	m := rules.Manual()
	want := settingsOf(t, "rules: []\n")
	n := 0
	for _, name := range []string{"settings", "pace", "handover", "loop_guard", "trace", "recall"} {
		text := "settings: {%s: {%s: %s}}\n"
		if name == "settings" {
			text = "settings: {%[2]s: %[3]s}\n"
		}
		for _, w := range m.Section(name).Words {
			if w.Default == "" {
				continue
			}
			n++
			if got := settingsOf(t, fmt.Sprintf(text, name, w.Name(), w.Default)); !reflect.DeepEqual(got, want) {
				t.Errorf("%s.%s: %s gives\n%+v\nwithout it there is\n%+v", name, w.Name(), w.Default, got, want)
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d defaults", n)
	}
}
